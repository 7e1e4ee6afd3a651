"""What every MessageLog must do. A test module of an adapter subclasses LogContract and gives it a `site`."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from stream.ports import LogReader, Message, MessageLog, Reassigned, Record, Rejected
from tests.stream.child import child, run_together


@dataclass(frozen=True)
class LogSite:
    """A place with one log in it."""

    open: Callable[[], MessageLog]
    """Another handle on the same log, as another process would have."""
    code: str
    """Python that defines `log`, such a handle, in a child process."""
    dispossess: Callable[[str, str], None]
    """Make the active reader of a topic and group lose it without its knowledge."""
    max_bytes: int


def messages(*keys: str) -> list[Message]:
    """Messages whose values tell them apart."""
    return [Message(key, f"value of {key}".encode()) for key in keys]


def keys(records: list[Record]) -> list[str]:
    """The keys, in order."""
    return [record.key for record in records]


def drain(reader: LogReader, count: int) -> list[Record]:
    """At least `count` records, or as many as come within some seconds."""
    records: list[Record] = []
    end = time.monotonic() + 10
    while len(records) < count and time.monotonic() < end:
        records += reader.poll(1000, 1)
    return records


class LogContract:
    """The promises of `ports.MessageLog` and `ports.LogReader`."""

    @pytest.fixture
    def site(self) -> LogSite:
        """Given by the adapter's test class."""
        raise NotImplementedError

    @pytest.fixture
    def log(self, site: LogSite) -> Iterator[MessageLog]:
        """An open log."""
        with closing(site.open()) as log:
            yield log

    def test_a_new_group_starts_at_the_oldest_message(self, log: MessageLog) -> None:
        """Messages come in append order, with their place, key, value and time, from the first one on."""
        log.append("posts", messages("a", "b"))
        log.append("posts", messages("c"))
        with closing(log.reader("posts", "judge")) as reader:
            records = drain(reader, 3)
        assert keys(records) == ["a", "b", "c"]
        assert [r.value for r in records] == [b"value of a", b"value of b", b"value of c"]
        assert {r.topic for r in records} == {"posts"}
        assert len({(r.partition, r.offset) for r in records}) == 3
        assert all(r.appended_at.utcoffset() is not None for r in records)

    def test_poll_moves_the_reader_only(self, site: LogSite, log: MessageLog) -> None:
        """What was polled and not committed is read again by the next reader."""
        log.append("posts", messages("a", "b"))
        with closing(log.reader("posts", "judge")) as reader:
            assert keys(reader.poll(1, 10)) == ["a"]
            assert keys(reader.poll(1, 10)) == ["b"]
        with closing(site.open()) as other, closing(other.reader("posts", "judge")) as reader:
            assert keys(drain(reader, 2)) == ["a", "b"]

    def test_commit_moves_the_group(self, site: LogSite, log: MessageLog) -> None:
        """What was committed is not read again, what was polled after the commit is."""
        log.append("posts", messages("a", "b", "c"))
        with closing(log.reader("posts", "judge")) as reader:
            reader.poll(1, 10)
            reader.commit()
            reader.poll(1, 10)
        with closing(site.open()) as other, closing(other.reader("posts", "judge")) as reader:
            assert keys(drain(reader, 2)) == ["b", "c"]

    def test_rewind_goes_back_to_the_commit(self, log: MessageLog) -> None:
        """After rewind the same records come again, before any commit and after one."""
        log.append("posts", messages("a", "b", "c"))
        with closing(log.reader("posts", "judge")) as reader:
            assert keys(reader.poll(2, 10)) == ["a", "b"]
            reader.rewind()
            assert keys(reader.poll(1, 10)) == ["a"]
            reader.commit()
            assert keys(reader.poll(2, 10)) == ["b", "c"]
            reader.rewind()
            assert keys(reader.poll(2, 10)) == ["b", "c"]

    def test_groups_are_independent(self, log: MessageLog) -> None:
        """One group's commits do not move another's."""
        log.append("judged", messages("a", "b"))
        with closing(log.reader("judged", "index")) as index, closing(log.reader("judged", "alert")) as alert:
            drain(index, 2)
            index.commit()
            assert keys(drain(alert, 2)) == ["a", "b"]
        assert (log.lag("judged", "index"), log.lag("judged", "alert")) == (0, 2)

    def test_topics_are_independent(self, log: MessageLog) -> None:
        """A topic holds its own messages only, and groups of the same name do not meet across topics."""
        log.append("posts", messages("a"))
        log.append("judged", messages("b", "c"))
        with closing(log.reader("posts", "g")) as posts, closing(log.reader("judged", "g")) as judged:
            assert (keys(drain(posts, 1)), keys(drain(judged, 2))) == (["a"], ["b", "c"])

    def test_lag_and_size(self, log: MessageLog) -> None:
        """Lag counts what the group has not committed, size what the topic holds."""
        assert (log.lag("posts", "judge"), log.size("posts")) == (0, 0)
        log.append("posts", messages("a", "b", "c"))
        assert (log.lag("posts", "judge"), log.size("posts")) == (3, 3)
        with closing(log.reader("posts", "judge")) as reader:
            reader.poll(2, 10)
            assert log.lag("posts", "judge") == 3
            reader.commit()
        assert (log.lag("posts", "judge"), log.size("posts")) == (1, 3)

    def test_commit_without_poll_changes_nothing(self, log: MessageLog) -> None:
        """A commit with nothing read is no promise about anything."""
        log.append("posts", messages("a"))
        with closing(log.reader("posts", "judge")) as reader:
            reader.commit()
            assert log.lag("posts", "judge") == 1
            assert keys(reader.poll(5, 10)) == ["a"]

    def test_a_second_reader_waits(self, site: LogSite, log: MessageLog) -> None:
        """While one reader of a group is active another gets nothing; when it leaves, the other goes on."""
        log.append("posts", messages("a", "b"))
        with closing(site.open()) as other, closing(other.reader("posts", "judge")) as second:
            with closing(log.reader("posts", "judge")) as first:
                assert keys(first.poll(1, 10)) == ["a"]
                assert second.poll(5, 0.05) == []
                first.commit()
            assert keys(drain(second, 1)) == ["b"]

    def test_a_lost_reader_cannot_commit(self, site: LogSite, log: MessageLog) -> None:
        """Its commit raises Reassigned and moves nothing; the new owner reads the same again."""
        log.append("posts", messages("a", "b"))
        with closing(log.reader("posts", "judge")) as first:
            assert keys(first.poll(1, 10)) == ["a"]
            site.dispossess("posts", "judge")
            with closing(site.open()) as other, closing(other.reader("posts", "judge")) as second:
                assert keys(drain(second, 2)) == ["a", "b"]
                with pytest.raises(Reassigned):
                    first.commit()
                assert log.lag("posts", "judge") == 2
                second.commit()
        assert log.lag("posts", "judge") == 0

    def test_append_survives_kill(self, site: LogSite, log: MessageLog) -> None:
        """What append returned for is there after the process was killed with SIGKILL."""
        code = f"{site.code}\nfrom stream.ports import Message\nlog.append('posts', [Message('a', b'x')])"
        with child(code):
            pass
        assert log.size("posts") == 1

    def test_takeover_after_kill(self, site: LogSite, log: MessageLog) -> None:
        """When the active reader is killed, another one takes over and reads what was not committed."""
        log.append("posts", messages("a", "b"))
        code = (
            f"{site.code}\nreader = log.reader('posts', 'judge')\nassert reader.poll(1, 10)[0].key == 'a'\n"
            "reader.commit()\nassert reader.poll(1, 10)[0].key == 'b'"
        )
        with closing(log.reader("posts", "judge")) as reader:
            with child(code):
                assert reader.poll(5, 0.05) == []
            assert keys(drain(reader, 1)) == ["b"]

    def test_processes_append_together(self, site: LogSite, log: MessageLog) -> None:
        """Several processes appending at once lose nothing, and each one's messages stay in order."""
        code = (
            f"{site.code}\nfrom stream.ports import Message\n"
            "for i in range(20): log.append('posts', [Message(NAME, str(2*i+k).encode()) for k in (0, 1)])"
        )
        run_together([f"NAME = 'p{n}'\n{code}" for n in range(3)])
        with closing(log.reader("posts", "judge")) as reader:
            records = drain(reader, 120)
        by_key = defaultdict(list)
        for record in records:
            by_key[record.key].append(int(record.value))
        assert by_key == {f"p{n}": list(range(40)) for n in range(3)}

    def test_threads_append_while_one_reads(self, log: MessageLog) -> None:
        """Threads share a log: everything appended is read once, whatever is going on at the same time."""
        threads = [
            threading.Thread(target=lambda n=n: [log.append("posts", messages(f"{n}-{i}")) for i in range(20)])
            for n in range(3)
        ]
        with closing(log.reader("posts", "judge")) as reader:
            for thread in threads:
                thread.start()
            read = keys(drain(reader, 60))
            for thread in threads:
                thread.join()
        assert sorted(read) == sorted(f"{n}-{i}" for n in range(3) for i in range(20))

    def test_poll_waits_for_the_first(self, site: LogSite, log: MessageLog) -> None:
        """A waiting poll returns soon after another handle appends, long before its timeout."""
        with closing(site.open()) as other, closing(log.reader("posts", "judge")) as reader:
            assert reader.poll(1, 0) == []
            thread = threading.Timer(0.05, lambda: other.append("posts", messages("a")))
            thread.start()
            begin = time.monotonic()
            assert keys(reader.poll(5, 30)) == ["a"]
            assert time.monotonic() - begin < 10
            thread.join()

    @pytest.mark.parametrize("waiting", ["poll", "wait"])
    def test_stop_wakes(self, log: MessageLog, waiting: str) -> None:
        """Stop from another thread ends a poll or wait at once, and those after it."""
        with closing(log.reader("posts", "judge")) as reader:
            calls: dict[str, Callable[[], object]] = {
                "poll": lambda: reader.poll(1, 60),
                "wait": lambda: reader.wait(60),
            }
            thread = threading.Timer(0.05, reader.stop)
            thread.start()
            begin = time.monotonic()
            calls[waiting]()
            calls[waiting]()
            assert time.monotonic() - begin < 10
            thread.join()

    def test_too_large_is_rejected_alone(self, site: LogSite, log: MessageLog) -> None:
        """A message over the limit is refused by name, its neighbours are written."""
        with pytest.raises(Rejected) as refused:
            log.append("posts", [Message("a", b"1"), Message("b", b"x" * (site.max_bytes + 1)), Message("c", b"2")])
        assert refused.value.ids == ("b",)
        with closing(log.reader("posts", "judge")) as reader:
            assert keys(drain(reader, 2)) == ["a", "c"]

    def test_the_largest_message_can_be_buried(self, site: LogSite, log: MessageLog) -> None:
        """A dead letter holding the largest message, in base64, still finds room on the dead topic."""
        log.append("dead", [Message("a", b"x" * (site.max_bytes * 4 // 3 + 1000))])
        assert log.size("dead") == 1

    def test_nothing_to_append(self, log: MessageLog) -> None:
        """An empty append does nothing."""
        log.append("posts", [])
        assert log.size("posts") == 0

    def test_check_passes(self, log: MessageLog) -> None:
        """A log in order passes its check."""
        log.check()
