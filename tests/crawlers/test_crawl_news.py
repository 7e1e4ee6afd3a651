"""News end to end: every kind of feed and sitemap, in a real crawl against the sandbox's publisher."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest
from scrapy.http import HtmlResponse, Request

from crawlers.items import PostItem
from crawlers.pages import Entry
from crawlers.reports import Outcome, Tally
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sources import Access, Source
from crawlers.spiders.article_page import Continued
from crawlers.spiders.feed import FeedSpider
from crawlers.spiders.walk import Walk
from crawlers.state import CrawlState
from stream.labels import Health
from stream.zone import SHANGHAI
from tests.crawlers.crawling import NEWEST, Options, corpus, crawl, health, logged, rows, source
from tests.crawlers.test_manners import Host

LONG = "员工说不知道，店长也不肯出来。" * 5
KINDS = {
    "rss": ("feed", "rss/all.xml"),
    "old": ("feed", "old/all.xml"),
    "rdf": ("feed", "rdf/all.xml"),
    "atom": ("feed", "atom/all.xml"),
    "json": ("feed", "feed/all.json"),
    "sitemap": ("sitemap", "sitemap.xml"),
}


def news(site: Site, kind: str, **fields: object) -> Source:
    """A source that reads one of the publisher's lists."""
    spider, path = KINDS[kind]
    feeds = (f"{site.base_url}/news/{path}",)
    made = replace(source("news", site.base_url), name=kind, spider=spider, base_url="", keywords=(), feeds=feeds)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_every_article_of_every_kind_of_list_arrives_whole(tmp_path):
    """Whatever the format and its defects: each article once a source, its words, its own time, its first publisher."""
    served = corpus(tmp_path, rows("news", range(20), LONG))
    with Site(served) as site:
        sources = [news(site, kind) for kind in KINDS]
        reports = crawl(sources, tmp_path)
        again = crawl(sources, tmp_path)
    posts = logged(tmp_path)
    assert len(posts) == 20 * len(KINDS)
    assert len({post.id for post in posts}) == 20  # the same article is the same post, whichever list it came by
    by_native = {f"{entry.native}.shtml": entry for entry in served}
    for post in posts:
        entry = by_native[post.native_id.rpartition("/")[2]]
        assert (post.platform, post.text, post.published_at) == ("news", entry.text, entry.published)
        assert post.author
        assert not post.truncated
        assert post.published_estimated == (post.source == "old")
    assert {report.outcome for report in reports.values()} == {Outcome.COMPLETE}
    assert reports["old"].doubts == {"shifted_date": 20}
    assert all((report.outcome, report.posts) == (Outcome.COMPLETE, 0) for report in again.values())


def test_an_article_of_several_pages_is_one_whole_post(tmp_path):
    """Its pages are asked for in turn and joined, whether a feed or a sitemap led to it."""
    lines = [f"第{n}段：{LONG}" for n in range(15)]
    served = corpus(tmp_path, rows("news", range(1), "\n" + "\n".join(lines), title="云汀茶回应"))
    with Site(served) as site:
        crawl([news(site, "rss"), news(site, "sitemap")], tmp_path)
        assert site.faults.requests["news"] == 3 + 2 * 3
    assert [(post.text.split("\n")[1:], post.truncated) for post in logged(tmp_path)] == [(lines, False)] * 2


def test_a_further_page_that_is_missing_is_told(tmp_path):
    """The article is not gone for it: what was read before is kept, as a part."""
    begun = Continued("k", PostItem("news", native_id="k", text="前一页的话", url="https://n.example/1.html"))
    state = CrawlState(tmp_path / "crawl.db")
    tally = Tally("rss", "news", NEWEST)
    made = Source("rss", "feed", Access.PUBLIC_ROBOTS_OK, feeds=("https://n.example/rss.xml",))
    spider = FeedSpider(source=made, tally=tally, state=state, clock=lambda: NEWEST, environ={})
    walk = Walk(made.feeds[0], revisited=False, pending=1)
    address = "https://n.example/1_2.html"
    try:
        answer = HtmlResponse(address, status=404, body=b"", request=Request(address))
        (kept,) = spider.on_detail(answer, begun, walk)
    finally:
        state.close()
    assert (kept.item.text, kept.item.truncated, kept.item.deleted) == ("前一页的话", True, False)
    assert (walk.pending, walk.holes, dict(tally.drops)) == (0, 0, {})


def test_an_article_in_two_feeds_is_read_once(tmp_path):
    """Of one source: the second feed adds what the first does not have, and no article's page is asked for twice."""
    with Site(corpus(tmp_path, rows("news", range(5), LONG))) as site:
        both = tuple(f"{site.base_url}/news/{path}" for path in ("rss/all.xml", "rdf/all.xml"))
        report = crawl([news(site, "rss", feeds=both)], tmp_path)["rss"]
        assert (report.posts, report.pages, site.faults.requests["news"]) == (5, 2, 7)


def test_a_feed_that_moved_on_leaves_a_gap(tmp_path):
    """More articles than the feed shows since the last crawl: those between were seen by nobody, and that is told."""
    first, later = rows("news", range(5)), rows("news", range(100, 160))
    with Site(corpus(tmp_path, first)) as site:
        port = site.port
        assert crawl([news(site, "atom")], tmp_path)["atom"].outcome is Outcome.COMPLETE
    with Site(corpus(tmp_path, first + later), port) as site:
        report = crawl([news(site, "atom")], tmp_path)["atom"]
        assert (report.outcome, report.posts) == (Outcome.GAP, 30)
        assert health([news(site, "atom")], tmp_path)["atom"].health is Health.GAP


@pytest.mark.parametrize("kind", ["rss", "sitemap"])
def test_a_list_that_broke_off_is_kept_and_told(tmp_path, kind):
    """The articles before the break go to the log; the crawl is not a success, and the next one has the rest."""
    with Site(corpus(tmp_path, rows("news", range(9), LONG))) as site:
        site.faults.set("news", Fault.MALFORMED, times=1)
        report = crawl([news(site, kind)], tmp_path)[kind]
        assert report.outcome is Outcome.FAILED
        assert "残缺" in report.reason
        first = report.posts
        assert (first > 0) == (kind == "rss")
        report = crawl([news(site, kind)], tmp_path)[kind]
        assert (report.outcome, report.posts) == (Outcome.COMPLETE, 9 - first)


def test_a_dead_feed_stops_no_other(tmp_path):
    """The feeds beside it are read, and the crawl is no success because of it."""
    with Site(corpus(tmp_path, rows("news", range(6), LONG))) as site:
        dead = f"{site.base_url}/news/rss/none/x.xml"
        report = crawl([news(site, "rss", feeds=(dead, f"{site.base_url}/news/rss/all.xml"))], tmp_path)["rss"]
        assert (report.outcome, report.posts) == (Outcome.FAILED, 6)
        assert "地址已失效" in report.reason


Answer = tuple[int, Mapping[str, str], bytes]


def written(*items: tuple[int, str, str], ttl: int = 0) -> Answer:
    """A publisher's feed of these articles: number, date, words."""
    articles = "".join(
        f"<item><title>标题{n}</title><link>/{n}.html</link><guid>{n}</guid><pubDate>{date}</pubDate>"
        f"<description>{words}</description></item>"
        for n, date, words in items
    )
    head = f"<title>t</title><ttl>{ttl}</ttl>" if ttl else "<title>t</title>"
    return (200, {"ETag": '"1"'}, f"<rss version='2.0'><channel>{head}{articles}</channel></rss>".encode())


def feed(host: Host, *paths: str) -> Source:
    """A source that reads these feeds of a host."""
    feeds = tuple(host.base_url + path for path in paths)
    return replace(source("news", host.base_url), name="n", spider="feed", base_url="", keywords=(), feeds=feeds)


def test_a_site_is_read_by_the_sitemaps_that_its_robots_txt_names(tmp_path):
    """Registered without a path: robots.txt, the index named there, the sitemap below; one that names none is told."""
    with Site(corpus(tmp_path, rows("news", range(5), LONG))) as site:
        report = crawl([news(site, "sitemap", feeds=(site.base_url,))], tmp_path)["sitemap"]
        assert (report.outcome, report.posts, report.pages) == (Outcome.COMPLETE, 5, 3)
    with Host({"/robots.txt": (200, {}, b"User-agent: *\nAllow: /\n")}) as host:
        report = crawl([replace(feed(host, "/"), spider="sitemap")], tmp_path)["n"]
    assert (report.outcome, "地址已失效" in report.reason) == (Outcome.FAILED, True)


def test_articles_published_again_or_in_another_order_are_known(tmp_path):
    """The same guid with a new date, above what was above it: nothing is told twice, and nothing was missed."""
    answers = {"/f": written((1, "2026-11-21 09:00:00", LONG * 5), (2, "2026-11-21 08:00:00", LONG * 5))}
    with Host(answers) as host:
        assert crawl([feed(host, "/f")], tmp_path)["n"].posts == 2
        answers["/f"] = written((2, "2026-11-21 10:00:00", LONG * 5), (1, "2026-11-21 10:01:00", LONG * 5))
        report = crawl([feed(host, "/f")], tmp_path)["n"]
    assert (report.outcome, report.posts, report.known) == (Outcome.COMPLETE, 0, 2)
    assert [post.published_at.hour for post in logged(tmp_path)] == [1, 0]


def test_a_feed_is_left_alone_for_as_long_as_it_asks(tmp_path):
    """Within its `ttl` a feed that was read whole is not asked for, nor after a 304; then it is; an hour at most."""
    answers = {"/f": written((1, "2026-11-21 09:00:00", LONG * 5), ttl=10)}
    with Host(answers) as host:
        one = feed(host, "/f")
        assert crawl([one], tmp_path)["n"].posts == 1
        report = crawl([one], tmp_path)["n"]
        assert (report.outcome, report.posts, host.paths.count("/f")) == (Outcome.COMPLETE, 0, 1)
        answers["/f"] = (304, {}, b"")
        crawl([one], tmp_path, Options(ahead=timedelta(minutes=11)))
        crawl([one], tmp_path, Options(ahead=timedelta(minutes=14)))
        assert host.paths.count("/f") == 2
        answers["/f"] = written((2, "2026-11-21 10:00:00", LONG * 5), (1, "2026-11-21 09:00:00", LONG * 5), ttl=99999)
        assert crawl([one], tmp_path, Options(ahead=timedelta(minutes=25)))["n"].posts == 1
        crawl([one], tmp_path, Options(ahead=timedelta(minutes=60)))
        assert host.paths.count("/f") == 3
        crawl([one], tmp_path, Options(ahead=timedelta(minutes=86)))
        assert host.paths.count("/f") == 4


def test_a_feed_that_was_not_had_whole_does_not_rest(tmp_path):
    """What is missing is fetched at the next crawl, whatever the `ttl`."""
    answers = {"/f": written((1, "2026-11-21 09:00:00", "短"), ttl=10), "/1.html": (500, {}, b"")}
    with Host(answers) as host:
        crawl([feed(host, "/f")], tmp_path)
        crawl([feed(host, "/f")], tmp_path)
        assert host.paths.count("/f") == 2


def test_a_feed_that_is_gone_for_good_is_dropped(tmp_path):
    """410: told at every crawl and not asked for again within a week; the feed beside it is read."""
    answers = {"/old": (410, {}, b""), "/f": written((1, "2026-11-21 09:00:00", LONG * 5))}
    with Host(answers) as host:
        both = feed(host, "/old", "/f")
        reports = [crawl([both], tmp_path)["n"] for _ in range(2)]
        assert (host.paths.count("/old"), host.paths.count("/f")) == (1, 2)
        assert [(report.outcome, report.posts) for report in reports] == [(Outcome.FAILED, 1), (Outcome.FAILED, 0)]
        assert all("地址已失效" in report.reason for report in reports)
        answers["/old"] = written((2, "2026-11-21 09:00:00", LONG * 5))
        back = crawl([both], tmp_path, Options(ahead=timedelta(days=7)))["n"]
        assert (back.outcome, back.posts) == (Outcome.COMPLETE, 1)


def test_a_feed_that_moved_for_good_is_read_and_told(tmp_path):
    """301: read where it is now, with the articles known by the same keys; the report says that it moved."""
    answers = {"/f": written((1, "2026-11-21 09:00:00", LONG * 5))}
    with Host(answers) as host:
        crawl([feed(host, "/f")], tmp_path)
        answers["/g"], answers["/f"] = answers["/f"], (301, {"Location": "/g"}, b"")
        report = crawl([feed(host, "/f")], tmp_path)["n"]
    assert (report.outcome, report.posts, report.known) == (Outcome.COMPLETE, 0, 1)
    assert report.bad == {"news list: moved_for_good": 1}


def test_an_article_that_moved_or_is_gone(tmp_path):
    """301: read where it is now, known by the address that its feed gives; 410: counted as deleted."""
    words = f"<html><body><article><h1>标题2</h1><p>{LONG * 5}</p></article></body></html>".encode()
    answers: dict[str, Answer] = {
        "/f": written((1, "2026-11-21 09:00:00", "短"), (2, "2026-11-21 08:00:00", "短")),
        "/1.html": (410, {}, b""),
        "/2.html": (301, {"Location": "/3.html"}, b""),
        "/3.html": (200, {"Content-Type": "text/html"}, words),
    }
    with Host(answers) as host:
        report = crawl([feed(host, "/f")], tmp_path)["n"]
    (post,) = logged(tmp_path)
    assert (report.outcome, dict(report.drops)) == (Outcome.COMPLETE, {"deleted": 1})
    assert (post.native_id.partition("/")[2], post.published_at) == ("2.html", datetime(2026, 11, 21, 0, tzinfo=UTC))
    assert LONG in post.text


def clock(hours: float = 0) -> str:
    """A Shanghai clock, so long before the newest."""
    return f"{(NEWEST - timedelta(hours=hours)).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def page(words: str) -> Answer:
    """An article's page."""
    return (200, {"Content-Type": "text/html"}, f"<html><body><article><p>{words}</p></article></body></html>".encode())


def test_a_corrected_article_comes_once(tmp_path):
    """Told whole by its feed or read from its page: what was corrected is logged once more when it is due, with the
    time it had; what was not, though dated anew, is not logged, and no page is asked for beyond its looks."""
    whole, short = LONG * 5, "短"
    answers = {"/f": written((1, clock(), whole), (2, clock(), whole), (3, clock(), short), (4, clock(), short))}
    answers |= {"/3.html": page(whole), "/4.html": page(whole)}
    with Host(answers) as host:
        one = feed(host, "/f")
        assert crawl([one], tmp_path)["n"].posts == 4
        before = {post.id: post for post in logged(tmp_path)}
        answers["/f"] = written(
            (1, clock(-2), f"更正：{whole}"), (2, clock(-2), whole), (3, clock(), short), (4, "", short)
        )
        answers["/3.html"] = page(f"更正：{whole}")
        soon = crawl([one], tmp_path)["n"]
        assert (soon.updated, len(logged(tmp_path)), host.paths.count("/3.html")) == (0, 4, 1)
        later = crawl([one], tmp_path, Options(ahead=timedelta(hours=2)))["n"]
        again = crawl([one], tmp_path, Options(ahead=timedelta(hours=2, minutes=5)))["n"]
        assert (host.paths.count("/3.html"), host.paths.count("/4.html")) == (2, 2)
        assert crawl([one], tmp_path, Options(ahead=timedelta(hours=7)))["n"].updated == 0
    assert [(report.outcome, report.posts, report.updated) for report in (later, again)] == [
        (Outcome.COMPLETE, 0, 2),
        (Outcome.COMPLETE, 0, 0),
    ]
    corrected = logged(tmp_path)[4:]
    assert sorted(post.native_id.rpartition("/")[2] for post in corrected) == ["1.html", "3.html"]
    for post in corrected:
        assert "更正" in post.text
        assert post.published_at == before[post.id].published_at


def test_an_article_that_was_taken_away_while_its_feed_has_it(tmp_path):
    """Its page is missing at two looks an hour apart: a tombstone, once."""
    answers = {"/f": written((1, clock(), "短"), (2, clock(), LONG * 5)), "/1.html": page(LONG * 5)}
    with Host(answers) as host:
        crawl([feed(host, "/f")], tmp_path)
        answers["/1.html"] = (404, {}, b"")
        hours = [crawl([feed(host, "/f")], tmp_path, Options(ahead=timedelta(hours=n)))["n"] for n in (2, 4, 25)]
    assert [report.tombstones for report in hours] == [0, 1, 0]
    assert [post.native_id.rpartition("/")[2] for post in logged(tmp_path) if post.deleted] == ["1.html"]


def test_several_articles_that_were_taken_away_among_others(tmp_path):
    """Four that are missing at once are tombstones where the pages of six others from the same feed are there."""
    answers = {"/f": written(*((n, clock(), "短") for n in range(1, 11)))}
    answers |= {f"/{n}.html": page(LONG * 5) for n in range(1, 11)}
    with Host(answers) as host:
        crawl([feed(host, "/f")], tmp_path)
        answers |= {f"/{n}.html": (404, {}, b"") for n in range(1, 5)}
        report = crawl([feed(host, "/f")], tmp_path, Options(ahead=timedelta(hours=2)))["n"]
    assert report.tombstones == 4


def test_a_closed_article_is_not_asked_for_at_every_crawl(tmp_path):
    """Readable once and kept from us later: what we have stays, and the next step of the schedule asks again."""
    answers = {"/f": written((1, clock(), "短")), "/1.html": page(LONG * 5)}
    with Host(answers) as host:
        crawl([feed(host, "/f")], tmp_path)
        answers["/1.html"] = (403, {}, b"")
        for minutes in (120, 125, 130):
            report = crawl([feed(host, "/f")], tmp_path, Options(ahead=timedelta(minutes=minutes)))["n"]
            assert report.posts + report.updated + report.tombstones == 0
        assert host.paths.count("/1.html") == 2


def test_what_publishers_get_wrong_costs_nothing(tmp_path, serve):
    """A BOM, control characters, dates that are missing or a wall clock's, an item published again as if it were new:
    the sandbox's feed has them all, and each article comes once, with its own words and time."""
    lines = rows("news", range(12), LONG)
    body = serve(lines).get("/news/rss/all.xml").content.decode()
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        report = crawl([news(site, "rss")], tmp_path)["rss"]
    items = body.split("<item>")[1:]
    dates = [re.findall("<pubDate>(.*)</pubDate>", item) for item in items]
    forms = {("rfc" if "+0800" in date[0] else "local") if date else "none" for date in dates}
    links = [re.findall("<guid>(.*)</guid>", item) for item in items]
    assert body.startswith("\ufeff<?xml")
    assert all("\x08" in item and "\x0b" in item for item in items)
    assert forms == {"none", "rfc", "local"}
    assert (len(items), links[0]) == (13, links[-1])
    assert (report.outcome, report.posts, report.doubts) == (Outcome.COMPLETE, 12, {})
    entries = {f"{entry.native}.shtml": entry for entry in served}
    for post in logged(tmp_path):
        entry = entries[post.native_id.rpartition("/")[2]]
        assert (post.text, post.published_at, post.published_estimated) == (entry.text, entry.published, False)


def test_the_sandbox_moves_a_feed_and_gives_one_up(tmp_path):
    """301: read where it went, and told; 410: told and left alone, while the other is read."""
    with Site(corpus(tmp_path, rows("news", range(4), LONG))) as site:
        feeds = tuple(f"{site.base_url}/news/{way}/all.xml" for way in ("moved", "gone"))
        report = crawl([news(site, "rss", feeds=feeds)], tmp_path)["rss"]
        asked = site.faults.requests["news"]
        assert (report.outcome, report.posts, "地址已失效" in report.reason) == (Outcome.FAILED, 4, True)
        assert report.bad == {"news list: moved_for_good": 1}
        crawl([news(site, "rss", feeds=feeds)], tmp_path)
        assert site.faults.requests["news"] - asked == 2  # the one that moved, and where it went


@pytest.mark.parametrize(
    ("feed_address", "target", "sent"),
    [
        ("https://news.a.example/rss", "https://m.a.example/1.html", True),
        ("https://news.a.example/rss", "https://m.b.example/1.html", False),
        ("https://news.a.example/rss", "http://news.a.example/1.html", False),
        ("http://news.a.example/rss", "http://news.a.example/2.html", True),
    ],
)
def test_a_sessions_cookie_goes_nowhere_else(feed_address, target, sent):
    """It follows the publisher's pages wherever they move; no other publisher gets it, nor http from https."""
    one = Source(
        *("n", "feed", Access.AUTHORISED_SESSION), feeds=(feed_address,), hosts=("b.example",), cookie_env="SESSION"
    )
    tally = Tally("n", "news", NEWEST)
    spider = FeedSpider(source=one, tally=tally, state=None, clock=lambda: NEWEST, environ={"SESSION": "SID=x"})
    entry = Entry("k", PostItem("news", native_id="k"), detail=urljoin(feed_address, "/1.html"))
    asked = spider.with_cookie(spider.detail_request(entry))
    assert asked.headers["Cookie"] == b"SID=x"
    answer = HtmlResponse(asked.url, status=302, headers={"Location": target}, request=asked)
    (onward,) = spider.on_detail(answer, entry, Walk(feed_address, revisited=False))
    assert (onward.url, "Cookie" in onward.headers) == (target, sent)
    assert ("Cookie" in spider.with_cookie(Request(target)).headers) == sent
