"""The worker loses nothing, tells nothing twice, and stops when it should; on a real log."""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import FrameType

import pytest

from stream import steps, worker
from stream.codec import decode_dead, decode_judged, encode
from stream.log_sqlite import SqliteLog
from stream.ports import LogReader, Message, Misconfigured, Record, Rejected, Unavailable
from stream.records import DEAD, JUDGED, POSTS, JudgedPost, Post
from stream.retry import Backoff
from stream.store_sqlite import SqliteStore
from stream.worker import TooManyDead, Worker
from tests.factories import NOW, judgement, post
from tests.stream.contract_log import drain, keys, messages

_SOON = Backoff(first=0.001, cap=0.001)
Handle = Callable[[Sequence[Record]], None]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """An open log."""
    with closing(SqliteLog(tmp_path / "log.db", max_message_bytes=5000)) as log:
        yield log


def _run(log: SqliteLog, handle: Handle, *, topic: str = POSTS, **settings: int) -> Worker:
    """Run a worker until its group has read everything there is, in this thread."""
    with closing(log.reader(topic, "judge")) as reader:
        settings.setdefault("batch", 4)
        working = Worker("judge", reader, handle, log, backoff=_SOON, poll_seconds=0.001, clock=lambda: NOW, **settings)
        thread = threading.Thread(target=lambda: _stop_when(log, topic, working))
        thread.start()
        try:
            working.run()
        finally:
            working.stop()
            thread.join()
    return working


def _stop_when(log: SqliteLog, topic: str, working: Worker) -> None:
    waiting = threading.Event()
    while log.lag(topic, "judge") and not working._stopping:
        waiting.wait(0.005)
    working.stop()


def _dead(log: SqliteLog) -> dict[str, list[str]]:
    """Errors of the dead letters, by key on the topic."""
    with closing(log.reader(DEAD, "look")) as reader:
        found: dict[str, list[str]] = {}
        for record in drain(reader, log.lag(DEAD, "look")) if log.lag(DEAD, "look") else []:
            found.setdefault(record.key, []).append(decode_dead(record.value).error)
        return found


def test_everything_is_handled_in_order(log: SqliteLog) -> None:
    """Batches of at most the given size, in order, each record once, all committed."""
    log.append(POSTS, messages(*"abcdefghij"))
    batches: list[list[str]] = []
    done = _run(log, lambda records: batches.append(keys(list(records))))
    assert batches == [list("abcd"), list("efgh"), list("ij")]
    assert (done.handled, done.dead, done.retries, log.lag(POSTS, "judge")) == (10, 0, 0, 0)


def test_a_batch_is_committed_after_it_was_handled(log: SqliteLog) -> None:
    """While a batch is being handled the group still owes it."""
    log.append(POSTS, messages(*"abcdefgh"))
    lags: list[int] = []
    _run(log, lambda records: lags.append(log.lag(POSTS, "judge")))
    assert lags == [8, 4]


def test_unavailable_means_the_same_batch_again(log: SqliteLog) -> None:
    """The same records come until the other side is back; none is lost or dead."""
    log.append(POSTS, messages(*"abc"))
    seen: list[list[str]] = []

    def handle(records: Sequence[Record]) -> None:
        seen.append(keys(list(records)))
        if len(seen) < 4:
            raise Unavailable("not now")

    done = _run(log, handle)
    assert seen == [list("abc")] * 4
    assert (done.handled, done.retries, done.dead) == (3, 3, 0)


@pytest.mark.parametrize("bad", ["a", "d", "bc", "abcd"])
def test_what_fails_alone_dies_alone(log: SqliteLog, bad: str) -> None:
    """Bad records become dead letters with all that is known of them, good neighbours are handled once."""
    log.append(POSTS, messages(*"abcd"))
    handled: list[str] = []

    def handle(records: Sequence[Record]) -> None:
        for record in records:
            if record.key in bad:
                raise KeyError("secret words of a post")
        handled.extend(keys(list(records)))

    done = _run(log, handle)
    assert handled == [key for key in "abcd" if key not in bad]
    assert (done.handled, done.dead) == (4 - len(bad), len(bad))
    with closing(log.reader(DEAD, "look")) as reader:
        records = drain(reader, len(bad))
    letters = [decode_dead(record.value) for record in records]
    assert [record.key for record in records] == [f"posts-0-{ord(key) - 96}-judge" for key in bad]
    assert [(x.topic, x.partition, x.offset, x.group, x.key, x.value, x.died_at) for x in letters] == [
        ("posts", 0, ord(key) - 96, "judge", key, f"value of {key}".encode(), NOW) for key in bad
    ]
    assert all(x.error.startswith(f"KeyError at {__name__}:") for x in letters)


def test_unavailable_in_the_midst_of_single_records(log: SqliteLog) -> None:
    """When the other side goes away while bad records are being found, none of them is buried twice."""
    log.append(POSTS, messages(*"abcd"))
    calls = 0

    def handle(records: Sequence[Record]) -> None:
        nonlocal calls
        calls += 1
        if any(record.key in "ac" for record in records):
            raise KeyError
        if calls % 2:
            raise Unavailable("not now")

    done = _run(log, handle)
    assert (done.handled, done.dead) == (2, 2)
    assert done.retries > 0
    assert {key: len(errors) for key, errors in _dead(log).items()} == {"posts-0-1-judge": 1, "posts-0-3-judge": 1}


def test_a_dead_topic_that_cannot_be_written_stops_the_worker(log: SqliteLog) -> None:
    """It raises, and the record is still owed."""

    log.append(POSTS, messages("a"))
    path = log._database.path
    with closing(SqliteLog(path, busy_seconds=0.01)) as impatient, closing(sqlite3.connect(path)) as other:

        def handle(records: Sequence[Record]) -> None:
            other.execute("BEGIN IMMEDIATE")
            raise KeyError

        with closing(impatient.reader(POSTS, "judge")) as reader, pytest.raises(Unavailable):
            Worker("judge", reader, handle, impatient).run()
    assert log.lag(POSTS, "judge") == 1


def test_too_many_dead_stop_the_worker(log: SqliteLog) -> None:
    """More than the limit among the last messages raises, and the batch is still owed without a letter of it, however
    often the worker is started again; up to the limit does not."""
    log.append(POSTS, messages(*"abcdefgh"))
    for _ in range(2):
        with pytest.raises(TooManyDead, match="3 of the last 3"):
            _run(log, _always(KeyError()), dead_limit=2, dead_window=10)
    assert (log.lag(POSTS, "judge"), log.size(DEAD)) == (8, 0)

    def every_other(records: Sequence[Record]) -> None:
        if any(record.offset % 2 for record in records):
            raise KeyError

    assert _run(log, every_other, dead_limit=2, dead_window=4).dead == 4


@pytest.mark.parametrize("error", [Misconfigured("broken file"), KeyboardInterrupt()])
def test_what_no_record_is_to_blame_for_stops_the_worker(log: SqliteLog, error: BaseException) -> None:
    """Nobody is buried for a broken setting or an interrupt."""
    log.append(POSTS, messages("a"))
    with pytest.raises(type(error)):
        _run(log, _always(error))
    assert (log.lag(POSTS, "judge"), log.size(DEAD)) == (1, 0)


def _always(error: BaseException) -> Handle:
    def handle(records: Sequence[Record]) -> None:
        raise error

    return handle


def test_stop_finishes_the_batch(log: SqliteLog) -> None:
    """Stopped in the middle of a batch, the worker handles and commits it, and takes no other."""
    log.append(POSTS, messages(*"abcdefgh"))
    with closing(log.reader(POSTS, "judge")) as reader:
        working = Worker("judge", reader, lambda records: working.stop(), log, batch=4)
        working.run()
    assert log.lag(POSTS, "judge") == 4


def test_stop_does_not_wait_for_what_is_unavailable(log: SqliteLog) -> None:
    """Stopped while the other side is away, the worker leaves at once and the batch is still owed."""
    log.append(POSTS, messages("a"))
    with closing(log.reader(POSTS, "judge")) as reader:

        def handle(records: Sequence[Record]) -> None:
            threading.Timer(0.05, working.stop).start()
            raise Unavailable("for long")

        working = Worker("judge", reader, handle, log, backoff=Backoff(first=60, cap=60))
        working.run()
    assert log.lag(POSTS, "judge") == 1


def test_a_lost_reader_goes_on(log: SqliteLog) -> None:
    """When another took over before the commit, nothing is raised and nothing is lost."""
    log.append(POSTS, messages("a"))
    path = log._database.path
    seen: list[str] = []

    def handle(records: Sequence[Record]) -> None:
        seen.extend(keys(list(records)))
        if len(seen) == 1:
            path.with_name(f"{path.name}.posts.judge.lock").unlink()
            with closing(log.reader(POSTS, "judge")) as other:
                assert keys(other.poll(1, 10)) == ["a"]

    _run(log, handle)
    assert seen == ["a", "a"]


def _judge(posts: Sequence[Post], logged_at: Sequence[datetime]) -> list[JudgedPost]:
    return [JudgedPost(one, judgement(), (), one.id, at, NOW) for one, at in zip(posts, logged_at, strict=True)]


def _log_posts(log: SqliteLog) -> list[Post]:
    """Two posts around something that is none."""
    good = [post("1"), post("2")]
    log.append(POSTS, [Message(good[0].id, encode(good[0])), Message("x", b"{}"), Message(good[1].id, encode(good[1]))])
    return good


def test_from_posts_to_the_store_and_the_desk(log: SqliteLog, tmp_path: Path) -> None:
    """Good posts are judged, indexed and told to the desk; what is none of them dies with its field's name."""
    good = _log_posts(log)
    _run(log, steps.judging(_judge, log))
    assert _dead(log) == {"posts-0-2-judge": ["Undecodable: Object missing required field `id` at $"]}
    told: list[JudgedPost] = []
    log.append(JUDGED, messages("not a judged post"))
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        _run(log, steps.indexing(store), topic=JUDGED)
        hits = [store.get(one.id) for one in good]
    with closing(log.reader(JUDGED, "alert")) as reader:
        records = drain(reader, 3)
    steps.alerting(told.extend)(records[:2])
    assert [hit.judged.post for hit in hits if hit] == [one.post for one in told] == good
    assert [one.logged_at for one in told] == [record.appended_at for record in _records(log, POSTS)[::2]]
    assert len(_dead(log)) == 2


def _records(log: SqliteLog, topic: str) -> list[Record]:
    with closing(log.reader(topic, "look_again")) as reader:
        return drain(reader, log.size(topic))


def test_a_judge_that_drops_a_post_is_not_believed(log: SqliteLog) -> None:
    """A step that gives fewer than it took must not look as if it had succeeded."""
    _log_posts(log)
    done = _run(log, steps.judging(lambda posts, at: [], log))
    assert done.dead == 3


def test_a_judged_post_that_grew_too_large_dies(log: SqliteLog) -> None:
    """What the log will never take becomes a dead letter, which the log does take."""
    large = post("1", text="x" * 4450)
    log.append(POSTS, [Message(large.id, encode(large))])
    with pytest.raises(Rejected):
        log.append(JUDGED, [Message(large.id, encode(_judge([large], [NOW])[0]))])
    assert _run(log, steps.judging(_judge, log)).dead == 1


class Crash(BaseException):
    """The process is gone: no handler of ours runs."""


def _crash_at(line: int, run: Callable[[], None]) -> bool:
    """Run, and crash when that many lines of the worker and its steps have begun; whether it came to that."""
    begun = 0

    def on_line(frame: FrameType, event: str, arg: object) -> object:
        nonlocal begun
        if event == "line":
            begun += 1
            if begun == line:
                raise Crash
        return on_line

    def on_call(frame: FrameType, event: str, arg: object) -> object:
        return on_line if frame.f_code.co_filename in (worker.__file__, steps.__file__) else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        run()
    except Crash:
        return True
    finally:
        sys.settrace(before)
    return False


def test_a_crash_on_any_line(log: SqliteLog) -> None:
    """Whichever line is the last one before the crash, the next worker ends with the same judged and dead."""

    def one_batch(reader: LogReader) -> None:
        judge = steps.judging(_judge, log)

        def handle(records: Sequence[Record]) -> None:
            working.stop()
            judge(records)

        working = Worker("judge", reader, handle, log, backoff=_SOON, clock=lambda: NOW, dead_limit=1000)
        working.run()

    line, crashed = 0, True
    with closing(log.reader(JUDGED, "look")) as judged, closing(log.reader(DEAD, "look")) as dead:
        while crashed:
            line += 1
            good = _log_posts(log)
            with closing(log.reader(POSTS, "judge")) as reader:
                crashed = _crash_at(line, lambda reader=reader: one_batch(reader))
            if log.lag(POSTS, "judge"):
                with closing(log.reader(POSTS, "judge")) as reader:
                    one_batch(reader)
            assert log.lag(POSTS, "judge") == 0
            assert {decode_judged(record.value).post.id for record in judged.poll(100, 0)} == {one.id for one in good}
            assert {record.key for record in dead.poll(100, 0)} == {f"posts-0-{3 * line - 1}-judge"}
    assert line > 60


@pytest.mark.parametrize(("attempt", "expected"), [(1, 0.2), (2, 0.4), (5, 3.2), (9, 30.0), (10_000, 30.0)])
def test_backoff_doubles_up_to_its_cap(attempt: int, expected: float) -> None:
    """The longest delay doubles and is capped, the shortest is half of it."""
    assert Backoff(random=lambda: 0.0).delay(attempt) == pytest.approx(expected)
    assert Backoff(random=lambda: 1.0).delay(attempt) == pytest.approx(expected / 2)
