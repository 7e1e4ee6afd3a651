"""The memory of crawls."""

import multiprocessing
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.gaps import Edges, Gap
from crawlers.reports import CrawlReport, Outcome
from crawlers.sources import Access, Source
from crawlers.state import CrawlState
from stream.labels import Health
from stream.records import Coverage

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SOURCE = Source(name="a", spider="weibo", access=Access.PUBLIC_ROBOTS_OK, interval_seconds=600)


def report(
    outcome: Outcome = Outcome.COMPLETE, at: datetime = NOW, reason: str = "", name: str = "a", **more
) -> CrawlReport:
    """A crawl that took a minute."""
    bad = {"weibo list: damaged": 1}
    return CrawlReport(name, "weibo", at - timedelta(minutes=1), at, outcome, reason, bad=bad, **more)


def health(state: CrawlState, now: datetime = NOW):
    """Health of the one source."""
    return state.health([SOURCE], now)[0]


def test_posts_are_known_at_once_and_whole_ones_stay_whole(state):
    """A part is not the whole; once whole, a later part changes nothing."""
    state.remember_posts("a", [("1", True), ("2", False)])
    assert state.known_posts("a", ["1", "2", "3"]) == {"1"}
    assert state.known_posts("a", ["1", "2", "3"], cut=True) == {"1", "2"}
    state.remember_posts("a", [("1", False), ("2", True)])
    assert state.known_posts("a", ["1", "2"]) == {"1", "2"}
    assert state.known_posts("b", ["1", "2"], cut=True) == set()


def test_entries_are_known_only_from_a_walked_listing(state):
    """Before a listing was walked to its end nothing of it stops a walk; one listing does not speak for another."""
    state.remember_posts("a", [("1", True)])
    assert state.known_entries("a", "云汀", ["1"]) == set()
    assert not state.walked("a", "云汀")
    state.finish(report(), [("云汀", ["1", "2"])])
    assert state.known_entries("a", "云汀", ["1", "2", "3"]) == {"1", "2"}
    assert state.walked("a", "云汀")
    assert state.known_entries("a", "秋桂", ["1"]) == set()
    assert not state.walked("a", "秋桂")


def test_thousands_of_ids_can_be_asked_for(state):
    """More than SQLite takes in one statement."""
    ids = [str(n) for n in range(70_000)]
    state.remember_posts("a", ((one, True) for one in ids))
    assert state.known_posts("a", ids) == set(ids)


def test_posts_are_counted_as_they_come(state, tmp_path):
    """Each once, however often it is told; a file of an earlier release is counted when it is opened."""
    state.finish(report())
    for _ in range(2):
        state.remember_posts("a", [("1", False), ("2", True)])
    state.remember_posts("a", [("1", True), ("3", True)])
    state.remember_posts("a", [])
    assert health(state).posts == 3
    state.close()
    earlier = sqlite3.connect(tmp_path / "crawl.db")
    earlier.execute("DROP TABLE counts")
    earlier.commit()
    earlier.close()
    for added in (0, 1):
        again = CrawlState(tmp_path / "crawl.db")
        assert health(again).posts == 3 + added
        again.remember_posts("a", [("4", True)])
        again.close()


def test_health_of_a_source_never_crawled(state):
    """Unknown is not fresh."""
    found = health(state)
    assert (found.health, found.posts, found.since, found.last_success) == (Health.NEVER, 0, None, None)
    assert found.reason


def test_fresh_then_stale(state):
    """Three intervals without success, whatever the reason, and it is stale since then."""
    state.remember_posts("a", [("1", True), ("2", False)])
    state.finish(report())
    fresh = health(state, NOW + timedelta(minutes=30))
    assert (fresh.health, fresh.reason, fresh.posts, fresh.last_success) == (Health.FRESH, "", 2, NOW)
    stale = health(state, NOW + timedelta(minutes=30, seconds=1))
    assert (stale.health, stale.since) == (Health.STALE, NOW + timedelta(minutes=30))
    assert stale.reason


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Outcome.BLOCKED, Health.BLOCKED), (Outcome.LOGIN_NEEDED, Health.LOGIN_NEEDED), (Outcome.CAPPED, Health.CAPPED)],
)
def test_trouble_shows_since_it_began_and_recovery_ends_it(state, outcome, expected):
    """The first bad crawl gives the time, the last gives the reason, a good one makes it fresh."""
    state.finish(report())
    state.finish(report(outcome, NOW + timedelta(minutes=5), "原因一"))
    state.finish(report(outcome, NOW + timedelta(minutes=10), "原因二"))
    bad = health(state, NOW + timedelta(minutes=11))
    assert (bad.health, bad.reason, bad.since) == (expected, "原因二", NOW + timedelta(minutes=5))
    assert bad.last_success == (NOW if outcome is not Outcome.CAPPED else NOW + timedelta(minutes=10))
    state.finish(report(at=NOW + timedelta(minutes=15)))
    good = health(state, NOW + timedelta(minutes=16))
    assert (good.health, good.reason, good.since) == (Health.FRESH, "", NOW + timedelta(minutes=15))


def test_blocked_stays_blocked_however_old(state):
    """A block is more to say than that it is long ago."""
    state.finish(report(Outcome.BLOCKED, reason="被平台风控拦截"))
    assert health(state, NOW + timedelta(days=3)).health is Health.BLOCKED


@pytest.mark.parametrize("refused", [Outcome.BLOCKED, Outcome.LOGIN_NEEDED])
def test_a_failure_is_no_recovery(state, refused):
    """Who was refused and then cannot even ask is still refused, since when and why; posts that were seen end it."""
    state.finish(report())
    state.finish(report(refused, NOW + timedelta(minutes=5), "平台说不", verdicts={"blocked": 1}))
    state.finish(report(Outcome.FAILED, NOW + timedelta(minutes=20), "网络连接失败"))
    found = health(state, NOW + timedelta(minutes=21))
    assert (found.health, found.reason, found.since) == (
        Health(refused.value),
        "平台说不",
        NOW + timedelta(minutes=5),
    )
    assert found.last_success == NOW
    state.finish(report(at=NOW + timedelta(minutes=25)))
    assert health(state, NOW + timedelta(minutes=26)).health is Health.FRESH


def test_a_failure_is_told_at_once_though_what_was_seen_still_holds(state):
    """Fresh, with the reason of the crawl that failed, until the next success or three intervals."""
    state.finish(report())
    state.finish(report(Outcome.FAILED, NOW + timedelta(minutes=10), "平台服务器错误"))
    failed = health(state, NOW + timedelta(minutes=11))
    assert (failed.health, failed.reason, failed.since) == (Health.FRESH, "最近一次采集失败：平台服务器错误", NOW)
    stale = health(state, NOW + timedelta(minutes=31))
    assert (stale.health, "平台服务器错误" in stale.reason) == (Health.STALE, True)
    state.finish(report(at=NOW + timedelta(minutes=40)))
    assert health(state, NOW + timedelta(minutes=41)).reason == ""


def test_failure_before_any_success_is_never(state):
    """Nothing was ever read, and why."""
    state.finish(report(Outcome.FAILED, reason="网络连接失败"))
    found = health(state)
    assert found.health is Health.NEVER
    assert "网络" in found.reason


def test_disabled_source_says_so(state):
    """Switched off is not fresh."""
    off = Source(name="a", spider="weibo", access=Access.DISABLED)
    assert state.health([off], NOW)[0].health is Health.OFF
    state.finish(report(coverage=(Coverage("云汀茶", Health.FRESH, pages=1),)))
    found = state.health([off], NOW)[0]
    assert (found.health, found.unheard) == (Health.OFF, False)
    assert [row.state for row in found.coverage] == [Health.OFF]
    assert "停用" in found.reason


def rows_at(state: CrawlState, later: timedelta, source: Source = SOURCE) -> dict[str, tuple[Health, datetime | None]]:
    """Each listing's state and since when, so long after the crawl."""
    (found,) = state.health([source], NOW + later)
    return {row.listing: (row.state, row.began) for row in found.coverage}


def test_what_a_crawl_saw_of_its_listings_holds_as_long_as_it_is_fresh(state):
    """A gap stays with its listing for a day; after three intervals without a crawl every listing is as its source."""
    lost = Gap("云汀茶", NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    minute = timedelta(minutes=1)
    assert rows_at(state, minute) == {"": (Health.NEVER, None)}
    state.finish(report(Outcome.GAP, at=NOW - timedelta(minutes=20)), edges=Edges((), (lost,)))
    rows = (Coverage("云汀茶", Health.FRESH, pages=1, began=NOW), Coverage("秋桂", Health.CAPPED, pages=2, began=NOW))
    state.finish(report(Outcome.CAPPED, coverage=rows))
    found_at = NOW - timedelta(minutes=20)
    assert rows_at(state, minute) == {"云汀茶": (Health.GAP, found_at), "秋桂": (Health.CAPPED, NOW)}
    stale = (Health.STALE, NOW + timedelta(minutes=30))
    assert rows_at(state, timedelta(hours=1)) == {"云汀茶": stale, "秋桂": stale}
    lapsed = Source("a", "weibo", Access.AUTHORISED_SESSION, authorisation="合同", authorised_until=date(2026, 11, 20))
    assert {state for state, _ in rows_at(state, minute, lapsed).values()} == {Health.UNAUTHORISED}


def test_a_whole_crawl_above_a_cut_is_not_whole(state):
    """While one of its listings is still told as cut, the source is, and says which."""
    rows = (Coverage("云汀茶", Health.FRESH, pages=1), Coverage("秋桂", Health.CAPPED, pages=2))
    state.finish(report(coverage=rows))
    found = health(state, NOW + timedelta(minutes=1))
    assert (found.health, "秋桂" in found.reason, "云汀茶" in found.reason) == (Health.CAPPED, True, False)


def test_reports_come_back_as_they_were_newest_first(state):
    """And each source has its own."""
    one, two = report(reason="一"), report(Outcome.CAPPED, NOW + timedelta(minutes=1), "二")
    state.finish(one)
    state.finish(two)
    state.finish(report(name="b"))
    assert state.reports("a") == [two, one]
    assert state.reports("a", 1) == [two]


def test_the_last_success_is_known_however_many_failures_follow(state):
    """As long as its report is kept, the last crawl that saw the newest posts is found behind fifty that did not."""
    assert state.succeeded("a") is None
    first = report()
    state.finish(first)
    for minute in range(1, 51):
        state.finish(report(Outcome.FAILED, NOW + timedelta(minutes=minute)))
    assert state.succeeded("a") == first


def test_reports_do_not_grow_for_ever(state):
    """The latest hundred are kept."""
    for minute in range(105):
        state.finish(report(at=NOW + timedelta(minutes=minute)))
    kept = state.reports("a", 1000)
    assert len(kept) == 100
    assert kept[0].finished == NOW + timedelta(minutes=104)


def _write(path: Path, name: str) -> None:
    state = CrawlState(path)
    for batch in range(6):
        state.remember_posts(name, [(f"{batch}-{n}", True) for n in range(20)])
        state.finish(report(name=name), [("l", [f"{batch}-{n}" for n in range(20)])])
    state.close()


def test_several_processes_write_at_once(tmp_path):
    """Four crawls of four processes lose nothing."""
    children = multiprocessing.get_context("forkserver")
    processes = [children.Process(target=_write, args=(tmp_path / "crawl.db", f"s{n}")) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    state = CrawlState(tmp_path / "crawl.db")
    try:
        sources = [Source(name=f"s{n}", spider="weibo", access=Access.PUBLIC_ROBOTS_OK) for n in range(4)]
        assert [one.posts for one in state.health(sources, NOW)] == [120] * 4
    finally:
        state.close()
