"""`guanlan bench scale`: two judge workers against one, and a long backlog against a short one.

Owns the two comparisons. The workers are processes as `guanlan work judge` starts them, each on one core, on the Kafka
that the configuration names; without one that half is left out, since the log on SQLite has one reader a group.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from configs import wiring
from configs.bench.cluster import own_names
from configs.bench.pipeline import drain, embedded
from configs.bench.posts import messages
from configs.load import Config
from stream.ports import MessageLog, Unavailable
from stream.records import POSTS

_SHORT = 10_000
_WARM = 200
"""Posts judged before the clock starts, so that start-up and joining the group do not count."""
_JOINED = 20.0
"""Seconds in which a worker joins its group once it is up."""
_PATIENCE = 600.0


def scale(config: Config, number: int) -> dict[str, Any]:
    """Judge a tenth of `number` posts by one worker on one core and by two on two; drain 10,000 posts and `number`.

    Returns:
        Posts per second and the ratios.
    """
    row: dict[str, Any] = {"posts": number}
    if config.settings.log.kafka is not None:
        backlog = max(1, number // 10)
        one, two = (_judged_by(config, workers, backlog) for workers in (1, 2))
        row |= {
            "judge": config.settings.judge.model,
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
    with ExitStack() as opened:
        there = opened.enter_context(own_names(config, partitions=2))
        log = opened.enter_context(closing(wiring.open_log(there)))
        processes = opened.enter_context(_workers(there, workers))
        _append(log, _WARM)
        _wait(log)
        time.sleep(_JOINED)
        _append(log, _WARM)
        _wait(log)
        for process in processes:  # they begin together, with the whole backlog before them
            process.send_signal(signal.SIGSTOP)
        _append(log, backlog)
        began = time.perf_counter()
        for process in processes:
            process.send_signal(signal.SIGCONT)
        _wait(log)
        return time.perf_counter() - began


@contextmanager
def _workers(config: Config, number: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    kafka = config.settings.log.kafka
    assert kafka is not None
    environment = os.environ | {
        "GUANLAN_LOG__KAFKA__PREFIX": kafka.prefix,
        "GUANLAN_LOG__KAFKA__PARTITIONS": str(kafka.partitions),
        "GUANLAN_LOG__KAFKA__RETENTION_DAYS": str(kafka.retention_days),
        "GUANLAN_JUDGE__THREADS": "1",
        "GUANLAN_WORK__BATCH": "50",
        "GUANLAN_DATA": str(config.settings.data),
    }
    cores = sorted(os.sched_getaffinity(0))
    processes = []
    try:
        for place in range(number):
            process = subprocess.Popen(  # noqa: S603 — our own program, arguments as a list
                [sys.executable, "-m", "guanlan", "work", "judge", "--config", str(config.path)], env=environment
            )
            processes.append(process)
            os.sched_setaffinity(process.pid, {cores[place % len(cores)]})  # its threads inherit it
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in processes:
            process.wait(60)


def _append(log: MessageLog, number: int) -> None:
    for batch in messages(number, wiring.now()):
        log.append(POSTS, batch)


def _wait(log: MessageLog) -> None:
    end = time.monotonic() + _PATIENCE
    while log.lag(POSTS, "judge"):
        if time.monotonic() > end:
            raise Unavailable("the judge workers did not finish their backlog")
        time.sleep(0.1)
