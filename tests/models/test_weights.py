"""The shipped weights: small, whole, and as good as their card says on posts they never saw."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import scores
from models.classifier import SHIPPED, SUMS, WEIGHTS, OnnxClassifier
from models.lexicon import LexiconClassifier
from stream.labels import Risk, SelfHarm, Sentiment


@pytest.fixture(scope="module")
def classifier() -> OnnxClassifier:
    """The shipped student."""
    return OnnxClassifier(threads=2)


def test_the_folder_is_small_and_whole() -> None:
    """At most 25 MB, every listed checksum true, a card beside them, nothing unlisted."""
    files = {path.name: path for path in WEIGHTS.iterdir()}
    assert sum(path.stat().st_size for path in files.values()) <= 25_000_000
    listed = dict(reversed(line.split("  ")) for line in (WEIGHTS / SUMS).read_text().splitlines())
    assert {name: hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() for name in listed} == listed
    assert {*listed, SUMS} == set(files)


def test_the_card_tells_of_these_weights(classifier: OnnxClassifier) -> None:
    """The card and the report name the revision that loads, so that neither is of an older model."""
    assert classifier.revision in (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert classifier.revision == json.loads((SHIPPED / "report.json").read_text(encoding="utf-8"))["revision"]


@pytest.mark.parametrize(
    ("text", "sentiment", "risk"),
    [
        ("外卖里吃出蟑螂,吃完上吐下泻进医院了", Sentiment.NEGATIVE, Risk.SAFETY),
        ("店员态度极差,爱理不理,还翻白眼", Sentiment.NEGATIVE, Risk.SERVICE),
        ("快递半个月了还没送到,说好的次日达呢", Sentiment.NEGATIVE, Risk.FULFILMENT),
        ("申请退款一个月了一直不给退,客服互相推诿", Sentiment.NEGATIVE, Risk.REFUND),
        ("质量太差了,用了两天就坏了,屏幕直接黑屏", Sentiment.NEGATIVE, Risk.QUALITY),
        ("店家骗人还不退钱,已经向12315投诉,再不解决就去法院起诉他们", Sentiment.NEGATIVE, Risk.ESCALATION),
        ("房间干净,早餐丰富,服务热情,下次还住这里", Sentiment.POSITIVE, None),
        ("味道很好,送得也快,会再点的", Sentiment.POSITIVE, None),
        ("请问这个信用卡年费怎么收", Sentiment.NEUTRAL, None),
    ],
)
def test_plain_cases(classifier: OnnxClassifier, text: str, sentiment: Sentiment, risk: Risk | None) -> None:
    """What no reader would doubt."""
    (said,) = classifier.classify([text])
    assert sentiment is said.sentiment
    assert (risk in said.risks) if risk else said.risks == ()


@pytest.mark.parametrize("text", ["笑死我了这个视频", "今天上班累死了", "这价格真是气死人", "奶茶好喝到哭"])
def test_figures_of_speech_are_no_cry_for_help(classifier: OnnxClassifier, text: str) -> None:
    """Dying of laughter is laughter."""
    assert SelfHarm.NONE is classifier.classify([text])[0].self_harm


@pytest.mark.data
def test_better_than_the_lexicon_on_real_posts(classifier: OnnxClassifier, real_posts: Any) -> None:
    """On every second post of risk_dev, its risks and sentiment beat the words alone."""
    rows = real_posts("labelled/risk_dev")[::2]
    truth = np.array([[risk in row["risks"] for risk in Risk] for row in rows])
    moods = np.array([[row["sentiment"] == mood for mood in Sentiment] for row in rows])
    f1 = {}
    for name, judge in (("model", classifier), ("lexicon", LexiconClassifier())):
        said = judge.classify([row["text"] for row in rows])
        found = np.array([[risk in judgement.risks for risk in Risk] for judgement in said])
        mood = np.array([[judgement.sentiment is m for m in Sentiment] for judgement in said])
        f1[name] = scores.micro_f1(truth, found), scores.macro_f1(moods, mood)
    assert f1["model"][0] > f1["lexicon"][0] + 0.01
    assert f1["model"][1] > f1["lexicon"][1] + 0.03


def test_nothing_private_in_the_card() -> None:
    """The card names sources and licences, never a post of the self-harm sets or a path of somebody's machine."""
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert not re.search(r"/home/|/work|/root|\.\./shared", card)
    assert "MIT" in card
    assert Path(WEIGHTS / SUMS).is_file()
