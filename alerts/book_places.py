"""The order in which the book lists cases, and the place in it where a page ends.

Owns that order and how a place is written down. Does not read the book (`book_cases`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import and_, case, func, or_

from alerts.alert import Case, CaseState
from alerts.book_tables import alerts, cases
from stream.cursors import REFUSED
from stream.database import from_micros, to_micros

_WRITTEN = re.compile(r"([01])~(-?[0-9]{1,18})~(-?[0-9]{1,18})~([\w-]{1,200})", re.ASCII)

_ended = func.coalesce(alerts.c.until, alerts.c.raised_at)
_answered = case((cases.c.state == CaseState.OPEN, 0), else_=1)

NEWEST_FIRST = (alerts.c.raised_at.desc(), _ended.desc(), alerts.c.id)
"""By newest alert; of alerts raised at once by newest window."""
UNANSWERED_FIRST = (_answered.asc(),)
"""Stands before it in a list of care cases: nobody who waits for an answer may fall off its end."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stood in a list when it was read. It does not move when the case does, so that a list that is read
    on from it leaves out no case that was there."""

    answered: int
    raised_at: datetime
    ended: datetime
    id: str

    @classmethod
    def of(cls, case: Case) -> Self:
        """The place of a case as it was listed."""
        alert = case.alert
        return cls(int(case.state is not CaseState.OPEN), alert.raised_at, alert.until or alert.raised_at, alert.id)

    @classmethod
    def read(cls, written: str) -> Self:
        """The place that `str` wrote down; raises ValueError, with a sentence for people, for anything else."""
        found = _WRITTEN.fullmatch(written)
        try:
            if found:
                answered, raised, ended, of_alert = found.groups()
                return cls(int(answered), from_micros(int(raised)), from_micros(int(ended)), of_alert)
        except OverflowError:
            pass  # a time past the calendar's end
        raise ValueError(REFUSED)

    def __str__(self) -> str:
        """As letters, digits, `-`, `_` and `~`."""
        return "~".join((str(self.answered), str(to_micros(self.raised_at)), str(to_micros(self.ended)), self.id))

    def on(self, *, care: bool) -> Any:
        """The condition for what stands behind this place, in a list of care cases or of all others."""
        behind: Any = and_(_ended == self.ended, alerts.c.id > self.id)
        behind = and_(alerts.c.raised_at == self.raised_at, or_(_ended < self.ended, behind))
        behind = or_(alerts.c.raised_at < self.raised_at, behind)
        return or_(_answered > self.answered, and_(_answered == self.answered, behind)) if care else behind
