"""What the sets' labels mean, and that nothing evaluated on is trained on."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from models import annotations, data
from models.data import Row
from models.mapping import PER_EPOCH, Partial
from models.text import normalise
from stream.labels import Risk, SelfHarm, Sentiment
from tests.models.conftest import DATA


def _annotated(text: str, **fields: Any) -> dict[str, Any]:
    return {"text": text, "sentiment": "neutral", "risks": [], "stage": "none", "self_harm": "none", **fields}


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """Writes a data folder in which every set exists; a set that is not given is empty."""

    def write(**sets: list[dict[str, Any]]) -> Path:
        (tmp_path / "labelled").mkdir(exist_ok=True)
        for name in [*PER_EPOCH, "risk_dev", "smp2020_virus_eval"]:
            with gzip.open(tmp_path / "labelled" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
                lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in sets.get(name, []))
        return tmp_path

    return write


@pytest.fixture
def outranked(folder: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the annotated row of a post that one set holds too: the set's name, its label there, what was read."""

    def row(name: str, label: Any, read: dict[str, str]) -> Row:
        names = (f"第{number}家店" for number in range(99))
        text = next(text for text in names if not data.held_out(text) and annotations.mark(text) > "1")
        said = {annotations.mark(text): _annotated(text, risks=["service"], **read)}
        monkeypatch.setattr(annotations, "read", lambda: said)
        split = data.load(folder(**{name: [{"text": text, "label": label}]}))
        (found,) = (each for each in split.train if each.group == data.ANNOTATED)
        return found

    return row


def _all(split: data.Split) -> dict[str, Row]:
    rows = [*split.train, *split.calibration, *(row for rows in split.test.values() for row in rows)]
    return {row.text: row for row in rows}


def test_a_post_of_an_evaluation_file_is_nowhere_else(folder: Any) -> None:
    """A text of risk_dev leaves every other set, however it is spelt there."""
    split = data.load(
        folder(
            risk_dev=[_annotated("酒店的早餐不错,下次再来")],
            risk_train=[_annotated("酒店的早餐不错,下次再来")],
            ChnSentiCorp_htl_all=[{"text": "酒店的早餐不错, 下次再来".replace(" ", ""), "label": 1}],
        )
    )
    assert split.train == []
    assert split.calibration == []
    assert split.test["ChnSentiCorp_htl_all"] == []
    assert len(split.test["risk_dev"]) == 1


def test_the_split_follows_the_text_and_not_the_set(folder: Any) -> None:
    """The same texts are held out of whichever set they stand in, about one in thirteen."""
    texts = [f"第{number}家店的牛肉面" for number in range(2000)]
    stars = data.load(folder(waimai_10k=[{"text": text, "label": 0} for text in texts]))
    judged = data.load(folder(risk_train=[_annotated(text) for text in texts]))
    held = {row.text for row in stars.test["waimai_10k"]}
    assert held == {row.text for row in judged.calibration}
    assert held.isdisjoint(row.text for row in stars.train)
    assert 100 < len(held) < 220


def test_of_a_small_set_the_posts_of_an_evaluation_file_are_tested_too(folder: Any) -> None:
    """Posts of SOS-HL-1K that stand in risk_dev are tested under both names and trained on under none."""
    texts = [f"第{number}次想起那天" for number in range(200)]
    sos = [{"text": text, "label": 1} for text in texts]
    split = data.load(folder(risk_dev=[_annotated(text) for text in texts[:50]], sos_hl_1k_train=sos))
    held = {text for text in texts[50:] if data.held_out(text)}
    assert {row.text for row in split.test["sos_hl_1k_train"]} == {*texts[:50], *held}
    assert {row.text for row in split.train} == {*texts[50:]} - held


def test_a_post_in_two_sets_keeps_its_annotation(folder: Any) -> None:
    """risk_train's careful label beats the stars of the same post."""
    split = data.load(
        folder(
            risk_train=[_annotated("送餐慢,味道还行", risks=["fulfilment"])],
            waimai_10k=[{"text": "送餐慢,味道还行", "label": 1}],
        )
    )
    (row,) = _all(split).values()
    assert row.group == "risk_train"
    assert row.risks[Risk.FULFILMENT] == 1.0
    assert set(Risk) == set(row.risks)


def test_an_annotated_post_teaches_beside_its_stars_unless_it_calibrates(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark above the bound gives a second row with every head; one below it leaves the rows to train on for good."""
    texts = [f"第{number}家店的牛肉面" for number in range(400)]
    read = {annotations.mark(text): _annotated(text, sentiment="negative", risks=["quality"]) for text in texts}
    monkeypatch.setattr(annotations, "read", lambda: dict(read))
    split = data.load(folder(waimai_10k=[{"text": text, "label": 0} for text in texts]))
    annotated = [row for row in split.train if row.group == data.ANNOTATED]
    assert {row.text for row in annotated} == {row.text for row in split.train if row.group == "waimai_10k"}
    assert all(row.risks[Risk.QUALITY] == 1.0 and row.sentiment.among == ("negative",) for row in annotated)
    assert 3 < len(split.calibration) < 40
    assert {row.text for row in split.calibration}.isdisjoint(row.text for row in split.train)


@pytest.mark.parametrize(
    ("name", "label", "read", "taught"),
    [
        ("waimai_10k", 1, "negative", Partial(("positive",), ("negative", "positive"))),
        ("waimai_10k", 1, "neutral", Partial(("neutral",), tuple(Sentiment))),
        ("sos_hl_1k_train", 1, "concern", Partial(("crisis",), tuple(SelfHarm))),
        ("sos_hl_1k_train", 0, "crisis", Partial(("concern",), tuple(SelfHarm))),
        ("sos_hl_1k_train", 0, "concern", Partial(("concern",), tuple(SelfHarm))),
        ("waimai_10k", 1, "concern", Partial(("concern",), tuple(SelfHarm))),
        ("bdci2021_bank", "positive", "neutral", Partial(("neutral",), tuple(Sentiment))),
    ],
)
def test_stars_and_experts_count_where_a_reading_says_the_contrary(
    outranked: Any, name: str, label: Any, read: str, taught: Partial
) -> None:
    """A review of five stars read as a complaint teaches what the stars say; all else of the reading stays."""
    head = "self_harm" if read in tuple(SelfHarm) else "sentiment"
    row = outranked(name, label, {head: read})
    assert getattr(row, head) == taught
    assert row.risks[Risk.SERVICE] == 1.0


def test_a_held_post_is_never_annotated(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts of the evaluation files and those held by their text keep the one label they are tested by."""
    texts = [f"第{number}家店的牛肉面" for number in range(400)]
    read = {annotations.mark(text): _annotated(text) for text in texts}
    monkeypatch.setattr(annotations, "read", lambda: dict(read))
    split = data.load(
        folder(risk_dev=[_annotated(text) for text in texts[:200]], waimai_10k=[{"text": t, "label": 1} for t in texts])
    )
    tested = {row.text for rows in split.test.values() for row in rows}
    assert len(tested) > 200
    assert tested.isdisjoint(row.text for row in [*split.train, *split.calibration])


@pytest.mark.parametrize(
    ("name", "raw", "field", "expected"),
    [
        ("waimai_10k", {"label": 1}, "sentiment", Partial(("positive",), ("negative", "positive"))),
        ("waimai_10k", {"label": 0}, "sentiment", Partial(("negative",), ("negative", "positive"))),
        ("weibo2018_train", {"label": 1}, "sentiment", Partial(("neutral", "positive"), tuple(Sentiment))),
        ("smp2020_usual_train", {"label": "fear"}, "sentiment", Partial(("negative",), tuple(Sentiment))),
        ("bdci2021_bank", {"label": "neutral"}, "sentiment", Partial(("neutral",), tuple(Sentiment))),
        ("bdci2021_bank", {"label": "neutral"}, "self_harm", Partial(("none",), tuple(SelfHarm))),
        ("sos_hl_1k_train", {"label": 1}, "self_harm", Partial(("crisis",), tuple(SelfHarm))),
        ("sos_hl_1k_train", {"label": 0}, "self_harm", Partial(("none", "concern"), tuple(SelfHarm))),
        ("ckend_suicide_train", {"label": 0}, "self_harm", Partial(("none",), tuple(SelfHarm))),
        ("cold_train", {"label": 0}, "sentiment", Partial()),
    ],
)
def test_each_label_means_what_its_set_can_say(
    folder: Any, name: str, raw: dict[str, Any], field: str, expected: Partial
) -> None:
    """Stars say nothing of neutral, "1" in weibo2018 is not negative, offensive says nothing of sentiment."""
    (row,) = _all(data.load(folder(**{name: [{"text": "一段话", **raw}]}))).values()
    assert expected == getattr(row, field)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("smp2020_usual_train", {"label": "neutral"}),
        ("psysuicide_valid", {"label": ["与自杀/自伤/攻击行为无关"], "data_source": "synthetic"}),
    ],
)
def test_rows_that_teach_the_wrong_thing_are_left_out(folder: Any, name: str, raw: dict[str, Any]) -> None:
    """Book prose as neutral would teach the full stop; synthetic rows would teach that synthetic means harmless."""
    assert _all(data.load(folder(**{name: [{"text": "一段话。", **raw}]}))) == {}


def test_offensive_is_only_a_hint_of_abuse(folder: Any) -> None:
    """COLD's label sets a chance, not a certainty, and for abuse alone."""
    raw = [{"text": "甲", "label": 1}, {"text": "乙", "label": 0}]
    rows = _all(data.load(folder(cold_train=raw)))
    assert {Risk.ABUSE} == set(rows["甲"].risks)
    assert 0 < rows["乙"].risks[Risk.ABUSE] < rows["甲"].risks[Risk.ABUSE] < 0.5


@pytest.mark.data
@pytest.mark.usefixtures("real_posts")
def test_no_post_of_the_real_folder_is_used_twice() -> None:
    """Over all real sets, what is trained on, calibrated on and tested on are three different things."""
    split = data.load(DATA)
    tested = {row.key for rows in split.test.values() for row in rows}
    trained = {row.key for row in split.train}
    calibrated = {row.key for row in split.calibration}
    assert not tested & trained
    assert not tested & calibrated
    assert not trained & calibrated
    assert all(row.text == normalise(row.text) for row in split.calibration)
