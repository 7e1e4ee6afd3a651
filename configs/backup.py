"""`guanlan backup`: a copy of one machine's data folder that can be started from, taken while everything runs.

Owns the order. Each file is copied as of one moment, and the files one after another, upstream first: what the log
holds beyond the crawl memory is found again, and what the store and the book hold beyond the log's positions is only
repeated. In any other order a post could be marked as done in one file and be missing in the next.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from configs import wiring
from configs.load import Config
from stream.ports import Misconfigured, Unavailable

_NAMED = 5
"""Files that an error names."""
_FLOW = ("crawl.db", "inbox.db", "log.db", "store.db", "book.db")


def backup(config: Config, to: Path) -> list[dict[str, Any]]:
    """Copy the data folder to a new one; returns a row a file. Not the book on a PostgreSQL, nor anything on a cluster.

    Raises:
        Misconfigured: there is nothing to copy; the new folder exists already, or cannot be written.
        Unavailable: files cannot be copied now; nothing is left of the new folder.
    """
    source = wiring.folder(config)
    to = to.resolve()  # "." has no name of its own
    part = to.with_name(f"{to.name}.part")
    found = {path.name for path in source.glob("*.db")}
    if not found:  # most likely another folder was meant, and nobody would look before the day it is needed
        raise Misconfigured(
            f"{config.path}: data: {source.resolve()} holds no data to copy; name the folder of the run"
        )
    if to.exists() or part.exists():
        raise Misconfigured(f"{to} or {part.name} exists already; give each back-up its own folder")
    try:
        # everything but databases and what belongs to running processes
        shutil.copytree(source, part, ignore=shutil.ignore_patterns("*.db", "*.db-*", "*.lock", "*.part"))
        order = [*sorted(found.difference(_FLOW)), *(name for name in _FLOW if name in found)]
        rows = [_copied(source / name, part / name) for name in order]
        part.rename(to)
    except sqlite3.Error as error:
        raise Unavailable(f"{source}: {type(error).__name__}; try again") from error
    except shutil.Error as error:
        reasons = [str(why) for _, _, why in error.args[0]]  # each with its file
        raise Unavailable(f"{len(reasons)} files cannot be copied: {'; '.join(reasons[:_NAMED])}") from error
    except OSError as error:
        raise Misconfigured(f"{part}: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)  # only there if something went wrong
    return rows


def _copied(path: Path, to: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(to)) as new:
        old.backup(new)  # in one go: in steps it would begin again after every write of others, who do not wait for it
        sound = new.execute("PRAGMA integrity_check").fetchone()[0]
    if sound != "ok":
        raise Unavailable(f"{path}: the copy is not sound; see if a disk is failing")
    return {"file": to.name, "bytes": to.stat().st_size}
