"""The alert room furnished for tests: subjects, rules, a clock that is set by hand."""

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from alerts.rules import Group, Rule, Severity
from stream.labels import Risk, Role, SelfHarm, Sentiment
from stream.records import JudgedPost, Subject
from tests.factories import NOW, judged

SUBJECTS = (
    Subject("yunting", "云汀茶", Role.OWN),
    Subject("luyu", "鹿屿鲜茶", Role.COMPETITOR),
    Subject("qiugui", "秋桂计划", Role.CAMPAIGN),
)
ROLES = {subject.name: subject.role for subject in SUBJECTS}


class Clock:
    """Time that moves when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time that was set."""
        return self.now

    def pass_(self, **span: float) -> None:
        """So much later."""
        self.now += timedelta(**span)


def surge(**fields: Any) -> Rule:
    """Three negative posts about one of our own within an hour."""
    defaults: dict[str, Any] = {
        "name": "surge",
        "title": "负面集中出现",
        "severity": Severity.WARNING,
        "channels": ("ops",),
        "count": 3,
        "sentiments": (Sentiment.NEGATIVE,),
        "roles": (Role.OWN,),
    }
    return Rule(**{**defaults, **fields})


def care(**fields: Any) -> Rule:
    """The rule for people at risk."""
    defaults: dict[str, Any] = {
        "name": "care",
        "title": "有人可能需要帮助",
        "severity": Severity.CRITICAL,
        "channels": ("guardians",),
        "escalate_to": ("lead",),
        "acknowledge_within": "15m",
        "self_harm": (SelfHarm.CONCERN, SelfHarm.CRISIS),
    }
    return Rule(**{**defaults, **fields})


RULES = (
    surge(),
    surge(name="safety", count=1, sentiments=(), risks=(Risk.SAFETY,), channels=("ops", "boss")),
    surge(name="loud", count=2, group=Group.AUTHOR, window="2h"),
    care(),
)


def negative(native: str, **fields: Any) -> JudgedPost:
    """A negative post about our own brand."""
    return judged(native, **{"sentiment": Sentiment.NEGATIVE, "subjects": ("yunting",), **fields})


def incident() -> list[list[JudgedPost]]:
    """Two batches that raise every kind of alert."""
    posts = [negative(str(n), risks=(Risk.SAFETY,) if n % 2 else ()) for n in range(5)]
    return [[*posts[:3], judged("9", self_harm=SelfHarm.CRISIS)], posts[3:]]


def killed(work: Callable[[], object]) -> None:
    """Do the work in a process of its own, which must end by SIGKILL."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)  # not killed: the parent notices
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def until_another_waits(connection: Connection) -> None:
    """Until another client of PostgreSQL waits for what this transaction has locked."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    end = time.monotonic() + 10
    while not connection.execute(waiting).scalar_one():
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.02)
