"""Feeds of every format, whole and with every defect that publishers are known for."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.addresses import Sites
from crawlers.documents import decode
from crawlers.items import PostItem
from crawlers.normalize import Doubt, DropReason, normalize
from crawlers.pages import Entry
from crawlers.spiders.feed_page import Feed, read_feed
from crawlers.verdict import DAMAGED, OK, PERHAPS_EMPTY, Obstacle, blocked
from stream.records import Post
from tests.crawlers.feed_documents import ATOM, JSON_FEED, RDF, RSS

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


def read(text: str, address: str = "https://news.example.cn/rss/a.xml", now: datetime = NOW) -> Feed:
    """A feed as it is at this hour."""
    return read_feed(text, platform="news", address=address, hosts=Sites(address), fetched_at=now)


def entries(text: str, **more: str) -> tuple[Entry, ...]:
    """The entries of a feed that can be read."""
    feed = read(text, **more)
    assert feed.listing.reading == OK
    return feed.listing.entries


def post(entry: Entry, doubts: list[Doubt] | None = None) -> Post:
    """What becomes of an entry."""
    assert entry.item is not None
    made = normalize(entry.item, NOW, source="s", author_key=b"k", doubt=(doubts if doubts is not None else []).append)
    assert isinstance(made, Post)
    return made


def rss(*items: str, channel: str = "") -> str:
    """An RSS feed of these items."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{channel}{"".join(items)}</channel></rss>'


def item(n: int = 1, **fields: str) -> str:
    """One RSS item; a field given as empty is left out."""
    given = {"title": f"标题{n}", "link": f"https://news.example.cn/{n}.html", "description": "话", **fields}
    return f"<item>{''.join(f'<{name}>{value}</{name}>' for name, value in given.items() if value)}</item>"


def test_rss_items_become_posts():
    """Title without markup, address without tracking, the whole text where it is given, else the article's page."""
    first, second = entries(RSS)
    assert first.key == "news.example.cn/2026/11-21/1000001.shtml?id=7"
    assert first.detail == "https://news.example.cn/2026/11-21/1000001.shtml?id=7"
    made = post(first)
    assert (made.title, made.text, made.truncated, made.comments) == ("云汀茶回应 & 致歉", "摘要在此…", True, 3)
    assert made.published_at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert made.author
    assert second.detail == ""
    assert (post(second).text, post(second).truncated) == ("第一段。\n\n第二段 完。", False)


def test_stories_that_differ_in_a_number_alone_are_as_many_posts():
    """An address like `story?sid=85484` names its story, so that a feed of them is not one post."""
    links = [f"https://news.example.cn/story?sid={n}" for n in (85484, 85485)]
    found = entries(rss(*(item(n, link=link) for n, link in enumerate(links))))
    assert [post(one).url for one in found] == links
    assert len({post(one).native_id for one in found}) == 2


def test_atom_items_become_posts():
    """`xml:base`, the alternate link, XHTML inside, plain and escaped titles, an id that is the address."""
    first, second = entries(ATOM, address="https://a.example.cn/feed")
    made = post(first)
    assert (made.url, made.title, made.text) == ("https://a.example.cn/x/1.html", "3 < 5 & 更多", "你好吗\n\n很好")
    assert (made.published_at.hour, made.truncated, bool(made.author)) == (1, False, True)
    assert (second.key, post(second).title, second.detail) == (
        "a.example.cn/x/2.html",
        "粗体",
        "https://a.example.cn/x/2.html",
    )


def test_rdf_and_json_feeds_become_posts():
    """RSS 1.0 under any prefix; JSON Feed with text that is no markup."""
    (one,) = entries(RDF, address="https://r.example.cn/f")
    assert (one.key, post(one).text, post(one).published_at.hour) == ("r.example.cn/1.html", "话", 1)
    first, second = entries(json.dumps(JSON_FEED), address="https://j.example.cn/feed.json")
    assert (post(first).url, post(first).title, post(first).text) == (
        "https://j.example.cn/1.html",
        "3 < 5",
        "a < b\n第二行",
    )
    assert (second.key, second.detail) == ("j.example.cn/2.html", "https://j.example.cn/2.html")


@pytest.mark.parametrize("before", ["\ufeff", "\n\n\ufeff", "\r\n "])
def test_what_stands_before_a_json_feed_is_passed_over(before: str):
    """A BOM, blank lines, or both."""
    text = decode((before + json.dumps(JSON_FEED)).encode()).text
    assert next(entry.key for entry in entries(text, address="https://j.example.cn/feed.json")) == "j.example.cn/1.html"


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("", 0), ("<ttl>10</ttl>", 10), ("<ttl> 60\n</ttl>", 60), ("<ttl>-5</ttl>", 0), ("<ttl>一</ttl>", 0)],
)
def test_how_long_a_feed_asks_to_be_left_alone(said: str, minutes: int):
    """A `ttl` in minutes; what is no number asks for nothing."""
    assert read(rss(item(), channel=said)).ttl == minutes


def test_an_article_is_one_post_in_every_feed():
    """The same address in two feeds and both schemes, whatever the ids and tracking parameters, is one key."""
    made = [
        rss(item(link="http://news.example.cn/1.html?spm=1", guid="a")),
        rss(item(link="https://news.example.cn/1.html#top", guid="b")),
        rss(item(link="/1.html?utm_source=x", guid="")),
        rss(item(link="", guid="https://news.example.cn/1.html")),
    ]
    assert {entries(text)[0].key for text in made} == {"news.example.cn/1.html"}


def test_what_has_no_address_is_known_by_its_id():
    """A guid that is no address; where all links lead to the front page the guids tell the items apart."""
    assert entries(rss(item(link="", guid="tag:1")))[0].key == "tag:1"
    home = "https://news.example.cn/"
    found = entries(rss(item(1, link=home, guid="a"), item(2, link=home, guid="b")))
    assert [(entry.key, entry.detail) for entry in found] == [("a", ""), ("b", "")]
    assert read(rss(item(link=""))).listing.drops == (DropReason.NO_ID,)


def test_an_item_published_again_is_one():
    """The same item twice in a feed, on top with a new date: one key, one page, and the time of the older."""
    again = item(guid="g", pubDate="Sat, 21 Nov 2026 10:00:00 +0800")
    found = entries(rss(again, item(2, guid="h"), item(guid="g", pubDate="Fri, 20 Nov 2026 08:00:00 +0800")))
    assert [entry.key.rpartition("/")[2] for entry in found] == ["1.html", "2.html", "1.html"]
    assert {entry.detail for entry in found} == {"https://news.example.cn/1.html", "https://news.example.cn/2.html"}
    assert {post(found[0]).published_at, post(found[2]).published_at} == {datetime(2026, 11, 20, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\ufeff\n\n" + rss(item(title="一")), "一"),
        (rss(item(title="A & B &nbsp;&ldquo;引&rdquo; AT&T &copy; &bogus; &lt;")), "A & B “引” AT&T © &bogus; <"),
        (rss(item(title="控\x0b制\x00字\ud83d符")), "控制字符"),
        (rss(item(title="<![CDATA[甲 & 乙 <i>斜</i>]]>")), "甲 & 乙 斜"),
        (rss(item(title="&lt;em&gt;云汀&lt;/em&gt;&amp;nbsp;茶")), "云汀 茶"),
        (rss(item(title="a&#20013;&#x6587;&#0;")), "a中文"),
        (rss(item(title="一"), channel="<undefined:tag>x</undefined:tag>"), "一"),
        (rss(item(title="一")).replace("<channel>", "<channel><!-- -- -->"), "一"),
    ],
)
def test_careless_xml_is_read(text: str, title: str):
    """Blank lines and a BOM before the declaration, bare ampersands, HTML's entities, control characters, prefixes."""
    assert post(entries(text)[0]).title == title


def test_nothing_is_expanded_or_fetched(tmp_path):
    """Entities of a document type, a billion laughs and a file of this machine stay the words they are."""
    secret = tmp_path / "secret"
    secret.write_text("geheim", encoding="utf-8")
    bomb = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE rss [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file://{secret}">{bomb}]>'
    text = rss(item(title="&f; &l9;", description="&f;")).replace("<rss", f"{doctype}<rss", 1)
    made = post(entries(text)[0])
    assert (made.title, made.text) == ("&f; &l9;", "&f;")


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "utf-8"])
def test_a_wrong_charset_is_read(declared: str):
    """GBK bytes under any declaration; UTF-8 under GBK's; UTF-16 by its mark; a damaged byte costs one character."""
    text = rss(*(item(n, title="云汀茶刹车失灵") for n in range(5))).replace("?>", f' encoding="{declared}"?>', 1)
    for body in (text.encode("gbk"), text.encode(), text.encode("utf-16")):
        assert {post(entry).title for entry in entries(decode(body).text)} == {"云汀茶刹车失灵"}
    damaged = text.encode().replace("刹".encode(), b"\xe5\x88", 1) if declared == "utf-8" else text.encode("gbk")
    assert "车失灵" in decode(damaged).text


def test_a_feed_that_broke_off_keeps_what_was_whole():
    """The items before the break are taken, the one it cut is counted, and the feed is said not to be whole."""
    text = rss(item(1), item(2), item(3))
    cut = read(text[: text.index("标题3") + 2])
    assert [entry.key for entry in cut.listing.entries] == ["news.example.cn/1.html", "news.example.cn/2.html"]
    assert (cut.listing.drops, cut.whole, read(text).whole) == ((DropReason.MALFORMED,), False, True)
    assert read(text[:40]).listing.reading == DAMAGED


def test_shanghai_time_called_gmt_is_put_right():
    """One date in the future gives a whole feed away if it is the feed's own, or if there are two; else only itself."""
    late, early = "Sat, 21 Nov 2026 10:00:00 GMT", "Fri, 20 Nov 2026 22:00:00 GMT"
    right = datetime(2026, 11, 20, 14, tzinfo=UTC)
    built = f"<lastBuildDate>{late}</lastBuildDate>"
    assert post(entries(rss(item(1, pubDate=early), channel=built))[0]).published_at == right
    doubts: list[Doubt] = []
    found = entries(rss(item(1, pubDate=late), item(2, pubDate=late), item(3, pubDate=early)))
    times = [post(entry, doubts).published_at for entry in found]
    assert times == [datetime(2026, 11, 21, 2, tzinfo=UTC)] * 2 + [right]
    assert doubts == [Doubt.SHIFTED_DATE] * 2
    alone = entries(rss(item(1, pubDate=late), item(2, pubDate=early)))
    assert [post(entry).published_at for entry in alone] == [times[0], right + timedelta(hours=8)]
    zulu = entries(rss(*(item(n, pubDate="2026-11-21T10:00:00Z") for n in range(2))))
    assert post(zulu[0]).published_at == times[0]


def test_a_true_gmt_is_left_alone():
    """Times that lie in the past as they stand are not touched."""
    (one,) = entries(
        rss(item(pubDate="Sat, 21 Nov 2026 02:00:00 GMT"), channel="<pubDate>Sat, 21 Nov 2026 02:00:00 GMT</pubDate>")
    )
    assert post(one).published_at == datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "hour", "doubts"),
    [
        ("2026-11-21 09:00:00", 1, []),
        ("2026年11月21日 09:00", 1, []),
        ("Sat, 21 Nov 2026 09:00:00 CST", 1, []),
        ("", 2, [Doubt.NO_DATE]),
        ("昨晚", 2, [Doubt.UNREADABLE_DATE]),
    ],
)
def test_dates_of_other_forms(date: str, hour: int, doubts: list[Doubt]):
    """Chinese local forms are Shanghai's; no date, or one that nobody can read, is the time of reading and is told."""
    said: list[Doubt] = []
    assert post(entries(rss(item(pubDate=date)))[0], said).published_at.hour == hour
    assert said == doubts


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("短", True),
        ("话" * 300, False),
        ("话" * 300 + "……", True),
        ("话" * 300 + "[...]", True),
        ("话" * 300 + "&lt;a href='/1'&gt;阅读全文&gt;&gt;&lt;/a&gt;", True),
        ("话" * 300 + " Read more »", True),
    ],
)
def test_a_cut_summary_leads_to_its_article(text: str, cut: bool):
    """A short summary, dots at the end, or a way to the rest mean that the article has more."""
    (one,) = entries(rss(item(description=text)))
    assert (bool(one.detail), post(one).truncated) == (cut, cut)


def test_articles_elsewhere_are_not_fetched():
    """Only pages of the feed's publisher are asked for; an address of this machine or another site never is."""
    links = ("https://m.example.cn/1", "https://evil.example.org/1", "http://127.0.0.1/1", "file:///etc/passwd", "//[x")
    found = [read(rss(item(link=link, guid="g"))).listing.entries[0].detail for link in links]
    assert found == ["https://m.example.cn/1", "", "", "", ""]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", blocked(Obstacle.EMPTY_BODY)),
        ("<!DOCTYPE html><html><body>请完成安全验证</body></html>", blocked(Obstacle.CAPTCHA)),
        ("<html><body>请先登录</body></html>", blocked(Obstacle.LOGIN)),
        ("<html><body>访问过于频繁</body></html>", blocked(Obstacle.RATE_LIMIT)),
        ("<html><body>系统繁忙</body></html>", blocked(Obstacle.UNRECOGNISED)),
        ("<html><body>页面不存在</body></html>", blocked(Obstacle.UNRECOGNISED)),
        ("<?xml version='1.0'?><opml><body/></opml>", blocked(Obstacle.UNRECOGNISED)),
        ('{"code": 1}', blocked(Obstacle.UNRECOGNISED)),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{"id"', DAMAGED),
        ("<?xml version='1.0' encoding='utf-8'?>", DAMAGED),
        (rss(), PERHAPS_EMPTY),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', PERHAPS_EMPTY),
    ],
)
def test_what_is_no_feed_is_never_an_empty_one(text: str, reading: object):
    """Pages with a status of 200 are refusals; half a document is damage; a feed without items is doubted."""
    assert read(text).listing.reading == reading
    assert not read(text).listing.entries


def test_items_of_any_type_end_as_entries_or_drops():
    """JSON items that are no objects, or hold numbers and lists where words are due, raise nothing."""
    odd = {
        "items": [5, None, {"id": [], "url": [3]}, {"id": 2**80, "url": "http://[", "title": {}, "content_text": []}]
    }
    found = read(json.dumps(odd)).listing
    assert found.drops == (DropReason.MALFORMED, DropReason.MALFORMED, DropReason.NO_ID)
    assert [entry.key for entry in found.entries] == [str(2**80)]
    assert isinstance(found.entries[0].item, PostItem)
