"""Guard: a model with the lexicon beside it.

Owns which of the two is believed: the model, except for the labels where missing one costs most. Of those the higher
stands, whichever of the two says it; so does the higher of two readings of a text whose mentions swallowed words.
Elsewhere words added nothing: on posts that neither had learned from, a mean of their log-odds was no better than the
model alone. Knows neither of them beyond the Classifier port.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from models.text import names_apart
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
        return heard(self._both, texts)

    def _both(self, texts: Sequence[str]) -> list[Judgement]:
        pairs = zip(self._model.classify(texts), self._lexicon.classify(texts), strict=True)
        return [replace(_higher(model, lexicon), revision=self.revision) for model, lexicon in pairs]


def heard(read: Callable[[Sequence[str]], list[Judgement]], texts: Sequence[str]) -> list[Judgement]:
    """One judgement a text, same length and order; a text whose mentions swallowed words is read with them as well.

    Its guarded labels are the higher of both readings. Other texts are read once.
    """
    apart = {place: words for place, text in enumerate(texts) if (words := names_apart(text)) != text}
    said = list(read([*texts, *apart.values()]))
    for place, again in zip(apart, said[len(texts) :], strict=True):
        said[place] = _higher(said[place], again)
    return said[: len(texts)]


def _higher(said: Judgement, other: Judgement) -> Judgement:
    """What is said, with the guarded labels of the other where it sees more, which makes the judgement uncertain."""
    risks = tuple(risk for risk in Risk if risk in said.risks or (risk in _GUARDED and risk in other.risks))
    higher = set(_GUARDED).intersection(risks)
    pairs = zip(Risk, said.risk_probs, other.risk_probs, strict=True)
    harm = max(said, other, key=lambda judgement: _LEVELS.index(judgement.self_harm))
    return replace(
        said,
        risks=risks,
        risk_probs=tuple(max(ours, theirs) if risk in higher else ours for risk, ours, theirs in pairs),
        self_harm=harm.self_harm,
        self_harm_probs=harm.self_harm_probs,
        uncertain=said.uncertain or risks != said.risks or harm.self_harm is not said.self_harm,
    )
