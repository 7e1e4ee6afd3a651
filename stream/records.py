"""The records that travel between rooms: Post, Judgement, JudgedPost, Subject, SourceHealth, DeadLetter.

Owns the nouns. Does not own their labels (`labels`), their bytes (`codec`), their queries (`query`), nor how any of
them is made: posts come from `crawlers.normalize`, judgements from `models`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import ClassVar

from stream.labels import Health, Risk, Role, SelfHarm, Sentiment, Stage

POSTS = "posts"
JUDGED = "judged"
DEAD = "dead"
TOPICS = (POSTS, JUDGED, DEAD)


@dataclass(frozen=True, slots=True)
class Post:
    """One public utterance, cleaned, as it was when fetched. Made by `crawlers.normalize` only.

    All times are aware UTC. Texts are NFC, free of HTML, lone surrogates and control characters other than newline.
    """

    id: str
    """`post_id(platform, native_id)`: the key on the log and in the store."""
    platform: str
    """weibo, douyin, heimao, autohome, complaint, forum, owned, …"""
    source: str
    """The name in `sources.toml` of what collected it."""
    native_id: str
    url: str
    """Canonical address for a person to open; no session parameters."""
    text: str
    """The author's own words only."""
    published_at: datetime
    fetched_at: datetime
    author: str = ""
    """Keyed pseudonym; empty when the platform names nobody."""
    title: str = ""
    quoted: str = ""
    """Words of others carried along: the reposted post and the `//@user:` chain."""
    target: str = ""
    """Whom the platform says it is about: the company complained of, the board's name."""
    parent: str = ""
    """`post.id` of the post this one reposts or answers; empty for an original."""
    published_estimated: bool = False
    """The page gave no usable time; `published_at` is the fetch time or a coarser guess."""
    truncated: bool = False
    """The platform cut the text and the rest could not be had."""
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None
    deleted: bool = False
    """A tombstone: the platform says the post is gone. It carries no words; the store forgets those it had, and no
    older copy brings them back."""
    rating: float | None = None
    """Stars the author gave, on the scale 0 to 5."""
    score: float | None = None
    """Answer to a survey's question (CSAT, NPS), on that survey's own scale."""
    store: str = ""
    """Shop, branch or dealer it is about, as the source names it."""
    replied_at: datetime | None = None
    """When the company first answered, where the source says so; aware UTC."""
    known_since: datetime | None = None
    """When an earlier version of it was first fetched, if one was: what turns grave later is no old news."""

    @classmethod
    def tombstone(cls, of_post: str, published_at: datetime, fetched_at: datetime) -> "Post":
        """Where a post was: its id, its time, and when it was found gone."""
        return cls(
            id=of_post,
            platform="",
            source="",
            native_id="",
            url="",
            text="",
            published_at=published_at,
            fetched_at=fetched_at,
            deleted=True,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a classifier says of one text. Probabilities are in the order of their enum's members, each 0 to 1.

    Sentiment, stage and self-harm probabilities each sum to 1; the ten risks are independent.
    """

    sentiment: Sentiment
    sentiment_probs: tuple[float, float, float]
    risks: tuple[Risk, ...]
    risk_probs: tuple[float, ...]
    stage: Stage
    stage_probs: tuple[float, ...]
    self_harm: SelfHarm
    self_harm_probs: tuple[float, float, float]
    uncertain: bool
    """The classifier is not sure enough of its sentiment, a risk or a self-harm level to be believed alone."""
    revision: str
    """Name and version of what judged, for example `lexicon-1`."""

    @classmethod
    def silent(cls, revision: str) -> "Judgement":
        """What is said of a post without words, a bare repost for one: nothing, for certain."""
        return cls(
            sentiment=Sentiment.NEUTRAL,
            sentiment_probs=(0.0, 1.0, 0.0),
            risks=(),
            risk_probs=(0.0,) * len(Risk),
            stage=Stage.NONE,
            stage_probs=tuple(float(stage is Stage.NONE) for stage in Stage),
            self_harm=SelfHarm.NONE,
            self_harm_probs=(1.0, 0.0, 0.0),
            uncertain=False,
            revision=revision,
        )


@dataclass(frozen=True, slots=True)
class JudgedPost:
    """A post with its judgement, whom it is about, and which near-duplicates it belongs with."""

    post: Post
    judgement: Judgement
    subjects: tuple[str, ...]
    """Names from `subjects.toml` that the post is about, in the order of that file."""
    fingerprint: str
    """Pure sketch of the text, from which `models.stories` groups near-duplicates; never empty."""
    logged_at: datetime
    judged_at: datetime
    echo: bool = False
    """Its signs of self-harm are in the words of the post reposted alone, to which `parent` leads."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A brand, product or campaign that is listened for; one table of `subjects.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    """Stable ASCII word used in queries and rules."""
    title: str
    """What people call it, in Chinese."""
    role: Role
    aliases: tuple[str, ...] = ()
    """Other words for it, including common misspellings; `title` always counts."""
    excludes: tuple[str, ...] = ()
    """Phrases that contain an alias without meaning the subject ("苹果汁" for 苹果)."""
    keywords: tuple[str, ...] = ()
    """Alias counts only if one of these stands somewhere in the same post; empty means always."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one crawl saw of one listing (a keyword, board or account), and what there was."""

    listing: str
    """Empty where the source walks one fixed list."""
    state: Health
    """`fresh`: down to its end or to what was known."""
    got: int = 0
    """Elements seen on its pages."""
    expected: int | None = None
    """Elements the platform says it has; None where it says nothing."""
    pages: int = 0
    truncated: int = 0
    """Threads and posts of which only a part was had."""
    since: datetime | None = None
    """Publish time of the oldest post taken."""
    until: datetime | None = None
    """Publish time of the newest post taken."""
    began: datetime | None = None
    """When this state began."""
    subjects: tuple[str, ...] = ()
    """Names of the subjects it is listened to for; empty where it may speak of any."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What is known of one source now, for the dashboard, the digest and the API."""

    name: str
    platform: str
    health: Health
    reason: str
    """One sentence in Chinese for a person; empty when fresh and the last crawl did not fail."""
    since: datetime | None
    """When this health began."""
    last_success: datetime | None
    posts: int
    """Distinct posts appended to the log since this data folder began."""
    retry_at: datetime | None = None
    """When it is tried again, where a refusal has closed it for a while."""
    coverage: tuple[Coverage, ...] = ()
    """What is known of each listing now; one nameless row where no crawl has told them apart."""

    @property
    def unheard(self) -> bool:
        """Whether it is listened to and its silence proves nothing."""
        return self.health not in (Health.FRESH, Health.OFF)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that no amount of trying again would help, kept whole so that a person can look and replay."""

    topic: str
    partition: int
    offset: int
    group: str
    key: str
    error: str
    """Class of the error and where it arose; never the message's text."""
    value: bytes = field(repr=False)
    died_at: datetime


def post_id(platform: str, native: str) -> str:
    """The derived identity of a post: the same native id (or canonical URL) on the same platform, always the same."""
    digest = blake2b(f"{platform}\x1f{native}".encode(), digest_size=10).hexdigest()
    return f"{platform}-{digest}"
