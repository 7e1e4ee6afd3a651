"""The parsers of B站 and of Douyin's comments on documents of their shapes."""

import json
from datetime import date
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry
from crawlers.spiders import bilibili_page, douyin_comments_page, douyin_hot_page
from crawlers.spiders.bilibili_page import Turn
from crawlers.spiders.douyin_comments_page import Leaf
from crawlers.verdict import EMPTY, OK, TOO_DEEP, UNRECOGNISED, Obstacle, blocked
from tests.crawlers.video_documents import (
    bilibili_replies,
    bilibili_reply,
    bilibili_video,
    douyin_comment,
    douyin_hot_videos,
    douyin_own,
    douyin_own_video,
    douyin_sentences,
)

BASE = "https://site.example"
LOGIN, RISK, RATE = blocked(Obstacle.LOGIN), blocked(Obstacle.RISK_CONTROL), blocked(Obstacle.RATE_LIMIT)
SOFT, NOTHING = blocked(Obstacle.EMPTY_LIST), blocked(Obstacle.EMPTY_BODY)
FIRST = Turn(1, "1150000001", "BV1xx411c7mD", "云汀茶新品测评")


def text_of(answer: Any) -> str:
    """A document as it comes over the wire."""
    return answer if isinstance(answer, str) else json.dumps(answer)


def bilibili(answer: Any, at: Turn = FIRST):
    """A page of replies."""
    return bilibili_page.read_replies(text_of(answer), at, platform="bilibili", base=BASE)


def video(answer: Any):
    """The page before the replies."""
    return bilibili_page.read_video(text_of(answer), platform="bilibili", base=BASE)


def test_bilibili_video_is_a_post_and_leads_to_its_replies():
    """Known by how many replies it has; the next page asks by number and remembers name and title."""
    found = video(bilibili_video())
    assert (found.reading, found.next) == (OK, FIRST)
    (entry,) = found.entries
    assert entry.key == "BV1xx411c7mD@26"
    assert entry.item == PostItem(
        platform="bilibili",
        native_id="BV1xx411c7mD",
        url=f"{BASE}/video/BV1xx411c7mD",
        text="喝了三天",
        title="云汀茶新品测评",
        published=1763690000,
        author=123,
        likes=9,
        comments=26,
        reposts=2,
        is_html=False,
    )


def test_bilibili_reply_is_about_its_video():
    """Words as written, the video as parent, its title as target; who writes is known by number."""
    (entry,) = bilibili(bilibili_replies(bilibili_reply())).entries
    assert (entry.key, entry.detail) == ("280000000001", "")
    assert entry.item == PostItem(
        platform="bilibili",
        native_id="280000000001",
        url=f"{BASE}/video/BV1xx411c7mD",
        text="里面有钢丝[笑哭] @某人",
        published=1763690000,
        author="123",
        target="云汀茶新品测评",
        parent="BV1xx411c7mD",
        likes=12,
        comments=0,
        is_html=False,
    )


def test_bilibili_answers_are_taken_or_fetched():
    """All of them shown: taken with their parents; more than shown: the thread is asked for, and growth is news."""
    shown = bilibili_reply(2, rcount=2, replies=[bilibili_reply(21, root=2, parent=2), bilibili_reply(22, parent=21)])
    longer = bilibili_reply(3, rcount=9, replies=[bilibili_reply(31, root=3, parent=3)])
    found = bilibili(bilibili_replies(shown, longer))
    assert [entry.key for entry in found.entries] == ["2@2", "21", "22", "3@9"]
    assert [entry.item.parent for entry in found.entries if entry.item] == [FIRST.video, "2", "21", FIRST.video]
    assert found.entries[-1].detail == "/x/v2/reply/reply?type=1&oid=1150000001&root=3&pn=1&ps=20#BV1xx411c7mD"
    assert found.entries[-1].about == FIRST.title


def test_bilibili_pinned_reply_counts_once():
    """It stands above the list and in it."""
    found = bilibili(bilibili_replies(bilibili_reply(1), bilibili_reply(2), upper={"top": bilibili_reply(1)}))
    assert [entry.key for entry in found.entries] == ["1", "2"]


def test_bilibili_replies_nobody_may_see_or_name_are_counted():
    """Hidden ones, those without a number, those of another shape."""
    found = bilibili(bilibili_replies(bilibili_reply(1, invisible=True), bilibili_reply(None), []))  # type: ignore[arg-type]
    assert [(entry.key, entry.drop) for entry in found.entries] == [("1", DropReason.DELETED)]
    assert found.drops == (DropReason.NO_ID, DropReason.MALFORMED)


def test_bilibili_pages_follow_the_count():
    """Another page while the count says so; an empty one beyond the first is as deep as the site goes."""
    assert bilibili(bilibili_replies(bilibili_reply())).next == Turn(2, FIRST.oid, FIRST.video, FIRST.title)
    assert bilibili(bilibili_replies(bilibili_reply(), count=20)).next is None
    second = Turn(2, FIRST.oid, FIRST.video, FIRST.title)
    assert bilibili(bilibili_replies(), second).reading == TOO_DEEP
    assert bilibili(bilibili_replies(count=20), second).reading == EMPTY


def thread(answer: Any, entry: Entry | None = None):
    """A page of answers to the reply 3."""
    longer = bilibili(bilibili_replies(bilibili_reply(3, rcount=25))).entries[0]
    return bilibili_page.read_thread(text_of(answer), entry or longer, platform="bilibili", base=BASE)


def test_bilibili_thread_has_the_reply_and_its_answers():
    """The reply first, then its answers about the same video; further pages have answers only."""
    answers = [bilibili_reply(31, root=3, parent=3), bilibili_reply(32, root=3, parent=31)]
    found = thread(bilibili_replies(*answers, count=25))
    assert [item.native_id for item in found.items] == ["3", "31", "32"]
    assert [(item.parent, item.target, item.url) for item in found.items[1:]] == [
        (above, FIRST.title, f"{BASE}/video/{FIRST.video}") for above in ("3", "31")
    ]
    assert found.next == "/x/v2/reply/reply?type=1&oid=1150000001&root=3&pn=2&ps=20#BV1xx411c7mD"
    further = thread(bilibili_replies(answers[0], count=25), Entry("3@25", detail=found.next, about=FIRST.title))
    assert ([item.native_id for item in further.items], further.items[0].target) == (["31"], FIRST.title)
    assert further.next == ""
    assert thread(bilibili_replies(count=25)).reading == SOFT


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"code": -352, "message": "-352"}, RISK),
        ({"code": -412, "message": "request was banned"}, RISK),
        ({"code": -403, "message": "访问权限不足"}, blocked(Obstacle.PERMISSION)),
        ({"code": -101, "message": "账号未登录"}, LOGIN),
        ({"code": -799, "message": "请求过于频繁，请稍后再试"}, RATE),
        ({"code": 4242, "message": "?"}, UNRECOGNISED),
        ({"code": -404, "message": "啥都木有"}, EMPTY),
        ({"code": 12002, "message": "评论区已关闭"}, EMPTY),
        ({"code": 12009}, EMPTY),
        ({"code": 0, "data": None}, UNRECOGNISED),
        ({"data": {"page": {"count": 0}}}, UNRECOGNISED),
        (bilibili_replies(), SOFT),
        (bilibili_replies(count=0), EMPTY),
        ("", NOTHING),
        ("<html>哔哩哔哩</html>", UNRECOGNISED),
    ],
)
def test_bilibili_refusals(answer, reading):
    """Codes, and replies that are counted but not shown."""
    assert bilibili(answer).reading == reading


def test_bilibili_video_gone_is_told_and_blocks_nothing():
    """It is counted as deleted; the walk of the other videos goes on."""
    found = video({"code": -404, "message": "啥都木有"})
    assert (found.reading, found.entries, found.drops, found.next) == (OK, (), (DropReason.DELETED,), None)


def test_bilibili_closed_replies_keep_what_was_seen():
    """A thread that was closed since is no deletion of the reply that opened it."""
    found = thread({"code": 12002, "message": "评论区已关闭"})
    assert (found.reading, [item.native_id for item in found.items]) == (OK, ["3"])


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"code": -352}, RISK),
        ({"code": 0, "data": {}}, UNRECOGNISED),
        (bilibili_video(aid=None), UNRECOGNISED),
        (bilibili_video(bvid=" \n"), UNRECOGNISED),
    ],
)
def test_bilibili_video_refusals(answer, reading):
    """A video without its number is no video."""
    assert video(answer).reading == reading


ACCOUNT = Leaf("open-1")
BELOW = Leaf("open-1", "@9Vxx/+a==", "桂花乌龙上新")


def comments(answer: Any, at: Leaf = BELOW):
    """A page of comments below the video."""
    return douyin_comments_page.read_comments(text_of(answer), at, platform="douyin")


def test_douyin_own_videos_lead_to_their_comments():
    """Each known by its number of comments; without any it leads nowhere; without a number it is new every time."""
    answer = douyin_own(
        douyin_own_video(),
        douyin_own_video(item_id="@b", statistics={"comment_count": 0}),
        douyin_own_video(item_id="@c", statistics={}),
        douyin_own_video(item_id=None),
        7,
        cursor=1763600000000,
    )
    found = douyin_comments_page.read_videos(text_of(answer), ACCOUNT, platform="douyin")
    assert [(entry.key, entry.detail) for entry in found.entries] == [
        ("@9Vxx/+a==@3", "@9Vxx/+a=="),
        ("@b@0", ""),
        ("@c@", "@c"),
    ]
    assert found.entries[0].item is not None
    assert found.entries[0].item.title == "桂花乌龙上新"
    assert found.drops == (DropReason.NO_ID, DropReason.MALFORMED)
    assert found.next == Leaf("open-1", cursor=1763600000000)


def test_douyin_comment_is_about_its_video():
    """Words as written, the video as parent, its title as target; answers are asked for with every sign encoded."""
    found = comments(douyin_own(douyin_comment(), douyin_comment(comment_id="@d", reply_comment_total=2)))
    one, two = found.entries
    assert (one.key, one.detail) == ("@9Vww/+==", "")
    assert one.item == PostItem(
        platform="douyin",
        native_id="@9Vww/+==",
        text="喝出一根钢丝[捂脸]",
        published=1763690000,
        author="u1",
        target="桂花乌龙上新",
        parent="@9Vxx/+a==",
        likes=6,
        comments=0,
        is_html=False,
    )
    assert (two.key, two.about) == ("@d@2", "桂花乌龙上新")
    asked = "open_id=open-1&item_id=%409Vxx%2F%2Ba%3D%3D&comment_id=%40d&cursor=0&count=20"
    assert two.detail == f"/item/comment/reply/list/?{asked}"
    assert found.next == Leaf("open-1", "@9Vxx/+a==", "桂花乌龙上新", 10)


def test_douyin_cursor_that_stands_still_is_a_cap():
    """There is more and nothing leads to it; an empty page that names a further one is passed over."""
    stuck = comments(douyin_own(douyin_comment(), cursor=0))
    assert (stuck.reading, stuck.next, stuck.capped) == (OK, None, True)
    assert comments(douyin_own(cursor=0)).reading == SOFT
    hollow = comments(douyin_own(cursor=50))
    assert (hollow.reading, hollow.next is not None and hollow.next.cursor) == (EMPTY, 50)
    last = comments(douyin_own(douyin_comment(), has_more=False))
    assert (last.next, last.capped) == (None, False)
    assert comments(douyin_own(has_more=False)).reading == EMPTY


def test_douyin_answers_come_with_their_comment():
    """The comment first, then its answers, about the same video; the next page by cursor."""
    entry = comments(douyin_own(douyin_comment(comment_id="@d", reply_comment_total=25))).entries[0]
    answer = douyin_own(douyin_comment(comment_id="@e"), douyin_comment(comment_id=""), cursor=20)
    found = douyin_comments_page.read_answers(text_of(answer), entry, platform="douyin")
    assert [(item.native_id, item.parent, item.target) for item in found.items] == [
        ("@d", "@9Vxx/+a==", "桂花乌龙上新"),
        ("@e", "@d", "桂花乌龙上新"),
    ]
    assert found.drops == (DropReason.NO_ID,)
    rest = Entry(entry.key, detail=found.next, about=entry.about)
    further = douyin_comments_page.read_answers(
        text_of(douyin_own(douyin_comment(comment_id="@f"), has_more=False)), rest, platform="douyin"
    )
    assert ([(item.native_id, item.parent) for item in further.items], further.next) == ([("@f", "@d")], "")


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (douyin_own(error_code=2190008, description="access_token 过期"), blocked(Obstacle.TOKEN)),
        ({"data": {}, "extra": {"error_code": 2190002}}, blocked(Obstacle.TOKEN)),
        (douyin_own(error_code=2190004, description="应用未获得该能力"), blocked(Obstacle.PERMISSION)),
        (douyin_own(error_code=999, description="操作太频繁"), RATE),
        (douyin_own(error_code=2100005, description="参数不合法"), UNRECOGNISED),
        ({"data": None, "extra": None}, UNRECOGNISED),
        ({"data": {"list": []}}, UNRECOGNISED),
        (douyin_own() | {"data": {"error_code": 0, "list": {}}}, UNRECOGNISED),
        ("", NOTHING),
        ("blocked", RISK),
    ],
)
def test_douyin_own_refusals(answer, reading):
    """Numbers in data or extra; an answer that does not say that all went well is none."""
    assert comments(answer).reading == reading
    assert douyin_comments_page.read_videos(text_of(answer), ACCOUNT, platform="douyin").reading == reading
    assert douyin_comments_page.read_answers(text_of(answer), Entry("a"), platform="douyin").reading == reading


def hot(answer: Any, *keywords: str):
    """A hot list, listened to for these words."""
    day = date(2026, 11, 21)
    return douyin_hot_page.read_hot(text_of(answer), platform="douyin", keywords=keywords, day=day)


def test_douyin_hot_words_that_concern_us():
    """A line with a keyword is a post of the day with its rank and without an author; others are off topic."""
    found = hot(douyin_sentences("某剧大结局", "云汀茶 回应"), "云汀", "")
    assert [(entry.key, entry.drop) for entry in found.entries] == [
        ("hot-20261121-某剧大结局", DropReason.OFF_TOPIC),
        ("hot-20261121-云汀茶回应", None),
    ]
    assert found.entries[1].item == PostItem(
        platform="douyin",
        native_id="hot-20261121-云汀茶回应",
        text="#云汀茶 回应#（抖音热点榜第 2 位）",
        published="2026-11-21 10:00:00",
        target="热点榜",
        is_html=False,
    )
    renamed = douyin_sentences("云汀茶")
    renamed["data"]["sentence_list"] = renamed["data"].pop("list")
    assert len(hot(renamed, "云汀").entries) == 1


def test_douyin_hot_video_by_its_title_or_its_words():
    """Known by the number in its address, so that the search's post of it is the same post."""
    (entry,) = hot(douyin_hot_videos(), "钢丝").entries
    assert (entry.key, entry.drop) == ("7471000000000000001", None)
    assert entry.item is not None
    assert (entry.item.text, entry.item.author, entry.item.likes) == ("这家奶茶也太离谱", "某人", 5)
    assert hot(douyin_hot_videos(), "鹿屿").entries[0].drop is DropReason.OFF_TOPIC
    assert hot(douyin_hot_videos(share_url=""), "钢丝").drops == (DropReason.NO_ID,)
    assert hot(douyin_hot_videos(title=None), "钢丝").drops == (DropReason.MALFORMED,)


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (douyin_sentences(error_code=2190008), blocked(Obstacle.TOKEN)),
        ({"data": {}, "extra": {"error_code": 28001018}}, blocked(Obstacle.PERMISSION)),
        (douyin_sentences(), SOFT),
        ({"data": {"error_code": 0}}, UNRECOGNISED),
        ({}, UNRECOGNISED),
        ("", NOTHING),
    ],
)
def test_douyin_hot_refusals(answer, reading):
    """There is always something hot."""
    assert hot(answer, "云汀").reading == reading
