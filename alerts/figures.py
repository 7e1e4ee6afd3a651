"""Numbers and words a battle report is made of: figures with their queries, shares, changes, quotes with their links.

Owns the rules of honest numbers: a share needs twenty posts, a comparison needs a yesterday. Does not own the sections
they stand in (`report`).
"""

from dataclasses import dataclass
from datetime import datetime

from stream.query import PostQuery

ENOUGH = 20
"""Below so many posts no percentage is shown: one post more would move it by five points."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of posts and the question it answers: `store.count(query)` gives it again."""

    value: int
    query: PostQuery


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; `percent` is None where the whole is too small to speak of shares."""

    part: Figure
    whole: Figure

    @property
    def percent(self) -> int | None:
        """0 to 100, or None below `ENOUGH` posts."""
        if self.whole.value < ENOUGH:
            return None
        return round(100 * self.part.value / self.whole.value)


@dataclass(frozen=True, slots=True)
class Change:
    """A number of this window beside that of the window before; `before` is None if nothing was collected then."""

    now: Figure
    before: Figure | None

    @property
    def percent(self) -> int | None:
        """Growth in per cent, or None where the window before was silent, missing, or too small."""
        if self.before is None or self.before.value < ENOUGH:
            return None
        return round(100 * (self.now.value - self.before.value) / self.before.value)

    @property
    def delta(self) -> int | None:
        """Posts more (or fewer) than in the window before."""
        return None if self.before is None else self.now.value - self.before.value


@dataclass(frozen=True, slots=True)
class Quote:
    """A person's words, masked and cut to 120 characters, with the way back to the post."""

    post: str
    """`post.id`."""
    url: str
    """http or https only."""
    text: str
    platform: str
    published_at: datetime
    likes: int | None
    comments: int | None
    reposts: int | None
    uncertain: bool
    """The classifier was not sure of this post; a reader is told."""
    source: str = ""
    """Whose retention class holds; like the pseudonym of the author it is kept to forget by, and never shown."""
    author: str = ""
    estimated: bool = False
    """The time is a guess; a reader is told."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who speaks behind a number of posts: `originals + spreaders == posts.value`.

    An original opens its story; reposts and near-copies of it are spreaders. Counted by `voices.tally` over the posts
    of the query.
    """

    posts: Figure
    originals: int
    spreaders: int
    accounts: int
    """Distinct pseudonyms; posts that name nobody add none."""
    interactions: int
    """Likes, comments and reposts that the platforms showed, summed."""
    silent: int = 0
    """Neutral reposts that pass one of these stories on, not among `posts`; since 0.9."""
    earlier: int = 0
    """Of a matter: originals from before the window that are still passed on, not among `posts`; since 0.11."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How a set of posts is divided by sentiment."""

    total: Figure
    negative: Figure
    neutral: Figure
    positive: Figure

    @property
    def negative_share(self) -> Share:
        """Negative posts of all."""
        return Share(self.negative, self.total)

    @property
    def positive_share(self) -> Share:
        """Positive posts of all."""
        return Share(self.positive, self.total)


@dataclass(frozen=True, slots=True)
class Row:
    """One label of a breakdown with all its posts, the negative and the neutral ones among them."""

    title: str
    all: Figure
    negative: Figure
    neutral: Figure | None = None
    """None in a report that was stored before these were counted."""
