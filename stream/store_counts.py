"""How many posts of the SQLite store match, in all, by facet and by interval.

Owns the counting. What a selection means as SQL belongs to `selection`, what a post is counted by to `store_kinds`.

The words of a question are looked up once, whatever is counted: the full-text index gives the row numbers that match,
and their kinds say under what each counts. A question without words is answered from the kinds alone. Posts themselves
are looked at only in the first and the last span of a stretch of time, of which row numbers say too little.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import msgspec

from stream import store_kinds
from stream.query import Facet
from stream.selection import ROOM, SPAN, Selection
from stream.store_kinds import DAY, NONE, Fields, Run

_AHEAD = 8 * 3_600_000_000
"""Microseconds by which days in Asia/Shanghai begin before those in UTC."""
_FOUND = """FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? AND (
    +rowid >= ? AND +rowid < ? OR rowid NOT IN (SELECT value FROM json_each(?)))"""


def count(connection: sqlite3.Connection, selection: Selection) -> int:
    """How many posts match, exactly."""
    words, negated = selection.words()
    if selection.conditions is not None or negated:
        return sum(posts for _, posts in _by_kind(connection, selection))
    return int(connection.execute(f"SELECT count(*) {_FOUND}", _found(connection, selection, words)).fetchone()[0])


def count_up_to(connection: sqlite3.Connection, selection: Selection, limit: int) -> int:
    """How many posts match, but no more than `limit`."""
    words, negated = selection.words()
    if words and not negated:
        sql, values = f"SELECT 1 {_FOUND}", _found(connection, selection, words)
    else:
        source, where, _, values = selection.sql()
        sql = f"SELECT 1 FROM {source} WHERE {where}"  # noqa: S608 — made of our own words
    return int(connection.execute(f"SELECT count(*) FROM ({sql} LIMIT ?)", (*values, limit)).fetchone()[0])  # noqa: S608


def by_facet(connection: sqlite3.Connection, selection: Selection, facet: Facet, limit: int) -> list[tuple[str, int]]:
    """Posts per value, by falling count and then value."""
    if facet in (Facet.AUTHOR, Facet.FINGERPRINT):  # nearly as many values as posts
        source, where, _, values = selection.sql()
        sql = f"""
            SELECT p.{facet}, count(*) AS n FROM {source} WHERE {where} AND p.{facet} <> ''
            GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?"""  # noqa: S608 — made of our own words
        return connection.execute(sql, (*values, limit)).fetchall()
    counted: Counter[str] = Counter()
    for fields, posts in _by_kind(connection, selection):
        for field, value in fields:
            if field == facet:
                counted[value] += posts
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:limit]


def by_interval(connection: sqlite3.Connection, selection: Selection, width: int) -> list[tuple[int, int]]:
    """Start of each interval that has posts, and how many; `width` is a whole number of spans, in microseconds."""
    ahead, rows = _AHEAD // SPAN * ROOM, width // SPAN * ROOM
    words, negated = selection.words()
    found: Counter[int] = Counter()
    if selection.conditions is None:
        found.update((row + ahead) // rows for row in _rows(connection, selection, words))
    if selection.conditions is not None or negated:
        parts = groupby(_runs(connection, selection), lambda run: (run[0] + ahead) // rows)
        every = {interval: _counted(runs) for interval, runs in parts}
        names = store_kinds.named(connection, set().union(*every.values()))
        wanted = {kind for kind, fields in names.items() if selection.takes(fields)}
        for interval, kinds in every.items():
            found[interval] = sum(posts for kind, posts in kinds.items() if kind in wanted) - found[interval]
    return sorted((interval * width - _AHEAD, posts) for interval, posts in found.items() if posts)


def _by_kind(connection: sqlite3.Connection, selection: Selection) -> list[tuple[Fields, int]]:
    """How many posts of each kind match."""
    words, negated = selection.words()
    kinds: Counter[int] = Counter()
    if selection.conditions is not None or negated:
        kinds = _all(connection, selection)
    if selection.conditions is None:
        found = store_kinds.of(connection, _rows(connection, selection, words))
        kinds.subtract(found) if negated else kinds.update(found)
    names = store_kinds.named(connection, kinds)
    return [(names[kind], posts) for kind, posts in kinds.items() if posts and selection.takes(names[kind])]


def _runs(connection: sqlite3.Connection, selection: Selection) -> list[Run]:
    """The kinds of all posts of the stretch of time."""
    return store_kinds.between(connection, *selection.rows(), _outside(connection, selection))


def _all(connection: sqlite3.Connection, selection: Selection) -> Counter[int]:
    """How many posts of the stretch of time are of each kind: by whole days, and at its ends by row numbers."""
    low, high = selection.rows()
    first, last = -(-(low + ROOM) // DAY), (high - ROOM) // DAY
    outside = _outside(connection, selection)
    if first >= last:
        return _counted(store_kinds.between(connection, low, high, outside))
    begun = store_kinds.between(connection, low, first * DAY, [row for row in outside if row < first * DAY])
    ended = store_kinds.between(connection, last * DAY, high, [row for row in outside if row >= last * DAY])
    return store_kinds.of_days(connection, first, last) + _counted(begun) + _counted(ended)


def _counted(runs: Iterable[Run]) -> Counter[int]:
    kinds = Counter(array("I", b"".join([kinds.tobytes() for _, kinds in runs])))  # one long count is the quickest
    del kinds[NONE]
    return kinds


def _rows(connection: sqlite3.Connection, selection: Selection, words: str) -> list[int]:
    """The row numbers of the posts of the stretch of time that hold the words."""
    # as one text: to step through a hundred thousand rows takes thrice as long
    sql = f"SELECT json_group_array(rowid) {_FOUND}"
    found = connection.execute(sql, _found(connection, selection, words)).fetchone()[0]
    return msgspec.json.decode(found, type=list[int])


def _found(connection: sqlite3.Connection, selection: Selection, words: str) -> tuple[object, ...]:
    """The values of `_FOUND`. Every question to the full-text index that finds nothing reads on to its end, so one is
    asked, and only of the ends whether a row number stands outside."""
    low, high = selection.rows()
    outside = msgspec.json.encode(_outside(connection, selection)).decode()
    return words, low, high, low + ROOM, high - ROOM, outside


def _outside(connection: sqlite3.Connection, selection: Selection) -> list[int]:
    """Row numbers of posts in the first and the last span that were published before or after."""
    low, high = selection.rows()
    found = connection.execute(
        "SELECT row FROM posts WHERE row >= ? AND row < ? AND published < ?"
        " UNION SELECT row FROM posts WHERE row >= ? AND row < ? AND published >= ?",
        (low, low + ROOM, selection.since, high - ROOM, high, selection.until),
    )
    return [row for (row,) in found]
