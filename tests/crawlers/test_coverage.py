"""What a crawl saw beside what there was, and what lies unseen between two crawls."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from crawlers.addresses import Sites
from crawlers.coverage import cover, dated, gap, names, unread
from crawlers.gaps import Edges, Gap
from crawlers.health import named
from crawlers.pages import Listing
from crawlers.reports import CrawlReport, Outcome, Tally
from crawlers.sandbox.site import Site
from crawlers.sources import Access, Source
from crawlers.spiders.sitemap_page import read_sitemap
from crawlers.spiders.walk import Walk
from crawlers.state import CrawlState
from crawlers.verdict import Obstacle, blocked
from stream.labels import Health
from stream.records import Coverage
from tests.crawlers.crawling import Options, corpus, crawl, health, logged, rows, source

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
"""Publish time of the newest post of the crawl before."""


def walked(since: datetime | None = NOW, **fields) -> Walk:
    """A walk that took posts down to `since` and stopped short."""
    walk = Walk("云汀茶", revisited=True, pages=2, seen=20, taken=20, ended=True, **{"short": True, **fields})
    if since is not None:
        walk.took(since)
    return walk


def test_a_cut_listing_is_not_whole_because_the_next_crawl_met_it():
    """For a day after its newest post a capped row stands in for a whole one, with its figures, and for no other."""
    before = [Coverage("云汀茶", Health.CAPPED, 21, 152, 2, since=BEFORE, until=NOW, began=NOW)]
    whole, worse = Coverage("云汀茶", Health.FRESH, 10, 152, 1), Coverage("云汀茶", Health.BLOCKED)
    soon, later = NOW + timedelta(hours=23), NOW + timedelta(hours=25)
    met = {"云汀茶"}
    assert dated([whole], before, met, soon) == tuple(before)
    assert dated([whole], before, (), soon) == (replace(whole, began=soon),)  # it came to the listing's end
    assert dated([worse], before, met, soon) == (replace(worse, began=soon),)
    assert dated([whole], before, met, later) == (replace(whole, began=later),)


@pytest.mark.parametrize(
    ("walk", "newest", "expected"),
    [
        (walked(), BEFORE, Gap("云汀茶", BEFORE, NOW)),
        (walked(since=None), BEFORE, Gap("云汀茶", BEFORE, None)),
        (walked(since=BEFORE), BEFORE, None),
        (walked(since=BEFORE - timedelta(days=1)), BEFORE, None),
        (walked(met=True), BEFORE, None),
        (walked(short=False), BEFORE, None),
        (walked(holes=1), BEFORE, None),
        (walked(), None, None),
        (Walk("云汀茶", revisited=True, pages=1, ended=True, short=True), BEFORE, None),
    ],
    ids=["newer", "no times", "touching", "older", "met", "to its end", "unfinished", "first", "nothing new"],
)
def test_a_gap_is_where_two_crawls_do_not_meet(walk, newest, expected):
    """Stopped short, nothing known met, and the oldest post newer than the newest before: what lies between is lost."""
    assert gap("云汀茶", walk, newest) == expected


def test_every_listing_has_a_row_with_its_state():
    """Whole, capped, gap, damaged, kept back alone, refused, and never come to."""
    tally = Tally("a", "weibo", NOW)
    hole = Gap("云汀茶", BEFORE, NOW)
    row = cover("云汀茶", walked(capped=True, total=900, cut=3), tally, [hole])
    assert row == Coverage("云汀茶", Health.GAP, 20, 900, 2, 3, NOW, NOW)
    assert cover("云汀茶", walked(capped=True), tally, []).state is Health.CAPPED
    assert cover("云汀茶", walked(), tally, []).state is Health.FRESH
    assert cover("云汀茶", walked(holes=1), tally, [hole]).state is Health.STALE
    assert cover("云汀茶", walked(refused=True), tally, [hole]).state is Health.BLOCKED
    begun = Walk("冬枣", revisited=False)
    assert cover("冬枣", begun, tally, []).state is Health.STALE
    tally.obstructed(blocked(Obstacle.CAPTCHA))
    assert cover("冬枣", begun, tally, []).state is Health.BLOCKED
    assert unread(("冬枣",), tally) == (Coverage("冬枣", Health.BLOCKED),)


def test_a_state_keeps_its_beginning_while_it_lasts():
    """A listing that was capped before and is capped now has been so since then; any other state begins now."""
    before = (Coverage("云汀茶", Health.CAPPED, began=BEFORE), Coverage("冬枣", Health.FRESH, began=BEFORE))
    after = (Coverage("云汀茶", Health.CAPPED), Coverage("冬枣", Health.GAP), Coverage("秋桂", Health.FRESH))
    assert [row.began for row in dated(after, before, (), NOW)] == [BEFORE, NOW, NOW]
    assert [row.began for row in dated(after, (Coverage("云汀茶", Health.CAPPED),), (), NOW)] == [NOW] * 3


def test_names_of_listings_are_few():
    """Three names and how many there are; a source without names has none told."""
    rows_ = [Coverage(name, Health.CAPPED) for name in "甲乙丙丁"] + [Coverage("戊", Health.FRESH)]
    assert named(rows_, Health.CAPPED) == "「甲」「乙」「丙」等 4 个"
    assert named([Coverage("", Health.CAPPED)], Health.CAPPED) == ""


def test_every_listing_is_told_by_a_name_of_its_own():
    """An address goes without its query and its user; feeds that differ only there are numbered in their order."""
    site = "https://me:pw@news.example.cn"
    told = names([f"{site}/rss?cat=1", f"{site}/a.xml?key=SECRET#x", f"{site}/rss?cat=2", "云汀茶", "https://["])
    here = "news.example.cn"
    assert list(told.values()) == [f"{here}/rss（1）", f"{here}/a.xml", f"{here}/rss（2）", "云汀茶", ""]


def sitemap(numbers: Iterable[int]) -> Listing:
    """A page of a news sitemap, a higher number being newer."""
    dates = ((n, (NOW - timedelta(hours=50 - n)).isoformat()) for n in numbers)
    found = "".join(f"<url><loc>https://n.example.cn/{n}</loc><lastmod>{at}</lastmod></url>" for n, at in dates)
    return read_sitemap(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{found}</urlset>',
        platform="news",
        address="https://n.example.cn/s.xml",
        hosts=Sites("https://n.example.cn/"),
        fetched_at=NOW,
        days=7,
    ).listing


@pytest.mark.parametrize("order", [sorted, partial(sorted, reverse=True), partial(sorted, key=lambda n: n % 5)])
@pytest.mark.parametrize(("shows", "missed"), [(range(2, 22), False), (range(25, 40), True)], ids=["slid", "jumped"])
def test_a_window_meets_what_is_known_in_whatever_order(order, shows, missed):
    """A sitemap listed oldest first or in no order is met by its oldest article, wherever that stands; a gap stays
    one."""
    known = {entry.key for entry in sitemap(range(20)).entries}
    walk = Walk("https://n.example.cn/s.xml", revisited=True, pages=1, ended=True, short=True)
    walk.saw(sitemap(order(shows)), known, NOW)
    walk.took(NOW - timedelta(hours=50 - max(20, min(shows))))
    assert walk.met is not missed
    assert (gap("s", walk, NOW - timedelta(hours=50 - 19)) is not None) is missed


def test_a_gap_is_told_for_a_day(tmp_path):
    """The crawl after it is whole again, and what was missed is still missing from the day's report."""
    one = Source(name="a", spider="weibo", access=Access.PUBLIC_ROBOTS_OK, interval_seconds=86400)
    state = CrawlState(tmp_path / "crawl.db")
    try:
        found = CrawlReport("a", "weibo", NOW, NOW, Outcome.GAP, "「云汀茶」：原因")
        state.finish(found, edges=Edges((("云汀茶", NOW),), (Gap("云汀茶", BEFORE, NOW),)))
        later = NOW + timedelta(minutes=15)
        state.finish(CrawlReport("a", "weibo", later, later, Outcome.COMPLETE))
        told = state.health([one], later)[0]
        assert (told.health, told.since, told.last_success) == (Health.GAP, NOW, later)
        assert "云汀茶" in told.reason
        assert state.health([one], NOW + timedelta(days=1, minutes=1))[0].health is Health.FRESH
        assert state.gaps.newest("a", "云汀茶") == NOW
    finally:
        state.close()


def test_posts_between_two_capped_crawls_are_told_as_a_gap(tmp_path):
    """One page a crawl: first capped, then whole, then thirty posts at once leave a gap, named with its listing."""
    first = rows("weibo", range(15))
    with Site(corpus(tmp_path, first)) as site:
        one = source("weibo", site.base_url, max_pages=1, interval_seconds=86400)
        report = crawl([one], tmp_path)["weibo"]
        assert report.outcome is Outcome.CAPPED
        (row,) = report.coverage
        assert (row.listing, row.state, row.got, row.expected, row.pages) == ("*", Health.CAPPED, 11, 15, 1)
        assert (report.posts, sum(report.drops.values())) == (10, 1)  # an advertisement between them
        assert (row.since, row.until) == tuple(
            pick(post.published_at for post in logged(tmp_path)) for pick in (min, max)
        )
        assert report.reason.startswith("「*」")
    with Site(corpus(tmp_path, first + rows("weibo", range(15, 20)))) as site:
        one = source("weibo", site.base_url, max_pages=1, interval_seconds=86400)
        assert crawl([one], tmp_path)["weibo"].outcome is not Outcome.GAP
    with Site(corpus(tmp_path, first + rows("weibo", range(15, 50)))) as site:
        one = source("weibo", site.base_url, max_pages=1, interval_seconds=86400)
        report = crawl([one], tmp_path)["weibo"]
        assert report.outcome is Outcome.GAP
        assert [row.state for row in report.coverage] == [Health.GAP]
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.COMPLETE
    told = health([one], tmp_path)["weibo"]
    assert told.health is Health.GAP
    assert health([one], tmp_path, datetime.now(UTC) + timedelta(hours=25))["weibo"].health is not Health.GAP


def test_a_day_without_requests_left_is_capped_and_no_success(tmp_path):
    """Of three requests one is for robots.txt and two for pages; the next crawl sees nothing and does not claim to."""
    with Site(corpus(tmp_path, rows("weibo", range(50)))) as site:
        one = source("weibo", site.base_url, requests_per_day=3, concurrency=1)
        report = crawl([one], tmp_path)["weibo"]
        assert (report.outcome, report.pages, report.posts) == (Outcome.CAPPED, 2, 20)
        assert "预算" in report.reason
        seen = health([one], tmp_path)["weibo"].last_success
        report = crawl([one], tmp_path)["weibo"]
        assert (report.outcome, report.pages) == (Outcome.CAPPED, 0)
        assert [row.state for row in report.coverage] == [Health.CAPPED]
        told = health([one], tmp_path)["weibo"]
        assert (told.health, told.last_success) == (Health.CAPPED, seen)
        late = health([one], tmp_path, datetime.now(UTC) + timedelta(days=1))["weibo"]
        assert late.health is Health.STALE
        assert "预算" in late.reason
        tomorrow = crawl([one], tmp_path, Options(ahead=timedelta(days=1)))["weibo"]
    assert tomorrow.pages == 2
