"""Promise one: kill a run with SIGKILL ten times, finish it, and everything is as if nothing had happened."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from alerts.report_codec import decode
from configs import wiring
from configs.load import load
from crawlers.sandbox.site import BUNDLED
from stream.query import PostQuery
from tests.factories import NOW

KILLS = 10
ROWS = 120


def corpus(folder: Path) -> Path:
    """A part of the bundled posts, so that a run is short: the incident, a self-harm signal, every platform but news,
    whose articles are known by an address, and the two sites have different ports, and B站, whose comments hang on a
    video that would have to be among them. The newest is of yesterday: pages write its time out in full, and
    it still wakes somebody."""
    with gzip.open(BUNDLED, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["platform"] not in ("news", "bilibili")]
    chosen = folder / "corpus.jsonl"
    step = len(rows) / ROWS
    some = [rows[int(number * step)] for number in range(ROWS)]
    times = [datetime.fromisoformat(row["published_at"]) for row in some]
    later = datetime.now(UTC) - timedelta(hours=30) - max(times)
    some = [{**row, "published_at": (at + later).isoformat()} for row, at in zip(some, times, strict=True)]
    chosen.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in some), encoding="utf-8")
    return chosen


def start(data: Path, posts: Path) -> subprocess.Popen[str]:
    """Begin, or go on with, a run; its own times are kept so that two folders see the same posts."""
    return subprocess.Popen(
        [sys.executable, "-m", "guanlan", "run", "--demo", "--once", "--json", "--keep-times",
         "--corpus", str(posts), "--data", str(data)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "GUANLAN_AUTHOR_KEY": "k" * 32, "GUANLAN_JUDGE__MODEL": "lexicon"},
    )  # fmt: skip


def finish(data: Path, posts: Path) -> dict[str, Any]:
    """Run to the end and give its summary."""
    with start(data, posts) as run:
        told = run.communicate(timeout=240)[0]
    assert run.returncode == 0
    return json.loads(told)


def site_of(data: Path) -> str:
    """Where a folder's sandbox is served, without what follows the port."""
    return f"127.0.0.1:{json.loads((data / 'scene.json').read_text(encoding='utf-8'))['port']}"


def posts_of(data: Path, monkeypatch: Any) -> Iterator[Any]:
    """Every post of a folder's store, without the times of this very run and the sandbox's address."""
    monkeypatch.setenv("DEMO_CREDENTIAL", "demo")
    site = site_of(data)
    store = wiring.open_store(load(data / "config" / "guanlan.toml"))
    try:
        after = ""
        while True:
            page = store.search(PostQuery(), 100, after)
            for hit in page.hits:
                post = replace(hit.judged.post, fetched_at=NOW, url=hit.judged.post.url.replace(site, "SITE"))
                yield replace(hit.judged, post=post, logged_at=NOW, judged_at=NOW)
            after = page.after
            if not after:
                return
    finally:
        store.close()


def book_of(data: Path) -> dict[str, list[Any]]:
    """What the book holds that does not depend on when it was written."""
    wanted = {
        "alerts": 'SELECT id, rule, severity, "group", since, until FROM alerts ORDER BY id',
        "evidence": "SELECT alert_id, post_id, published_at, fingerprint, author, spread FROM evidence ORDER BY 1, 2",
        "cases": "SELECT alert_id, state, round FROM cases ORDER BY alert_id",
        "deliveries": "SELECT id, alert_id, channel, round, state FROM deliveries ORDER BY id",
        "digests": "SELECT id, name, since, until FROM digests ORDER BY id",
        "mails": "SELECT id, digest_id, recipient, state FROM mails ORDER BY id",
    }
    engine = create_engine(f"sqlite:///{data / 'book.db'}")
    with engine.connect() as book:
        held = {name: [tuple(row) for row in book.execute(text(query))] for name, query in wanted.items()}
        bodies = book.execute(text("SELECT body FROM digests ORDER BY id")).scalars().all()
    engine.dispose()
    site = site_of(data)
    # what a report says of this run's own speed and hours is not part of the comparison
    told = [decode(body.replace(site, "SITE")) for body in bodies]
    held["words"] = [replace(one, composed_at=NOW, sources=(), latency=()) for one in told]
    return held


def test_ten_kills_leave_what_an_undisturbed_run_leaves(tmp_path: Path, monkeypatch: Any) -> None:
    """Store, alerts, evidence, cases, deliveries, digests and mails are identical, and every notice was received."""
    posts = corpus(tmp_path)
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    began = time.monotonic()
    summary = finish(calm, posts)
    whole = time.monotonic() - began
    dice = random.Random(20261121)
    survived = 0
    for _ in range(KILLS):
        run = start(killed, posts)
        time.sleep(dice.uniform(0.1, 0.8) * whole)  # anywhere in a run: crawling, judging, telling, reporting
        survived += run.poll() is not None
        run.send_signal(signal.SIGKILL)
        run.communicate()
    again = finish(killed, posts)
    assert survived < KILLS, "no run was killed: the test showed nothing"

    expected = list(posts_of(calm, monkeypatch))
    assert len(expected) == summary["indexed"] > ROWS / 2
    assert list(posts_of(killed, monkeypatch)) == expected
    assert book_of(killed) == book_of(calm)
    assert [Path(path).name for path in again["digests"]] == [Path(path).name for path in summary["digests"]]
    assert again["deliveries"] == summary["deliveries"]
    assert summary["deliveries"]["sent"] > 0
    assert {name: source["posts"] for name, source in again["sources"].items()} == {
        name: source["posts"] for name, source in summary["sources"].items()
    }
    receipts = {
        json.loads(line)["id"]
        for line in (killed / "received.jsonl").read_text(encoding="utf-8").splitlines()
        if line.endswith("}")
    }
    assert receipts == {row[0] for row in book_of(calm)["deliveries"]}
    assert again["dead"] == 0
