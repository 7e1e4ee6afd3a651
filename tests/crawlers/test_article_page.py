"""The article in a news page, and what stands in its way."""

import json
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
        ("</p></div>", '</p></div><div><a href="1000001_2.html">下一页</a></div>'),
        (
            "</head>",
            '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script></head>',
        ),
    ],
)
def test_a_wall_or_a_second_page_is_told(change: tuple[str, str]):
    """What the page keeps back makes the post a truncated one, with the words there are."""
    made = post(ARTICLE.replace(*change, 1))
    assert made.text.startswith(FIRST)
    assert made.truncated


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
