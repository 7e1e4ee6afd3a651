"""The source register: every source with its right, its limits, its health and what its last crawl covered.

Owns the rows of `guanlan sources`, and the sentence why a source is not crawled now. Loads no Scrapy.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from alerts.shortfall import shortfalls
from alerts.wording import moment
from configs import wiring
from configs.load import Config, known
from crawlers.breaker import Breaker
from crawlers.health import LOSS_SHOWN
from crawlers.sources import Source, day, forbidden
from crawlers.state import CrawlState
from stream.labels import chinese
from stream.records import SourceHealth
from stream.zone import SHANGHAI

_REMIND = timedelta(days=30)


def registered(config: Config, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One row a source (of these names, if any are given), in the order of `sources.toml`; times are Asia/Shanghai.

    Raises:
        Misconfigured: a name is unknown.
    """
    path = config.path.parent / "sources.toml"
    known(path, "source.name", names, [source.name for source in config.sources])
    state = wiring.open_state(config)
    try:
        now = wiring.now()
        gaps = state.gaps.found(now - LOSS_SHOWN)
        return [
            {
                **_entry(source, now),
                "robots": {
                    "assessed": source.robots,
                    "assessed_on": source.robots_date,
                    "seen": [
                        {"host": seen.host, "says": seen.says, "read_at": _local(seen.read_at), "text": seen.text}
                        for seen in state.robots.of(source.name)
                    ],
                },
                **_health(health),
                "gaps": [
                    {
                        "listing": gap.listing,
                        "since": _local(gap.since),
                        "until": _local(gap.until),
                        "found_at": _local(found),
                    }
                    for found, gap in gaps.get(source.name, ())
                ],
            }
            for source, health in zip(config.sources, wiring.source_health(config, state), strict=True)
            if not names or source.name in names
        ]
    finally:
        state.close()


def listings(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a listing of these sources, for a table."""
    return [
        {"source": row["name"], **{key: "" if value is None else value for key, value in listing.items()}}
        | {"subjects": "、".join(listing["subjects"]) or "不限"}
        for row in rows
        for listing in row["coverage"]
    ]


def incomplete(config: Config) -> list[str]:
    """A sentence a subject whose figures are not whole."""
    state = wiring.open_state(config)
    try:
        found = shortfalls(wiring.source_health(config, state), config.subjects)
    finally:
        state.close()
    return [f"{one.title}:{one.words}" for one in found]


def held_back(source: Source, state: CrawlState, now: datetime) -> str:
    """Why a source that is switched on is not crawled now, in words for a person; empty when it may be."""
    if why := forbidden(source, day(now)):
        return f"{source.name}:{why}"
    breaker = state.breakers.open().get(source.name)
    if breaker is None or breaker.retry_at <= now:
        return ""
    return resting(breaker, now)


def resting(breaker: Breaker, now: datetime) -> str:
    """Which source is left alone, why, and until when; a year is told where it is not that of `now`."""
    times = f"连续 {breaker.failures} 次,自 {moment(breaker.since, now)} 起" if breaker.failures else "站点要求稍后再来"
    return f"{breaker.source}:{breaker.reason}({times}),{moment(breaker.retry_at, now)} 再试"


def _entry(source: Source, now: datetime) -> dict[str, Any]:
    until = source.authorised_until
    return {
        "name": source.name,
        "spider": source.spider,
        "platform": source.label,
        "access": source.access,
        "enabled": source.crawled,
        "purpose": source.purpose,
        "assessment": source.assessment,
        "authorisation": source.authorisation,
        "authorised_until": source.authorised_until,
        "expires_soon": until is not None and until - day(now) <= _REMIND,
        "budget": {
            "requests_per_minute": source.requests_per_minute,
            "requests_per_day": source.requests_per_day,
            "delay_seconds": source.delay_seconds,
            "concurrency": source.concurrency,
            "interval_seconds": source.interval_seconds,
            "max_pages": source.page_limit,
        },
        "retention": source.retention,
    }


def _health(health: SourceHealth) -> dict[str, Any]:
    return {
        "health": health.health,
        "label": chinese(health.health),
        "reason": health.reason,
        "since": _local(health.since),
        "retry_at": _local(health.retry_at),
        "last_success": _local(health.last_success),
        "posts": health.posts,
        "coverage": [
            {
                **asdict(row),
                "label": chinese(row.state),
                "began": _local(row.began),
                "since": _local(row.since),
                "until": _local(row.until),
            }
            for row in health.coverage
        ],
    }


def _local(at: datetime | None) -> str | None:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds") if at else None
