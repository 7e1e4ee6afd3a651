"""The forums' parsers on documents of their shapes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason, normalize
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders import discuz_feed_page, discuz_mobile_page, discuz_page, tieba_page
from crawlers.verdict import DAMAGED, EMPTY, GONE, OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, blocked
from stream.records import Post
from stream.zone import SHANGHAI
from tests.crawlers.documents import BASE
from tests.crawlers.forum_documents import (
    DISCUZ_BOARD,
    DISCUZ_FEED,
    DISCUZ_THREAD,
    TIEBA_THREAD,
    discuz_mobile_board,
    discuz_mobile_thread,
    discuz_notice,
    discuz_post,
    discuz_thread,
    discuz_words,
    tieba_bar,
    tieba_comment,
    tieba_floor,
    tieba_row,
    tieba_thread,
)

FETCHED = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in Shanghai
LOGIN, PERMISSION, RATE = (blocked(one) for one in (Obstacle.LOGIN, Obstacle.PERMISSION, Obstacle.RATE_LIMIT))
NOTICES = [
    ("抱歉，指定的主题不存在或已被删除或正在被审核", EMPTY),
    ("抱歉，您需要先登录才能继续本操作", LOGIN),
    ("抱歉，您没有权限访问该版块", PERMISSION),
    ("抱歉，您两次搜索的时间间隔不到 60 秒，请 60 秒后再试", RATE),
    ("服务器开小差", UNRECOGNISED),
]


def post(item: PostItem | None) -> Post:
    """The post that an item means."""
    assert item is not None
    made = normalize(item, FETCHED, source="s", author_key=b"k")
    assert isinstance(made, Post)
    return made


def shanghai(*parts: int) -> datetime:
    """A wall-clock time."""
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


def board(text: str) -> Listing:
    """A page of a board's threads."""
    return discuz_page.read_board(text, 1, platform="discuz", base=BASE)


def thread(text: str, entry: Entry | None = None) -> Detail:
    """A page of the board's second thread."""
    return discuz_page.read_thread(text, entry or board(DISCUZ_BOARD).entries[1], platform="discuz", base=BASE)


def test_discuz_board():
    """Threads by their number and how many answers they have; a row without a number is counted."""
    found = board(DISCUZ_BOARD)
    assert (found.reading, found.next, found.drops) == (OK, 2, (DropReason.NO_ID,))
    assert [entry.key for entry in found.entries] == ["88@0", "123456@25"]
    entry = found.entries[1]
    assert entry.detail == f"{BASE}/forum.php?mod=viewthread&tid=123456"
    made = post(entry.item)
    assert (made.text, made.truncated, made.comments) == ("奶茶里有钢丝", True, 25)
    assert made.published_at == shanghai(2026, 11, 20, 12, 30)
    assert post(found.entries[0].item).published_at == shanghai(2009, 5, 17)
    assert board(DISCUZ_BOARD.replace('class="nxt"', "")).next is None


def test_discuz_thread():
    """The opening post whole, answers with exact times; quotes, edit marks, noise and attachments are no words."""
    detail = thread(DISCUZ_THREAD)
    assert detail.reading == OK
    opening, answer, partly = (post(item) for item in detail.items)
    assert opening.text == "昨天买的，里面有钢丝。\n\n店长不认。"
    assert (opening.native_id, opening.title, opening.truncated) == ("123456", "奶茶里有钢丝", False)
    assert opening.published_at == shanghai(2026, 6, 20, 10, 0, 31)
    assert answer.text == "我也遇到过"
    assert (answer.native_id, answer.parent) == ("123456-9002", opening.id)
    assert answer.published_at == shanghai(2026, 6, 20, 11, 3)
    assert answer.author not in ("", opening.author)
    assert (partly.text, partly.truncated) == ("看这里", True)
    assert detail.drops == (DropReason.DELETED, DropReason.HIDDEN)
    (gone,) = (post(item) for item in detail.gone)
    assert (gone.native_id, gone.deleted, gone.text, gone.author) == ("123456-9003", True, "", "")
    assert gone.published_at == shanghai(2026, 6, 20, 10, 0, 31)
    assert (opening.comments, detail.pages) == (1234, 40)
    assert detail.next == f"{BASE}/forum.php?mod=viewthread&tid=123456&page=2"


@pytest.mark.parametrize("said", ["作者被禁止或删除 内容自动屏蔽", "该帖被管理员或版主屏蔽"])
def test_discuz_opening_post_that_was_blotted_out(said):
    """It is the thread that is gone then, and the answers to it stay."""
    banned = f'<div class="pcb"><div class="locked">提示: <em>{said}</em></div></div>'
    page = discuz_thread(discuz_post("9001", "楼主", banned), discuz_post("9002", "沙发", discuz_words("9002", "顶")))
    row, *rest = discuz_mobile_thread()["Variables"]["postlist"]
    answer = discuz_mobile_thread(postlist=[{**row, "message": f"提示: <em>{said}</em>"}, *rest[:1]])
    for detail in (thread(page), mobile_thread(answer)):
        assert [(item.native_id, item.deleted) for item in detail.gone] == [("123456", True)]
        assert [item.native_id for item in detail.items] == ["123456-9002"]


def test_discuz_words_about_a_blot_are_words():
    """Somebody who quotes or mentions the notice has said something; what only its author may see is hidden."""
    quote = '<div class="quote"><blockquote>某人: 提示: 该帖被管理员或版主屏蔽</blockquote></div>为什么？'
    row, one, two = discuz_mobile_thread()["Variables"]["postlist"]
    hidden = {**two, "message": "此帖仅作者可见"}
    detail = mobile_thread(discuz_mobile_thread(postlist=[row, {**one, "message": quote}, hidden]))
    assert [post(item).text for item in detail.items[1:]] == ["为什么？"]
    assert (detail.gone, detail.drops) == ((), (DropReason.HIDDEN,))


def test_discuz_further_pages_have_answers_only():
    """The second page repeats no opening post, and the last one leads nowhere."""
    here = f"{BASE}/forum.php?mod=viewthread&tid=123456&page=2"
    page = discuz_thread(discuz_post("9031", "31", discuz_words("9031", "顶")), more=True)
    detail = thread(page, Entry("123456@25", None, detail=here, about="投诉曝光"))
    (made,) = (post(item) for item in detail.items)
    assert (made.native_id, made.target) == ("123456-9031", "投诉曝光")
    assert detail.next.endswith("&tid=123456&page=3")
    assert thread(discuz_thread(discuz_post("9041", "41", discuz_words("9041", "顶")))).next == ""


def test_discuz_thread_that_others_may_read():
    """What the list said stays, told as cut, whether the whole thread or only its first words are hidden."""
    ranked = thread(discuz_notice("抱歉，本帖要求阅读权限高于 20 才能浏览"))
    hidden = thread(
        discuz_thread(discuz_post("9001", "1", discuz_words("9001", '<div class="locked">隐藏内容请回复</div>')))
    )
    for detail in (ranked, hidden):
        (made,) = (post(item) for item in detail.items)
        assert (detail.reading, made.text, made.truncated) == (OK, "奶茶里有钢丝", True)


@pytest.mark.parametrize(("said", "reading"), NOTICES)
def test_discuz_notices(said, reading):
    """The software's sentences, although every page has a link to the login; a board that is gone is no empty one."""
    assert thread(discuz_notice(said)).reading == reading
    assert board(discuz_notice(said)).reading == (GONE if reading == EMPTY else reading)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", blocked(Obstacle.EMPTY_BODY)),
        (DISCUZ_BOARD[: len(DISCUZ_BOARD) // 2], DAMAGED),
        ("<html><script>document.cookie='a=1';location.reload()</script></html>", UNRECOGNISED),
        ('<html><form id="loginform_1" action="member.php?mod=logging"></form></html>', LOGIN),
        ("<html><title>安全验证</title></html>", blocked(Obstacle.CAPTCHA)),
        ('<html><a href="/captcha?">x</a>改版了</html>', UNRECOGNISED),
    ],
)
def test_discuz_refusals(text, reading):
    """A challenge, a login form, half a page; addresses in links do not count."""
    assert board(text).reading == reading
    assert thread(text).reading == reading


def test_discuz_board_without_threads():
    """A table without rows may also be a way to refuse."""
    assert board('<html><table id="threadlisttableid"></table></html>').reading == PERHAPS_EMPTY


def mobile(answer: Any, page: int = 1) -> Listing:
    """A page of a board's threads in JSON."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return discuz_mobile_page.read_board(text, page, platform="discuz", base=BASE)


def mobile_thread(answer: Any, entry: Entry | None = None) -> Detail:
    """A page of a thread in JSON."""
    entry = entry or mobile(discuz_mobile_board()).entries[0]
    return discuz_mobile_page.read_thread(json.dumps(answer), entry, platform="discuz", base=BASE)


def test_discuz_mobile_board():
    """The same threads under the same ids as in the pages, with the board's name and its total."""
    found = mobile(discuz_mobile_board())
    assert (found.reading, found.next, found.total, found.drops) == (OK, 2, 100, (DropReason.NO_ID,))
    assert mobile(discuz_mobile_board(), 5).next is None
    (entry,) = found.entries
    assert entry.key == board(DISCUZ_BOARD).entries[1].key
    assert entry.detail == f"{BASE}/api/mobile/index.php?version=4&module=viewthread&tid=123456"
    made, other = post(entry.item), post(board(DISCUZ_BOARD).entries[1].item)
    assert (made.id, made.url, made.author) == (other.id, other.url, other.author)
    assert (made.title, made.target) == ("奶茶里有钢丝 & 店长不认", "投诉曝光")
    assert made.published_at == datetime.fromtimestamp(1763600000, UTC)


def test_discuz_mobile_thread():
    """The opening post, an anonymous answer, one that the board blotted out, and the next page."""
    detail = mobile_thread(discuz_mobile_thread())
    opening, answer = (post(item) for item in detail.items)
    assert opening.text == "昨天买的，里面有钢丝。\n店长不认。"
    assert (answer.text, answer.native_id, answer.parent, answer.target) == (
        "我也是",
        "123456-9002",
        opening.id,
        "投诉曝光",
    )
    assert detail.drops == (DropReason.DELETED,)
    assert [(item.native_id, item.deleted, item.text) for item in detail.gone] == [("123456-9003", True, None)]
    assert (opening.comments, detail.pages) == (25, 3)
    assert detail.next == f"{BASE}/api/mobile/index.php?version=4&module=viewthread&tid=123456&page=2"
    rest = Entry("123456@25", None, detail=detail.next)
    assert [item.native_id for item in mobile_thread(discuz_mobile_thread(), rest).items] == ["123456-9002"]
    last = Entry("123456@25", None, detail=detail.next.replace("page=2", "page=3"))
    assert mobile_thread(discuz_mobile_thread(), last).next == ""


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (discuz_mobile_board(forum_threadlist=[]), blocked(Obstacle.EMPTY_LIST)),
        (discuz_mobile_board(forum_threadlist=[], forum={"threads": "0"}), EMPTY),
        (discuz_mobile_board(forum_threadlist=None), UNRECOGNISED),
        ({"Message": {"messageval": "to_login//1", "messagestr": "抱歉，您尚未登录"}}, LOGIN),
        ({"Message": {"messageval": "forum_nonexistence", "messagestr": ""}}, GONE),
        (
            {"Message": {"messageval": "viewperm_none_nopermission", "messagestr": "抱歉，您没有权限访问该版块"}},
            PERMISSION,
        ),
        ({"error": "mobile_is_closed"}, PERMISSION),
        ({"Variables": None}, UNRECOGNISED),
        ("", blocked(Obstacle.EMPTY_BODY)),
        ("<html><title>安全验证</title></html>", blocked(Obstacle.CAPTCHA)),
    ],
)
def test_discuz_mobile_refusals(answer, reading):
    """Codes, a closed interface, empty lists with and without a total."""
    assert mobile(answer).reading == reading


def test_discuz_mobile_thread_refusals():
    """A thread for higher ranks keeps its title; one that is gone is gone; no posts at all are not recognised."""
    (made,) = mobile_thread({"Message": {"messageval": "thread_nopermission//1", "messagestr": ""}}).items
    assert made.truncated
    assert mobile_thread({"Message": {"messageval": "thread_nonexistence", "messagestr": ""}}).reading == EMPTY
    assert mobile_thread(discuz_mobile_thread(postlist=[])).reading == UNRECOGNISED


def test_discuz_feed():
    """The newest threads under the same ids, their words cut, read as pages."""
    found = discuz_feed_page.read_feed(DISCUZ_FEED, platform="discuz", base=BASE)
    assert (found.reading, found.next, found.drops) == (OK, None, (DropReason.NO_ID,))
    (entry,) = found.entries
    made = post(entry.item)
    assert (entry.key, entry.detail) == ("123456", board(DISCUZ_BOARD).entries[1].detail)
    assert (made.text, made.target, made.truncated) == ("昨天买的，里面有钢丝。店长 ...", "投诉曝光", True)
    assert made.published_at == shanghai(2026, 11, 20, 12, 30)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", blocked(Obstacle.EMPTY_BODY)),
        (DISCUZ_FEED[:400], DAMAGED),
        (DISCUZ_FEED.partition("<item>")[0] + "</channel></rss>", PERHAPS_EMPTY),
        ("RSS Disabled", PERMISSION),
        ("<html>请先登录</html>", LOGIN),
        (discuz_notice("抱歉，指定的版块不存在"), GONE),
        ("<rss></rss>", UNRECOGNISED),
    ],
)
def test_discuz_feed_refusals(text, reading):
    """A feed that is switched off, cut, empty, or a page."""
    assert discuz_feed_page.read_feed(text, platform="discuz", base=BASE).reading == reading


def bar(text: str, page: int = 1) -> Listing:
    """A page of a bar's threads."""
    return tieba_page.read_bar(text, page, platform="tieba", base=BASE)


BAR = tieba_bar(tieba_row("9070000001"), tieba_row("9070000002", when="11:24", portrait=""), tieba_row("x"))


def test_tieba_bar_out_of_its_comment():
    """What the page hides is read; a thread is known by its number and how many replies it has."""
    found = bar(BAR)
    assert (found.reading, found.next, found.drops) == (OK, 2, (DropReason.NO_ID,))
    one, two = found.entries
    assert (one.key, one.detail, one.about) == ("9070000001@18", f"{BASE}/p/9070000001", "云汀茶吧")
    made = post(one.item)
    assert (made.title, made.text, made.truncated) == ("喝出钢丝 9070000001", "昨天买的…", True)
    assert (made.target, made.comments, made.published_estimated) == ("云汀茶吧", 18, True)
    assert made.published_at == shanghai(2026, 7, 6)
    assert post(two.item).published_at == shanghai(2026, 11, 21, 11, 24)
    assert one.item is not None
    assert two.item is not None
    assert (one.item.author, two.item.author) == ("tb.1.abc", "123")
    assert bar(tieba_bar(tieba_row("1"), more=False)).next is None


def test_tieba_thread_with_floors_and_comments():
    """The opening floor is the thread, floors answer it, comments answer their floor; names of others are left out."""
    entry = bar(BAR).entries[0]
    detail = tieba_page.read_thread(TIEBA_THREAD, entry, platform="tieba", base=BASE)
    assert (detail.reading, detail.drops) == (OK, (DropReason.NO_ID,))
    opening, floor, *comments, last = (post(item) for item in detail.items)
    assert (opening.native_id, opening.text, opening.truncated) == ("9070000001", "昨天买的，里面有钢丝。", False)
    assert (opening.title, opening.published_at) == ("喝出钢丝", shanghai(2024, 8, 6, 22, 1))
    assert (floor.native_id, floor.text, floor.parent) == ("150700000001", "我也是", opening.id)
    assert (floor.published_at, floor.target) == (shanghai(2024, 8, 6, 22, 2), "云汀茶吧")
    assert [comment.text for comment in comments] == ["哪家店", "同问", "回复快点"]
    assert {comment.parent for comment in comments} == {floor.id}
    assert comments[0].published_at == shanghai(2024, 8, 6, 22, 11)
    assert len({opening.author, floor.author, comments[0].author}) == 3
    assert "福建" not in repr(detail.items)
    assert (opening.comments, detail.pages) == (786, 13)
    assert detail.next == f"{BASE}/p/9070000001?pn=2"
    (branch,) = detail.more
    assert (last.native_id, last.text) == ("150700000002", "顶")
    assert branch.key == "9070000001/150700000002@14"
    assert branch.detail == f"{BASE}/p/comment?tid=9070000001&pid=150700000002&pn=1"


def test_tieba_further_pages_have_no_opening():
    """Page by page up to the number that the page tells."""
    here = f"{BASE}/p/9070000001?pn=12"
    entry = Entry("9070000001@18", None, detail=here)
    page = tieba_thread(tieba_floor(150700000009, 340, "顶"), tieba_floor(150700000010, 1, "重复的一楼"))
    detail = tieba_page.read_thread(page, entry, platform="tieba", base=BASE)
    assert [item.native_id for item in detail.items] == ["150700000009"]
    assert detail.next == f"{BASE}/p/9070000001?pn=13"
    last = tieba_page.read_thread(page, replace(entry, detail=detail.next), platform="tieba", base=BASE)
    assert last.next == ""


def test_tieba_comments_page():
    """A fragment of a page; the links at its foot tell how many there are."""
    here = f"{BASE}/p/comment?tid=9070000001&pid=150700000001&pn=1"
    entry = Entry("9070000001/150700000001@14", None, detail=here, about="云汀茶吧")
    text = tieba_comment(1, "回复 某人 :一") + '<p><a href="#2">下一页</a><a href="#2">尾页</a></p>'
    detail = tieba_page.read_comments(text, entry, platform="tieba", base=BASE)
    (made,) = (post(item) for item in detail.items)
    assert (made.native_id, made.text, made.target) == ("1", "一", "云汀茶吧")
    assert detail.next.endswith("&pn=2")
    last = tieba_page.read_comments(text, replace(entry, detail=detail.next), platform="tieba", base=BASE)
    assert last.next == ""
    assert tieba_page.read_comments("", entry, platform="t", base=BASE).reading == blocked(Obstacle.EMPTY_BODY)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", blocked(Obstacle.EMPTY_BODY)),
        ("blocked", blocked(Obstacle.RISK_CONTROL)),
        ("<html><title>百度安全验证</title></html>", blocked(Obstacle.CAPTCHA)),
        ("<html>贴子不存在</html>", EMPTY),
        ("<html>该贴已被删除</html>", EMPTY),
        ("<html>改版了<a href='/passport/login'></a></html>", UNRECOGNISED),
        ('{"no":220034,"error":"您的操作太频繁了"}', RATE),
        (BAR[: len(BAR) // 2], DAMAGED),
    ],
)
def test_tieba_refusals(text, reading):
    """A check, silence, a thread or a whole bar that is gone, an error's number, half a page."""
    assert bar(text).reading == (GONE if reading == EMPTY else reading)
    entry = bar(BAR).entries[0]
    assert tieba_page.read_thread(text, entry, platform="tieba", base=BASE).reading == reading
