"""`guanlan bench store`: how fast the store takes posts, answers and counts, and how much room it needs.

Owns the questions that are asked of it. On SQLite in a temporary folder, or, where the configuration names one, on
Elasticsearch under a prefix of its own, which is emptied afterwards.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from configs import wiring
from configs.bench.posts import SPREAD, corpus, judged
from configs.bench.yardstick import bare_sqlite
from configs.judging import load_judge
from configs.load import Config
from configs.settings import StoreTable
from stream.codec import encode
from stream.labels import Risk, Sentiment
from stream.ports import PostStore
from stream.query import Facet, Interval, Order, PostQuery

_WORDS = (
    "云汀茶",
    "钢丝",
    "退款",
    "好喝",
    "客服 态度",
    "异物 OR 钢丝",
    "桂花",
    "配送 NOT 好喝",
    "手机",
    "半糖星球",
    "12315",
)
_PLATFORMS = ("weibo", "douyin", "heimao", "autohome", "forum", "complaint")
_ASKED = 300
_BARE = 100_000
"""Posts after which the yardstick's speed is known."""


def store(config: Config, number: int) -> dict[str, Any]:
    """Put `number` posts in batches of 500, then search and count.

    Returns:
        Posts per second over all and over the last tenth, beside bare SQLite; the 95th percentile of searches
        (newest first, and best first) and counts in milliseconds; bytes on disk (SQLite only).
    """
    now = wiring.now()
    judgements = [one.judgement for one in load_judge(config, wiring.now)(*corpus(now))]
    with _opened(config) as (held, folder):
        seconds = []
        for batch in judged(number, now, judgements):
            began = time.perf_counter()
            held.put(batch)
            seconds.append(time.perf_counter() - began)
        tenth = max(1, len(seconds) // 10)
        row: dict[str, Any] = {
            "store": "sqlite" if folder else "elastic",
            "posts": held.count(PostQuery()),
            "put_per_second": round(number / sum(seconds)),
            "put_per_second_last_tenth": round(min(number, tenth * 500) / sum(seconds[-tenth:])),
            "put_p95_ms_of_500": _p95(seconds),
            "search_p95_ms": _asked(lambda query: held.search(query, 20), _searches(now, Order.NEWEST)),
            "ranked_search_p95_ms": _asked(lambda query: held.search(query, 20), _searches(now, Order.RELEVANCE)),
            "count_by_p95_ms": _asked(lambda asked: held.count_by(*asked), _counts(now)),
        }
        if folder is None:
            return row
        sample = min(number, _BARE)
        documents = ([(one.post.id, encode(one)) for one in batch] for batch in judged(sample, now, judgements))
        bare = sample / bare_sqlite(folder / "bare.db", documents)
        held.close()
        row["bare_sqlite_per_second"] = round(bare)
        row["put_to_bare"] = round(row["put_per_second"] / bare, 3)
        row["gigabytes"] = round(sum(path.stat().st_size for path in folder.glob("store.db*")) / 1e9, 3)
        return row


@contextmanager
def _opened(config: Config) -> Iterator[tuple[PostStore, Path | None]]:
    elastic = config.settings.store.elastic
    if elastic is None:
        with tempfile.TemporaryDirectory(prefix="guanlan-bench-") as name:
            there = replace(config, settings=config.settings.model_copy(update={"data": Path(name)}))
            held = wiring.open_store(there)
            try:
                yield held, Path(name)
            finally:
                held.close()
        return
    own = replace(elastic, prefix=f"{elastic.prefix}-bench-{int(time.time())}")
    table = StoreTable(elastic=own, elastic_api_key=None).model_copy(
        update={"elastic_api_key": config.settings.store.elastic_api_key}
    )
    held = wiring.open_store(replace(config, settings=config.settings.model_copy(update={"store": table})))
    try:
        yield held, None
    finally:
        held.forget(before=wiring.now() + timedelta(days=32))
        held.close()


def _searches(now: datetime, order: Order) -> Iterator[PostQuery]:
    dice = random.Random(20261122)  # noqa: S311 — the same questions in every run
    for _ in range(_ASKED):
        since = now - SPREAD * dice.random()
        yield PostQuery(
            text=dice.choice(_WORDS),
            platforms=tuple(dice.sample(_PLATFORMS, dice.randint(1, 2))),
            since=since,
            until=since + timedelta(days=dice.choice((1, 7, 30))),
            order=order,
        )


def _counts(now: datetime) -> Iterator[tuple[PostQuery, Facet | Interval]]:
    dice = random.Random(20261123)  # noqa: S311
    facets = (Facet.PLATFORM, Facet.SENTIMENT, Facet.RISK, Facet.SUBJECT, Facet.STAGE, Interval.HOUR, Interval.DAY)
    for _ in range(_ASKED):
        by = dice.choice(facets)
        # hours are asked for a week at most, as the dashboard does
        days = dice.choice((1, 7) if by is Interval.HOUR else (1, 7, 30, 90))
        since = now - timedelta(days=days) - (SPREAD - timedelta(days=days)) * dice.random()
        query = PostQuery(
            text=dice.choice(("", "", *_WORDS)),
            platforms=(dice.choice(_PLATFORMS),) if dice.random() < 0.5 else (),
            sentiments=(Sentiment.NEGATIVE,) if dice.random() < 0.3 else (),
            risks=(dice.choice(list(Risk)),) if dice.random() < 0.2 else (),
            since=since,
            until=since + timedelta(days=days),
        )
        yield query, by


def _asked(ask: Callable[[Any], object], questions: Iterator[Any]) -> float:
    seconds = []
    for number, question in enumerate(questions):
        began = time.perf_counter()
        ask(question)
        if number >= _ASKED // 10:  # the first ones warm up
            seconds.append(time.perf_counter() - began)
    return _p95(seconds)


def _p95(seconds: list[float]) -> float:
    if len(seconds) < 2:
        return round(seconds[0] * 1000, 1)
    return round(quantiles(seconds, n=20, method="inclusive")[18] * 1000, 1)
