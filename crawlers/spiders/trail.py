"""How far a walk has come, page by page, for a later crawl to go on from.

Owns which pages of a running walk have been had whole, and what its first page was asked with and gave. Does not own
the walking (`listing`) nor where marks and validators are kept (`crawlers.progress`, `crawlers.validators`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawlers.progress import Mark
from crawlers.validators import Validator

_HOLE = "\0"
"""No entry's key."""


@dataclass(slots=True)
class _Stride:
    """One page, until all of it has been had."""

    next: int | str | None
    seen: int
    keys: tuple[str, ...]
    open: set[str]


@dataclass(slots=True)
class Trail:
    """Of one walk."""

    mark: Mark | None = None
    """Where an interrupted walk had come; None if there was none, or once this walk has got there."""
    page_size: int = 0
    """Entries a page, as this walk asks for them."""
    address: str = ""
    """Of the first page."""
    asked: bool = False
    """The first page was asked for only if it has changed."""
    unchanged: bool = False
    """It has not."""
    given: Validator = field(default_factory=Validator)
    """What to ask the first page with next time."""
    resumed: bool = False
    """It has gone on from the mark of an interrupted walk, and not yet seen whether that place still holds."""
    _strides: list[_Stride] = field(default_factory=list)
    _passed: list[str] = field(default_factory=list)

    def stride(self, following: int | str | None, seen: int, keys: Iterable[str], known: set[str]) -> None:
        """A page was read; its entries other than those known are not had yet.

        Args:
            following: the page below, if a later crawl can be told of it.
            seen: elements up to here.
            keys: of all entries of the page.
            known: those that earlier crawls have.
        """
        kept = tuple(keys)
        self._strides.append(_Stride(following, seen, kept, set(kept) - known))

    def hang(self, key: str, further: Iterable[str]) -> None:
        """On an entry's page hang others: until these are had too, nothing below may be gone on from."""
        branches = tuple(further)
        for stride in self._strides:
            if key in stride.open:
                stride.keys += branches
                stride.open.update(branches)

    def had(self, key: str) -> None:
        """An entry is on its way to the log, whole, or never will be more than it is."""
        for stride in self._strides:
            stride.open.discard(key)

    def hole(self) -> None:
        """A page could not be read: nothing below may be gone on from."""
        self._strides.append(_Stride(None, 0, (), {_HOLE}))

    def marks(self, listing: str) -> Iterator[Mark]:
        """The place above which all has been had, if it has moved; to be saved behind what was had.

        Nothing is given before the mark of an earlier walk is reached: it must not be lost for a shorter one.
        """
        last = None
        while self._strides and not self._strides[0].open:
            last = self._strides.pop(0)
            self._passed += last.keys
        if last is not None and last.next is not None and self.mark is None:
            yield Mark(listing, last.next, last.seen, tuple(self._passed), self.page_size)
            self._passed.clear()
