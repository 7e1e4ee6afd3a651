"""The alert book's tables.

Owns the schema. Does not own the way to the database (`book_database`), nor what is written when: `book`, `book_cases`,
`book_outbox` and `book_digests` do. No table holds anybody's name, and no post's text stands outside the masked quotes
of `digests.body`.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC times in and out, also where the database keeps no zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive times; store UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("naive time for the alert book")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()


def _outbox_columns() -> list[Column[Any]]:
    """What deliveries and mails share: something owed to someone, tried until settled."""
    return [
        Column("created_at", UtcTime, nullable=False),
        Column("due_at", UtcTime, nullable=False),
        Column("claimed_until", UtcTime),
        Column("attempts", Integer, nullable=False),
        Column("state", String(16), nullable=False),
        Column("settled_at", UtcTime),
        Column("error", String(200), nullable=False),
    ]


alerts = Table(
    "alerts",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("rule", String(100), nullable=False),
    Column("title", String(200), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("care", Boolean, nullable=False),
    Column("level", String(16), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("by", String(16), nullable=False),
    Column("group", String(200), nullable=False),
    Column("since", UtcTime),
    Column("until", UtcTime),
    Column("raised_at", UtcTime, nullable=False),
    Index("alerts_raised", "raised_at"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("alert_id", String(200), primary_key=True),
    Column("post_id", String(200), primary_key=True),
    Column("published_at", UtcTime, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
    Column("fingerprint", String(200), nullable=False),
    Column("author", String(100), nullable=False),
    Column("spread", Boolean, nullable=False),
    Column("source", String(100), nullable=False, server_default=""),
    Column("late", Boolean, nullable=False, server_default=false()),
    Index("evidence_published", "published_at"),
    Index("evidence_author", "author"),
)

cases = Table(
    "cases",
    metadata,
    Column("alert_id", String(200), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("acknowledged_by", String(100), nullable=False),
    Column("acknowledged_at", UtcTime),
    Column("closed_by", String(100), nullable=False),
    Column("closed_at", UtcTime),
    Column("outcome", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("answer_due_at", UtcTime),
    Column("answer_seconds", Integer, nullable=False),
    Column("escalate_to", Text, nullable=False),
    Index("cases_answer_due", "state", "answer_due_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("alert_id", String(200), nullable=False, index=True),
    Column("channel", String(100), nullable=False),
    Column("round", Integer, nullable=False),
    *_outbox_columns(),
    Index("deliveries_due", "state", "channel", "due_at"),
)

digests = Table(
    "digests",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("digest_id", String(200), nullable=False, index=True),
    Column("recipient", String(320), nullable=False),
    *_outbox_columns(),
    Index("mails_due", "state", "due_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("act", String(16), nullable=False),
    Column("alert_id", String(200), nullable=False, index=True),
    # ids must not be reused after rows are removed, or an audit trail could be rewritten
    sqlite_autoincrement=True,
)
