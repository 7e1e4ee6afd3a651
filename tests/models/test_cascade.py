"""The cascade asks the slow judge only where the fast one doubts."""

from collections.abc import Sequence
from dataclasses import replace

from models.cascade import Cascade
from models.network import silence
from stream.records import Judgement, Sentiment


class Reader:
    """A classifier with one opinion, unsure of texts with a question mark, that remembers what it was asked."""

    def __init__(self, revision: str, sentiment: Sentiment) -> None:
        self.revision = revision
        self.asked: list[str] = []
        self._said = replace(silence(revision), sentiment=sentiment)

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """The opinion, once a text."""
        self.asked += texts
        return [replace(self._said, uncertain="?" in text) for text in texts]


def test_only_the_doubtful_are_asked_about_again() -> None:
    """Each text keeps its place; the second judge's word stands where the first was unsure."""
    fast, slow = Reader("fast", Sentiment.POSITIVE), Reader("slow", Sentiment.NEGATIVE)
    cascade = Cascade(fast, slow)
    said = cascade.classify(["a", "b?", "c", "d?"])
    assert slow.asked == ["b?", "d?"]
    assert [one.sentiment.value for one in said] == ["positive", "negative", "positive", "negative"]
    assert {one.revision for one in said} == {"fast>slow"} == {cascade.revision}


def test_alone_or_among_others_is_the_same() -> None:
    """What is beside a text does not change what is said of it."""
    cascade = Cascade(Reader("fast", Sentiment.POSITIVE), Reader("slow", Sentiment.NEGATIVE))
    texts = ["a?", "b", "a?", ""]
    assert cascade.classify(texts) == [cascade.classify([text])[0] for text in texts]
