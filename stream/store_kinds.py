"""Kinds: what a post of the SQLite store is counted by, a number a post, packed in columns.

Owns their tables, writing and reading. Does not own which posts match (`selection`), nor the counting
(`store_counts`).

Posts that agree in platform, source, sentiment, stage, self-harm, subjects and risks are of one kind; there are some
hundreds or thousands. The kinds of a run of row numbers stand in one row, so those of a million posts are read in some
ten milliseconds, and whatever is counted, by whatever field, is counted in one pass. Of whole days the sums are kept
as well.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from stream.records import JudgedPost
from stream.selection import ROOM, SPAN

SCHEMA = """
CREATE TABLE kinds (kind INTEGER PRIMARY KEY, fields TEXT NOT NULL UNIQUE);
CREATE TABLE kinds_of_rows (run INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE kinds_of_days (day INTEGER, kind INTEGER, posts INTEGER, PRIMARY KEY (day, kind)) WITHOUT ROWID
"""
DAY = 86_400_000_000 // SPAN * ROOM
"""Row numbers that a day has, in UTC; of each day the posts of each kind are counted beforehand."""
_BITS = 9
"""Row numbers that agree in all but these lower bits are a run: few enough to be rewritten whenever one of them is."""
_REST = (1 << _BITS) - 1
NONE = 0
"""The kind of a row number that no post has."""

Fields = frozenset[tuple[str, str]]
"""Of a kind: field and value; several of a field that can have several."""
Run = tuple[int, "array[int]"]
"""The first row number of a run, and the kinds from it on; NONE where there is no post."""


def fields(judged: JudgedPost) -> tuple[tuple[str, str], ...]:
    """What a post can be filtered and counted by, where the values are few."""
    post, judgement = judged.post, judged.judgement
    return (
        ("platform", post.platform),
        ("source", post.source),
        ("sentiment", str(judgement.sentiment)),
        ("stage", str(judgement.stage)),
        ("self_harm", str(judgement.self_harm)),
        *[("subject", subject) for subject in judged.subjects],
        *[("risk", str(risk)) for risk in judgement.risks],
    )


@lru_cache(1 << 12)
def _name(fields: tuple[tuple[str, str], ...]) -> str:
    return _json(sorted(set(fields)))


def numbers(connection: sqlite3.Connection, posts: Iterable[JudgedPost]) -> list[int]:
    """The kind of each post; one that is new gets a number."""
    names = [_name(fields(judged)) for judged in posts]
    distinct = sorted(set(names))
    connection.executemany("INSERT OR IGNORE INTO kinds (fields) VALUES (?)", [(name,) for name in distinct])
    sql = "SELECT fields, kind FROM json_each(?) JOIN kinds ON fields = value"
    known = dict(connection.execute(sql, (_json(distinct),)).fetchall())
    return [known[name] for name in names]


def named(connection: sqlite3.Connection, kinds: Iterable[int]) -> dict[int, Fields]:
    """What these kinds stand for."""
    sql = "SELECT kind, fields FROM json_each(?) JOIN kinds ON kind = value"
    return {
        kind: msgspec.json.decode(text, type=Fields)
        for kind, text in connection.execute(sql, (_json(sorted(kinds)),)).fetchall()
    }


def write(connection: sqlite3.Connection, kinds: Mapping[int, int]) -> None:
    """Set the kinds of row numbers."""
    runs = _held(connection, {row >> _BITS for row in kinds})
    changed: Counter[tuple[int, int]] = Counter()
    for row, kind in kinds.items():
        held = runs.setdefault(row >> _BITS, array("I"))
        held.extend([NONE] * ((row & _REST) + 1 - len(held)))
        changed[row // DAY, held[row & _REST]] -= 1
        changed[row // DAY, kind] += 1
        held[row & _REST] = kind
    connection.executemany("DELETE FROM kinds_of_rows WHERE run = ?", [(run,) for run in runs])
    connection.executemany(
        "INSERT INTO kinds_of_rows (run, packed) VALUES (?, ?)",
        [(run, held.tobytes()) for run, held in sorted(runs.items()) if any(held)],
    )
    days = [(*which, posts) for which, posts in sorted(changed.items()) if posts and which[1] != NONE]
    connection.executemany(
        "INSERT INTO kinds_of_days VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET posts = posts + excluded.posts", days
    )
    connection.executemany(
        "DELETE FROM kinds_of_days WHERE day = ? AND kind = ? AND posts = 0", [one[:2] for one in days if one[2] < 0]
    )


def of_days(connection: sqlite3.Connection, first: int, last: int) -> "Counter[int]":
    """How many posts are of each kind from one day up to, not including, another."""
    sql = "SELECT kind, sum(posts) FROM kinds_of_days WHERE day >= ? AND day < ? GROUP BY kind"
    return Counter(dict(connection.execute(sql, (first, last)).fetchall()))


def of(connection: sqlite3.Connection, rows: Sequence[int]) -> "Counter[int]":
    """How many of these row numbers are of each kind."""
    runs = _held(connection, {row >> _BITS for row in rows})
    return Counter([runs[row >> _BITS][row & _REST] for row in rows])


def between(connection: sqlite3.Connection, low: int, high: int, outside: Iterable[int]) -> list[Run]:
    """The runs of row numbers from `low` up to, not including, `high` (both begin a run), without those `outside`."""
    sql = "SELECT run, packed FROM kinds_of_rows WHERE run >= ? AND run < ? ORDER BY run"
    runs = {run: array("I", packed) for run, packed in connection.execute(sql, (low >> _BITS, high >> _BITS))}
    for row in outside:
        runs[row >> _BITS][row & _REST] = NONE
    return [(run << _BITS, kinds) for run, kinds in runs.items()]


def _held(connection: sqlite3.Connection, runs: Iterable[int]) -> "dict[int, array[int]]":
    sql = "SELECT run, packed FROM json_each(?) JOIN kinds_of_rows ON run = value"
    return {run: array("I", packed) for run, packed in connection.execute(sql, (_json(sorted(runs)),))}


def _json(value: Sequence[object]) -> str:
    return msgspec.json.encode(value).decode()
