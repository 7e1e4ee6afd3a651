"""Any other fine-tuned checkpoint as a Classifier, with torch and transformers.

Owns how a checkpoint's labels are read as ours. Two kinds are served: a folder that training left behind (all heads,
float32), and any sequence classification model in a folder or on a hub, whose label names must be our words. Such a
model speaks of the heads it has labels for; of the others the classifier that is given beside it speaks. Needs the
`train` extra; what we ship is served by `classifier`, without torch.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from models import encoder
from models.calibrate import Array, Calibration, sigmoid, softmax, thresholds
from models.network import HEADS, NetworkClassifier
from models.specials import specials
from stream.labels import Risk, SelfHarm, Sentiment, Stage, chinese
from stream.ports import Classifier, Misconfigured
from stream.records import Judgement

_KINDS: Mapping[str, type[StrEnum]] = {"sentiment": Sentiment, "risks": Risk, "stage": Stage, "self_harm": SelfHarm}
_NEVER = -30.0
"""Logit of a class that a checkpoint does not know."""
PLAIN = Calibration(slope=dict.fromkeys(HEADS, (1.0,)), bias=dict.fromkeys(HEADS, (0.0,)), thresholds=thresholds())
"""Probabilities as the checkpoint gives them."""
_PROBE = "这家店的东西很好吃,服务也不错,下次还要来。" * 15
"""Judged once at load: ordinary Chinese, longer than one piece."""


def checkpoint(name: str, rest: Classifier, *, threads: int = 1) -> Classifier:
    """The checkpoint in this folder or of this name on a hub.

    Args:
        name: folder or hub name.
        rest: speaks of the heads that the checkpoint has no labels for.
        threads: threads of torch.

    Raises:
        Misconfigured: it cannot be loaded, does not read Chinese, or its labels are not our words; the message says
            what to do.
    """
    torch.set_num_threads(threads)
    folder = Path(name)
    made: Classifier
    try:
        if (folder / "model.pt").is_file():
            network, tokenizer = encoder.load(folder)
            _check(tokenizer, network.bert)
            made = _ours(folder, network, tokenizer)
        else:
            model = AutoModelForSequenceClassification.from_pretrained(name).eval()
            tokenizer = AutoTokenizer.from_pretrained(name).backend_tokenizer
            _check(tokenizer, model)
            made = Foreign(name, model, tokenizer, rest)
        made.classify([_PROBE])
    except Misconfigured:
        raise
    except Exception as error:  # each library has its own for a broken file, and tokenizers raises plain ones
        reason = ": ".join((type(error).__name__, *str(error).splitlines()[:1]))
        raise Misconfigured(f"judge.model: {name} does not load: {reason}") from error
    return made


def _check(tokenizer: Tokenizer, model: Any) -> None:
    """Raises ValueError unless the tokenizer reads Chinese, and gives no more pieces than the model embeds."""
    pieces = max(tokenizer.get_vocab().values(), default=-1) + 1
    embedded = model.get_input_embeddings().num_embeddings
    if pieces > embedded:
        raise ValueError(f"its tokenizer has {pieces} pieces and its network reads {embedded}")
    if {specials(tokenizer).unknown}.issuperset(tokenizer.encode(_PROBE, add_special_tokens=False).ids):
        raise ValueError("its tokenizer reads no Chinese; are the tokenizer's files missing?")


def _ours(folder: Path, model: encoder.PostEncoder, tokenizer: Tokenizer) -> NetworkClassifier:
    """A folder of `encoder.save`, in float32, uncalibrated."""

    def run(ids: list[int]) -> Mapping[str, Array]:
        with torch.inference_mode():
            given = torch.tensor([ids])
            return {head: values.numpy() for head, values in model(given, torch.ones_like(given)).items()}

    return NetworkClassifier(run, tokenizer, PLAIN, revision=f"{folder.resolve().name}-{_digest(model)}")


class Foreign:
    """A Classifier over somebody else's sequence classification model."""

    def __init__(self, name: str, model: Any, tokenizer: Tokenizer, rest: Classifier) -> None:
        """`model` is a transformers model with logits over `config.id2label`."""
        columns = _columns({int(at): str(label) for at, label in model.config.id2label.items()})
        if not columns:
            raise Misconfigured(
                f"judge.model: {name} labels its classes {', '.join(map(str, model.config.id2label.values()))}; "
                "name them in id2label of its config.json in our words, for example negative, neutral, positive"
            )
        several = model.config.problem_type == "multi_label_classification"

        def run(ids: list[int]) -> Mapping[str, Array]:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([ids])).logits.numpy().astype(float)
            made = {head: np.full((1, len(_KINDS[head])), _NEVER) for head in HEADS}
            for head in HEADS:
                if head not in columns and head != "risks":
                    made[head][0, 0] = 0.0  # decided, or a head that nobody asks would make every post uncertain
            probs = sigmoid(logits) if several else softmax(logits)
            for head, places in columns.items():
                for ours, theirs in places.items():
                    chance = float(np.clip(probs[0, theirs], 1e-9, 1 - 1e-9))
                    made[head][0, ours] = np.log(chance / (1 - chance)) if head == "risks" else np.log(chance)
            return made

        self._heads = tuple(columns)
        self._rest = rest
        short = name.rstrip("/").rsplit("/", 1)[-1]
        self._network = NetworkClassifier(run, tokenizer, PLAIN, revision=f"{short}-{_digest(model)}")
        self.revision = f"{self._network.revision}+{rest.revision}" if self._silent() else self._network.revision

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order."""
        said = self._network.classify(texts)
        if not self._silent():
            return said
        pairs = zip(said, self._rest.classify(texts), strict=True)
        return [self._joined(one, other) for one, other in pairs]

    def _silent(self) -> bool:
        return set(self._heads) != set(HEADS)

    def _joined(self, one: Judgement, other: Judgement) -> Judgement:
        """The rest's judgement with the heads that the checkpoint speaks of."""
        taken = {name: getattr(one, name) for name in self._heads}
        taken |= {_probs(name): getattr(one, _probs(name)) for name in self._heads}
        uncertain = one.uncertain or other.uncertain
        return replace(other, **taken, uncertain=uncertain, revision=self.revision)


def _probs(head: str) -> str:
    return "risk_probs" if head == "risks" else f"{head}_probs"


def _columns(labels: Mapping[int, str]) -> dict[str, dict[int, int]]:
    """Head → our class → the checkpoint's column; a head needs two of its classes, or a single kind of risk."""
    found: dict[str, dict[int, int]] = {}
    for head, kind in _KINDS.items():
        words = {word: at for at, one in enumerate(kind) for word in (one.value, chinese(one))}
        places = {words[label.strip().lower()]: at for at, label in labels.items() if label.strip().lower() in words}
        if len(places) >= (1 if head == "risks" else 2):
            found[head] = places
    return found


def _digest(model: Any) -> str:
    """A short name of these weights."""
    made = hashlib.blake2b(digest_size=4)
    for name, values in sorted(model.state_dict().items()):
        made.update(name.encode())
        made.update(np.ascontiguousarray(values.float().numpy()).tobytes())
    return made.hexdigest()
