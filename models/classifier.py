"""Serving: texts to judgements with onnxruntime, tokenizers and numpy.

Owns the loading and checking of a weights folder, splitting of long posts, the cache and the threads. Does not own
calibration values (`calibrate`) or training.

Every run of the graph takes one text. The int8 graph measures the range of its activations over whatever is in a run,
so a text judged beside others would get other numbers than alone, and the port promises the same judgement. It costs
nothing: without padding, one text a run is as fast as batches of sixteen of about equal length (86 against 84 posts a
second and core, measured on Weibo posts of 62 pieces in the mean).
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models.calibrate import Array, Calibration
from models.text import normalise
from stream.ports import Misconfigured
from stream.records import Judgement, Risk, SelfHarm, Sentiment, Stage

WEIGHTS = Path(__file__).with_name("weights")
"""The student that is shipped."""
MODEL, TOKENIZER, CALIBRATION, SUMS = "model.onnx", "tokenizer.json", "calibration.json", "SHA256SUMS"
HEADS = ("sentiment", "risks", "stage", "self_harm")
PIECE_TOKENS = 126
"""Longest run of a text, `<s>` and `</s>` not counted: training saw no more."""
_BEGIN, _END = 0, 2
_CACHED = 20_000


class OnnxClassifier:
    """The Classifier port over a weights folder.

    A long post is judged in pieces of PIECE_TOKENS: sentiment and stage are the mean by length, a risk is the highest
    of any piece (a complaint in one paragraph is a complaint), and so is self-harm, whatever the rest says.
    """

    def __init__(self, path: Path = WEIGHTS, *, threads: int = 1) -> None:
        """Load and check the folder.

        Raises:
            Misconfigured: a file is missing, truncated or not the one that was shipped; the message names it.
        """
        self.revision = _verified(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path / MODEL), options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(path / TOKENIZER))
            self._calibration = Calibration.read(path / CALIBRATION)
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions; any of them is a broken folder
            raise Misconfigured(f"model.path: {path} does not load: {error}") from error
        self._threads = threads
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, Judgement] = OrderedDict()

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order; equal texts are judged once."""
        normal = [normalise(text) for text in texts]
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in normal]
        with self._lock:
            known = {key: self._seen[key] for key in keys if key in self._seen}
        new = {key: text for key, text in zip(keys, normal, strict=True) if key not in known}
        if new:
            known |= dict(zip(new, self._judge(list(new.values())), strict=True))
        with self._lock:
            for key in dict.fromkeys(keys):
                self._seen[key] = known[key]
                self._seen.move_to_end(key)
            while len(self._seen) > _CACHED:
                self._seen.popitem(last=False)
        return [known[key] for key in keys]

    def _judge(self, texts: Sequence[str]) -> list[Judgement]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        if self._threads == 1 or len(texts) == 1:
            return [self._one(encoding.ids) for encoding in encodings]
        with ThreadPoolExecutor(self._threads) as pool:  # a run releases the interpreter's lock
            return list(pool.map(lambda encoding: self._one(encoding.ids), encodings))

    def _one(self, ids: Sequence[int]) -> Judgement:
        if not ids:
            return silence(self.revision)
        cuts = range(0, max(1, len(ids)), PIECE_TOKENS)
        pieces = [[_BEGIN, *ids[at : at + PIECE_TOKENS], _END] for at in cuts]
        runs = [self._session.run(list(HEADS), {"ids": np.array([piece], np.int64)}) for piece in pieces]
        probs = {
            head: self._calibration.probabilities(head, np.concatenate([run[at] for run in runs]).astype(float))
            for at, head in enumerate(HEADS)
        }
        lengths = np.array([len(piece) for piece in pieces], float)
        return self._calibration.judgement(combine(probs, lengths), self.revision)


def silence(revision: str) -> Judgement:
    """What a post without words says, a bare repost for one: nothing. No network was ever taught that."""
    return Judgement(
        sentiment=Sentiment.NEUTRAL,
        sentiment_probs=(0.0, 1.0, 0.0),
        risks=(),
        risk_probs=(0.0,) * len(Risk),
        stage=Stage.NONE,
        stage_probs=tuple(float(stage is Stage.NONE) for stage in Stage),
        self_harm=SelfHarm.NONE,
        self_harm_probs=(1.0, 0.0, 0.0),
        uncertain=False,
        revision=revision,
    )


def combine(probs: dict[str, Array], lengths: Array) -> dict[str, Array]:
    """Probabilities of a post's pieces, (pieces, classes) by head, to the post's, (classes,) by head."""
    share = lengths / lengths.sum()
    harm = probs["self_harm"]
    some, crisis = float((1 - harm[:, 0]).max()), float(harm[:, 2].max())
    return {
        "sentiment": share @ probs["sentiment"],
        "stage": share @ probs["stage"],
        "risks": probs["risks"].max(0),
        "self_harm": np.array([1 - some, max(some - crisis, 0.0), crisis]),
    }


def _verified(path: Path) -> str:
    """The revision of a folder whose files are the ones that SUMS lists."""
    sums = path / SUMS
    if not sums.is_file():
        raise Misconfigured(f"model.path: {sums} is missing; it lists the checksums of a weights folder")
    listed = sums.read_bytes()
    expected = {name: digest for digest, name in (line.split("  ", 1) for line in listed.decode().splitlines())}
    for name in (MODEL, TOKENIZER, CALIBRATION):
        file = path / name
        if not file.is_file():
            raise Misconfigured(f"model.path: {file} is missing")
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != expected.get(name):
            raise Misconfigured(
                f"model.path: {file} is truncated or was changed: its checksum is not the one in {SUMS}"
            )
    return f"student-{hashlib.sha256(listed).hexdigest()[:8]}"
