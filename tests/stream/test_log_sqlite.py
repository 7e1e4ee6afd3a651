"""The SQLite log keeps the contract, and what only it can get wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from stream.database import translate
from stream.log_sqlite import SqliteLog
from stream.ports import Message, Misconfigured, Unavailable
from stream.store_sqlite import SqliteStore
from tests.factories import NOW
from tests.stream.contract_log import LogContract, LogSite, drain, keys, messages


class TestSqliteLog(LogContract):
    """The contract on a file."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> LogSite:
        """A log with a small limit in a folder of its own."""
        path = tmp_path / "log.db"

        def dispossess(topic: str, group: str) -> None:
            (tmp_path / f"log.db.{topic}.{group}.lock").unlink()

        return LogSite(
            open=lambda: SqliteLog(path, max_message_bytes=10_000),
            code=(
                "from pathlib import Path\nfrom stream.log_sqlite import SqliteLog\n"
                f"log = SqliteLog(Path({str(path)!r}), max_message_bytes=10_000)"
            ),
            dispossess=dispossess,
            max_bytes=10_000,
        )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """An open log."""
    with closing(SqliteLog(tmp_path / "log.db")) as log:
        yield log


def test_trim_keeps_what_is_young(tmp_path: Path) -> None:
    """Trim removes the messages appended before a time and tells how many; offsets go on where they were."""
    times = iter([NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2)])
    with closing(SqliteLog(tmp_path / "log.db", clock=lambda: next(times))) as log:
        log.append("posts", messages("a", "b"))
        log.append("posts", messages("c"))
        assert log.trim("posts", NOW + timedelta(minutes=30)) == 2
        assert log.trim("posts", NOW + timedelta(minutes=30)) == 0
        assert (log.size("posts"), log.lag("posts", "judge")) == (1, 1)
        assert log.trim("posts", NOW + timedelta(days=1)) == 1
        assert log.size("posts") == 0
        log.append("posts", messages("d"))
        with closing(log.reader("posts", "judge")) as reader:
            records = drain(reader, 1)
        assert [(r.key, r.offset, r.appended_at) for r in records] == [("d", 4, NOW + timedelta(hours=2))]


def test_trim_leaves_what_is_yet_to_be_read(log: SqliteLog) -> None:
    """However old, a message stays until the groups that are waited for have committed it; a new group has nothing."""
    log.append("posts", messages("a", "b", "c"))
    late = NOW + timedelta(days=100_000)
    with closing(log.reader("posts", "judge")) as reader:
        assert log.trim("posts", late, unread_by=["judge"]) == 0
        reader.poll(2, 0)
        reader.commit()
        assert log.trim("posts", late, unread_by=["judge", "other"]) == 0
        assert log.trim("posts", late, unread_by=["judge"]) == 2
        assert [record.key for record in reader.poll(2, 0)] == ["c"]
        assert log.trim("posts", late) == 1
        assert log.trim("posts", late, unread_by=["judge"]) == 0


@pytest.mark.parametrize("left", [0, 1])
def test_a_trimmed_position_is_an_error(log: SqliteLog, left: int) -> None:
    """A group whose next message was trimmed away is told so, whether or not the topic holds others."""
    log.append("posts", messages("a", "b"))
    with closing(log.reader("posts", "judge")) as reader:
        reader.poll(1, 10)
        reader.commit()
        log.trim("posts", NOW + timedelta(days=100_000))
        log.append("posts", messages("c")[:left])
        with pytest.raises(Misconfigured, match="trimmed"):
            reader.poll(1, 0)


def test_trimming_what_is_committed_disturbs_nobody(log: SqliteLog) -> None:
    """A group that had committed all that was trimmed goes on with the next message."""
    log.append("posts", messages("a", "b"))
    with closing(log.reader("posts", "judge")) as reader:
        drain(reader, 2)
        reader.commit()
        log.trim("posts", NOW + timedelta(days=100_000))
        assert reader.poll(1, 0) == []
        log.append("posts", messages("c"))
        assert keys(drain(reader, 1)) == ["c"]


@pytest.mark.parametrize("name", ["", "Posts", "a-b", "a;drop", "名", "x" * 50])
def test_names_are_checked(log: SqliteLog, name: str) -> None:
    """A topic or group that could not name a table or a file is refused."""
    with pytest.raises(ValueError, match="named by"):
        log.append(name, messages("a"))
    with pytest.raises(ValueError, match="named by"):
        log.reader("posts", name)


def _error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("of the driver")
    error.sqlite_errorname = name
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SQLITE_BUSY", Unavailable),
        ("SQLITE_BUSY_SNAPSHOT", Unavailable),
        ("SQLITE_LOCKED", Unavailable),
        ("SQLITE_FULL", Unavailable),
        ("SQLITE_IOERR", Unavailable),
        ("SQLITE_IOERR_FSYNC", Unavailable),
        ("SQLITE_NOMEM", Unavailable),
        ("SQLITE_PROTOCOL", Unavailable),
        ("SQLITE_CORRUPT", Misconfigured),
        ("SQLITE_CORRUPT_INDEX", Misconfigured),
        ("SQLITE_NOTADB", Misconfigured),
        ("SQLITE_CANTOPEN", Misconfigured),
        ("SQLITE_READONLY", Misconfigured),
        ("SQLITE_PERM", Misconfigured),
        ("SQLITE_ERROR", sqlite3.OperationalError),
        ("SQLITE_CONSTRAINT_UNIQUE", sqlite3.OperationalError),
    ],
)
def test_driver_errors_are_translated(name: str, expected: type[Exception]) -> None:
    """Every error of SQLite that is not a mistake of ours leaves as one of the port's."""
    assert type(translate(_error(name), Path("log.db"))) is expected


def test_a_locked_file_is_unavailable(tmp_path: Path) -> None:
    """Another process that keeps the write lock makes append Unavailable, and nothing is written."""
    with closing(SqliteLog(tmp_path / "log.db", busy_seconds=0.01)) as log:
        log.append("posts", messages("a"))
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="BUSY"):
                log.append("posts", messages("b"))
            with pytest.raises(Unavailable, match="BUSY"):
                log.check()
            other.execute("ROLLBACK")
        log.append("posts", messages("c"))
        assert log.size("posts") == 2


def test_a_full_disk_is_unavailable(tmp_path: Path) -> None:
    """When the file cannot grow append is Unavailable, and the log works again when it can."""
    with closing(SqliteLog(tmp_path / "log.db")) as log:
        log.append("posts", messages("a"))
        with log._database.write() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Unavailable, match="FULL"):
            log.append("posts", [Message("b", b"x" * 100_000)])
        with log._database.write() as connection:
            connection.execute("PRAGMA max_page_count=100000")
        log.append("posts", messages("c"))
        assert log.size("posts") == 2


def test_a_wrong_file_is_misconfigured(tmp_path: Path) -> None:
    """What is no database, another database, another of ours or of another version is refused with its path."""
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one" * 100)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (a)")
    SqliteStore(tmp_path / "store.db").close()
    SqliteLog(tmp_path / "old.db").close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("PRAGMA user_version=99")
    for name in ("text.db", "other.db", "store.db", "old.db", "missing/log.db"):
        with pytest.raises(Misconfigured, match=name.split("/")[0]):
            SqliteLog(tmp_path / name)


def test_a_key_that_cannot_be_stored_is_rejected(log: SqliteLog) -> None:
    """A key with a lone surrogate has no bytes; its neighbours are written."""
    with pytest.raises(Exception, match="storable") as refused:
        log.append("posts", [Message("\ud800", b""), Message("a", b"")])
    assert refused.value.ids == ("\ud800",)
    assert log.size("posts") == 1


class LogMachine(RuleBasedStateMachine):
    """One group on one topic against a list and a number."""

    path: Path

    def __init__(self) -> None:
        super().__init__()
        self.topic = f"t{len(list(self.path.parent.glob('*.lock')))}"
        self.log = SqliteLog(self.path)
        self.reader = self.log.reader(self.topic, "g")
        self.reader.poll(1, 0)
        self.kept: list[str] = []
        self.committed = self.read = 0

    @rule(batch=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=4))
    def append(self, batch: list[str]) -> None:
        """Messages go to the end."""
        self.log.append(self.topic, [Message(key, b"") for key in batch])
        self.kept += batch

    @rule(most=st.integers(1, 5))
    def poll(self, most: int) -> None:
        """The next ones come, in order."""
        assert keys(self.reader.poll(most, 0)) == self.kept[self.read : self.read + most]
        self.read = min(len(self.kept), self.read + most)

    @rule()
    def commit(self) -> None:
        """The group moves to the reader."""
        self.reader.commit()
        self.committed = self.read

    @rule()
    def rewind(self) -> None:
        """The reader moves to the group."""
        self.reader.rewind()
        self.read = self.committed

    @precondition(lambda self: self.kept)
    @rule()
    def reopen(self) -> None:
        """Nothing but the commit outlives the process."""
        self.close()
        self.log = SqliteLog(self.path)
        self.reader = self.log.reader(self.topic, "g")
        self.read = self.committed

    @invariant()
    def counts(self) -> None:
        """Lag and size say how it stands."""
        assert self.log.size(self.topic) == len(self.kept)
        assert self.log.lag(self.topic, "g") == len(self.kept) - self.committed

    def close(self) -> None:
        """Leave."""
        self.reader.close()
        self.log.close()

    def teardown(self) -> None:
        """Close what the last step left open."""
        self.close()


def test_any_sequence_of_calls(tmp_path: Path) -> None:
    """Whatever is called in whatever order, the log is a list and the group a number."""
    machine = type("Machine", (LogMachine,), {"path": tmp_path / "log.db"})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=12))
