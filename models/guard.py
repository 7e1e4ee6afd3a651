"""Guard: a model with the lexicon behind it, for the labels where missing one costs most.

Owns which labels take the higher of the two. Knows neither of them beyond the Classifier port.
"""

from collections.abc import Sequence
from dataclasses import replace

from stream.ports import Classifier
from stream.records import Judgement, Risk, SelfHarm

_GUARDED = (Risk.SAFETY, Risk.ESCALATION)
_LEVELS = tuple(SelfHarm)


class Guard:
    """A Classifier of two: the model's judgement, except that safety, escalation and self-harm take the higher."""

    def __init__(self, model: Classifier, lexicon: Classifier) -> None:
        self._model = model
        self._lexicon = lexicon
        self.revision = f"{model.revision}+{lexicon.revision}"

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order."""
        pairs = zip(self._model.classify(texts), self._lexicon.classify(texts), strict=True)
        return [self._higher(model, lexicon) for model, lexicon in pairs]

    def _higher(self, model: Judgement, lexicon: Judgement) -> Judgement:
        """A label that only the lexicon sees is kept and makes the judgement uncertain."""
        risks = tuple(r for r in Risk if r in model.risks or (r in _GUARDED and r in lexicon.risks))
        harm = max(model, lexicon, key=lambda judgement: _LEVELS.index(judgement.self_harm))
        return replace(
            model,
            risks=risks,
            risk_probs=tuple(
                max(m, x) if r in _GUARDED else m
                for r, m, x in zip(Risk, model.risk_probs, lexicon.risk_probs, strict=True)
            ),
            self_harm=harm.self_harm,
            self_harm_probs=harm.self_harm_probs,
            uncertain=model.uncertain or risks != model.risks or harm.self_harm is not model.self_harm,
            revision=self.revision,
        )
