"""Guard: a model with the lexicon beside it.

Owns which of the two is believed: the model, except for the labels where missing one costs most. Of those the higher
stands, whichever of the two says it. Elsewhere words added nothing: on posts that neither had learned from, a mean of
their log-odds was no better than the model alone. Knows neither of them beyond the Classifier port.
"""

from collections.abc import Sequence
from dataclasses import replace

from stream.labels import Risk, SelfHarm
from stream.ports import Classifier
from stream.records import Judgement

_GUARDED = (Risk.SAFETY, Risk.ESCALATION)
_LEVELS = tuple(SelfHarm)


class Guard:
    """A Classifier of two: all is the model's, but safety, escalation and self-harm are the higher of both."""

    def __init__(self, model: Classifier, lexicon: Classifier) -> None:
        self._model = model
        self._lexicon = lexicon
        self.revision = f"{model.revision}+{lexicon.revision}"

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order."""
        pairs = zip(self._model.classify(texts), self._lexicon.classify(texts), strict=True)
        return [self._both(model, lexicon) for model, lexicon in pairs]

    def _both(self, model: Judgement, lexicon: Judgement) -> Judgement:
        """A guarded label that only the lexicon sees is kept and makes the judgement uncertain."""
        said = [risk for risk in Risk if risk in model.risks or (risk in _GUARDED and risk in lexicon.risks)]
        higher = set(_GUARDED).intersection(said)
        pairs = zip(Risk, model.risk_probs, lexicon.risk_probs, strict=True)
        harm = max(model, lexicon, key=lambda judgement: _LEVELS.index(judgement.self_harm))
        return replace(
            model,
            risks=tuple(said),
            risk_probs=tuple(max(ours, words) if risk in higher else ours for risk, ours, words in pairs),
            self_harm=harm.self_harm,
            self_harm_probs=harm.self_harm_probs,
            uncertain=model.uncertain or tuple(said) != model.risks or harm.self_harm is not model.self_harm,
            revision=self.revision,
        )
