"""`guanlan bench cluster`: the same backlog on this machine alone and through Kafka and Elasticsearch, in one run.

Owns the comparison. Each side is as it is used: alone, the three workers are threads of one process; on the cluster, a
process each. The cluster is the one that the configuration names; topics and indices have a prefix of their own, the
indices are emptied afterwards, and the topics keep their messages for a day.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from configs import wiring
from configs.bench.pipeline import Drained, drain, embedded
from configs.bench.workers import WARM, at_work, finish
from configs.load import Config
from configs.settings import BookTable, JudgeTable
from stream.ports import Misconfigured
from stream.query import PostQuery
from stream.records import JUDGED


def cluster(config: Config, number: int) -> dict[str, Any]:
    """Drain `number` posts both ways, judged by the lexicon, and a tenth of them judged as the configuration says.

    Returns:
        Posts per second of each, and their ratios.
    """
    row: dict[str, Any] = {"posts": number}
    for model, posts in (("lexicon", number), (config.settings.judge.model, max(1, number // 10))):
        with embedded(config, model=model) as here, closing(wiring.open_log(here)) as log:
            alone = drain(here, log, posts)
        with _own_corner(config, model) as there:
            spread = _spread(there, posts)
        row |= _figures("" if model == "lexicon" else f"{model}_", posts, alone, spread)
    return row


@contextmanager
def own_names(config: Config, *, partitions: int) -> Iterator[Config]:
    """The cluster of a configuration under names that nobody uses, and a data folder of its own.

    Raises:
        Misconfigured: it names no cluster.
    """
    kafka, elastic = config.settings.log.kafka, config.settings.store.elastic
    if kafka is None or elastic is None:
        raise Misconfigured(f"{config.path}: log.kafka, store.elastic: both are needed here; see cluster.toml")
    mark = f"bench{int(time.time() * 1000)}"
    log = config.settings.log.model_copy(
        update={"kafka": replace(kafka, prefix=f"{kafka.prefix}{mark}.", partitions=partitions, retention_days=1)}
    )
    store = config.settings.store.model_copy(update={"elastic": replace(elastic, prefix=f"{elastic.prefix}-{mark}")})
    with TemporaryDirectory(prefix="guanlan-bench-") as folder:
        tables = {"data": Path(folder), "log": log, "store": store, "book": BookTable()}
        yield replace(config, settings=config.settings.model_copy(update=tables))


def _spread(config: Config, number: int) -> Drained:
    with closing(wiring.open_log(config)) as log, closing(wiring.open_store(config)) as store:
        with at_work(config, [group for _, group in wiring.GROUPS]) as processes:
            append_seconds, seconds = finish(log, processes, number)
        judged, indexed = log.size(JUDGED) - WARM, store.count(PostQuery()) - WARM
    with closing(wiring.open_book(config)) as book:
        return Drained(append_seconds, seconds, judged, indexed, book.alert_count())


@contextmanager
def _own_corner(config: Config, model: str) -> Iterator[Config]:
    judge = JudgeTable(model=model, threads=config.settings.judge.threads)
    with own_names(config, partitions=2) as own:
        there = replace(own, settings=own.settings.model_copy(update={"judge": judge}))
        try:
            yield there
        finally:
            with closing(wiring.open_store(there)) as store:
                store.forget(before=wiring.now() + timedelta(days=32))


def _figures(of: str, posts: int, alone: Drained, spread: Drained) -> dict[str, Any]:
    return {
        f"{of}embedded_per_second": round(posts / alone.seconds),
        f"{of}cluster_per_second": round(posts / spread.seconds),
        f"{of}cluster_to_embedded": round(alone.seconds / spread.seconds, 3),
        f"{of}kafka_append_per_second": round(posts / spread.append_seconds),
        f"{of}lost": 2 * posts - spread.judged - spread.indexed,
    }
