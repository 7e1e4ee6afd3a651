"""The parsers of 汽车之家 口碑 and 懂车帝 on documents of their shapes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry
from crawlers.spiders import autohome_koubei_page, dongchedi_page
from crawlers.spiders import dongchedi_circle_page as circle_of
from crawlers.verdict import DAMAGED, EMPTY, OK, UNRECOGNISED, Obstacle, blocked
from tests.crawlers.car_documents import (
    circle_card,
    circle_comment,
    circle_comments,
    circle_page,
    circle_post,
    dongchedi_review,
    dongchedi_reviews,
    koubei,
    koubei_review,
)

BASE = "https://site.example"
LOGIN, CAPTCHA, RATE = blocked(Obstacle.LOGIN), blocked(Obstacle.CAPTCHA), blocked(Obstacle.RATE_LIMIT)
SOFT, NOTHING = blocked(Obstacle.EMPTY_LIST), blocked(Obstacle.EMPTY_BODY)


def text_of(answer: Any) -> str:
    """A document as it comes over the wire."""
    return answer if isinstance(answer, str) else json.dumps(answer)


def read_koubei(answer: Any, page: int = 1):
    """A page of 汽车之家 口碑."""
    return autohome_koubei_page.read_koubei(text_of(answer), page, 20, platform="autohome", base=BASE)


def read_reviews(answer: Any, page: int = 1):
    """A page of 懂车帝 口碑."""
    return dongchedi_page.read_reviews(text_of(answer), page, platform="dongchedi", base=BASE)


def test_koubei_keeps_words_and_stars_and_nothing_of_the_purchase():
    """Parts under their headings, stars of five, the series as target; cut parts told; no price, place or month."""
    found = read_koubei(koubei())
    assert (found.reading, found.next, found.total) == (OK, 2, 321)
    assert found.entries[0].item == PostItem(
        platform="autohome",
        native_id="01kabc",
        url=f"{BASE}/detail/view_01kabc.html",
        text="最满意：空间大\n最不满意：刹车\ue123响…",
        title="2026款 长续航版",
        published="2026-11-20",
        author="31",
        target="驰野E5",
        likes=3,
        comments=1,
        rating="4.71",
        truncated=True,
        private_glyphs=True,
    )


def test_koubei_names_are_not_the_clubs_numbers():
    """Without its short name a review is known by its number, marked as one; without either it is counted."""
    numbered = koubei_review(showId="", Koubeiid=117000001)
    found = read_koubei(koubei(numbered, koubei_review(showId=None, Koubeiid=None), "x"))
    assert [entry.key for entry in found.entries] == ["koubei117000001"]
    assert found.drops == (DropReason.NO_ID, DropReason.MALFORMED)


def test_koubei_pages_end():
    """At the last page, or where the count says so."""
    assert read_koubei(koubei(pagecount=3), 3).next is None
    assert read_koubei(koubei(pagecount=None, rowcount=21), 1).next == 2
    assert read_koubei(koubei(pagecount=None, rowcount=21), 2).next is None


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"returncode": 0, "result": {"rowcount": 9, "list": []}}, SOFT),
        ({"returncode": 0, "result": {"rowcount": 0, "list": []}}, EMPTY),
        ({"returncode": 0, "result": None}, UNRECOGNISED),
        ({"returncode": 104, "message": "请先登录", "result": None}, LOGIN),
        ("<html>访问过于频繁，请稍后再试</html>", RATE),
        ("", NOTHING),
        ('{"returncode":', DAMAGED),
    ],
)
def test_koubei_refusals(answer, reading):
    """As the forum's, and an empty list that claims reviews."""
    assert read_koubei(answer).reading == reading


def test_dongchedi_reviews():
    """Words, stars out of hundredths, the car as target, counts as they stand; nothing of the purchase."""
    found = read_reviews(dongchedi_reviews())
    assert (found.reading, found.next, found.total) == (OK, 2, 321)
    assert found.entries[0].item == PostItem(
        platform="dongchedi",
        native_id="7400000000000000001",
        url=f"{BASE}/ugc/article/7400000000000000001",
        text="开了三个月，车机总死机",
        published=1763690000,
        author="98",
        target="驰野E5 2026款 长续航版",
        likes="12",
        comments="3",
        rating=4.71,
    )


@pytest.mark.parametrize(
    ("raw", "stars"), [("471", 4.71), (500, 5.0), ("0", None), ("", None), (501, None), ("x", None)]
)
def test_dongchedi_stars(raw, stars):
    """No stars are not nought stars."""
    found = read_reviews(dongchedi_reviews(dongchedi_review(score_info={"score": raw})))
    assert found.entries[0].item is not None
    assert found.entries[0].item.rating == stars


def test_dongchedi_elements_that_are_no_reviews_are_counted():
    """Those without an id and those of another shape."""
    found = read_reviews(dongchedi_reviews(dongchedi_review(), dongchedi_review(gid_str=None), [], more=False))
    assert (len(found.entries), found.drops, found.next) == (1, (DropReason.NO_ID, DropReason.MALFORMED), None)


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ("请登录", LOGIN),
        ("<html><p>需要验证码</p></html>", CAPTCHA),
        ("<html>首页</html>", UNRECOGNISED),
        ({"status": 1, "message": "请登录"}, LOGIN),
        ({"status": 10, "message": "访问过于频繁"}, RATE),
        ({"status": 7, "message": "?"}, UNRECOGNISED),
        ({"message": "success", "data": {"review_list": []}}, UNRECOGNISED),
        ({"status": 0, "data": None}, UNRECOGNISED),
        ({"status": 0, "data": {"review_list": [], "total_count": 321}}, SOFT),
        ({"status": 0, "data": {"review_list": [], "has_more": True}}, SOFT),
        ({"status": 0, "data": {"review_list": [], "total_count": 0, "has_more": False}}, EMPTY),
        ("", NOTHING),
    ],
)
def test_dongchedi_refusals(answer, reading):
    """Words in place of JSON, numbers with and without words, lists emptied though counted."""
    assert read_reviews(answer).reading == reading


NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
POST = "/motor/pc/ugc/detail/common?aid=1839&app_name=auto_web_pc&group_id=7400000000000000001"
COMMENTS = "/motor/pc/ugc/detail/comment_list?aid=1839&app_name=auto_web_pc&group_id=7400000000000000001&count=10"


def circle(text: str, page: int = 1, since: datetime | None = None):
    """A page of a circle."""
    return circle_of.read_circle(text, page, platform="dongchedi", base=BASE, now=NOW, since=since)


def test_circle_lists_posts_by_their_last_answer():
    """The post's number out of its link, the circle's name as what it is about; nothing of the card's words."""
    found = circle(circle_page(circle_card(), '<section class="community-card"><a href="/user/9">x</a></section>'))
    assert (found.reading, found.next, found.total, found.drops) == (OK, 2, 61, (DropReason.NO_ID,))
    (entry,) = found.entries
    assert (entry.key, entry.detail, entry.about) == ("7400000000000000001", POST, "驰野E5")
    assert entry.item == PostItem(
        platform="dongchedi",
        native_id="7400000000000000001",
        url=f"{BASE}/ugc/article/7400000000000000001",
        target="驰野E5",
    )
    assert circle(circle_page(circle_card(), pages="3/3"), 3).next is None


@pytest.mark.parametrize(
    ("answered", "key"),
    [
        ("刚刚", "@202611210400"),
        ("14分钟前回复", "@202611210346"),
        ("16分钟前回复", ""),
        ("3小时前", ""),
        ("2个月前回复", ""),
        ("", ""),
    ],
)
def test_circle_post_answered_since_the_last_crawl_is_new_again(answered, key):
    """By the card's last time; a post that nobody has answered since is known by its number alone."""
    (entry,) = circle(circle_page(circle_card(answered=answered)), since=NOW - timedelta(minutes=15)).entries
    assert entry.key == f"7400000000000000001{key}"


@pytest.mark.parametrize(
    ("text", "page", "reading"),
    [
        (circle_page(total="共 321 条内容"), 1, SOFT),
        (circle_page(total="共 60 条内容"), 3, EMPTY),
        (circle_page(total=""), 1, LOGIN),
        ("<html>需要验证码</html>", 1, CAPTCHA),
        ("<html>访问过于频繁</html>", 1, RATE),
        ("<html>首页</html>", 1, UNRECOGNISED),
        (circle_page(circle_card())[:200], 1, DAMAGED),
        ("", 1, NOTHING),
    ],
)
def test_circle_refusals(text, page, reading):
    """A page without cards says why, or it is told as one that nobody knows."""
    assert circle(text, page).reading == reading


def post(answer: Any):
    """A post of the circle."""
    return circle_of.read_post(text_of(answer), circle(circle_page(circle_card())).entries[0])


def test_circle_post_that_is_no_longer_shown():
    """An answer without a post, and one whose post was withdrawn, say that it is gone; another state does not."""
    assert post({"status": 0, "data": {}}).reading == EMPTY
    shown = {state: post(circle_post(operation_status=state)).reading for state in (None, 0, 1, 2, 3)}
    assert shown == {None: OK, 0: OK, 1: EMPTY, 2: OK, 3: EMPTY}


def test_circle_post_whole():
    """Short posts have their words where long ones have a heading; comments are the next page."""
    found = post(circle_post())
    assert (found.reading, found.next) == (OK, f"{COMMENTS}&cursor=0")
    assert found.items == (
        PostItem(
            platform="dongchedi",
            native_id="7400000000000000001",
            url=f"{BASE}/ugc/article/7400000000000000001",
            text="开着开着就黑屏",
            title="车机死机",
            published=1763690000,
            author="98",
            target="驰野E5车友圈",
            likes=5,
            comments=12,
            is_html=False,
        ),
    )
    long = post(circle_post(thread_title="", motor_title="一周用车", content="<p>开了一周</p>", comment_count=0))
    assert [(item.title, item.text, item.is_html) for item in long.items] == [("一周用车", "<p>开了一周</p>", True)]
    assert long.next == ""


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"status": 0, "message": "success", "data": {}}, EMPTY),
        (circle_post("7400000000000000002"), UNRECOGNISED),
        ({"status": 1, "message": "请登录"}, LOGIN),
    ],
)
def test_circle_post_gone_or_refused(answer, reading):
    """Empty data is how the site says deleted; another post's answer is none."""
    assert post(answer).reading == reading


def below(answer: Any, cursor: int = 0):
    """A page of comments on the post."""
    entry = Entry("7400000000000000001", detail=f"{COMMENTS}&cursor={cursor}", about="驰野E5")
    return circle_of.read_comments(text_of(answer), entry, platform="dongchedi", base=BASE)


def test_circle_comments_and_answers():
    """Each below what it answers, about the circle; on to the next cursor, as long as it moves."""
    answer = circle_comment("992")
    found = below(circle_comments(circle_comment(reply_data={"reply_list": [answer]}), circle_comment("")))
    assert [(item.native_id, item.parent, item.target, item.text) for item in found.items] == [
        ("991", "7400000000000000001", "驰野E5", "我的也是<3"),
        ("992", "991", "驰野E5", "我的也是<3"),
    ]
    assert (found.drops, found.next) == ((DropReason.NO_ID,), f"{COMMENTS}&cursor=10")
    assert below(circle_comments(circle_comment()), cursor=10).next == ""
    assert below(circle_comments(circle_comment(), more=False)).next == ""


@pytest.mark.parametrize(
    ("answer", "cursor", "reading"),
    [
        (circle_comments(), 0, SOFT),
        (circle_comments(more=False), 10, OK),
        (circle_comments(total=0, more=False), 0, OK),
        ({"status": 0, "data": {}}, 0, UNRECOGNISED),
        ({"status": 0, "data": {"comment_data": {}, "total_count": 1}}, 0, UNRECOGNISED),
        ("请登录", 0, LOGIN),
    ],
)
def test_circle_comments_refused(answer, cursor, reading):
    """Counted but not shown is a refusal, unless the page lies past the last one."""
    assert below(answer, cursor).reading == reading
