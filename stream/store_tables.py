"""The tables of the SQLite store, and how a judged post becomes rows in them.

Owns the schema and every write. Does not own transactions or the port (`store_sqlite`), nor reading (`selection`).

Five ideas carry a million posts:

- Row numbers follow time: the upper bits are the ten minutes of publishing, the lower a running number. The newest
  posts that hold a word then come out of the full-text index first, and a search stops after one page.
- A filter is a word too: the full-text index holds a mark for each field's value, so word, platform, risk and author
  together are one lookup in one index, which is written in long runs. Indices of their own, in no order of time,
  would each rewrite a page for every post.
- What a post is counted by is a number, its kind, in packed columns beside the posts (`store_kinds`): one pass over
  these, or over the entries of that index, counts by any field, and by hour or day, for the spans of time that row
  numbers are made of end where hours and days do.
- Of a post that was deleted only its version is kept, in a table of its own; whatever counts and finds never looks
  there.
- The full-text index keeps no copy of the text. An entry is removed by saying again what was put in, recomputed
  from the stored document, so `fulltext.tokens` may change only together with `VERSION`.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from stream import store_kinds
from stream.codec import decode_judged, encode
from stream.database import Upgrade, to_micros
from stream.fulltext import tokens
from stream.records import JudgedPost
from stream.selection import ROOM, first_row, mark
from stream.store_packing import pack
from stream.store_packing import unpack as unpacked

VERSION = 4
_TOMBSTONES = """
CREATE TABLE tombstones (id TEXT PRIMARY KEY, published INTEGER NOT NULL, fetched INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX tombstones_by_time ON tombstones (published)
"""
_POSTS = """
CREATE TABLE posts (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL,
    fetched INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    author TEXT NOT NULL,
    fingerprint TEXT NOT NULL
);
CREATE TABLE documents (row INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(text, title, quoted, marks, content='', tokenize="ascii tokenchars ':'");
INSERT INTO words (words, rank) VALUES ('automerge', 8)
"""
# the ascii tokenizer takes every other character as a letter, so it splits at our spaces and nowhere else; `text`
# stands first because positions in the first column take less room; merging eight runs of the index at a time
# instead of four rewrites it less often, for a little more to look through

SCHEMA = ";".join((_POSTS, _TOMBSTONES, store_kinds.SCHEMA))
_AT_ONCE = 5000
"""Documents of an older file looked at together."""

_Entry = tuple[int, str, str, str, str]
"""Of the full-text index: row number, the tokens of text, title and quoted words, and the marks."""


@dataclass(frozen=True, slots=True)
class Row:
    """A judged post made ready outside the transaction."""

    judged: JudgedPost
    body: bytes
    published: int
    fetched: int

    @property
    def rank(self) -> tuple[int, bool]:
        """Of two rows of a post the higher one stays: the newer, and of equals the tombstone."""
        return self.fetched, self.judged.post.deleted


_Known = Mapping[str, tuple[int, int, int, bytes]]
"""Of posts that are there: row number, fetched, indexed, document."""


def prepare(judged: JudgedPost) -> Row:
    """The row of a judged post; raises `codec.Unencodable`."""
    return Row(judged, pack(encode(judged)), to_micros(judged.post.published_at), to_micros(judged.post.fetched_at))


def unpack(body: bytes) -> JudgedPost:
    """The document as it was put."""
    return decode_judged(unpacked(body))


class Writer:
    """Writes rows within a transaction of its caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, rows: Sequence[Row], indexed: int) -> None:
        """Upsert rows of distinct ids; `indexed` is the time, in microseconds, for those that bring a new fetch."""
        tombs = self._tombs(rows)
        rows = [row for row in rows if row.judged.post.id not in tombs or row.rank > (tombs[row.judged.post.id], True)]
        known = self._known(rows)
        rows = [row for row in rows if row.judged.post.id not in known or row.fetched >= known[row.judged.post.id][1]]
        self._connection.executemany(
            "DELETE FROM tombstones WHERE id = ?", [(of_post,) for of_post in _ids(rows) if of_post in tombs]
        )
        self._bury([row for row in rows if row.judged.post.deleted], known)
        self._keep([row for row in rows if not row.judged.post.deleted], known, indexed)

    def _tombs(self, rows: Sequence[Row]) -> dict[str, int]:
        """When those of the posts that were deleted were seen to be."""
        sql = "SELECT tombstones.id, fetched FROM json_each(?) JOIN tombstones ON tombstones.id = value"
        return dict(self._connection.execute(sql, (_json(_ids(rows)),)).fetchall())

    def _known(self, rows: Sequence[Row]) -> _Known:
        sql = (
            "SELECT posts.id, row, fetched, indexed, body FROM json_each(?) JOIN posts ON posts.id = value"
            " JOIN documents USING (row)"
        )
        found = self._connection.execute(sql, (_json(_ids(rows)),))
        return {of_post: (place, fetched, indexed, body) for of_post, place, fetched, indexed, body in found}

    def _bury(self, rows: Sequence[Row], known: _Known) -> None:
        """Leave nothing of these posts but when they were seen to be gone."""
        there = [known[of_post] for of_post in _ids(rows) if of_post in known]
        self.remove([(place, body) for place, _, _, body in there])
        self._connection.executemany(
            "INSERT INTO tombstones (id, published, fetched) VALUES (?, ?, ?)",
            [(row.judged.post.id, row.published, row.fetched) for row in rows],
        )

    def _keep(self, rows: Sequence[Row], known: _Known, indexed: int) -> None:
        places: dict[int, int] = {}
        replaced: list[int] = []
        unindexed: list[_Entry] = []
        entries: list[_Entry] = []
        written: list[tuple[int, int, Row]] = []
        for row in rows:
            words = _words(row.judged)
            old, since = known.get(row.judged.post.id), indexed
            if old is None:
                place = self._place(row.published, places)
                entries.append((place, *words))
            else:
                place, fetched, stood, body = old
                if body == row.body:
                    continue  # a repetition, searchable since the first time
                stored = unpack(body)
                if stored == row.judged:
                    continue  # a repetition too, packed by an earlier version
                if fetched == row.fetched and stored.judged_at > row.judged.judged_at:
                    continue  # judged again since
                if fetched == row.fetched:
                    since = stood  # its words were searchable before it was judged again
                replaced.append(place)
                before = (place, *_words(stored))
                if first_row(row.published) != place // ROOM * ROOM:
                    place = self._place(row.published, places)
                if before != (place, *words):  # most often only the counts have changed
                    unindexed.append(before)
                    entries.append((place, *words))
            written.append((place, since, row))
        self._unindex(unindexed)
        self._delete(replaced)
        kinds = store_kinds.numbers(self._connection, [row.judged for *_, row in written])
        store_kinds.write(self._connection, dict(zip([place for place, *_ in written], kinds, strict=True)))
        self._connection.executemany(
            "INSERT INTO posts (row, id, published, fetched, indexed, author, fingerprint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    place,
                    row.judged.post.id,
                    row.published,
                    row.fetched,
                    since,
                    row.judged.post.author,
                    row.judged.fingerprint,
                )
                for place, since, row in written
            ],
        )
        self._connection.executemany(
            "INSERT INTO documents (row, body) VALUES (?, ?)", [(place, row.body) for place, _, row in written]
        )
        self._connection.executemany(
            "INSERT INTO words (rowid, text, title, quoted, marks) VALUES (?, ?, ?, ?, ?)",
            sorted(entries),  # the full-text index takes ascending rows in one go
        )

    def remove(self, documents: Sequence[tuple[int, bytes]]) -> None:
        """Remove the posts of these row numbers and stored documents."""
        self._unindex([(place, *_words(unpack(body))) for place, body in documents])
        self._delete([place for place, _ in documents])

    def unbury(self, before: int) -> None:
        """Forget deleted posts that were published before a time, in microseconds."""
        self._connection.execute("DELETE FROM tombstones WHERE published < ?", (before,))

    def merge(self, pages: int) -> bool:
        """Merge some pages of the full-text index; whether there was anything to merge."""
        before = self._connection.total_changes
        self._connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
        return self._connection.total_changes - before > 1  # the statement itself counts as one

    def _unindex(self, entries: Sequence[_Entry]) -> None:
        self._connection.executemany(
            "INSERT INTO words (words, rowid, text, title, quoted, marks) VALUES ('delete', ?, ?, ?, ?, ?)",
            sorted(entries),
        )

    def _delete(self, places: Sequence[int]) -> None:
        rows = [(place,) for place in places]
        self._connection.executemany("DELETE FROM posts WHERE row = ?", rows)
        self._connection.executemany("DELETE FROM documents WHERE row = ?", rows)
        store_kinds.write(self._connection, dict.fromkeys(places, store_kinds.NONE))

    def _place(self, published: int, places: dict[int, int]) -> int:
        """The next free row number for a post published then."""
        first = first_row(published)
        if first not in places:
            newest = self._connection.execute(
                "SELECT max(row) FROM posts WHERE row >= ? AND row < ?", (first, first + ROOM)
            ).fetchone()[0]
            places[first] = first - 1 if newest is None else newest
        places[first] += 1
        return places[first]


def _words(judged: JudgedPost) -> tuple[str, str, str, str]:
    """What the full-text index is given: tokens with spaces between."""
    post = judged.post
    own = f"{mark('author', post.author)} {mark('fingerprint', judged.fingerprint)}"
    marks = f"{own} {_marks(store_kinds.fields(judged))}"
    return " ".join(tokens(post.text)), " ".join(tokens(post.title)), " ".join(tokens(post.quoted)), marks


@lru_cache(1 << 12)  # there are some hundreds or thousands of them
def _marks(fields: tuple[tuple[str, str], ...]) -> str:
    return " ".join(mark(field, value) for field, value in fields)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row.judged.post.id for row in rows]


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()


def _with_tombstones(connection: sqlite3.Connection) -> None:
    for statement in _TOMBSTONES.split(";"):
        connection.execute(statement)


def _with_kinds(connection: sqlite3.Connection) -> None:
    """Kinds take the place of the index by time and the vocabulary; a million posts take about half a minute."""
    for statement in ("DROP INDEX posts_by_time", "DROP TABLE vocabulary", *store_kinds.SCHEMA.split(";")):
        connection.execute(statement)
    documents = connection.execute("SELECT row, body FROM documents ORDER BY row")
    while batch := documents.fetchmany(_AT_ONCE):
        kinds = store_kinds.numbers(connection, [unpack(body) for _, body in batch])
        store_kinds.write(connection, dict(zip([place for place, _ in batch], kinds, strict=True)))


def _with_frames(connection: sqlite3.Connection) -> None:
    """Documents are packed in another way from here on, which earlier versions cannot read."""


UPGRADES: Mapping[int, Upgrade] = {1: _with_tombstones, 2: _with_kinds, 3: _with_frames}
