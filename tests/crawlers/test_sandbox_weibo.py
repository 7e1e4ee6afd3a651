"""The sandbox as Weibo's mobile site."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsel import Selector
from starlette.testclient import TestClient

from crawlers.sandbox import Corpus, app
from crawlers.sandbox.weibo_html import rich

LONG = "等了三天，" * 40 + "结尾<b>&"
TIME = "2026-11-21T10:{:02d}:22+08:00"


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[TestClient]:
    posts: list[dict[str, Any]] = [
        {"id": f"p{n}", "author": f"用户{n}", "text": f"第{n}条 云汀茶", "published_at": TIME.format(n)}
        for n in range(24)
    ]
    posts += [
        {
            "id": "rich",
            "author": "澜州晚报",
            "text": "#秋桂计划#好喝[哇]\n@云汀茶官方 1<2&3 http://t.cn/abc",
            "published_at": TIME.format(30),
            "likes": 1_234_567,
            "comments": 5,
        },
        {"id": "long", "author": "长文", "text": LONG, "published_at": TIME.format(31)},
        {"id": "repost", "author": "转发者", "text": "转发微博", "published_at": TIME.format(32), "parent": "rich"},
        {
            "id": "orphan",
            "author": None,
            "text": "唉 //@某人:真的吗",
            "published_at": TIME.format(33),
            "parent": "6tsQ7d",
        },
        {"id": "lone", "author": "乱码", "text": "半个表情\ud83d", "published_at": TIME.format(34)},
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps({"platform": "weibo", **post}) + "\n" for post in posts))
    with TestClient(app(Corpus.load(path)), base_url="http://127.0.0.1:1234") as client:
        yield client


def search(site: TestClient, keyword: str, page: int = 1) -> dict[str, Any]:
    """One page of the keyword search, as the mobile site's own script asks for it."""
    params = {"containerid": f"100103type=61&q={keyword}", "page_type": "searchall", "page": page}
    return site.get("/weibo/api/container/getIndex", params=params).json()


def mblogs(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The posts among the cards, adverts left out."""
    cards = []
    for card in answer["data"]["cards"]:
        cards += card["card_group"] if card["card_type"] == 11 else [card]
    return [card["mblog"] for card in cards if card["card_type"] == 9 and "mark" not in card["mblog"]]


def by_text(site: TestClient, words: str) -> dict[str, Any]:
    """The post with these words in its text."""
    return next(post for page in (1, 2, 3) for post in mblogs(search(site, "*", page)) if words in post["text"])


def test_pages_of_ten_until_not_ok(site: TestClient) -> None:
    """Ten posts a page, newest first, the next page named, and `ok: 0` behind the last."""
    pages = [search(site, "条 云汀茶", page) for page in (1, 2, 3)]
    posts = [post for page in pages for post in mblogs(page)]
    assert [len(mblogs(page)) for page in pages] == [10, 10, 4]
    assert [post["text"] for post in posts] == [f"第{n}条 云汀茶" for n in range(23, -1, -1)]
    assert [page["data"]["cardlistInfo"]["page"] for page in pages] == [2, 3, None]
    assert pages[0]["data"]["cardlistInfo"]["total"] == 24
    assert search(site, "条 云汀茶", 4) == {"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}
    assert search(site, "没有人说过")["ok"] == 0


def test_a_star_finds_every_post(site: TestClient) -> None:
    """All 29 posts come page by page, none twice."""
    ids = [post["id"] for page in (1, 2, 3) for post in mblogs(search(site, "*", page))]
    assert len(ids) == len(set(ids)) == 29


def test_cards_hold_more_than_posts(site: TestClient) -> None:
    """A group of type 11 holds a post, other card types and a marked advert stand between them."""
    cards = search(site, "云汀茶")["data"]["cards"]
    group = cards[0]["card_group"]
    assert cards[0]["card_type"] == 11
    assert {card["card_type"] for card in group} == {4, 9}
    adverts = [card["mblog"] for card in cards if card["card_type"] == 9 and "mark" in card["mblog"]]
    assert len(adverts) == 1
    assert adverts[0]["mark"].startswith("999_reallog_mark_ad")
    assert not mblogs(search(site, "云汀茶", 2))[0].get("mark")


def test_fields_of_a_post(site: TestClient) -> None:
    """Ids are strings of 16 digits, the time is the platform's, counts beyond a million are words."""
    post = by_text(site, "秋桂计划")
    assert post["id"] == post["mid"]
    assert len(post["id"]) == 16
    assert post["id"].isdigit()
    assert datetime.strptime(post["created_at"], "%a %b %d %H:%M:%S %z %Y").isoformat() == TIME.format(30)
    assert (post["attitudes_count"], post["comments_count"], post["reposts_count"]) == ("123万+", 5, 0)
    assert isinstance(post["user"]["id"], int)
    assert post["user"]["screen_name"] == "澜州晚报"
    assert post["user"]["verified_type"] == 3
    assert post["region_name"].startswith("发布于 ")
    assert post["isLongText"] is False


def test_markup_of_a_text(site: TestClient) -> None:
    """Hashtags, mentions, emoji, links and line breaks are marked up as on m.weibo.cn, links under the sandbox."""
    text = by_text(site, "秋桂计划")["text"]
    assert '<span class="surl-text">#秋桂计划#</span></a>' in text
    assert "<a href='/n/云汀茶官方'>@云汀茶官方</a>" in text
    assert "<img alt=[哇] src=" in text
    assert "<br />" in text
    assert "1&lt;2&amp;3" in text
    assert 'href="http://127.0.0.1:1234/weibo/sinaurl?u=http%3A%2F%2Ft.cn%2Fabc"' in text
    assert "http://127.0.0.1:1234/weibo/search?containerid=231522type%3D1" in text


def test_long_text_is_cut_and_can_be_extended(site: TestClient) -> None:
    """The list ends in 全文 and says so; `extend` gives the whole, the detail page too."""
    post = by_text(site, "等了三天")
    assert post["isLongText"] is True
    assert post["text"].endswith(f'...<a href="/status/{post["id"]}">全文</a>')
    assert "结尾" not in post["text"]
    whole = site.get("/weibo/statuses/extend", params={"id": post["id"]}).json()
    assert whole["ok"] == 1
    assert whole["data"]["longTextContent"].endswith("结尾&lt;b&gt;&amp;")
    assert whole["data"]["reposts_count"] == 0
    page = site.get(f"/weibo/detail/{post['id']}").text
    rendered = page.partition("$render_data = ")[2].partition("[0] || {};")[0]
    assert json.loads(rendered)[0]["status"]["text"].endswith("结尾&lt;b&gt;&amp;")
    assert site.get("/weibo/statuses/extend", params={"id": "1"}).json()["ok"] == 0


def test_reposts_carry_their_root(site: TestClient) -> None:
    """The root stands inside the repost; a root that is not in the corpus is a deleted post without a user."""
    repost = by_text(site, "转发微博")
    assert repost["raw_text"] == "转发微博"
    assert repost["retweeted_status"]["id"] == by_text(site, "好喝")["id"]
    orphan = by_text(site, "唉")
    assert orphan["user"] is None
    assert orphan["retweeted_status"]["user"] is None
    assert "已被作者删除" in orphan["retweeted_status"]["text"]
    assert len(orphan["retweeted_status"]["id"]) == 16


def test_a_lone_surrogate_reaches_the_client(site: TestClient) -> None:
    """Half a character is served as the escape that real answers contain, not as a server error."""
    params = {"containerid": "100103type=61&q=半个"}
    assert "\\ud83d" in site.get("/weibo/api/container/getIndex", params=params).text


def test_another_container_is_empty(site: TestClient) -> None:
    """What is not a keyword search finds nothing."""
    assert site.get("/weibo/api/container/getIndex", params={"containerid": "107603123"}).json()["ok"] == 0


@given(st.text("#@字a1 <>&\"'\n;lt"))
def test_markup_loses_no_character(text: str) -> None:
    """Without emoji and links, the words between the tags are the text, whatever it is made of."""
    page = Selector(f"<html><body><p>{rich(text, 'http://x')}</p></body></html>")
    pieces = page.xpath("//p//text() | //p//br")
    assert "".join(piece.root if isinstance(piece.root, str) else "\n" for piece in pieces) == text
