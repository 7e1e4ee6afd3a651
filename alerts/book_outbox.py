"""What is owed to someone: deliveries to channels and mails to people, tried until settled.

Owns the one life both share: pending → claimed for a while → sent, failed, or due again until a deadline. Does not
own what is owed (`owed`), sending it (`attempts`) nor how long to pause (`stream.retry`).
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, exists, func, or_, select, update

from alerts.alert import CaseState
from alerts.book_database import Database
from alerts.book_tables import alerts, cases, deliveries, mails
from alerts.owed import UNLISTED, Delivery, Mail, OutboxState, Owed

_Owed = TypeVar("_Owed", Delivery, Mail)
_TABLES: Mapping[type[Owed], Table] = {Delivery: deliveries, Mail: mails}
_SUPERSEDED = "Superseded"
"""Stands for an error where nothing failed."""


def derived(prefix: str, *parts: str) -> str:
    """The id that the same parts always give."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
    return f"{prefix}_{digest}"


def pending(created_at: datetime, due_at: datetime) -> dict[str, Any]:
    """Column values of something newly owed."""
    return {
        "created_at": created_at,
        "due_at": due_at,
        "attempts": 0,
        "state": OutboxState.PENDING,
        "error": "",
    }


class OutboxPages:
    """The pages of the book that list what is owed."""

    _db: Database

    def claim_delivery(
        self, channel: str, now: datetime, lease: timedelta, *, care_only: bool = False
    ) -> Delivery | None:
        """The delivery of this channel due longest, care before all others, now ours until the lease ends; None when
        none is due.

        A claimer that dies loses its claim when the lease ends, and the delivery is made again under the same id.
        """
        care = select(alerts.c.care).where(alerts.c.id == deliveries.c.alert_id).scalar_subquery()
        which = [deliveries.c.channel == channel, *([care] if care_only else [])]
        self._claiming()
        with self._db.write() as connection:
            row = _claim(connection, deliveries, now, lease, *which, first=[care.desc()])
        return None if row is None else _read(Delivery, row)

    def settle(self, owed: Owed, state: OutboxState, now: datetime, *, error: str = "") -> None:
        """Sent or failed, for good. What is already settled stays as it is."""
        assert state is not OutboxState.PENDING
        with self._db.write() as connection:
            _change(connection, owed, state=state, settled_at=now, error=error)

    def put_off(self, owed: Owed, now: datetime, pause: timedelta, deadline: timedelta, error: str) -> bool:
        """Not this time: due again after a pause, for a last time at the deadline after it was first owed, also after
        an outage of ours; from then on it has failed. What an answer or the next round made needless meanwhile ends as
        superseded. False if the deadline has ended it."""
        last = owed.created_at + deadline
        with self._db.write() as connection:
            if isinstance(owed, Delivery) and _overtaken(connection, owed):
                _change(connection, owed, **_superseded(now))
            elif now < last:
                _change(connection, owed, due_at=min(now + pause, last), error=error)
            else:
                _change(connection, owed, state=OutboxState.FAILED, settled_at=now, error=error)
                return False
        return True

    def expire_deliveries(self, created_before: datetime, now: datetime, *, served: Collection[str]) -> int:
        """Fail what has been owed since before `created_before` to channels that nobody serves; returns how many."""
        with self._db.write() as connection:
            expired = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.state == OutboxState.PENDING,
                    deliveries.c.created_at < created_before,
                    deliveries.c.channel.not_in(sorted(served)),
                )
                .values(state=OutboxState.FAILED, settled_at=now, error="NoSuchChannel", claimed_until=None)
            )
            return expired.rowcount

    def deliveries(self, alert_id: str) -> tuple[Delivery, ...]:
        """All deliveries of an alert, by round and channel."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(deliveries)
                .where(deliveries.c.alert_id == alert_id)
                .order_by(deliveries.c.round, deliveries.c.channel)
            )
            return tuple(_read(Delivery, row) for row in rows)

    def delivery_counts(self) -> dict[OutboxState, int]:
        """How many deliveries stand where; every state has its number."""
        with self._db.read() as connection:
            return _counts(connection, deliveries)

    def queue_mail(self, digest_id: str, recipient: str, *, created_at: datetime) -> bool:
        """Owe a digest to a recipient; False if it was owed already, whatever became of it."""
        with self._db.write() as connection:
            return self._queue_mail(connection, digest_id, recipient, created_at)

    def claim_mail(self, now: datetime, lease: timedelta) -> Mail | None:
        """The mail due longest, now ours until the lease ends; None when none is due."""
        self._claiming()
        with self._db.write() as connection:
            row = _claim(connection, mails, now, lease)
        return None if row is None else _read(Mail, row)

    def mails(self, digest_id: str) -> tuple[Mail, ...]:
        """All mails of a digest, by recipient."""
        with self._db.read() as connection:
            rows = connection.execute(select(mails).where(mails.c.digest_id == digest_id).order_by(mails.c.recipient))
            return tuple(_read(Mail, row) for row in rows)

    def mail_counts(self) -> dict[OutboxState, int]:
        """How many mails stand where; every state has its number."""
        with self._db.read() as connection:
            return _counts(connection, mails)

    def undelivered(self, since: datetime) -> int:
        """How many deliveries and mails have failed for good at or after a time, without those that became needless;
        and how many channels have taken no round of a care case that is still open, though the clock ran out over a
        try: each round takes the place of the one before, so none of them ever fails for good."""
        queries = [
            select(func.count())
            .select_from(table)
            .where(table.c.state == OutboxState.FAILED, table.c.settled_at >= since)
            .where(table.c.error.not_in((_SUPERSEDED, UNLISTED)))
            for table in _TABLES.values()
        ]
        queries.append(select(func.count()).select_from(_unheard().subquery()))
        with self._db.read() as connection:
            return sum(connection.execute(query).scalar_one() for query in queries)

    def release_claims(self) -> None:
        """Give back what dead processes had claimed; nothing while another that has claimed anything lives, for whose
        claim is whose nobody knows: the dead one's then run out by themselves. On PostgreSQL only for a start where no
        other process delivers."""
        with self._db.claimants.alone() if self._db.claimants else nullcontext(True) as alone:  # noqa: FBT003
            if not alone:
                return
            with self._db.write() as connection:
                for table in (deliveries, mails):
                    claimed = table.c.claimed_until.is_not(None)
                    connection.execute(update(table).where(claimed).values(claimed_until=None))

    def _claiming(self) -> None:
        if self._db.claimants:
            self._db.claimants.join()

    def _queue_mail(self, connection: Connection, digest_id: str, recipient: str, created_at: datetime) -> bool:
        values = {"id": derived("ml", digest_id, recipient), "digest_id": digest_id, "recipient": recipient}
        row = self._db.insert(mails).values(**values, **pending(created_at, created_at))
        return added(connection, row, mails)


def supersede(connection: Connection, alert_id: str, now: datetime, *which: Any) -> None:
    """Fail those deliveries of an alert that still wait and need not be said any more; one that is being sent just now
    is left to its sender, who asks again where it is not taken (`put_off`)."""
    waiting = deliveries.c.alert_id == alert_id, deliveries.c.state == OutboxState.PENDING, _free(deliveries, now)
    connection.execute(update(deliveries).where(*waiting, *which).values(**_superseded(now), claimed_until=None))


def added(connection: Connection, row: Any, table: Table) -> bool:
    """Insert a row unless its id is there; True if it was not. Asked by RETURNING: a driver may not count inserts."""
    return connection.execute(row.on_conflict_do_nothing().returning(table.c.id)).first() is not None


def _unheard() -> Any:
    """Case and channel of every care case whose people have answered nothing because nothing reached them there."""
    taken = deliveries.alias()
    same = taken.c.alert_id == deliveries.c.alert_id, taken.c.channel == deliveries.c.channel
    return (
        select(deliveries.c.alert_id, deliveries.c.channel)
        .join(cases, cases.c.alert_id == deliveries.c.alert_id)
        .where(cases.c.state == CaseState.OPEN, deliveries.c.error == _SUPERSEDED, deliveries.c.attempts > 0)
        .where(~exists().where(*same, taken.c.state == OutboxState.SENT))
        .distinct()
    )


def _superseded(now: datetime) -> dict[str, Any]:
    return {"state": OutboxState.FAILED, "settled_at": now, "error": _SUPERSEDED}


def _overtaken(connection: Connection, delivery: Delivery) -> bool:
    """Whether a delivery needs no further attempt: its channel is owed a later round, or it is itself a repeat and
    somebody has answered. As with `supersede`, an answer does not end a first notice."""
    # locked as whoever answers or escalates locks it, and before the delivery: what is put off cannot slip past them
    case = select(cases.c.state).where(cases.c.alert_id == delivery.alert_id).with_for_update()
    if connection.execute(case).scalar_one_or_none() != CaseState.OPEN and delivery.round > 0:
        return True
    same = deliveries.c.alert_id == delivery.alert_id, deliveries.c.channel == delivery.channel
    later = select(deliveries.c.id).where(*same, deliveries.c.round > delivery.round).limit(1)
    return connection.execute(later).first() is not None


def _change(connection: Connection, owed: Owed, **values: Any) -> None:
    table = _TABLES[type(owed)]
    still = table.c.id == owed.id, table.c.state == OutboxState.PENDING
    connection.execute(update(table).where(*still).values(**values, claimed_until=None))


def _free(table: Table, now: datetime) -> Any:
    return or_(table.c.claimed_until.is_(None), table.c.claimed_until <= now)


def _claim(
    connection: Connection, table: Table, now: datetime, lease: timedelta, *where: Any, first: Sequence[Any] = ()
) -> Any:
    due = (
        select(table.c.id)
        .where(table.c.state == OutboxState.PENDING, table.c.due_at <= now, _free(table, now), *where)
        .order_by(*first, table.c.due_at, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # where several processes share the book; SQLite has one writer anyway
    )
    oldest = connection.execute(due).scalar_one_or_none()
    if oldest is None:
        return None
    claim = update(table).where(table.c.id == oldest).values(claimed_until=now + lease, attempts=table.c.attempts + 1)
    connection.execute(claim)
    return connection.execute(select(table).where(table.c.id == oldest)).one()


def _counts(connection: Connection, table: Table) -> dict[OutboxState, int]:
    rows = connection.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return dict.fromkeys(OutboxState, 0) | {OutboxState(state): number for state, number in rows}


def _read(kind: type[_Owed], row: Any) -> _Owed:
    values = {field.name: row._mapping[field.name] for field in fields(kind)}
    return kind(**{**values, "state": OutboxState(row.state)})
