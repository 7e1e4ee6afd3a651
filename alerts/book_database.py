"""The alert book's way to its database: engine, transactions, upsert, error translation.

Owns the settings of SQLite and of connections to PostgreSQL, and the one place that knows dialects. Does not own the
tables (`book_tables`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import ConnectionPoolEntry

from alerts.book_tables import metadata
from stream.filelock import SharedLock
from stream.ports import Misconfigured, Unavailable

_BUSY_SECONDS: Final = 15
_PATIENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
    "options": f"-c lock_timeout={_BUSY_SECONDS}s -c idle_in_transaction_session_timeout=60s",
}
"""What libpq is told, so that no call waits for ever on a server that is gone or a lock that is kept. A server that
vanished is noticed after ten seconds."""
_OLDEST: Final = 12
"""The first PostgreSQL that can be told when to take a client for vanished (`book_turns`)."""


class Database:
    """An engine with the tables made; `write` and `read` are the only ways in."""

    def __init__(self, url: str) -> None:
        """Open and create what is missing.

        Raises:
            Misconfigured: the URL is not one, its driver is missing, the file is something else, the server is too
                old, or nothing may be written there.
            Unavailable: the database cannot be reached.
        """
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() == "postgresql":  # however it is written, the driver is ours to choose
                parsed = parsed.set(drivername="postgresql+psycopg")
            self._engine = create_engine(
                parsed,
                hide_parameters=True,  # recipients and accounts stay out of error texts
                pool_pre_ping=parsed.drivername != "sqlite",
                connect_args=_PATIENCE if parsed.drivername == "postgresql+psycopg" else {},
            )
        except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError):
            raise Misconfigured(
                "book.url: not a usable database URL; write postgresql://user:password@host/database (with"
                " pip install '.[cluster]'), or sqlite:///data/book.db"
            ) from None
        if self._engine.dialect.name not in {"sqlite", "postgresql"}:
            raise Misconfigured("book.url: only sqlite and postgresql are supported")
        if self._engine.dialect.name == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise Misconfigured("book.url: the book needs a file, for example sqlite:///data/book.db")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(self._engine, "connect", _sqlite_settings)
            event.listen(self._engine, "begin", _sqlite_begin)
        self._where = parsed.database or ""
        files = self._engine.dialect.name == "sqlite"
        self.claimants = SharedLock(Path(f"{self._where}.claims.lock")) if files else None
        """Held by every living process that has claimed anything; None on PostgreSQL, where nobody asks."""
        self._reader = self._engine.execution_options(reads_only=True)
        with _opening(self._engine), self.write() as connection:
            if connection.dialect.name == "postgresql":
                _require_version(connection)
                # processes that start together would all create
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
        if self.claimants:
            self.claimants.release()


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


def _require_version(connection: Connection) -> None:
    found = connection.dialect.server_version_info
    if found is not None and found < (_OLDEST,):
        raise Misconfigured(f"book.url: this PostgreSQL is {found[0]}; upgrade it to {_OLDEST} or later")


def _grow(connection: Connection) -> None:
    """Evidence of an earlier version has no source, and leaves with the standard class; it was in time."""
    there = {column["name"] for column in inspect(connection).get_columns("evidence")}
    for name, kind in (("source", "VARCHAR(100) NOT NULL DEFAULT ''"), ("late", "BOOLEAN NOT NULL DEFAULT FALSE")):
        if name not in there:
            connection.execute(text(f"ALTER TABLE evidence ADD COLUMN {name} {kind}"))


def _sqlite_settings(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _sqlite_begin(connection: Connection) -> None:
    # a transaction that reads first and writes later cannot wait for another writer; taking the lock at once can
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
