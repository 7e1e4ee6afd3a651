"""The sandbox as Weibo's other sites: timelines and comments, the desktop search, the hot list, the open platform."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsel import Selector
from starlette.applications import Starlette
from starlette.testclient import TestClient

from crawlers.sandbox import Corpus, app
from crawlers.sandbox.corpus import native_id
from crawlers.sandbox.weibo_html import searched
from crawlers.sandbox.weibo_open import ACCOUNT
from crawlers.sandbox.weibo_posts import mblogid, native_of, uid_of
from crawlers.sandbox.weibo_search import routes
from stream.zone import SHANGHAI
from tests.crawlers.served import Serve

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=SHANGHAI)
LONG = "等了三天，" * 40 + "结尾<b>&"


def line(id: str, minutes: float, text: str = "好喝", **more: Any) -> dict[str, Any]:
    """A post of so many minutes before now."""
    when = (NOW - timedelta(minutes=minutes)).isoformat()
    return {"platform": "weibo", "id": id, "author": "路人", "text": text, "published_at": when, **more}


LINES = [
    *(line(f"own{n}", 1000 + n, f"#秋桂计划# 第{n}条", author=ACCOUNT) for n in range(24)),
    *(line(f"c{n}", 900 - n, f"评论{n}", parent="own0", likes=n) for n in range(23)),
    *(line(f"r{n}", 800 - n, f"回复{n}", parent="c22", author="层主") for n in range(5)),
    line("long", 700, LONG),
    line("mention", 600, f"@{ACCOUNT} 云汀茶 {LONG}", likes=7, comments=8),
    line("orphan", 500, "云汀茶怎么了", parent="lost"),
    line("repost", 400, "云汀茶 看看", parent="long"),
    line("video", 300, "", brand="云汀茶"),
    line("today", 200, "云汀茶 [怒] http://t.cn/abc 1<2"),
    line("hour", 59, "云汀茶 @某人 #云汀茶#"),
    line("minute", 0.5, "云汀茶 刚发"),
    line("year", 60 * 24 * 400, "云汀茶 去年"),
]


@pytest.fixture(name="corpus")
def _corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in LINES))
    return Corpus.load(path)


@pytest.fixture(name="site")
def _site(corpus: Corpus) -> Iterator[TestClient]:
    with TestClient(app(corpus), base_url="http://127.0.0.1:1234", follow_redirects=False) as client:
        yield client


def native(corpus: Corpus, id: str) -> int:
    """The wire id of a line."""
    return next(entry.native for entry in corpus if entry.id == id)


def timeline(site: TestClient, name: str, cursor: Any = "") -> dict[str, Any]:
    """A page of somebody's posts, as the mobile site's own script asks for it."""
    uid = uid_of(name)
    params = {"type": "uid", "value": uid, "containerid": f"107603{uid}", "since_id": cursor}
    return site.get("/weibo/api/container/getIndex", params=params).json()


def test_timeline_pages_by_cursor_under_a_pinned_post(site: TestClient) -> None:
    """Newest first behind the pinned oldest one, until a page names no cursor; a stranger has nothing."""
    cursor, found, pages = "", [], 0
    while True:
        answer = timeline(site, ACCOUNT, cursor)
        found += [card["mblog"] for card in answer["data"]["cards"]]
        pages += 1
        if "since_id" not in answer["data"]["cardlistInfo"]:
            break
        cursor = answer["data"]["cardlistInfo"]["since_id"]
    texts = [post["text"].rpartition(" ")[2] for post in found]
    assert texts == ["第23条", *(f"第{n}条" for n in range(23))]
    assert (pages, len({post["id"] for post in found})) == (3, 24)
    assert [post["mblogtype"] for post in found] == [2] + [0] * 23
    assert found[0]["title"]["text"] == "置顶"
    assert timeline(site, "没有这个人")["ok"] == 0


def test_comments_for_those_who_are_logged_in(site: TestClient, corpus: Corpus) -> None:
    """Hottest first, two answers under each, a cursor and its kind until 0; everybody else goes to the passport."""
    post = native(corpus, "own0")
    params: dict[str, Any] = {"id": post, "mid": post, "max_id_type": 0}
    wall = site.get("/weibo/comments/hotflow", params=params)
    assert (wall.status_code, "passport.weibo.com/visitor/visitor" in wall.headers["location"]) == (302, True)
    site.cookies.set("SUB", "x")
    found, kinds = [], []
    while True:
        data = site.get("/weibo/comments/hotflow", params=params).json()["data"]
        found += data["data"]
        kinds.append(data["max_id_type"])
        if data["max_id"] == 0:
            break
        params |= {"max_id": data["max_id"], "max_id_type": data["max_id_type"]}
    assert [one["text"] for one in found] == [f"评论{n}" for n in range(22, -1, -1)]
    assert (kinds, data["total_number"]) == ([0, 1, 1], 28)
    assert (found[0]["total_number"], len(found[0]["comments"])) == (5, 2)
    assert found[0]["comments"][0]["text"].startswith("回复<a href=")
    assert found[1]["comments"] is False
    assert isinstance(found[0]["id"], str)
    child: dict[str, Any] = {"cid": found[0]["id"], "max_id": 0, "max_id_type": 0}
    thread = site.get("/weibo/comments/hotFlowChild", params=child).json()
    assert [one["text"].rpartition(":")[2] for one in thread["data"]] == [f"回复{n}" for n in range(5)]
    assert (thread["ok"], thread["total_number"], thread["max_id"]) == (1, 5, 0)
    assert [one["id"] for one in thread["rootComment"]] == [found[0]["id"]]
    for other in (found[1]["id"], native(corpus, "own0"), "x"):
        assert site.get("/weibo/comments/hotFlowChild", params={**child, "cid": other}).json()["ok"] == 0
    nobody = site.get("/weibo/comments/hotflow", params={"id": native(corpus, "today")}).json()
    assert nobody == {"ok": 0, "msg": "快来发表你的评论吧"}


def test_some_posts_keep_their_comments_back(serve: Serve) -> None:
    """Years later nobody is shown what was said below a post, nor below one whose author is gone."""
    site = serve([line("old", 60 * 24 * 800), line("hidden", 2, author=""), line("new", 1)])
    site.cookies.set("SUB", "x")
    asked = [{"id": native_id("weibo", one)} for one in ("old", "hidden")]
    old, hidden = (site.get("/weibo/comments/hotflow", params=params) for params in asked)
    assert (old.status_code, old.text) == (403, "")
    assert hidden.json() == {"ok": 0, "message": "由于博主设置，目前内容暂不可见。", "error_code": 20170}


@pytest.fixture(name="desk")
def _desk(corpus: Corpus) -> Iterator[TestClient]:
    """The desktop search at noon."""
    made = Starlette(routes=list(routes(corpus, lambda: NOW)))
    with TestClient(made, base_url="http://127.0.0.1:1234", cookies={"SUB": "x"}, follow_redirects=False) as client:
        yield client


def search(desk: TestClient, keyword: str, **more: Any) -> Selector:
    """A page of results."""
    return Selector(desk.get("/s.weibo.com/weibo", params={"q": keyword, "typeall": 1, **more}).text)


def mids(page: Selector) -> list[str]:
    """The ids of its posts."""
    return page.css('div.card-wrap[action-type="feed_list_item"]::attr(mid)').getall()


def test_times_are_vaguer_the_closer_they_are(desk: TestClient) -> None:
    """Seconds, minutes, today, this year with its day, another year in full."""
    shown = [
        " ".join(one.split())
        for one in search(desk, "云汀茶").css("div.content > div.from > a:first-child::text").getall()
    ]
    assert shown[:4] == ["30秒前", "59分钟前", "今天08:40", "今天07:00"]
    assert shown[-2:] == ["今天02:00", "2025年10月17日 12:00"]
    assert search(desk, "第5条").css("div.from a::text").get("").split() == ["11月20日", "19:15"]


def test_a_card_as_the_site_makes_it(desk: TestClient, corpus: Corpus) -> None:
    """Keywords red, emoji by name, label words for zero, the short id in the address, a login in the page's script."""
    page = search(desk, "云汀茶")
    assert "$CONFIG['islogin'] = '1'" in page.get()
    card = page.css(f'div[mid="{native(corpus, "today")}"]')
    words = card.css('p[node-type="feed_list_content"]')
    assert words.css("em.s-color-red::text").getall() == ["云汀茶"]
    assert words.css("img::attr(alt)").getall() == ["[怒]"]
    assert "1<2" in "".join(words.css("::text").getall())
    assert card.css("div.from a::attr(href)").get("").partition("?")[0].endswith(mblogid(native(corpus, "today")))
    labels = ["".join(one.css("::text").getall()).strip() for one in card.css(".card-act li a")]
    assert labels == ["转发", "评论", "赞"]
    counted = page.css(f'div[mid="{native(corpus, "mention")}"] .card-act li a')
    assert ["".join(one.css("::text").getall()).strip() for one in counted] == ["转发", "8", "7"]
    assert page.css(f'div[mid="{native(corpus, "video")}"] video-player')
    assert not page.css(f'div[mid="{native(corpus, "video")}"] p.txt')


def test_long_texts_stand_twice_and_forwarded_posts_apart(desk: TestClient, corpus: Corpus) -> None:
    """Cut with a link to unfold and whole but hidden; the root with its id, or a notice where it is gone."""
    page = search(desk, "云汀茶")
    long = page.css(f'div[mid="{native(corpus, "mention")}"]')
    assert long.css('p[node-type="feed_list_content"] a[action-type="fl_unfold"]')
    assert "结尾" not in "".join(long.css('p[node-type="feed_list_content"] ::text').getall())
    assert "结尾<b>&" in "".join(long.css('p[node-type="feed_list_content_full"] ::text').getall())
    repost = page.css(f'div[mid="{native(corpus, "repost")}"] div.card-comment')
    assert "结尾" in "".join(repost.css("p.txt ::text").getall())
    assert repost.css('a[action-type="feed_list_like"]::attr(action-data)').get() == f"mid={native(corpus, 'long')}"
    assert "已被作者删除" in "".join(
        page.css(f'div[mid="{native(corpus, "orphan")}"] div.card-comment ::text').getall()
    )
    asked = desk.get("/s.weibo.com/ajax/statuses/longtext", params={"id": mblogid(native(corpus, "long"))}).json()
    assert asked["data"]["longTextContent_raw"] == LONG
    shown = desk.get("/s.weibo.com/ajax/statuses/show", params={"id": mblogid(native(corpus, "long"))}).json()
    assert (shown["ok"], shown["id"], shown["longTextContent_raw"]) == (1, native(corpus, "long"), LONG)
    gone = desk.get("/s.weibo.com/ajax/statuses/show", params={"id": "Nobody123"})
    assert (gone.status_code, gone.json()["ok"]) == (400, 0)


def test_slices_of_time_and_place(desk: TestClient, corpus: Corpus) -> None:
    """Hours without zeros before them, from and until; a province has its own; nothing found has its own page."""
    day = search(desk, "云汀茶", timescope="custom:2026-11-21-8:2026-11-21-9")
    assert mids(day) == [str(native(corpus, "today"))]
    everywhere = {
        mid
        for n in (11, 31, 32, 33, 35, 37, 41, 42, 43, 44, 51, 61)
        for mid in mids(search(desk, "云汀茶", region=f"custom:{n}:1000"))
    }
    assert everywhere == set(mids(search(desk, "云汀茶")))
    assert sum(bool(mids(search(desk, "云汀茶", region=f"custom:{n}:1000"))) for n in (11, 31, 33, 44)) <= 1
    parts = [set(mids(search(desk, "云汀茶", region=f"custom:{home}:{n}"))) for home in (11, 31) for n in (1, 5, 7)]
    for home, cities in ((11, parts[:3]), (31, parts[3:])):  # some name no city, so that only the province has them
        assert set().union(*cities) <= set(mids(search(desk, "云汀茶", region=f"custom:{home}:1000")))
    for nothing in (search(desk, "没有人说过"), search(desk, "云汀茶", page=2)):
        assert nothing.css("div.card-no-result")
        assert not mids(nothing)


def test_the_pager_shows_fifty_pages_at_most(tmp_path: Path) -> None:
    """Ten a page; the list of pages, the way back and on; behind the fiftieth there is nothing."""
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps(line(str(n), 100 + n)) + "\n" for n in range(520)))
    made = Starlette(routes=list(routes(Corpus.load(path), lambda: NOW)))
    with TestClient(made, cookies={"SUB": "x"}) as desk:
        assert len(mids(search(desk, "*"))) == 1  # copies are folded
        first, last = search(desk, "*", nodup=1), search(desk, "*", nodup=1, page=50)
        assert len(first.css('ul[node-type="feed_list_page_morelist"] li')) == 50
        assert (len(first.css("a.prev")), len(first.css("a.next"))) == (0, 1)
        assert (len(last.css("a.prev")), len(last.css("a.next"))) == (1, 0)
        assert (len(mids(first)), len(mids(last))) == (10, 10)
        assert not mids(search(desk, "*", nodup=1, page=51))


def test_a_search_without_a_login_goes_to_the_passport(site: TestClient) -> None:
    """Where every surface of the desktop sends strangers."""
    wall = site.get("/weibo/s.weibo.com/weibo", params={"q": "云汀茶"})
    assert (wall.status_code, "domain=weibo.com" in wall.headers["location"]) == (302, True)
    assert "Sina Visitor System" in site.get(wall.headers["location"]).text


def test_the_hot_list_is_made_of_hashtags(site: TestClient) -> None:
    """Most said first, ranks without gaps although an advert stands between; the second list knows since when."""
    data = site.get("/weibo/weibo.com/ajax/side/hotSearch").json()["data"]
    matters = [one for one in data["realtime"] if not one.get("is_ad")]
    assert [(one["word"], one["realpos"], one["num"]) for one in matters] == [
        ("秋桂计划", 1, 240_000),
        ("云汀茶", 2, 10_000),
    ]
    assert len(data["realtime"]) == 3
    assert data["hotgovs"] == [data["hotgov"]]
    band = site.get("/weibo/weibo.com/ajax/statuses/hot_band").json()["data"]["band_list"]
    assert band[0]["onboard_time"] == int((NOW - timedelta(minutes=1023)).timestamp())


def test_the_open_platform_wants_a_token(site: TestClient) -> None:
    """Without one it answers by number under status 400."""
    refused = site.get("/weibo/api.weibo.com/2/statuses/mentions.json")
    assert (refused.status_code, refused.json()["error_code"]) == (400, 21332)
    assert refused.json()["request"] == "/2/statuses/mentions.json"


def test_the_open_platform_lists(site: TestClient, corpus: Corpus) -> None:
    """Mentions cut at 140 characters with ids as numbers; comments with their post; the whole text by id."""
    site.headers["authorization"] = "OAuth2 t"
    base = "/weibo/api.weibo.com/2"
    (mention,) = site.get(f"{base}/statuses/mentions.json").json()["statuses"]
    assert (mention["id"], mention["isLongText"], mention["text"].endswith("...全文")) == (
        native(corpus, "mention"),
        True,
        True,
    )
    assert (
        site.get(f"{base}/statuses/show.json", params={"id": mention["id"]})
        .json()["longText"]["longTextContent"]
        .endswith(LONG)
    )
    answer = site.get(f"{base}/comments/to_me.json", params={"count": 20, "page": 2}).json()
    assert (len(answer["comments"]), answer["total_number"]) == (8, 28)
    assert {one["status"]["id"] for one in answer["comments"]} == {native(corpus, "own0")}
    assert site.get(f"{base}/comments/mentions.json").json()["comments"] == []
    gone = site.get(f"{base}/statuses/show.json", params={"id": 1})
    assert (gone.status_code, gone.json()["error_code"]) == (400, 20101)


@pytest.mark.parametrize(("fault", "number"), [("login_json", 21327), ("verify_check", 10014), ("rate_limited", 10023)])
def test_the_open_platform_refuses_by_number(site: TestClient, fault: str, number: int) -> None:
    """Under a status that says less."""
    site.post("/control", json={"platform": "weibo", "fault": fault})
    refused = site.get("/weibo/api.weibo.com/2/comments/to_me.json", headers={"authorization": "OAuth2 t"})
    assert (refused.status_code, refused.json()["error_code"]) == (403, number)


@pytest.mark.parametrize(
    ("fault", "sign"),
    [("login_json", "islogin'] = '0'"), ("verify_check", "安全验证"), ("empty_200", 'pl_feedlist_index"></div>')],
)
def test_the_search_refuses_in_html(site: TestClient, fault: str, sign: str) -> None:
    """A page for nobody, a check, or a page without its contents."""
    site.cookies.set("SUB", "x")
    site.post("/control", json={"platform": "weibo", "fault": fault})
    assert sign in site.get("/weibo/s.weibo.com/weibo", params={"q": "云汀茶"}).text


@given(st.integers(4 * 10**15, 6 * 10**15))
def test_short_ids_lead_back_to_their_number(number: int) -> None:
    """Groups of seven digits, each in base 62."""
    assert native_of(mblogid(number)) == str(number)


@given(st.text("#@字a1 <>&\"'\n;lt云汀"))
def test_desktop_markup_loses_no_character(text: str) -> None:
    """Without emoji and links, the words between the tags are the text, whatever of it is painted red."""
    page = Selector(f"<html><body><p>{searched(text, '云汀')}</p></body></html>")
    pieces = page.xpath("//p//text() | //p//br")
    assert "".join(piece.root if isinstance(piece.root, str) else "\n" for piece in pieces) == text
