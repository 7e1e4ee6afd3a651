"""The corpus file: what is read, what is refused, how time moves, what a keyword finds."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.sandbox import BadCorpus, Corpus
from crawlers.sandbox.corpus import PLATFORMS, Drops, native_id, read

LINE = {"platform": "weibo", "id": "a", "author": "某人", "text": "好喝", "published_at": "2026-11-21T10:00:00+08:00"}
OTHER = {**LINE, "id": "c"}


def written(tmp_path: Path, *lines: object, name: str = "c.jsonl") -> Path:
    """A corpus file of these lines; a string is written as it is."""
    path = tmp_path / name
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_reads_plain_and_compressed(tmp_path: Path, name: str) -> None:
    """Both forms of the file give the same posts, and absent fields are empty."""
    corpus = Corpus.load(written(tmp_path, LINE, {**LINE, "id": "b", "author": None, "likes": 3}, name=name))
    first, second = corpus
    assert (first.text, first.author, first.title, first.likes) == ("好喝", "某人", "", 0)
    assert (second.author, second.likes) == (None, 3)


def test_the_newest_post_is_moved_to_the_moment_asked(tmp_path: Path) -> None:
    """All times move by the same step, and a publish time reads in Chinese standard time."""
    now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    older = {**LINE, "id": "b", "published_at": "2026-11-21T09:00:00+08:00"}
    newest, before = Corpus.load(written(tmp_path, LINE, older), shift_to=now)
    assert newest.published == now
    assert newest.published.utcoffset() == timedelta(hours=8)
    assert before.published == now - timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ({**OTHER, "platform": "myspace"}, "platform"),
        ({**OTHER, "platform": ["weibo"]}, "platform"),
        ({**OTHER, "id": 7}, "id"),
        ({**OTHER, "id": ""}, "id"),
        ({**OTHER, "text": None}, "text"),
        ({**OTHER, "title": 1}, "title"),
        ({**OTHER, "likes": -1}, "likes"),
        ({**OTHER, "likes": "3"}, "likes"),
        ({**OTHER, "published_at": "昨天"}, "published_at"),
        ({**OTHER, "published_at": "2026-11-21T10:00:00"}, "published_at"),
        ({**OTHER, "published_at": "9999-12-31T23:59:59+00:00"}, "published_at"),
        (LINE, "earlier line"),
    ],
)
def test_a_bad_line_is_dropped_and_told_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: object, named: str
) -> None:
    """Its neighbours are served as if it were not there; the warning says file, line and field, nothing of the text."""
    last = {**LINE, "id": "b"}
    alone = list(Corpus.load(written(tmp_path, LINE, last)))
    assert not caplog.messages
    assert list(Corpus.load(written(tmp_path, LINE, "", line, last))) == alone
    (told,) = caplog.messages
    assert told.startswith("c.jsonl: 1 dropped: ")
    assert told.endswith(" (line 3)")
    assert named in told
    assert "好喝" not in told


def test_drops_are_counted_by_reason(tmp_path: Path) -> None:
    """Each line that is not served stands under its reason, and a copy of a dropped line is no repetition."""
    undated = {**LINE, "id": "b", "published_at": ""}
    drops: Drops = {}
    kept = read(written(tmp_path, "{", LINE, undated, "]", {**undated, "published_at": LINE["published_at"]}), drops)
    assert [entry.id for entry in kept] == ["a", "b"]
    assert [(reason.partition(" must")[0], lines) for reason, lines in drops.items()] == [
        ("not JSON", [1, 4]),
        ("published_at", [3]),
    ]


def test_an_empty_or_cut_file_is_refused(tmp_path: Path) -> None:
    """A file without a post that can be served, and a gzip file that ends too early, are errors of the corpus."""
    with pytest.raises(BadCorpus, match="no posts"):
        Corpus.load(written(tmp_path, ""))
    with pytest.raises(BadCorpus, match=r"no posts in it; line 2: not a JSON object"):
        Corpus.load(written(tmp_path, "", "[]", "{"))
    whole = written(tmp_path, *({**LINE, "id": str(n)} for n in range(500)), name="c.jsonl.gz")
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(BadCorpus, match="gzip"):
        Corpus.load(whole)


def test_search_is_a_substring_of_text_title_or_brand_newest_first(tmp_path: Path) -> None:
    """Each of the three fields is looked into, a star finds everything, other platforms stay apart."""
    lines = [
        {**LINE, "id": "text", "text": "今天的云汀茶"},
        {**LINE, "id": "title", "title": "云汀茶测评", "published_at": "2026-11-21T12:00:00+08:00"},
        {**LINE, "id": "brand", "brand": "云汀茶", "published_at": "2026-11-21T11:00:00+08:00"},
        {**LINE, "id": "other"},
        {**LINE, "id": "elsewhere", "platform": "douyin", "text": "云汀茶"},
    ]
    corpus = Corpus.load(written(tmp_path, *lines))
    assert [corpus.entry(at).id for at in corpus.search("weibo", "云汀茶")] == ["title", "brand", "text"]
    assert len(corpus.search("weibo", "*")) == 4
    assert not corpus.search("weibo", "没有人说过")


def test_roots(tmp_path: Path) -> None:
    """A chain of parents leads to its original; one that leaves the file or turns in a circle has none."""
    lines = [
        {**LINE, "id": "root"},
        {**LINE, "id": "first", "parent": "root"},
        {**LINE, "id": "second", "parent": "first"},
        {**LINE, "id": "orphan", "parent": "gone"},
        {**LINE, "id": "yin", "parent": "yang"},
        {**LINE, "id": "yang", "parent": "yin"},
    ]
    corpus = Corpus.load(written(tmp_path, *lines))
    roots = {entry.id: root.id if (root := corpus.root(entry)) else None for entry in corpus}
    assert roots == {"root": "root", "first": "root", "second": "root", "orphan": None, "yin": None, "yang": None}


DIGITS = {
    "weibo": 16,
    "douyin": 19,
    "heimao": 11,
    "complaint": 11,
    "autohome": 9,
    "forum": 9,
    "rednet": 7,
    "news": 7,
    "peopleboard": 8,
    "tieba": 10,
    "discuz": 7,
    "bilibili": 9,
    "dongchedi": 19,
}


@given(st.sampled_from(PLATFORMS), st.text(min_size=1))
def test_native_ids_look_like_the_platforms(platform: str, id: str) -> None:
    """Any corpus id gives digits of the platform's own length, the same ones each time."""
    native = str(native_id(platform, id))
    assert native == str(native_id(platform, id))
    assert len(native) == DIGITS[platform]
    assert native.startswith("173") or platform not in ("heimao", "complaint")


def test_two_posts_never_share_a_native_id(tmp_path: Path) -> None:
    """With more posts than the eight free digits of a complaint number keep apart, numbers still differ."""
    lines = ({**LINE, "platform": "heimao", "id": str(n)} for n in range(20_000))
    corpus = Corpus.load(written(tmp_path, *lines))
    assert len({entry.native for entry in corpus}) == 20_000
    assert len({native_id("heimao", entry.id) for entry in corpus}) < 20_000
