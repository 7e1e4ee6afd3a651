"""`guanlan bench scale`: two judge workers against one, and a long backlog against a short one.

Owns the two comparisons. The workers are processes, each on one core, on the Kafka that the configuration names;
without one that half is left out, since the log on SQLite has one reader a group.
"""

from contextlib import closing
from dataclasses import replace
from typing import Any

from configs import wiring
from configs.bench.cluster import own_names
from configs.bench.pipeline import drain, embedded
from configs.bench.workers import at_work, finish
from configs.load import Config
from configs.settings import WorkTable

_SHORT = 10_000
_BACKLOG = 10_000
"""Posts that are judged for the first comparison, at most."""
_BATCH = 50
"""Posts in a batch of theirs: with large ones, the last would be waited for."""
_JOINED = 20.0
"""Seconds in which a second worker joins the group once the first is at work."""


def scale(config: Config, number: int) -> dict[str, Any]:
    """Judge a tenth of `number` posts, no more than 10,000, by one worker on one core and by two on two; drain 10,000
    posts and `number`.

    Returns:
        Posts per second and the ratios.
    """
    row: dict[str, Any] = {"posts": number}
    if config.settings.log.kafka is not None:
        backlog = max(1, min(number // 10, _BACKLOG))
        one, two = (_judged_by(config, workers, backlog) for workers in (1, 2))
        row |= {
            "judge": config.settings.judge.model,
            "judged": backlog,
            "one_worker_per_second": round(backlog / one),
            "two_workers_per_second": round(backlog / two),
            "two_to_one": round(one / two, 2),
        }
    microseconds = {}
    for posts in (min(_SHORT, number), number):
        with embedded(config) as there, closing(wiring.open_log(there)) as log:
            microseconds[posts] = drain(there, log, posts).seconds / posts * 1e6
    short, long = microseconds.values() if len(microseconds) == 2 else [*microseconds.values()] * 2
    return row | {
        "short_backlog_us_per_post": round(short, 1),
        "long_backlog_us_per_post": round(long, 1),
        "long_to_short": round(long / short, 3),
    }


def _judged_by(config: Config, workers: int, backlog: int) -> float:
    """Seconds that so many workers need for a backlog."""
    with own_names(config, partitions=2) as own:
        judge = own.settings.judge.model_copy(update={"threads": 1})
        tables = {"judge": judge, "work": WorkTable(batch=_BATCH)}
        there = replace(own, settings=own.settings.model_copy(update=tables))
        with closing(wiring.open_log(there)) as log, at_work(there, ["judge"] * workers, pinned=True) as processes:
            return finish(log, processes, backlog, settle=_JOINED)[1]
