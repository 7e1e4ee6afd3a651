"""Guard: a model with the lexicon beside it.

Owns how the two are weighed: risks by the mean of their log-odds, which was better on held posts than either alone;
and for the labels where missing one costs most, whatever the other says, a label of one of them stands. Knows neither
of them beyond the Classifier port.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.calibrate import thresholds
from stream.labels import Risk, SelfHarm
from stream.ports import Classifier
from stream.records import Judgement

_GUARDED = (Risk.SAFETY, Risk.ESCALATION)
_LEVELS = tuple(SelfHarm)
MODEL_SHARE = 0.75
"""Of the log-odds of a risk; chosen on the posts that calibrate (0.7 and 0.8 did alike), never on a test set."""
_LEAST = 1e-4


class Guard:
    """A Classifier of two: sentiment and stage are the model's, risks both theirs, self-harm the higher level."""

    def __init__(self, model: Classifier, lexicon: Classifier, *, share: float = MODEL_SHARE) -> None:
        self._model = model
        self._lexicon = lexicon
        self._share = share
        self._thresholds: Mapping[str, float] = thresholds()
        self.revision = f"{model.revision}+{lexicon.revision}"

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order."""
        pairs = zip(self._model.classify(texts), self._lexicon.classify(texts), strict=True)
        return [self._both(model, lexicon) for model, lexicon in pairs]

    def _both(self, model: Judgement, lexicon: Judgement) -> Judgement:
        """A guarded label that only the lexicon sees is kept and makes the judgement uncertain."""
        probs, said = [], []
        for risk, of_model, of_lexicon in zip(Risk, model.risk_probs, lexicon.risk_probs, strict=True):
            prob = _mean(of_model, of_lexicon, self._share)
            alone = risk in _GUARDED and (risk in model.risks or risk in lexicon.risks)
            if alone:
                prob = max(of_model, of_lexicon)
            probs.append(prob)
            if alone or prob >= self._thresholds[risk]:
                said.append(risk)
        harm = max(model, lexicon, key=lambda judgement: _LEVELS.index(judgement.self_harm))
        lone = any(risk not in model.risks for risk in said if risk in _GUARDED)
        return replace(
            model,
            risks=tuple(said),
            risk_probs=tuple(probs),
            self_harm=harm.self_harm,
            self_harm_probs=harm.self_harm_probs,
            uncertain=model.uncertain or lone or harm.self_harm is not model.self_harm,
            revision=self.revision,
        )


def _mean(one: float, other: float, share: float) -> float:
    """The probability whose log-odds are the weighed mean of theirs."""
    odds = share * _log_odds(one) + (1 - share) * _log_odds(other)
    return 1 / (1 + math.exp(-odds))


def _log_odds(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return math.log(p / (1 - p))
