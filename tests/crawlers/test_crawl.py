"""Crawls end to end: real spiders in a real process against the real sandbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.reports import Outcome
from crawlers.sandbox.faults import Fault, Setting
from crawlers.sandbox.site import Site
from crawlers.sources import Access
from stream.labels import Health
from stream.log_sqlite import SqliteLog
from stream.records import POSTS, post_id
from tests.crawlers.crawling import Options, corpus, crawl, health, last_report, logged, rows, source, start

PLATFORMS = ("weibo", "douyin", "heimao", "autohome", "complaint", "forum")
LONG = "员工说不知道，店长也不肯出来，" * 20


def test_every_post_of_every_platform_arrives_whole(tmp_path):
    """All six shapes, several pages, long texts: each post is logged once, with all its words and its own time."""
    lines = [line for name in PLATFORMS for line in (*rows(name, range(25)), *rows(name, range(25, 31), LONG))]
    lines += rows("forum", range(40, 70), parent="forum3")
    lines += rows("weibo", range(40, 44), parent="weibo3")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        reports = crawl([source(name, site.base_url) for name in PLATFORMS], tmp_path)
    posts = {post.id: post for post in logged(tmp_path)}
    assert len(posts) == len(logged(tmp_path)) == len(lines)
    for entry in served:
        post = posts[post_id(entry.platform, str(entry.native))]
        assert post.text == entry.text
        assert post.published_at == entry.published
        assert not post.truncated
        assert not post.published_estimated
        assert post.author
        assert post.likes == entry.likes or entry.platform == "forum"
    assert {name: report.outcome for name, report in reports.items()} == dict.fromkeys(PLATFORMS, Outcome.COMPLETE)
    replies = [post for post in posts.values() if post.platform == "forum" and post.parent]
    assert len(replies) == 30
    assert {reply.parent for reply in replies} <= posts.keys()
    reposts = [post for post in posts.values() if post.platform == "weibo" and post.parent]
    assert len(reposts) == 4
    assert all("第3条" in repost.quoted and "第3条" not in repost.text for repost in reposts)


def test_second_crawl_fetches_only_what_is_new(tmp_path):
    """After ten new posts the second crawl logs those ten, fetches no old detail, and reads two pages at most."""
    first = [line for name in PLATFORMS for line in rows(name, range(30), LONG)]
    with Site(corpus(tmp_path, first)) as site:
        crawl([source(name, site.base_url) for name in PLATFORMS], tmp_path)
    before = logged(tmp_path)
    both = first + [line for name in PLATFORMS for line in rows(name, range(30, 35), LONG)]
    with Site(corpus(tmp_path, both)) as site:
        sources = [source(name, site.base_url) for name in PLATFORMS]
        reports = crawl(sources, tmp_path)
        requests = {name: site.faults.requests[name] for name in PLATFORMS}
        again = crawl(sources, tmp_path)
    after = logged(tmp_path)[len(before) :]
    assert len(after) == 5 * len(PLATFORMS)
    assert all(report.posts == 5 and report.pages <= 2 for report in reports.values())
    # two list pages and five details, where a platform has them
    assert all(count <= 7 for count in requests.values())
    assert all(report.posts == 0 and report.pages == 1 for report in again.values())
    assert {one.posts for one in health(sources, tmp_path).values()} == {35}


def test_thread_with_new_replies_is_read_again(tmp_path):
    """A thread that was known comes up again when somebody answers, and only the answer is logged."""
    old = rows("forum", range(20))
    with Site(corpus(tmp_path, old)) as site:
        crawl([source("forum", site.base_url)], tmp_path)
    with Site(corpus(tmp_path, old + rows("forum", [50], parent="forum2"))) as site:
        report = crawl([source("forum", site.base_url)], tmp_path)["forum"]
    assert report.posts == 1
    assert "第50条" in logged(tmp_path)[-1].text
    assert logged(tmp_path)[-1].parent


def test_killed_crawl_loses_nothing(tmp_path):
    """kill -9 in the middle, then a crawl: every post is in the log, and the ids of the dead crawl stopped nobody."""
    lines = rows("weibo", range(1500))
    with Site(corpus(tmp_path, lines)) as site:
        one = source("weibo", site.base_url)
        process = start([one], tmp_path)
        log = SqliteLog(tmp_path / "log.db")
        try:
            while process.is_alive() and log.size(POSTS) < 300:
                process.join(0.01)
            process.kill()
            process.join(10)
            dead_at = log.size(POSTS)
        finally:
            log.close()
        process.close()
        assert 300 <= dead_at < 1500
        report = crawl([one], tmp_path)["weibo"]
        assert report.outcome is Outcome.COMPLETE
    posts = logged(tmp_path)
    assert len({post.id for post in posts}) == 1500
    assert len(posts) <= 1500 + 200  # at most the batch that was in the air twice


def test_sigterm_ends_a_crawl_in_order(tmp_path):
    """Asked to stop, a crawl logs what it has, reports that it was interrupted, and the next one gets the rest."""
    with Site(corpus(tmp_path, rows("weibo", range(1000)))) as site:
        one = source("weibo", site.base_url)
        process = start([one], tmp_path)
        log = SqliteLog(tmp_path / "log.db")
        try:
            while process.is_alive() and log.size(POSTS) < 200:
                process.join(0.01)
        finally:
            log.close()
        process.terminate()
        process.join(20)
        assert process.exitcode == 0
        process.close()
        report = last_report(one, tmp_path)
        assert report.outcome is Outcome.FAILED
        assert "中断" in report.reason
        assert report.posts == len(logged(tmp_path)) < 1000
        assert crawl([one], tmp_path)["weibo"].posts == 1000 - report.posts
    assert len(logged(tmp_path)) == 1000


BLOCKS = [
    ("weibo", Fault.EMPTY_200, Health.BLOCKED),
    ("weibo", Fault.LOGIN_REDIRECT, Health.LOGIN_NEEDED),
    ("weibo", Fault.LOGIN_JSON, Health.LOGIN_NEEDED),
    ("weibo", Fault.VERIFY_CHECK, Health.BLOCKED),
    ("weibo", Fault.RATE_LIMITED, Health.BLOCKED),
    ("weibo", Fault.HTTP_418, Health.BLOCKED),
    ("weibo", Fault.HTTP_432, Health.BLOCKED),
    ("weibo", Fault.HTML, Health.BLOCKED),
    ("weibo", Fault.NULL, Health.BLOCKED),
    ("douyin", Fault.EMPTY_200, Health.BLOCKED),
    ("douyin", Fault.LOGIN_REDIRECT, Health.LOGIN_NEEDED),
    ("douyin", Fault.LOGIN_JSON, Health.LOGIN_NEEDED),
    ("douyin", Fault.VERIFY_CHECK, Health.BLOCKED),
    ("douyin", Fault.RATE_LIMITED, Health.BLOCKED),
    ("douyin", Fault.NULL, Health.BLOCKED),
    ("heimao", Fault.EMPTY_200, Health.BLOCKED),
    ("heimao", Fault.LOGIN_REDIRECT, Health.LOGIN_NEEDED),
    ("heimao", Fault.LOGIN_JSON, Health.LOGIN_NEEDED),
    ("heimao", Fault.VERIFY_CHECK, Health.BLOCKED),
    ("heimao", Fault.RATE_LIMITED, Health.BLOCKED),
    ("heimao", Fault.HTTP_456, Health.BLOCKED),
    ("heimao", Fault.NULL, Health.BLOCKED),
    ("autohome", Fault.EMPTY_200, Health.BLOCKED),
    ("autohome", Fault.LOGIN_REDIRECT, Health.BLOCKED),
    ("autohome", Fault.LOGIN_JSON, Health.LOGIN_NEEDED),
    ("autohome", Fault.RATE_LIMITED, Health.BLOCKED),
    ("autohome", Fault.HTTP_429, Health.BLOCKED),
    ("autohome", Fault.NULL, Health.BLOCKED),
]


def test_each_refusal_flips_health_and_recovers(tmp_path):
    """Every block shape of every platform is told as one, sends no second page, and the next good crawl heals it."""
    names = ("weibo", "douyin", "heimao", "autohome")
    old = [line for name in names for line in rows(name, range(5))]
    by_round = [[one for one in BLOCKS if one[0] == name] for name in names]
    with Site(corpus(tmp_path, old)) as site:
        sources = {name: source(name, site.base_url) for name in names}
        crawl(sources.values(), tmp_path)
        assert {one.health for one in health(sources.values(), tmp_path).values()} == {Health.FRESH}
        for blocks in zip(*(some + some[-1:] * (9 - len(some)) for some in by_round), strict=True):
            for name, fault, _ in blocks:
                site.faults.set(name, fault)
            crawl(sources.values(), tmp_path)
            found = health(sources.values(), tmp_path)
            for name, fault, expected in blocks:
                assert (name, fault, found[name].health) == (name, fault, expected)
                assert found[name].reason
        for name in names:
            site.faults.clear(name)
        crawl(sources.values(), tmp_path)
        assert {one.health for one in health(sources.values(), tmp_path).values()} == {Health.FRESH}
    assert len(logged(tmp_path)) == len(old)


def test_refusal_is_a_stop_signal(tmp_path):
    """After a refused detail nothing more is sent: what the list said is kept, the rest is fetched when it is over."""
    lines = rows("heimao", range(60), LONG)
    with Site(corpus(tmp_path, lines)) as site:
        one = source("heimao", site.base_url, concurrency=1)
        take, asked = site.faults.take, iter(range(1000))
        site.faults.take = lambda platform: take(platform) if next(asked) == 0 else Setting(Fault.HTTP_456)
        assert crawl([one], tmp_path)["heimao"].outcome is Outcome.BLOCKED
        assert next(asked) <= 3  # the list, one detail, and at most the one already on its way
        assert {post.truncated for post in logged(tmp_path)} == {True}
        site.faults.take = take
        assert crawl([one], tmp_path)["heimao"].outcome is Outcome.COMPLETE
    assert len({post.id for post in logged(tmp_path) if not post.truncated}) == 60


def test_one_keyword_fallen_silent_is_not_believed(tmp_path):
    """A keyword that had posts and now has none, while another still has: the others are read, and it is told."""
    with Site(corpus(tmp_path, rows("weibo", range(9), "秋桂") + rows("weibo", range(20, 29), "冬枣"))) as site:
        one = source("weibo", site.base_url, keywords=("秋桂", "冬枣"), concurrency=1)
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.COMPLETE
        site.faults.set("weibo", Fault.EMPTY_200, times=1)
        report = crawl([one], tmp_path)["weibo"]
    assert (report.outcome, [row.state for row in report.coverage]) == (Outcome.CAPPED, [Health.BLOCKED, Health.FRESH])
    assert report.reason.startswith("「秋桂」")
    assert "空列表" in report.reason


@pytest.mark.parametrize("fault", [Fault.HUGE, Fault.MALFORMED, Fault.WRONG_CHARSET])
def test_bad_documents_are_named_and_their_neighbours_kept(tmp_path, fault):
    """A page of 12 MB, half a document, or GBK called UTF-8: in the report by platform and kind, good posts kept."""
    names = ("weibo", "douyin", "heimao", "autohome")
    with Site(corpus(tmp_path, [line for name in names for line in rows(name, range(40), LONG)])) as site:
        sources = [source(name, site.base_url, concurrency=1) for name in names]
        for name in names:
            site.faults.set(name, fault, times=1)
        reports = crawl(sources, tmp_path)
        what = {Fault.HUGE: "oversize", Fault.MALFORMED: "damaged", Fault.WRONG_CHARSET: "wrong_charset"}[fault]
        for name in names:
            assert reports[name].bad == {f"{name} list: {what}": 1}
            assert reports[name].posts == (40 if fault is Fault.WRONG_CHARSET else 30)
            assert (reports[name].outcome is Outcome.COMPLETE) == (fault is Fault.WRONG_CHARSET)
        again = crawl(sources, tmp_path)
    assert {report.outcome for report in again.values()} == {Outcome.COMPLETE}
    assert len({post.id for post in logged(tmp_path) if not post.truncated}) == 40 * len(names)


@pytest.mark.parametrize("fault", [Fault.HUGE, Fault.MALFORMED])
def test_bad_detail_costs_only_its_own_words(tmp_path, fault):
    """One bad detail page leaves that post cut and named; the next crawl makes it whole."""
    names = ("weibo", "heimao", "autohome")
    with Site(corpus(tmp_path, [line for name in names for line in rows(name, range(3), LONG)])) as site:
        sources = [source(name, site.base_url, concurrency=1) for name in names]
        for name in names:  # the list page and one detail; the list is read again from its next page, which is empty
            site.faults.set(name, fault, times=2)
        crawl(sources, tmp_path)
        for name in names:
            site.faults.clear(name)
        reports = crawl(sources, tmp_path)
    assert {report.outcome for report in reports.values()} == {Outcome.COMPLETE}
    assert len({post.id for post in logged(tmp_path) if not post.truncated}) == 3 * len(names)


def test_a_hole_in_a_listing_is_filled_next_time(tmp_path):
    """A damaged page deep in a listing leaves it unwalked: the next crawl does not stop before it."""
    with Site(corpus(tmp_path, rows("weibo", range(50)))) as site:
        take, asked = site.faults.take, iter(range(1000))
        site.faults.take = lambda platform: Setting(Fault.MALFORMED) if next(asked) == 2 else take(platform)
        one = source("weibo", site.base_url, concurrency=1)
        report = crawl([one], tmp_path)["weibo"]
        assert (report.outcome, report.posts) == (Outcome.FAILED, 40)
        again = crawl([one], tmp_path)["weibo"]
        assert (again.outcome, again.posts) == (Outcome.COMPLETE, 10)
        assert crawl([one], tmp_path)["weibo"].pages == 1


def test_a_detail_that_stays_bad_is_given_up(tmp_path):
    """Asked for twice, then left as the list had it; it neither comes back for ever nor is logged twice."""
    with Site(corpus(tmp_path, rows("weibo", range(25)) + rows("weibo", [7000], LONG))) as site:
        base = source("weibo", site.base_url, concurrency=1)
        take, asked = site.faults.take, iter(range(1000))
        site.faults.take = lambda platform: Setting(Fault.MALFORMED) if next(asked) in (1, 5) else take(platform)
        reports = [crawl([base], tmp_path)["weibo"] for _ in range(3)]
    assert [report.bad for report in reports] == [{"weibo detail: damaged": 1}] * 2 + [{}]
    assert [report.pages for report in reports] == [3, 3, 1]
    assert [post.truncated for post in logged(tmp_path)].count(True) == 1
    assert len(logged(tmp_path)) == 26


def test_server_errors_are_transport_and_go_stale(tmp_path):
    """5xx after retries is no block: fresh while the last success is young, stale after three intervals."""
    with Site(corpus(tmp_path, rows("weibo", range(5)))) as site:
        one = source("weibo", site.base_url, interval_seconds=100)
        crawl([one], tmp_path)
        site.faults.set("weibo", Fault.HTTP_500)
        asked = site.faults.requests["weibo"]
        report = crawl([one], tmp_path)["weibo"]
        assert report.outcome is Outcome.FAILED
        assert report.verdicts == {"transport": 1}
        assert site.faults.requests["weibo"] == asked + 3
    now = datetime.now(UTC)
    assert health([one], tmp_path, now)["weibo"].health is Health.FRESH
    late = health([one], tmp_path, now + timedelta(seconds=301))["weibo"]
    assert late.health is Health.STALE
    assert "服务器" in late.reason


def test_slow_site_is_a_timeout(tmp_path):
    """A page slower than the timeout is a transport failure, and the crawl ends."""
    with Site(corpus(tmp_path, rows("weibo", range(5)))) as site:
        site.faults.set("weibo", Fault.SLOW, seconds=2)
        report = crawl([source("weibo", site.base_url)], tmp_path, Options(timeout_seconds=0.2))["weibo"]
        site.faults.clear("weibo")
    assert report.outcome is Outcome.FAILED
    assert report.verdicts == {"transport": 1}


def test_cap_is_told_and_not_healed_by_meeting_what_is_known(tmp_path):
    """More pages than allowed: capped with a reason, and still so when the next crawl reads nothing below the cut."""
    with Site(corpus(tmp_path, rows("weibo", range(50)))) as site:
        one = source("weibo", site.base_url, max_pages=3)
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.CAPPED
        capped = health([one], tmp_path)["weibo"]
        assert (capped.health, capped.posts) == (Health.CAPPED, 30)
        assert "3 页" in capped.reason
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.COMPLETE
        still = health([one], tmp_path)["weibo"]
        assert (still.health, still.posts) == (Health.CAPPED, 30)


def test_full_log_fails_the_crawl_and_nothing_is_forgotten(tmp_path):
    """A log that takes nothing: the report says so, nothing counts as known, the next crawl gets it all."""
    with Site(corpus(tmp_path, rows("weibo", range(30)))) as site:
        one = source("weibo", site.base_url)
        report = crawl([one], tmp_path, Options(log_fails=True))["weibo"]
        assert (report.outcome, report.posts) == (Outcome.FAILED, 0)
        assert "日志" in report.reason
        assert crawl([one], tmp_path)["weibo"].posts == 30


def test_a_log_that_breaks_at_the_end_fails_the_crawl_and_nothing_is_forgotten(tmp_path):
    """What only the last append meets, and Scrapy would swallow, is told with what to do, and the posts come later."""
    with Site(corpus(tmp_path, rows("weibo", range(30)))) as site:
        one = source("weibo", site.base_url)
        report = crawl([one], tmp_path, Options(log_broken=True))["weibo"]
        assert (report.outcome, report.posts) == (Outcome.FAILED, 0)
        assert "log.db: SQLITE_READONLY" in report.reason
        assert report.bad == {"weibo pipeline: Misconfigured": 1}
        assert crawl([one], tmp_path)["weibo"].posts == 30


def test_stale_token_is_renewed_once(tmp_path):
    """One refusal of the token is answered with a new one; the crawl goes on as if nothing had happened."""
    with Site(corpus(tmp_path, rows("douyin", range(15)))) as site:
        site.faults.set("douyin", Fault.LOGIN_JSON, times=1)
        report = crawl([source("douyin", site.base_url)], tmp_path)["douyin"]
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 15)


def test_empty_answer_is_never_no_news(tmp_path):
    """A first crawl whose only keyword finds nothing, in words that may be a block, is not called fresh."""
    with Site(corpus(tmp_path, rows("weibo", range(5)))) as site:
        one = source("weibo", site.base_url, keywords=("没有人说的词",))
        crawl([one], tmp_path)
        assert health([one], tmp_path)["weibo"].health is Health.BLOCKED
        both = replace(one, name="both", keywords=("没有人说的词", "桂花"))
        assert crawl([both], tmp_path)["both"].outcome is Outcome.COMPLETE


def test_new_keyword_is_walked_to_its_own_end(tmp_path):
    """Posts known through one keyword do not stop the first walk of another."""
    lines = rows("weibo", range(20, 40), "秋桂") + rows("weibo", range(20), "秋")
    with Site(corpus(tmp_path, lines)) as site:
        one = source("weibo", site.base_url, keywords=("秋桂",))
        assert crawl([one], tmp_path)["weibo"].posts == 20
        assert crawl([replace(one, keywords=("秋桂", "秋"))], tmp_path)["weibo"].posts == 20


def test_robots_txt_is_obeyed_and_switched_off_sources_are_left_alone(tmp_path):
    """A site whose robots.txt is out of reach is not read; a disabled source sends nothing at all."""
    with Site(corpus(tmp_path, rows("weibo", range(5)))) as site:
        gone = source("weibo", "http://127.0.0.1:9", name="gone")
        off = source("weibo", site.base_url, name="off", enabled=False)
        expired = source(
            "weibo", site.base_url, name="expired", access=Access.AUTHORISED_SESSION, authorisation="合同 7 号"
        )
        reports = crawl([gone, expired], tmp_path)
        process = start([off], tmp_path)
        process.join(30)
        assert process.exitcode == 0
        assert site.faults.requests["weibo"] == 0
    # nobody answered: that is no word of the platform's, so it is tried again at the next interval
    assert reports["gone"].outcome is Outcome.FAILED
    assert "网络" in reports["gone"].reason
    assert reports["expired"].outcome is Outcome.FAILED
    assert "authorised_until" in reports["expired"].reason
    assert health([off], tmp_path)["off"].health is Health.OFF


def test_nothing_private_is_printed(tmp_path, capfd: pytest.CaptureFixture[str]):
    """A crawl with failures of all kinds says nothing of texts, authors, keywords, or addresses."""
    with Site(corpus(tmp_path, rows("weibo", range(12), LONG))) as site:
        site.faults.set("weibo", Fault.HTTP_500, times=5)
        crawl([source("weibo", site.base_url)], tmp_path)
        site.faults.set("weibo", Fault.HUGE, times=3)
        crawl([source("weibo", site.base_url)], tmp_path)
        crawl([source("weibo", site.base_url)], tmp_path, Options(log_fails=True))
    out, err = capfd.readouterr()
    for secret in ("桂花", "某人", "getIndex", "containerid", site.base_url):
        assert secret not in out + err
