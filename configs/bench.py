"""`guanlan bench`: measured figures, each beside a yardstick taken in the same run on the same machine.

Owns what is measured and how. Everything happens in a temporary folder.
"""

import gzip
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from configs import wiring
from configs.load import Config
from configs.settings import JudgeTable
from crawlers.sandbox.site import BUNDLED as CORPUS
from stream.codec import encode
from stream.ports import Message, MessageLog
from stream.records import JUDGED, POSTS, Post, post_id

_BATCH = 500


def pipeline(config: Config, number: int) -> dict[str, Any]:
    """Drain `number` posts from the log to the store and past the rules, with durable commits and the lexicon judging.

    The yardstick is bare SQLite: the same judged bytes inserted into one table in the same batches, synchronous=FULL.

    Returns:
        Posts per second and their ratio; seconds of the drain; posts in the store afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="guanlan-bench-") as folder:
        judge = JudgeTable(model="lexicon")
        there = replace(config, settings=config.settings.model_copy(update={"data": Path(folder), "judge": judge}))
        log, store, book = wiring.open_log(there), wiring.open_store(there), wiring.open_book(there)
        try:
            began = time.perf_counter()
            for batch in _batches(number):
                log.append(POSTS, batch)
            appended = time.perf_counter() - began
            workers = [wiring.open_worker(there, name, log, store=store, book=book) for _, name in wiring.GROUPS]
            threads = [threading.Thread(target=worker.run) for worker in workers]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            while any(log.lag(topic, group) for topic, group in wiring.GROUPS):
                time.sleep(0.02)
            drained = time.perf_counter() - began
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join()
            bare = _bare_sqlite(log, Path(folder) / "bare.db")
            return {
                "posts": number,
                "append_per_second": round(number / appended),
                "drain_per_second": round(number / drained),
                "bare_sqlite_per_second": round(number / bare),
                "drain_to_bare": round(bare / drained, 3),
                "drain_seconds": round(drained, 1),
                "judged": log.size(JUDGED),
                "alerts": book.alert_count(),
            }
        finally:
            book.close()
            store.close()
            log.close()


def _batches(number: int) -> Iterator[list[Message]]:
    """The bundled corpus over and over, every copy a post of its own with words of its own."""
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    now = wiring.now()
    batch: list[Message] = []
    for count in range(number):
        row = rows[count % len(rows)]
        native = f"{row['id']}-{count}"
        post = Post(
            id=post_id(row["platform"], native),
            platform=row["platform"],
            source="bench",
            native_id=native,
            url=f"https://bench.invalid/{native}",
            text=f"{row['text']} {count}",
            title=row.get("title") or "",
            author=f"a{count % 997}",
            published_at=now,
            fetched_at=now,
        )
        batch.append(Message(post.id, encode(post)))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _bare_sqlite(log: MessageLog, path: Path) -> float:
    reader = log.reader(JUDGED, "bare")
    batches = []
    while records := reader.poll(_BATCH, 0.1):
        batches.append([(record.key, record.value) for record in records])
    reader.close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE judged (id TEXT PRIMARY KEY, document BLOB)")
    began = time.perf_counter()
    for batch in batches:
        with database:
            database.executemany("INSERT OR REPLACE INTO judged VALUES (?, ?)", batch)
    took = time.perf_counter() - began
    database.close()
    return took
