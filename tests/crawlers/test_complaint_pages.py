"""The complaint sites' parsers on documents of their shapes."""

import json
from datetime import UTC, datetime

import pytest

from crawlers.items import PostItem
from crawlers.normalize import normalize
from crawlers.pages import Entry
from crawlers.spiders import heimao_page
from crawlers.verdict import OK
from stream.records import Post
from tests.crawlers.complaint_documents import HEIMAO_CLOSING, HEIMAO_COURSE, heimao_step, heimao_steps
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


def test_heimao_answered_complaints_are_opened_even_when_the_list_has_all_their_words():
    """The time of the answer stands on the page only."""
    answer = heimao_list()
    answer["result"]["data"]["lists"][1]["main"]["status"] = 6
    entry = heimao_page.read_list(json.dumps(answer), 1, platform="heimao", base=BASE).entries[1]
    assert entry.detail == f"{BASE}/complaint/view/17390000002/"


def test_heimao_group_lists_may_have_no_main():
    """A row whose fields stand at its top is read all the same."""
    answer = heimao_list()
    data = answer["result"]["data"]
    data["list"] = [row["main"] for row in data.pop("lists")]
    entries = heimao_page.read_list(json.dumps(answer), 1, platform="heimao", base=BASE).entries
    assert [entry.key for entry in entries] == ["17390000001", "17390000002"]
    assert all(isinstance(entry, Entry) and entry.item for entry in entries)
