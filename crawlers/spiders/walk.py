"""One listing being walked, and what the walk brings home.

Owns the values a walk is made of. Does not own the walking (`listing`).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from crawlers.items import PostItem
from crawlers.pages import Listing
from crawlers.revisits import Visit
from crawlers.spiders.trail import Trail


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
    capped: bool = False
    """It ended at a cap of ours or of the platform's."""
    refused: bool = False
    """The platform keeps this listing back, and says nothing of the others by it."""
    short: bool = False
    """It ended before the listing's own end: at a cap, or at the edge of a window of newest entries."""
    met: bool = False
    """The last post of its last page was one that an earlier whole walk had seen."""
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

    def saw(self, page: Listing, known: Collection[str]) -> None:
        """Its elements, some of which earlier whole walks had."""
        self.seen += len(page.entries) + len(page.drops)
        posts = [entry.key for entry in page.entries if entry.drop is None]  # the same advertisement is on every page
        if posts:
            self.met = posts[-1] in known  # a pinned post on top is no meeting
        self.taken += sum(key not in known for key in posts)

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
