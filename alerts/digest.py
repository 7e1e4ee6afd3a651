"""The daily battle report (战报), composed from the store: ours and rivals, praise and complaint, what to fix first.

Owns `DigestSpec` (one [[digest]] of digests.toml), the window, and `compose`, which asks the store and decides nothing
else. Posts with any self-harm signal are outside every query here: they have their own path and their own readers.
The values are in `figures` and `report`, the ranking in `ranking`, the words in `headline` and `wording`, the mail in
`mailer`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from alerts import sections
from alerts.figures import Quote
from alerts.headline import headline, partial, subject
from alerts.ranking import Pool, matters
from alerts.report import CaseLoad, Digest, Matter, OwnSection
from alerts.shortfall import shortfalls
from alerts.voices import Group, tally
from alerts.wording import day
from stream import fulltext
from stream.labels import Role, SelfHarm, Sentiment
from stream.ports import PostStore
from stream.query import PostQuery
from stream.records import SourceHealth, Subject
from stream.zone import SHANGHAI

__all__ = ["Digest", "DigestSpec", "Window", "compose", "daily_window", "digest_id"]

MATTERS = 5
"""More than five things to do first are none."""
PRAISE = 3

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")


@dataclass(frozen=True, slots=True)
class DigestSpec:
    """A report that somebody receives once a day."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    """Stable ASCII word; part of the digest's id."""
    title: str
    """What the mail calls itself, for example 云汀茶战报."""
    recipients: tuple[str, ...]
    """Mail addresses; each receives a mail of their own."""
    hour: int = 8
    """The window ends at this hour of Asia/Shanghai, 0 to 23."""
    settle_minutes: int = 30
    """So long after its end the timetable makes and sends it, 0 to 59: what is found a little late is still in it."""
    subjects: tuple[str, ...] = ()
    """Names from subjects.toml; empty means every subject that is ours, a rival or a campaign."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """What readers call a matter → the words that find it ("饮品异物" = "异物 OR 塑料 OR 钢丝")."""
    quotes: int = 2
    """Quotes under each matter."""

    def __post_init__(self) -> None:
        """Raise ValueError naming what cannot work."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}: use lower-case letters, digits and hyphens")
        for key, given, most in (
            ("hour", self.hour, 23),
            ("settle_minutes", self.settle_minutes, 59),
            ("quotes", self.quotes, 5),
        ):
            if not 0 <= given <= most:
                raise ValueError(f"{key} {given}: use 0 to {most}")
        for text in (self.title, *self.topics):
            if not text.strip() or not text.isprintable():
                raise ValueError(f"title or topic {text!r}: use one line of words")
        for address in self.recipients:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"recipients: {address!r} is not a mail address")
        for title, words in self.topics.items():
            try:
                fulltext.parse(words)
            except ValueError as error:
                raise ValueError(f"topics.{title}: {error}") from error


@dataclass(frozen=True, slots=True)
class Window:
    """Published at or after `since` and before `until`, aware UTC."""

    since: datetime
    until: datetime

    @property
    def previous(self) -> "Window":
        """The window of equal length before this one."""
        return Window(self.since - (self.until - self.since), self.since)


def daily_window(spec: DigestSpec, now: datetime) -> Window:
    """The last 24 hours that ended at the spec's hour of Asia/Shanghai, at or before `now`."""
    local = now.astimezone(SHANGHAI)
    until = local.replace(hour=spec.hour, minute=0, second=0, microsecond=0)
    if until > local:
        until -= timedelta(days=1)
    until = until.astimezone(now.tzinfo)
    return Window(until - timedelta(days=1), until)


def digest_id(spec: DigestSpec, window: Window) -> str:
    """Name and window: the same report is composed once however often it is asked for. Fit for a file name."""
    since, until = (time.astimezone(SHANGHAI) for time in (window.since, window.until))
    return f"{spec.name}-{since:%Y%m%dT%H%M%S}-{until:%Y%m%dT%H%M%S}"


def compose(
    spec: DigestSpec,
    window: Window,
    *,
    store: PostStore,
    subjects: Sequence[Subject],
    health: Sequence[SourceHealth],
    group: Group,
    cases: CaseLoad | None,
    composed_at: datetime,
    unread: int = 0,
    last: Digest | None = None,
) -> Digest:
    """Ask the store for everything the report says.

    Args:
        group: fingerprints to story numbers, `models.stories.group`.
        cases: counts of the alert book, without self-harm; None leaves the line out.
        unread: posts that were collected and are not in the store yet.
        last: the report of the window before, as it was made.

    Raises:
        Unavailable: the store cannot be reached; compose again later.
    """
    told = [s for s in subjects if s.name in spec.subjects or (not spec.subjects and s.role is not Role.WATCHED)]
    own, rivals, campaigns = (
        [s for s in told if s.role is role] for role in (Role.OWN, Role.COMPETITOR, Role.CAMPAIGN)
    )
    base = PostQuery(self_harm=(SelfHarm.NONE,), since=window.since, until=window.until)
    earlier = replace(base, since=window.previous.since, until=window.previous.until)
    before = earlier if store.count(earlier) else None

    ours = replace(base, subjects=tuple(s.name for s in own))
    # posts of the window before know the subjects of that day: other names, or more of them, cannot be compared
    same = last is None or last.own is None or last.own.mood.total.query.subjects == ours.subjects
    ours_before = replace(before, subjects=ours.subjects) if before and same else None
    titles = "、".join(s.title for s in own)
    section: OwnSection | None = None
    ranked: tuple[Matter, ...] = ()
    praised: tuple[Quote, ...] = ()
    if own:
        pool = Pool.load(
            store,
            group,
            replace(ours, sentiments=(Sentiment.NEGATIVE,)),
            replace(ours_before, sentiments=(Sentiment.NEGATIVE,)) if ours_before else None,
            window.until - (window.until - window.since) / 4,
        )
        crowd = tally(pool.voices, pool.stories, pool.query, pool.silent)
        section = sections.own_section(store, titles, ours, ours_before, crowd)
        ranked = matters(store, pool, spec.topics, MATTERS, spec.quotes)
        praised = sections.praise(store, group, replace(ours, stages=sections.LIVED), PRAISE)

    total = sections.figure(store, base)
    sources = sections.collected(store, base, health)
    incomplete = shortfalls(health, told)
    less = partial(sources, unread, incomplete)
    lines = [(titles, ours, True)] if own else []
    lines += [(s.title, replace(base, subjects=(s.name,)), False) for s in rivals]
    return Digest(
        id=digest_id(spec, window),
        title=spec.title,
        since=window.since,
        until=window.until,
        composed_at=composed_at,
        subject=subject(f"{spec.title}｜{day(window.until)}", total, section, ranked, partial=less),
        headline=headline(
            total,
            section,
            ranked,
            sources,
            unread=unread,
            incomplete=incomplete,
            owned=any(s.role is Role.OWN for s in subjects),
        ),
        total=total,
        own=section,
        matters=ranked,
        praise=praised,
        brands=sections.brands(store, group, base, [(s, True) for s in own] + [(s, False) for s in rivals]),
        campaigns=tuple(sections.campaign(store, group, s, base, before) for s in campaigns),
        cases=cases,
        sources=sources,
        latency=sections.latency(store, base),
        trend=sections.trend(store, base, window.previous.since, lines),
        incomplete=incomplete,
        unread=unread,
        late=sections.late(store, last),
        before_partial=last is not None and partial(last.sources, last.unread, last.incomplete),
    )
