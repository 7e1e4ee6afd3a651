"""The complaint sites' parsers on documents of their shapes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.items import PostItem
from crawlers.normalize import DropReason, normalize
from crawlers.pages import Listing
from crawlers.spiders import heimao_page, peopleboard_page, rednet_page
from crawlers.verdict import DAMAGED, EMPTY, OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, blocked
from stream.records import Post
from tests.crawlers.complaint_documents import (
    HEIMAO_CLOSING,
    HEIMAO_COURSE,
    PEOPLE_NEWEST,
    heimao_step,
    heimao_steps,
    people_messages,
    rednet_list,
    rednet_message,
)
from tests.crawlers.documents import BASE, heimao_list

FETCHED = datetime(2027, 3, 1, 4, 0, tzinfo=UTC)


def post(item: PostItem) -> Post:
    """The post that an item means."""
    made = normalize(item, FETCHED, source="s", author_key=b"k")
    assert isinstance(made, Post)
    return made


def complaint(page: str) -> list[Post]:
    """What the page of the first listed complaint gives."""
    entry = heimao_page.read_list(json.dumps(heimao_list()), 1, platform="heimao", base=BASE).entries[0]
    assert entry.item is not None
    detail = heimao_page.read_complaint(page, entry)
    assert detail.reading == OK
    return [post(item) for item in detail.items]


@pytest.mark.parametrize("order", [1, -1])
def test_heimao_course_tells_who_speaks(order):
    """The company's first answer is a time, the complainant's later words are posts, the stars a rating."""
    one, two, three = complaint(heimao_steps(*HEIMAO_COURSE[::order], closing=HEIMAO_CLOSING))
    assert one.text == "买了一杯，里面有钢丝。"
    assert one.replied_at == datetime(2025, 12, 31, 3, 0, tzinfo=UTC)
    assert one.rating == 2
    assert [two.text, three.text] == ["又拖了三天，我要找媒体。", "终于退了。"]
    assert [two.native_id, three.native_id] == ["17390000001-1", "17390000001-2"]
    assert {two.parent, three.parent} == {one.id}
    assert two.published_at == datetime(2026, 1, 3, 0, 0, tzinfo=UTC)
    assert "登记" not in one.text + two.text + three.text


def test_heimao_course_without_an_answer():
    """What the site itself announces is no answer, a star that nobody gave no rating, an empty step no post."""
    steps = (heimao_step("匿名", "01-03 08:00:00", "申请仲裁"), *HEIMAO_COURSE[4:])
    (only,) = complaint(heimao_steps(*steps, closing=HEIMAO_CLOSING.replace("star2", "star0")))
    assert (only.replied_at, only.rating) == (None, None)


@pytest.mark.parametrize("status", [6, "7", "已回复"])
def test_heimao_answered_complaints_are_opened_even_when_the_list_has_all_their_words(status):
    """The time of the answer stands on the page only; the list says that there is one by number or in words."""
    answer = heimao_list()
    answer["result"]["data"]["lists"][1]["main"]["status"] = status
    entry = heimao_page.read_list(json.dumps(answer), 1, platform="heimao", base=BASE).entries[1]
    assert entry.detail == f"{BASE}/complaint/view/17390000002/"


def settled(page: str) -> bool:
    """Whether the page of the first listed complaint says that its case is settled."""
    entry = heimao_page.read_list(json.dumps(heimao_list()), 1, platform="heimao", base=BASE).entries[0]
    return heimao_page.read_complaint(page, entry).items[0].settled


def test_heimao_cases_are_settled_when_they_are_closed():
    """An answer alone settles nothing, because its appraisal is still to come; stars or the platform's word do."""
    progress = "<li>投诉进度：<b>{}</b></li><li>投诉对象"
    page = heimao_steps(*HEIMAO_COURSE)
    assert not settled(page)
    assert not settled(page.replace("<li>投诉对象", progress.format("已回复")))
    assert settled(page.replace("<li>投诉对象", progress.format("已关闭")))
    assert settled(heimao_steps(*HEIMAO_COURSE, closing=HEIMAO_CLOSING))


def rednet(answer: Any, page: int = 1) -> Listing:
    """A page of the board of Hunan, of ten messages."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return rednet_page.read_list(text, page, 10, platform="rednet", base=BASE)


def test_rednet_lists_have_titles_and_lead_to_messages():
    """Each message is read on its own page; the next page follows while the total is not reached."""
    found = rednet(rednet_list())
    assert (found.reading, found.next, found.total) == (OK, 2, 31)
    assert rednet(rednet_list(), 4).next is None
    one, two = found.entries
    assert (one.key, one.detail) == ("4710001", f"{BASE}/front/msg/detail?id=4710001")
    assert one.item is not None
    assert two.item is not None
    assert post(one.item).text == "某奶茶店喝出异物，商家不认"
    assert post(one.item).truncated
    assert post(one.item).replied_at == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert post(two.item).replied_at is None


def test_rednet_message_is_the_writers_words_and_the_first_answers_time():
    """The earliest answer counts, wherever it stands; its words are not the writer's."""
    detail = rednet_page.read_message(json.dumps(rednet_message()), rednet(rednet_list()).entries[0])
    (made,) = map(post, detail.items)
    assert made.text == "昨晚买的，吸管里有钢丝。\n\n店长说“不可能”。"
    assert made.replied_at == datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    assert not made.truncated
    (unanswered,) = map(
        post, rednet_page.read_message(json.dumps(rednet_message(reply=None)), rednet(rednet_list()).entries[1]).items
    )
    assert unanswered.replied_at is None
    assert detail.items[0].settled


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (rednet_list(found=[]), blocked(Obstacle.EMPTY_LIST)),
        (rednet_list(found=[], total=0), EMPTY),
        ({"status": "1", "data": None}, UNRECOGNISED),
        (rednet_list(status="0", msg="请先登录"), blocked(Obstacle.LOGIN)),
        (rednet_list(status="0", msg="请求过于频繁"), blocked(Obstacle.RATE_LIMIT)),
        (rednet_list(status="0", msg="?"), UNRECOGNISED),
        ("<html><title>安全验证</title></html>", blocked(Obstacle.CAPTCHA)),
        ("", blocked(Obstacle.EMPTY_BODY)),
        ('{"status":"1","data":{"ro', DAMAGED),
    ],
)
def test_rednet_refusals(answer, reading):
    """Words, empty lists with and without a total, other documents."""
    assert rednet(answer).reading == reading


def test_rednet_message_that_is_gone():
    """The platform says so; an answer without words is not taken for that."""
    entry = rednet(rednet_list()).entries[0]
    gone = json.dumps({"status": "0", "msg": "留言不存在或已被删除", "data": None})
    assert rednet_page.read_message(gone, entry).reading == EMPTY
    assert rednet_page.read_message('{"status":"1","data":null}', entry).reading == UNRECOGNISED


def people(answer: Any, *, first: bool = True) -> Listing:
    """A page of messages to an office."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return peopleboard_page.read_messages(text, first=first, platform="peopleboard", base=BASE)


def test_peopleboard_messages_are_whole_with_the_time_of_the_answer():
    """The list has all words; the answer gives a time, the office is whom it is about; the last number leads on."""
    found = people(people_messages({"subject": "没有编号"}, None))
    assert (found.reading, found.next) == (OK, "26000008")
    assert found.drops == (DropReason.NO_ID, DropReason.MALFORMED)
    one, two = (post(entry.item) for entry in found.entries if entry.item)
    assert one.text == "本人在某店购买饮品，喝出塑料片，\n温度<b度，投诉无果。"
    assert one.url == f"{BASE}/threads/content?tid=26000009"
    assert (one.title, one.target, one.truncated) == ("奶茶店异物无人处理", "某市委书记", False)
    assert one.replied_at == datetime.fromtimestamp(1763790000, UTC)
    assert two.replied_at is None


def test_peopleboard_grade_settles_the_case():
    """How satisfied the writer is with the answer is the rating, and the end of it; without it, it is waited for."""
    graded = {**people_messages()["responseData"][0], "tid": 26000010, "grade": 1.5, "gradeSpeed": 5.0}
    *waiting, last = (entry.item for entry in people(people_messages(graded)).entries if entry.item)
    assert (post(last).rating, last.settled) == (1.5, True)
    assert [(post(item).rating, item.settled) for item in waiting] == [(None, False)] * 2


def test_peopleboard_lists_may_cut_and_mask():
    """Words that end in an ellipsis are a part; a masked name is nobody's, a user's number is."""
    row = people_messages()["responseData"][0]
    cut, numbered = {**row, "content": "每天都这样，每天..."}, {**row, "tid": 26000010, "userId": 3897827}
    masked = {**row, "tid": 26000011, "nickName": "陈***"}
    made = [
        post(entry.item)
        for entry in people({"result": "success", "responseData": [cut, numbered, masked]}).entries
        if entry.item
    ]
    assert [one.truncated for one in made] == [True, False, False]
    assert made[0].author
    assert made[1].author not in ("", made[0].author)
    assert made[2].author == ""


def test_peopleboard_file_has_titles_only():
    """What the file of the newest has is a title that is known to be cut; a row without a number is counted."""
    found = peopleboard_page.read_newest(PEOPLE_NEWEST, platform="peopleboard", base=BASE)
    assert (found.reading, found.next, found.drops) == (OK, None, (DropReason.NO_ID,))
    (entry,) = found.entries
    assert entry.item is not None
    made = post(entry.item)
    assert (made.native_id, made.text, made.truncated) == ("26000009", "奶茶店异物无人处理", True)
    assert made.published_at == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ({"code": "SN0006", "msg": "数据格式错误"}, blocked(Obstacle.TOKEN)),
        ({"result": "success", "responseData": []}, PERHAPS_EMPTY),
        ({"result": "success", "responseData": None}, UNRECOGNISED),
        ({"result": "error", "msg": "请先登录"}, blocked(Obstacle.LOGIN)),
        ({"result": "error"}, UNRECOGNISED),
        ("<html><title>安全验证</title></html>", blocked(Obstacle.CAPTCHA)),
        ("", blocked(Obstacle.EMPTY_BODY)),
    ],
)
def test_peopleboard_refusals(answer, reading):
    """A call that wants a signature, words, an office that suddenly has nothing."""
    assert people(answer).reading == reading
    assert peopleboard_page.unsigned(json.dumps(answer)) == (reading == blocked(Obstacle.TOKEN))


def test_peopleboard_end_of_the_list():
    """Nothing after the last message is the end."""
    assert people({"result": "success", "responseData": []}, first=False).reading == EMPTY
    assert peopleboard_page.read_newest("IndexThreads([])", platform="p", base=BASE).reading == PERHAPS_EMPTY
    refused = peopleboard_page.read_newest('{"code":"SN0006"}', platform="p", base=BASE)
    assert refused.reading == blocked(Obstacle.TOKEN)
