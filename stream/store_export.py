"""All that a SQLite store holds, in an order that can be gone on with: for the way into another store.

Owns the reading. Does not own the port (`store_sqlite`) nor where it goes.
"""

from collections.abc import Iterator
from typing import Any

from stream.database import Database, from_micros
from stream.records import JudgedPost, Judgement, Post
from stream.store_tables import unpack

_AT_ONCE = 500
BEGINNING = -(1 << 62)
"""Before the first post."""


def posts(database: Database, after: int) -> Iterator[tuple[int, list[JudgedPost]]]:
    """Batches of posts, each with the place to go on after; posts written meanwhile may or may not be among them."""
    while rows := _rows(database, "SELECT row, body FROM documents WHERE row > ? ORDER BY row LIMIT ?", after):
        after = rows[-1][0]
        yield after, [unpack(body) for _, body in rows]


def tombstones(database: Database) -> Iterator[list[JudgedPost]]:
    """Batches of tombstones: nothing of them but id and times means anything."""
    after = ""
    query = "SELECT id, published, fetched FROM tombstones WHERE id > ? ORDER BY id LIMIT ?"
    while rows := _rows(database, query, after):
        after = rows[-1][0]
        yield [_tombstone(*row) for row in rows]


def _rows(database: Database, query: str, after: int | str) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return connection.execute(query, (after, _AT_ONCE)).fetchall()


def _tombstone(of_post: str, published: int, fetched: int) -> JudgedPost:
    at = from_micros(fetched)
    post = Post.tombstone(of_post, from_micros(published), at)
    return JudgedPost(post, Judgement.silent(""), (), "-", at, at)
