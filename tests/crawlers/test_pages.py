"""Each platform's parser on documents of its shapes."""

import json
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry
from crawlers.spiders import autohome_page, douyin_page, heimao_page, weibo_page
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
    of_status,
    of_strange_html,
    same_site,
)
from tests.crawlers.documents import (
    AUTOHOME_PAGE,
    BASE,
    HEIMAO_PAGE,
    autohome_board,
    douyin_search,
    heimao_list,
    mblog,
    weibo_search,
)

LOGIN, CAPTCHA, RATE = blocked(Obstacle.LOGIN), blocked(Obstacle.CAPTCHA), blocked(Obstacle.RATE_LIMIT)
RISK, SOFT, NOTHING = blocked(Obstacle.RISK_CONTROL), blocked(Obstacle.EMPTY_LIST), blocked(Obstacle.EMPTY_BODY)
VISITOR = "<html><title>Sina Visitor System</title></html>"


def weibo(answer: Any, page: int = 1):
    """A page of the search, from a value or a text."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return weibo_page.read_search(text, page, platform="weibo", base=BASE)


def test_weibo_search_finds_posts_in_cards_and_groups():
    """Posts at the top and in groups, in order; users, hints and adverts are none, and the advert is counted."""
    found = weibo(weibo_search(mblog("1"), mblog("2", mark="999_reallog_mark_ad:999"), mblog("3")))
    assert found.reading == OK
    assert [(entry.key, entry.drop) for entry in found.entries] == [("1", None), ("2", DropReason.ADVERT), ("3", None)]
    assert (found.next, found.total) == (2, 312)
    item = found.entries[0].item
    assert item == PostItem(
        platform="weibo",
        native_id="1",
        url=f"{BASE}/detail/1",
        text=mblog()["text"],
        published="Sat Nov 21 10:03:22 +0800 2026",
        author="1234567890",
        quoted="",
        parent="",
        likes=56,
        comments="100万+",
        reposts=12,
    )


def test_weibo_repost_keeps_its_root_apart():
    """The root's words are quoted without its author's name; its id is the parent; a deleted root leaves no more."""
    root = mblog("9", text="原文&lt;3", user={"id": 2, "screen_name": "<原>"})
    gone = {"id": "8", "text": "抱歉，此微博已被作者删除。", "user": None}
    found = weibo(weibo_search(mblog("1", retweeted_status=root), mblog("2", retweeted_status=gone)))
    items = [entry.item for entry in found.entries]
    assert [(item.quoted, item.parent) for item in items if item] == [("原文&lt;3", "9"), ("", "8")]


def test_weibo_long_text_is_asked_for_unless_it_is_there():
    """A cut text names the page with the whole; an embedded whole text is taken at once."""
    cut = mblog("1", isLongText=True, text='前半...<a href="/status/1">全文</a>')
    unmarked = mblog("2", text='前半...<a href="/status/2">全文</a>')
    embedded = mblog("3", isLongText=True, longText={"longTextContent": "整篇"})
    found = weibo(weibo_search(cut, unmarked, embedded))
    assert [entry.detail for entry in found.entries] == ["1", "2", ""]
    assert found.entries[2].item is not None
    assert found.entries[2].item.text == "整篇"


def test_weibo_elements_that_are_no_posts_are_counted():
    """A card without a post, a post without an id, a deleted post: each has its reason, neighbours stay."""
    gone = mblog("4", user=None, text="抱歉，此微博已被作者删除。查看帮助：")
    answer = weibo_search(mblog("1"), mblog("", mid=None), gone)
    answer["data"]["cards"].append({"card_type": 9, "mblog": "x"})
    found = weibo(answer)
    named = {entry.key: entry.drop for entry in found.entries}
    assert named["1"] is None
    assert named["4"] is DropReason.DELETED
    reasons = [*found.drops, *(entry.drop for entry in found.entries if entry.drop)]
    assert len(found.entries) + len(found.drops) == 4
    assert DropReason.MALFORMED in reasons


NOTICES = {
    "抱歉，作者已设置仅展示半年内微博，此微博已不可见。 ": DropReason.HIDDEN,
    "抱歉，由于作者设置，你暂时没有这条微博的查看权限哦。": DropReason.HIDDEN,
    "由于博主设置，目前内容暂不可见。": DropReason.HIDDEN,
    "根据博主设置，此内容无法访问": DropReason.HIDDEN,
    "该账号因用户自行申请关闭，现已无法查看。": DropReason.DELETED,
    "该微博因被多人投诉，根据《微博社区公约》，已被删除。": DropReason.DELETED,
    "此微博已被作者删除。": DropReason.DELETED,
}


@pytest.mark.parametrize(("words", "reason"), NOTICES.items())
def test_weibo_notices_are_nobodys_words(words, reason):
    """Where a notice stands for a post or for the one it reposts; the same words of an author are kept."""
    notice = {"text": words, "user": None}
    root = mblog("2", retweeted_status={"id": "9", **notice})
    found = weibo(weibo_search(mblog("1", **notice), root, mblog("3", text=words)))
    assert [entry.drop for entry in found.entries] == [reason, None, None]
    items = [entry.item for entry in found.entries if entry.item]
    assert [(item.quoted, item.parent) for item in items] == [("", "9"), ("", "")]
    assert items[1].text == words
    one = {"ok": 1, "data": mblog("1", **notice)}
    assert weibo_page.read_status(json.dumps(one), platform="weibo", base=BASE).reading == EMPTY


@pytest.mark.parametrize("kind", [1, 3, 10, "6"])
def test_weibo_shown_to_some_only_is_not_taken(kind):
    """What its author shows to nobody or to followers is no public word, though our session may see it."""
    post = mblog("1", visible={"type": kind, "list_id": 0})
    found = weibo(weibo_search(post, mblog("2", retweeted_status=post, visible={"type": 0}), mblog("3", visible=None)))
    assert [entry.drop for entry in found.entries] == [DropReason.HIDDEN, None, None]
    assert found.entries[1].item is not None
    assert not found.entries[1].item.quoted
    one = weibo_page.read_status(json.dumps({"ok": 1, "data": post}), platform="weibo", base=BASE)
    assert (one.reading, one.items) == (EMPTY, ())


def test_weibo_first_page_without_posts_is_no_calm():
    """Recommended users and hints alone are an empty list; where the platform counts posts, it is hiding them."""
    cards = [{"card_type": 11, "card_group": [{"card_type": 10, "user": {"id": 1}}]}, {"card_type": 58}]
    for total, reading in ((312, SOFT), (0, PERHAPS_EMPTY), (None, PERHAPS_EMPTY)):
        answer = {"ok": 1, "data": {"cards": cards, "cardlistInfo": {"total": total, "page": 2}}}
        assert weibo(answer).reading == reading
        assert (weibo(answer, 2).reading, weibo(answer, 2).next) == (OK, None)


def test_weibo_quotes_the_whole_of_a_long_root():
    """Where the list embeds it."""
    root = mblog("9", text="前半...", isLongText=True, longText={"longTextContent": "整篇原文"})
    found = weibo(weibo_search(mblog("1", retweeted_status=root)))
    assert found.entries[0].item is not None
    assert found.entries[0].item.quoted == "整篇原文"


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"ok": -100, "url": "https://passport.weibo.com/sso/signin?entry=wapsso"}, LOGIN),
        ({"ok": 0, "msg": "请先登录"}, LOGIN),
        ({"ok": 0, "url": "https://security.weibo.com/captcha/geetest?key=1"}, CAPTCHA),
        ({"ok": 0, "errno": "100005", "msg": "请求过于频繁,歇歇吧"}, RATE),
        ({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}, PERHAPS_EMPTY),
        ({"ok": 0, "msg": "这里还没有内容", "data": {"cards": [], "cardlistInfo": {"total": 9}}}, SOFT),
        ({"ok": 1, "data": {"cards": [], "cardlistInfo": {"total": 312}}}, SOFT),
        ({"ok": 1, "data": {"cards": []}}, PERHAPS_EMPTY),
        ({"ok": 1, "data": None}, UNRECOGNISED),
        ({"ok": 1}, UNRECOGNISED),
        ({"ok": 2, "data": {"cards": []}}, UNRECOGNISED),
        ([], UNRECOGNISED),
        ("", NOTHING),
        ("null", UNRECOGNISED),
        ("blocked", RISK),
        (VISITOR, LOGIN),
        ("<html><title>微博通行证</title></html>", LOGIN),
        ("<html>系统繁忙</html>", UNRECOGNISED),
        ('{"ok": 1, "data": {"car', DAMAGED),
    ],
)
def test_weibo_refusals(answer, reading):
    """Each way of saying no is told apart, and nothing unknown passes for nothing found."""
    found = weibo(answer)
    assert found.reading == reading
    assert not found.entries


def test_weibo_end_of_the_listing():
    """A null page number is the end; a missing one, or one that stands still, is not walked for ever."""
    assert weibo(weibo_search(mblog("1"), following=None)).next is None
    assert weibo(weibo_search(mblog("1"), following=1)).next is None
    answer = weibo_search(mblog("1"))
    del answer["data"]["cardlistInfo"]["page"]
    assert weibo(answer, 4).next == 5


@pytest.mark.parametrize(
    ("answer", "reading", "texts"),
    [
        ({"ok": 1, "data": {"longTextContent": "整<br/>篇"}}, OK, [("整<br/>篇", False)]),
        ({"ok": 1, "data": {}}, OK, [("前半…", True)]),
        ({"ok": 1, "data": None}, UNRECOGNISED, []),
        ({"ok": 0, "msg": "该微博不存在"}, EMPTY, []),
        ({"ok": 0, "message": "由于博主设置，目前内容暂不可见。", "error_code": 20170}, EMPTY, []),
        ("<html><title>微博-出错了</title><p>微博不存在或暂无查看权限!</p></html>", EMPTY, []),
        ({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}, UNRECOGNISED, []),
        ("<html>系统繁忙</html>", UNRECOGNISED, []),
        ({"ok": -100, "url": "https://passport.weibo.com/"}, LOGIN, []),
        ("{", DAMAGED, []),
    ],
)
def test_weibo_long_text_answers(answer, reading, texts):
    """The whole text, or what kind of answer it was instead; the words for an empty list never mean a deleted post."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    entry = weibo(weibo_search(mblog("1", isLongText=True, text="前半…"))).entries[0]
    detail = weibo_page.read_long_text(text, entry)
    assert (detail.reading, [(item.text, item.truncated) for item in detail.items]) == (reading, texts)
    if reading != OK:
        assert weibo_page.read_status(text, platform="weibo", base=BASE).reading == reading


def douyin(answer: Any, cursor: int = 0):
    """A page of the video search."""
    return douyin_page.read_search(answer if isinstance(answer, str) else json.dumps(answer), cursor, platform="douyin")


@pytest.mark.parametrize("double", [True, False])
def test_douyin_search_in_double_and_single_data(double):
    """Both nestings; what is said in a video is its text, else its caption."""
    answer = douyin_search()
    if not double:
        answer["data"] = answer["data"]["data"]
    found = douyin(answer)
    assert found.reading == OK
    assert [entry.key for entry in found.entries] == ["7471000000000000001", "7471000000000000002"]
    items = [entry.item for entry in found.entries if entry.item]
    assert [(item.title, item.text) for item in items] == [(None, "云汀茶避雷 #避雷"), ("标题", "口播里说的话")]
    assert (found.next, found.search_id) == (10, "s1")


def test_douyin_paging_never_stands_still():
    """A cursor that does not move is helped along; no more is the end."""
    assert douyin(douyin_search(cursor=0)).next == 2
    assert douyin(douyin_search(cursor=None), 6).next == 8
    assert douyin(douyin_search(has_more=False)).next is None
    assert douyin(douyin_search(video_list=[], cursor=20)).next == 20
    assert douyin(douyin_search(video_list=[], has_more=False)).reading == EMPTY


def nil(kind: str) -> dict[str, Any]:
    """The web search's way of giving nothing."""
    return {"status_code": 0, "data": [], "has_more": 0, "search_nil_info": {"search_nil_type": kind}}


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"err_no": 28001003, "data": {}}, blocked(Obstacle.TOKEN)),
        ({"err_no": 0, "data": {"error_code": 2190008}}, blocked(Obstacle.TOKEN)),
        ({"err_no": 28001005}, Reading(Verdict.TRANSPORT, Obstacle.SERVER)),
        ({"err_no": 28001018}, blocked(Obstacle.PERMISSION)),
        ({"err_no": 28003017, "err_msg": "操作太频繁"}, RATE),
        ({"err_no": 999, "err_msg": "访问频繁"}, RATE),
        ({"err_no": 999, "err_msg": "?"}, UNRECOGNISED),
        ({"status_code": 2483, "status_msg": "请先登录，再继续搜索吧"}, LOGIN),
        (nil("verify_check"), CAPTCHA),
        (nil("hit_shark"), RISK),
        (nil("invalid_app"), LOGIN),
        (nil("content_limit"), EMPTY),
        (nil("something_new"), UNRECOGNISED),
        ({"err_no": 0, "data": {"error_code": 0, "data": None}}, UNRECOGNISED),
        ("", NOTHING),
        ("blocked", RISK),
        ("<html>byted-static.com/obj/waf-jschallenge</html>", CAPTCHA),
    ],
)
def test_douyin_refusals(answer, reading):
    """Error numbers, nil types and empty bodies."""
    assert douyin(answer).reading == reading


def test_douyin_token():
    """A token, or why there is none; one that cannot be a header is none."""
    good = {"data": {"access_token": "clt.x", "expires_in": 7200, "error_code": 0}, "message": "success"}
    assert douyin_page.read_token(json.dumps(good)) == (OK, "clt.x")
    bad = {"data": {"access_token": "", "error_code": 2190004, "description": "x"}}
    assert douyin_page.read_token(json.dumps(bad)) == (blocked(Obstacle.TOKEN), "")
    evil = {"data": {"access_token": "a\r\nX: y", "error_code": 0}}
    assert douyin_page.read_token(json.dumps(evil)) == (blocked(Obstacle.TOKEN), "")


def heimao(answer: Any, page: int = 1):
    """A page of complaints."""
    return heimao_page.read_list(
        answer if isinstance(answer, str) else json.dumps(answer), page, platform="complaint", base=BASE
    )


@pytest.mark.parametrize("wrap", ["{}", "try{{jQuery111_1({});}}catch(e){{}};", "cb({})"])
def test_heimao_list_plain_and_as_jsonp(wrap):
    """Cut summaries lead to their page with its session parameter; the address kept has none; brackets stay."""
    found = heimao(wrap.format(json.dumps(heimao_list())))
    assert found.reading == OK
    one, two = found.entries
    assert one.key == "17390000001"
    assert one.detail == f"{BASE}/complaint/view/17390000001/?sld=0123456789abcdef"
    assert one.item is not None
    assert (one.item.url, one.item.author, one.item.truncated) == (f"{BASE}/complaint/view/17390000001/", None, True)
    assert one.item.page == one.detail
    assert two.detail == ""
    assert two.item is not None
    assert two.item.text == "不退钱，温度&lt;b度"
    assert (found.next, found.total) == (2, 4003)


def test_heimao_company_list_has_another_name():
    """What a company received stands under `complaints`; under a name that nobody wrote down, nothing is read."""
    answer = heimao_list()
    data = answer["result"]["data"]
    data["complaints"] = data.pop("lists")
    assert len(heimao(answer).entries) == 2
    data["rows"] = data.pop("complaints")
    assert heimao(answer).reading == UNRECOGNISED


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (heimao_list(code=10017, lists=[]), LOGIN),
        (heimao_list(code=10019, lists=[]), TOO_DEEP),
        (heimao_list(code=5, lists=[]), UNRECOGNISED),
        (heimao_list(code=None), UNRECOGNISED),
        (heimao_list(lists=[]), SOFT),
        (heimao_list(lists=[], count=0), EMPTY),
        (heimao_list(lists=[], count=None), PERHAPS_EMPTY),
        ({"result": {"status": {"code": 0}, "data": None}}, UNRECOGNISED),
        ("<html><title>新浪通行证</title></html>", LOGIN),
        ('<html><div class="geetest_panel sec-captcha"></div></html>', CAPTCHA),
        ("", NOTHING),
    ],
)
def test_heimao_refusals(answer, reading):
    """Login, depth, empty lists with and without a count."""
    assert heimao(answer).reading == reading


def test_heimao_last_page():
    """The last page has no next; one past it is empty, not blocked."""
    assert heimao(heimao_list(pages=3), 3).next is None
    assert heimao(heimao_list(pages=3, lists=[]), 4).reading == EMPTY


def _complaint() -> Entry:
    return heimao(heimao_list()).entries[0]


def test_heimao_page_has_the_complainants_own_words():
    """The first step's paragraphs without the address to the site; the target by its label, wherever it stands."""
    detail = heimao_page.read_complaint(HEIMAO_PAGE, _complaint())
    assert detail.reading == OK
    (item,) = detail.items
    assert item.text == "<p>本人于十一月买了一杯，里面有钢丝。</p><p>要求退款。</p>"
    assert item.target == "某品牌旗舰店"
    assert not item.truncated


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (HEIMAO_PAGE[: len(HEIMAO_PAGE) * 2 // 3], DAMAGED),
        ("", NOTHING),
        ("<html><title>安全验证</title></html>", CAPTCHA),
        ("<html>请先登录新浪账号</html>", LOGIN),
        ("<html>该投诉不存在</html>", EMPTY),
        ("<html><a href='https://login.sina.com.cn/signup'>登录</a>该投诉不存在</html>", EMPTY),
        ("<html>改版了</html>", UNRECOGNISED),
        (HEIMAO_PAGE.replace("ts-reply", "other"), UNRECOGNISED),
    ],
)
def test_heimao_page_refusals(text, reading):
    """Half a page is not taken for the whole."""
    assert heimao_page.read_complaint(text, _complaint()).reading == reading


def board(answer: Any, page: int = 1):
    """A page of a board."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return autohome_page.read_board(text, page, 50, platform="forum", base=BASE, hosts=("site.example",))


def test_autohome_board():
    """A topic is known by its id and how many replies it has; deleted ones are counted."""
    found = board(autohome_board())
    assert [(entry.key, entry.drop) for entry in found.entries] == [
        ("117000001@12", None),
        ("117000002@deleted", DropReason.DELETED),
    ]
    assert found.entries[0].detail == f"{BASE}/bbs/thread/0a1b2c3d4e5f6071/117000001-1.html"
    assert (found.next, found.total) == (2, 2539)
    assert board(autohome_board(total=52), 2).next is None


def test_autohome_foreign_addresses_are_not_followed():
    """A list that points elsewhere leaves a topic with what the list says."""
    answer = autohome_board()
    answer["result"]["items"][0]["pc_url"] = "https://evil.example/bbs/thread/1/117000001-1.html"
    entry = board(answer).entries[0]
    assert entry.detail == ""
    assert entry.item is not None
    assert entry.item.truncated


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (autohome_board(items=[]), SOFT),
        (autohome_board(items=[], total=0), EMPTY),
        (autohome_board(items=None), UNRECOGNISED),
        ({"returncode": 104, "message": "请先登录"}, LOGIN),
        ({"returncode": 1, "message": "?"}, UNRECOGNISED),
        ("<html>访问过于频繁，请稍后再试</html>", RATE),
        ({}, UNRECOGNISED),
    ],
)
def test_autohome_refusals(answer, reading):
    """Codes, words, and an empty list with a total."""
    assert board(answer).reading == reading


def test_autohome_thread():
    """The opening post whole, its replies with the topic as parent, one without an id counted, the next page found."""
    entry = board(autohome_board()).entries[0]
    detail = autohome_page.read_thread(AUTOHOME_PAGE, entry, platform="forum", hosts=("site.example",))
    opening, reply = detail.items
    assert opening.native_id == "117000001"
    assert "提车一个月" in opening.text
    assert opening.published == "2026-11-20 12:30:01"
    assert (reply.native_id, reply.parent, reply.author, reply.likes) == ("990000001", "117000001", "5", "赞 3")
    assert detail.drops == (DropReason.NO_ID,)
    assert detail.next == f"{BASE}/bbs/thread/0a1b2c3d4e5f6071/117000001-2.html"
    assert detail.pages == 2


def test_autohome_further_pages_have_replies_only():
    """The second page repeats no opening post, and a link back is not followed for ever."""
    entry = Entry("117000001@12", None, detail=f"{BASE}/bbs/thread/0a1b2c3d4e5f6071/117000001-2.html")
    detail = autohome_page.read_thread(AUTOHOME_PAGE, entry, platform="forum", hosts=("site.example",))
    assert [item.native_id for item in detail.items] == ["990000001"]
    assert detail.next == ""


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (AUTOHOME_PAGE[:700], DAMAGED),
        ("", NOTHING),
        ("<html><title>安全验证</title></html>", CAPTCHA),
        ("<html>帖子已被删除</html>", EMPTY),
        ("<html><script>var to='https://account.autohome.com.cn/login'</script>帖子已被删除</html>", EMPTY),
        (AUTOHOME_PAGE.replace("topicDelete: 0", "topicDelete: 1"), EMPTY),
        ("<html>改版了</html>", UNRECOGNISED),
    ],
)
def test_autohome_thread_refusals(text, reading):
    """Half a page, a check, a deleted thread, an unknown page."""
    entry = board(autohome_board()).entries[0]
    assert autohome_page.read_thread(text, entry, platform="forum", hosts=("site.example",)).reading == reading


@pytest.mark.parametrize(
    ("status", "location", "reading"),
    [
        (200, "", None),
        (404, "", None),
        (302, "https://passport.weibo.com/visitor/visitor?entry=miniblog", LOGIN),
        (302, "https://login.sina.com.cn/", LOGIN),
        (302, "https://safety.autohome.com.cn/userverify?backurl=1", CAPTCHA),
        (301, "https://elsewhere.example/", blocked(Obstacle.ELSEWHERE)),
        (418, "", RISK),
        (432, "", RISK),
        (456, "", RISK),
        (412, "", RISK),
        (429, "", RATE),
        (461, "", CAPTCHA),
        (401, "", LOGIN),
        (403, "", blocked(Obstacle.PERMISSION)),
        (400, "", UNRECOGNISED),
        (500, "", Reading(Verdict.TRANSPORT, Obstacle.SERVER)),
        (503, "", Reading(Verdict.TRANSPORT, Obstacle.SERVER)),
    ],
)
def test_what_a_status_says(status, location, reading):
    """Refusals by number and by where one is sent."""
    assert of_status(status, location) == reading


HEADER = (
    "<a href='/login?back=1'>登录</a><form action='/captcha'></form><script src='/login.js'>var to='/login'</script>"
)


@pytest.mark.parametrize(
    ("page", "reading"),
    [
        (f"{HEADER}<p>内容不存在</p>", EMPTY),
        (f"{HEADER}<p>内容已被删除</p><p>请先登录</p>", LOGIN),
        (f"{HEADER}<p>访问过于频繁</p>", RATE),
        (HEADER, LOGIN),
        ("<a href='/login'>登录</a><p>改版了</p>", UNRECOGNISED),
        ("<script>location='/login'</script>", LOGIN),
        ("<script>var words='内容不存在'</script><p>改版了</p>", UNRECOGNISED),
        ("<p>内容不存在</p><script>var to='/login'", EMPTY),
    ],
)
def test_what_a_strange_page_says(page, reading):
    """Its words count: a link to the login in its header is no refusal, and what a script holds takes no post away."""
    assert of_strange_html(f"<html>{page}</html>") == reading


@pytest.mark.parametrize(
    ("location", "page", "stays"),
    [
        ("https://a.example/2", "https://a.example/1", True),
        ("https://a.example/2", "http://a.example/1", True),
        ("http://a.example/2", "http://a.example/1", True),
        ("http://a.example/2", "https://a.example/1", False),
        ("https://b.example/2", "https://a.example/1", False),
        ("http://[oops", "https://a.example/1", False),
    ],
)
def test_a_redirect_within_a_site_is_never_less_private(location, page, stays):
    """The host decides, and from https nothing is followed to http, since credentials would travel in the clear."""
    assert same_site(location, page) == stays
