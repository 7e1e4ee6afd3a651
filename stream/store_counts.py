"""How many posts of the SQLite store match, in all, by facet and by interval.

Owns the counting. What a selection means as SQL belongs to `selection`, the tables to `store_tables`.

The full-text index counts a million entries between two row numbers in some ten milliseconds; looking at each post
would take a second. So whole spans of time are counted there, and only the ends of a stretch post by post.
"""

import sqlite3
from collections import Counter

from stream.query import Facet
from stream.selection import ROOM, Selection

_AHEAD = 8 * 3_600_000_000
"""Microseconds by which days in Asia/Shanghai begin before those in UTC."""
_FEW = 10_000
"""Posts that are quickly looked at one by one."""


def count(connection: sqlite3.Connection, selection: Selection) -> int:
    """How many posts match, exactly."""
    words, negated = selection.words()
    if words and not negated and selection.since < selection.until:
        return _in_one(connection, selection, words)
    whole, ends = selection.split()
    return _whole(connection, whole) + sum(_single(connection, end, -1) for end in ends)


def count_up_to(connection: sqlite3.Connection, selection: Selection, limit: int) -> int:
    """How many posts match, but no more than `limit`."""
    return _single(connection, selection, limit)


def by_facet(connection: sqlite3.Connection, selection: Selection, facet: Facet, limit: int) -> list[tuple[str, int]]:
    """Posts per value, by falling count and then value."""
    if facet in (Facet.AUTHOR, Facet.FINGERPRINT):  # nearly as many values as posts
        source, where, _, values = selection.sql()
        sql = f"""
            SELECT p.{facet}, count(*) AS n FROM {source} WHERE {where} AND p.{facet} <> ''
            GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?"""  # noqa: S608 — made of our own words
        return connection.execute(sql, (*values, limit)).fetchall()
    there_are = connection.execute("SELECT value FROM vocabulary WHERE field = ? ORDER BY value", (facet,)).fetchall()
    counted = [(value, count(connection, selection.also(facet, value))) for (value,) in there_are]
    counted.sort(key=lambda one: -one[1])  # stable, so equal counts stay in order of value
    return [one for one in counted if one[1]][:limit]


def by_interval(connection: sqlite3.Connection, selection: Selection, width: int) -> list[tuple[int, int]]:
    """Start of each interval that has posts, and how many; `width` is a whole number of spans, in microseconds."""
    words, negated = selection.words()
    if words and not negated:
        source, where, _, values = selection.sql()
        sql = f"SELECT p.published FROM {source} WHERE {where} LIMIT {_FEW + 1}"  # noqa: S608 — made of our own words
        times = connection.execute(sql, values).fetchall()
        if len(times) <= _FEW:  # looked at one by one sooner than asked for once an interval
            return sorted(Counter((time + _AHEAD) // width * width - _AHEAD for (time,) in times).items())
    counted = []
    left = selection
    while (published := _first(connection, left)) is not None:
        start = (published + _AHEAD) // width * width - _AHEAD
        posts = count(connection, selection.between(start, start + width))
        if posts:
            counted.append((start, posts))
        left = selection.between(start + width, selection.until)
    return counted


def _in_one(connection: sqlite3.Connection, selection: Selection, words: str) -> int:
    """Posts that hold the words, counted in the full-text index at one go, but for those of the first and last span
    that were published outside. Every question to that index that finds nothing reads on to its end, so one is
    asked."""
    low, high = selection.rows()
    outside = connection.execute(
        "SELECT json_group_array(row) FROM ("
        "SELECT row FROM posts NOT INDEXED WHERE row >= ? AND row < ? AND published < ?"
        " UNION SELECT row FROM posts NOT INDEXED WHERE row >= ? AND row < ? AND published >= ?)",
        (low, low + ROOM, selection.since, high - ROOM, high, selection.until),
    ).fetchone()[0]
    return int(
        connection.execute(
            "SELECT count(*) FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?"
            " AND rowid NOT IN (SELECT value FROM json_each(?))",
            (words, low, high, outside),
        ).fetchone()[0]
    )


def _whole(connection: sqlite3.Connection, selection: Selection) -> int:
    """Posts of whole spans."""
    if selection.since >= selection.until:
        return 0
    words, negated = selection.words()
    found = every = 0
    if words:
        low, high = selection.rows()
        found = connection.execute(
            "SELECT count(*) FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?", (words, low, high)
        ).fetchone()[0]
    if negated or not words:
        every = connection.execute(
            "SELECT count(*) FROM posts INDEXED BY posts_by_time WHERE published >= ? AND published < ?",
            (selection.since, selection.until),
        ).fetchone()[0]
    return int(every - found if negated or not words else found)


def _single(connection: sqlite3.Connection, selection: Selection, limit: int) -> int:
    """Posts looked at one by one, as many as `limit`, or all when that is negative."""
    source, where, _, values = selection.sql()
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where} LIMIT ?)"  # noqa: S608 — made of our own words
    return int(connection.execute(sql, (*values, limit)).fetchone()[0])


def _first(connection: sqlite3.Connection, selection: Selection) -> int | None:
    """When one of the earliest posts was published: in the first span that has any, perhaps of those left out."""
    if selection.since >= selection.until:
        return None
    _, negated = selection.words()
    if negated:  # to find what does not match would mean to list what does, for every interval again
        selection = Selection(None, selection.since, selection.until)
    source, where, row_number, values = selection.sql()
    sql = f"SELECT p.published FROM {source} WHERE {where} ORDER BY {row_number} LIMIT 1"  # noqa: S608
    found = connection.execute(sql, values).fetchone()
    return int(found[0]) if found else None
