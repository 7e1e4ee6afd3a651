"""Scope: which subjects each listing is listened to for, so that what was missed can be told to whom it concerns.

Owns the reading of a listing's name. A search that names a subject, or is part of its name, is listened to for that
subject; a board or an account for whom its source's keywords name, else whom its own name names; any other listing may
speak of anybody.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from crawlers.sources import Source
from models.subjects import SubjectFinder
from models.text import fold
from stream.records import SourceHealth, Subject


def heard_for(
    healths: Sequence[SourceHealth], sources: Sequence[Source], subjects: Sequence[Subject]
) -> list[SourceHealth]:
    """The same healths, each listing with its subjects.

    Args:
        healths: of `sources`, in their order.
    """
    # words that must stand beside an alias in a post need not stand in a search
    scope = _Scope(SubjectFinder([replace(subject, keywords=()) for subject in subjects]), subjects)
    return [
        replace(
            health,
            coverage=tuple(replace(row, subjects=scope.of(row.listing, source.keywords)) for row in health.coverage),
        )
        for health, source in zip(healths, sources, strict=True)
    ]


class _Scope:
    def __init__(self, finder: SubjectFinder, subjects: Sequence[Subject]) -> None:
        self._finder = finder
        self._names = [
            (subject.name, [fold(name) for name in (subject.title, *subject.aliases)]) for subject in subjects
        ]

    def of(self, listing: str, keywords: Sequence[str]) -> tuple[str, ...]:
        """Names of the subjects, in the order of `subjects.toml`; empty where it may be any."""
        if listing in keywords:
            return self._named([listing])
        return self._named(keywords) or self._ordered(self._finder.named(listing))

    def _named(self, words: Sequence[str]) -> tuple[str, ...]:
        """Every one of these words must name somebody, or all of them together name nobody."""
        each = [self._one(word) for word in words]
        if not all(each):
            return ()
        return self._ordered(set().union(*each))

    def _ordered(self, found: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name, _ in self._names if name in found)

    def _one(self, word: str) -> set[str]:
        folded = fold(word).strip()
        part = {name for name, names in self._names if folded and any(folded in one for one in names)}
        return part.union(self._finder.named(word))
