"""Weibo's other parsers on documents of their shapes, and the slices of its search."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.normalize import DropReason, normalize
from crawlers.pages import Detail, Listing
from crawlers.spiders import weibo_comments_page, weibo_hot_page, weibo_open_page, weibo_page, weibo_search_page
from crawlers.spiders.weibo_comments_page import LONGEST, WITHHELD, Cursor, Thread
from crawlers.spiders.weibo_regions import ANY_CITY, CITIES
from crawlers.spiders.weibo_slices import Slice, Spot, window
from crawlers.verdict import (
    DAMAGED,
    EMPTY,
    OK,
    PERHAPS_EMPTY,
    TOO_DEEP,
    UNRECOGNISED,
    Obstacle,
    Reading,
    Verdict,
    blocked,
)
from stream.records import Post
from stream.zone import SHANGHAI
from tests.crawlers.documents import BASE, mblog
from tests.crawlers.weibo_documents import (
    TIMELINE_CURSOR,
    WEIBO_NOTHING,
    comment,
    weibo_answers,
    weibo_comments,
    weibo_error,
    weibo_hot,
    weibo_mentions,
    weibo_timeline,
    weibo_to_me,
)
from tests.crawlers.weibo_documents import (
    weibo_page as html_page,
)

LOGIN, CAPTCHA, RATE = blocked(Obstacle.LOGIN), blocked(Obstacle.CAPTCHA), blocked(Obstacle.RATE_LIMIT)
SOFT, NOTHING = blocked(Obstacle.EMPTY_LIST), blocked(Obstacle.EMPTY_BODY)
TOKEN, PERMISSION = blocked(Obstacle.TOKEN), blocked(Obstacle.PERMISSION)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REFUSALS = [
    ({"ok": -100, "url": "https://passport.weibo.com/sso/signin?entry=wapsso"}, LOGIN),
    ({"ok": 0, "msg": "请先登录"}, LOGIN),
    ({"ok": 0, "url": "https://security.weibo.com/captcha/geetest?key=1"}, CAPTCHA),
    ({"ok": 0, "errno": "100005", "msg": "请求过于频繁,歇歇吧"}, RATE),
    ({"ok": 1, "data": None}, UNRECOGNISED),
    ({"ok": 3}, UNRECOGNISED),
    ("<html><title>Sina Visitor System</title></html>", LOGIN),
    ("", NOTHING),
    ('{"ok": 1, "data": {', DAMAGED),
]


def text_of(answer: Any) -> str:
    """A document as it travels."""
    return answer if isinstance(answer, str) else json.dumps(answer)


def keys(page: Listing) -> list[str]:
    """The keys of its entries."""
    return [entry.key for entry in page.entries]


def posts(page: Listing) -> list[Post]:
    """What becomes of its items."""
    made = [normalize(entry.item, NOW, source="s", author_key=b"k") for entry in page.entries if entry.item]
    return [post for post in made if isinstance(post, Post)]


def timeline(answer: Any, cursor: str = "", days: int = 7) -> Listing:
    """A page of a user's posts."""
    since = NOW - timedelta(days=days)
    return weibo_page.read_timeline(text_of(answer), cursor, platform="weibo", base=BASE, since=since, now=NOW)


def test_timeline_goes_on_by_its_cursor():
    """The cursor is kept as the platform gave it; a missing one, 0, or one that stands still is the end."""
    found = timeline(weibo_timeline())
    assert (found.reading, keys(found), found.next, found.total) == (OK, ["1", "2"], str(TIMELINE_CURSOR), 40)
    assert [timeline(weibo_timeline(following=one)).next for one in (None, 0, "0", "", [])] == [None] * 5
    assert timeline(weibo_timeline(following="x7"), "x7").next is None


@pytest.mark.parametrize("pinned", [{"mblogtype": 2}, {"mblogtype": "2"}, {"title": {"text": "置顶"}}])
def test_timeline_ends_at_the_bound_but_not_at_a_pinned_post(pinned):
    """An old post that is pinned says nothing of the posts below it; one that is not is the last page."""
    old = mblog("9", created_at="Sun Mar 01 10:00:00 +0800 2026")
    assert timeline(weibo_timeline({**old, **pinned}, mblog("2"))).next
    assert timeline(weibo_timeline(mblog("2"), old)).next is None
    assert keys(timeline(weibo_timeline(mblog("2"), old))) == ["2", "9"]
    assert timeline(weibo_timeline(mblog("2"), old), days=300).next
    assert timeline(weibo_timeline(mblog("2", created_at="?"))).next


@pytest.mark.parametrize(("answer", "reading"), [*REFUSALS, ({"ok": 0, "msg": "这里还没有内容"}, PERHAPS_EMPTY)])
def test_timeline_refusals(answer, reading):
    """As the search refuses, and nothing is taken from a refusal."""
    found = timeline(answer)
    assert (found.reading, found.entries, found.next) == (reading, (), None)


FIRST = Cursor("777")
FOLDED = Thread("21", 3, ("22", "23"))


def comments(answer: Any, at: Cursor = FIRST) -> Listing:
    """A page of comments."""
    return weibo_comments_page.read_comments(text_of(answer), at, platform="weibo", base=BASE)


def test_comments_and_their_answers_belong_to_the_post():
    """Answers stand behind their comment without the words that only say whom they answer; folded ones are next."""
    found = comments(weibo_comments())
    assert (found.reading, found.total, found.cut) == (OK, 34, 0)
    assert keys(found) == ["21", "22", "23", "24"]
    made = posts(found)
    assert [post.text for post in made] == ["我也是[怒]", "同意", "回复@某 人 的朋友：不同意", "我也是[怒]"]
    assert len({post.parent for post in made}) == 1
    assert made[0].parent == normalize_parent()
    assert (made[0].likes, made[0].comments, made[0].url) == (5, 3, f"{BASE}/detail/777")
    assert made[0].published_at == datetime(2026, 11, 21, 3, 20, 1, tzinfo=UTC)
    assert found.next == Cursor("777", "138123456789012345", 1, (FOLDED,))


def normalize_parent() -> str:
    """The identity of the post that is commented on, had it been crawled."""
    (post,) = posts(timeline(weibo_timeline(mblog("777"))))
    return post.id


@pytest.mark.parametrize("last", [0, "0", None, "", False])
def test_comments_end_at_zero_in_any_type(last):
    """As a number and as a string; no answer can hide the end."""
    assert comments(weibo_comments(comment("24"), following=last)).next is None
    assert comments(weibo_comments(following=last)).next == Cursor("777", "0", 1, (FOLDED,))


def test_comments_send_back_what_the_page_gave():
    """The cursor with every digit and the kind that came with it; a kind that is none stays as it was."""
    one, onward = comment("24"), Cursor("777", "138123456789012345", 1)
    assert comments(weibo_comments(one)).next == onward
    assert comments(weibo_comments(one, kind="?"), Cursor("777", "5", 1)).next == onward
    assert comments(weibo_comments(one, following=5), Cursor("777", "5")).next is None


def test_a_folded_thread_needs_the_comments_id():
    """Whose comment has none, its answers cannot be asked for: told as cut. A count in words or less is none."""
    found = comments(weibo_comments(comment("1", id=None, total_number=4), following=0))
    assert (found.cut, found.next) == (1, None)
    for count in ("三", None, True, -1, 0):
        assert comments(weibo_comments(comment("1", total_number=count), following=0)).next is None
    lone = comments(weibo_comments(comment("1", total_number="7", comments=False), following=0)).next
    assert lone == Cursor("777", "0", 1, (Thread("1", 7),))


THREAD = Cursor("777", "138", 1, (FOLDED, Thread("24", 9)))


def answers(answer: Any, at: Cursor = THREAD) -> Listing:
    """A page of the answers to a comment."""
    return weibo_comments_page.read_answers(text_of(answer), at, platform="weibo", base=BASE)


def test_answers_are_those_the_page_of_comments_did_not_show():
    """None twice, each without whom it answers, under the post; behind them the next thread, then the next page."""
    found = answers(weibo_answers())
    assert (found.reading, keys(found), found.cut) == (OK, ["25"], 0)
    (post,) = posts(found)
    assert (post.text, post.parent) == ("同意", normalize_parent())
    assert found.next == Cursor("777", "138", 1, (Thread("24", 9),))
    assert answers(weibo_answers(), replace(THREAD, threads=(FOLDED,))).next == Cursor("777", "138", 1)
    assert answers(weibo_answers(), Cursor("777", "0", 0, (FOLDED,))).next is None


def test_answers_go_on_by_their_cursor():
    """Any kind of 0 ends a thread, and so do a cursor that stands still and the longest thread; kinds flip."""
    onward = replace(FOLDED, had=("22", "23", "25"), max_id="139", kind=1, page=2)
    assert answers(weibo_answers(following=139)).next == replace(THREAD, threads=(onward, Thread("24", 9)))
    second = answers(
        weibo_answers(comment("25"), comment("26"), following="140", kind="?"), replace(THREAD, threads=(onward,))
    )
    assert keys(second) == ["26"]
    assert second.next.threads == (replace(onward, had=(*onward.had, "26"), max_id="140", page=3),)  # type: ignore[union-attr]
    still = replace(THREAD, threads=(replace(onward, max_id="140"),))
    longest = replace(THREAD, threads=(replace(onward, page=LONGEST),))
    for answer, at in (*((one, THREAD) for one in (0, "0", None, "", False)), ("140", still), (141, longest)):
        assert answers(weibo_answers(following=answer), at).next in (THREAD.passed(), Cursor("777", "138", 1))


def test_answers_that_are_counted_and_not_shown_are_told():
    """A thread that ends before its count is cut; so is one of which there is nothing at all."""
    assert answers(weibo_answers(comment("22"), comment("23"))).cut == 1
    assert answers(weibo_answers(comment("25", id=None))).cut == 1
    unseen = replace(THREAD, threads=(Thread("24", 9),))
    for nothing in ({"ok": 0, "msg": "暂无数据"}, {"ok": 0, "msg": "快来发表你的评论吧"}, {"ok": 1, "data": []}):
        found = answers(nothing, unseen)
        assert (found.reading, found.cut, found.next) == (EMPTY, 1, Cursor("777", "138", 1))
    found = answers({"ok": 0, "msg": "该评论不存在"})  # taken away since the page of comments showed some
    assert (found.reading, found.cut, found.next) == (EMPTY, 1, Cursor("777", "138", 1, (Thread("24", 9),)))


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"ok": 0, "msg": "暂无数据"}, SOFT),
        ({"ok": 1, "data": []}, SOFT),
        ({"ok": 1, "data": False}, UNRECOGNISED),
        ({"ok": 1, "data": {"data": []}}, UNRECOGNISED),
        *REFUSALS,
    ],
)
def test_answers_refusals(answer, reading):
    """As the comments; nothing at all is no answer where the page of comments has shown some."""
    found = answers(answer)
    assert (found.reading, found.entries, found.next) == (reading, (), None)


@pytest.mark.parametrize(
    ("answer", "first", "later"),
    [
        ({"ok": 0, "msg": "快来发表你的评论吧"}, EMPTY, EMPTY),
        ({"ok": 0, "msg": "该微博不存在"}, WITHHELD, WITHHELD),
        ({"ok": 0, "message": "由于博主设置，目前内容暂不可见。", "error_code": 20170}, WITHHELD, WITHHELD),
        ({"ok": 0, "msg": "暂无数据"}, PERHAPS_EMPTY, EMPTY),
        ({"ok": 1, "data": {"data": [], "total_number": 34, "max_id": 0}}, SOFT, EMPTY),
        ({"ok": 1, "data": {"data": [], "total_number": 0, "max_id": 0}}, EMPTY, EMPTY),
        *((answer, reading, reading) for answer, reading in REFUSALS),
    ],
)
def test_comments_refusals(answer, first, later):
    """No comments, comments that this post keeps back, a soft block, and the end behind other pages are told apart."""
    assert comments(answer).reading == first
    assert comments(answer, Cursor("777", "138")).reading == later


def test_comments_without_an_id_are_counted():
    """The address is the post's, so it must not stand in for a comment's id; nor a notice for a person's words."""
    gone = comments(
        weibo_comments(
            comment("1", user=None, text="该评论已被删除"),
            comment("2", user=None, text="抱歉，此评论已被删除"),
            comment("3", user=None, text="说好的赠品根本不存在"),
        )
    )
    assert [entry.drop for entry in gone.entries] == [DropReason.DELETED, DropReason.DELETED, None]
    found = comments(weibo_comments(comment("1", id=None), comment("2", id=["x"]), {}, comment("4")))
    assert keys(found) == ["4"]
    assert found.drops == (DropReason.NO_ID, DropReason.NO_ID, DropReason.MALFORMED)


START = datetime(2026, 11, 20, 0, tzinfo=SHANGHAI)
DAY = Slice(START, START + timedelta(days=1))


ONE_DAY = Spot((DAY,))


def search(text: str, at: Spot = ONE_DAY) -> Listing:
    """A page of the desktop search."""
    return weibo_search_page.read_search(text, at, platform="weibo", base="https://s.site.example")


def test_search_reads_long_posts_reposts_and_videos():
    """The full text where it stands, the forwarded post apart with its id, label words as zero, no words dropped."""
    found = search(html_page())
    assert found.reading == OK
    assert keys(found) == ["5231234567890123", "5231234567890124", "5231234567890125"]
    long, repost = posts(found)  # the video has no words
    assert (long.text, long.truncated, long.url) == ("#某品牌# 全文", False, "https://weibo.com/1234567890/OxYz12abc")
    assert (long.reposts, long.comments, long.likes) == (12, 12_000, 0)
    assert long.published_at == datetime(2026, 11, 21, 2, 3, tzinfo=UTC)
    assert long.author == posts(timeline(weibo_timeline(mblog("1"))))[0].author  # the same number, the same person
    assert (repost.text, repost.quoted) == ("太离谱", "原文全部")
    assert repost.published_at == datetime(2026, 11, 20, 1, 1, tzinfo=UTC)
    assert repost.parent == posts(timeline(weibo_timeline(mblog("5230000000000001"))))[0].id
    assert (repost.reposts, repost.comments, repost.likes) == (0, 0, None)
    assert [entry.detail for entry in found.entries] == ["", "", ""]


def test_search_asks_for_a_long_text_that_is_not_there():
    """A cut text whose whole is not in the page is asked for by the post's short id."""
    page = html_page().replace('node-type="feed_list_content_full" nick-name="某用户"', 'node-type="other"')
    assert search(page).entries[0].detail == "OxYz12abc"
    assert search(page).entries[0].item.truncated  # type: ignore[union-attr]


def test_search_turns_pages_then_slices():
    """A next link leads to the next page, none to the next slice, and behind the last slice is the end."""
    two = Spot((DAY, Slice(START - timedelta(days=1), START)), 3)
    assert search(html_page(), two).next == Spot(two.slices, 4)
    assert search(html_page(last=True), two).next == Spot(two.slices[1:])
    assert search(html_page(last=True)).next is None
    nothing = search(html_page(WEIBO_NOTHING, pages=1), two)
    assert (nothing.reading, nothing.next) == (EMPTY, Spot(two.slices[1:]))
    recommended = search(html_page(WEIBO_NOTHING + html_page()), two)
    assert (recommended.reading, recommended.entries) == (EMPTY, ())


def test_search_is_cut_finer_only_where_it_overflows():
    """46 pages of a day become hours, of an hour provinces, of those cities; there they are a cap, and are walked."""
    assert search(html_page(pages=45)).next == Spot((DAY,), 2)
    by_hour = search(html_page(pages=46))
    assert (len(by_hour.next.slices), by_hour.next.page, by_hour.capped) == (24, 1, False)  # type: ignore[union-attr]
    hour = Spot(by_hour.next.slices[:1])  # type: ignore[union-attr]
    assert hour.here.timescope == "custom:2026-11-20-23:2026-11-21-0"
    by_province = search(html_page(pages=50), hour).next
    assert [one.region for one in by_province.slices[:2]] == ["custom:11:1000", "custom:12:1000"]  # type: ignore[union-attr]
    by_city = search(html_page(pages=50), by_province)
    regions = [one.region for one in by_city.next.slices]  # type: ignore[union-attr]
    assert (by_city.capped, regions[:2], regions[17:19]) == (
        False,
        ["custom:11:1", "custom:11:2"],
        ["custom:11:29", "custom:11:1000"],  # the province again, for those who name no city
    )
    assert [(one.rest, one.province) for one in by_city.next.slices[18:20]] == [(True, 11), (False, 12)]  # type: ignore[union-attr]
    for place in by_city.next, Spot((replace(hour.here, province=82),)):  # one city all over
        finest = search(html_page(pages=50), place)
        assert (finest.capped, finest.next) == (True, place.turned())


def test_search_keeps_a_forwarded_apology_and_no_notice():
    """An author who begins as the platform's notices do is quoted; a notice has no author beside it."""
    sorry = html_page().replace("原文全部", "抱歉，给大家添麻烦了")
    assert posts(search(sorry))[1].quoted == "抱歉，给大家添麻烦了"
    notice = re.sub(r'<a href="//weibo.com/99" .*?</a>', "", sorry, flags=re.DOTALL)
    assert posts(search(notice))[1].quoted == ""


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (html_page(login="$CONFIG['islogin'] = '0';"), LOGIN),
        (html_page(login='$CONFIG["islogin"]="0";'), LOGIN),
        (html_page(login=""), UNRECOGNISED),
        (html_page("", pages=1), UNRECOGNISED),
        ("<html><title>Sina Visitor System</title></html>", LOGIN),
        ("<html><title>安全验证</title></html>", CAPTCHA),
        ("<html>系统繁忙</html>", UNRECOGNISED),
        (html_page()[:900], DAMAGED),
        ("", NOTHING),
    ],
)
def test_search_refusals(text, reading):
    """Without a login nothing on the page counts; a page without results and without the words for it is no result."""
    found = search(text)
    assert (found.reading, found.entries) == (reading, ())


@pytest.mark.parametrize(
    "words",
    [
        "该微博不存在",
        "微博不存在或暂无查看权限!",
        "由于博主设置，目前内容暂不可见。",
        "由于用户设置，该内容仅部分人可见。",
        "抱歉，由于作者设置，你暂时没有这条微博的查看权限哦。",
        "抱歉，作者已设置仅展示半年内微博，此微博已不可见。",
        "该微博已设置为仅粉丝可见。",
        "抱歉，此微博已被作者删除。",
        "微博已被删除",
    ],
)
def test_that_a_post_is_away_is_said_in_the_same_words_everywhere(words):
    """In JSON, on a page of HTML, and in place of a post: whichever of the platform's sentences it is."""
    (entry,) = timeline(weibo_timeline(mblog("1"))).entries
    for said in ({"ok": 0, "msg": words}, {"ok": 0, "message": words}, f"<html><p>{words}</p></html>"):
        assert weibo_page.read_long_text(text_of(said), entry).reading == EMPTY
    assert weibo_page.withheld({"text": words, "user": None})
    assert not weibo_page.withheld({"text": words, "user": {"id": 1}})


@pytest.mark.parametrize("words", ["您的账号已被冻结", "页面不存在", "首页 用户设置 退出", "没有权限"])
def test_words_about_us_are_not_about_a_post(words):
    """An answer that speaks of our session, or a page with a menu, never means that a post is gone."""
    (entry,) = timeline(weibo_timeline(mblog("1"))).entries
    for said in ({"ok": 0, "msg": words}, f"<html><p>{words}</p></html>"):
        assert weibo_page.read_long_text(text_of(said), entry).reading == UNRECOGNISED
    assert not weibo_page.withheld({"text": words, "user": None})


def test_hours_are_not_padded_and_days_begin_at_midnight():
    """The window ends with the present hour; its days are cut at midnight in Shanghai, the newest first."""
    spot = window(datetime(2026, 11, 21, 1, 30, tzinfo=UTC), days=2)  # 09:30 in Shanghai
    assert spot.here.timescope == "custom:2026-11-19-10:2026-11-21-10"
    assert [one.timescope for one in spot.here.parts()] == [
        "custom:2026-11-21-0:2026-11-21-10",
        "custom:2026-11-20-0:2026-11-21-0",
        "custom:2026-11-19-10:2026-11-20-0",
    ]
    assert spot.divided().here.parts()[-1].timescope == "custom:2026-11-21-0:2026-11-21-1"  # type: ignore[union-attr]


def test_one_post_of_the_desktop_site():
    """At the top of the answer, with its whole text where it is long; gone, refused and unknown are told apart."""

    def read(answer: Any) -> Detail:
        return weibo_search_page.read_show(text_of(answer), "https://weibo.com/12345/OxYz12abc", platform="weibo")

    answer = {**mblog(), "id": 5231234567890123, "ok": 1, "isLongText": True, "longTextContent_raw": "整篇 1<2"}
    (item,) = read(answer).items
    post = normalize(item, NOW, source="s", author_key=b"k")
    assert isinstance(post, Post)
    assert (post.text, post.truncated, post.native_id, post.likes) == ("整篇 1<2", False, "5231234567890123", 56)
    assert read({**answer, "longTextContent_raw": ""}).items[0].truncated
    removed = {"ok": 0, "message": "该微博不存在", "error_type": "alert"}
    assert (read(removed).reading, weibo_search_page.is_removed(json.dumps(removed))) == (EMPTY, True)
    assert read({**answer, "text": "抱歉，此微博已被作者删除。", "user": None}).reading == EMPTY
    assert read({"ok": 0, "message": "由于博主设置，目前内容暂不可见。", "error_code": 20170}).reading == EMPTY
    for refused, reading in REFUSALS:
        if refused != {"ok": 1, "data": None}:
            assert read(refused).reading == reading
            assert not weibo_search_page.is_removed(text_of(refused))
    assert read({"ok": 1, "data": None}).reading == UNRECOGNISED


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("https://weibo.com/1234567890/OxYz12abc", "OxYz12abc"),
        ("https://weibo.com/1234567890/", ""),
        ("https://weibo.com/u/OxYz12abc", ""),
        (None, ""),
    ],
)
def test_short_ids_stand_in_addresses(address, short):
    """Behind the number of a user; nothing else is one."""
    assert weibo_search_page.short_id(address) == short


@given(st.integers(0, 20 * 365 * 24 * 60), st.integers(1, 40))
def test_parts_cover_their_slice_exactly(minutes, days):
    """Put together in time they are the slice again, with nothing twice and nothing between; none is without end."""
    slices = [window(datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), days).here]
    while slices[0].parts():
        whole, parts = slices[0], slices[0].parts()
        if parts[0].province is not None:
            assert {(part.start, part.end) for part in parts} == {(whole.start, whole.end)}
            if whole.province is None:
                assert [part.province for part in parts] == list(CITIES)
            else:
                assert {part.province for part in parts} == {whole.province}
                assert [part.city for part in parts] == [*CITIES[whole.province], ANY_CITY]
        else:
            backwards = parts[::-1]
            assert (backwards[0].start, backwards[-1].end) == (whole.start, whole.end)
            assert all(one.end == two.start for one, two in pairwise(backwards))
        slices = list(parts)
    assert slices[0].city


@given(st.lists(st.sampled_from(["turned", "passed", "divided"]), max_size=40), st.integers(1, 9))
def test_a_marked_place_is_found_again(steps, days):
    """With every place of its hour and all the time that lies behind it, once each; no other words lead anywhere."""
    whole = at = window(NOW, days)
    for step in steps:
        at = getattr(at, step)() or at
    again = whole.resumed(at.mark)
    assert (again.here, again.page) == (at.here, at.page)
    placed = [[one for one in spot.slices if one.province] for spot in (at, again)]
    assert placed[0] == placed[1]
    for spot in (at, again):
        older = [one for one in spot.slices[1:] if not one.province]
        assert sum((one.end - one.start for one in older), timedelta()) == at.here.start - whole.here.start
        assert all(one.start >= two.end for one, two in pairwise(older))
    later = window(NOW + timedelta(days=days), days)
    foreign = at.mark.replace("/0/0/", "/1/1/") if at.here.province is None else at.mark.replace("/", "")
    assert [later.resumed(at.mark), whole.resumed(foreign), whole.resumed("7")] == [later, whole, whole]


def hot(answer: Any, keywords: tuple[str, ...] = ("云汀",)) -> Listing:
    """A hot list."""
    return weibo_hot_page.read_hot(text_of(answer), platform="weibo", keywords=keywords, day=date(2026, 11, 21))


@pytest.mark.parametrize("name", ["realtime", "band_list"])
def test_hot_keeps_what_names_a_keyword(name):
    """Rank in the text, no author; other matters are off topic, adverts adverts, whichever list it is."""
    answer = weibo_hot()
    answer["data"][name] = answer["data"].pop("realtime")
    found = hot(answer)
    assert [entry.drop for entry in found.entries] == [
        DropReason.OFF_TOPIC,
        DropReason.OFF_TOPIC,
        DropReason.ADVERT,
        None,
        DropReason.OFF_TOPIC,
    ]
    (post,) = posts(found)
    assert (post.text, post.target, post.author) == ("#云汀茶 道歉#（微博热搜第 2 位）", "热搜", "")
    assert post.native_id == "hot-20261121-云汀茶道歉"
    assert post.url == "https://s.weibo.com/weibo?q=%23%E4%BA%91%E6%B1%80%E8%8C%B6+%E9%81%93%E6%AD%89%23"
    assert post.published_at == datetime(2025, 11, 21, 1, 53, 20, tzinfo=UTC)


def test_hot_matches_any_keyword_and_no_empty_one():
    """Letters in either case; a blank keyword is in no word."""
    answer = weibo_hot(realtime=[{"word": "Yunting道歉", "num": 1, "rank": 6}])
    (post,) = posts(hot(answer, ("鹿屿", "yunTing")))
    assert "第 7 位" in post.text
    assert post.published_estimated
    assert not posts(hot(answer, ("", " ")))


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"ok": 1, "data": {"realtime": []}}, SOFT),
        ({"ok": 0, "msg": "暂无数据"}, SOFT),
        *REFUSALS,
    ],
)
def test_hot_refusals(answer, reading):
    """There is always something hot: an empty list is never believed."""
    assert hot(answer).reading == reading


def mine(answer: Any, page: int = 1) -> Listing:
    """A page of the open platform."""
    return weibo_open_page.read_page(text_of(answer), page, 20, platform="weibo")


def test_open_mentions():
    """Plain text keeps its brackets; a long text is asked for; pages go on until all are seen."""
    found = mine(weibo_mentions())
    assert found.total == 45
    assert keys(found) == ["5231234567890123", "5231234567890124"]
    assert [entry.detail for entry in found.entries] == ["", "5231234567890124"]
    assert posts(found)[0].text == "@云汀茶官方 1<2 好喝吗"
    assert posts(found)[0].url == "https://m.weibo.cn/detail/5231234567890123"
    assert [mine(weibo_mentions(), page).next for page in (1, 2, 3)] == [2, 3, None]


def test_open_lists_less_than_it_counts():
    """An empty page deeper than the interface goes is a cap, beyond what it counts the end."""
    for total, page, reading in ((45, 3, TOO_DEEP), (40, 3, EMPTY), (None, 2, EMPTY)):
        assert mine({"statuses": [], "total_number": total}, page).reading == reading


def test_open_comments():
    """A comment belongs to the post it stands under."""
    (post,) = posts(mine(weibo_to_me()))
    assert (post.text, post.native_id) == ("3<5", "31")
    assert post.parent == posts(mine(weibo_mentions()))[0].id
    assert mine(weibo_to_me()).next is None


def test_open_long_text():
    """The whole text in place of the cut one; another post than the one asked for is not taken."""
    native = "5231234567890124"
    answer = {**mblog(), "id": int(native), "isLongText": True, "longText": {"longTextContent": "一段长文,a<b"}}
    detail = weibo_open_page.read_status(json.dumps(answer), native, platform="weibo")
    assert (detail.items[0].text, detail.items[0].truncated) == ("一段长文,a&lt;b", False)
    for other, reading in (({**answer, "id": 1}, UNRECOGNISED), (weibo_error(20101), EMPTY), ("{", DAMAGED)):
        assert weibo_open_page.read_status(text_of(other), native, platform="weibo").reading == reading


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (weibo_error(21327, "expired_token"), TOKEN),
        (weibo_error("21327", "expired_token"), TOKEN),
        (weibo_error(21332, "invalid_access_token"), TOKEN),
        (weibo_error(10022), RATE),
        (weibo_error(10023), RATE),
        (weibo_error(10014), PERMISSION),
        (weibo_error(10001), Reading(Verdict.TRANSPORT, Obstacle.SERVER)),
        (weibo_error(4711), UNRECOGNISED),
        (weibo_error(None), UNRECOGNISED),
        ({"statuses": [], "total_number": 0}, EMPTY),
        ({"statuses": [], "total_number": 7}, SOFT),
        (weibo_error(20112, "Permission Denied!"), EMPTY),
        ({"statuses": []}, PERHAPS_EMPTY),
        ({"statuses": None, "total_number": 7}, UNRECOGNISED),
        ({}, UNRECOGNISED),
        ("<html>502</html>", UNRECOGNISED),
        ("{", DAMAGED),
    ],
)
def test_open_refusals(answer, reading):
    """By the platform's numbers."""
    assert mine(answer).reading == reading
    assert weibo_open_page.is_error(text_of(answer)) == (isinstance(answer, dict) and "error_code" in answer)
