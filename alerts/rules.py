"""Rules: which posts count, how many of them in how long wake whom.

Owns the rule as a value and every decision about it as pure functions, so that history can be tried by the code that
runs live. Does not own memory (`book`) nor the telling (`dispatch`). Windows are tumbling, in event time, beginning
at whole multiples of their length since 1970: the same posts in any order give the same alerts.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import ClassVar, Final

from stream.labels import Risk, Role, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured
from stream.records import JudgedPost, Subject

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN: Final = re.compile(r"([1-9]\d{0,5})([smhd])")
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_TIMELY: Final = timedelta(days=8)
"""So long after its window's end a post is fetched in time: what a weekly export brings is a week old and can still be
mended. What an import brings of last year cannot, and nobody is told of each day of it."""
_UNIT: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Severity(StrEnum):
    """How loudly an alert speaks."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


class Group(StrEnum):
    """What an alert is raised for: each subject, each author, or all matching posts together."""

    SUBJECT = "subject"
    AUTHOR = "author"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One [[rule]] of rules.toml. All given conditions must hold; a tuple holds if any of its values does.

    A rule with `self_harm` is a care rule: one alert for each post and level, at once, and no other condition is
    allowed, so that nothing can narrow it. Posts with a self-harm level are never evidence of any other rule.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    """Stable ASCII word."""
    title: str
    """What people read, in Chinese."""
    severity: Severity
    channels: tuple[str, ...]
    """Names of channels that are told."""
    count: int = 1
    """Distinct posts in one window that raise the alert."""
    window: str = "1h"
    """Length: a number and s, m, h or d."""
    group: Group = Group.SUBJECT
    roles: tuple[Role, ...] = ()
    subjects: tuple[str, ...] = ()
    sentiments: tuple[Sentiment, ...] = ()
    risks: tuple[Risk, ...] = ()
    stages: tuple[Stage, ...] = ()
    platforms: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Any of these stands in title or text, whatever the case or width."""
    min_likes: int = 0
    min_reposts: int = 0
    sure: bool = False
    """Leave out what the classifier is not sure of."""
    self_harm: tuple[SelfHarm, ...] = ()
    acknowledge_within: str = "15m"
    """Care rules: unanswered for so long, the next round goes out."""
    escalate_to: tuple[str, ...] = ()
    """Care rules: channels told in every later round, besides `channels`."""

    def __post_init__(self) -> None:
        where = f"rules.toml: rule {self.name!r}"
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,59}", self.name):
            raise Misconfigured(f"{where}: name must be lower-case letters, digits, - and _")
        if not self.channels:
            raise Misconfigured(f"{where}: channels is empty, nobody would be told")
        if self.count < 1:
            raise Misconfigured(f"{where}: count must be 1 or more")
        for key in ("window", "acknowledge_within"):
            if _SPAN.fullmatch(getattr(self, key)) is None:
                raise Misconfigured(f"{where}: {key} must be a number and s, m, h or d, for example 30m")
        if self.care:
            narrowing = [key for key in _NARROWING if getattr(self, key) != _DEFAULTS[key]]
            if narrowing:
                raise Misconfigured(f"{where}: {narrowing[0]} cannot stand beside self_harm, which nothing may narrow")
            if SelfHarm.NONE in self.self_harm:
                raise Misconfigured(f"{where}: self_harm takes concern and crisis, not none")
        elif self.escalate_to:
            raise Misconfigured(f"{where}: escalate_to is for rules with self_harm")

    @property
    def care(self) -> bool:
        """Is this the path for people at risk?"""
        return bool(self.self_harm)


_NARROWING: Final = (
    "count",
    "group",
    "roles",
    "subjects",
    "sentiments",
    "risks",
    "stages",
    "platforms",
    "words",
    "min_likes",
    "min_reposts",
    "sure",
)
_DEFAULTS: Final = {
    key: field.default
    for key, field in Rule.__dataclass_fields__.items()  # what a rule says when it says nothing
}


@dataclass(frozen=True, slots=True)
class Window:
    """Published at or after `since`, before `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """An alert that a rule would have raised on history."""

    alert_id: str
    group: str
    window: Window
    post_ids: tuple[str, ...]


def matches(rule: Rule, judged: JudgedPost, roles: Mapping[str, Role]) -> tuple[str, ...]:
    """The groups under which this post counts for this rule; empty when it does not match.

    Args:
        rule: the rule.
        judged: any version of the post.
        roles: role of each subject by name.
    """
    judgement, post = judged.judgement, judged.post
    if rule.self_harm:
        # one person, one case: whoever only passes a cry on leads to the one who wrote it
        person = post.parent if judged.echo and post.parent else post.id
        return (f"{judgement.self_harm.value}/{person}",) if judgement.self_harm in rule.self_harm else ()
    if (
        (rule.sentiments and judgement.sentiment not in rule.sentiments)
        or (rule.risks and not any(risk in rule.risks for risk in judgement.risks))
        or judgement.self_harm is not SelfHarm.NONE
        or (rule.stages and judgement.stage not in rule.stages)
        or (rule.platforms and post.platform not in rule.platforms)
        or (rule.sure and judgement.uncertain)
        or (rule.min_likes and (post.likes or 0) < rule.min_likes)
        or (rule.min_reposts and (post.reposts or 0) < rule.min_reposts)
    ):
        return ()
    return _groups(rule, judged, roles) if not rule.words or _says(rule, judged) else ()


def _groups(rule: Rule, judged: JudgedPost, roles: Mapping[str, Role]) -> tuple[str, ...]:
    about = tuple(
        name
        for name in judged.subjects
        if (not rule.subjects or name in rule.subjects) and (not rule.roles or roles.get(name) in rule.roles)
    )
    if rule.group is Group.SUBJECT:
        return about
    if (rule.subjects or rule.roles) and not about:
        return ()
    if rule.group is Group.ALL:
        return ("all",)
    return (judged.post.author,) if judged.post.author else ()


def _says(rule: Rule, judged: JudgedPost) -> bool:
    said = _plain(f"{judged.post.title}\n{judged.post.text}")
    return any(_plain(word) in said for word in rule.words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=256)
def span(text: str) -> timedelta:
    """A length such as "30m" as a timedelta."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("a length is a number and s, m, h or d")
    return timedelta(**{_UNIT[found[2]]: int(found[1])})


def window_of(rule: Rule, at: datetime) -> Window:
    """The one window of the rule that holds this time; cut short at the ends of the calendar."""
    length = span(rule.window)
    since = at - min((at - _EPOCH) % length, at - _FIRST)
    return Window(since, since + min(length, _LAST - since))


def past(window: Window | None, fetched_at: datetime) -> bool:
    """Was this fetched too late after its window to wake anyone? What the clock says now does not matter: what was
    fetched in time is told however late it is read, and a log read again tells the same. Care alerts have no window."""
    return window is not None and fetched_at - window.until > _TIMELY


def alert_id(rule: Rule, group: str, window: Window | None) -> str:
    """The derived identity of an alert; care alerts have no window, their group names the post."""
    ends = [at.astimezone(UTC).isoformat() for at in (window.since, window.until)] if window else []
    digest = blake2b("\x1f".join((rule.name, group, *ends)).encode(), digest_size=10).hexdigest()
    return f"{rule.name}-{digest}"


def try_on(rule: Rule, posts: Iterable[JudgedPost], roles: Mapping[str, Role]) -> tuple[Trial, ...]:
    """What the rule would have raised on these posts, by window then group; nothing is stored or sent."""
    found: dict[tuple[str, Window], set[str]] = {}
    for judged in posts:
        window = window_of(rule, judged.post.published_at)
        for group in matches(rule, judged, roles):
            found.setdefault((group, window), set()).add(judged.post.id)
    return tuple(
        Trial(alert_id(rule, group, None if rule.care else window), group, window, tuple(sorted(ids)))
        for (group, window), ids in sorted(found.items(), key=lambda item: (item[0][1].since, item[0][0]))
        if len(ids) >= rule.count
    )


def guardians(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Every channel that any care rule tells, at first or later."""
    told = (name for rule in rules if rule.care for name in (*rule.channels, *rule.escalate_to))
    return tuple(dict.fromkeys(told))


def check_rules(rules: Sequence[Rule], subjects: Sequence[Subject], channels: Collection[str]) -> None:
    """Refuse rules that name what does not exist, or leave people at risk to nobody.

    Raises:
        Misconfigured: names the rule and the key.
    """
    known = {subject.name for subject in subjects}
    seen: set[str] = set()
    for rule in rules:
        where = f"rules.toml: rule {rule.name!r}"
        if rule.name in seen:
            raise Misconfigured(f"{where}: name is used twice")
        seen.add(rule.name)
        for subject in rule.subjects:
            if subject not in known:
                raise Misconfigured(f"{where}: subjects names {subject!r}, which subjects.toml does not have")
        for key in ("channels", "escalate_to"):
            for channel in getattr(rule, key):
                if channel not in channels:
                    raise Misconfigured(f"{where}: {key} names {channel!r}, which no channel is called")
    cared = {level for rule in rules for level in rule.self_harm}  # nothing else narrows a care rule
    for level in SelfHarm:
        if level is not SelfHarm.NONE and level not in cared:
            raise Misconfigured(f"rules.toml: no rule has self_harm {level.value!r}, such posts would reach nobody")
