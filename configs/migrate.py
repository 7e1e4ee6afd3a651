"""`guanlan migrate`: from one machine to a cluster; log, store and book copied, counted, and gone on with.

Owns the order, and what is remembered between two attempts (`migrating.json` in the data folder that is left). Changes
nothing in the old place but the position of a group of its own. Whatever a crash makes it copy twice is a repetition,
which no part minds.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from alerts.book import Book
from alerts.book_copy import NotEmpty
from configs import wiring
from configs.load import Config
from configs.migrate_log import copy_letters, copy_topic, place_of, rows
from configs.narrate import Say
from configs.run import alone
from stream.log_sqlite import SqliteLog
from stream.ports import MessageLog, Misconfigured, PostStore, Unavailable
from stream.query import PostQuery
from stream.records import TOPICS
from stream.store_sqlite import SqliteStore

_KEPT = ("author.key", "crawl.db", "inbox.db")
"""Files that a cluster goes on using."""


@dataclass(slots=True)
class Mark:
    """How far an attempt came."""

    target: str
    """Where it goes, without secrets."""
    began: str
    """Names the group that reads the old log, so that an earlier migration does not count."""
    places: dict[str, int] = field(default_factory=dict)
    """Groups that have their position in the new log, and where each stood in the old one."""
    store: int | None = None
    """The place in the old store up to which posts are in the new one."""


def migrate(source: Config, target: Config, say: Say) -> list[dict[str, Any]]:
    """Copy everything, then count both sides.

    Returns:
        One row a part: what is there, what is here, and that they agree.

    Raises:
        Misconfigured: the old place is no single machine's, is at work, or has worked since an attempt was broken
            off; the new one is no cluster, or not empty.
        Unavailable: a part cannot be reached, or the counts do not agree; the same call goes on where it stopped.
    """
    _check(source, target)
    folder = wiring.folder(source)
    with ExitStack() as opened:
        opened.enter_context(alone(folder))
        old_log, new_log = (opened.enter_context(closing(wiring.open_log(one))) for one in (source, target))
        old_store, new_store = (opened.enter_context(closing(wiring.open_store(one))) for one in (source, target))
        old_book, new_book = (opened.enter_context(closing(wiring.open_book(one))) for one in (source, target))
        assert isinstance(old_log, SqliteLog)
        assert isinstance(old_store, SqliteStore)
        path = folder / "migrating.json"
        mark = _mark(path, target, lambda: _require_empty(new_log, new_store, new_book))
        _require_rest(old_log, mark, path)
        say("migrate", "消息日志")
        _copy_log(old_log, new_log, mark, path)
        say("migrate", "检索库")
        for place, batch in old_store.export() if mark.store is None else old_store.export(mark.store):
            new_store.put(batch)
            mark.store = place
            _save(path, mark)
        say("migrate", "台账")
        if old_book.counts() != new_book.counts():
            _copy_book(old_book, new_book)
        say("migrate", "核对")
        found = [*rows(old_log, new_log, wiring.GROUPS), *_counted(old_store, new_store, old_book, new_book)]
        if wrong := [row["part"] for row in found if not row["ok"]]:
            raise Unavailable(
                f"the two sides do not agree on {', '.join(wrong)}; is anything at work on either? If anything was"
                f" since the first attempt, remove {path} and begin again with an empty target"
            )
        path.unlink()
    return found


def _copy_log(old: MessageLog, new: MessageLog, mark: Mark, path: Path) -> None:
    def stand(group: str, place: int) -> None:
        mark.places[group] = place
        _save(path, mark)

    for topic in dict.fromkeys(topic for topic, _ in wiring.GROUPS):
        groups = [group for of, group in wiring.GROUPS if of == topic]
        copy_topic(old, new, topic, f"migrate_{mark.began}", groups=groups, stood=mark.places, stand=stand)
    copy_letters(old, new)


def _copy_book(old: Book, new: Book) -> None:
    try:
        old.copy_to(new)
    except NotEmpty:
        raise Misconfigured(
            "book.url: the new book was written to meanwhile; give the migration an empty one"
        ) from None


def _counted(old_store: PostStore, new_store: PostStore, old_book: Book, new_book: Book) -> Iterator[dict[str, Any]]:
    there, here = old_store.count(PostQuery()), new_store.count(PostQuery())
    yield {"part": "store posts", "there": there, "here": here, "ok": there == here}
    of_old, of_new = old_book.counts(), new_book.counts()
    for table, number in of_old.items():
        yield {"part": f"book {table}", "there": number, "here": of_new[table], "ok": number == of_new[table]}


def _check(source: Config, target: Config) -> None:
    """Refuse two places between which there is nothing to migrate."""
    old, new = source.settings, target.settings
    if old.log.kafka or old.store.elastic or old.book.url:
        raise Misconfigured(f"{source.path}: --config: name the settings of the one machine that is left")
    for key, given in (("log.kafka", new.log.kafka), ("store.elastic", new.store.elastic), ("book.url", new.book.url)):
        if given is None:
            raise Misconfigured(f"{target.path}: {key}: a cluster needs it; see cluster.toml")
    for name in _KEPT:
        if (wiring.folder(source) / name).exists() and not (wiring.folder(target) / name).exists():
            raise Misconfigured(f"{target.path}: data: copy {name} from {old.data} to {new.data} first; it goes along")


def _mark(path: Path, target: Config, require_empty: Callable[[], None]) -> Mark:
    """The mark of an attempt to the same place that was broken off, or a new one for a place that is empty."""
    kafka, elastic = target.settings.log.kafka, target.settings.store.elastic
    assert kafka is not None
    assert elastic is not None
    where = f"{kafka.bootstrap} {kafka.prefix} {elastic.hosts()} {elastic.prefix}"
    if path.exists():
        try:
            mark = Mark(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise Misconfigured(
                f"{path} is damaged or another release's; remove it and begin again with an empty target"
            ) from error
        if mark.target != where:
            raise Misconfigured(f"{path}: a migration to {mark.target} was begun; finish it, or remove this file")
        return mark
    require_empty()
    mark = Mark(where, wiring.now().strftime("%Y%m%d_%H%M%S"))
    _save(path, mark)
    return mark


def _require_rest(log: MessageLog, mark: Mark, path: Path) -> None:
    """Refuse an old place that has worked since: the new one would go on with older positions, and never agree."""
    placed = [(topic, group) for topic, group in wiring.GROUPS if group in mark.places]
    if moved := [group for topic, group in placed if place_of(log, topic, group) != mark.places[group]]:
        raise Misconfigured(
            f"the old place has worked since the migration was broken off ({', '.join(moved)} moved): remove {path}"
            " and begin again with an empty target"
        )


def _save(path: Path, mark: Mark) -> None:
    """Whole or not at all, also when the machine stops."""
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(mark), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _require_empty(log: MessageLog, store: PostStore, book: Book) -> None:
    held = {f"log {topic}": log.size(topic) for topic in TOPICS}
    held |= {"store": store.count(PostQuery())} | {f"book {name}": rows for name, rows in book.counts().items()}
    if full := [f"{part}: {number}" for part, number in held.items() if number]:
        raise Misconfigured(
            f"the target is not empty ({', '.join(full)}): choose another kafka.prefix, elastic.prefix or database"
        )
