"""Scores: labels and probabilities against the truth, with bootstrap intervals.

Owns the arithmetic only; `evaluate` says which posts and which heads. Labels are multi-hot boolean arrays (n, classes)
everywhere, so that a choice and a multi-label head are scored by the same functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Array = NDArray[np.float64]
_ROUNDS = 500
_BINS = 10


@dataclass(frozen=True, slots=True)
class Value:
    """A score with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class PerClass:
    """Precision, recall and F1 of one class, and how many posts truly have it."""

    name: str
    precision: Value
    recall: Value
    f1: Value
    support: int


Metric = Callable[[Flags, Flags], float]
"""(n, classes) truth and said → one number."""


def counts(truth: Flags, said: Flags) -> tuple[Array, Array, Array]:
    """True positives, false positives and false negatives by class."""
    hits = (truth & said).sum(0).astype(float)
    return hits, said.sum(0) - hits, truth.sum(0) - hits


def precision(truth: Flags, said: Flags) -> float:
    """Of all that was said, the share that is true; 0 when nothing was said."""
    hits, false, _ = (part.sum() for part in counts(truth, said))
    return float(hits / (hits + false)) if hits + false else 0.0


def recall(truth: Flags, said: Flags) -> float:
    """Of all that is true, the share that was said; 0 when nothing is true."""
    hits, _, missed = (part.sum() for part in counts(truth, said))
    return float(hits / (hits + missed)) if hits + missed else 0.0


def micro_f1(truth: Flags, said: Flags) -> float:
    """F1 over all classes together."""
    hits, false, missed = (part.sum() for part in counts(truth, said))
    return float(2 * hits / (2 * hits + false + missed)) if hits + false + missed else 0.0


def macro_f1(truth: Flags, said: Flags) -> float:
    """Mean of the classes' F1, those that neither occur nor are said left out."""
    hits, false, missed = counts(truth, said)
    whole = 2 * hits + false + missed
    return float((2 * hits[whole > 0] / whole[whole > 0]).mean()) if (whole > 0).any() else 0.0


def accuracy(truth: Flags, said: Flags) -> float:
    """Share of the posts on which every class agrees."""
    return float((truth == said).all(1).mean())


def measured(metric: Metric, truth: Flags, said: Flags, seed: int = 7) -> Value:
    """The metric with its interval over posts drawn again with replacement."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(truth), (_ROUNDS, len(truth)))
    rounds = [metric(truth[draw], said[draw]) for draw in draws]
    low, high = np.quantile(rounds, [0.025, 0.975])
    return Value(metric(truth, said), float(low), float(high))


def per_class(names: Sequence[str], truth: Flags, said: Flags) -> list[PerClass]:
    """Each class by itself."""
    made = []
    for at, name in enumerate(names):
        pair = truth[:, at : at + 1], said[:, at : at + 1]
        one = measured(precision, *pair), measured(recall, *pair), measured(micro_f1, *pair)
        made.append(PerClass(name, *one, int(pair[0].sum())))
    return made


def calibration_error(truth: Flags, probs: Array) -> float:
    """ECE in ten bins of equal width. A choice counts its likeliest class; kinds are averaged."""
    if np.allclose(probs.sum(1), 1):
        top = probs.argmax(1)
        return _gap(truth[np.arange(len(top)), top], probs.max(1))
    return float(np.mean([_gap(truth[:, k], probs[:, k]) for k in range(probs.shape[1])]))


def _gap(truth: Flags, probs: Array) -> float:
    bins = reliability(truth, probs)
    return sum(weight * abs(said - seen) for said, seen, weight in bins)


def reliability(truth: Flags, probs: Array) -> list[tuple[float, float, float]]:
    """(mean probability said, share seen, share of the posts) of each bin that is not empty."""
    places = np.minimum((probs * _BINS).astype(int), _BINS - 1)
    return [
        (float(probs[inside].mean()), float(truth[inside].mean()), float(inside.mean()))
        for inside in (places == k for k in range(_BINS))
        if inside.any()
    ]


def brier(truth: Flags, probs: Array) -> float:
    """Mean squared error: summed over the classes of a choice, averaged over independent kinds."""
    squares = (probs - truth) ** 2
    return float(squares.sum(1).mean() if np.allclose(probs.sum(1), 1) else squares.mean())


def load_at_recall(truth: Flags, probs: Array, wanted: float) -> tuple[float, float]:
    """(threshold, share of all posts a reviewer then reads) for at least this recall of one class; (n,) each."""
    of_true = np.sort(probs[truth])[::-1]
    threshold = float(of_true[max(0, int(np.ceil(wanted * len(of_true))) - 1)])
    return threshold, float((probs >= threshold).mean())
