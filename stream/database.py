"""One SQLite file used by several processes and threads at once.

Owns opening, transactions, connections, and what SQLite's errors mean in the ports' words. Does not own a schema
or a query: those belong to `log_sqlite` and `store_sqlite`.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stream.ports import Misconfigured, Unavailable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_LATER = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_NEVER = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOTADB,
    }
)

Upgrade = Callable[[sqlite3.Connection], None]
"""Changes a file within a transaction of its caller."""


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def to_micros(time: datetime) -> int:
    """Microseconds since 1970, the form in which times are stored; exact."""
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def translate(error: sqlite3.Error, path: Path) -> Exception:
    """The port's error for SQLite's, or the same error when it can only be a mistake of ours."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte is the primary code
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _LATER:
        return Unavailable(f"{path.name}: {name}")
    if code in _NEVER:
        return Misconfigured(f"{path}: {name}: check that the file is Guanlan's, whole, and readable and writable")
    return error


class Database:
    """Connections to one file: a writer that threads take in turn, and as many readers as read at the same time.

    Every commit is on the disk when it returns (WAL, synchronous=FULL), and readers never wait for the writer.

    Args:
        path: the file; its folder must exist.
        schema: statements that create what is missing; run once at opening, one process at a time.
        application_id: what marks the file as this kind of database.
        version: of the schema; a file of a newer one is refused, and so is an older one without an upgrade.
        upgrades: for older versions what makes a file the next version; run at opening, in one transaction each.
        busy_seconds: how long a writer waits for writers in other processes.

    Raises:
        Unavailable: the file is locked for longer than that, or the disk is full or failing.
        Misconfigured: the file is not this kind of database, is damaged, or may not be written.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        application_id: int,
        version: int,
        upgrades: Mapping[int, Upgrade] | None = None,
        busy_seconds: float = 10.0,
    ) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        if not path.parent.is_dir():
            raise Misconfigured(f"{path.parent}: no such folder for {path.name}")
        # two processes turning a new file into WAL at once lock each other out without waiting; so one at a time
        with _locked(path.with_name(path.name + ".lock")):
            self._writer = self.connect()
            try:
                with self.translated():
                    self._prepare(schema, application_id, version, upgrades or {})
            except BaseException:
                self._writer.close()
                raise

    def _prepare(self, schema: str, application_id: int, version: int, upgrades: Mapping[int, Upgrade]) -> None:
        found = self._writer.execute("PRAGMA application_id").fetchone()[0]
        empty = self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not empty and found != application_id:
            raise Misconfigured(f"{self.path}: another kind of database; give each its own file")
        found = self._writer.execute("PRAGMA user_version").fetchone()[0]
        while not empty and found in upgrades:
            self._writer.execute("BEGIN IMMEDIATE")
            upgrades[found](self._writer)
            found += 1
            self._writer.execute(f"PRAGMA user_version={found}")
            self._writer.execute("COMMIT")
        if not empty and found != version:
            raise Misconfigured(
                f"{self.path}: written by another version of Guanlan ({found}, not {version}): use that, or give"
                " `data` another folder"
            )
        self._writer.execute("PRAGMA journal_mode=WAL")
        if empty:
            self._writer.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id={application_id}; PRAGMA user_version={version};"
                f"{schema}; COMMIT;"
            )

    def connect(self) -> sqlite3.Connection:
        """A connection of the caller's own, outside any transaction; the caller closes it."""
        with self.translated():
            connection = sqlite3.connect(
                self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA page_size=8192")  # of a new file: documents waste less at a page's end
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA secure_delete=ON")  # what was forgotten leaves the file, too
                connection.execute("PRAGMA cache_size=-16000")
                # a page changed by several commits is copied into the file once
                connection.execute("PRAGMA wal_autocheckpoint=8000")
                connection.execute("PRAGMA temp_store=MEMORY")
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One unchanging view of the data."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self.connect()
        try:
            with self.translated():
                connection.execute("BEGIN")
                yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with self._guard:
                if not self._closed:
                    self._idle.append(connection)
                    connection = None
            if connection is not None:
                connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is durable when the block ends, or none of it happened."""
        with self._writing, self.translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk rolls back by itself
                    self._writer.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Raise Unavailable or Misconfigured unless the file can be read and written now."""
        with self.write() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version={version}")

    def close(self) -> None:
        """Close every connection; those in use are closed when their reading ends."""
        with self._writing, self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
            for connection in idle:
                connection.close()
            self._writer.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What SQLite raises inside leaves as the port's error."""
        try:
            yield
        except sqlite3.Error as error:
            translated = translate(error, self.path)
            if translated is error:
                raise
            raise translated from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be created: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
