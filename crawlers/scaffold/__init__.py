"""A new source's files, written from templates: spider, parser, sandbox pages, and a test of all three.

Owns the templates and where they go. What is generated passes the linter, the type checker and its own test as it
stands; the lines that tables of other modules need are handed back as hints, since those tables belong to people.
"""

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from stream.ports import Misconfigured

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_FILES = {
    "spider": "crawlers/spiders/{name}.py",
    "page": "crawlers/spiders/{name}_page.py",
    "sandbox": "crawlers/sandbox/{name}.py",
    "test": "tests/crawlers/test_{name}_page.py",
}
_LONGEST = 30


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was written, and what is left to do by hand."""

    files: tuple[Path, ...]
    hints: str


def scaffold(name: str, root: Path) -> Scaffold:
    """Write the files of a new source into a checkout of the project.

    Args:
        name: of the spider; also its platform's label, until its row says otherwise.
        root: the folder that holds `crawlers/` and `tests/`.

    Raises:
        Misconfigured: the name does not fit, the folder is no checkout, or one of the files is there already; nothing
            has been written then.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > _LONGEST:
        raise Misconfigured(
            f"new-source {name!r}: a name is lower-case words and digits joined by _, such as city_board"
        )
    if not all((root / folder).is_dir() for folder in ("crawlers/spiders", "crawlers/sandbox", "tests/crawlers")):
        raise Misconfigured(f"{root}: not a checkout of Guanlan: crawlers/spiders and tests/crawlers belong there")
    files = {kind: root / place.format(name=name) for kind, place in _FILES.items()}
    for path in files.values():
        if path.exists():
            raise Misconfigured(f"{path}: is there already; nothing was written")
    for kind, path in files.items():
        with path.open("x", encoding="utf-8") as new:
            new.write(_filled(kind, name))
    return Scaffold(tuple(files.values()), _filled("hints", name))


def _filled(kind: str, name: str) -> str:
    template = (_HERE / f"{kind}.txt").read_text(encoding="utf-8")
    title = "".join(word.capitalize() for word in name.split("_"))
    return _in_order(template.replace("@@name@@", name).replace("@@Name@@", title))


def _in_order(text: str) -> str:
    """Imports in alphabetical order, where the new name may stand anywhere."""
    return re.sub(
        r"(?:^from \S+ import .*\n)+",
        lambda block: "".join(sorted(block[0].splitlines(keepends=True), key=_module)),
        text,
        flags=re.MULTILINE,
    )


def _module(line: str) -> str:
    return line.split()[1]
