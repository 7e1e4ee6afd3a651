"""One listing being walked, and what the walk brings home.

Owns the values a walk is made of. Does not own the walking (`listing`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crawlers.items import PostItem
from crawlers.pages import Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.trail import Trail
from crawlers.times import parse_time
from crawlers.verdict import Obstacle, Reading, Verdict, blocked


@dataclass(frozen=True, slots=True)
class Fetched:
    """An item on its way to the pipeline."""

    item: PostItem
    at: datetime
    whole: bool = True
    """False when a later crawl may get more of it."""
    walk: "Walk | None" = None
    """The walk that found it, which is told its publish time."""
    listed: bool = False
    """A list may show it again, or lead to it again, and that is all that can be seen of it later."""
    visit: Visit | None = None
    """The revisit that it came of."""
    paged: bool = False
    """It was read on its own page, though a list led there."""
    said: bool = True
    """Of a tombstone: the platform's words say that the post is gone, not the status alone."""
    among: bool = False
    """Of a tombstone: its page shows what stands beside the post."""


@dataclass(slots=True)
class Walk:
    """One keyword or board being walked."""

    listing: str
    revisited: bool
    """An earlier crawl reached this listing's end and found something."""
    pages: int = 0
    seen: int = 0
    total: int = 0
    bad: int = 0
    """Bad pages in a row."""
    holes: int = 0
    """Pages and details that could not be had."""
    pending: int = 0
    """Details asked for that have not come yet."""
    ended: bool = False
    search_id: str = ""
    """What the platform wants back with the next page."""
    renewed: bool = False
    """Its credential was renewed once already."""
    doubtful: bool = False
    """Its first page was empty in words that may also mean a block."""
    silent: bool = False
    """Its first page was empty although an earlier crawl found something there."""
    capped: bool = False
    """It ended at a cap of ours or of the platform's."""
    refused: bool = False
    """The platform keeps this listing back, and says nothing of the others by it."""
    short: bool = False
    """It ended before the listing's own end: at a cap, or at the edge of a window of newest entries."""
    met: bool = False
    """The last post of its last page, or the oldest where they stand in no order, was one that an earlier whole walk
    had seen."""
    taken: int = 0
    """Posts on its pages that no earlier whole walk had seen."""
    cut: int = 0
    """Threads and posts of which only a part was had."""
    since: datetime | None = None
    """Publish time of the oldest post taken."""
    until: datetime | None = None
    """Publish time of the newest post taken."""
    entries: list[str] = field(default_factory=list)
    """What may be remembered once the crawl is over."""
    inner: list["Walk"] = field(default_factory=list)
    """The walks that its entries led to, without which it is not whole."""
    trail: Trail = field(default_factory=Trail)
    """How far it has come, for a later crawl."""

    def had(self, key: str) -> None:
        """This entry need not be looked at again."""
        self.entries.append(key)
        self.trail.had(key)

    def turned(self, page: Listing) -> None:
        """One more page arrived, whatever is on it."""
        self.pages += 1
        self.cut += page.cut
        self.total = page.total or self.total
        self.search_id = page.search_id or self.search_id

    def suspected(self, page: Listing) -> Reading:
        """The reading of a page that has just turned, doubted where it is empty although there should be posts.

        That a listing is empty now is believed where the platform counts nothing in it, and else held against this
        listing alone, as long as it is not one of many (`silenced`).
        """
        reading, first = page.reading, self.pages == 1
        if reading.verdict is not Verdict.BUSINESS_EMPTY:
            return reading
        if reading.obstacle is Obstacle.DEPTH:
            return blocked(Obstacle.DEPTH) if first else reading
        if not first and not self.holes and self.seen < self.total:
            return blocked(Obstacle.EMPTY_LIST)
        self.silent = first and self.revisited
        self.doubtful = first and reading.obstacle is Obstacle.EMPTY_LIST
        self.refused |= self.silent and (self.doubtful or page.total != 0)
        return reading

    def saw(self, page: Listing, known: Collection[str], unsorted_at: datetime | None = None) -> None:
        """Its elements, some of which earlier whole walks had; when it was read, if they stand in no order."""
        self.seen += len(page.entries) + len(page.drops)
        posts = [entry for entry in page.entries if entry.drop is None]  # the same advertisement is on every page
        if posts:
            last = posts[-1] if unsorted_at is None else _oldest(posts, known, unsorted_at)
            self.met = last.key in known  # a pinned post on top is no meeting
        self.taken += sum(entry.key not in known for entry in posts)

    @property
    def held(self) -> bool:
        """Whether its emptiness is held against it: it was refused, though others go on."""
        return self.silent and self.refused

    def cap(self) -> None:
        """What lies deeper is left."""
        self.capped = self.short = True

    def took(self, published: datetime) -> None:
        """A post of this publish time went to the log."""
        self.since = min(published, self.since or published)
        self.until = max(published, self.until or published)

    @property
    def whole(self) -> bool:
        """Whether the next crawl may stop where this one has been."""
        missing = self.refused or self.holes or self.pending
        return self.ended and not missing and all(walk.whole for walk in self.inner)


def silenced(walks: Sequence[Walk]) -> bool:
    """Whether a site hides its posts: more of its listings have fallen silent than still show any."""
    return sum(walk.silent for walk in walks) > sum(walk.met or walk.seen > 0 for walk in walks)


def _oldest(posts: Sequence[Entry], known: Collection[str], now: datetime) -> Entry:
    """The post with the earliest date, one that is known if there are several; the last if none has a date."""
    moments = ((parse_time(post.item.published, now) if post.item else None, post) for post in posts)
    dated = [(moment.at, post.key not in known, post) for moment, post in moments if moment is not None]
    return min(dated, key=lambda one: one[:2])[-1] if dated else posts[-1]
