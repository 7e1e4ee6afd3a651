"""How much the cases of the book are: what waits, and what a window brought.

Owns the counting, which is whole however many cases a list may show. Does not own the cases (`book_cases`).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from alerts.alert import Backlog, CaseState
from alerts.book_database import Database
from alerts.book_tables import alerts, cases, deliveries
from alerts.report import CaseLoad


class LoadPages:
    """The pages of the book that count cases."""

    _db: Database

    def backlog(self, *, care: bool, states: tuple[CaseState, ...]) -> Backlog:
        """How many cases are in any of these states, and since when."""
        query = (
            select(func.count(), func.min(cases.c.opened_at))
            .join(alerts, cases.c.alert_id == alerts.c.id)
            .where(alerts.c.care == care, cases.c.state.in_(states))
        )
        with self._db.read() as connection:
            number, oldest = connection.execute(query).one()
        return Backlog(number, oldest)

    def case_load(self, since: datetime, until: datetime, overdue: timedelta) -> CaseLoad:
        """What a window brought and left, whenever it is asked: alerts raised in it, cases that nobody had answered at
        its end, those among them that were opened `overdue` before or earlier, and alerts of which nobody was told.
        Care cases are never counted."""
        told = select(deliveries.c.id).where(deliveries.c.alert_id == alerts.c.id).exists()
        raised = and_(alerts.c.raised_at >= since, alerts.c.raised_at < until)
        waiting = and_(told, _not_before(cases.c.acknowledged_at, until), _not_before(cases.c.closed_at, until))
        query = (
            select(
                func.count().filter(and_(told, raised)),
                func.count().filter(waiting),
                func.count().filter(and_(waiting, cases.c.opened_at < until - overdue)),
                func.count().filter(and_(~told, raised)),
            )
            .join(alerts, cases.c.alert_id == alerts.c.id)
            .where(~alerts.c.care, cases.c.opened_at < until)
        )
        with self._db.read() as connection:
            return CaseLoad(*connection.execute(query).one())


def _not_before(at: Any, until: datetime) -> Any:
    return or_(at.is_(None), at >= until)
