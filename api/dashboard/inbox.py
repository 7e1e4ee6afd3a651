"""What waits for a person: the cases on the overview and their number.

Owns the reading. Care cases are not among them; guardians find those on the cases page.
"""

from dataclasses import dataclass
from datetime import datetime

from alerts.alert import Case, CaseState
from api.parts import Parts

_READ = 500
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Inbox:
    """Cases nobody has closed, open ones first."""

    open: int
    oldest: datetime | None
    """When the longest waiting open case was opened."""
    shown: tuple[Case, ...]


def read_inbox(parts: Parts) -> Inbox:
    """The inbox as it is now; blocks."""
    open_cases = parts.book.list_cases(care=False, states=(CaseState.OPEN,), limit=_READ)
    taken = parts.book.list_cases(care=False, states=(CaseState.ACKNOWLEDGED,), limit=_SHOWN)
    oldest = min((case.opened_at for case in open_cases), default=None)
    return Inbox(len(open_cases), oldest, (*open_cases, *taken)[:_SHOWN])
