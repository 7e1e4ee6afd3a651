"""The figures of the overview, read from the store, the book and the health in one go.

Owns which questions are asked and how often: everyone who looks at the same window shares one reading, at most one
every few seconds. Does not own how the figures look. No self-harm post is ever part of it, whoever looks.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from alerts.voices import spreads
from api.dashboard.inbox import Inbox, read_inbox
from api.dashboard.shell import threaded
from api.health import HealthReport, examine
from api.parts import Parts
from stream.labels import Risk, Role, SelfHarm, Sentiment
from stream.query import Facet, Hit, Interval, PostQuery
from stream.records import Subject
from stream.zone import SHANGHAI

_SHOWN_POSTS = 8
_READ_POSTS = 200
_READ_PAGES = 10
_MOST_SUBJECTS = 10_000
"""More than anybody listens for; one beyond would be shown without posts."""
OURS = (Role.OWN, Role.CAMPAIGN)
"""Whose figures are called our own."""
NONE_OWN = "没有登记自有品牌"
_SAFE = PostQuery(self_harm=(SelfHarm.NONE,))


class Span(StrEnum):
    """The stretch of time that the overview is about."""

    TODAY = "today"
    DAY = "24h"
    WEEK = "7d"


SPAN_WORDS = {Span.TODAY: "今日", Span.DAY: "近 24 小时", Span.WEEK: "近 7 天"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of the trend."""

    label: str
    posts: int
    negative: int


@dataclass(frozen=True, slots=True)
class Brand:
    """One subject beside the others."""

    name: str
    title: str
    role: Role
    posts: int
    negative: int


@dataclass(frozen=True, slots=True)
class RiskCount:
    """How many negative posts carry a risk."""

    risk: Risk
    posts: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A story among the newest posts."""

    hit: Hit
    """Its newest original, or its newest repost where no original was read."""
    copies: int
    """How many more of it were read."""
    latest: datetime
    """When it was last told."""
    whole: bool = True
    """Every negative post of the span was read; else there may be more copies."""


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, as it was at one moment."""

    at: datetime
    span: Span
    posts: int
    posts_before: int
    negative: int
    negative_before: int
    trend: tuple[Bucket, ...]
    brands: tuple[Brand, ...]
    risks: tuple[RiskCount, ...]
    voices: tuple[Voice, ...]
    inbox: Inbox
    health: HealthReport
    latency: float | None
    """Median seconds from fetched to searchable, over the newest posts of any brand."""

    @property
    def own(self) -> bool:
        """Whether any brand is ours; if none is, the figures of our own are zeros that say nothing."""
        return any(brand.role in OURS for brand in self.brands)


def ours(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """The names of those whose figures are called our own."""
    return tuple(subject.name for subject in subjects if subject.role in OURS)


def window(span: Span, now: datetime) -> tuple[datetime, datetime]:
    """From when the span counts, and from when the equally long one before it does."""
    if span is Span.TODAY:
        since = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        return since, since - timedelta(days=1)
    length = timedelta(days=1 if span is Span.DAY else 7)
    return now - length, now - 2 * length


def read(parts: Parts, span: Span) -> Overview:
    """Ask the ports for every figure; blocks.

    Raises:
        Unavailable: the store or the book cannot be read.
    """
    now = parts.clock()
    since, earlier = window(span, now)
    everyone = replace(_SAFE, since=since, until=now + timedelta(seconds=1))
    own = ours(parts.subjects)
    mine = replace(everyone, subjects=own)
    # compared with the same stretch before: at noon, today is held against yesterday until noon
    before = replace(mine, since=earlier, until=earlier + (now - since))
    bad = replace(mine, sentiments=(Sentiment.NEGATIVE,))

    def count(query: PostQuery) -> int:
        return parts.store.count(query) if own else 0  # a query of no subject asks for everybody's posts

    return Overview(
        at=now,
        span=span,
        posts=count(mine),
        posts_before=count(before),
        negative=count(bad),
        negative_before=count(replace(before, sentiments=(Sentiment.NEGATIVE,))),
        trend=_trend(parts, mine, bad) if own else (),
        brands=_brands(parts, everyone),
        risks=tuple(RiskCount(Risk(c.value), c.posts) for c in parts.store.count_by(bad, Facet.RISK)) if own else (),
        voices=_newest(parts, bad) if own else (),
        inbox=read_inbox(parts),
        health=examine(parts),
        latency=_latency(parts),
    )


def _newest(parts: Parts, bad: PostQuery) -> tuple[Voice, ...]:
    """The stories last told; one wave of reposts is read past, up to a bound."""
    hits: list[Hit] = []
    found: tuple[Voice, ...] = ()
    after = ""
    for _ in range(_READ_PAGES):
        page = parts.store.search(bad, _READ_POSTS, after)
        hits += page.hits
        found, after = voices(hits, parts.group), page.after
        if not after or len(found) == _SHOWN_POSTS:
            break
    return tuple(replace(voice, whole=not after) for voice in found)


def voices(hits: Sequence[Hit], group: Callable[[Sequence[str]], list[int]]) -> tuple[Voice, ...]:
    """One voice a story, in the order of its newest post. Near copies are one story, and so are the reposts of one
    post, whatever each adds to it."""
    links: dict[int | str, int | str] = {}

    def story(key: int | str) -> int | str:
        while links.setdefault(key, key) != key:
            key = links[key]
        return key

    numbers = group([hit.judged.fingerprint for hit in hits])
    for hit, number in zip(hits, numbers, strict=True):
        post = hit.judged.post
        links[story(post.parent if spreads(post) else post.id)] = story(number)
    stories: dict[int | str, list[Hit]] = {}
    for hit, number in zip(hits, numbers, strict=True):
        stories.setdefault(story(number), []).append(hit)
    return tuple(_voice(told) for told in list(stories.values())[:_SHOWN_POSTS])


def _voice(told: Sequence[Hit]) -> Voice:
    said = next((hit for hit in told if not spreads(hit.judged.post)), told[0])
    return Voice(said, len(told) - 1, told[0].judged.post.published_at)


def buckets(all_posts: dict[datetime, int], negative: dict[datetime, int], step: timedelta) -> tuple[Bucket, ...]:
    """Every step from the first to the last with posts in it, the empty ones between as zeros."""
    if not all_posts:
        return ()
    form = "%H:%M" if step < timedelta(days=1) else "%m-%d"
    first, last = min(all_posts), max(all_posts)
    starts = [first + step * i for i in range((last - first) // step + 1)]
    return tuple(Bucket(f"{at:{form}}", all_posts.get(at, 0), negative.get(at, 0)) for at in starts)


def _trend(parts: Parts, mine: PostQuery, bad: PostQuery) -> tuple[Bucket, ...]:
    assert mine.since
    assert mine.until
    week = mine.until - mine.since > timedelta(days=2)
    by, step = (Interval.DAY, timedelta(days=1)) if week else (Interval.HOUR, timedelta(hours=1))

    def counted(query: PostQuery) -> dict[datetime, int]:
        return {datetime.fromisoformat(c.value).astimezone(SHANGHAI): c.posts for c in parts.store.count_by(query, by)}

    found = counted(mine)
    # the axis is the window, not the data: hours without posts are zeros from edge to edge
    edges = (_floor(mine.since, by), _floor(mine.until, by))
    return buckets({edges[0]: 0, edges[1]: 0} | found, counted(bad), step)


def _floor(moment: datetime, by: Interval) -> datetime:
    local = moment.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0)
    return local.replace(hour=0) if by is Interval.DAY else local


def _latency(parts: Parts) -> float | None:
    hits = parts.store.search(_SAFE, _READ_POSTS).hits
    return median((hit.indexed_at - hit.judged.post.fetched_at).total_seconds() for hit in hits) if hits else None


def _brands(parts: Parts, everyone: PostQuery) -> tuple[Brand, ...]:
    bad = replace(everyone, sentiments=(Sentiment.NEGATIVE,))
    posts, negative = (
        {c.value: c.posts for c in parts.store.count_by(query, Facet.SUBJECT, _MOST_SUBJECTS)}
        for query in (everyone, bad)
    )

    def brand(subject: Subject) -> Brand:
        counts = posts.get(subject.name, 0), negative.get(subject.name, 0)
        return Brand(subject.name, subject.title, subject.role, *counts)

    return tuple(brand(subject) for subject in parts.subjects)


class Pulse:
    """Shared readings: the first to ask for a window after the last reading got old makes the next one."""

    def __init__(self, parts: Parts, keep: timedelta = timedelta(seconds=4)) -> None:
        self._parts = parts
        self._keep = keep
        self._last: dict[Span, Overview] = {}
        self._locks = {span: asyncio.Lock() for span in Span}

    def forget(self) -> None:
        """Somebody changed something: the next to ask reads anew."""
        self._last.clear()

    async def read(self, span: Span) -> Overview:
        """The figures, at most a few seconds old.

        Raises:
            Unavailable: the store or the book cannot be read now.
        """
        async with self._locks[span]:
            last = self._last.get(span)
            if last is None or self._parts.clock() - last.at >= self._keep:
                last = self._last[span] = await threaded(read, self._parts, span)
            return last
