"""Drop folders: what is read, once, and what is said of what cannot be."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers import inbox
from crawlers.inbox import import_file, scan
from crawlers.intake import BATCH, Intake
from crawlers.layouts import Layout
from crawlers.ledger import Ledger
from crawlers.normalize import DropReason
from crawlers.reports import CrawlReport, Outcome
from crawlers.sources import Access, Source
from crawlers.state import CrawlState
from crawlers.tables import Broken
from stream.codec import decode_post
from stream.labels import Health
from stream.log_sqlite import SqliteLog
from stream.ports import Rejected, Unavailable
from stream.records import POSTS, Post
from stream.retry import Backoff

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SOURCE = Source(
    "hotline",
    "inbox",
    Access.OPERATOR_EXPORT,
    layout=Layout(id=("id",), text=("text",), published=("at",), optional=("published",)),
)


class _FullLog(SqliteLog):
    """A log that takes so many appends and no more, and never one key."""

    room = 10**9
    never = ""

    def append(self, topic: str, messages: Any) -> None:
        if self.room <= 0:
            raise Unavailable("full")
        self.room -= 1
        refused = [message.key for message in messages if message.key == self.never]
        super().append(topic, [message for message in messages if message.key != self.never])
        if refused:
            raise Rejected("too large", refused)


@dataclass
class Room:
    """A drop folder with all that stands behind it, and a clock that tests turn."""

    folder: Path
    log: _FullLog
    state: CrawlState
    ledger: Ledger
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)
    source: Source = SOURCE

    def put(self, name: str, body: str | bytes, *, age: float = 60) -> Path:
        """A file that somebody finished writing so many seconds ago."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        changed = self.now.timestamp() - age
        os.utime(path, (changed, changed))
        return path

    def intake(self) -> Intake:
        """The way in."""
        return Intake(
            self.source, self.log, self.state, self.ledger, author_key=b"k", clock=lambda: self.now,
            attempts=2, backoff=Backoff(), sleep=self.slept.append,
        )  # fmt: skip

    def scan(self) -> CrawlReport:
        """One look into the folder."""
        return scan(self.intake(), self.folder)

    def posts(self) -> list[Post]:
        """Everything on the log, in order."""
        reader = self.log.reader(POSTS, "test")
        try:
            found: list[Post] = []
            while records := reader.poll(1000, 0):
                found.extend(decode_post(record.value) for record in records)
            return found
        finally:
            reader.close()

    def health(self) -> tuple[Health, str]:
        """What is said of the source."""
        (one,) = self.state.health([self.source], self.now)
        return one.health, one.reason


@pytest.fixture(name="room")
def _room(tmp_path: Path) -> Iterator[Room]:
    log, state, ledger = _FullLog(tmp_path / "log.db"), CrawlState(tmp_path / "crawl.db"), Ledger(tmp_path / "inbox.db")
    yield Room(tmp_path / "inbox", log, state, ledger)
    ledger.close()
    state.close()
    log.close()


def table(*rows: tuple[object, str]) -> str:
    """A CSV of ids and texts."""
    return "id,text\n" + "".join(f"{native},{text}\n" for native, text in rows)


def test_ids_that_excel_has_rounded_lose_no_row(room):
    """Tickets that all became 2.02611E+17 are a post each, and the report of the delivery says what happened."""
    path = room.put("a.csv", table(("2.02611E+17", "一"), ("2.02611E+17", "二"), ("7", "三")))
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 3)
    assert report.reason == "文件「a.csv」有 2 行的编号已被 Excel 改成科学计数法，改按内容识别"
    assert room.health()[0] is Health.FRESH
    again, taken = import_file(room.intake(), path)
    assert (again.posts, again.known, taken.trouble) == (0, 3, "")
    assert "科学计数法" in taken.note


def test_times_that_nobody_can_read_are_told(room):
    """The rows are kept and stand at the time of the import, which the delivery says; an empty cell needs no word."""
    path = room.put("a.csv", "id,text,at\n1,一,昨儿个\n2,二,\n3,三,2026-11-20 09:05\n")
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 3)
    assert report.reason == "文件「a.csv」有 1 行的时间读不出来，按导入的时间算"
    assert import_file(room.intake(), path)[1].note == "有 1 行的时间读不出来，按导入的时间算"


def test_a_file_is_read_once(room):
    """Its rows go to the log; the same file again, renamed, or with the same rows and more, adds only what is new."""
    room.put("a.csv", table((1, "一"), (2, "二")))
    report = room.scan()
    assert (report.outcome, report.posts, report.pages) == (Outcome.COMPLETE, 2, 1)
    assert [(post.text, post.platform, post.source) for post in room.posts()] == [
        ("一", "owned", "hotline"),
        ("二", "owned", "hotline"),
    ]
    assert room.scan().pages == 0
    room.put("copy.csv", table((1, "一"), (2, "二")))
    assert room.scan().pages == 0
    room.put("a.csv", table((1, "一"), (2, "二"), (3, "三")))
    grown = room.scan()
    assert (grown.posts, grown.known) == (1, 2)
    assert len(room.posts()) == 3
    assert room.health() == (Health.FRESH, "")


def test_a_row_that_says_something_new_is_logged_again(room):
    """A ticket answered since is a newer version of the same post; of two rows with one id the later counts."""
    room.put("a.csv", table((1, "一"), (2, "二"), (2, "贰")))
    assert room.scan().posts == 2
    room.now += timedelta(hours=1)
    room.put("b.csv", table((1, "一"), (2, "二,已回访".replace(",", "，"))))
    report = room.scan()
    assert (report.posts, report.known) == (1, 1)
    assert [post.text for post in room.posts()] == ["一", "贰", "二，已回访"]
    assert room.posts()[1].id == room.posts()[2].id


def test_a_row_that_changes_stays_of_the_day_it_was_known_from(room):
    """Without a time of its own it keeps the first guess, so that it is no new matter of today; and it says since when
    it is known."""
    first = room.now
    for day, text in enumerate(("一", "一，已回访", "一，又来电")):
        room.now = first + timedelta(days=day)
        room.put(f"{day}.csv", table((1, text)))
        assert room.scan().posts == 1
    posts = room.posts()
    assert {post.published_at for post in posts} == {first}
    assert [post.fetched_at for post in posts] == [first + timedelta(days=day) for day in range(3)]
    assert [post.known_since for post in posts] == [None, first, first]


def test_a_ledger_of_an_earlier_release_is_read_on(tmp_path):
    """Its rows are known as before; since when, they do not say."""
    path = tmp_path / "inbox.db"
    with closing(Ledger(path)) as ledger:
        ledger.logged("hotline", [("1", b"old")], NOW)
    with closing(sqlite3.connect(path)) as file:
        file.execute("ALTER TABLE rows DROP COLUMN first")
        file.execute("PRAGMA user_version=1")
    with closing(Ledger(path)) as ledger:
        assert ledger.rows("hotline", ["1", "2"]) == {"1": (b"old", None)}
        ledger.logged("hotline", [("1", b"new"), ("2", b"one")], NOW)
        assert ledger.rows("hotline", ["1", "2"]) == {"1": (b"new", None), "2": (b"one", NOW)}


def test_files_being_written_are_left_alone(room):
    """What changed a moment ago, what bears the name of something unfinished, what is hidden, what leads elsewhere."""
    for name in ("a.csv.part", ".a.csv", "~$a.xlsx", "b.tmp"):
        room.put(name, table((1, "一")))
    path = room.put("late.csv", table((1, "一")), age=3)
    (room.folder / "link.csv").symlink_to(path)
    (room.folder / "more").mkdir()
    assert (room.scan().pages, room.health()[0]) == (0, Health.FRESH)
    room.now += timedelta(seconds=20)
    assert room.scan().posts == 1


def test_a_file_that_grows_while_it_is_read_is_read_again(room, monkeypatch):
    """What was there is taken, what came meanwhile at the next look."""
    path = room.put("a.csv", table((1, "一")))
    real = inbox.read_file

    def growing(*given: Any) -> Any:
        yield from real(*given)
        room.put("a.csv", table((1, "一"), (2, "二")), age=30)

    monkeypatch.setattr(inbox, "read_file", growing)
    assert room.scan().posts == 1
    monkeypatch.undo()
    assert room.scan().posts == 1
    assert path.exists()


def test_bad_rows_are_counted_by_reason_and_the_rest_goes_on(room, caplog):
    """Dropped rows are in the report, and their numbers in our log, without a word of theirs."""
    room.put("a.csv", 'id,text\n1,好\n2,\n3,"没有关\n4,多,了\n5,geheim\n')
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 2)
    assert report.drops == {"malformed": 2, "no_text": 1}
    assert "row 3: no_text" in caplog.text
    assert "geheim" not in caplog.text
    assert "没有关" not in caplog.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"PK\x03\x04broken", "工作簿已损坏"),
        ("编号,内容\n1,一\n", "找不到列:text"),
        ("id,text\n1,\n2,-\n", "没有一行可用：第 2 行没有正文"),
        (b"", "空的"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_not_tried_again(room, body, said):
    """It is a gap in what we have, by name, until it is taken away or put right; the good files beside it are read."""
    path = room.put("bad.csv", body)
    room.put("good.csv", table((1, "一")))
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.GAP, 1)
    health, reason = room.health()
    assert health is Health.GAP
    assert "「bad.csv」" in reason
    assert said in reason
    again = room.scan()
    assert (again.outcome, again.pages, dict(again.drops)) == (Outcome.GAP, 0, {})
    path.unlink()
    assert room.scan().outcome is Outcome.COMPLETE
    room.put("bad.csv", table((2, "二")))
    assert room.scan().posts == 1
    assert room.health() == (Health.FRESH, "")


def test_a_file_that_may_not_be_opened_stops_no_other(room, monkeypatch):
    """It is told by name, not the folder; once it may be opened the next look reads it, though it did not change."""
    room.put("bad.csv", table((1, "一")), age=90)
    room.put("good.csv", table((2, "二")))
    real = inbox.read_file

    def refusing(path: Path, *given: Any) -> Any:
        if path.name == "bad.csv":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *given)

    monkeypatch.setattr(inbox, "read_file", refusing)
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.GAP, 1)
    assert report.reason == "文件「bad.csv」无法读取：Permission denied"
    monkeypatch.undo()
    mended = room.scan()
    assert (mended.outcome, mended.posts) == (Outcome.COMPLETE, 1)


def test_a_file_in_another_encoding_than_the_layout_says_stops_no_other(room):
    """It is told by name with what to do, and the files beside it are read."""
    room.source = replace(SOURCE, layout=replace(SOURCE.layout, encoding="utf-16"))
    room.put("bad.csv", table((1, "一")), age=90)
    room.put("good.csv", table((2, "二")).encode("utf-16"))
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.GAP, 1)
    assert report.reason == "文件「bad.csv」文件编码与 layout.encoding 不符,请改正或删去这一项"


def test_a_file_that_was_refused_under_a_wrong_layout_is_looked_at_under_the_right_one(room):
    """Mending the layout is enough: the file is taken in and the gap ends; what could be read is not read again."""
    room.put("good.csv", table((1, "一")))
    room.put("bad.csv", "编号,内容\n2,二\n")
    assert room.scan().outcome is Outcome.GAP
    room.source = replace(SOURCE, layout=Layout(id=("编号",), text=("内容",)))
    mended = room.scan()
    assert (mended.outcome, mended.posts, mended.pages) == (Outcome.COMPLETE, 1, 1)
    assert room.health() == (Health.FRESH, "")
    assert room.scan().pages == 0


def test_a_workbook_that_breaks_off_gives_what_was_whole(room, monkeypatch):
    """Rows before the damage are on the log, and the file is told."""
    room.put("a.csv", table((1, "一")))
    real = inbox.read_file

    def breaking(*given: Any) -> Any:
        yield from real(*given)
        raise Broken("后面的行读不出来")

    monkeypatch.setattr(inbox, "read_file", breaking)
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.GAP, 1)
    assert "后面的行读不出来" in report.reason


def test_a_log_that_is_away_loses_nothing(room):
    """The scan fails, says why, and the next one goes on where it stopped, repeating nothing."""
    room.put("a.csv", table(*((n, f"第{n}条") for n in range(2 * BATCH + 10))))
    room.log.room = 1
    report = room.scan()
    assert (report.outcome, report.posts) == (Outcome.FAILED, BATCH)
    assert "消息日志不可用" in report.reason
    assert len(room.slept) == 1
    room.log.room = 10**9
    assert room.scan().posts == BATCH + 10
    assert len({post.id for post in room.posts()}) == len(room.posts()) == 2 * BATCH + 10


def test_a_row_the_log_refuses_is_a_drop(room):
    """The others of the same append are kept."""
    room.put("a.csv", table((1, "一"), (2, "二")))
    room.scan()
    room.log.never = room.posts()[0].id
    room.put("b.csv", table((1, "壹"), (2, "贰")))
    report = room.scan()
    assert (report.posts, report.drops) == (1, {"rejected": 1})


def test_silence_longer_than_promised_is_a_gap(room):
    """From the first look on, a source that owes a file every so often is told when none came; a file ends it."""
    room.source = replace(SOURCE, expected_hours=24)
    assert room.scan().outcome is Outcome.COMPLETE
    room.now += timedelta(hours=25)
    assert "24 小时没有收到" in room.scan().reason
    room.put("a.csv", table((1, "一")))
    assert room.scan().outcome is Outcome.COMPLETE
    room.now += timedelta(hours=25)
    assert room.scan().outcome is Outcome.GAP


@pytest.mark.parametrize("body", [table(), table((1, "一")), "[]"])
def test_a_file_without_news_ends_a_silence_too(room, body):
    """Column names alone, or the rows of the day before, are what was promised; a file that cannot be read is not."""
    room.source = replace(SOURCE, expected_hours=30)
    room.put("1.csv", table((1, "一")))
    room.scan()
    for day in ("2.csv", "3.csv"):
        room.now += timedelta(hours=24)
        room.put(day, body)
        assert (room.scan().outcome, room.health()[0]) == (Outcome.COMPLETE, Health.FRESH)
    room.now += timedelta(hours=24)
    unreadable = room.put("4.csv", "别的,列\n1,2\n")
    room.scan()
    unreadable.unlink()
    room.now += timedelta(hours=7)
    assert "30 小时没有收到" in room.scan().reason


def test_a_folder_that_is_no_folder(room):
    """Told, not raised."""
    room.folder.write_text("", encoding="utf-8")
    report = room.scan()
    assert report.outcome is Outcome.FAILED
    assert "收件夹" in report.reason


def test_one_file_by_name(room, tmp_path):
    """Taken in at once wherever it lies; the same file in the folder then adds nothing."""
    path = tmp_path / "x.csv"
    path.write_text(table((1, "一"), (2, "")), encoding="utf-8")
    report, taken = import_file(room.intake(), path)
    assert (report.posts, taken.dropped, taken.trouble) == (1, ((3, DropReason.NO_TEXT),), "")
    room.put("y.csv", path.read_bytes())
    assert room.scan().pages == 0
    path.write_text("nothing\n", encoding="utf-8")
    assert "找不到列" in import_file(room.intake(), path)[1].trouble


def test_authors_and_times_do_not_make_a_row_new(room):
    """A row without a date is the same whenever it is read."""
    room.put("a.jsonl", '{"id": 1, "text": "一"}\n')
    room.scan()
    room.now += timedelta(days=1)
    room.put("b.jsonl", '{"text": "一", "id": "1"}\n\n')
    report = room.scan()
    assert (report.posts, report.known) == (0, 1)
