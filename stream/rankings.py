"""Rankings of the SQLite store that somebody may read on in.

Owns how many are remembered, and that nobody goes on in the ranking of another query. Does not rank (`store_sqlite`).
"""

import threading
from collections import OrderedDict
from secrets import token_hex

from stream.query import PostQuery

Key = tuple[float, int, str]
"""What hits are sorted by, falling: score (0 when newest first), published, id."""

_KEPT = 10
"""Rankings that are remembered; one of 10,000 posts takes about two megabytes."""


class Rankings:
    """The rankings read last, in memory; for any number of threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, PostQuery], list[Key]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, query: PostQuery, keys: list[Key]) -> str:
        """Remember a ranking in place of the one that nobody has read in for longest; gives its name."""
        name = token_hex(6)
        with self._lock:
            self._kept[name, query] = keys
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return name

    def behind(self, name: str, query: PostQuery, last: Key) -> list[Key] | None:
        """What stands behind `last` in the ranking of this name; None when it is remembered no more."""
        with self._lock:
            keys = self._kept.get((name, query))
            if keys is None or last not in keys:
                return None
            self._kept.move_to_end((name, query))
        return keys[keys.index(last) + 1 :]
