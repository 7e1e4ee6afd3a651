"""The article in a news page, and what stands in its way."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crawlers.items import PostItem
from crawlers.normalize import normalize, pseudonym
from crawlers.pages import Detail, Entry
from crawlers.spiders.article_page import read_article
from crawlers.verdict import DAMAGED, EMPTY, OK, Obstacle, blocked
from stream.records import Post
from tests.crawlers.feed_documents import ARTICLE, FIRST, SECOND, article

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
WHOLE = f"{FIRST}\n{SECOND}"
ENTRY = Entry("k", PostItem("news", native_id="k", text="摘要…", title="云汀茶回应", truncated=True), detail="d")
UNTITLED = Entry("k", PostItem("news", native_id="k", text="", title="", truncated=True), detail="d")


def read(text: str, entry: Entry = ENTRY, status: int = 200) -> Detail:
    """An article's page."""
    return read_article(text, entry, status)


def post(text: str, entry: Entry = ENTRY) -> Post:
    """What becomes of an article."""
    found = read(text, entry)
    assert found.reading == OK
    made = normalize(found.items[0], NOW, source="s", author_key=b"k")
    assert isinstance(made, Post)
    return made


@pytest.mark.parametrize(
    "body",
    [
        f"<h1>云汀茶回应</h1><p>2026-11-21 10:03 来源：某报</p><div><p>{FIRST}</p><p>{SECOND}</p>责编:某</div>",
        f'<h1>云汀茶回应</h1><div id="content">　　{FIRST}<br/><br/>　　{SECOND}<br/>（责任编辑：某某）</div>',
        f'<div class="TRS_Editor"><p align="justify">　　{FIRST}</p><p>　　{SECOND}</p></div>',
        f"<article><h1>云汀茶回应</h1><p>{FIRST}</p><p>{SECOND}</p><p>【编辑:某某】</p></article>",
        f'<div class="article-content"><div>{FIRST}</div><div>{SECOND}</div></div>',
    ],
)
def test_the_words_of_the_article_and_no_others(body: str):
    """Neither ways on, recommendations and imprint, nor its heading, date and editor."""
    made = post(article(body))
    assert (made.text, made.truncated) == (WHOLE, False)


@pytest.mark.parametrize(
    ("line", "at", "estimated"),
    [
        (
            "2026-11-20 09:05 来源：某报",
            datetime(2026, 11, 20, 1, 5, tzinfo=UTC),
            False,
        ),
        ("2026年11月20日 星期五 09时05分", datetime(2026, 11, 20, 1, 5, tzinfo=UTC), False),
        ("2026-11-20 来源：某报", datetime(2026, 11, 19, 16, tzinfo=UTC), True),
    ],
)
def test_a_day_in_the_story_is_not_when_it_was_published(line: str, at: datetime, estimated: bool):
    """The date nearest above the first words counts, with or without an hour; what happened years ago is no date of
    the article."""
    story = f"2021年3月5日 14:30，张先生在门店购买奶茶。{FIRST}"
    today = "<div>今天是 2026年11月21日 10:29</div>"
    made = post(article(f"{today}<h1>云汀茶回应</h1><p>{line}</p><div><p>{story}</p><p>{SECOND}</p></div>"))
    assert (made.published_at, made.published_estimated) == (at, estimated)


@pytest.mark.parametrize(
    "lead",
    [
        "2026年11月20日，某汽车公司宣布召回三千辆车，原因是刹车失灵，已有五人受伤。",
        "2026年11月20日上午，某汽车公司公告如下：",
        "来源：某汽车公司公告说，召回三千辆车。",
    ],
)
def test_a_sentence_above_is_no_by_line(lead: str):
    """A first paragraph that begins like one, with a date or a source, stays; the by-lines over it do not."""
    above = "<p>原标题：谁的刹车失灵了？</p><p>2026年11月21日 10:03 来源：某报</p><p>作者：某某</p>"
    made = post(article(f"<article><h1>云汀茶回应</h1>{above}<p>{lead}</p><p>{FIRST}</p><p>{SECOND}</p></article>"))
    assert made.text == f"{lead}\n{WHOLE}"


def test_an_article_in_a_table_is_found():
    """As old sites hang it."""
    made = post(
        article(f"<table><tr><td><h1>云汀茶回应</h1></td></tr><tr><td><p>{FIRST}</p><p>{SECOND}</p></td></tr></table>")
    )
    assert "".join(made.text.split()) == "".join(WHOLE.split())


def test_what_the_page_says_of_itself():
    """The first publisher is the author, as a pseudonym; the page's date counts where the feed has none."""
    made = post(ARTICLE)
    assert made.author == pseudonym("news", "示例日报", b"k")
    assert made.published_at == datetime(2026, 11, 21, 2, 3, tzinfo=UTC)
    meta = '<meta name="pubdate" content="2026-11-21T09:00:00+08:00"><meta property="og:title" content="题">'
    untitled = post(article(f"<div class='a'><p>{FIRST}</p><p>{SECOND}</p></div>", meta), UNTITLED)
    assert (untitled.published_at.hour, untitled.title) == (1, "题")


@pytest.mark.parametrize(
    "said",
    [
        '<meta property="article:published_time" content="2026-11-21T09:00:00+08:00">',
        '<meta name="publishdate" content="2026-11-21 09:00:00">',
        '<meta name="pubdate" content="2026-11-21T01:00:00Z">',
        (
            '<script type="application/ld+json">'
            '{"@type":"NewsArticle","datePublished":"2026-11-21T09:00:00+08:00"}</script>'
            '<meta name="pubdate" content="2026-11-01">'
        ),
    ],
)
def test_where_a_page_says_when_it_was_published(said: str):
    """Linked data first, then each of the usual properties."""
    made = post(article(f"<div class='a'><p>{FIRST}</p><p>{SECOND}</p></div>", said), UNTITLED)
    assert made.published_at == datetime(2026, 11, 21, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "changed", "at"),
    [
        ("2019-03-05 09:05", "2026-11-21T08:00:00+08:00", datetime(2019, 3, 5, 1, 5, tzinfo=UTC)),
        ("2026-11-21", "2026-11-21T08:00:00+08:00", datetime(2026, 11, 21, tzinfo=UTC)),
        ("来源：某报", "2026-11-21T08:00:00+08:00", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-20 09:05", "", datetime(2026, 11, 20, 1, 5, tzinfo=UTC)),
    ],
)
def test_an_article_that_was_touched_today_is_no_news_of_today(line: str, changed: str, at: datetime):
    """When its sitemap says it was changed counts only where its page does not say when it was published, or on the
    day that the page gives without an hour."""
    item = replace(ENTRY.item, published=changed, changed=True)  # type: ignore[type-var]
    page = article(f"<h1>云汀茶回应</h1><p>{line}</p><div><p>{FIRST}</p><p>{SECOND}</p></div>")
    made = post(page, replace(ENTRY, item=item))
    assert (made.published_at, made.published_estimated) == (at, False)


def test_linked_data_is_believed():
    """A page that hands its article to search engines hands it to us: words, heading, date, publisher."""
    said = {
        "@graph": [
            {"@type": "WebPage"},
            {
                "@type": ["NewsArticle"],
                "headline": "云汀茶回应",
                "articleBody": WHOLE * 3,
                "datePublished": "2026-11-21T09:00:00+08:00",
                "publisher": {"name": "示例网"},
            },
        ]
    }
    script = f'<script type="application/ld+json">{json.dumps(said, ensure_ascii=False)}</script>'
    made = post(article(f"<p>{FIRST}</p>", f'<script type="application/ld+json">{{bad</script>{script}'), UNTITLED)
    assert (made.text, made.title, made.published_at.hour) == (WHOLE * 3, "云汀茶回应", 1)
    assert made.author == pseudonym("news", "示例网", b"k")


@pytest.mark.parametrize(
    "change",
    [
        ("</p></div>", "</p><p>剩余 60% 内容，登录后阅读全文</p></div>"),
        ("</p></div>", "</p><p>打开APP阅读全文</p></div>"),
        (
            "</head>",
            '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script></head>',
        ),
    ],
)
def test_a_wall_is_told(change: tuple[str, str]):
    """What the page keeps back makes the post a truncated one, with the words there are."""
    made = post(ARTICLE.replace(*change, 1))
    assert made.text.startswith(FIRST)
    assert made.truncated


ADDRESS = "https://news.example.cn/2026/11-21/1000001.shtml"
PAGED = replace(ENTRY, detail=ADDRESS)


def paged(number: int, href: str, said: str = "下一页") -> str:
    """A page of an article, with a link below it."""
    return article(
        f'<h1>云汀茶回应</h1><p>{FIRST}这是第{number}页。</p><div class="page"><a href="{href}">{said}</a></div>'
    )


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("1000001_2.shtml", "下一页"),
        ("/2026/11-21/1000001-2.shtml#p", "2"),
        ("?page=2", "[2]"),
        ("1000001_2.shtml", "下一页 >>"),
        ("1000001_2.shtml", "余下全文"),
    ],
)
def test_the_next_page_of_an_article_is_read_before_any_of_it_is_told(href: str, said: str):
    """Its words follow those of the page before, and the whole is one post that is not cut."""
    begun = read(paged(1, href, said), PAGED)
    assert (begun.items, begun.rest is not None) == ((), True)
    made = post(article(f"<h1>云汀茶回应</h1><p>{SECOND}</p><a href='1000001.shtml'>1</a>"), begun.rest)
    assert made.text == f"{FIRST}这是第1页。\n{SECOND}"
    assert not made.truncated


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("1000002.shtml", "下一页"),
        ("1000001_3.shtml", "下一页"),
        ("1000001_2.shtml", "相关报道"),
        ("1000001_2.shtml", "3"),
        ("https://other.example/2026/11-21/1000001_2.shtml", "下一页"),
        ("http://[oops", "下一页"),
        ("1000001.shtml", "下一页"),
        ("?page=2&id=3", "下一页"),
    ],
)
def test_another_article_is_no_page_of_this_one(href: str, said: str):
    """Only the page after this one, of the same article at the same site, under words that say so."""
    assert read(paged(1, href, said), PAGED).rest is None


def test_pages_without_end_are_given_up():
    """Ten pages are read and the rest is told to be cut; a page that only repeats what was read ends it at once."""
    entry, pages = PAGED, 0
    while entry is not None:
        pages += 1
        found = read(paged(pages, f"1000001_{pages + 1}.shtml"), entry)
        entry = found.rest
    assert (pages, found.items[0].truncated) == (10, True)
    begun = read(paged(1, "1000001_2.shtml"), PAGED)
    (again,) = read(paged(1, "1000001_3.shtml"), begun.rest).items
    assert (again.text, again.truncated) == (f"{FIRST}这是第1页。", True)


def test_a_page_that_tells_the_whole_is_told_once():
    """Pages that hand the whole article to search engines, each of them, are one article."""
    whole = WHOLE * 3
    told = json.dumps({"@type": "NewsArticle", "articleBody": whole}, ensure_ascii=False)
    head = f'<script type="application/ld+json">{told}</script>'
    begun = read(paged(1, "1000001_2.shtml"), PAGED)
    made = post(article(f"<h1>云汀茶回应</h1><p>{SECOND}</p>", head), begun.rest)
    assert "这是第1页" in made.text
    begun = read(article(f'<h1>云汀茶回应</h1><p>{FIRST}</p><a href="1000001_2.shtml">2</a>', head), PAGED)
    made = post(article(f"<h1>云汀茶回应</h1><p>{SECOND}</p>", head), begun.rest)
    assert (made.text, made.truncated) == (whole, False)


def test_the_longer_text_wins():
    """A feed that says more than the page is kept, and told to be cut."""
    assert ENTRY.item is not None
    long = Entry("k", PostItem("news", native_id="k", text="话" * 500, title="云汀茶回应", truncated=True), detail="d")
    made = post(ARTICLE, long)
    assert (made.text, made.truncated) == ("话" * 500, True)


def test_a_page_without_words_keeps_the_feed_s():
    """A video under the same heading is that article; the feed's summary is what there is of it."""
    made = post(article('<h1>云汀茶回应</h1><video src="a.mp4"></video>'))
    assert (made.text, made.truncated) == ("摘要…", True)


@pytest.mark.parametrize(
    ("text", "status", "reading"),
    [
        ("", 200, blocked(Obstacle.EMPTY_BODY)),
        ("", 404, EMPTY),
        ("<html>gone</html>", 410, EMPTY),
        (ARTICLE[:-20], 200, DAMAGED),
        ("<html><body>请完成安全验证</body></html>", 200, blocked(Obstacle.CAPTCHA)),
        ("<html><head><title>系统繁忙</title></head><body>请稍后</body></html>", 200, blocked(Obstacle.UNRECOGNISED)),
    ],
)
def test_what_is_no_article_is_told(text: str, status: int, reading: object):
    """Gone, cut on the way, refused, or something else altogether: never an article without words."""
    assert read(text, status=status) == Detail(reading)  # type: ignore[arg-type]
