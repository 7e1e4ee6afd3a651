"""Calibration: logits to probabilities that mean what they say, and probabilities to labels by stated cost.

Owns the scaling, the thresholds and the file they are kept in. Does not own where the logits come from. Numpy only,
because serving reads it. The choice heads have one temperature each, stage and self-harm also a bias a class; each risk
has a slope and an intercept (Platt).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.records import Judgement

Array = NDArray[np.float64]

MISS_COST: Mapping[str, float] = {risk.value: 2.0 for risk in Risk} | {
    "safety": 3.0,
    "escalation": 3.0,
    "self_harm": 9.0,
}
"""How many false alarms one missed post is worth. With calibrated probabilities the threshold is 1 / (1 + cost)."""
CRISIS_SHARE = 0.4
"""A post past the self-harm threshold is a crisis from this share of crisis in it: in doubt the higher level."""
BAND = 0.4
"""Half width, in log-odds, of the uncertain band around a threshold."""
MARGIN = 0.15
"""The sentiment is uncertain when the two likeliest are closer than this."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scales and biases by head; slopes are per class for the risks and one value for the others."""

    slope: Mapping[str, tuple[float, ...]]
    bias: Mapping[str, tuple[float, ...]]
    thresholds: Mapping[str, float]
    """By risk, and `self_harm` for concern and crisis together."""
    crisis_share: float = CRISIS_SHARE
    band: float = BAND
    margin: float = MARGIN

    def probabilities(self, head: str, logits: Array) -> Array:
        """(n, classes) logits to calibrated probabilities."""
        scaled = logits * np.array(self.slope[head]) + np.array(self.bias[head])
        return sigmoid(scaled) if head == "risks" else softmax(scaled)

    def judgement(self, probs: Mapping[str, Array], revision: str) -> Judgement:
        """One post's probabilities by head to what is said of it."""
        sentiment, stage, harm = probs["sentiment"], probs["stage"], probs["self_harm"]
        risks = {risk: float(p) for risk, p in zip(Risk, probs["risks"], strict=True)}
        return Judgement(
            sentiment=list(Sentiment)[int(sentiment.argmax())],
            sentiment_probs=(float(sentiment[0]), float(sentiment[1]), float(sentiment[2])),
            risks=tuple(risk for risk, p in risks.items() if p >= self.thresholds[risk]),
            risk_probs=tuple(risks.values()),
            stage=list(Stage)[int(stage.argmax())],
            stage_probs=tuple(map(float, stage)),
            self_harm=self.level(harm),
            self_harm_probs=(float(harm[0]), float(harm[1]), float(harm[2])),
            uncertain=self._uncertain(sentiment, risks, harm),
            revision=revision,
        )

    def level(self, harm: Array) -> SelfHarm:
        """The self-harm level of the probabilities of none, concern and crisis."""
        some = float(harm[1] + harm[2])
        if some < self.thresholds["self_harm"]:
            return SelfHarm.NONE
        return SelfHarm.CRISIS if harm[2] >= self.crisis_share * some else SelfHarm.CONCERN

    def worst(self, harm: Array) -> Array:
        """Of a post's pieces, (pieces, 3), the one of the highest level; of several the one with most danger in it."""
        order = tuple(SelfHarm)
        return max(harm, key=lambda piece: (order.index(self.level(piece)), 1.0 - piece[0]))

    def _uncertain(self, sentiment: Array, risks: Mapping[Risk, float], harm: Array) -> bool:
        first, second = sorted(map(float, sentiment), reverse=True)[:2]
        near = [(p, self.thresholds[risk]) for risk, p in risks.items()]
        near.append((float(harm[1] + harm[2]), self.thresholds["self_harm"]))
        return first - second < self.margin or any(abs(_logit(p) - _logit(t)) < self.band for p, t in near)

    def write(self, path: Path) -> None:
        """Write the values as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Calibration":
        """The values that `write` wrote.

        Raises:
            ValueError, TypeError: the file holds something else.
        """
        values = json.loads(path.read_text(encoding="utf-8"))
        for side in ("slope", "bias"):
            values[side] = {head: tuple(numbers) for head, numbers in values[side].items()}
        return cls(**values)


def thresholds() -> dict[str, float]:
    """The threshold of each risk and of self-harm that its cost asks for."""
    return {name: 1 / (1 + cost) for name, cost in MISS_COST.items()}


def softmax(logits: Array) -> Array:
    """Along the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """Element by element, safe for large values."""
    return 0.5 * (1 + np.tanh(0.5 * logits))


def _logit(p: float) -> float:
    p = min(max(p, 1e-9), 1 - 1e-9)
    return float(np.log(p / (1 - p)))


def fit_choice(
    logits: Array, truth: Sequence[int], *, biased: bool = True, prior: float = 2.0
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Temperature (as a slope) and biases that make the truth likeliest, kept near (1, 0) by `prior` posts' worth.

    Where the classes' shares are those of these rows alone, `biased` is false: biases would carry them elsewhere.
    """
    x, y = np.asarray(logits, float), np.eye(logits.shape[1])[list(truth)]
    slope, bias = 1.0, np.zeros(x.shape[1])
    for _ in range(4000):
        error = (softmax(slope * x + bias) - y) / len(x)
        slope -= 0.05 * (float((error * x).sum()) + prior * (slope - 1) / len(x))
        if biased:
            bias -= 0.5 * (error.sum(0) + prior * bias / len(x))
    return (float(slope),), tuple(map(float, bias - bias.mean()))


def fit_risks(logits: Array, truth: Array, *, prior: float = 2.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Slope and intercept a kind, kept near (1, 0) by `prior` posts' worth."""
    x, y = np.asarray(logits, float), np.asarray(truth, float)
    slope, bias = np.ones(x.shape[1]), np.zeros(x.shape[1])
    for _ in range(6000):
        error = (sigmoid(x * slope + bias) - y) / len(x)
        slope -= 0.1 * ((error * x).sum(0) + prior * (slope - 1) / len(x))
        bias -= 0.5 * (error.sum(0) + prior * bias / len(x))
    return tuple(map(float, slope)), tuple(map(float, bias))
