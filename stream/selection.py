"""A PostQuery as SQL over the tables of the SQLite store.

Owns the conditions: which words, which times. Does not own the tables, nor what is asked of the posts
selected (`store_sqlite`, `store_counts`).
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from stream.database import to_micros
from stream.fulltext import And, Expression, Not, Or, Phrase, parse
from stream.query import Facet, PostQuery

SPAN = 600_000_000
"""Microseconds whose posts share the upper bits of their row number."""
ROOM = 1 << 22
"""Row numbers in one span."""
_FARTHEST = SPAN << 29
"""Microseconds; no `datetime` is farther from 1970."""


def first_row(published: int) -> int:
    """The lowest row number of a post published then, or in the same span."""
    return published // SPAN * ROOM


@lru_cache(1 << 14)  # most fields have few values
def mark(field: str, value: str) -> str:
    """The token by which the full-text index finds a post by a field's value; the colon keeps it apart from words."""
    return f"{field}:{blake2b(value.encode(errors='surrogatepass'), digest_size=8).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The posts of a stretch of time that match an expression, or all of them."""

    expression: Expression | None
    since: int
    """Microseconds since 1970, the first that counts."""
    until: int
    """The first that no longer counts; not before `since`."""

    conditions: Sequence[tuple[Facet, tuple[str, ...]]] | None
    """What the expression says as well, in fields of few values; None when it says more than that."""

    def takes(self, fields: Container[tuple[str, str]]) -> bool:
        """Whether the conditions hold for a post of these fields."""
        return all(any((facet, value) in fields for value in values) for facet, values in self.conditions or ())

    def words(self) -> tuple[str, bool]:
        """The full-text query, empty when there is none, and whether what it matches is to be left out."""
        return ("", False) if self.expression is None else _match(self.expression)

    def rows(self) -> tuple[int, int]:
        """The row numbers that posts of this stretch of time have, as a half-open range; a few others too."""
        return first_row(self.since), first_row(self.until - 1) + ROOM

    def sql(self) -> tuple[str, str, str, tuple[object, ...]]:
        """What follows FROM, what follows WHERE, the name of the row number, and the values, for posts `p`."""
        words, negated = self.words()
        inside = "p.published >= ? AND p.published < ?"
        values: tuple[object, ...] = (*self.rows(), self.since, self.until)
        if words and not negated:
            where = f"words MATCH ? AND words.rowid >= ? AND words.rowid < ? AND p.row = words.rowid AND {inside}"
            return "words CROSS JOIN posts p", where, "words.rowid", (words, *values)
        where = f"p.row >= ? AND p.row < ? AND {inside}"
        if words:
            where += " AND p.row NOT IN (SELECT rowid FROM words WHERE words MATCH ?)"
            values += (words,)
        return "posts p NOT INDEXED", where, "p.row", values


def select(query: PostQuery) -> Selection:
    """The selection of a query; every condition but time becomes words of the full-text index.

    Raises:
        ValueError: the words cannot be understood; the message is fit for a user.
    """
    conditions = query.conditions()
    parts = [_any([Phrase((mark(field, value),)) for value in values]) for field, values in conditions]
    if query.text.strip():
        parts.append(parse(query.text))
    since = -_FARTHEST if query.since is None else to_micros(query.since)
    until = _FARTHEST if query.until is None else to_micros(query.until)
    return Selection(
        expression=And(tuple(parts)) if parts else None,
        since=since,
        until=max(since, until),
        conditions=None if query.text.strip() or query.author or query.fingerprint else conditions,
    )


def _any(parts: list[Phrase]) -> Expression:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _match(expression: Expression) -> tuple[str, bool]:
    """The FTS5 query of an expression, and whether what it matches is to be left out instead of taken.

    FTS5 knows no bare NOT, so a complement is carried upwards (De Morgan) until a positive part can hold it.
    """
    if isinstance(expression, Phrase):
        # tokens are letters and digits, marks have a colon, so there is nothing to escape
        phrase = '"' + " ".join(expression.tokens) + '"'
        return (phrase if ":" in phrase else f"{{text title quoted}} : {phrase}"), False
    if isinstance(expression, Not):
        words, negated = _match(expression.part)
        return words, not negated
    parts = [_match(part) for part in expression.parts]
    taken = [words for words, negated in parts if not negated]
    left_out = [words for words, negated in parts if negated]
    if isinstance(expression, And):
        if not taken:
            return _joined(left_out, "OR"), True
        return _without(_joined(taken, "AND"), left_out), False
    if not left_out:
        return _joined(taken, "OR"), False
    return _without(_joined(left_out, "AND"), taken), True


def _joined(parts: list[str], operator: str) -> str:
    return parts[0] if len(parts) == 1 else "(" + f" {operator} ".join(parts) + ")"


def _without(words: str, others: list[str]) -> str:
    return f"({words} NOT {_joined(others, 'OR')})" if others else words
