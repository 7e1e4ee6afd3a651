"""A store with a day of posts, and a report composed from it, for the tests of digest, mail and charts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.digest import DigestSpec, Window, compose
from alerts.report import CaseLoad, Digest
from stream.labels import Health, Role
from stream.records import JudgedPost, SourceHealth, Subject
from stream.store_sqlite import SqliteStore
from tests.factories import NOW, judged

DAY = Window(NOW - timedelta(days=1), NOW)
SUBJECTS = (
    Subject("yunting", "云汀茶", Role.OWN),
    Subject("luyu", "鹿屿鲜茶", Role.COMPETITOR),
    Subject("qiugui", "秋桂计划", Role.CAMPAIGN),
    Subject("chengxing", "澄星手机", Role.WATCHED),
)
SPEC = DigestSpec("daily", "云汀茶战报", ("boss@example.invalid", "pr@example.invalid"))
COMPOSED = NOW + timedelta(minutes=5)


def source(name: str = "weibo", health: Health = Health.FRESH, reason: str = "") -> SourceHealth:
    """A source that last succeeded a minute ago."""
    return SourceHealth(name, name, health, reason, None, NOW - timedelta(minutes=1), 1)


def same(fingerprints: Sequence[str]) -> list[int]:
    """Equal fingerprints are one story."""
    return [sorted(set(fingerprints)).index(fingerprint) for fingerprint in fingerprints]


def said(native: str, text: str, *, hours: float = 2, **more: Any) -> JudgedPost:
    """A post about the own brand, so many hours before the window ends."""
    at = NOW - timedelta(hours=hours)
    more = {"subjects": ("yunting",), "author": f"author-{native}", "published_at": at, "fetched_at": at, **more}
    return judged(native, text=text, **more)


@contextmanager
def stored(path: Path, posts: Sequence[JudgedPost]) -> Iterator[SqliteStore]:
    """A real store with these posts, closed at the end."""
    store = SqliteStore(path / "posts.db", clock=lambda: NOW)
    try:
        store.put(posts)
        yield store
    finally:
        store.close()


def report(store: SqliteStore, spec: DigestSpec = SPEC, **more: Any) -> Digest:
    """The day's report over a healthy source."""
    given: dict[str, Any] = {
        "subjects": SUBJECTS,
        "health": [source()],
        "group": same,
        "cases": CaseLoad(3, 2, 1),
        "composed_at": COMPOSED,
        **more,
    }
    return compose(spec, given.pop("window", DAY), store=store, **given)


def every(value: Any, kind: type) -> Iterator[Any]:
    """All values of a kind inside a value."""
    if isinstance(value, kind):
        yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from every(getattr(value, field.name), kind)
    elif isinstance(value, tuple):
        for item in value:
            yield from every(item, kind)


def at(hours: float) -> datetime:
    """So many hours before the window ends."""
    return NOW - timedelta(hours=hours)
