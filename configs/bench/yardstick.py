"""The yardstick: bare SQLite, one table, the same bytes in the same batches, synchronous=FULL.

Owns what a measured figure is compared with, so that a figure from a busy machine still says something.
"""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path


def bare_sqlite(path: Path, batches: Iterable[Sequence[tuple[str, bytes]]]) -> float:
    """Seconds that inserting these keys and documents takes; making them is not counted."""
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE judged (id TEXT PRIMARY KEY, document BLOB)")
        took = 0.0
        for batch in batches:
            began = time.perf_counter()
            with database:
                database.executemany("INSERT OR REPLACE INTO judged VALUES (?, ?)", batch)
            took += time.perf_counter() - began
        return took
    finally:
        database.close()
