"""Search, one post, counts, and the export."""

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import export
from api.export import cell
from stream.labels import Risk, Sentiment
from tests.api.room import ANALYST, Room
from tests.factories import NOW, judged


def test_the_walk_along_the_cursor_gives_every_post_once(api: Room) -> None:
    """Pages of three, one after another, hold all eleven posts in the order of one large page."""
    api.put(*(judged(str(n), published_at=NOW - timedelta(minutes=n % 4)) for n in range(11)))
    client, walked, after = api.client(ANALYST), [], ""
    for _ in range(4):
        page = client.get("/api/posts", params={"size": 3, "after": after}).json()
        walked += [post["id"] for post in page["posts"]]
        after = page["after"]
    whole = client.get("/api/posts", params={"size": 100}).json()
    assert after == ""
    assert walked == [post["id"] for post in whole["posts"]]
    assert whole["total"] == len(set(walked)) == 11


def test_every_filter_narrows(api: Room) -> None:
    """Each condition of a PostQuery can be given as a parameter, repeated ones as alternatives."""
    api.put(
        judged("1", sentiment=Sentiment.NEGATIVE, risks=(Risk.SAFETY,), text="喝出钢丝", author="a9"),
        judged("2", platform="douyin", subjects=("luyu",), published_at=NOW - timedelta(days=1)),
    )
    client = api.client(ANALYST)

    def found(**params: object) -> int:
        return int(client.get("/api/posts", params=params).json()["total"])  # type: ignore[arg-type]

    since = (NOW - timedelta(hours=1)).isoformat()
    for narrowed in (
        {"text": "钢丝 NOT 好喝"},
        {"platforms": "weibo"},
        {"sources": "weibo"},
        {"subjects": "own"},
        {"sentiments": "negative"},
        {"risks": ["safety", "privacy"]},
        {"author": "a9"},
        {"since": since},
        {"stages": "use", "sentiments": "negative"},
    ):
        assert found(**narrowed) == 1, narrowed
    assert found(platforms=["weibo", "douyin"]) == found() == 2
    assert found(until=since, platforms="douyin") == 1


def test_a_search_tells_where_its_words_stand(api: Room) -> None:
    """Each post says in which part, from which character to which; without words nothing is marked."""
    api.put(judged("1", title="云汀", text="😀在云汀茶"))
    client = api.client(ANALYST)
    (found,) = client.get("/api/posts", params={"text": "云汀茶 OR 云汀"}).json()["posts"]
    assert found["highlights"] == [{"part": "title", "start": 0, "end": 2}, {"part": "text", "start": 2, "end": 5}]
    assert client.get("/api/posts").json()["posts"][0]["highlights"] == []


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"text": '"没有配对'}, 422, "引号没有成对"),
        ({"after": "not-a-cursor"}, 422, ""),
        ({"size": 101}, 422, "size"),
        ({"since": "2026-01-01T00:00:00"}, 422, "since"),
        ({"until": "0.5"}, 422, "until"),
        ({"sentiments": "furious"}, 422, "sentiments"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_chinese(
    api: Room, params: dict[str, str], status: int, words: str
) -> None:
    """A 422 says which parameter or word is at fault and never repeats what was sent."""
    answer = api.client(ANALYST).get("/api/posts", params=params)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert "not-a-cursor" not in answer.text


def test_one_post_has_its_judgement_and_every_stage_time(api: Room) -> None:
    """The post comes with probabilities by name and the times it was fetched, logged, judged and indexed."""
    one = judged("1", sentiment=Sentiment.NEGATIVE, risks=(Risk.SAFETY,))
    api.put(one)
    client = api.client(ANALYST)
    body = client.get(f"/api/posts/{one.post.id}").json()
    assert body["judgement"]["risk_probs"]["safety"] == 0.9
    assert {"fetched_at", "logged_at", "judged_at", "indexed_at"} <= set(body)
    missing = client.get("/api/posts/weibo-0")
    assert (missing.status_code, missing.json()["message"]) == (404, "没有这条帖子。")


def test_counts_speak_chinese_and_sum_up(api: Room) -> None:
    """Facet values carry their Chinese word; hours are named by their start in Shanghai."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE), judged("2"), judged("3", subjects=("luyu",)))
    client = api.client(ANALYST)
    moods = client.get("/api/stats", params={"by": "sentiment"}).json()
    assert [(c["label"], c["posts"]) for c in moods["counts"]] == [("中性", 2), ("负面", 1)]
    assert moods["total"] == 3
    brands = client.get("/api/stats", params={"by": "subject"}).json()
    assert [(c["label"], c["posts"]) for c in brands["counts"]] == [("云汀茶", 2), ("鹿屿鲜茶", 1)]
    hours = client.get("/api/stats", params={"by": "hour"}).json()
    assert [c["value"] for c in hours["counts"]] == ["2026-11-21T12:00:00+08:00"]


def test_export_masks_and_defuses(api: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Phone numbers are masked, a cell that begins like a formula does not run, and the bound is kept and told."""
    monkeypatch.setattr(export, "ROWS", 5)
    api.put(*(judged(str(n), text=f"=HYPERLINK(1)电话13812345678,第{n}条", title="@SUM(A1)") for n in range(7)))
    answer = api.client(ANALYST).get("/api/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert answer.text.startswith("\ufeff")
    assert "13812345678" not in answer.text
    assert {row["正文"][0] + row["标题"][0] for row in rows} == {"''"}
    assert rows[0]["发布时间"] == "2026-11-21 12:00:00"
    assert (answer.headers["x-guanlan-rows"], answer.headers["x-guanlan-total"], len(rows)) == ("5", "7", 5)


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    """Whatever the text, a spreadsheet sees neither an ASCII nor a full-width formula sign first."""
    made = cell(text)
    assert not made.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert made.endswith(text)


def test_search_keeps_words_as_they_were_said(api: Room) -> None:
    """An analyst reads the text unmasked; masking belongs to what leaves the system."""
    api.put(judged("1", text="请打13812345678"))
    assert "13812345678" in api.client(ANALYST).get("/api/posts").text
