"""Mutilated documents: no parser raises, and what it gives can be walked."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.documents import decode, parse_json
from crawlers.normalize import Drop, normalize
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders import autohome_page, douyin_page, heimao_page, weibo_page
from crawlers.verdict import Reading, Verdict, of_status
from tests.crawlers.crawling import NEWEST
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

HOSTS = ("site.example",)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["<p>", "<img alt=[怒]", "\ud83d", "全文", [], {}, [[]], {"a": None}, 10**300, "9" * 500, "http://[x"]
    ),
    st.lists(st.integers(), max_size=2),
)
DOCUMENTS: dict[str, Any] = {
    "weibo": weibo_search(
        mblog("1", retweeted_status=mblog("9"), isLongText=True), mblog("2", mark="mark_ad"), mblog("3")
    ),
    "douyin": douyin_search(),
    "heimao": heimao_list(),
    "autohome": autohome_board(),
}


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, one in inner for path in paths(one, (*here, key)))]


@st.composite
def mutilated(draw: st.DrawFn, platform: str) -> str:
    """A document with up to four places removed, nulled or replaced by junk."""
    document = json.loads(json.dumps(DOCUMENTS[platform]))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(paths(document)))
        if not path:
            continue
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            del holder[path[-1]]
        else:
            # a copy: the same list drawn twice could otherwise come to hold itself
            holder[path[-1]] = copy.deepcopy(draw(JUNK))
    return json.dumps(document)


@st.composite
def torn(draw: st.DrawFn, page: str) -> str:
    """A page with a stretch cut out, repeated or replaced by junk, sometimes without its end."""
    start = draw(st.integers(0, len(page)))
    end = min(len(page), start + draw(st.integers(0, 200)))
    junk = draw(
        st.one_of(
            st.text(max_size=20), st.sampled_from(["<ul>", "</div>", "<li>", "<!--", page[start:end] * 2, "\x00"])
        )
    )
    made = page[:start] + junk + page[end:]
    return made[: draw(st.integers(0, len(made)))] if draw(st.booleans()) else made


def sound(found: Listing | Detail) -> None:
    """Entries have keys, items can be normalised, and only good readings carry anything."""
    assert isinstance(found.reading, Reading)
    if isinstance(found, Detail):
        items = list(found.items)
    else:
        assert all(entry.key and (entry.item is None) == (entry.drop is not None) for entry in found.entries)
        assert found.next is None or isinstance(found.next, int)
        assert found.total is None or isinstance(found.total, int)
        items = [entry.item for entry in found.entries if entry.item]
    if found.reading.verdict is not Verdict.OK:
        assert not items
    for item in items:
        post = normalize(item, NEWEST, source="s", author_key=b"k")
        assert isinstance(post, Drop) or post.native_id


@settings(max_examples=150, deadline=None)
@given(mutilated("weibo"), st.integers(1, 100))
def test_weibo(text, page):
    """Every post card ends as an entry or a drop."""
    sound(weibo_page.read_search(text, page, platform="weibo", base=BASE))
    weibo_page.read_long_text(text)


@settings(max_examples=150, deadline=None)
@given(mutilated("douyin"), st.integers(0, 1000))
def test_douyin(text, cursor):
    """And the cursor always moves forward."""
    found = douyin_page.read_search(text, cursor, platform="douyin")
    sound(found)
    assert found.next is None or found.next > cursor
    douyin_page.read_token(text)


@settings(max_examples=150, deadline=None)
@given(mutilated("heimao"), st.integers(1, 100))
def test_heimao(text, page):
    """Details stay on the platform's host."""
    found = heimao_page.read_list(text, page, platform="heimao", base=BASE)
    sound(found)
    assert all(not entry.detail or entry.detail.startswith("https://site.example/") for entry in found.entries)


@settings(max_examples=150, deadline=None)
@given(mutilated("autohome"), st.integers(1, 100))
def test_autohome(text, page):
    """Details stay on the platform's host."""
    found = autohome_page.read_board(text, page, 50, platform="autohome", base=BASE, hosts=HOSTS)
    sound(found)
    assert all(not entry.detail or entry.detail.startswith("https://site.example/") for entry in found.entries)


@settings(max_examples=100, deadline=None)
@given(torn(HEIMAO_PAGE))
def test_heimao_page(text):
    """A torn page gives words or a verdict."""
    entry = heimao_page.read_list(json.dumps(heimao_list()), 1, platform="heimao", base=BASE).entries[0]
    sound(heimao_page.read_complaint(text, entry))


@settings(max_examples=100, deadline=None)
@given(torn(AUTOHOME_PAGE), st.booleans())
def test_autohome_page(text, first):
    """A torn page gives posts or a verdict, on the first page and on further ones."""
    entry = autohome_page.read_board(json.dumps(autohome_board()), 1, 50, platform="a", base=BASE, hosts=HOSTS).entries[
        0
    ]
    if not first:
        entry = Entry(entry.key, None, detail=entry.detail)
    sound(autohome_page.read_thread(text, entry, platform="autohome", hosts=HOSTS))


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_decode(body, content_type):
    """Bytes of any kind become text, and any text is JSON or says that it is not."""
    text = decode(body, content_type).text
    for read in (
        weibo_page.read_search(text, 1, platform="w", base=BASE),
        douyin_page.read_search(text, 0, platform="d"),
        heimao_page.read_list(text, 1, platform="h", base=BASE),
        autohome_page.read_board(text, 1, 50, platform="a", base=BASE, hosts=HOSTS),
    ):
        assert read.reading.verdict in (Verdict.BLOCKED, Verdict.TRANSPORT)


@given(st.integers(100, 599), st.text())
def test_any_status_has_a_reading(status, location):
    """No number and no address makes it raise."""
    of_status(status, location)


def test_gbk_under_its_own_name_and_under_another():
    """Declared GBK is read as such; GBK called UTF-8 is read and told; nested brackets do not exhaust the stack."""
    words = "刹车失灵"
    assert decode(words.encode("gbk"), "text/html; charset=GBK") == decode(words.encode(), "text/html; charset=utf-8")
    wrong = decode(words.encode("gbk"), "text/html; charset=utf-8")
    assert (wrong.text, wrong.wrong_charset) == (words, True)
    assert weibo_page.read_search("[" * 100_000, 1, platform="w", base=BASE).reading.verdict is Verdict.TRANSPORT
    assert parse_json('{"id": 12345678901234567890123}')["id"] == 12345678901234567890123
