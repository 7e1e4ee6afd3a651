"""News end to end: every kind of feed and sitemap, in a real crawl against the sandbox's publisher."""

from dataclasses import replace

import pytest

from crawlers.reports import Outcome
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sources import Source
from stream.records import Health
from tests.crawlers.crawling import corpus, crawl, health, logged, rows, source

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
