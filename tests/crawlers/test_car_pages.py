"""The parsers of 汽车之家 口碑 and 懂车帝 on documents of their shapes."""

import json
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.spiders import autohome_koubei_page, dongchedi_page
from crawlers.verdict import DAMAGED, EMPTY, OK, UNRECOGNISED, Obstacle, blocked
from tests.crawlers.car_documents import dongchedi_review, dongchedi_reviews, koubei, koubei_review

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
