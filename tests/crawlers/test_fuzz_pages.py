"""Mutated documents: no parser raises, what it gives can be walked, and every drop is counted.

`make fuzz` tries fifty thousand; here each row of the table gets a share that hypothesis can shrink.
"""

import inspect
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crawlers.spiders
from crawlers.documents import decode, parse_json
from crawlers.spiders import autohome_page, douyin_page, heimao_page, weibo_page
from crawlers.verdict import Verdict, of_status
from tests.crawlers import fuzzing
from tests.crawlers.documents import BASE, autohome_board, douyin_search, heimao_list
from tests.crawlers.fuzzing import PARSERS, Parser, Tried, run
from tests.crawlers.mutations import mutated

HOSTS = ("site.example",)
EACH = 20
NOTHING_ITSELF = ("weibo long text", "douyin token", "sitemap index", "sitemap robots", "dongchedi circle")
"""Parsers of documents that lead to posts."""
NO_POSTS = {"discuz_page.read_strange"}
"""Functions that read no document of their own."""


def spoilt(document: Any) -> st.SearchStrategy[str]:
    """A document mutated, as a parser gets it."""
    return st.randoms(use_true_random=False).map(lambda random: decode(*mutated(document, random)).text)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@settings(max_examples=EACH, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=st.randoms(use_true_random=False))
def test_whatever_arrives(parser: Parser, random: Random):
    """It is read without raising; entries have keys, items can be normalised, nothing disappears uncounted."""
    Tried().document(parser, random)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_the_unspoilt_document_is_read(parser: Parser):
    """The document of each row is one that its parser takes posts from, so that mutations begin at something."""
    text = parser.document if isinstance(parser.document, str) else json.dumps(parser.document)
    tried = Tried()
    tried.take(parser, text)
    assert tried.refused == 0
    assert tried.posts or parser.name in NOTHING_ITSELF, tried.figures()


def test_every_parser_has_a_row():
    """Each function of a page module that reads a document is named in the table."""
    table = inspect.getsource(fuzzing)
    pages = Path(crawlers.spiders.__file__).parent.glob("*_page.py")
    found = {
        f"{page.stem}.{name}"
        for page in pages
        for name in re.findall(r"^def (read_\w+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert sorted(one for one in found - NO_POSTS if one not in table) == []


def test_the_command_counts_and_repeats(capsys: pytest.CaptureFixture[str]):
    """So many documents, the same every time, with figures on standard output."""
    assert run(len(PARSERS), seed=7) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(len(PARSERS), seed=7) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert (first["documents"], first["failed"], first["parsers"]) == (len(PARSERS), 0, len(PARSERS))


def test_a_parser_that_raises_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A crash is counted, named by its number, and fails the command; so is an element that nobody counted."""
    broken = Parser("broken", {"a": 1}, lambda _: 1 // 0)  # type: ignore[arg-type, return-value]
    board = next(parser for parser in PARSERS if parser.name == "autohome board")
    lossy = Parser("lossy", board.document, board.read, lambda _: 7)
    monkeypatch.setattr(fuzzing, "PARSERS", (broken, lossy))
    assert run(20, seed=1) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["failed"] > 10
    assert "document 0 (broken)" in told.err
    assert "not all of them counted" in told.err


@settings(max_examples=40)
@given(spoilt(douyin_search()), st.integers(0, 1000))
def test_a_cursor_moves_forward(text, cursor):
    """Whatever the platform says, the next page is not this one again."""
    found = douyin_page.read_search(text, cursor, platform="douyin")
    assert found.next is None or found.next > cursor


@settings(max_examples=40)
@given(spoilt(heimao_list()), spoilt(autohome_board()))
def test_details_stay_on_the_platform(complaints, board):
    """No page can send us to another host."""
    for found in (
        heimao_page.read_list(complaints, 1, platform="heimao", base=BASE),
        autohome_page.read_board(board, 1, 50, platform="autohome", base=BASE, hosts=HOSTS),
    ):
        assert all(not entry.detail or entry.detail.startswith(f"{BASE}/") for entry in found.entries)


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


def document(name: str) -> tuple[Parser, Any]:
    """A row of the table, and its document."""
    parser = next(parser for parser in PARSERS if parser.name == name)
    return parser, parser.document


def test_what_once_broke_a_parser():
    """Attributes no library will list, an address that cannot be joined, numbers that are no characters."""
    parser, text = document("tieba thread")
    Tried().take(parser, text.replace('<div class="l_post', '<div {="x" class="l_post'))
    parser, text = document("autohome thread")
    Tried().take(parser, text.replace("<li class", '<li {="x" class'))
    parser, text = document("feed rss")
    Tried().take(parser, re.sub(r"<link>[^<]*</link>", "<link>http://[x</link>", text))
    parser, text = document("discuz feed")
    Tried().take(parser, re.sub(r"<link>", "<link>&#xD800;", text))
    parser, text = document("discuz thread")
    Tried().take(parser, text.replace("</blockquote></div>", "</blockquote></div>&#27;"))
