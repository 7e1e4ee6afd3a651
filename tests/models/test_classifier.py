"""Serving holds the Classifier port's promises on the shipped weights: determinism, any text, no broken folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models import network
from models.calibrate import Calibration
from models.classifier import CALIBRATION, MODEL, SUMS, TOKENIZER, WEIGHTS, OnnxClassifier
from models.network import combine
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured

POSTS = [
    "喝出一根钢丝,嘴都划破了,店员还说我自己放的",
    "桂花乌龙真的好喝,明天还来",
    "请问周末几点开门",
    "快递等了八天还没到,客服一直是机器人",
    "",
    "😀😀😀",
    "The battery swelled and caught fire.",
    "退款拖了一个月,再不退我就打12315 https://example.invalid/1 @某店",
]


@pytest.fixture(scope="module")
def classifier() -> OnnxClassifier:
    """The shipped student."""
    return OnnxClassifier()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A weights folder of one's own to break."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "student"))


@pytest.fixture(scope="module")
def crowded() -> OnnxClassifier:
    """Another one, whose cache knows only what was judged in a crowd, and which uses two threads."""
    return OnnxClassifier(threads=2)


def test_a_post_in_traditional_characters_is_judged_as_in_simplified_ones(classifier: OnnxClassifier) -> None:
    """Which script somebody types changes nothing of what is said."""
    traditional, simplified = classifier.classify(
        ["退款拖了一個月，還沒收到，客服沒人應", "退款拖了一个月，还没收到，客服没人应"]
    )
    assert traditional == simplified


@settings(max_examples=25)
@given(texts=st.lists(st.one_of(st.sampled_from(POSTS), st.text(max_size=300)), min_size=2, max_size=8))
def test_a_text_is_judged_the_same_whatever_is_beside_it(
    classifier: OnnxClassifier, crowded: OnnxClassifier, texts: list[str]
) -> None:
    """Alone on one thread or in a crowd on two: not one bit of a probability differs."""
    assert [classifier.classify([text])[0] for text in texts] == crowded.classify(texts)


@settings(max_examples=40)
@given(text=st.text(st.characters(), max_size=400))
def test_no_text_makes_it_raise(classifier: OnnxClassifier, text: str) -> None:
    """Any string, lone surrogates included, has a judgement whose choices sum to one."""
    (judgement,) = classifier.classify([text])
    for probs in (judgement.sentiment_probs, judgement.stage_probs, judgement.self_harm_probs):
        assert pytest.approx(1) == sum(probs)
    assert len(Risk) == len(judgement.risk_probs)


def test_same_length_and_order(classifier: OnnxClassifier) -> None:
    """A list with repeats comes back as long as it went in, each at its place."""
    texts = [POSTS[0], POSTS[1], POSTS[0], POSTS[2], POSTS[1]]
    said = classifier.classify(texts)
    assert [classifier.classify([text])[0] for text in texts] == said
    assert Sentiment.NEGATIVE is said[0].sentiment
    assert classifier.classify([]) == []


@pytest.mark.parametrize("text", ["", "   ", "\u200b\n"])
def test_silence_says_nothing(classifier: OnnxClassifier, text: str) -> None:
    """A bare repost is judged as the empty text: neutral, no risk, and above all no cry for help."""
    (judged,) = classifier.classify([text])
    assert judged.sentiment is Sentiment.NEUTRAL
    assert judged.risks == ()
    assert judged.self_harm is SelfHarm.NONE
    assert not judged.uncertain


def test_texts_that_read_the_same_are_judged_once(classifier: OnnxClassifier) -> None:
    """The cache goes by the normalised text: another link, another name, other spaces are the same post."""
    first, second = classifier.classify(["@甲 退款 太慢 https://a.invalid/1", "@乙  退款 太慢 https://b.invalid/2"])
    assert first is second


def test_a_hundred_thousand_characters(classifier: OnnxClassifier) -> None:
    """A novel is judged in pieces, and a complaint at its end is not lost."""
    calm = "今天天气很好,我们去公园散步,路边的花都开了。" * 60
    complaint = "这家店的奶茶里喝出一根钢丝,划破了嘴,必须曝光,已经打12315投诉。"
    (quiet,), (loud,) = classifier.classify([calm]), classifier.classify([calm + complaint * 4])
    at = list(Risk).index(Risk.ESCALATION)
    assert loud.risk_probs[at] > quiet.risk_probs[at] + 0.2
    (novel,) = classifier.classify([("今天天气很好,我们去公园散步。" * 7000)[:100_000]])
    assert novel.risks == ()


@given(st.integers(1, 2000))
def test_a_text_is_cut_into_pieces_of_about_one_length(tokens: int) -> None:
    """As few as there can be, none longer than what is read in one go, nothing lost, and no stump at the end."""
    ids = list(range(tokens))
    pieces = network.cut(ids, network.PIECE_TOKENS)
    lengths = [len(piece) for piece in pieces]
    assert [each for piece in pieces for each in piece] == ids
    assert len(pieces) == -(-tokens // network.PIECE_TOKENS)
    assert max(lengths) <= network.PIECE_TOKENS
    assert max(lengths) - min(lengths) <= 1


@given(st.lists(st.integers(0, 9), min_size=97, max_size=600))
def test_a_long_text_is_heard_sentence_by_sentence(ids: list[int]) -> None:
    """Nothing of it is left out, no run is longer than one thought, and a sentence that fits in a run is not torn."""
    ends = frozenset({0})
    made = network.parts(ids, ends)
    assert [each for part in made for each in part] == ids
    assert max(map(len, made)) <= network.CRY_TOKENS
    sentences = "".join(map(str, ids)).replace("0", "0 ").split()
    starts = [at for at, part in enumerate(made) if at and made[at - 1][-1] not in ends]
    if all(len(each) <= network.CRY_TOKENS for each in sentences):
        assert starts == []
    assert network.parts(ids[:96], ends) == []


def test_a_cry_in_a_long_post_about_something_else_is_heard(classifier: OnnxClassifier) -> None:
    """Four sentences about a hotel before and after do not drown it, and are no cry by themselves."""
    calm = (
        "酒店离地铁站走路五分钟,前台办入住很快。房间比图片上小一点,但是打扫得很干净。"
        "早餐有粥和包子,味道一般。晚上有点吵,能听见马路上的车声。"
    )
    cry = "遗书写好了放在抽屉里,再见了。"
    loud, quiet = classifier.classify([calm + calm + cry + calm, calm + calm + calm])
    assert loud.self_harm is not SelfHarm.NONE
    assert quiet.self_harm is SelfHarm.NONE


def test_pieces_keep_the_worst_and_average_the_mood() -> None:
    """Risks are the highest of any piece, sentiment is weighed by length; self-harm is that of the worst, and what is
    heard beside the pieces speaks of nothing else."""
    made = combine(
        {
            "sentiment": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
            "risks": np.array([[0.1] * 10, [0.9] + [0.0] * 9, [1.0] * 10]),
            "stage": np.array([[1.0] + [0.0] * 5, [0.0] * 5 + [1.0], [0.0] * 5 + [1.0]]),
            "self_harm": np.array([[0.2, 0.7, 0.1], [0.9, 0.0, 0.1], [0.6, 0.0, 0.4]]),
        },
        np.array([3.0, 1.0]),
        Calibration.read(WEIGHTS / CALIBRATION),
    )
    assert pytest.approx(made["sentiment"].tolist()) == [0.25, 0.0, 0.75]
    assert [0.9, *[0.1] * 9] == pytest.approx(made["risks"].tolist())
    assert pytest.approx(made["self_harm"].tolist()) == [0.6, 0.0, 0.4]


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, CALIBRATION, SUMS])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    """It refuses to load and says which file."""
    (copy / name).unlink()
    with pytest.raises(Misconfigured, match=name.replace(".", r"\.")):
        OnnxClassifier(copy)


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, CALIBRATION])
def test_a_truncated_or_changed_file_is_named(copy: Path, name: str) -> None:
    """One byte short or one byte different: not the model that was measured."""
    whole = (copy / name).read_bytes()
    for broken in (whole[:-1], whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
        (copy / name).write_bytes(broken)
        with pytest.raises(Misconfigured, match=name.replace(".", r"\.")):
            OnnxClassifier(copy)


def test_damaged_checksums_are_named(copy: Path) -> None:
    """A list of checksums that is no list is refused as a changed file is."""
    for broken in (b"x\xff", b"a line without a name\n"):
        (copy / SUMS).write_bytes(broken)
        with pytest.raises(Misconfigured, match=f"{SUMS} is damaged"):
            OnnxClassifier(copy)


def test_no_more_judgements_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judgements that were asked for longest ago make room, and what is kept is not judged again."""
    asked: list[list[int]] = []

    def run(ids: list[int]) -> dict[str, np.ndarray]:
        asked.append(ids)
        classes = {"sentiment": Sentiment, "risks": Risk, "stage": Stage, "self_harm": SelfHarm}
        return {head: np.zeros((1, len(kinds))) for head, kinds in classes.items()}

    tokenizer, calibration = Tokenizer.from_file(str(WEIGHTS / TOKENIZER)), Calibration.read(WEIGHTS / CALIBRATION)
    monkeypatch.setattr(network, "_CACHED", 2)
    small = network.NetworkClassifier(run, tokenizer, calibration, revision="small")
    for text in ("一", "二", "一", "三", "一"):
        small.classify([text])
    assert len(asked) == 3
    small.classify(["二"])
    assert len(asked) == 4


def test_the_same_weights_read_otherwise_are_another_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that was judged before runs were cut anew can be told from one that was judged after."""
    before = OnnxClassifier().revision
    monkeypatch.setattr(network, "READING", network.READING + 1)
    assert OnnxClassifier().revision != before


def test_a_folder_that_is_whole_but_no_model_is_refused(copy: Path) -> None:
    """Checksums that fit do not make a model."""
    (copy / MODEL).write_bytes(b"not a graph")
    digests = {name: hashlib.sha256((copy / name).read_bytes()).hexdigest() for name in (CALIBRATION, MODEL, TOKENIZER)}
    (copy / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    with pytest.raises(Misconfigured, match="does not load"):
        OnnxClassifier(copy)


def test_judging_imports_no_training() -> None:
    """Serving needs neither torch nor transformers, even where they are installed."""
    code = "import sys, models.classifier; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2])


def test_judging_reports_to_nobody(tmp_path: Path) -> None:
    """The runtime that reports by default is told not to, before it starts: it leaves nothing in the home folder."""
    silenced = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
    bare = {name: given for name, given in os.environ.items() if name not in silenced} | {"HOME": str(tmp_path)}
    code = "import models.classifier"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2], env=bare)
    assert list(tmp_path.iterdir()) == []
