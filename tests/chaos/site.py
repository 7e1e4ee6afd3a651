"""The site of a chaos run: the sandbox's Weibo, which shows more and more invented posts to whoever crawls it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from crawlers.sandbox.corpus import Corpus, Entry, native_id
from crawlers.sandbox.corpus_line import EPOCH
from stream.records import post_id
from tests.chaos.posts import bundled

PLATFORM = "weibo"
_AGE = timedelta(days=3)
"""Of its oldest post: the real clock says when it is read, and what is found much later wakes nobody."""
_APART = 10
"""Seconds between two posts."""


class Shown(Corpus):
    """What the site shows, the newest on top; grows while it is read."""

    asked = 0
    """Pages of its list that somebody asked for."""

    def __init__(self) -> None:
        self._rows = bundled()
        self._began = round((datetime.now(UTC) - _AGE - EPOCH).total_seconds())
        super().__init__([])

    @property
    def natives(self) -> list[str]:
        """The ids on the wire of all that it shows."""
        return [str(entry.native) for entry in self]

    @property
    def ids(self) -> set[str]:
        """Those that its posts have with us."""
        return {post_id(PLATFORM, native) for native in self.natives}

    def show(self, more: int) -> None:
        """So many newer ones too."""
        new = [self._entry(count) for count in range(len(self), len(self) + more)]
        vars(self).update(vars(Corpus([*self, *new])))  # at once: somebody may be reading

    def search(self, platform: str, keyword: str) -> Sequence[int]:
        """See `Corpus.search`."""
        self.asked += 1
        return super().search(platform, keyword)

    def _entry(self, count: int) -> Entry:
        own = f"chaos-{count}"
        return Entry(
            platform=PLATFORM,
            native=native_id(PLATFORM, own),
            id=own,
            author=f"用户{count % 997}",
            text=f"{self._rows[count % len(self._rows)]['text']} 网上第{count}条",
            at=self._began + count * _APART,
            title="",
            parent="",
            likes=count,
            comments=0,
            reposts=0,
            brand="",
        )
