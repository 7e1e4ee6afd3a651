"""What a stand holds, read from outside: the posts of its store, the pages of its book, the children of a process."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from stream.ports import PostStore
from stream.query import PostQuery
from stream.records import JudgedPost

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What a book holds that does not depend on when it was written."""

    alerts: list[Any] = field(default_factory=list)
    evidence: list[Any] = field(default_factory=list)
    cases: list[Any] = field(default_factory=list)
    deliveries: list[Any] = field(default_factory=list)


_QUERIES = {
    "alerts": 'SELECT id, rule, severity, "group" FROM alerts ORDER BY id',
    "evidence": "SELECT alert_id, post_id, fingerprint, author FROM evidence ORDER BY 1, 2",
    "cases": "SELECT alert_id FROM cases ORDER BY 1",
    "deliveries": "SELECT id, alert_id, channel FROM deliveries ORDER BY id",
}


def told_by(url: str) -> Told:
    """Read a book."""
    engine = create_engine(url)
    try:
        with engine.connect() as book:
            return Told(**{name: [tuple(row) for row in book.execute(text(query))] for name, query in _QUERIES.items()})
    finally:
        engine.dispose()


def outbox(url: str) -> dict[str, list[str]]:
    """The ids of all deliveries by their state."""
    return _rows(url, "SELECT state, id FROM deliveries")


def reports(url: str) -> dict[str, list[str]]:
    """For each battle report, by its id, who is owed a mail of it."""
    return _rows(url, "SELECT digests.id, recipient FROM digests LEFT JOIN mails ON digest_id = digests.id")


def mails(url: str) -> dict[str, list[str]]:
    """The ids of all mails by their state."""
    return _rows(url, "SELECT state, id FROM mails")


def stored(store: PostStore) -> Iterator[JudgedPost]:
    """Every post of a store, as often as it stands there."""
    after = ""
    while True:
        page = store.search(PostQuery(), _PAGE, after)
        yield from (hit.judged for hit in page.hits)
        after = page.after
        if not after:
            return


def child(parent: int, word: str) -> int | None:
    """A process that another began with this word on its command line; None where there is none now."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            above = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            if int(above) == parent and word.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                return int(process.name)
    return None


def _rows(url: str, query: str) -> dict[str, list[str]]:
    """Second columns by the first; none where the second is empty."""
    engine = create_engine(url)
    try:
        with engine.connect() as book:
            held: dict[str, list[str]] = {}
            for first, second in book.execute(text(query)):
                held.setdefault(first, []).extend([second] if second else [])
            return {first: sorted(seconds) for first, seconds in held.items()}
    finally:
        engine.dispose()
