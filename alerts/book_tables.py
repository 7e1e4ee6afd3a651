"""The alert book's tables and its way to the database: engine, transactions, upsert, error translation.

Owns the schema, the SQLite settings, and the one place that knows dialects. Does not own what is written when:
`book`, `book_cases`, `book_outbox` and `book_digests` do. No table holds anybody's name, and no post's
text stands outside the masked quotes of `digests.body`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    exc,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import ConnectionPoolEntry

from stream.ports import Misconfigured, Unavailable

_BUSY_SECONDS: Final = 15
_PATIENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": f"-c lock_timeout={_BUSY_SECONDS}s -c idle_in_transaction_session_timeout=60s",
}
"""What libpq is told, so that no call waits for ever on a server that is gone or a lock that is kept."""


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


class Database:
    """An engine with the tables made; `write` and `read` are the only ways in."""

    def __init__(self, url: str) -> None:
        """Open and create what is missing.

        Raises:
            Misconfigured: the URL is not one, its driver is missing, the file is something else, or nothing may be
                written there.
            Unavailable: the database cannot be reached.
        """
        try:
            parsed = make_url(url)
            self._engine = create_engine(
                parsed,
                hide_parameters=True,  # recipients and accounts stay out of error texts
                pool_pre_ping=parsed.drivername != "sqlite",
                connect_args=_PATIENCE if parsed.drivername.startswith("postgresql+psycopg") else {},
            )
        except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError):
            raise Misconfigured("book.url: not a usable database URL, for example sqlite:///data/book.db") from None
        if self._engine.dialect.name not in {"sqlite", "postgresql"}:
            raise Misconfigured("book.url: only sqlite and postgresql are supported")
        if self._engine.dialect.name == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise Misconfigured("book.url: the book needs a file, for example sqlite:///data/book.db")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(self._engine, "connect", _sqlite_settings)
            event.listen(self._engine, "begin", _sqlite_begin)
        self._where = parsed.database or ""
        self._reader = self._engine.execution_options(reads_only=True)
        with _opening(self._engine), self.write() as connection:
            if connection.dialect.name == "postgresql":  # where processes that start together would all create
                connection.execute(text("SELECT pg_advisory_xact_lock(0)"))
            metadata.create_all(connection)
            _grow(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block ends; nothing is written if it raises."""
        with translated(self._where), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; writers are not held up."""
        with translated(self._where), self._reader.connect() as connection:
            yield connection

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT; both dialects spell its methods alike."""
        return sqlite.insert(table) if self._engine.dialect.name == "sqlite" else postgresql.insert(table)

    @property
    def engine(self) -> Engine:
        """For locks, which live as long as a connection, and tests that look at statements."""
        return self._engine

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()


@contextmanager
def _opening(engine: Engine) -> Iterator[None]:
    """The first call names what to look at, and leaves nothing open."""
    where = f"book.url: {engine.url.set(query={})}"  # which hides the password
    server = engine.dialect.name == "postgresql"
    try:
        yield
    except Exception as error:
        engine.dispose()
        if server and isinstance(error, Unavailable):
            raise Unavailable(
                f"{where} cannot be used; check address, user, password, and if it takes writes"
            ) from None
        if server and isinstance(error, exc.ProgrammingError):
            raise Misconfigured(f"{where} takes no tables; make its user the owner, with a schema of its own") from None
        raise


@contextmanager
def translated(where: str = "the database") -> Iterator[None]:
    """Driver errors in the port's own words; programming errors pass through.

    Raises:
        Unavailable: locked too long, disk full, connection lost, pool exhausted, writes refused for now.
        Misconfigured: the file is not a database, or is damaged.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as error:
        raise Unavailable(f"the alert book cannot be reached: {type(error).__name__}") from error
    except exc.DatabaseError as error:
        if type(error) is not exc.DatabaseError:
            raise
        raise Misconfigured(f"book.url: {where} is no database, or is damaged; restore it from a back-up") from error


def _grow(connection: Connection) -> None:
    """A book of an earlier version has no source beside its evidence; that evidence leaves with the standard class."""
    if all(column["name"] != "source" for column in inspect(connection).get_columns("evidence")):
        connection.execute(text("ALTER TABLE evidence ADD COLUMN source VARCHAR(100) NOT NULL DEFAULT ''"))


def _sqlite_settings(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _sqlite_begin(connection: Connection) -> None:
    # a transaction that reads first and writes later cannot wait for another writer; taking the lock at once can
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
