"""The cases of the book: who was asked, who answered, what came of it, and who looked.

Owns the case's life (open or past → acknowledged → closed), the answer clock of care cases, and the audit. Does not
raise alerts (`book`). Everything a person does here, looking included, leaves a line in the audit.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select, update

from alerts.alert import Alert, Case, CaseFile, CaseOutcome, CaseState, Evidence, Look
from alerts.book_database import Database
from alerts.book_outbox import derived, pending, supersede
from alerts.book_places import NEWEST_FIRST, UNANSWERED_FIRST, Place
from alerts.book_tables import alerts, audit, cases, deliveries, evidence
from alerts.masking import mask
from alerts.rules import Group, Severity
from stream.labels import SelfHarm

_UNANSWERED = (CaseState.OPEN, CaseState.PAST)
_GRAVEST_FIRST = (
    case({str(word): rank for rank, word in enumerate(reversed(Severity))}, value=alerts.c.severity),
    case((alerts.c.level == SelfHarm.CRISIS, 0), else_=1),
    func.coalesce(alerts.c.until, alerts.c.raised_at).desc(),
)


class NoSuchCase(LookupError):
    """No alert has this id."""


class CasePages:
    """The pages of the book that hold cases."""

    _db: Database

    def list_cases(
        self,
        *,
        care: bool,
        states: tuple[CaseState, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = 100,
        gravest_first: bool = False,
    ) -> tuple[Case, ...]:
        """Cases by newest alert first, of alerts raised at once by the newest window; of care cases the unanswered
        before all others; without their evidence.

        Args:
            care: True for care cases only, which only guardians may be shown; False for all others.
            states: any of these; empty means every state.
            since: raised at or after.
            until: raised before.
            after: where an earlier page ended; of a list that is not `gravest_first`.
            limit: at most so many.
            gravest_first: the graver before the newer; of equals, the one whose window ended last.
        """
        gravest = _GRAVEST_FIRST if gravest_first else ()
        order = *(UNANSWERED_FIRST if care else ()), *gravest, *NEWEST_FIRST
        query = _cases().where(alerts.c.care == care).order_by(*order).limit(limit)
        if states:
            query = query.where(cases.c.state.in_(states))
        if since is not None:
            query = query.where(alerts.c.raised_at >= since)
        if until is not None:
            query = query.where(alerts.c.raised_at < until)
        if after is not None:
            query = query.where(after.on(care=care))
        with self._db.read() as connection:
            return tuple(_case(row) for row in connection.execute(query))

    def case(self, alert_id: str) -> Case:
        """A case as it stands now, for a page that shows it already: no look, so nothing is written down.

        Raises:
            NoSuchCase: no alert has this id.
        """
        with self._db.read() as connection:
            return _one(connection, alert_id)

    def look(self, alert_id: str, by: str, at: datetime) -> CaseFile:
        """A case with its evidence, for a person to see; the look itself is written down first.

        Raises:
            NoSuchCase: no alert has this id.
        """
        with self._db.write() as connection:
            case = _one(connection, alert_id)
            _audit(connection, Look(at, by, "look", alert_id))
            rows = connection.execute(evidence_of(alert_id))
            return CaseFile(case, tuple(evidence_from(row) for row in rows))

    def look_at_posts(self, post_ids: Sequence[str], by: str, at: datetime) -> None:
        """Write down that a person is about to be shown these self-harm posts outside a case; `looks(post_id)` gives
        the lines back."""
        with self._db.write() as connection:
            for post_id in post_ids:
                _audit(connection, Look(at, by, "look", post_id))

    def acknowledge(self, alert_id: str, by: str, at: datetime) -> Case:
        """Somebody has answered: further rounds that still wait are not sent. The first answer stands; a later one
        changes nothing and gets the case as it is.

        Raises:
            NoSuchCase: no alert has this id.
        """
        change = {
            "state": CaseState.ACKNOWLEDGED,
            "acknowledged_by": by,
            "acknowledged_at": at,
            "answer_due_at": None,
        }
        return self._answer(alert_id, _UNANSWERED, Look(at, by, "acknowledge", alert_id), change)

    def close_case(self, alert_id: str, by: str, outcome: CaseOutcome, note: str, at: datetime) -> Case:
        """The matter is done. The first closing stands. Personal data in the note is masked, and a NUL, which no
        PostgreSQL keeps, is left out.

        Raises:
            NoSuchCase: no alert has this id.
        """
        change = {
            "state": CaseState.CLOSED,
            "closed_by": by,
            "closed_at": at,
            "outcome": outcome,
            "note": mask(note.replace("\0", "")),
            "answer_due_at": None,
        }
        unfinished = (*_UNANSWERED, CaseState.ACKNOWLEDGED)
        return self._answer(alert_id, unfinished, Look(at, by, "close", alert_id), change)

    def looks(self, alert_id: str) -> tuple[Look, ...]:
        """The audit of one case, oldest first."""
        with self._db.read() as connection:
            rows = connection.execute(select(audit).where(audit.c.alert_id == alert_id).order_by(audit.c.id))
            return tuple(Look(row.at, row.by, row.act, row.alert_id) for row in rows)

    def escalate(self, now: datetime, served: Collection[str], guardians: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Owe the next round of every care case whose answer is overdue.

        However long nobody ran this, one round goes out, and the clock starts anew. A round takes the place of the
        earlier ones that its channels have not taken yet: after an outage each is told once.

        Args:
            now: the time.
            served: channels that somebody serves.
            guardians: channels that a case tells from now on in place of any it remembers that nobody serves.

        Returns:
            By alert id, the channels whose place was taken.
        """
        overdue = (
            select(cases)
            .where(cases.c.state == CaseState.OPEN, cases.c.answer_due_at <= now)
            .order_by(cases.c.answer_due_at)
            .with_for_update(skip_locked=True)
        )
        told: dict[str, tuple[str, ...]] = {}
        with self._db.write() as connection:
            for row in connection.execute(overdue).all():
                channels = json.loads(row.escalate_to)
                gone = tuple(name for name in channels if name not in served)
                if gone:
                    channels = list(dict.fromkeys([name for name in channels if name in served] + list(guardians)))
                told[row.alert_id] = gone
                again = now + timedelta(seconds=row.answer_seconds)
                change = {"round": row.round + 1, "answer_due_at": again, "escalate_to": json.dumps(channels)}
                connection.execute(update(cases).where(cases.c.alert_id == row.alert_id).values(change))
                earlier = deliveries.c.channel.in_(channels), deliveries.c.round <= row.round
                supersede(connection, row.alert_id, now, *earlier)
                self._owe(connection, row.alert_id, channels, row.round + 1, pending(now, now))
        return told

    def _owe(
        self, connection: Connection, alert_id: str, channels: Sequence[str], round_: int, owed: dict[str, Any]
    ) -> None:
        rows = [
            {
                "id": derived("dl", alert_id, channel, str(round_)),
                "alert_id": alert_id,
                "channel": channel,
                "round": round_,
                **owed,
            }
            for channel in channels
        ]
        connection.execute(self._db.insert(deliveries).on_conflict_do_nothing(), rows)

    def _answer(self, alert_id: str, states: tuple[CaseState, ...], look: Look, change: dict[str, Any]) -> Case:
        with self._db.write() as connection:
            _one(connection, alert_id)
            _audit(connection, look)
            connection.execute(
                update(cases).where(cases.c.alert_id == alert_id, cases.c.state.in_(states)).values(change)
            )
            # after the case, so that a round that another process owed meanwhile is among them
            supersede(connection, alert_id, look.at, deliveries.c.round > 0)
            return _one(connection, alert_id)


def evidence_of(alert_id: str) -> Any:
    """The statement for an alert's evidence, oldest first."""
    return select(evidence).where(evidence.c.alert_id == alert_id).order_by(evidence.c.published_at, evidence.c.post_id)


def evidence_from(row: Any) -> Evidence:
    """A row of the evidence table as a value."""
    return Evidence(
        row.alert_id, row.post_id, row.published_at, row.fetched_at, row.fingerprint, row.author, row.spread
    )


def alert_from(row: Any) -> Alert:
    """A row with the columns of the alerts table as a value."""
    return Alert(
        id=row.id,
        rule=row.rule,
        title=row.title,
        severity=Severity(row.severity),
        care=row.care,
        level=SelfHarm(row.level),
        platform=row.platform,
        by=Group(row.by),
        group=row.group,
        since=row.since,
        until=row.until,
        raised_at=row.raised_at,
    )


def _cases() -> Any:
    return select(alerts, cases).join(cases, cases.c.alert_id == alerts.c.id)


def _one(connection: Connection, alert_id: str) -> Case:
    row = connection.execute(_cases().where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise NoSuchCase(alert_id)
    return _case(row)


def _audit(connection: Connection, look: Look) -> None:
    connection.execute(audit.insert().values(at=look.at, by=look.by, act=look.act, alert_id=look.alert_id))


def _case(row: Any) -> Case:
    return Case(
        alert=alert_from(row),
        state=CaseState(row.state),
        opened_at=row.opened_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        outcome=CaseOutcome(row.outcome) if row.outcome else None,
        note=row.note,
        round=row.round,
        answer_due_at=row.answer_due_at,
    )
