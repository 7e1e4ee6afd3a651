"""What a battle report says, as values: one value a section.

Owns the shape of a `Digest`. Does not own the numbers in it (`figures`), how a digest is made (`digest`), put into
words (`headline`) or into a mail (`mailer`).
"""

from dataclasses import dataclass
from datetime import datetime

from alerts.figures import Change, Crowd, Figure, Mood, Quote, Row, Share
from stream.labels import Risk
from stream.records import SourceHealth


@dataclass(frozen=True, slots=True)
class Matter:
    """Something of our own to put right: a topic that the reader named, or a risk kind."""

    title: str
    kind: Risk | None
    """The kind that most of its originals carry; None where fewer than a third carry any one."""
    crowd: Crowd
    change: Change
    recent: Figure
    """Posts of the window's last quarter."""
    priority: float
    reasons: tuple[str, ...]
    """Why it ranks where it does, factor by factor, in Chinese."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class OwnSection:
    """The own brand."""

    title: str
    mood: Mood
    volume: Change
    negative: Change
    crowd: Crowd
    """Behind the negative posts."""
    risks: tuple[Row, ...]
    stages: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Brand:
    """One line of the table of rivals; the own brand is its first."""

    title: str
    own: bool
    mood: Mood
    voice: Share
    """Of the posts that name any of the table's brands; one may name several, so shares may exceed 100 % together."""
    complaint: Figure | None
    """Negative posts of the most frequent risk kind, None without any."""
    complaint_title: str
    quote: Quote | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign of ours."""

    title: str
    mood: Mood
    volume: Change
    praise: Quote | None
    complaint: Quote | None


@dataclass(frozen=True, slots=True)
class Collected:
    """One source: how it is, and what it gave in this window."""

    health: SourceHealth
    posts: Figure


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A subject whose figures are not whole."""

    subject: str
    """Its name; empty for listings that may speak of anybody."""
    title: str
    words: str
    """What is missing, by source: `微博触顶 3 处（见到 450/1,230 条），抖音被拦截`."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds between two stages over `posts` posts: the middle one and the slowest twentieth."""

    title: str
    posts: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class CaseLoad:
    """Counts of the alert book over the window, self-harm left out by whoever counts."""

    alerts: int
    open: int
    """Nobody had answered them when the window ended."""
    overdue: int
    past: int = 0
    """Raised from posts that were found long after they were said; nobody was told, and `alerts` leaves them out."""


@dataclass(frozen=True, slots=True)
class Late:
    """What the window before has gained since its report was made: the questions of that report, asked again. Below
    zero where posts were taken away or judged otherwise since."""

    total: Figure
    more: int
    """Posts above what that report said."""
    negative: Figure | None
    """Of the own brand; None where that report had none."""
    more_negative: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trend: posts an hour, as many as the trend has hours."""

    title: str
    negative: tuple[int, ...]
    all: tuple[int, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Posts an hour over the window and the one before, the own brand first."""

    since: datetime
    split: datetime
    """Where this window begins."""
    first: datetime | None
    """The first hour with any post; what is before it was not collected. None without posts."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """One battle report, whole: a mail can be rendered from it alone."""

    id: str
    title: str
    since: datetime
    until: datetime
    composed_at: datetime
    subject: str
    """The mail's subject, from computed facts."""
    headline: str
    """The most important thing of the window, in one sentence."""
    total: Figure
    own: OwnSection | None
    """None where no subject is ours."""
    matters: tuple[Matter, ...]
    praise: tuple[Quote, ...]
    brands: tuple[Brand, ...]
    campaigns: tuple[Campaign, ...]
    cases: CaseLoad | None
    sources: tuple[Collected, ...]
    latency: tuple[Latency, ...]
    trend: Trend
    incomplete: tuple[Shortfall, ...] = ()
    """The subjects of the report whose figures are not whole, and why."""
    unread: int = 0
    """Posts that were collected and could not be counted: not judged or not stored in time."""
    late: Late | None = None
    """None where nothing came late, or the window before had no report."""
    before_partial: bool = False
    """The report of the window before called itself incomplete: growth may be nothing but better collecting."""
