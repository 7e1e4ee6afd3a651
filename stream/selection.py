"""A PostQuery as SQL over the tables of the SQLite store.

Owns the conditions: which words, which times, which kinds. Does not own the tables, nor what is asked of the posts
selected; `store_sqlite` puts these pieces into its statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from stream.database import to_micros
from stream.fulltext import And, Expression, Not, Or, Phrase, parse
from stream.query import PostQuery

SPAN = 600_000_000
"""Microseconds whose posts share the upper bits of their row number."""
ROOM = 1 << 22
"""Row numbers in one span."""


def first_row(published: int) -> int:
    """The lowest row number of a post published then, or in the same span."""
    return published // SPAN * ROOM


@lru_cache(1 << 14)  # most fields have few values
def mark(field: str, value: str) -> str:
    """The token by which the full-text index finds a post by a field's value; the colon keeps it apart from words."""
    return f"{field}:{blake2b(value.encode(errors='surrogatepass'), digest_size=8).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The parts of a statement that select posts `p` and, where `worded`, their entries in the index `words`."""

    source: str
    """What follows FROM."""
    where: str
    values: tuple[object, ...]
    worded: bool
    """The full-text index leads: posts come in order of their row numbers."""
    bare: bool
    """The full-text index answers alone; no post needs to be looked at."""


def select(query: PostQuery) -> Selection:
    """The selection of a query, with the full-text index for everything but times.

    Raises:
        ValueError: the words cannot be understood; the message is fit for a user.
    """
    parts = [
        _any([Phrase((mark(field, value),)) for value in values])
        for field, values in (
            ("platform", query.platforms),
            ("source", query.sources),
            ("subject", query.subjects),
            ("sentiment", query.sentiments),
            ("risk", query.risks),
            ("stage", query.stages),
            ("self_harm", query.self_harm),
            ("author", (query.author,) if query.author else ()),
            ("fingerprint", (query.fingerprint,) if query.fingerprint else ()),
        )
        if values
    ]
    if query.text.strip():
        parts.append(parse(query.text))
    times, values = _times(query)
    if not parts:
        return Selection(
            "posts p NOT INDEXED", f"{_rows(query, 'p.row')} AND {times}", values, worded=False, bare=False
        )
    words, negated = _match(And(tuple(parts)))
    if negated:
        where = f"{_rows(query, 'p.row')} AND {times} AND p.row NOT IN (SELECT rowid FROM words WHERE words MATCH ?)"  # noqa: S608
        return Selection("posts p NOT INDEXED", where, (*values, words), worded=False, bare=False)
    where = f"words MATCH ? AND {_rows(query, 'words.rowid')} AND p.row = words.rowid AND {times}"
    return Selection("words CROSS JOIN posts p", where, (words, *values), worded=True, bare=not values)


def select_kinds(query: PostQuery) -> Selection:
    """The same posts for counting all of them: without words or names, the index of times and kinds is all it takes.

    Raises:
        ValueError: as in `select`.
    """
    if query.text.strip() or query.author or query.fingerprint:
        return select(query)
    where, values = _times(query)
    kinds, of_kinds = _kinds(query)
    if kinds:
        where += f" AND p.kind IN (SELECT id FROM kinds WHERE {kinds})"  # noqa: S608 — our own words
    return Selection("posts p INDEXED BY posts_by_time", where, (*values, *of_kinds), worded=False, bare=False)


def _times(query: PostQuery) -> tuple[str, tuple[int, ...]]:
    where = ["TRUE"]
    values: list[int] = []
    if query.since is not None:
        where.append("p.published >= ?")
        values.append(to_micros(query.since))
    if query.until is not None:
        where.append("p.published < ?")
        values.append(to_micros(query.until))
    return " AND ".join(where), tuple(values)


def _rows(query: PostQuery, row: str) -> str:
    """The row numbers that posts of the query's times have; a little more than needed at both ends."""
    where = ["TRUE"]
    if query.since is not None:
        where.append(f"{row} >= {first_row(to_micros(query.since))}")
    if query.until is not None:
        where.append(f"{row} < {first_row(to_micros(query.until)) + ROOM}")
    return " AND ".join(where)


def _kinds(query: PostQuery) -> tuple[str, list[str]]:
    """The condition on `kinds`, empty when every kind will do."""
    where: list[str] = []
    values: list[str] = []
    for column, wanted in (
        ("platform", query.platforms),
        ("source", query.sources),
        ("sentiment", query.sentiments),
        ("stage", query.stages),
        ("self_harm", query.self_harm),
    ):
        if wanted:
            where.append(f"{column} IN ({_places(wanted)})")
            values += wanted
    for column, wanted in (("subject", query.subjects), ("risk", query.risks)):
        if wanted:
            where.append(f"id IN (SELECT kind FROM kind_{column}s WHERE {column} IN ({_places(wanted)}))")  # noqa: S608 — our own words
            values += wanted
    return " AND ".join(where), values


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _any(parts: list[Phrase]) -> Expression:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _match(expression: Expression) -> tuple[str, bool]:
    """The FTS5 query of an expression, and whether what it matches is to be left out instead of taken.

    FTS5 knows no bare NOT, so a complement is carried upwards (De Morgan) until a positive part can hold it.
    """
    if isinstance(expression, Phrase):
        # tokens are letters and digits, marks have a colon, so there is nothing to escape
        return '"' + " ".join(expression.tokens) + '"', False
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
