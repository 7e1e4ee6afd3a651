"""Reports as they are made from wired parts: no backlog passes for a quiet day, and every report knows its last."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from alerts.report import Digest
from alerts.report_codec import decode
from configs import wiring
from configs.backlog import PAUSE, backlog
from configs.crawls import Crawls
from configs.duties import Office
from configs.load import BUNDLED, Config, load
from configs.narrate import Say
from configs.reporting import Newsroom, Sent
from configs.settings import MailTable
from configs.timetable import Duties, timetable
from crawlers.reports import CrawlReport, Outcome
from stream.codec import encode
from stream.labels import Health, Sentiment
from stream.log_sqlite import SqliteLog
from stream.ports import Message, MessageLog, Unavailable
from stream.records import JUDGED, POSTS, Coverage
from tests.alerts.room import Clock
from tests.factories import judged, post

HOUR = timedelta(hours=1)


def appended(log: MessageLog, topic: str, number: int) -> None:
    """So many posts on a topic; nobody reads them here."""
    log.append(topic, [Message(f"{n}", encode(post(f"{n}"))) for n in range(number)])


def handle(log: MessageLog, topic: str, group: str, number: int) -> None:
    """A group commits so many messages."""
    reader = log.reader(topic, group)
    reader.poll(number, 0)
    reader.commit()
    reader.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[MessageLog]:
    """An empty log."""
    made = SqliteLog(tmp_path / "log.db")
    yield made
    made.close()


def test_a_backlog_is_waited_for_while_new_posts_keep_coming(log: MessageLog) -> None:
    """What is appended during the waiting does not lengthen it, though lag is never nothing."""
    appended(log, POSTS, 100)
    looks = []

    def work(seconds: float) -> None:
        looks.append(seconds)
        handle(log, POSTS, "judge", 50)
        appended(log, JUDGED, 50)
        appended(log, POSTS, 30)
        handle(log, JUDGED, "index", 50)

    assert backlog(log, HOUR, work) == 0
    assert looks == [PAUSE, PAUSE]
    assert log.lag(POSTS, "judge") == 60


@pytest.mark.parametrize("done", [1, 60, 100])
def test_what_is_left_when_patience_ends_is_counted(log: MessageLog, done: int) -> None:
    """Not judged, or judged and not stored: each post once."""
    appended(log, POSTS, 100)
    handle(log, POSTS, "judge", done)
    appended(log, JUDGED, done)
    waited: list[float] = []
    assert backlog(log, timedelta(seconds=10), waited.append) == 100
    assert waited == [PAUSE] * 5


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The bundled configuration over an empty folder, with one source that was read a moment ago."""
    bundled = load(BUNDLED)
    source = replace(bundled.sources[0], enabled=True, access="public_robots_ok")
    settings = bundled.settings.model_copy(update={"data": tmp_path})
    made = replace(bundled, settings=settings, sources=(source,))
    state, now = wiring.open_state(made), datetime.now(UTC)
    coverage = (Coverage("1", Health.FRESH, pages=1),)
    state.finish(CrawlReport(source.name, source.label, now, now, Outcome.COMPLETE, coverage=coverage))
    state.close()
    return made


class Parts:
    """Open parts of a configuration, with a newsroom over them."""

    def __init__(self, config: Config, opened: ExitStack, wait: Callable[[float], object] = lambda _: None) -> None:
        self.config = config
        self.log, self.store = wiring.open_log(config), wiring.open_store(config)
        self.book, self.state = wiring.open_book(config), wiring.open_state(config)
        for part in (self.log, self.store, self.book, self.state):
            opened.callback(part.close)
        self.newsroom = Newsroom(config, self.log, self.store, self.book, self.state, wait=wait)

    def office(self, say: Say = lambda *_: None) -> Office:
        """Who does the duties of the timetable with these parts; no source is crawled."""
        crawls = Crawls(replace(self.config, sources=()), self.state, say)
        return Office(self.config, self.log, self.store, self.book, self.newsroom, crawls, say, Event())

    def told(self, sent: Sent) -> Digest:
        """The report as it is stored."""
        stored = self.book.digest(sent.id)
        assert stored is not None
        return decode(stored.body)


def test_a_backlog_is_not_told_as_calm(config: Config) -> None:
    """Five hundred posts that nobody judged, behind a healthy source, make the report incomplete, in so many words."""
    with ExitStack() as opened:
        parts = Parts(config, opened)
        appended(parts.log, POSTS, 500)
        digest = parts.told(parts.newsroom.send(config.digests[0]))
    assert digest.unread == 500
    assert "数据不全" in digest.subject
    assert "500 条已采集的帖子尚未处理" in digest.headline


def test_a_report_that_waits_when_the_process_ends_is_not_made(config: Config) -> None:
    """Half a window is not published for good; the next start makes up for it."""
    with ExitStack() as opened:
        parts = Parts(config, opened, wait=lambda _: True)
        appended(parts.log, POSTS, 1)
        with pytest.raises(Unavailable):
            parts.newsroom.send(config.digests[0])
        assert parts.book.digests() == ()


def test_a_report_is_told_what_came_late_to_the_one_before(config: Config) -> None:
    """The book's report of the window before is the measure; one that cannot be read is none, and stops nothing."""
    until = datetime(2026, 11, 20, 0, tzinfo=UTC)
    complaint = {"subjects": ("yunting",), "sentiment": Sentiment.NEGATIVE}
    with ExitStack() as opened:
        parts = Parts(config, opened)
        first, second = config.digests[0], replace(config.digests[0], name="second")
        parts.newsroom.send(first, until=until)
        parts.book.open_digest(
            "second-20261119T080000-20261120T080000",
            "second",
            since=until - timedelta(days=1),
            until=until,
            body="{}",
            created_at=until,
        )
        assert not parts.newsroom.send(second, until=until).created
        parts.store.put([judged(f"{n}", published_at=until - HOUR, fetched_at=until + HOUR, **complaint) for n in "ab"])
        known, unknown = (
            parts.told(parts.newsroom.send(spec, until=until + timedelta(days=1))) for spec in (first, second)
        )
    assert known.late is not None
    assert (known.late.more, known.late.more_negative) == (2, 2)
    assert unknown.late is None


def test_the_timetable_lets_a_window_settle_and_says_where_mails_stand(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report is made half an hour after its window ended, and a mail that nobody took is not told as taken."""
    nothing = Duties(**dict.fromkeys(Duties.__dataclass_fields__, lambda *_: None))
    (job,) = [job for job in timetable(config, nothing, crawl_now=False).get_jobs() if job.id == "digest daily"]
    due = job.trigger.get_next_fire_time(None, datetime(2026, 11, 20, tzinfo=UTC))
    assert due == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)

    mail = MailTable(smtp_host="127.0.0.1", smtp_port=9, smtp_starttls=False)
    config = replace(config, settings=config.settings.model_copy(update={"mail": mail}))
    said: list[str] = []
    clock = Clock(due - timedelta(minutes=1))
    monkeypatch.setattr(wiring, "now", clock)
    with ExitStack() as opened:
        parts = Parts(config, opened)
        office = parts.office(lambda _, line: said.append(line))
        office.report("daily")
        clock.pass_(minutes=1)
        office.report("daily")
        ends = {digest.until for digest in parts.book.digests()}
    assert ends == {due - timedelta(minutes=30), due - timedelta(minutes=30, days=1)}
    assert said == ["稍后再寄 1 封", "稍后再寄 1 封"]


def test_a_report_whose_hour_was_moved_is_not_made_up_from_an_older_window(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a window that ends after the last one told is made up, however many other reports the book holds since."""
    morning = config.digests[0]
    clock = Clock(datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    monkeypatch.setattr(wiring, "now", clock)
    with ExitStack() as opened:
        parts = Parts(replace(config, digests=(replace(morning, hour=18),)), opened)
        parts.newsroom.send(morning)
        told = datetime(2026, 11, 20, tzinfo=UTC)
        for day in range(40):
            window = {"since": told, "until": told + timedelta(days=day), "created_at": told}
            parts.book.open_digest(f"other-{day}", "other", body="", **window)
        for hours in (1, 10):
            clock.pass_(hours=hours)
            parts.office().make_up()
        ends = [digest.until for digest in parts.book.digests(limit=100) if digest.name == morning.name]
        assert sorted(ends) == [told, told + timedelta(hours=10)]


def test_a_first_report_is_made_up_once_posts_were_there_at_its_hour(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is never up at that hour reports all the same; one just begun does not, old posts or none."""
    clock = Clock(wiring.now())  # the store has a clock of its own
    monkeypatch.setattr(wiring, "now", clock)
    with ExitStack() as opened:
        parts = Parts(config, opened)
        parts.office().make_up()
        clock.pass_(days=-2)
        parts.store.put([judged("1", published_at=clock() - timedelta(days=30))])
        parts.office().make_up()
        clock.pass_(days=2)
        parts.office().make_up()
        assert parts.book.digests() == ()
        clock.pass_(days=2)
        parts.office().make_up()
        assert [digest.name for digest in parts.book.digests()] == [config.digests[0].name]
