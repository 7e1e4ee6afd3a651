"""`guanlan run --once`: crawl, drain, report, stop; and the summary of what a run did.

Owns the summary's shape. Its figures are read back from the parts, never counted on the way.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

from alerts.owed import OutboxState
from configs import demo, wiring
from configs.dead import letters
from configs.duties import tidy_if_missed
from configs.load import Config, load
from configs.narrate import Say
from configs.run import Run
from configs.watch import Watch
from stream.labels import Health
from stream.ports import PostStore
from stream.query import Hit, PostQuery
from stream.records import SourceHealth

PATIENCE = timedelta(minutes=5)
"""How long nothing may move before a run is given up."""
TELLING = timedelta(seconds=20)
"""How long a run waits for a receiver that does not answer; its notices stay due for the next run."""
_SAMPLE = 20_000


def run_once(config: Config, say: Say, *, until: datetime | None = None) -> dict[str, Any]:
    """Crawl every enabled source once, wait until all is handled and told, send the digests, and tidy once a day.

    Args:
        until: end of the digests' window; by default their last sending hour.

    Raises:
        Misconfigured: nobody could answer for people at risk.
        Unavailable: a part stopped making progress.
    """
    wiring.check_people(config)
    began, at = time.monotonic(), wiring.now()
    with Run(config, say) as run:
        watch = Watch(run, say)
        run.thread("watch", watch.keep_looking)
        run.crawls.all()
        run.drain(PATIENCE)
        run.settle(TELLING)
        watch.look()
        paths = [path for spec in config.digests for path in run.newsroom.send(spec, until=until).paths]
        for path in paths:
            say("digest", path)
        summary = _summary(run, paths, at, time.monotonic() - began)
        tidy_if_missed(config, run.log, run.store, run.book)  # who runs this by a clock may never be up at its hour
        return summary


def run_demo_once(folder: Path, *, corpus: Path | None, shift: bool, fresh: bool, say: Say) -> dict[str, Any]:
    """The same on the sandbox; the summary also says which lines of the corpus were dropped, by reason."""
    path, scene, drops = demo.prepare(folder, corpus=corpus, shift=shift, fresh=fresh, now=wiring.now())
    with demo.outside_world(folder, scene):
        summary = run_once(load(path), say, until=demo.window_end(scene))
    return {**summary, "dropped_lines": drops}


def _summary(run: Run, paths: list[str], began: datetime, seconds: float) -> dict[str, Any]:
    health = wiring.source_health(run.config, run.state)
    deliveries = run.book.delivery_counts()
    return {
        "sources": {source.name: {"posts": source.posts, "health": source.health} for source in health},
        "unread": [source.name for source in health if source.health is not Health.OFF and not _read(source, began)],
        "posts": run.log.size("posts"),
        "judged": run.log.size("judged"),
        "indexed": run.store.count(PostQuery()),
        "dead": len(letters(run.log)),
        "alerts": run.book.alert_count(),
        "deliveries": {
            "sent": deliveries[OutboxState.SENT],
            "failed": deliveries[OutboxState.FAILED],
            "pending": deliveries[OutboxState.PENDING],
        },
        "digests": paths,
        "seconds": round(seconds, 1),
        "stage_latency_ms": _latency(run.store),
    }


def _read(source: SourceHealth, began: datetime) -> bool:
    """Whether this very run has seen the source's newest posts; one that was read a while ago may be fresh still."""
    return source.last_success is not None and source.last_success >= began


def _latency(store: PostStore) -> dict[str, dict[str, float]]:
    """Time from stage to stage over the newest posts, in milliseconds. `published_fetched` is how late we saw it."""
    names = ("published_fetched", "fetched_logged", "logged_judged", "judged_indexed")
    stages: dict[str, list[float]] = {name: [] for name in names}
    for hit in _newest(store):
        for name, (earlier, later) in zip(stages, pairwise(hit.steps), strict=False):
            stages[name].append((later - earlier).total_seconds() * 1000)
    return {name: _percentiles(values) for name, values in stages.items() if len(values) > 1}


def _newest(store: PostStore) -> Iterator[Hit]:
    after, seen = "", 0
    while seen < _SAMPLE:
        page = store.search(PostQuery(), 500, after)
        yield from page.hits
        seen += len(page.hits)
        after = page.after
        if not after:
            return


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}
