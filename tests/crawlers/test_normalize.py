"""From items to posts."""

from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.items import PostItem
from crawlers.normalize import Doubt, Drop, DropReason, normalize, pseudonym
from stream.codec import decode_post, encode
from stream.records import Post, post_id

FETCHED = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
KEY = b"a key of the test"


def made(**values):
    """A normalised item with an id and words, and the doubts it raised."""
    doubts: Counter[Doubt] = Counter()
    given_values = {"platform": "weibo", "native_id": "1", "text": "好喝", "published": "2026-11-21 10:00:00", **values}
    post = normalize(
        PostItem(**given_values), FETCHED, source="s", author_key=KEY, doubt=lambda why: doubts.update([why])
    )
    return post, doubts


@pytest.mark.parametrize(
    ("replied", "expected"),
    [
        ("2026-11-21", datetime(2026, 11, 21, 2, 0, tzinfo=UTC)),
        ("2026-11-21 11:30", datetime(2026, 11, 21, 3, 30, tzinfo=UTC)),
        ("2026-11-21 09:30", None),
        ("2026-11-20", None),
        ("2026-11-22", None),
        ("已回复", None),
    ],
)
def test_an_answer_is_not_before_its_post_nor_ahead(replied, expected):
    """A bare day is as good as the post's own time if it is the same day; other times must lie between post and now."""
    post, _ = made(replied=replied)
    assert isinstance(post, Post)
    assert post.replied_at == expected


def test_a_whole_item_becomes_a_whole_post():
    """Every field finds its place, cleaned."""
    post, doubts = made(
        native_id=5231234567890123,
        url="//m.example/detail/5231234567890123?from=app",
        text="气死<img alt=[怒]>//<a href='/n/x'>@某人</a>:转发语",
        author=1234567890,
        title="标题\n换行",
        quoted="@原作者：原文<br/>第二行",
        target='<span class="code-red">云汀</span>茶',
        parent="5230000000000000",
        likes="1.2万",
        comments="评论",
        reposts="--",
    )
    assert isinstance(post, Post)
    assert post == Post(
        id=post_id("weibo", "5231234567890123"),
        platform="weibo",
        source="s",
        native_id="5231234567890123",
        url="https://m.example/detail/5231234567890123",
        text="气死[怒]",
        published_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
        fetched_at=FETCHED,
        author=pseudonym("weibo", "1234567890", KEY),
        title="标题 换行",
        quoted="@某人:转发语\n@原作者：原文\n第二行",
        target="云汀茶",
        parent=post_id("weibo", "5230000000000000"),
        likes=12_000,
        comments=0,
        reposts=None,
    )
    assert not doubts


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"native_id": None}, DropReason.NO_ID),
        ({"native_id": 7.471e18}, DropReason.NO_ID),
        ({"native_id": "", "url": "javascript:x"}, DropReason.NO_ID),
        ({"text": ""}, DropReason.NO_TEXT),
        ({"text": None}, DropReason.NO_TEXT),
        ({"text": ["好"]}, DropReason.NO_TEXT),
        ({"text": "<p>\u200b</p>"}, DropReason.NO_TEXT),
    ],
)
def test_what_is_no_post_has_a_reason(values, reason):
    """Nothing to know it by, or nothing said."""
    assert made(**values)[0] == Drop(reason)


@pytest.mark.parametrize(
    ("published", "doubt"),
    [
        (FETCHED + timedelta(minutes=11), Doubt.FUTURE_DATE),
        (datetime(1999, 12, 31, tzinfo=UTC), Doubt.ANCIENT_DATE),
        (datetime(1970, 1, 1, tzinfo=UTC), Doubt.ANCIENT_DATE),
    ],
)
def test_impossible_dates_are_kept_at_fetch_time_and_counted(published, doubt):
    """A date from the future or before the web is not believed, and the post is not lost."""
    post, doubts = made(published=published.isoformat())
    assert isinstance(post, Post)
    assert (post.published_at, post.published_estimated) == (FETCHED, True)
    assert doubts == {doubt: 1}


def test_small_clock_difference_is_believed():
    """Nine minutes ahead of us is the platform's clock."""
    post, doubts = made(published=(FETCHED + timedelta(minutes=9)).isoformat())
    assert isinstance(post, Post)
    assert post.published_at == FETCHED + timedelta(minutes=9)
    assert not post.published_estimated
    assert not doubts


def test_missing_and_unreadable_dates_are_told_apart():
    """Both fall back to the fetch time."""
    assert made(published=None)[1] == {Doubt.NO_DATE: 1}
    assert made(published="某日")[1] == {Doubt.UNREADABLE_DATE: 1}


def test_shifted_dates_are_counted():
    """A Shanghai time labelled GMT is corrected, marked and counted."""
    post, doubts = made(published="Sat, 21 Nov 2026 11:00:00 GMT")
    assert isinstance(post, Post)
    assert post.published_at == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert post.published_estimated
    assert doubts == {Doubt.SHIFTED_DATE: 1}


def test_coarse_dates_are_estimates():
    """A day without an hour is a guess at the hour."""
    post, _ = made(published="11-20")
    assert isinstance(post, Post)
    assert post.published_estimated


def test_canonical_url_stands_in_for_a_missing_id():
    """The same page with other session parameters is the same post."""
    one, _ = made(native_id=None, url="https://h.example/t/1?sld=a")
    two, _ = made(native_id="", url="https://h.example/t/1?sld=b&utm_source=c")
    assert isinstance(one, Post)
    assert isinstance(two, Post)
    assert one.id == two.id
    assert one.native_id == "https://h.example/t/1"


def test_repost_without_own_words_is_kept():
    """Somebody who only passes on is a spreader, not nothing."""
    post, _ = made(text="//@某人:转发语")
    assert isinstance(post, Post)
    assert (post.text, post.quoted) == ("", "@某人:转发语")


def test_title_speaks_where_there_is_no_body():
    """A thread that is all title has its title as text."""
    post, _ = made(text=None, title="刹车失灵了怎么办")
    assert isinstance(post, Post)
    assert post.text == "刹车失灵了怎么办"


def test_lost_glyphs_make_a_text_truncated():
    """Words drawn with a page font are missing; the post says so."""
    post, _ = made(text="刹\ue123失灵", private_glyphs=True)
    assert isinstance(post, Post)
    assert post.truncated
    decoration, _ = made(text="好喝\ue627")
    assert isinstance(decoration, Post)
    assert not decoration.truncated


def test_pseudonyms_are_keyed_stable_and_apart():
    """The same author and key give the same word; another key, platform or author does not; nobody has none."""
    one = pseudonym("weibo", 123, KEY)
    assert one == pseudonym("weibo", "123", KEY)
    assert (
        len({one, pseudonym("weibo", 123, b"other"), pseudonym("douyin", 123, KEY), pseudonym("weibo", 124, KEY)}) == 4
    )
    assert "123" not in one or len(one) == 16
    assert pseudonym("weibo", None, KEY) == pseudonym("weibo", "", KEY) == pseudonym("weibo", "0", KEY) == ""
    assert pseudonym("weibo", 123, b"k" * 200) != one


_ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(alphabet=st.characters(exclude_categories=())),
    st.lists(st.integers()), st.dictionaries(st.text(), st.integers()),
    st.sampled_from(["5231234567890123", 2**70, "https://h.example/1", "<p>好</p>", "11-20", 1763690000, "1.2万"]),
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {one.name: _ANY for one in fields(PostItem) if one.type == "Any" or str(one.type) == "typing.Any"}
    )
)
def test_any_item_gives_a_post_that_can_be_stored_or_a_drop(values):
    """Nothing a page can hold makes it raise, and every post survives the codec with aware times."""
    post = normalize(PostItem(platform="weibo", **values), FETCHED, source="s", author_key=KEY)
    if isinstance(post, Post):
        assert decode_post(encode(post)) == post
        assert post.published_at <= FETCHED + timedelta(minutes=10)
        assert post.text or post.quoted
    else:
        assert post.reason in (DropReason.NO_ID, DropReason.NO_TEXT)
