"""The evaluation says of a judge what is true of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models import mapping
from models.data import Row
from models.evaluate import evaluate
from models.lexicon import LexiconClassifier
from models.mapping import Partial
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.records import Judgement
from tests.factories import judgement

KINDS = {"sentiment": Sentiment, "stage": Stage, "self_harm": SelfHarm}
READ = [("好", "positive", [], "use", "none"), ("坏", "negative", ["quality"], "use", "none")] * 4
READ += [("退", "negative", ["refund"], "aftersales", "none"), ("问", "neutral", [], "presale", "none")] * 4
READ += [("痛", "negative", [], "none", "concern"), ("急", "negative", [], "none", "crisis")] * 4


def _judged(text: str, *said: object) -> Row:
    return Row(
        "set", "街", text, **mapping.judged(dict(zip(("sentiment", "risks", "stage", "self_harm"), said, strict=True)))
    )


ALL = [_judged(*read) for read in READ]
STARS = [replace(row, sentiment=Partial(row.sentiment.among, ("negative", "positive"))) for row in ALL[:8]]
TESTS = dict.fromkeys(
    ("ChnSentiCorp_htl_all", "waimai_10k", "online_shopping_10_cats", "nlpcc2014_polarity_train"), STARS
)
TESTS |= {"smp2020_virus_eval": ALL, "bdci2021_bank": ALL, "risk_dev": ALL, "ckend_suicide_train": ALL}
TESTS["sos_hl_1k_train"] = ALL[-8:]


class Reader:
    """Knows what each text says, but for those it was told to misread."""

    revision = "reader-1"

    def __init__(self, misread: str = "") -> None:
        self._misread = misread

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """What was read; a misread text is praise and nothing else."""
        known = {text: read for text, *read in READ}
        return [
            self._said("positive", [], "use", "none") if t == self._misread else self._said(*known[t]) for t in texts
        ]

    def _said(self, sentiment: str, risks: list[str], stage: str, harm: str) -> Judgement:
        risk = tuple(Risk(each) for each in risks)
        return judgement(Sentiment(sentiment), risks=risk, stage=Stage(stage), self_harm=SelfHarm(harm))


def test_a_judge_that_is_always_right_scores_one() -> None:
    """On every set and head, and its report has a line for each."""
    report = evaluate(Reader(), TESTS)
    assert {value.value for value in report.scores.values() if value.value != 1.0} == set()
    assert report.confusion["sentiment"] == [[16, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert all(any(line.startswith(name) for line in report.lines()) for name in report.scores)


def test_what_a_judge_misses_is_missing_from_its_scores(tmp_path: Path) -> None:
    """Half of those in danger read as praise: recall falls, precision and stars do not."""
    report = evaluate(Reader("急"), TESTS)
    scores = {name: value.value for name, value in report.scores.items()}
    assert scores["risk_dev · concern or crisis · recall"] == 0.5
    assert scores["risk_dev · concern or crisis · precision"] == 1.0
    assert scores["sos_hl_1k_train · high risk · F1"] == 0.0
    assert scores["risk_dev · sentiment · macro-F1"] < 1.0
    assert scores["waimai_10k · two sentiments · accuracy"] == 1.0
    report.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["revision"] == report.revision
    report.picture(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5_000


class Skimmer(LexiconClassifier):
    """Reads no further than fifty characters."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """What stands at the beginning."""
        return super().classify([text[:50] for text in texts])


def test_what_a_judge_hears_amid_a_long_review_is_told() -> None:
    """Each cry that it hears by itself stands in the middle of one; one that it does not hear at all is no such cry."""
    long = replace(STARS[0], text="房间很干净,前台也热情,早餐有粥有包子,下次还来。" * 10)
    cries = [_judged("我不想活了,今晚就跳楼", "negative", [], "none", "crisis"), *ALL]
    posts = {**TESTS, "ChnSentiCorp_htl_all": [long, *STARS], "risk_dev": cries}
    for judge, share in ((LexiconClassifier(), 1.0), (Skimmer(), 0.0)):
        plain = evaluate(judge, posts).plain
        assert plain["self-harm: cries heard amid a long review"] == share
        assert plain["self-harm: false alarms on long reviews"] == 0.0


def test_a_set_without_posts_is_told() -> None:
    """A score over nothing would be a number all the same."""
    with pytest.raises(ValueError, match="bdci2021_bank has no posts"):
        evaluate(Reader(), {**TESTS, "bdci2021_bank": []})
