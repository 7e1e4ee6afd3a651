"""The way from items into the log."""

import asyncio
from collections import deque
from datetime import UTC, datetime

import pytest

from crawlers.items import PostItem
from crawlers.pipelines import BATCH, HOLD_SECONDS, LogPipeline
from crawlers.reports import Outcome, Tally
from crawlers.spiders.walk import Fetched
from crawlers.state import CrawlState
from stream.codec import decode_post
from stream.log_sqlite import SqliteLog
from stream.ports import Misconfigured, Unavailable
from stream.records import POSTS
from stream.retry import Backoff

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


class Shaky(SqliteLog):
    """A log that first fails in the given ways, then works."""

    def __init__(self, path, failures=()):
        super().__init__(path)
        self.failures = deque(failures)

    def append(self, topic, messages):
        """Fail as planned, or append."""
        if self.failures and (failure := self.failures.popleft()):
            raise failure
        super().append(topic, messages)


@pytest.fixture
def folder(tmp_path):
    """A state and whatever log a test opens, closed in the end."""
    opened = [CrawlState(tmp_path / "crawl.db")]

    def make(*failures):
        log = Shaky(tmp_path / "log.db", failures)
        opened.append(log)
        tally = Tally("s", "weibo", NOW)
        waited: list[float] = []

        async def sleep(seconds):
            waited.append(seconds)

        pipeline = LogPipeline(
            source="s",
            log=log,
            state=opened[0],
            tally=tally,
            author_key=b"k",
            attempts=3,
            backoff=Backoff(first=1, random=lambda: 0.0),
            sleep=sleep,
        )
        return pipeline, log, tally, waited, opened[0]

    yield make
    for one in opened:
        one.close()


def run(pipeline, items):
    """Items through the pipeline, to its end."""

    async def go():
        for item in items:
            await pipeline.process_item(item)
        await pipeline.close_spider()

    asyncio.run(go())


def fetched(n: int, **more) -> Fetched:
    """One item."""
    return Fetched(PostItem("weibo", native_id=str(n), text="好喝", published="刚刚", **more), NOW)


def test_batches_and_the_rest_at_the_end(folder):
    """Full batches go at once, the rest when the spider closes; all are remembered."""
    pipeline, log, tally, _, state = folder()
    run(pipeline, [fetched(n) for n in range(BATCH + 5)])
    assert (log.size(POSTS), tally.posts) == (BATCH + 5, BATCH + 5)
    assert len(state.known_posts("s", [str(n) for n in range(BATCH + 5)])) == BATCH + 5


def test_drops_and_doubts_are_counted(folder):
    """No item disappears unseen."""
    pipeline, log, tally, _, _ = folder()
    run(
        pipeline,
        [
            fetched(1),
            Fetched(PostItem("weibo", native_id="2"), NOW),
            Fetched(PostItem("weibo", native_id="3", text="x"), NOW),
        ],
    )
    report = tally.report(NOW)
    assert (log.size(POSTS), report.posts, report.drops, report.doubts) == (2, 2, {"no_text": 1}, {"no_date": 1})


def test_a_log_that_comes_back_loses_nothing(folder):
    """Unavailable twice: waits, doubling, then appends each post once."""
    pipeline, log, tally, waited, _ = folder(Unavailable(), Unavailable())
    run(pipeline, [fetched(n) for n in range(3)])
    assert (log.size(POSTS), tally.posts, waited) == (3, 3, [1.0, 2.0])
    assert tally.report(NOW).outcome is Outcome.COMPLETE


def test_a_log_that_stays_away_fails_loudly(folder):
    """After the last attempt the crawl is failed and stopped, and nothing is remembered as had."""
    pipeline, log, tally, _, state = folder(Unavailable(), Unavailable(), Unavailable())
    run(pipeline, [fetched(n) for n in range(3)])
    assert (log.size(POSTS), tally.posts) == (0, 0)
    assert tally.stopped
    assert tally.lost
    assert tally.report(NOW).outcome is Outcome.FAILED
    assert state.known_posts("s", ["0", "1", "2"], cut=True) == set()


def test_refused_posts_are_counted_and_the_others_kept(folder):
    """What the log will never take is a drop; its neighbours are remembered."""
    pipeline, log, tally, _, state = folder()
    log._max_bytes = 600
    run(pipeline, [fetched(1), fetched(2, title="长" * 400), fetched(3)])
    assert (log.size(POSTS), tally.posts) == (2, 2)
    assert tally.report(NOW).drops == {"rejected": 1}
    assert state.known_posts("s", ["1", "2", "3"]) == {"1", "3"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("a mistake of 某人"), "程序错误（RuntimeError）"),
        (Misconfigured("log.db: READONLY"), "log.db: READONLY"),
    ],
)
def test_an_error_at_the_end_is_told(folder, error, told):
    """What is neither Unavailable nor Rejected fails the crawl though no item waits for it, and nothing is had."""
    pipeline, _, tally, _, state = folder(error)
    run(pipeline, [fetched(1)])
    report = tally.report(NOW)
    assert (tally.lost, report.outcome, report.posts) == (True, Outcome.FAILED, 0)
    assert told in report.reason
    assert "某人" not in report.reason
    assert report.bad == {f"weibo pipeline: {type(error).__name__}": 1}
    assert state.known_posts("s", ["1"], cut=True) == set()


def test_few_posts_do_not_wait_for_more(folder):
    """After the hold they are in the log while the crawl goes on; the next ones are held anew."""
    pipeline, log, tally, waited, _ = folder()
    gate = asyncio.Queue()

    async def sleep(seconds):
        waited.append(seconds)
        await gate.get()

    pipeline._sleep = sleep

    async def go():
        for n in range(3):
            await pipeline.process_item(fetched(n))
        assert log.size(POSTS) == 0
        await gate.put(None)
        await pipeline._holding
        assert log.size(POSTS) == 3
        await pipeline.process_item(fetched(3))
        await pipeline.close_spider()

    asyncio.run(go())
    assert (log.size(POSTS), tally.posts, set(waited)) == (4, 4, {HOLD_SECONDS})


def test_articles_whose_own_pages_are_there_count_as_living(folder):
    """Four that are gone among twenty that a feed led to are buried; where only the list still tells of the twenty,
    they prove nothing."""
    pipeline, _, _, _, state = folder()
    run(pipeline, [Fetched(fetched(n).item, NOW, listed=True) for n in range(24)])
    visits = [state.revisits.of("s", str(n)) for n in range(24)]
    assert all(visit.listed for visit in visits)

    def again(*, paged):
        pipeline, _, tally, _, _ = folder()
        there = [Fetched(fetched(n).item, NOW, visit=visits[n], paged=paged) for n in range(20)]
        run(pipeline, there + [Fetched(fetched(n, deleted=True).item, NOW, visit=visits[n]) for n in range(20, 24)])
        return tally.report(NOW)

    assert (again(paged=False).outcome, again(paged=False).tombstones) == (Outcome.BLOCKED, 0)
    assert (again(paged=True).outcome, again(paged=True).tombstones) == (Outcome.COMPLETE, 4)


def test_parts_are_remembered_as_parts(folder):
    """A post of which only the list's words could be had is fetched again."""
    pipeline, log, _, _, state = folder()
    run(pipeline, [Fetched(PostItem("weibo", native_id="1", text="前半", truncated=True), NOW, whole=False)])
    assert state.known_posts("s", ["1"]) == set()
    reader = log.reader(POSTS, "test")
    assert [decode_post(record.value).truncated for record in reader.poll(10, 0)] == [True]
    reader.close()
