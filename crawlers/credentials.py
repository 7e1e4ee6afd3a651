"""Credentials: the values that sources name and never write.

Owns where they are looked for: in the environment, or in a file named as `file:PATH`, which is read each time it is
asked for, so that whoever renews a cookie or a token need restart nothing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

_FILE = "file:"


class Credentials(Mapping[str, str]):
    """An environment that also answers to `file:PATH`; a file that cannot be read is a name that is not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        """The value.

        Raises:
            KeyError: it is not there.
        """
        if not name.startswith(_FILE):
            return self._environ[name]
        try:
            return Path(name.removeprefix(_FILE)).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        """Names in the environment; files are not counted."""
        return iter(self._environ)

    def __len__(self) -> int:
        """How many those are."""
        return len(self._environ)
