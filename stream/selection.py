"""A PostQuery as SQL over `store_sqlite`'s tables.

Owns the conditions: which kinds, which times, which words. Does not own the schema, nor what is asked of the posts
selected; `store_sqlite` puts these pieces into its statements.
"""

from dataclasses import dataclass

from stream.database import to_micros
from stream.fulltext import And, Expression, Not, Phrase, parse
from stream.query import PostQuery

SPAN = 600_000_000
"""Microseconds whose posts share the upper bits of their row number."""
ROOM = 1 << 22
"""Row numbers in one span."""


def first_row(published: int) -> int:
    """The lowest row number of a post published then, or in the same span."""
    return published // SPAN * ROOM


@dataclass(frozen=True, slots=True)
class Selection:
    """The parts of a statement that select posts `p` and, where `worded`, their entry in the index `words`."""

    source: str
    """What follows FROM; for posts alone, a hint for an index may follow it."""
    where: str
    values: tuple[object, ...]
    worded: bool
    """Words lead: candidates come from the full-text index, in order of row number."""
    bare: bool
    """Nothing but words: the full-text index answers alone."""
    narrow: bool
    """An author or a story is named: few posts, found by their own index."""
    kinds: bool
    """Only some kinds are wanted."""


def select(query: PostQuery) -> Selection:
    """The selection of a query.

    Raises:
        ValueError: the words cannot be understood; the message is fit for a user.
    """
    where: list[str] = []
    values: list[object] = []
    worded = False
    if query.text.strip():
        words, negated = _match(parse(query.text))
        worded = not negated
        where.append("p.row NOT IN (SELECT rowid FROM words WHERE words MATCH ?)" if negated else "words MATCH ?")
        values.append(words)
    lead = "words.rowid" if worded else "p.row"
    if query.since is not None:
        since = to_micros(query.since)
        where += [f"{lead} >= ?", "p.published >= ?"]
        values += [first_row(since), since]
    if query.until is not None:
        until = to_micros(query.until)
        where += [f"{lead} < ?", "p.published < ?"]
        values += [first_row(until) + ROOM, until]
    for column, value in (("author", query.author), ("fingerprint", query.fingerprint)):
        if value:
            where.append(f"p.{column} = ? AND p.{column} <> ''")  # the second half lets the partial index be used
            values.append(value)
    kinds, of_kinds = _kinds(query)
    if kinds:
        where.append(f"p.kind IN (SELECT id FROM kinds WHERE {kinds})")  # noqa: S608 — our own words
        values += of_kinds
    return Selection(
        source="words CROSS JOIN posts p" if worded else "posts p",
        where=" AND ".join(where + ["p.row = words.rowid"] * worded) or "TRUE",
        values=tuple(values),
        worded=worded,
        narrow=bool(query.author or query.fingerprint),
        bare=worded and len(where) == 1,
        kinds=bool(kinds),
    )


def _kinds(query: PostQuery) -> tuple[str, list[object]]:
    """The condition on `kinds`, empty when every kind will do."""
    where: list[str] = []
    values: list[object] = []
    for column, wanted in (
        ("platform", query.platforms),
        ("source", query.sources),
        ("sentiment", query.sentiments),
        ("stage", query.stages),
        ("self_harm", query.self_harm),
    ):
        if wanted:
            where.append(f"{column} IN ({_marks(wanted)})")
            values += wanted
    for column, wanted in (("subject", query.subjects), ("risk", query.risks)):
        if wanted:
            where.append(f"id IN (SELECT kind FROM kind_{column}s WHERE {column} IN ({_marks(wanted)}))")  # noqa: S608 — our own words
            values += wanted
    return " AND ".join(where), values


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def _match(expression: Expression) -> tuple[str, bool]:
    """The FTS5 query of an expression, and whether what it matches is to be left out instead of taken.

    FTS5 knows no bare NOT, so a complement is carried upwards (De Morgan) until a positive part can hold it.
    """
    if isinstance(expression, Phrase):
        # tokens are letters and digits only, so there is nothing to escape
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
