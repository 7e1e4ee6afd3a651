"""What a parser says of one page: its verdict, its entries, and where the next page is.

Owns the values between parsers (pure) and the spider's walk. Every element of a page ends as an entry with an item,
an entry with a drop reason, or a nameless drop; none disappears.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.verdict import OK, Reading
from stream.records import Post

Value = TypeVar("Value")
Place = Any
"""Where in a listing a page is: its number, a cursor as the platform gave it, or a value of the spider's own.

Each spider knows the type of its places; the walk only hands them on.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a listing."""

    key: str
    """What the walk remembers it by: the post's identity, with a version where the element may grow (replies)."""
    item: PostItem | None = None
    drop: DropReason | None = None
    """Why it is no post; beside an item, that post is gone."""
    detail: str = ""
    """Id or address of the page that has the whole of it; empty when this is the whole."""
    about: str = ""
    """What its answers are about where they do not say so themselves: a board's name, the title of a video."""

    @classmethod
    def of(cls, item: PostItem, row: Mapping[str, Any], **more: Any) -> Self | DropReason:
        """The element `row` as this item, remembered by its identity; or why it cannot even be named."""
        key = identity(item)
        return cls(key, item, **more) if key else DropReason.NO_ID if row else DropReason.MALFORMED

    @classmethod
    def again(cls, known: Post, address: str, **more: Any) -> Self:
        """A post that we have, as its own page at this address is to fill it anew."""
        item = PostItem(
            platform=known.platform,
            native_id=known.native_id,
            url=known.url or address,
            published=known.published_at.isoformat(),
            target=known.target,
            **more,
        )
        return cls(known.native_id, item, detail=address, about=known.target)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, newest first."""

    reading: Reading
    entries: tuple[Entry, ...] = ()
    drops: tuple[DropReason, ...] = ()
    """Elements that could not even be named."""
    next: Place | None = None
    """The next page; None at the end. An empty page that names one is not the end."""
    total: int | None = None
    """How many elements the platform says the whole listing has."""
    search_id: str = ""
    """To be sent back with the next page, where a platform wants that."""
    capped: bool = False
    """The platform says or shows that there is more here than it will ever give."""
    cut: int = 0
    """Threads of which the page shows only a part."""

    @classmethod
    def of(cls, made: Iterable[Entry | DropReason], **more: Any) -> Self:
        """The page that was asked for, whose elements became these, in their order."""
        entries, drops = _parted(made)
        return cls(OK, entries, drops, **more)


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one entry."""

    reading: Reading
    items: tuple[PostItem, ...] = ()
    drops: tuple[DropReason, ...] = ()
    next: str = ""
    """Address of its next page; empty at the end."""
    rest: Entry | None = None
    """The same entry with what was read so far, where its next page must be read before any of it is handed on."""
    more: tuple[Entry, ...] = ()
    """Pages that hang on this one, such as the comments on one floor; each with a key that changes when it grows."""
    pages: int = 1
    """How many pages the thread has, as this one says; the newest answers stand on the last."""
    gone: tuple[PostItem, ...] = ()
    """Those of the drops of which it says that they were here and are taken away."""

    @classmethod
    def of(cls, made: Iterable[PostItem | DropReason], **more: Any) -> Self:
        """The page that was asked for, whose elements became these, in their order; what is taken away is a drop."""
        made = tuple(made)
        gone = tuple(one for one in made if isinstance(one, PostItem) and one.deleted)
        items, drops = _parted(DropReason.DELETED if one in gone else one for one in made)
        return cls(OK, items, drops, gone=gone, **more)


def _parted(made: Iterable[Value | DropReason]) -> tuple[tuple[Value, ...], tuple[DropReason, ...]]:
    values: list[Value] = []
    drops: list[DropReason] = []
    for one in made:
        if isinstance(one, DropReason):
            drops.append(one)
        else:
            values.append(one)
    return tuple(values), tuple(drops)
