"""Whose turn it is: of several processes that share a book, the one that does what only one may do.

Owns the locks. On PostgreSQL they are advisory locks, which the server lets go of with the connection; on SQLite, which
is one machine, locks on files beside the book, which the kernel lets go of with the process. So whoever is killed, or
loses the network, loses its turn without anybody's clock. Does not own what is done in a turn (`configs.turns`).
"""

from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, func, select, text

from alerts.book_database import translated
from stream.filelock import FileLock
from stream.ports import Unavailable

_VANISHED: Final = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 2,
    "tcp_user_timeout": 18_000,
}
"""When the server takes a holder for vanished: after 20 seconds, or 18 where it waits to be told that an answer came.
Later than such a holder, which is told after ten, and has stopped by then (`book_database`)."""


class Turn(Protocol):
    """One process's wish to be the one; for one thread."""

    def take(self) -> bool:
        """Whether it is ours now, after trying to get it; ask again every few seconds, for it may be lost.

        Raises:
            Unavailable: nobody knows; act as if it were not ours.
        """

    def close(self) -> None:
        """Give it to whoever asks next."""


def turn(engine: Engine, name: str) -> Turn:
    """The turn of this name in a book."""
    if engine.dialect.name == "postgresql":
        return AdvisoryTurn(engine, name)
    return FileTurn(Path(f"{engine.url.database}.{name}.lock"))


def one_at_a_time(connection: Connection, name: str) -> None:
    """Let one transaction of all processes past here until it ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_number(name))))


class FileTurn:
    """A `Turn` on one machine."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def take(self) -> bool:
        """See `Turn.take`."""
        return self._lock.held or self._lock.acquire()

    def close(self) -> None:
        """See `Turn.close`."""
        self._lock.release()


class AdvisoryTurn:
    """A `Turn` among all clients of one PostgreSQL database; it has a connection of its own for as long as it wants."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._number = _number(name)
        self._connection: Connection | None = None
        self._held = False

    def take(self) -> bool:
        """See `Turn.take`."""
        try:
            with translated():
                return self._asked(self._connection or self._connected())
        except Unavailable:
            self.close()  # the lock went with the connection, or will when the server notices
            raise

    def close(self) -> None:
        """See `Turn.close`."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            connection.invalidate()  # closed for good: back in the pool it would keep the lock
            connection.close()

    def _asked(self, connection: Connection) -> bool:
        if self._held:
            connection.execute(text("SELECT 1"))
        else:
            self._held = bool(connection.execute(select(func.pg_try_advisory_lock(self._number))).scalar_one())
        return self._held

    def _connected(self) -> Connection:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for setting, value in _VANISHED.items():
            self._connection.execute(text(f"SET {setting} = {value}"))
        return self._connection


def _number(name: str) -> int:
    """The lock's number in PostgreSQL, which knows no names."""
    return int.from_bytes(blake2b(f"guanlan {name}".encode(), digest_size=8).digest(), signed=True)
