"""The sections of a battle report, each made from the store by counting queries and reading posts.

Owns which question each number answers. Does not own their order or choice (`digest`), nor the ranking of matters.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from alerts.figures import Change, Crowd, Figure, Mood, Quote, Row, Share
from alerts.report import Brand, Campaign, Collected, Digest, Late, Latency, Line, OwnSection, Trend
from alerts.voices import Group, hits, loudest, quotes, read
from stream.labels import Risk, Sentiment, Stage, chinese
from stream.ports import PostStore
from stream.query import Facet, Interval, PostQuery
from stream.records import SourceHealth, Subject

LIVED = (Stage.PURCHASE, Stage.USE, Stage.AFTERSALES, Stage.LOYALTY)
"""Praise from before a purchase is mostly advertising."""
_SAMPLED = 2000
_SENTENCE = 12
"""Characters that praise must have to be worth repeating."""


def figure(store: PostStore, query: PostQuery) -> Figure:
    """The number of posts of the query."""
    return Figure(store.count(query), query)


def change(store: PostStore, query: PostQuery, previous: PostQuery | None) -> Change:
    """The query now and the same question over the window before; None if nothing was collected then."""
    return Change(figure(store, query), figure(store, previous) if previous else None)


def mood(store: PostStore, query: PostQuery) -> Mood:
    """The query's posts divided by sentiment."""
    negative, neutral, positive = (figure(store, replace(query, sentiments=(s,))) for s in Sentiment)
    return Mood(figure(store, query), negative, neutral, positive)


def own_section(store: PostStore, title: str, query: PostQuery, previous: PostQuery | None, crowd: Crowd) -> OwnSection:
    """The own brand; `crowd` is the one behind its negative posts."""
    negative = replace(query, sentiments=(Sentiment.NEGATIVE,))
    before = replace(previous, sentiments=(Sentiment.NEGATIVE,)) if previous else None
    kinds = [row(store, chinese(kind), replace(query, risks=(kind,))) for kind in Risk]
    stages = [row(store, chinese(s), replace(query, stages=(s,))) for s in Stage if s is not Stage.NONE]
    return OwnSection(
        title=title,
        mood=mood(store, query),
        volume=change(store, query, previous),
        negative=change(store, negative, before),
        crowd=crowd,
        risks=tuple(sorted((kind for kind in kinds if kind.all.value), key=lambda kind: -kind.all.value)),
        stages=tuple(stages),
    )


def row(store: PostStore, title: str, query: PostQuery) -> Row:
    """One label of a breakdown."""
    negative, neutral = (
        figure(store, replace(query, sentiments=(sentiment,))) for sentiment in (Sentiment.NEGATIVE, Sentiment.NEUTRAL)
    )
    return Row(title, figure(store, query), negative, neutral)


def praise(store: PostStore, group: Group, query: PostQuery, wanted: int) -> tuple[Quote, ...]:
    """Quotes of praise, one a story, the most echoed first; none that the judge doubts or finds a risk in."""
    voices = read(store, replace(query, sentiments=(Sentiment.POSITIVE,)))
    leads = loudest(voices, group([voice.fingerprint for voice in voices]))
    return quotes(store, [v for v in leads if not (v.uncertain or v.risks)], wanted, shortest=_SENTENCE)


def complaints(store: PostStore, group: Group, query: PostQuery, wanted: int) -> tuple[Quote, ...]:
    """Quotes from the loudest stories of negative posts, those that the judge is sure of first."""
    voices = read(store, query)
    leads = loudest(voices, group([voice.fingerprint for voice in voices]))
    return quotes(store, sorted(leads, key=lambda voice: voice.uncertain), wanted)


def brands(
    store: PostStore, group: Group, base: PostQuery, subjects: Sequence[tuple[Subject, bool]]
) -> tuple[Brand, ...]:
    """The own brands (True) and rivals side by side; a rival's most frequent complaint is our opening.

    A share of voice is of the posts that name any of them; one may name several, so shares may exceed 100 % together.
    """
    asked = [(subject, own, replace(base, subjects=(subject.name,))) for subject, own in subjects]
    together = figure(store, replace(base, subjects=tuple(subject.name for subject, _ in subjects)))
    found = []
    for subject, own, query in asked:
        divided = mood(store, query)
        complaint, title, said = _complaint(store, group, divided.negative.query)
        found.append(Brand(subject.title, own, divided, Share(divided.total, together), complaint, title, said))
    return tuple(found)


def _complaint(store: PostStore, group: Group, negative: PostQuery) -> tuple[Figure | None, str, Quote | None]:
    top = store.count_by(negative, Facet.RISK, limit=1)
    if not top:
        return None, "", None
    kind = Risk(top[0].value)
    query = replace(negative, risks=(kind,))
    said = complaints(store, group, query, 1)
    return figure(store, query), chinese(kind), said[0] if said else None


def campaign(store: PostStore, group: Group, subject: Subject, base: PostQuery, previous: PostQuery | None) -> Campaign:
    """A campaign: how much is said, how, and the loudest praise and complaint."""
    query = replace(base, subjects=(subject.name,))
    before = replace(previous, subjects=(subject.name,)) if previous else None
    praised = praise(store, group, query, 1)
    blamed = complaints(store, group, replace(query, sentiments=(Sentiment.NEGATIVE,)), 1)
    return Campaign(
        title=subject.title,
        mood=mood(store, query),
        volume=change(store, query, before),
        praise=praised[0] if praised else None,
        complaint=blamed[0] if blamed else None,
    )


def collected(store: PostStore, base: PostQuery, health: Sequence[SourceHealth]) -> tuple[Collected, ...]:
    """Every source with what it gave in the window."""
    return tuple(Collected(source, figure(store, replace(base, sources=(source.name,)))) for source in health)


def late(store: PostStore, last: Digest | None) -> Late | None:
    """What `last`, the report of the window before, would say otherwise today; None if nothing or without one."""
    if last is None:
        return None
    said = last.own.negative.now if last.own else None
    total = figure(store, last.total.query)
    negative = figure(store, said.query) if said else None
    more_negative = negative.value - said.value if negative and said else 0
    found = Late(total, total.value - last.total.value, negative, more_negative)
    return found if found.more or found.more_negative else None


def latency(store: PostStore, base: PostQuery) -> tuple[Latency, ...]:
    """How long posts took from being published to being found, over the newest `_SAMPLED`.

    A post that had changed when it was looked at again counts from that fetch: earlier ones are not kept. Posts whose
    publish time is a guess do not count for the first stage, nor do those judged again for the others.
    """
    seen = list(islice(hits(store, base), _SAMPLED))
    known = [hit.judged for hit in seen if not hit.judged.post.published_estimated]
    once = [hit for hit in seen if not hit.judged_again]
    stages = {
        "发布 → 最近一次采集": [
            (judged.post.fetched_at - judged.post.published_at).total_seconds() for judged in known
        ],
        "采集 → 判定": [(hit.judged.judged_at - hit.judged.post.fetched_at).total_seconds() for hit in once],
        "判定 → 可检索": [(hit.indexed_at - hit.judged.judged_at).total_seconds() for hit in once],
    }
    return tuple(
        Latency(title, len(seconds), _rank(seconds, 0.5), _rank(seconds, 0.95))
        for title, seconds in stages.items()
        if seconds
    )


def _rank(values: Sequence[float], part: float) -> float:
    """The nearest-rank percentile."""
    return sorted(values)[math.ceil(part * len(values)) - 1]


def trend(store: PostStore, base: PostQuery, since: datetime, subjects: Sequence[tuple[str, PostQuery, bool]]) -> Trend:
    """Posts an hour from `since` to the end of `base`.

    Args:
        subjects: title, question (its times are replaced), and whether it is ours.
    """
    assert base.since is not None
    assert base.until is not None
    start = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = math.ceil((base.until - start) / timedelta(hours=1))

    def hourly(query: PostQuery) -> tuple[int, ...]:
        counts = [0] * hours
        for bucket in store.count_by(replace(query, since=start), Interval.HOUR):
            counts[int((datetime.fromisoformat(bucket.value) - start) / timedelta(hours=1))] = bucket.posts
        return tuple(counts)

    everything = hourly(base)
    first = next((start + timedelta(hours=hour) for hour, posts in enumerate(everything) if posts), None)
    lines = tuple(
        Line(title, hourly(replace(query, sentiments=(Sentiment.NEGATIVE,))), hourly(query), own)
        for title, query, own in subjects
    )
    return Trend(start, base.since, first, lines)
