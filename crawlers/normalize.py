"""From an untrusted PostItem to a Post, or a counted reason why not.

Owns every decision about what a page's values mean. Pure: the same item, fetch time and key give the same Post. Does
not know spiders, logs or databases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from crawlers.addresses import canonical_url, clean_id
from crawlers.counts import parse_count
from crawlers.items import PostItem
from crawlers.markup import own_and_quoted, words
from crawlers.times import CLOCK_SKEW, Precision, parse_time
from stream.records import Post, post_id

_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


class DropReason(StrEnum):
    """Why an element of a page became no post."""

    NO_ID = "no_id"
    NO_TEXT = "no_text"
    ADVERT = "advert"
    DELETED = "deleted"
    HIDDEN = "hidden"
    """Its words are shown to others only: after an answer, or from a rank on."""
    MALFORMED = "malformed"
    """Not the shape of a post at all."""
    OFF_TOPIC = "off_topic"
    """On a list of what is popular, and not about what is listened for."""
    OLD = "old"
    """From before the days that are asked for, or without a date among all that a site ever wrote."""
    ELSEWHERE = "elsewhere"
    """On a host that this source may not read."""
    REJECTED = "rejected"
    """The message log will never take it."""


class Doubt(StrEnum):
    """Why the publish time of a kept post is the fetch time or a guess."""

    NO_DATE = "no_date"
    UNREADABLE_DATE = "unreadable_date"
    FUTURE_DATE = "future_date"
    ANCIENT_DATE = "ancient_date"
    SHIFTED_DATE = "shifted_date"


@dataclass(frozen=True, slots=True)
class Drop:
    """No post came of it, for this reason."""

    reason: DropReason


def identity(item: PostItem) -> str:
    """What the post is known by on its platform: its native id, else its canonical URL, else empty."""
    return clean_id(item.native_id) or canonical_url(item.url)


def pseudonym(platform: str, author: Any, author_key: bytes) -> str:
    """A keyed stand-in for an author: 16 hex digits, the same for the same author and key; empty for nobody."""
    native = clean_id(author) or words(author, is_html=False).text[:200]
    if native in ("", "0"):  # how platforms number the anonymous
        return ""
    key = author_key if len(author_key) <= 64 else blake2b(author_key).digest()
    return blake2b(f"{platform}\x1f{native}".encode(), key=key, digest_size=8, person=b"author").hexdigest()


def normalize(
    item: PostItem,
    fetched_at: datetime,
    *,
    source: str,
    author_key: bytes,
    doubt: Callable[[Doubt], object] = lambda _: None,
) -> Post | Drop:
    """The Post this item means, or the reason there is none. Never raises, whatever the page held.

    Args:
        item: what the spider read.
        fetched_at: aware time of the response; relative dates count from it.
        source: name of the source in `sources.toml`.
        author_key: secret key of the author pseudonyms.
        doubt: told why a publish time is not the page's own, so that it can be counted.
    """
    native = identity(item)
    if not native:
        return Drop(DropReason.NO_ID)
    if item.deleted:
        return _tombstone(item, native, fetched_at, source, doubt)
    body = words(item.text, is_html=item.is_html, mark_private=item.private_glyphs)
    title = words(item.title, is_html=item.is_html, mark_private=item.private_glyphs)
    root = words(item.quoted, is_html=item.is_html)
    own, chain = own_and_quoted(body.text)
    if not own and not chain:
        own = title.text
    quoted = "\n".join(part for part in (chain, root.text) if part)
    if not own and not quoted:
        return Drop(DropReason.NO_TEXT)
    published, estimated = _published(item.published, fetched_at, doubt)
    parent = clean_id(item.parent)
    return Post(
        id=post_id(item.platform, native),
        platform=item.platform,
        source=source,
        native_id=native,
        url=canonical_url(item.url),
        text=own,
        published_at=published,
        fetched_at=fetched_at.astimezone(UTC),
        author=pseudonym(item.platform, item.author, author_key),
        title=_line(title.text),
        quoted=quoted,
        target=_line(words(item.target, is_html=item.is_html).text),
        parent=post_id(item.platform, parent) if parent and parent != native else "",
        published_estimated=estimated,
        truncated=item.truncated or body.cut or (item.private_glyphs and (body.private_glyphs or title.private_glyphs)),
        likes=parse_count(item.likes),
        comments=parse_count(item.comments),
        reposts=parse_count(item.reposts),
        rating=_number(item.rating, 0, 5),
        score=_number(item.score, -1000, 1000),
        store=_line(words(item.store, is_html=item.is_html).text),
        replied_at=_replied(item.replied, fetched_at, published),
    )


def _tombstone(
    item: PostItem, native: str, fetched_at: datetime, source: str, doubt: Callable[[Doubt], object]
) -> Post:
    """Where a post was, without a word of it."""
    published, estimated = _published(item.published, fetched_at, doubt)
    return Post(
        id=post_id(item.platform, native),
        platform=item.platform,
        source=source,
        native_id=native,
        url=canonical_url(item.url),
        text="",
        published_at=published,
        fetched_at=fetched_at.astimezone(UTC),
        published_estimated=estimated,
        deleted=True,
    )


def _number(raw: Any, low: float, high: float) -> float | None:
    """A number within bounds, as a platform or a table may write it; anything else is none."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if low <= value <= high else None


def _replied(raw: Any, fetched_at: datetime, published: datetime) -> datetime | None:
    """When the company answered; a time that cannot be read, or before the post or after now, is none."""
    moment = parse_time(raw, fetched_at)
    if moment is None or moment.at > fetched_at + CLOCK_SKEW:
        return None
    if moment.precision is Precision.DAY and moment.at < published < moment.at + timedelta(days=1):
        return published  # some time that day, and no answer comes before its post
    return moment.at if moment.at >= published - CLOCK_SKEW else None


def _line(text: str) -> str:
    """One line of at most 500 characters."""
    return " ".join(text.split())[:500]


def _published(raw: Any, fetched_at: datetime, doubt: Callable[[Doubt], object]) -> tuple[datetime, bool]:
    """When it was published, and whether that is a guess; an impossible time becomes the fetch time."""
    fetched = fetched_at.astimezone(UTC)
    moment = parse_time(raw, fetched_at)
    if moment is None:
        doubt(Doubt.NO_DATE if raw in (None, "") else Doubt.UNREADABLE_DATE)
        return fetched, True
    if moment.at > fetched + CLOCK_SKEW:
        doubt(Doubt.FUTURE_DATE)
        return fetched, True
    if moment.at < _OLDEST:
        doubt(Doubt.ANCIENT_DATE)
        return fetched, True
    if moment.shifted:
        doubt(Doubt.SHIFTED_DATE)
    return moment.at, moment.estimated
