"""`guanlan bench pipeline`: posts from the log to the store and past the rules, on this machine alone.

Owns the drain and its timing, which `scale` and `cluster` use too. Everything happens in a temporary folder.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from configs import wiring
from configs.bench.posts import BATCH, messages
from configs.bench.yardstick import bare_sqlite
from configs.load import Config
from configs.settings import BookTable, JudgeTable, LogTable, StoreTable
from stream.ports import MessageLog
from stream.records import JUDGED, POSTS

_TICK = 0.02


@dataclass(frozen=True, slots=True)
class Drained:
    """One run of the three workers over a backlog."""

    append_seconds: float
    seconds: float
    judged: int
    indexed: int
    alerts: int


def pipeline(config: Config, number: int) -> dict[str, Any]:
    """Drain `number` posts from the log to the store and past the rules, with durable commits and the lexicon judging.

    Returns:
        Posts per second and their ratio to bare SQLite; seconds of the drain; posts in the store afterwards.
    """
    with embedded(config) as there:
        log = wiring.open_log(there)
        try:
            drained = drain(there, log, number)
            bare = bare_sqlite(there.settings.data / "bare.db", _stored(log))
        finally:
            log.close()
        return {
            "posts": number,
            "append_per_second": round(number / drained.append_seconds),
            "drain_per_second": round(number / drained.seconds),
            "bare_sqlite_per_second": round(number / bare),
            "drain_to_bare": round(bare / drained.seconds, 3),
            "drain_seconds": round(drained.seconds, 1),
            "judged": drained.judged,
            "alerts": drained.alerts,
        }


@contextmanager
def embedded(config: Config, *, model: str = "lexicon") -> Iterator[Config]:
    """The same configuration with everything in a temporary folder, judged by `model`."""
    with tempfile.TemporaryDirectory(prefix="guanlan-bench-") as folder:
        judge = JudgeTable(model=model, threads=config.settings.judge.threads)
        tables = {"log": LogTable(), "store": StoreTable(), "book": BookTable(), "judge": judge}
        yield replace(config, settings=config.settings.model_copy(update={"data": Path(folder), **tables}))


def drain(config: Config, log: MessageLog, number: int) -> Drained:
    """Append a backlog, then let one worker of each kind finish it."""
    store, book = wiring.open_store(config), wiring.open_book(config)
    try:
        began = time.perf_counter()
        for batch in messages(number, wiring.now()):
            log.append(POSTS, batch)
        appended = time.perf_counter() - began
        workers = [wiring.open_worker(config, name, log, store=store, book=book) for _, name in wiring.GROUPS]
        threads = [threading.Thread(target=worker.run) for worker in workers]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        while any(worker.handled < number for worker in workers) and all(thread.is_alive() for thread in threads):
            time.sleep(_TICK)
        took = time.perf_counter() - began
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()
        for worker in workers:
            worker.close()
        handled = {worker.name: worker.handled for worker in workers}
        return Drained(appended, took, log.size(JUDGED), handled["index"], book.alert_count())
    finally:
        book.close()
        store.close()


def _stored(log: MessageLog) -> Iterator[list[tuple[str, bytes]]]:
    reader = log.reader(JUDGED, "bare")
    try:
        while records := reader.poll(BATCH, 0.1):
            yield [(record.key, record.value) for record in records]
    finally:
        reader.close()
