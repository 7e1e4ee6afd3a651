"""The message log in one SQLite file: the embedded adapter of `ports.MessageLog`.

Owns topics as tables and groups as rows. One partition a topic, so that order holds for all keys. A group has one
active reader, the holder of a lock on a file beside the database; the kernel releases it when its process dies, so
another takes over at once. Opening connections and SQLite's errors belong to `database`.
"""

import queue
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from stream.database import Database, from_micros, now, to_micros
from stream.filelock import FileLock
from stream.ports import Message, Misconfigured, Reassigned, Record, Rejected
from stream.records import DEAD

_SCHEMA = """
CREATE TABLE groups (
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    position INTEGER,              -- the next offset to read; NULL until the first commit
    generation INTEGER NOT NULL,   -- how many readers have been active; a commit of an older one is refused
    PRIMARY KEY (topic, name)
) WITHOUT ROWID
"""
_TICK = 0.02
"""Seconds between two looks at the file while a poll waits; one look costs microseconds."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class SqliteLog:
    """A `MessageLog` in a file, for as many processes and threads of one machine as like.

    Args:
        path: the file; its folder must exist. Lock files stand beside it.
        clock: gives `Record.appended_at`.
        max_message_bytes: a larger value is Rejected. Dead letters, which carry another message in base64, may be
            twice as large.
        busy_seconds: how long an append or commit waits for other processes before it is Unavailable.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = now,
        max_message_bytes: int = 1 << 20,
        busy_seconds: float = 10.0,
    ) -> None:
        self._clock = clock
        self._max_bytes = max_message_bytes
        self._database = Database(path, _SCHEMA, application_id=0x676C6C67, version=1, busy_seconds=busy_seconds)
        self._topics: set[str] = set()

    def append(self, topic: str, messages: Sequence[Message]) -> None:
        """See `ports.MessageLog.append`."""
        table = self._table(topic)
        limit = self._max_bytes * 2 if topic == DEAD else self._max_bytes
        at = to_micros(self._clock())
        rows = [(m.key, m.value, at) for m in messages if len(m.value) <= limit and _storable(m.key)]
        if rows:
            with self._database.write() as connection:
                connection.executemany(f"INSERT INTO {table} (key, value, appended_at) VALUES (?, ?, ?)", rows)  # noqa: S608 — a checked name
        if len(rows) < len(messages):
            refused = [m.key for m in messages if len(m.value) > limit or not _storable(m.key)]
            raise Rejected(f"{len(refused)} messages are larger than {limit} bytes or have no storable key", refused)

    def reader(self, topic: str, group: str) -> "SqliteReader":
        """See `ports.MessageLog.reader`."""
        return SqliteReader(self._database, topic, self._table(topic), _checked(group))

    def lag(self, topic: str, group: str) -> int:
        """See `ports.MessageLog.lag`."""
        table = self._table(topic)
        with self._database.read() as connection:
            first, after = _ends(connection, table)
            position = _position(connection, topic, group, first)
        return after - max(first, position)

    def size(self, topic: str) -> int:
        """See `ports.MessageLog.size`."""
        table = self._table(topic)
        with self._database.read() as connection:
            first, after = _ends(connection, table)
        return after - first

    def trim(self, topic: str, before: datetime, *, unread_by: Sequence[str] = ()) -> int:
        """Remove the oldest messages, up to the first that was appended at or after `before`, or that one of the groups
        `unread_by` has not committed; returns how many.

        Any other group that had not committed them is told by Misconfigured at its next poll.
        """
        table = self._table(topic)
        with self._database.write() as connection:
            first, after = _ends(connection, table)
            kept = connection.execute(
                f"SELECT offset FROM {table} WHERE appended_at >= ? ORDER BY offset LIMIT 1",  # noqa: S608 — a checked name
                (to_micros(before),),
            ).fetchone()
            end = min([kept[0] if kept else after, *(_position(connection, topic, name, first) for name in unread_by)])
            connection.execute(f"DELETE FROM {table} WHERE offset < ?", (end,))  # noqa: S608 — a checked name
        return int(max(first, end) - first)

    def check(self) -> None:
        """See `ports.MessageLog.check`."""
        self._database.check()

    def close(self) -> None:
        """See `ports.MessageLog.close`; readers are closed by their owners."""
        self._database.close()

    def _table(self, topic: str) -> str:
        table = f"topic_{_checked(topic)}"
        if topic not in self._topics:
            with self._database.write() as connection:
                # AUTOINCREMENT: an offset is never used again, and as rows leave only from the front and a rolled
                # back insert gives its number back, a topic's offsets have no gaps
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} (offset INTEGER PRIMARY KEY AUTOINCREMENT,"
                    " key TEXT NOT NULL, value BLOB NOT NULL, appended_at INTEGER NOT NULL)"
                )
            self._topics.add(topic)
        return table


class SqliteReader:
    """A `LogReader`. For one thread at a time, except `stop`."""

    def __init__(self, database: Database, topic: str, table: str, group: str) -> None:
        self._database = database
        self._topic = topic
        self._table = table
        self._group = group
        self._connection = database.connect()
        self._lock = FileLock(database.path.with_name(f"{database.path.name}.{topic}.{group}.lock"))
        self._generation = 0
        self._committed: int | None = None
        self._read: int | None = None
        self._stopped = False
        # put() is safe in a signal handler that interrupts get(), which threading.Event.set() is not
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """See `ports.LogReader.poll`."""
        end = time.monotonic() + timeout
        seen = None
        while True:
            if self._active():
                version = self._version()
                if version != seen:  # something was committed since the last look
                    seen = version
                    records = self._next(max_records)
                    if records:
                        return records
            left = end - time.monotonic()
            if left <= 0 or self._stopped:
                return []
            self.wait(min(_TICK, left))

    def commit(self) -> None:
        """See `ports.LogReader.commit`."""
        if self._read is None or self._read == self._committed:
            return
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE groups SET position = ? WHERE topic = ? AND name = ? AND generation = ?",
                (self._read, self._topic, self._group, self._generation),
            ).rowcount
        if not changed:
            self._leave()
            raise Reassigned(f"{self._group} on {self._topic}: another reader has taken over")
        self._committed = self._read

    def rewind(self) -> None:
        """See `ports.LogReader.rewind`."""
        self._read = self._committed

    def wait(self, seconds: float) -> None:
        """See `ports.LogReader.wait`."""
        if not self._stopped and seconds > 0:
            try:
                self._wake.get(timeout=seconds)
            except queue.Empty:
                return

    def stop(self) -> None:
        """See `ports.LogReader.stop`; once stopped, this reader never waits again. Safe in a signal handler."""
        self._stopped = True
        self._wake.put(None)

    def close(self) -> None:
        """See `ports.LogReader.close`."""
        self._leave()
        self._connection.close()

    def _active(self) -> bool:
        """Whether this is the group's active reader, after trying to become it."""
        if self._lock.held:
            return True
        if not self._lock.acquire():
            return False
        try:
            with self._database.write() as connection:
                self._committed, self._generation = connection.execute(
                    "INSERT INTO groups (topic, name, generation) VALUES (?, ?, 1)"
                    " ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING position, generation",
                    (self._topic, self._group),
                ).fetchone()
        except BaseException:
            self._lock.release()
            raise
        self._read = self._committed
        return True

    def _leave(self) -> None:
        self._lock.release()
        self._generation = 0  # no row has it, so what was read can no longer be committed

    def _version(self) -> int:
        with self._database.translated():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _next(self, max_records: int) -> list[Record]:
        start = self._read
        with self._database.translated():
            # one view for both questions: a message appended between them would look like one trimmed away
            self._connection.execute("BEGIN")
            try:
                rows = self._connection.execute(
                    f"SELECT offset, key, value, appended_at FROM {self._table} WHERE offset >= ? ORDER BY offset LIMIT ?",  # noqa: S608, E501 — a checked name
                    (start or 0, max_records),
                ).fetchall()
                first = rows[0][0] if rows else _ends(self._connection, self._table)[1]
            finally:
                self._connection.execute("ROLLBACK")
        if start is not None and first > start:
            raise Misconfigured(
                f"{self._group} on {self._topic}: its position {start} has been trimmed away, the oldest message is"
                f" {first}; keep messages longer than a group may lag"
            )
        if rows:
            self._read = rows[-1][0] + 1
        topic = self._topic
        return [Record(topic, 0, offset, key, value, from_micros(at)) for offset, key, value, at in rows]


def _position(connection: sqlite3.Connection, topic: str, group: str, first: int) -> int:
    """The next offset a group has not committed; `first` where it never committed."""
    row = connection.execute("SELECT position FROM groups WHERE topic = ? AND name = ?", (topic, group)).fetchone()
    return first if row is None or row[0] is None else int(row[0])


def _ends(connection: sqlite3.Connection, table: str) -> tuple[int, int]:
    """The oldest offset and the one after the newest; equal when the topic is empty."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    after = row[0] + 1 if row else 1
    first = connection.execute(f"SELECT min(offset) FROM {table}").fetchone()[0]  # noqa: S608 — a checked name
    return (after if first is None else first), after


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a topic or group is named by small letters, digits and underscores")
    return name


def _storable(key: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in key)
