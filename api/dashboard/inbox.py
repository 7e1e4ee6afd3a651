"""What waits for a person: the cases on the overview and their number.

Owns the reading and the order: what nobody has taken comes first, then the graver, then the newer. Care cases are
not among them; guardians find those on the cases page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import Case, CaseState
from alerts.rules import Severity
from api.parts import Parts
from api.posts import sensitive
from stream.labels import SelfHarm

_READ = 500
_SHOWN = 4
_GRAVEST_FIRST = list(reversed(Severity))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case with a glimpse of what it rests on."""

    case: Case
    evidence: int | None = None
    """How many posts; None where it was not counted."""
    lead: str = ""
    """Words of the newest of them, not masked yet."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Cases nobody has closed."""

    open: int
    oldest: datetime | None
    """When the longest waiting open case was opened."""
    shown: tuple[Waiting, ...]


def read_inbox(parts: Parts) -> Inbox:
    """The inbox as it is now; blocks."""
    open_cases = parts.book.list_cases(care=False, states=(CaseState.OPEN,), limit=_READ)
    taken = parts.book.list_cases(care=False, states=(CaseState.ACKNOWLEDGED,), limit=_SHOWN)
    oldest = min((case.opened_at for case in open_cases), default=None)
    shown = [*ordered(open_cases), *ordered(taken)][:_SHOWN]
    return Inbox(len(open_cases), oldest, tuple(_glimpse(parts, case) for case in shown))


def ordered(cases: Sequence[Case]) -> list[Case]:
    """The graver first; of equals, the one whose window ended last."""

    def newest(case: Case) -> datetime:
        return case.alert.until or case.alert.raised_at

    def gravity(case: Case) -> tuple[int, bool]:
        return _GRAVEST_FIRST.index(case.alert.severity), case.alert.level is not SelfHarm.CRISIS

    return sorted(sorted(cases, key=newest, reverse=True), key=gravity)


def _glimpse(parts: Parts, case: Case) -> Waiting:
    evidence = parts.book.evidence(case.alert.id)
    # a repost says little by itself, so the newest original speaks if there is one
    told = [piece for piece in evidence if not piece.spread] or list(evidence)
    hit = parts.store.get(told[-1].post_id) if told else None
    if hit is None or sensitive(hit):
        return Waiting(case, len(evidence))
    return Waiting(case, len(evidence), hit.judged.post.title or hit.judged.post.text or hit.judged.post.quoted)
