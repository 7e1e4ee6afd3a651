"""What waits for a person: the cases of a list, the cases on the overview, and their number.

Owns the reading. What waits comes with the graver first and then the newer, care cases with the unanswered before all
others; what is over comes with the newest first. The overview shows no care cases; guardians find those on the cases
page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.alert import Case, CaseState
from api.cases import CaseFilter, listed
from api.parts import Parts, Person
from api.posts import sensitive

_SHOWN = 4
_GLIMPSED = 20
"""Cases of a list that say what they rest on: the others are read by whoever has come so far down."""
_WAITING = {CaseState.OPEN, CaseState.ACKNOWLEDGED}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case with a glimpse of what it rests on."""

    case: Case
    evidence: int | None = None
    """How many posts; None where it was not counted."""
    lead: str = ""
    """Words of the newest of them, not masked yet."""


@dataclass(frozen=True, slots=True)
class Pile:
    """The cases of a list."""

    shown: tuple[Waiting, ...]
    more: int = 0
    """How many there are besides."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Cases nobody has closed."""

    open: int
    oldest: datetime | None
    """When the longest waiting open case was opened."""
    shown: tuple[Waiting, ...]


def read_pile(parts: Parts, person: Person, asked: CaseFilter) -> Pile:
    """The first cases in some states of all that this person may know of; blocks."""
    cases = listed(parts, person, asked, gravest_first=_WAITING.issuperset(asked.states))
    full = len(cases) == asked.limit
    there = parts.book.backlog(care=asked.care, states=tuple(asked.states)).cases if full else 0
    return Pile(tuple(map(Waiting, cases)), max(0, there - len(cases)))


def glimpses(parts: Parts, piles: Iterable[Pile]) -> dict[str, Waiting]:
    """What the first cases of lists rest on, by alert; blocks, and needs the store, which `read_pile` does not."""
    return {case.alert.id: _glimpse(parts, case) for pile in piles for case in _first(pile)}


def _first(pile: Pile) -> list[Case]:
    waiting = [one.case for one in pile.shown[:_GLIMPSED]]
    return [case for case in waiting if case.state in _WAITING and not case.alert.care]


def recalled(pile: Pile, known: Mapping[str, Waiting]) -> Pile:
    """A list with what is known of its cases already."""
    shown = (replace(known.get(one.case.alert.id, one), case=one.case) for one in pile.shown)
    return replace(pile, shown=tuple(shown))


def read_inbox(parts: Parts) -> Inbox:
    """The inbox as it is now; blocks."""
    shown = [
        case
        for state in (CaseState.OPEN, CaseState.ACKNOWLEDGED)
        for case in parts.book.list_cases(care=False, states=(state,), limit=_SHOWN, gravest_first=True)
    ][:_SHOWN]
    backlog = parts.book.backlog(care=False, states=(CaseState.OPEN,))
    return Inbox(backlog.cases, backlog.oldest, tuple(_glimpse(parts, case) for case in shown))


def _glimpse(parts: Parts, case: Case) -> Waiting:
    evidence = parts.book.evidence(case.alert.id)
    # a repost says little by itself, so the newest original speaks if there is one
    told = [piece for piece in evidence if not piece.spread] or list(evidence)
    hit = parts.store.get(told[-1].post_id) if told else None
    if hit is None or sensitive(hit):
        return Waiting(case, len(evidence))
    return Waiting(case, len(evidence), hit.judged.post.title or hit.judged.post.text or hit.judged.post.quoted)
