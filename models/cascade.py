"""Cascade: a fast classifier first, a slower and better one for what the first is unsure of.

Owns which posts are asked about twice. Knows neither of them beyond the Classifier port.
"""

from collections.abc import Sequence
from dataclasses import replace

from stream.ports import Classifier
from stream.records import Judgement


class Cascade:
    """A Classifier of two: the first's judgement, or the second's where the first says that it is uncertain."""

    def __init__(self, first: Classifier, second: Classifier) -> None:
        self._first = first
        self._second = second
        self.revision = f"{first.revision}>{second.revision}"

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order."""
        said = self._first.classify(texts)
        doubtful = [text for text, judgement in zip(texts, said, strict=True) if judgement.uncertain]
        again = iter(self._second.classify(doubtful))
        return [replace(next(again) if one.uncertain else one, revision=self.revision) for one in said]
