"""Health: what may be said of a source now, from its register entry and what crawls left behind.

Owns the judgement, which is pure. Does not own what is kept (`state`). Silence is never called news: whatever is not
known to be whole has a state that says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawlers.breaker import Breaker
from crawlers.gaps import Gap
from crawlers.sources import Source, day, forbidden, lapsed
from stream.labels import Health
from stream.records import Coverage, SourceHealth
from stream.zone import SHANGHAI

LOSS_SHOWN = timedelta(days=1)
"""How long a gap is told after it was found, and a cap after the newest post of the crawl that it cut: as long as a
daily report looks back."""
_STALE_AFTER = 3
_NAMED = 3
REFUSED = (Health.BLOCKED, Health.LOGIN_NEEDED)
"""What a source stays that was refused, until a crawl has seen posts again."""
_NOT_ASKED = (Health.OFF, Health.UNAUTHORISED)
_SEEN = (Health.FRESH, Health.CAPPED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the latest crawls of a source ended."""

    health: Health
    """What the last one alone says; of a source that was refused, the last that was either refused or read."""
    reason: str
    since: datetime
    """Since when they have ended so."""
    success: datetime | None
    """When the newest posts were last seen."""


@dataclass(frozen=True, slots=True)
class Left:
    """What crawls of one source left behind."""

    standing: Standing | None = None
    posts: int = 0
    breaker: Breaker | None = None
    gaps: Sequence[tuple[datetime, Gap]] = ()
    """Found within `LOSS_SHOWN`, each with when."""
    coverage: tuple[Coverage, ...] = ()
    """Of the last crawl."""
    crawled: datetime | None = None
    """When that ended."""


def judge(source: Source, left: Left, now: datetime) -> SourceHealth:
    """Health at `now`."""
    health, reason, since = _state(source, left, now)
    success = left.standing.success if left.standing else None
    return SourceHealth(
        source.name,
        source.label,
        health,
        reason,
        since,
        success,
        left.posts,
        left.breaker.retry_at if left.breaker else None,
        _listings(source, left, health, since, now),
    )


def named(rows: Sequence[Coverage], state: Health) -> str:
    """The listings in this state, for a person: `「云汀茶」「秋桂」等 5 个`; empty where they have no names."""
    return _some(row.listing for row in rows if row.state is state)


def _listings(
    source: Source, left: Left, health: Health, since: datetime | None, now: datetime
) -> tuple[Coverage, ...]:
    """What the last crawl saw of each listing, as far as that still holds; else every listing is as its source is."""
    if not left.coverage:
        return (Coverage("", health, began=since),)
    if health in _NOT_ASKED or left.crawled is None or now - left.crawled > _patience(source):
        return tuple(replace(row, state=health, began=since) for row in left.coverage)
    found = {gap.listing: at for at, gap in reversed(left.gaps)}
    return tuple(
        replace(row, state=Health.GAP, began=found[row.listing]) if row.state in _SEEN and row.listing in found else row
        for row in left.coverage
    )


def _patience(source: Source) -> timedelta:
    """How long what a crawl saw is worth anything."""
    return timedelta(seconds=_STALE_AFTER * source.interval_seconds)


def _state(source: Source, left: Left, now: datetime) -> tuple[Health, str, datetime | None]:  # noqa: PLR0911 - a table
    last = left.standing
    if not source.crawled:
        return Health.OFF, "已停用，不采集", None
    if why := forbidden(source, day(now)):
        return Health.UNAUTHORISED, why, _ended(source, now)
    if last is None:
        return Health.NEVER, "尚未采集", None
    if last.health in REFUSED:
        return last.health, last.reason, last.since
    if last.success is None:
        return Health.NEVER, f"尚未成功采集：{last.reason}", last.since
    limit = _patience(source)
    if now - last.success > limit:
        why = "" if last.health is Health.FRESH or not last.reason else f"：{last.reason}"
        return Health.STALE, f"已超过 {_STALE_AFTER} 个采集周期没有成功{why}", last.success + limit
    if left.gaps:
        return Health.GAP, _missed([gap for _, gap in left.gaps]), left.gaps[0][0]
    if last.health is Health.CAPPED or (source.imported and last.health is Health.GAP):  # files lie in no order
        return last.health, last.reason, last.since
    if any(row.state is Health.CAPPED for row in left.coverage):
        return (
            Health.CAPPED,
            f"{named(left.coverage, Health.CAPPED)}触顶后只接上了新内容，触顶处以下未能读到",
            last.success,
        )
    # what was seen still holds, and who must put it right shall not wait until it does not
    failed = f"最近一次采集失败：{last.reason}" if last.health is Health.STALE else ""
    return Health.FRESH, failed, last.since if last.health is Health.FRESH else last.success


def _ended(source: Source, now: datetime) -> datetime | None:
    """The first moment after the authorisation's last day."""
    until = lapsed(source, day(now))
    if until is None:
        return None
    return datetime(until.year, until.month, until.day, tzinfo=SHANGHAI) + timedelta(days=1)


def _missed(gaps: Sequence[Gap]) -> str:
    where = _some(gap.listing for gap in gaps)
    return f"{where}两次采集之间有一段内容未见到，可能遗漏"


def _some(listings: Iterable[str]) -> str:
    names = list(dict.fromkeys(f"「{listing}」" for listing in listings if listing))
    return "".join(names[:_NAMED]) + (f"等 {len(names)} 个" if len(names) > _NAMED else "")
