"""The book: what was alerted, on what evidence, who was told, who answered.

Owns the alerts and their evidence, and gathers the other pages: cases (`book_cases`) and their number (`book_load`),
deliveries and mails (`book_outbox`), digests (`book_digests`). Every row is keyed by a derived id, so writing anything
twice changes nothing. Does not decide what matches (`rules`) nor tell anyone (`dispatch`).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, case, delete, func, select, update

from alerts import book_copy
from alerts.alert import Alert, CaseState, Evidence, Sighting
from alerts.book_cases import CasePages, alert_from, evidence_from, evidence_of
from alerts.book_database import Database
from alerts.book_digests import DigestPages
from alerts.book_load import LoadPages
from alerts.book_outbox import pending
from alerts.book_tables import alerts, audit, cases, digests, evidence
from alerts.book_turns import Turn, one_at_a_time, turn
from alerts.rules import Group, past, span
from alerts.voices import spreads
from stream.labels import SelfHarm
from stream.query import check_forgotten

_IDS_A_STATEMENT: Final = 500


class Book(DigestPages, CasePages, LoadPages):
    """The durable memory of the alert room. Safe to use from several threads.

    Every method may raise Unavailable; the same call may then succeed later.
    """

    def __init__(self, url: str) -> None:
        """Open the book and create what is missing.

        Args:
            url: SQLAlchemy URL, for example `sqlite:///data/book.db`.

        Raises:
            Misconfigured: the URL cannot work.
        """
        self._db = Database(url)

    def record(self, sightings: Sequence[Sighting], now: datetime, grace: timedelta) -> tuple[str, ...]:
        """Add evidence, and raise each alert whose count is now reached: alert, case and deliveries in the same
        transaction. Order and repetition of sightings do not matter.

        Posts fetched in time decide whether people are told: where they reach the count by themselves they are. Where
        it takes late ones (`rules.past`), the case is `PAST` and owed to nobody, until enough in time come after all.

        Args:
            sightings: posts that match; versions of the same post count once, the newest fetch is kept, and a post
                stays in time once any fetch of it was.
            now: when the alerts are raised.
            grace: how long ordinary deliveries wait, so that the post can be found in the store by then.

        Returns:
            Ids of the alerts raised by this call.
        """
        first: dict[str, Sighting] = {}
        for sighting in sightings:
            first.setdefault(sighting.alert_id, sighting)
        with self._db.write() as connection:
            # two that count at once would each miss the other's evidence, and nobody would raise the alert
            one_at_a_time(connection, "record")
            self._add_evidence(connection, sightings)
            raised = [(first[reached], state) for reached, state in self._reached(connection, first)]
            if raised:
                self._raise(connection, raised, now, grace)
        return tuple(sighting.alert_id for sighting, _ in raised)

    def alert(self, id: str) -> Alert | None:
        """The alert with this id."""
        if "\0" in id:  # no id of ours, and PostgreSQL cannot even be asked
            return None
        with self._db.read() as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == id)).one_or_none()
        return None if row is None else alert_from(row)

    def alert_count(self) -> int:
        """How many alerts were ever raised."""
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(alerts)).scalar_one()

    def evidence(self, alert_id: str) -> tuple[Evidence, ...]:
        """What an ordinary alert rests on, oldest first. A care alert gives none here: only `look`, which is
        audited, opens its file."""
        query = evidence_of(alert_id).where(~select(alerts.c.id).where(alerts.c.id == alert_id, alerts.c.care).exists())
        with self._db.read() as connection:
            return tuple(evidence_from(row) for row in connection.execute(query))

    def forget(self, *, before: datetime | None = None, sources: Sequence[str] = (), author: str = "") -> int:
        """Remove evidence published before a time, perhaps of some sources only, or by an author; returns how many
        rows. The quotes of these posts leave the reports that are kept.

        Alerts and cases stay, without the author's pseudonym where one was grouped by it. With `before` alone, digests
        of windows that ended earlier lose their whole body, and stay as the mark that they were sent.
        """
        check_forgotten(before, sources, author)
        with self._db.write() as connection:
            if before is None:
                which = evidence.c.author == author
                grouped = alerts.c.by == Group.AUTHOR, alerts.c.group == author
                connection.execute(update(alerts).where(*grouped).values(group=""))
                self._unquote(connection, [author], lambda quote: quote.author == author)
            elif sources:
                which = and_(evidence.c.published_at < before, evidence.c.source.in_(sources))
                self._unquote(
                    connection, sources, lambda quote: quote.source in sources and quote.published_at < before
                )
            else:
                which = evidence.c.published_at < before
                connection.execute(update(digests).where(digests.c.until < before).values(body=""))
            return connection.execute(delete(evidence).where(which)).rowcount

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return book_copy.counts(self._db)

    def copy_to(self, other: "Book") -> None:
        """Write all of this book into an empty one, whole or not at all.

        Raises:
            book_copy.NotEmpty: the other holds something; nothing was written.
        """
        book_copy.copy(self._db, other._db)

    def turn(self, name: str) -> Turn:
        """The right to do what one process at a time does, such as the timetable; close it before the book."""
        return turn(self._db.engine, name)

    def check(self) -> None:
        """Raise Unavailable unless the book can be read and written now."""
        with self._db.write() as connection:
            connection.execute(delete(audit).where(audit.c.id < 0))

    def close(self) -> None:
        """Release everything; the book is then of no use."""
        self._db.close()

    def _add_evidence(self, connection: Connection, sightings: Sequence[Sighting]) -> None:
        statement = self._db.insert(evidence)
        newer = statement.excluded.fetched_at >= evidence.c.fetched_at
        kept = ("published_at", "fetched_at", "fingerprint", "author", "spread", "source")
        upsert = statement.on_conflict_do_update(
            index_elements=["alert_id", "post_id"],
            set_={
                **{name: case((newer, statement.excluded[name]), else_=evidence.c[name]) for name in kept},
                "late": and_(evidence.c.late, statement.excluded.late),
            },
        )
        connection.execute(upsert, [_evidence(sighting) for sighting in sightings])

    def _reached(self, connection: Connection, first: dict[str, Sighting]) -> Iterator[tuple[str, CaseState]]:
        """The alerts to be raised, and those raised as past of which people must be told after all."""
        ids = list(first)
        for start in range(0, len(ids), _IDS_A_STATEMENT):
            some = ids[start : start + _IDS_A_STATEMENT]
            known = select(cases.c.alert_id, cases.c.state).where(cases.c.alert_id.in_(some))
            states = {alert: CaseState(state) for alert, state in connection.execute(known)}
            undecided = {alert for alert in some if states.get(alert, CaseState.PAST) is CaseState.PAST}
            counts = connection.execute(
                select(evidence.c.alert_id, func.count(), func.count().filter(~evidence.c.late))
                .where(evidence.c.alert_id.in_(undecided))
                .group_by(evidence.c.alert_id)
                .order_by(evidence.c.alert_id)
            ).all()
            for alert, number, timely in counts:
                if timely >= first[alert].rule.count:
                    yield alert, CaseState.OPEN
                elif number >= first[alert].rule.count and alert not in states:
                    yield alert, CaseState.PAST

    def _raise(
        self, connection: Connection, raised: Sequence[tuple[Sighting, CaseState]], now: datetime, grace: timedelta
    ) -> None:
        # what is there already was past, and begins now unless somebody has answered it meanwhile
        alert = self._db.insert(alerts)
        again = alert.on_conflict_do_update(index_elements=["id"], set_={"raised_at": alert.excluded.raised_at})
        connection.execute(again, [_alert(one, now) for one, _ in raised])
        opening = self._db.insert(cases)
        begun = {"state": opening.excluded.state, "opened_at": opening.excluded.opened_at}
        again = opening.on_conflict_do_update(
            index_elements=["alert_id"], set_=begun, where=cases.c.state == CaseState.PAST
        )
        connection.execute(again, [_case(one, state, now) for one, state in raised])
        for one, state in raised:
            if state is CaseState.OPEN:
                due_at = now if one.rule.care else now + grace
                self._owe(connection, one.alert_id, one.rule.channels, 0, pending(now, due_at))


def _evidence(sighting: Sighting) -> dict[str, Any]:
    post = sighting.judged.post
    return {
        "alert_id": sighting.alert_id,
        "post_id": post.id,
        "published_at": post.published_at,
        "fetched_at": post.fetched_at,
        "fingerprint": sighting.judged.fingerprint,
        "author": post.author,
        "spread": spreads(post),
        "source": post.source,
        "late": past(sighting.window, post.known_since or post.fetched_at),
    }


def _alert(sighting: Sighting, now: datetime) -> dict[str, Any]:
    rule, window, judged = sighting.rule, sighting.window, sighting.judged
    return {
        "id": sighting.alert_id,
        "rule": rule.name,
        "title": rule.title,
        "severity": rule.severity,
        "care": rule.care,
        "level": judged.judgement.self_harm if rule.care else SelfHarm.NONE,
        "platform": judged.post.platform if rule.care else "",
        "by": rule.group,
        "group": "" if rule.care else sighting.group,
        "since": window.since if window else None,
        "until": window.until if window else None,
        "raised_at": now,
    }


def _case(sighting: Sighting, state: CaseState, now: datetime) -> dict[str, Any]:
    rule = sighting.rule
    within = span(rule.acknowledge_within) if rule.care else timedelta()
    return {
        "alert_id": sighting.alert_id,
        "state": state,
        "opened_at": now,
        "acknowledged_by": "",
        "closed_by": "",
        "outcome": "",
        "note": "",
        "round": 0,
        "answer_seconds": int(within.total_seconds()),
        "answer_due_at": now + within if rule.care else None,
        "escalate_to": json.dumps(list(dict.fromkeys((*rule.channels, *rule.escalate_to)))),
    }
