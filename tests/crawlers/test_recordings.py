"""What an operator's browser recorded of Douyin: every shape and every kind of file."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.imports import Read
from crawlers.inbox import scan
from crawlers.intake import Intake
from crawlers.items import PostItem
from crawlers.ledger import Ledger
from crawlers.normalize import Drop, DropReason, normalize
from crawlers.recordings import read_recorded, read_recording
from crawlers.reports import Outcome
from crawlers.sources import Access, Source
from crawlers.state import CrawlState
from crawlers.tables import Broken
from stream.log_sqlite import SqliteLog
from stream.records import POSTS
from tests.crawlers.crawling import NEWEST


def aweme(native: Any = "7572345678901234567", **more: Any) -> dict[str, Any]:
    """A video as the web shows it."""
    return {
        "aweme_id": native,
        "aweme_type": 0,
        "desc": "云汀茶喝出钢丝 #避雷 @某人",
        "create_time": 1763690000,
        "author": {"uid": "1234567890", "sec_uid": "MS4w", "nickname": "某人", "signature": ".."},
        "statistics": {"digg_count": 5, "comment_count": 6, "share_count": 1, "play_count": 0},
        "status": {"is_delete": False, "is_private": False},
        **more,
    }


def comment(cid: Any = "7569000000000000001", **more: Any) -> dict[str, Any]:
    """A comment as the web shows it."""
    return {
        "cid": cid,
        "text": "@某人 同感[捂脸]",
        "aweme_id": "7572345678901234567",
        "create_time": 1763600000,
        "digg_count": 2,
        "user": {"uid": "17", "sec_uid": "MS4x", "nickname": "某人"},
        "reply_id": "0",
        "reply_to_reply_id": "0",
        "reply_comment": None,
        "reply_comment_total": 0,
        "ip_label": "广东",
        **more,
    }


def search(*cards: Any, **more: Any) -> dict[str, Any]:
    """An answer of the search."""
    return {"status_code": 0, "has_more": 1, "cursor": 10, "data": list(cards), **more}


def comments(*listed: Any) -> dict[str, Any]:
    """An answer of the comment list, or of the list of answers."""
    return {"status_code": 0, "cursor": 20, "has_more": 1, "total": 347, "comments": list(listed) or None}


def read(*answers: Any) -> list[PostItem | DropReason]:
    """What these answers, saved as one array, hold."""
    return [one.item for one in read_recorded(json.dumps(answers), "douyin")]


def test_a_video_whole():
    """Where it stands, its words, who made it by number, its counts."""
    assert read({"status_code": 0, "aweme_detail": aweme()}) == [
        PostItem(
            platform="douyin",
            native_id="7572345678901234567",
            url="https://www.douyin.com/video/7572345678901234567",
            text="云汀茶喝出钢丝 #避雷 @某人",
            published=1763690000,
            author="1234567890",
            likes=5,
            comments=6,
            reposts=1,
            is_html=False,
        )
    ]


def test_searches_and_lists():
    """Single videos, mixed cards, lists at the top; cards of people hold no video; a note has an address of its own."""
    found = read(
        search(
            {"type": 1, "aweme_info": aweme("1")},
            {"type": 999, "aweme_mix_info": {"mix_items": [aweme("2"), aweme("3", aweme_type=68)]}},
            {"type": 6, "user_list": [{"user_info": {}}]},
        ),
        {"status_code": 0, "aweme_list": [aweme("4"), aweme(None), 7], "has_more": 0},
    )
    assert [one.native_id for one in found if isinstance(one, PostItem)] == ["1", "2", "3", "4"]
    assert found[2].url == "https://www.douyin.com/note/3"  # type: ignore[union-attr]
    assert found[4:] == [DropReason.NO_ID, DropReason.MALFORMED]


def test_comments_and_their_answers():
    """About the video where it was recorded as well, before or after; each below what it answers, previews included."""
    shown = comment("11", reply_id="10", reply_to_reply_id="0")
    found = read(
        comments(comment("10", reply_comment=[shown], reply_comment_total=2)),
        comments(comment("12", reply_id="10", reply_to_reply_id="11"), comment(None), None),
        {"status_code": 0, "aweme_detail": aweme()},
    )
    items = [one for one in found if isinstance(one, PostItem)]
    assert [(one.native_id, one.parent) for one in items[:3]] == [
        ("10", "7572345678901234567"),
        ("11", "10"),
        ("12", "11"),
    ]
    assert {one.target for one in items[:3]} == {"云汀茶喝出钢丝 #避雷 @某人"}
    assert {one.url for one in items[:3]} == {"https://www.douyin.com/video/7572345678901234567"}
    assert found[3:5] == [DropReason.NO_ID, DropReason.MALFORMED]


def test_gone_and_hidden_are_two_things():
    """What the platform marks as deleted becomes a tombstone; what it keeps from the viewer is only counted."""
    hidden = {"status_code": 0, "aweme_detail": None, "filter_detail": {"aweme_id": "1", "filter_reason": "core_dep"}}
    gone, kept = read(search({"type": 1, "aweme_info": aweme(status={"is_delete": True})}), hidden)
    assert isinstance(gone, PostItem)
    assert gone.deleted
    assert kept is DropReason.DELETED


def test_every_kind_of_file():
    """One answer, an array, one a line, a HAR with plain and base64 bodies amid everything else a page loads."""
    one = search({"type": 1, "aweme_info": aweme("1")})
    two = comments(comment("10"))

    def entry(path: str, text: str, **more: str) -> dict[str, Any]:
        return {
            "request": {"method": "GET", "url": f"https://www.douyin.com{path}?msToken=secret"},
            "response": {"status": 200, "content": {"mimeType": "application/json", "text": text, **more}},
        }

    packed = base64.b64encode(json.dumps(two).encode()).decode()
    har = {
        "log": {
            "version": "1.2",
            "entries": [
                entry("/", "<html></html>"),
                entry("/aweme/v1/web/query/user/", '{"status_code": 0, "id": "1"}'),
                entry("/aweme/v1/web/general/search/single/", json.dumps(one)),
                entry("/aweme/v1/web/comment/list/", packed, encoding="base64"),
            ],
        }
    }
    for text in (json.dumps([one, two]), f"{json.dumps(one)}\n\n{json.dumps(two)}\n", json.dumps(har)):
        found = list(read_recorded(text, "douyin"))
        assert [(row.number, row.item.native_id) for row in found] == [(1, "1"), (2, "10")]  # type: ignore[union-attr]
    assert len(list(read_recorded(json.dumps(one), "douyin"))) == 1


REFUSALS: list[Any] = [
    search(search_nil_info={"search_nil_type": "verify_check"}),
    search(search_nil_info={"search_nil_type": "something_new"}),
    {"status_code": 2483, "status_msg": "请先登录，再继续搜索吧"},
    {"status_code": None},
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_recorded_refusal_is_never_an_empty_result(refusal):
    """What was recorded besides is taken; the file as a whole is told to hold refusals."""
    reads = read_recorded(json.dumps([comments(comment("10")), refusal]), "douyin")
    assert isinstance(next(reads).item, PostItem)
    with pytest.raises(Broken, match="1 个响应"):
        next(reads)


def test_an_empty_answer_to_a_recorded_call_is_a_refusal():
    """An empty body where comments were due is how the site says no."""
    call = {"url": "https://www.douyin.com/aweme/v1/web/comment/list/"}
    har = {"log": {"entries": [{"request": call, "response": {"content": {"text": ""}}}]}}
    with pytest.raises(Broken, match="1 个响应"):
        list(read_recorded(json.dumps(har), "douyin"))


def test_nothing_found_is_no_refusal():
    """A search without results, and one the platform's policy leaves empty."""
    assert read(search(search_nil_info={"search_nil_type": "content_limit"})) == []
    assert read(search(), comments()) == []


@pytest.mark.parametrize("text", ["", "姓名,电话\n", "{}", "[]", '{"log": {"entries": []}}', "<html></html>"])
def test_other_files_are_told(text):
    """A file that holds nothing of Douyin's is not a file without news."""
    with pytest.raises(Broken):
        list(read_recorded(text, "douyin"))


def test_a_file_from_a_folder(tmp_path):
    """Any encoding; one that is too large is not read."""
    source = Source("recorded", "douyin_export", Access.OPERATOR_EXPORT, platform="douyin")
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(search({"type": 1, "aweme_info": aweme()}), ensure_ascii=False).encode("gb18030"))
    (row,) = read_recording(path, source, b"key")
    assert isinstance(row.item, PostItem)
    assert row.item.text == aweme()["desc"]
    with path.open("r+b") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(Broken, match="64 MB"):
        read_recording(path, source, b"key")


def test_a_drop_folder_takes_recordings_once(tmp_path):
    """What was recorded is logged once; a refusal among it keeps the posts and is told as a gap, not as no news."""
    source = Source("recorded", "douyin_export", Access.OPERATOR_EXPORT)
    folder = tmp_path / "inbox"
    folder.mkdir()

    def put(name: str, *answers: Any) -> None:
        (folder / name).write_text(json.dumps(answers))
        os.utime(folder / name, (0, 0))

    with (
        closing(SqliteLog(tmp_path / "log.db")) as log,
        closing(CrawlState(tmp_path / "crawl.db")) as state,
        closing(Ledger(tmp_path / "inbox.db")) as ledger,
    ):
        intake = Intake(source, log, state, ledger, author_key=b"k", clock=lambda: NEWEST)
        put("1.json", search({"type": 1, "aweme_info": aweme()}), comments(comment("10")))
        assert (scan(intake, folder).outcome, log.size(POSTS)) == (Outcome.COMPLETE, 2)
        put("2.har", search({"type": 1, "aweme_info": aweme()}), comments(comment("10"), comment("11")), REFUSALS[0])
        report = scan(intake, folder)
        assert (report.outcome, report.posts, log.size(POSTS)) == (Outcome.GAP, 1, 3)
        assert "验证" in report.reason
        assert scan(intake, folder).posts == 0


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([10**300, "9" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "aweme_info", "comments", "cid", "aweme_id", "status_code", "log", "entries", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150)
@given(JUNK)
def test_any_document_gives_posts_or_reasons(junk):
    """Whatever a file holds, what comes of it can be normalised, or the file is told."""

    def taken() -> Iterator[Read]:
        try:
            yield from read_recorded(json.dumps([junk, search({"type": 1, "aweme_info": junk})]), "douyin")
        except Broken:
            return

    for row in taken():
        if isinstance(row.item, PostItem):
            post = normalize(row.item, NEWEST, source="s", author_key=b"k")
            assert isinstance(post, Drop) or post.native_id
