"""The nouns of the alert room: Sighting, Alert, Evidence, Case, Backlog, and their words.

Owns values only. None of them holds a post's text or anybody's name.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.rules import Group, Rule, Severity, Window
from stream.labels import SelfHarm
from stream.records import JudgedPost


@dataclass(frozen=True, slots=True)
class Sighting:
    """One post seen to match one rule under one group."""

    alert_id: str
    rule: Rule
    group: str
    window: Window | None
    """None for a care rule."""
    judged: JudgedPost


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule's count was reached for a group in a window."""

    id: str
    rule: str
    title: str
    """The rule's Chinese title when the alert was raised."""
    severity: Severity
    care: bool
    """A person may be at risk: for guardians only."""
    level: SelfHarm
    """`none` unless `care`."""
    platform: str
    """Where the post stands, for a care alert; empty otherwise, evidence may come from several."""
    by: Group
    group: str
    """Subject name, author pseudonym or `all`; empty for a care alert and for an author since forgotten."""
    since: datetime | None
    until: datetime | None
    """The window; None for a care alert."""
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """One post that counts for one alert, as of its newest fetch that matched."""

    alert_id: str
    post_id: str
    published_at: datetime
    fetched_at: datetime
    fingerprint: str
    author: str
    """Keyed pseudonym."""
    spread: bool
    """It reposts another post."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    PAST = "past"
    """Nobody was told: too few of its posts were fetched in time (`rules.past`). A person may still answer it."""


class CaseOutcome(StrEnum):
    """What came of a case."""

    RESOLVED = "resolved"
    REFERRED = "referred"
    FALSE_ALARM = "false_alarm"
    NO_ACTION = "no_action"


@dataclass(frozen=True, slots=True)
class Case:
    """What people did about an alert."""

    alert: Alert
    state: CaseState
    opened_at: datetime
    acknowledged_by: str
    acknowledged_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    outcome: CaseOutcome | None
    note: str
    round: int
    """How often it has been told: 0 the first time."""
    answer_due_at: datetime | None
    """Care cases: the next round goes out then unless somebody has answered."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Cases in some states, counted."""

    cases: int
    oldest: datetime | None
    """When the first of them was opened; None without any."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with what it rests on."""

    case: Case
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the audit: who did what to which case, and when."""

    at: datetime
    by: str
    act: str
    """look, acknowledge or close."""
    alert_id: str


_CHINESE = {
    Severity.NOTICE: "提示",
    Severity.WARNING: "警告",
    Severity.CRITICAL: "紧急",
    CaseState.OPEN: "待处理",
    CaseState.ACKNOWLEDGED: "处理中",
    CaseState.CLOSED: "已关闭",
    CaseState.PAST: "历史",
    CaseOutcome.RESOLVED: "已解决",
    CaseOutcome.REFERRED: "已转交",
    CaseOutcome.FALSE_ALARM: "误报",
    CaseOutcome.NO_ACTION: "无需处理",
}


def title_of(word: Severity | CaseState | CaseOutcome) -> str:
    """The Chinese word of a label, for people."""
    return _CHINESE[word]
