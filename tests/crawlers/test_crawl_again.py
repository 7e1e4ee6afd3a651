"""Crawls that come back: second looks, tombstones, unchanged pages, and interrupted walks; all against the sandbox."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

from crawlers.pipelines import BATCH
from crawlers.reports import Outcome
from crawlers.sandbox.faults import Fault, Setting
from crawlers.sandbox.site import Site
from crawlers.state import CrawlState
from stream.labels import Health
from stream.log_sqlite import SqliteLog
from stream.records import POSTS
from tests.crawlers.crawling import NEWEST, Options, corpus, crawl, health, logged, rows, source, start

DAY = Options(ahead=timedelta(hours=24))
NAMES = ("weibo", "heimao", "autohome")
LONG = "员工说不知道，店长也不肯出来，" * 20


def lines(count: int, text: str = "", **more):
    """The same posts on each platform whose posts have pages."""
    return [line for name in NAMES for line in rows(name, range(count), text, **more)]


def test_edits_and_grown_counts_reach_the_log(tmp_path):
    """A day later every post is looked at again: what changed is logged once more, newer, and the rest is not."""
    first = lines(6) + rows("weibo", [50], LONG)
    with Site(corpus(tmp_path, first)) as site:
        port = site.port
        crawl([source(name, site.base_url) for name in NAMES], tmp_path)
    before = logged(tmp_path)
    for line in first:
        if line["id"].endswith("3"):
            line["text"] += "更新：店家已经道歉了。"
        if line["id"] == "weibo4":
            line["likes"] = 40_000
    with Site(corpus(tmp_path, first), port) as site:
        sources = [source(name, site.base_url) for name in NAMES]
        assert all(report.revisited == 0 for report in crawl(sources, tmp_path).values())
        assert logged(tmp_path) == before
        reports = crawl(sources, tmp_path, DAY)
        after = logged(tmp_path)[len(before) :]
        again = crawl(sources, tmp_path, DAY)
    assert {name: report.revisited for name, report in reports.items()} == {"weibo": 7, "heimao": 6, "autohome": 6}
    assert {name: report.posts for name, report in reports.items()} == dict.fromkeys(NAMES, 0)
    edited = [post for post in after if post.text.endswith("道歉了。")]
    assert sorted(post.platform for post in edited) == sorted(NAMES)
    assert [post.likes for post in after if post.platform == "weibo"].count(40_000) == 1
    old = {post.id: post for post in before}
    for post in after:
        was = old[post.id]
        assert post.fetched_at > was.fetched_at
        assert (post.published_at, post.author, post.target, post.url) == (
            was.published_at,
            was.author,
            was.target,
            was.url,
        )
        assert not post.truncated
        assert (post.likes, post.text) != (was.likes, was.text) or post.platform != "weibo"
    assert all(report.revisited == 0 for report in again.values())
    assert all(report.outcome is Outcome.COMPLETE for report in (*reports.values(), *again.values()))


def test_a_deleted_post_becomes_a_tombstone(tmp_path):
    """What the platform's own page says is gone is logged as such, without words; the others stay."""
    kept = lines(8)
    with Site(corpus(tmp_path, kept)) as site:
        port = site.port
        crawl([source(name, site.base_url) for name in NAMES], tmp_path)
    before = logged(tmp_path)
    left = [line for line in kept if not line["id"].endswith("3")]
    with Site(corpus(tmp_path, left), port) as site:
        sources = [source(name, site.base_url) for name in NAMES]
        assert all(report.tombstones == 0 for report in crawl(sources, tmp_path).values())
        assert logged(tmp_path) == before  # to be missing from a list says nothing
        reports = crawl(sources, tmp_path, DAY)
        crawl(sources, tmp_path, Options(ahead=timedelta(hours=72)))
    stones = [post for post in logged(tmp_path)[len(before) :] if post.deleted]
    gone = {post.id for post in before if "第3条" in post.text}
    assert {stone.id for stone in stones} == gone
    assert len(stones) == len(gone) == len(NAMES)
    assert all(not stone.text and not stone.author and not stone.title for stone in stones)
    assert {report.tombstones for report in reports.values()} == {1}
    assert {stone.published_at for stone in stones} <= {post.published_at for post in before}


def test_a_site_that_hides_everything_deletes_nothing(tmp_path):
    """When most known posts suddenly do not exist, none is believed and the source is called blocked."""
    with Site(corpus(tmp_path, rows("weibo", range(20)))) as site:
        crawl([source("weibo", site.base_url)], tmp_path)
    with Site(corpus(tmp_path, rows("weibo", range(12, 25)))) as site:
        one = source("weibo", site.base_url)
        report = crawl([one], tmp_path, DAY)["weibo"]
        assert (report.outcome, report.posts, report.revisited, report.tombstones) == (Outcome.BLOCKED, 5, 20, 0)
        assert "不存在" in report.reason
        assert health([one], tmp_path)["weibo"].health is Health.BLOCKED
    assert not any(post.deleted for post in logged(tmp_path))


def test_second_looks_are_bounded_and_a_refusal_ends_them(tmp_path):
    """Only as many as the source allows; a block on one of them is a block, and what was not seen stays due."""
    with Site(corpus(tmp_path, rows("weibo", range(30)))) as site:
        one = source("weibo", site.base_url, revisits=12, concurrency=1)
        crawl([one], tmp_path)
        assert crawl([one], tmp_path, DAY)["weibo"].revisited == 12
        take, asked = site.faults.take, iter(range(1000))
        site.faults.take = lambda platform: Setting(Fault.HTTP_432) if next(asked) == 4 else take(platform)
        report = crawl([one], tmp_path, DAY)["weibo"]
        assert (report.outcome, report.tombstones) == (Outcome.BLOCKED, 0)
        assert report.revisited <= 6
        site.faults.take = take
        assert crawl([one], tmp_path, DAY)["weibo"].revisited == 12
        off = source("weibo", site.base_url, revisits=0)
        assert crawl([off], tmp_path, DAY)["weibo"].revisited == 0


def test_a_new_post_does_not_wait_for_second_looks(tmp_path):
    """The site answers no second look before the post that was new on the list is in the log, and what the look before
    has found is there too."""
    old = rows("weibo", range(2))
    with Site(corpus(tmp_path, old)) as site:
        port = site.port
        crawl([source("weibo", site.base_url)], tmp_path)
    for line in old:
        line["text"] += "更新：店家已经道歉了。"
    with Site(corpus(tmp_path, old + rows("weibo", [20])), port) as site:
        take, log, pause, arrived = site.faults.take, SqliteLog(tmp_path / "log.db"), Event(), []

        def held(platform: str):
            expected = 2 + len(arrived)  # the first request is for the list
            arrived.append(any(log.size(POSTS) >= expected or pause.wait(0.01) for _ in range(3000)))
            return take(platform)

        site.faults.take = held
        late = Options(ahead=DAY.ahead, timeout_seconds=60)
        report = crawl([source("weibo", site.base_url, concurrency=1)], tmp_path, late)["weibo"]
        log.close()
    assert (report.posts, report.revisited, report.updated) == (1, 2, 2)
    assert arrived == [True] * 3


def test_an_unchanged_first_page_is_success_with_nothing_new(tmp_path):
    """The second crawl gets a 304: one page, no posts, fresh; as soon as there is a new post it is read again."""
    old = rows("forum", range(12))
    with Site(corpus(tmp_path, old)) as site:
        one = source("forum", site.base_url)
        port = site.port
        crawl([one], tmp_path)
        report = crawl([one], tmp_path)["forum"]
        assert (report.outcome, report.pages, report.posts, report.known) == (Outcome.COMPLETE, 1, 0, 0)
        assert report.verdicts == {"ok": 1}
        assert health([one], tmp_path)["forum"].health is Health.FRESH
    with Site(corpus(tmp_path, old + rows("forum", [20])), port) as site:
        assert crawl([source("forum", site.base_url)], tmp_path)["forum"].posts == 1


def test_not_modified_after_a_failure_recovers_nothing(tmp_path):
    """A page read before its posts were lost is not asked for conditionally: the next crawl gets them."""
    with Site(corpus(tmp_path, rows("forum", range(12)))) as site:
        one = source("forum", site.base_url)
        assert crawl([one], tmp_path, Options(log_fails=True))["forum"].outcome is Outcome.FAILED
        assert crawl([one], tmp_path)["forum"].posts == 12
        site.faults.set("forum", Fault.HTTP_429)
        assert crawl([one], tmp_path)["forum"].outcome is Outcome.BLOCKED
        site.faults.clear("forum")
        # unchanged since the success before the block, yet it must be shown, not assumed
        assert crawl([one], tmp_path)["forum"].known == 10
        assert crawl([one], tmp_path)["forum"].known == 0


def test_an_interrupted_walk_goes_on_where_it_stopped(tmp_path):
    """Killed in the middle of 150 pages; the next crawl reads the top, with what is new there, then goes on below."""
    old = rows("weibo", range(1500))
    with Site(corpus(tmp_path, old)) as site:
        one = source("weibo", site.base_url)
        process = start([one], tmp_path)
        log = SqliteLog(tmp_path / "log.db")
        try:
            while process.is_alive() and log.size(POSTS) < 600:
                process.join(0.01)
            process.kill()
            process.join(10)
            had = log.size(POSTS)
        finally:
            log.close()
        process.close()
    assert 600 <= had < 1500
    with Site(corpus(tmp_path, old + rows("weibo", range(2000, 2005)))) as site:
        one = source("weibo", site.base_url)
        report = crawl([one], tmp_path)["weibo"]
        assert report.outcome is Outcome.COMPLETE
        assert report.pages <= 151 - (had - BATCH) // 10 + 4  # a mark is saved behind the posts above it
        assert crawl([one], tmp_path)["weibo"].pages == 1
    assert len({post.id for post in logged(tmp_path)}) == 1505
    state = CrawlState(tmp_path / "crawl.db")
    assert state.progress.of("weibo", "*", one.page_size) is None
    state.close()


def test_a_refused_walk_goes_on_below_new_posts_too(tmp_path):
    """Blocked on page 6 of 10: the next crawl takes twelve new posts on top and then the rest, without pages 3 to 5."""
    old = rows("weibo", range(100))
    with Site(corpus(tmp_path, old)) as site:
        take, asked = site.faults.take, iter(range(1000))
        site.faults.take = lambda platform: Setting(Fault.HTTP_432) if next(asked) == 5 else take(platform)
        report = crawl([source("weibo", site.base_url, concurrency=1)], tmp_path)["weibo"]
        assert (report.outcome, report.posts) == (Outcome.BLOCKED, 50)
    with Site(corpus(tmp_path, old + rows("weibo", range(200, 212)))) as site:
        report = crawl([source("weibo", site.base_url, concurrency=1)], tmp_path)["weibo"]
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 62)
    # three pages down to a whole known one, then from page 5 of twelve
    assert report.pages == 3 + 8
    assert len({post.id for post in logged(tmp_path)}) == 112


def test_a_grown_thread_brings_its_opening_post_up_to_date(tmp_path):
    """Somebody answers and the author edits: the thread is read again, and both are logged."""
    old = rows("forum", range(5))
    with Site(corpus(tmp_path, old)) as site:
        crawl([source("forum", site.base_url)], tmp_path)
    old[2]["text"] += "补充：已换新。"
    with Site(corpus(tmp_path, old + rows("forum", [50], parent="forum2"))) as site:
        report = crawl([source("forum", site.base_url)], tmp_path)["forum"]
    assert (report.posts, report.updated) == (1, 1)
    assert sorted(post.text.endswith("已换新。") for post in logged(tmp_path)[-2:]) == [False, True]
    assert all(post.published_at <= NEWEST for post in logged(tmp_path))


def test_pages_of_another_size_are_walked_from_the_top(tmp_path):
    """Interrupted after three pages of ten, then twenty a page: nothing between is jumped over."""
    with Site(corpus(tmp_path, rows("heimao", range(60)))) as site:
        one = source("heimao", site.base_url, concurrency=1)
        site.faults.set("heimao", Fault.HTTP_456, after=3)
        assert crawl([one], tmp_path)["heimao"].posts == 30
        site.faults.clear("heimao")
        report = crawl([replace(one, page_size=20)], tmp_path)["heimao"]
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 30)


def test_a_keyword_whose_only_post_is_gone_stops_no_other(tmp_path):
    """Where the site counts none it is believed; where its words may be those of a block that listing alone is called
    blocked; and where more listings fell silent than still show posts, so is the source."""
    sites = ("heimao", "rednet", "weibo")
    rare, often, fresh = (
        [line for name in sites for line in rows(name, numbers, text)]
        for numbers, text in (([1], "秋桂"), (range(10, 14), "冬枣"), ([20], "冬枣"))
    )
    with Site(corpus(tmp_path, rare + often)) as site:
        sources = [source(name, site.base_url, keywords=("秋桂", "冬枣"), concurrency=1) for name in sites]
        port = site.port
        crawl(sources, tmp_path)
    with Site(corpus(tmp_path, often + fresh), port):
        reports = crawl(sources, tmp_path, Options(ahead=timedelta(minutes=30)))
    assert {report.posts for report in reports.values()} == {1}
    told = {name: (one.outcome, [row.state for row in one.coverage]) for name, one in reports.items()}
    assert told == {
        "heimao": (Outcome.COMPLETE, [Health.FRESH, Health.FRESH]),
        "rednet": (Outcome.COMPLETE, [Health.FRESH, Health.FRESH]),
        "weibo": (Outcome.CAPPED, [Health.BLOCKED, Health.FRESH]),
    }
    assert reports["weibo"].reason.startswith("「秋桂」")
    with Site(corpus(tmp_path, rows("weibo", [99], "别的")), port):
        reports = crawl(sources, tmp_path, DAY)
    assert {(one.outcome, one.revisited) for one in reports.values()} == {(Outcome.BLOCKED, 0)}
