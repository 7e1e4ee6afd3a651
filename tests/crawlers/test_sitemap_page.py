"""Sitemaps: what is new in them, and nothing of what a site ever wrote."""

import gzip
from datetime import UTC, datetime

import pytest

from crawlers.addresses import Sites
from crawlers.documents import unzipped
from crawlers.normalize import DropReason, normalize
from crawlers.pages import Listing
from crawlers.spiders.sitemap_page import Sitemap, read_robots, read_sitemap
from crawlers.verdict import DAMAGED, GONE, OK, PERHAPS_EMPTY, Obstacle, blocked
from stream.records import Post
from tests.crawlers.feed_documents import INDEX, ROBOTS, RSS, SITEMAP

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
ADDRESS = "https://news.example.cn/sitemap.xml"


def read(text: str) -> Sitemap:
    """A sitemap as it is at this hour, a week back."""
    return read_sitemap(text, platform="news", address=ADDRESS, hosts=Sites(ADDRESS), fetched_at=NOW, days=7)


def test_new_articles_are_entries_with_their_pages():
    """News with title and time, dated pages of the last days; old, undated and foreign ones are counted drops."""
    found = read(SITEMAP)
    news, dated, *rest = found.listing.entries
    assert (news.key, news.detail) == ("news.example.cn/a/1.html", "https://news.example.cn/a/1.html")
    assert news.item is not None
    made = normalize(news.item, NOW, source="s", author_key=b"k")
    assert isinstance(made, Post)
    assert (made.text, made.title, made.truncated, made.published_at.hour) == ("标题 & 其他", "标题 & 其他", True, 1)
    assert dated.detail == "https://news.example.cn/a/2.html"
    assert dated.item is not None
    assert (news.item.changed, dated.item.changed) == (False, True)  # `lastmod` does not say when it was published
    assert [entry.drop for entry in rest] == [DropReason.OLD, DropReason.OLD, DropReason.ELSEWHERE]
    assert found.listing.drops == (DropReason.NO_ID,)


def test_an_index_leads_to_the_sitemaps_that_may_be_new():
    """The latest first; those not touched for longer than asked, and those of other sites, are left out."""
    found = read(INDEX)
    assert found.listing.reading == OK
    assert found.further == ("https://news.example.cn/s-today.xml.gz", "https://news.example.cn/s-yesterday.xml")


def test_robots_txt_leads_to_the_sitemaps_it_names():
    """Each once, on the publisher's own hosts; one that names none is no address, a login is a block."""
    ours = Sites(ADDRESS)
    found = read_robots(ROBOTS, address=ADDRESS, hosts=ours)
    assert found.listing.reading == OK
    assert found.further == ("https://news.example.cn/sitemap.xml", "https://m.news.example.cn/news.xml.gz")
    rules = "User-agent: *\nAllow: /\nSitemap: https://elsewhere.example/s.xml\n"
    for text, reading in (
        (rules, GONE),
        ("", blocked(Obstacle.EMPTY_BODY)),
        ("<html><body>请先登录</body></html>", blocked(Obstacle.LOGIN)),
    ):
        assert read_robots(text, address=ADDRESS, hosts=ours) == Sitemap(Listing(reading))


def test_a_sitemap_that_broke_off_keeps_what_was_whole():
    """The pages before the break are entries, and the sitemap is said not to be whole."""
    cut = read(SITEMAP[: SITEMAP.index("2019")])
    assert len(cut.listing.entries) == 2
    assert (cut.whole, cut.listing.drops) == (False, (DropReason.MALFORMED,))
    index = read(INDEX[: INDEX.index("elsewhere")])
    assert (index.whole, len(index.further), index.listing.reading) == (False, 2, OK)
    assert read(INDEX[: INDEX.index("s-yesterday")]).listing.reading == DAMAGED


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", blocked(Obstacle.EMPTY_BODY)),
        ("<html><body>请先登录</body></html>", blocked(Obstacle.LOGIN)),
        (RSS, blocked(Obstacle.UNRECOGNISED)),
        ('<?xml version="1.0"?><urlset></urlset>', PERHAPS_EMPTY),
        ('<?xml version="1.0"?><sitemapindex/>', PERHAPS_EMPTY),
        ('<?xml version="1.0"?><urlset><url><lo', DAMAGED),
    ],
)
def test_what_is_no_sitemap_is_never_an_empty_one(text: str, reading: object):
    """A page, another kind of document, half a sitemap; an empty one is doubted."""
    assert read(text).listing.reading == reading


def test_gzip_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch):
    """A `.gz` becomes its contents, half of one or one that unpacks to too much nothing, anything else itself."""
    packed = gzip.compress(SITEMAP.encode())
    assert unzipped(packed) == SITEMAP.encode()
    assert unzipped(b"<urlset/>") == b"<urlset/>"
    assert unzipped(packed[:-20]) is None
    assert unzipped(b"\x1f\x8bnothing") is None
    monkeypatch.setattr("crawlers.documents._UNPACKED", 100)
    assert unzipped(packed) is None
