"""Where the words of a search stand in a post that was found; the same for every store.

Owns the places. Does not own what a query means or what a token is (`fulltext`), nor how places are shown.
"""

from collections.abc import Callable, Iterator, Sequence

from stream.fulltext import And, Expression, Not, Or, Phrase, parse, placed
from stream.query import Part, PostQuery, Span
from stream.records import Post


def highlighter(query: PostQuery) -> Callable[[Post], tuple[Span, ...]]:
    """What tells, for a post, where the words of the query stand.

    Every occurrence counts of every word or phrase that does not stand under a NOT, by the tokens that the search
    itself compares; places that touch are one.

    Raises:
        ValueError: the words cannot be understood; the message is fit for a user.
    """
    phrases = [phrase.tokens for phrase in _wanted(parse(query.text), wanted=True)] if query.text.strip() else []

    def places(post: Post) -> tuple[Span, ...]:
        return tuple(span for part in Part for span in _spans(part, getattr(post, part), phrases)) if phrases else ()

    return places


def _wanted(expression: Expression, *, wanted: bool) -> Iterator[Phrase]:
    if isinstance(expression, Phrase):
        if wanted:
            yield expression
    elif isinstance(expression, Not):
        yield from _wanted(expression.part, wanted=not wanted)
    else:
        assert isinstance(expression, And | Or)
        for part in expression.parts:
            yield from _wanted(part, wanted=wanted)


def _spans(part: Part, text: str, phrases: Sequence[tuple[str, ...]]) -> list[Span]:
    found = placed(text)
    words = tuple(token for token, _, _ in found)
    places = sorted(
        (found[at][1], found[at + len(phrase) - 1][2])
        for phrase in phrases
        for at in range(len(words) - len(phrase) + 1)
        if words[at] == phrase[0] and words[at : at + len(phrase)] == phrase
    )
    spans: list[Span] = []
    for start, end in places:
        if spans and start <= spans[-1].end:
            spans[-1] = Span(part, spans[-1].start, max(end, spans[-1].end))
        else:
            spans.append(Span(part, start, end))
    return spans
