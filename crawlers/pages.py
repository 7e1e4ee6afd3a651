"""What a parser says of one page: its verdict, its entries, and where the next page is.

Owns the values between parsers (pure) and the spider's walk. Every element of a page ends as an entry with an item,
an entry with a drop reason, or a nameless drop; none disappears.
"""

from dataclasses import dataclass

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.verdict import Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a listing."""

    key: str
    """What the walk remembers it by: the post's identity, with a version where the element may grow (replies)."""
    item: PostItem | None = None
    drop: DropReason | None = None
    detail: str = ""
    """Id or address of the page that has the whole of it; empty when this is the whole."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, newest first."""

    reading: Reading
    entries: tuple[Entry, ...] = ()
    drops: tuple[DropReason, ...] = ()
    """Elements that could not even be named."""
    next: int | None = None
    """Page number or cursor of the next page; None at the end."""
    total: int | None = None
    """How many elements the platform says the whole listing has."""
    search_id: str = ""
    """To be sent back with the next page, where a platform wants that."""


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one entry."""

    reading: Reading
    items: tuple[PostItem, ...] = ()
    drops: tuple[DropReason, ...] = ()
    next: str = ""
    """Address of its next page; empty at the end."""
