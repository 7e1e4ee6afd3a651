"""What a crawl did: the report that is kept, and the tally it is made from while the crawl runs.

Owns outcomes and counting. Does not own where reports are stored (`state`) nor who counts (spiders, pipeline).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from crawlers.normalize import Doubt, DropReason
from crawlers.robots import Snapshot
from crawlers.sources import Robots
from crawlers.verdict import OBSTACLES, Obstacle, Reading, Verdict
from stream.labels import Health
from stream.records import Coverage


class Outcome(StrEnum):
    """How a crawl of one source ended. Only the first three say that the newest posts were seen."""

    COMPLETE = "complete"
    CAPPED = "capped"
    """Everything up to the cap was taken; older posts that nobody has were left."""
    GAP = "gap"
    """The newest posts were taken, but between them and the last crawl's there may be some that nobody saw."""
    BLOCKED = "blocked"
    LOGIN_NEEDED = "login_needed"
    FAILED = "failed"
    """Network, server, damaged listing, full log, interruption: try again."""


@dataclass(frozen=True, slots=True)
class CrawlReport:
    """One crawl of one source. Counts by wire word; holds no text, author or address."""

    source: str
    platform: str
    started: datetime
    finished: datetime
    outcome: Outcome
    reason: str = ""
    """One Chinese sentence for a person; empty when complete and nothing has to be told."""
    pages: int = 0
    """Listing pages read."""
    posts: int = 0
    """Posts appended to the log."""
    known: int = 0
    """Entries skipped because an earlier crawl had them."""
    revisited: int = 0
    """Pages of known posts that were asked for again."""
    updated: int = 0
    """Known posts appended again because words or counts had changed."""
    tombstones: int = 0
    """Known posts that the platform says are gone."""
    drops: Mapping[str, int] = field(default_factory=dict)
    doubts: Mapping[str, int] = field(default_factory=dict)
    """Posts kept with a publish time that is a guess, by why."""
    verdicts: Mapping[str, int] = field(default_factory=dict)
    bad: Mapping[str, int] = field(default_factory=dict)
    """Documents that could not be used as they were: `<platform> <page kind>: <what>`."""
    coverage: tuple[Coverage, ...] = ()
    """What was seen of each listing, beside what there was."""
    retry_at: datetime | None = None
    """When the site itself asked us to come back."""

    @property
    def succeeded(self) -> bool:
        """Whether the newest posts of every listing were seen."""
        return self.outcome in _SUCCESS and all(row.pages for row in self.coverage)


HEALTH: Mapping[Outcome, Health] = {
    Outcome.COMPLETE: Health.FRESH,
    Outcome.CAPPED: Health.CAPPED,
    Outcome.GAP: Health.GAP,
    Outcome.BLOCKED: Health.BLOCKED,
    Outcome.LOGIN_NEEDED: Health.LOGIN_NEEDED,
    Outcome.FAILED: Health.STALE,
}
"""What each outcome says of the source."""

_SUCCESS = (Outcome.COMPLETE, Outcome.CAPPED, Outcome.GAP)
_WORST = (Outcome.LOGIN_NEEDED, Outcome.BLOCKED, Outcome.FAILED, Outcome.GAP, Outcome.CAPPED)
_LOGIN = (Obstacle.LOGIN, Obstacle.TOKEN)


class Tally:
    """Counts of one running crawl; one event loop uses it, so there is no lock."""

    def __init__(self, source: str, platform: str, started: datetime) -> None:
        self.source = source
        self.platform = platform
        self.started = started
        self.pages = 0
        self.posts = 0
        self.known = 0
        self.revisited = 0
        self.updated = 0
        self.tombstones = 0
        self.drops: Counter[DropReason] = Counter()
        self.doubts: Counter[Doubt] = Counter()
        self.verdicts: Counter[Verdict] = Counter()
        self.bad: Counter[str] = Counter()
        self.stopped = False
        """No further request may be sent: the platform refused, or what is read cannot be kept."""
        self.lost = False
        """Something read may not be in the log."""
        self.spent = False
        """The day's requests are used up."""
        self.retry_at: datetime | None = None
        self.robots: dict[str, Snapshot] = {}
        """By host."""
        self._ends: dict[Outcome, str] = {}

    def note_bad(self, kind: str, what: str) -> None:
        """Count a document that was not what it should be, by platform and page kind."""
        self.bad[f"{self.platform} {kind}: {what}"] += 1

    def end(self, outcome: Outcome, reason: str) -> None:
        """Something that decides how the crawl ends; the worst decides, the first of a kind gives the reason."""
        self._ends.setdefault(outcome, reason)

    def fallback(self, outcome: Outcome, reason: str) -> None:
        """How the crawl ends if nothing else has been said worse than a cap."""
        if self.outcome in _SUCCESS and not self.spent:
            self.end(outcome, reason)

    def obstructed(self, reading: Reading) -> None:
        """The platform refused: a stop signal."""
        self.stopped = True
        why = OBSTACLES[reading.obstacle] or OBSTACLES[Obstacle.UNRECOGNISED]
        found = {one.says for one in self.robots.values()}
        if reading.obstacle is Obstacle.ROBOTS and Robots.UNREAD in found and Robots.DISALLOWS not in found:
            why = "robots.txt 无法读取（收到的是网页，不是规则），未采集"
        self.end(Outcome.LOGIN_NEEDED if reading.obstacle in _LOGIN else Outcome.BLOCKED, why)

    def incomplete(self, reading: Reading) -> None:
        """A page did not arrive whole; others may."""
        self.end(Outcome.FAILED, OBSTACLES[reading.obstacle])

    def unlogged(self, reason: str) -> None:
        """The message log did not take what was read."""
        self.stopped = self.lost = True
        self.end(Outcome.FAILED, reason)

    def exhausted(self, reason: str) -> None:
        """No request is left for today: what was taken counts, what lies deeper waits."""
        self.stopped = self.spent = True
        self.end(Outcome.CAPPED, reason)

    def wait_until(self, at: datetime) -> None:
        """The site said when it may be asked again; the latest it said counts, and nothing is sent before."""
        self.stopped = True
        self.retry_at = max(at, self.retry_at or at)

    @property
    def outcome(self) -> Outcome:
        """How it would end now."""
        return next((one for one in _WORST if one in self._ends), Outcome.COMPLETE)

    def report(self, finished: datetime, coverage: tuple[Coverage, ...] = (), where: str = "") -> CrawlReport:
        """What happened, as a value.

        Args:
            finished: when.
            coverage: a row a listing.
            where: which listings the reason is about, in words; empty for the source as a whole.
        """
        outcome = self.outcome
        reason = self._ends.get(outcome, "")
        return CrawlReport(
            source=self.source,
            platform=self.platform,
            started=self.started,
            finished=finished,
            outcome=outcome,
            reason=f"{where}：{reason}" if where and reason else reason,
            pages=self.pages,
            posts=self.posts,
            known=self.known,
            revisited=self.revisited,
            updated=self.updated,
            tombstones=self.tombstones,
            drops=_counts(self.drops),
            doubts=_counts(self.doubts),
            verdicts=_counts(self.verdicts),
            bad=_counts(self.bad),
            coverage=coverage,
            retry_at=self.retry_at,
        )


def _counts(counter: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counter.items())}
