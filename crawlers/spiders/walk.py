"""One listing being walked, and what the walk brings home.

Owns the values a walk is made of. Does not own the walking (`listing`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from crawlers.items import PostItem


@dataclass(frozen=True, slots=True)
class Fetched:
    """An item on its way to the pipeline."""

    item: PostItem
    at: datetime
    whole: bool = True
    """False when a later crawl may get more of it."""


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
    entries: list[str] = field(default_factory=list)
    """What may be remembered once the crawl is over."""

    @property
    def whole(self) -> bool:
        """Whether the next crawl may stop where this one has been."""
        return self.ended and not self.holes and not self.pending
