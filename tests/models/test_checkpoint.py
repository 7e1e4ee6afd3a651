"""Other checkpoints behind the same port, and a base of one's own."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="other checkpoints need the train extra")

from transformers import BertForSequenceClassification, PreTrainedTokenizerFast  # noqa: E402

from models import encoder  # noqa: E402
from models.checkpoint import checkpoint  # noqa: E402
from models.lexicon import LexiconClassifier  # noqa: E402
from stream.labels import Risk, SelfHarm  # noqa: E402
from stream.ports import Misconfigured  # noqa: E402
from stream.records import Judgement  # noqa: E402
from tests.models import small  # noqa: E402

torch.set_num_threads(1)
TEXTS = ["店员坏,要退款", "", "好喜欢", "好" * 500, "\ud800", "hello"]


def saved(folder: Path, labels: list[str]) -> Path:
    """Somebody's sequence classification model with these labels."""
    torch.manual_seed(1)
    config = small.shape()
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: at for at, label in enumerate(labels)}
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=small.tokenizer(), unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    return folder


def test_a_sentiment_model_speaks_of_sentiment_and_the_rest_of_the_rest(tmp_path: Path) -> None:
    """Its labels are read in our words, Chinese or English, in whatever order; the other heads are the lexicon's."""
    lexicon = LexiconClassifier()
    made = checkpoint(str(saved(tmp_path, ["正面", "negative", "Neutral"])), lexicon)
    said, words = made.classify(TEXTS), lexicon.classify(TEXTS)
    assert [(one.risks, one.stage, one.self_harm) for one in said] == [(w.risks, w.stage, w.self_harm) for w in words]
    assert len({one.sentiment_probs for one in said}) > 2
    assert all(sum(one.sentiment_probs) == pytest.approx(1) for one in said)
    assert lexicon.revision in made.revision
    assert {one.revision for one in said} == {made.revision}


class Sure:
    """Says nothing, and has no doubt of it."""

    revision = "sure"

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Silence for each."""
        return [Judgement.silent(self.revision) for _ in texts]


def test_heads_that_a_model_has_no_labels_for_leave_no_doubt(tmp_path: Path) -> None:
    """A model of risks alone is as unsure as its risks and the rest are, not unsure of every post."""
    folder = saved(tmp_path, ["safety", "quality"])
    model = BertForSequenceClassification.from_pretrained(folder)
    torch.nn.init.zeros_(model.classifier.weight)
    model.classifier.bias.data = torch.tensor([9.0, 0.0])
    model.save_pretrained(folder)
    (said,) = checkpoint(str(folder), Sure()).classify(["店员坏"])
    assert said.risks == (Risk.SAFETY,)
    assert not said.uncertain


def test_its_probabilities_are_the_models(tmp_path: Path) -> None:
    """What transformers says of a text is what the judgement says."""
    folder = saved(tmp_path, ["positive", "negative", "neutral"])
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    ids = small.tokenizer().encode("好喜欢").ids
    with torch.inference_mode():
        positive, negative, neutral = model(input_ids=torch.tensor([ids])).logits.softmax(-1)[0].tolist()
    (said,) = checkpoint(str(folder), LexiconClassifier()).classify(["好喜欢"])
    assert said.sentiment_probs == pytest.approx((negative, neutral, positive), abs=1e-5)


@pytest.mark.parametrize(
    ("labels", "said"), [(["LABEL_0", "LABEL_1"], "LABEL_0"), (["positive", "LABEL_1"], "id2label")]
)
def test_labels_that_are_not_our_words_are_refused(tmp_path: Path, labels: list[str], said: str) -> None:
    """It says which labels it found and where to name them."""
    with pytest.raises(Misconfigured, match=said):
        checkpoint(str(saved(tmp_path, labels)), LexiconClassifier())


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """One sentence that names it."""
    with pytest.raises(Misconfigured, match="nobody-has-this"):
        checkpoint(str(tmp_path / "nobody-has-this"), LexiconClassifier())


def _shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def _grown(path: Path) -> None:
    grown = small.tokenizer()
    grown.add_tokens(["新", "词"])
    grown.save(str(path))


def _numbered(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "id2label": {"0": 0, "1": 1}}))


@pytest.mark.parametrize(
    ("file", "broken", "said"),
    [
        ("model.safetensors", _shortened, "SafetensorError"),
        ("config.json", lambda path: path.write_text("[]"), "does not load"),
        ("config.json", _numbered, "labels its classes 0, 1"),
        ("tokenizer.json", lambda path: path.write_text("{}"), "does not load"),
        ("tokenizer.json", _grown, "its tokenizer has 31 pieces and its network reads 29"),
        ("tokenizer.json", Path.unlink, "its tokenizer reads no Chinese"),
    ],
)
def test_a_broken_checkpoint_is_refused_in_one_sentence(
    tmp_path: Path, file: str, broken: Callable[[Path], object], said: str
) -> None:
    """It names the folder and the reason at load, and is never served: not with half of its weights, nor unread."""
    folder = saved(tmp_path, ["positive", "negative"])
    broken(folder / file)
    if not (folder / "tokenizer.json").exists():
        (folder / "tokenizer_config.json").unlink()
    with pytest.raises(Misconfigured, match=said) as refusal:
        checkpoint(str(folder), LexiconClassifier())
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "broken"),
    [
        ("model.pt", lambda path: path.write_bytes(b"")),
        ("config.json", lambda path: path.write_text("[]")),
        ("tokenizer.json", lambda path: path.write_text("{}")),
        ("tokenizer.json", Path.unlink),
        ("tokenizer.json", _grown),
    ],
)
def test_a_broken_folder_of_training_is_refused_in_one_sentence(
    tmp_path: Path, file: str, broken: Callable[[Path], object]
) -> None:
    """What training left behind is looked at as closely as what others made."""
    folder = tmp_path / "student"
    encoder.save(small.network(), small.tokenizer(), folder)
    broken(folder / file)
    with pytest.raises(Misconfigured, match="does not load") as refusal:
        checkpoint(str(folder), LexiconClassifier())
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_of_training_speaks_of_every_head(tmp_path: Path) -> None:
    """Nothing of the classifier beside it is asked."""
    encoder.save(small.network(), small.tokenizer(), tmp_path / "student")
    made = checkpoint(str(tmp_path / "student"), LexiconClassifier())
    assert made.revision.startswith("student-")
    said = made.classify(TEXTS)
    assert len(said[0].risk_probs) == len(Risk)
    assert said[1].self_harm is SelfHarm.NONE
    assert len({one.stage_probs for one in said}) > 2


def test_training_may_begin_from_any_bert(tmp_path: Path) -> None:
    """A pretrained BERT by folder or name becomes an encoder with its weights and fresh heads; others are refused."""
    folder = saved(tmp_path / "bert", ["a", "b"])
    model, tokenizer = encoder.pretrained(str(folder))
    theirs = BertForSequenceClassification.from_pretrained(folder).bert.encoder.state_dict()
    ours = model.bert.encoder.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert tokenizer.token_to_id("[CLS]") == 2
    config = (folder / "config.json").read_text().replace('"model_type": "bert"', '"model_type": "gpt2"')
    (folder / "config.json").write_text(config)
    with pytest.raises(ValueError, match="must be a BERT"):
        encoder.pretrained(str(folder))
