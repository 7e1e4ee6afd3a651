"""Worker loops in processes of their own, as a cluster has them, and how fast they finish a backlog.

Owns the processes and the clock. Does not own what is compared (`cluster`, `scale`).
"""

import multiprocessing
import os
import signal
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing.process import BaseProcess

from configs import wiring
from configs.bench.posts import messages
from configs.load import Config
from stream.ports import MessageLog, Unavailable
from stream.records import POSTS
from stream.worker import Worker

WARM = 200
"""Posts handled before the clock starts, so that start-up and joining a group do not count."""
_LOOK = 0.25
"""Seconds between two looks at how far they are; each look is work for the brokers, too."""
_APART = 5.0
"""Seconds between the starts of two of one name. The stand-in may never finish sharing out work among members that join
at the same moment; brokers wait a few seconds for all to come."""
_PATIENCE = 900.0


@contextmanager
def at_work(config: Config, names: Sequence[str], *, pinned: bool = False) -> Iterator[list[BaseProcess]]:
    """A process for each of `names`, with the loop of `guanlan work NAME`; each on a core of its own if `pinned`."""
    cores = sorted(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = []
    try:
        for place, name in enumerate(names):
            if name in names[:place]:
                time.sleep(_APART)
            where = {cores[place % len(cores)]} if pinned else set(cores)
            processes.append(context.Process(target=_work, name=name, args=(config, name, where)))
            processes[-1].start()
        yield processes
    finally:
        for process in processes:
            _tell(process, signal.SIGCONT)
            process.terminate()
        for process in processes:
            process.join()


def finish(log: MessageLog, processes: Sequence[BaseProcess], number: int, *, settle: float = 0) -> tuple[float, float]:
    """Seconds to append `number` posts, and to judge them and whatever else the processes do.

    Args:
        settle: seconds in which several processes of one name share out their work.

    Raises:
        Unavailable: one of the processes has ended, or they do not finish.
    """
    lags = [
        partial(log.lag, topic, group) for topic, group in wiring.GROUPS if group in {one.name for one in processes}
    ]
    _append(log, WARM, number)
    _wait(lags, processes)
    time.sleep(settle)
    for process in processes:  # they begin together, with the whole backlog before them
        _tell(process, signal.SIGSTOP)
    began = time.perf_counter()
    _append(log, number, 0)
    appended = time.perf_counter() - began
    began = time.perf_counter()
    for process in processes:
        _tell(process, signal.SIGCONT)
    _wait(lags, processes)
    return appended, time.perf_counter() - began


def _work(config: Config, name: str, cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)
    while True:
        with closing(wiring.open_log(config)) as log, closing(wiring.open_worker(config, name, log)) as worker:
            signal.signal(signal.SIGTERM, partial(_stop, worker))
            try:
                worker.run()
            except struct.error:  # the stand-in gives who joins early an empty share; systemd would begin again, too
                continue
            return


def _stop(worker: Worker, *_: object) -> None:
    worker.stop()


def _append(log: MessageLog, number: int, first: int) -> None:
    for batch in messages(number, wiring.now(), first=first):
        log.append(POSTS, batch)


def _wait(lags: Sequence[Callable[[], int]], processes: Sequence[BaseProcess]) -> None:
    """Until nothing is left to do, first for those that give others theirs."""
    end = time.monotonic() + _PATIENCE
    for lag in lags:
        while lag():
            if not all(process.is_alive() for process in processes) or time.monotonic() > end:
                raise Unavailable("a worker has ended, or the backlog is not finished in time")
            time.sleep(_LOOK)


def _tell(process: BaseProcess, what: signal.Signals) -> None:
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, what)
