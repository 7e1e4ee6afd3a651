"""Query values: what one may ask a PostStore, and what comes back.

Owns the questions and the answers as values. The words of a text query are parsed by `fulltext`; how a store
answers is the adapter's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.records import JudgedPost


class Order(StrEnum):
    """How hits are sorted: newest first by (published_at, id), or best match first (then newest)."""

    NEWEST = "newest"
    RELEVANCE = "relevance"


class Facet(StrEnum):
    """What posts can be counted by. A post with several subjects or risks counts once under each."""

    PLATFORM = "platform"
    SOURCE = "source"
    SUBJECT = "subject"
    SENTIMENT = "sentiment"
    RISK = "risk"
    STAGE = "stage"
    SELF_HARM = "self_harm"
    FINGERPRINT = "fingerprint"
    AUTHOR = "author"


class Interval(StrEnum):
    """Width of a time bucket; days begin at midnight in Asia/Shanghai, hours on the hour."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class PostQuery:
    """All given conditions must hold; a tuple holds if any of its values does; empty means no condition."""

    text: str = ""
    """Words joined by AND (also by a space), OR, NOT, and "quoted phrases"; a Han word matches as a substring of
    title, text, or quoted words."""
    platforms: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    sentiments: tuple[Sentiment, ...] = ()
    risks: tuple[Risk, ...] = ()
    stages: tuple[Stage, ...] = ()
    self_harm: tuple[SelfHarm, ...] = ()
    fingerprint: str = ""
    author: str = ""
    since: datetime | None = None
    """Published at or after."""
    until: datetime | None = None
    """Published before."""
    order: Order = Order.NEWEST

    def conditions(self) -> list[tuple[Facet, tuple[str, ...]]]:
        """What is asked of the fields that posts are counted by: each that is given, with the values that will do."""
        return [
            (facet, tuple(map(str, values)))
            for facet, values in (
                (Facet.PLATFORM, self.platforms),
                (Facet.SOURCE, self.sources),
                (Facet.SUBJECT, self.subjects),
                (Facet.SENTIMENT, self.sentiments),
                (Facet.RISK, self.risks),
                (Facet.STAGE, self.stages),
                (Facet.SELF_HARM, self.self_harm),
                (Facet.FINGERPRINT, (self.fingerprint,) if self.fingerprint else ()),
                (Facet.AUTHOR, (self.author,) if self.author else ()),
            )
            if values
        ]


class Part(StrEnum):
    """The parts of a post whose words are searched."""

    TITLE = "title"
    TEXT = "text"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one part of a post, counted as Unicode code points: from `start` up to, not including, `end`."""

    part: Part
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One post found, with the time the store made this fetch of it searchable."""

    judged: JudgedPost
    indexed_at: datetime
    highlights: tuple[Span, ...] = ()
    """Where the words of the search stand, in order and without overlap; empty where none were asked for."""

    @property
    def judged_again(self) -> bool:
        """Whether it was searchable before it got this judgement, so that `judged_at` does not tell how long the first
        one took. Clocks of two machines may be a minute apart."""
        return self.judged.judged_at - self.indexed_at > timedelta(minutes=1)

    @property
    def steps(self) -> tuple[datetime, ...]:
        """When it was published, fetched, logged, judged and searchable; the first three of one that was judged again,
        for when it was judged first is not kept."""
        post, judged = self.judged.post, self.judged
        steps = (post.published_at, post.fetched_at, judged.logged_at, judged.judged_at, self.indexed_at)
        return steps[:3] if self.judged_again else steps


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits; hand `after` back for the next, empty at the end."""

    hits: tuple[Hit, ...]
    after: str
    total: int
    total_exact: bool
    """False where the store stopped counting: `total` is then a lower bound."""


@dataclass(frozen=True, slots=True)
class Count:
    """Posts under one facet value, or in one interval (`value` is then its ISO start in Asia/Shanghai)."""

    value: str
    posts: int


def check_forgotten(before: datetime | None, sources: Sequence[str], author: str) -> None:
    """Refuse what no `forget` can mean.

    Raises:
        ValueError: not exactly one of a time and an author is given, or sources beside an author.
    """
    if (before is None) == (not author) or (sources and author):
        raise ValueError("forget takes either before, perhaps of some sources, or author")
