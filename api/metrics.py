"""Figures for a Prometheus that is already there: lag, posts a source, latency a source and stage.

Owns metric names. Everything is read from the ports when scraped, in a registry of its own, so nothing is counted
twice and nothing has to be remembered between scrapes.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import quantiles

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.health import undelivered
from api.parts import Parts
from stream.labels import Health, SelfHarm
from stream.query import Facet, Hit, PostQuery

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RECENT = 500
_SOURCES = 10_000
_SAFE = PostQuery(self_harm=(SelfHarm.NONE,))


def stage_seconds(hits: Sequence[Hit]) -> dict[str, list[float]]:
    """Seconds that each hit spent before each stage was done, by stage; clocks that disagree count as zero."""
    spans: dict[str, list[float]] = {"fetch": [], "log": [], "judge": [], "index": []}
    for hit in hits:
        for stage, (start, end) in zip(spans, pairwise(hit.steps), strict=False):
            spans[stage].append(max(0.0, (end - start).total_seconds()))
    return spans


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """The 50th, 95th and 99th percentile; empty without data."""
    if not seconds:
        return {}
    cuts = quantiles([*seconds, *seconds] if len(seconds) == 1 else seconds, n=100, method="inclusive")
    return {"0.5": cuts[49], "0.95": cuts[94], "0.99": cuts[98]}


class PipelineCollector(Collector):
    """Reads the ports at each scrape.

    Raises:
        Unavailable: a port cannot be read; the scrape then fails as a whole rather than showing half.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand, so that registering does not read the ports."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Every metric with its value now."""
        yield self._lag()
        yield self._dead()
        yield self._undelivered()
        yield self._posts()
        yield self._sources()
        yield self._latency()

    def _lag(self) -> Metric:
        lag = GaugeMetricFamily("guanlan_lag_messages", "Messages not committed yet.", labels=("topic", "group"))
        for topic, group in self._parts.groups:
            lag.add_metric((topic, group), self._parts.log.lag(topic, group))
        return lag

    def _dead(self) -> Metric:
        words = "Messages that could not be handled and that nobody has dealt with."
        return GaugeMetricFamily("guanlan_dead_letters", words, value=self._parts.dead())

    def _undelivered(self) -> Metric:
        words = "Notices and mails given up for good within the last day, those left out that became needless."
        return GaugeMetricFamily("guanlan_undelivered", words, value=undelivered(self._parts))

    def _posts(self) -> Metric:
        posts = GaugeMetricFamily("guanlan_posts", "Posts searchable now.", labels=("source",))
        for count in self._parts.store.count_by(_SAFE, Facet.SOURCE, limit=_SOURCES):
            posts.add_metric((count.value,), count.posts)
        return posts

    def _sources(self) -> Metric:
        states = GaugeMetricFamily("guanlan_source_health", "1 for the state it is in.", labels=("source", "health"))
        for source in self._parts.health():
            for state in Health:
                states.add_metric((source.name, state.value), float(source.health is state))
        return states

    def _latency(self) -> Metric:
        latency = GaugeMetricFamily(
            "guanlan_stage_latency_seconds",
            f"Time until each stage was done, of the sources that the newest {_RECENT} posts come from.",
            labels=("source", "stage", "quantile"),
        )
        recent: dict[str, list[Hit]] = {}
        for hit in self._parts.store.search(_SAFE, _RECENT).hits:
            recent.setdefault(hit.judged.post.source, []).append(hit)
        for source, hits in recent.items():
            for stage, seconds in stage_seconds(hits).items():
                for quantile, value in percentiles(seconds).items():
                    latency.add_metric((source, stage, quantile), value)
        return latency


def exposition(parts: Parts) -> bytes:
    """All metrics in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PipelineCollector(parts))
    return generate_latest(registry)
