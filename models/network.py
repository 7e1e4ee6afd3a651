"""Networks as classifiers: long posts in pieces, equal texts once, threads, and probabilities to a judgement.

Owns everything between texts and a judgement that does not depend on what runs the network. Does not own any runtime:
`classifier` brings onnxruntime, `checkpoint` torch. Every run of a network takes one piece of one text, so that a text
is judged the same whatever is beside it.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from tokenizers import Tokenizer

from models.calibrate import Array, Calibration
from models.specials import specials
from models.text import normalise
from stream.records import Judgement

HEADS = ("sentiment", "risks", "stage", "self_harm")
READING = 2
"""Raised whenever the same weights would say something else because posts are cut or heard in another way: judgements
before and after are then of two revisions."""
PIECE_TOKENS = 254
"""Longest run of a text, begin and end not counted. Training saw half of it, and yet sentiment, stage and risks of held
posts longer than that are judged better in one run than in two: a post may say at its end what it thinks of its
beginning."""
CRY_TOKENS = 32
"""Longest run of sentences that is heard for self-harm by itself: one cry is a small share of a post on much else."""
_SEVERAL = 96
"""Tokens beyond which a post is heard so too; what is shorter says less that could drown a cry."""
_ENDS = tuple("。！？!?；;…")
_CACHED = 20_000

Run = Callable[[list[int]], Mapping[str, Array]]
"""Ids of one piece, begin and end included, to (1, classes) logits by head."""


class NetworkClassifier:
    """The Classifier port over anything that turns ids into logits.

    A long post is judged in pieces of PIECE_TOKENS: sentiment and stage are the mean by length, a risk is the highest
    of any piece (a complaint in one paragraph is a complaint), and self-harm is what the worst piece says, or the worst
    of its parts.
    """

    def __init__(
        self, run: Run, tokenizer: Tokenizer, calibration: Calibration, *, revision: str, threads: int = 1
    ) -> None:
        """`revision` names the network; `run` may be called from `threads` threads at once."""
        self.revision = f"{revision}-{READING}"
        self._run = run
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special = specials(tokenizer)
        self._ends = sentence_ends(tokenizer)
        self._calibration = calibration
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
            return Judgement.silent(self.revision)  # no network was ever taught what silence means
        pieces, aside = runs_of(ids, self._ends)
        runs = [self._run(self._special.wrapped(run)) for run in (*pieces, *aside)]
        probs = {
            head: self._calibration.probabilities(head, np.concatenate([run[head] for run in runs]).astype(float))
            for head in HEADS
        }
        lengths = np.array([len(piece) for piece in pieces], float)
        return self._calibration.judgement(combine(probs, lengths, self._calibration), self.revision)


def sentence_ends(tokenizer: Tokenizer) -> frozenset[int]:
    """The ids of pieces that end a sentence."""
    return frozenset(at for piece, at in tokenizer.get_vocab().items() if piece.endswith(_ENDS))


def runs_of(ids: Sequence[int], ends: frozenset[int]) -> tuple[list[list[int]], list[list[int]]]:
    """What of a text is read: its pieces, and beside them the parts that are heard for self-harm alone."""
    return cut(ids, PIECE_TOKENS), parts(ids, ends)


def parts(ids: Sequence[int], ends: frozenset[int]) -> list[list[int]]:
    """What of a long text is heard for self-harm beside its pieces: whole sentences as long as they fit together."""
    made: list[list[int]] = []
    if len(ids) <= _SEVERAL:
        return made
    after = [0, *(at + 1 for at, each in enumerate(ids[:-1]) if each in ends), len(ids)]
    for start, end in pairwise(after):
        for run in cut(ids[start:end], CRY_TOKENS):
            if made and len(made[-1]) + len(run) <= CRY_TOKENS:
                made[-1] += run
            else:
                made.append(run)
    return made


def cut(ids: Sequence[int], longest: int) -> list[list[int]]:
    """A text's ids in as few pieces of at most `longest` as there can be, alike in length to one.

    A last piece of one or two tokens would be unlike anything trained on, and a risk is the highest of any piece.
    """
    number = -(-len(ids) // longest)
    at = [len(ids) * each // number for each in range(number + 1)]
    return [list(ids[start:end]) for start, end in pairwise(at)]


def combine(probs: dict[str, Array], lengths: Array, calibration: Calibration) -> dict[str, Array]:
    """Probabilities of a post's pieces, (pieces, classes) by head, to the post's, (classes,) by head.

    Behind the pieces, of these `lengths`, may come those of parts that are heard for self-harm alone.
    """
    whole, share = len(lengths), lengths / lengths.sum()
    return {
        "sentiment": share @ probs["sentiment"][:whole],
        "stage": share @ probs["stage"][:whole],
        "risks": probs["risks"][:whole].max(0),
        "self_harm": calibration.worst(probs["self_harm"]),
    }
