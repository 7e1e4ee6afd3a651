"""How many posts of the SQLite store match, in all, by facet and by interval.

Owns the counting. What a selection means as SQL belongs to `selection`, the tables to `store_tables`.

The full-text index counts a million entries between two row numbers in some ten milliseconds; looking at each post
would take a second. So whole spans of time are counted there, and only the ends of a stretch post by post.
"""

import sqlite3

from stream.query import Facet
from stream.selection import Selection

_AHEAD = 8 * 3_600_000_000
"""Microseconds by which days in Asia/Shanghai begin before those in UTC."""


def count(connection: sqlite3.Connection, selection: Selection) -> int:
    """How many posts match, exactly."""
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
    counted = []
    left = selection
    while (published := _first(connection, left)) is not None:
        start = (published + _AHEAD) // width * width - _AHEAD
        posts = count(connection, selection.between(start, start + width))
        if posts:
            counted.append((start, posts))
        left = selection.between(start + width, selection.until)
    return counted


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
