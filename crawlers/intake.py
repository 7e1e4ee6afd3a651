"""From rows that came to us to the message log: normalise, leave out what the log has, append, remember.

Owns the last step of an import, whichever way it came. What was appended is remembered batch by batch, so that an
import which breaks off loses nothing and repeats nothing. Does not read files (`readers`).
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from crawlers.imports import Read
from crawlers.ledger import Ledger
from crawlers.normalize import Doubt, Drop, DropReason, normalize
from crawlers.reports import Tally
from crawlers.sources import Source
from crawlers.state import CrawlState
from crawlers.tables import Broken
from stream.codec import content, encode
from stream.ports import Message, MessageLog, Rejected, Unavailable
from stream.records import POSTS, Post
from stream.retry import Backoff

BATCH = 200
"""Posts a single append carries at most."""
NAMED = 1000
"""Dropped rows that are named by number; more are only counted."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some rows."""

    dropped: tuple[tuple[int, DropReason], ...] = ()
    """Row numbers with the reason why no post came of them, the first thousand."""
    trouble: str = ""
    """A Chinese sentence if the file could not be read to its end."""
    note: str = ""
    """A Chinese sentence on what was lost before the rows came to us, though posts came of them."""


class Intake:
    """One source's way into the log for rows that nobody had to fetch.

    Args:
        attempts: how often an append is tried before it is given up; then `Unavailable` is raised.
    """

    def __init__(
        self,
        source: Source,
        log: MessageLog,
        state: CrawlState,
        ledger: Ledger,
        *,
        author_key: bytes,
        clock: Callable[[], datetime],
        attempts: int = 6,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self.author_key = author_key
        self.clock = clock
        self.ledger = ledger
        self.state = state
        self._log = log
        self._attempts = attempts
        self._backoff = backoff
        self._sleep = sleep

    def take(self, reads: Iterable[Read], tally: Tally) -> Taken:
        """Append what is new of these rows; when it returns, the log has it.

        Raises:
            Unavailable: the log does not take more now; what it took before is remembered.
        """
        at = self.clock()
        dropped: list[tuple[int, DropReason]] = []
        waiting: dict[str, tuple[int, Post]] = {}
        trouble, spoiled, unreadable = "", 0, tally.doubts[Doubt.UNREADABLE_DATE]

        def drop(number: int, reason: DropReason) -> None:
            tally.drops[reason] += 1
            if len(dropped) < NAMED:
                dropped.append((number, reason))

        def doubt(why: Doubt) -> None:
            tally.doubts[why] += 1

        try:
            for read in reads:
                spoiled += read.spoiled
                if isinstance(read.item, DropReason):
                    drop(read.number, read.item)
                    continue
                post = normalize(read.item, at, source=self.source.name, author_key=self.author_key, doubt=doubt)
                if isinstance(post, Drop):
                    drop(read.number, post.reason)
                    continue
                tally.known += post.native_id in waiting  # of two rows with one id the later counts
                waiting[post.native_id] = (read.number, post)
                if len(waiting) >= BATCH:
                    self._flush(waiting, tally, drop, at)
        except Broken as error:
            trouble = str(error)
        self._flush(waiting, tally, drop, at)
        undated = tally.doubts[Doubt.UNREADABLE_DATE] - unreadable  # other files may have had some
        notes = [f"有 {spoiled} 行的编号已被 Excel 改成科学计数法，改按内容识别"] if spoiled else []
        notes += [f"有 {undated} 行的时间读不出来，按导入的时间算"] if undated else []
        return Taken(tuple(dropped), trouble, "；".join(notes))

    def _flush(
        self,
        waiting: dict[str, tuple[int, Post]],
        tally: Tally,
        drop: Callable[[int, DropReason], None],
        at: datetime,
    ) -> None:
        """Append the rows that the log does not have as they are now; empties `waiting`."""
        versions = {native: version(post) for native, (_, post) in waiting.items()}
        has = self.ledger.rows(self.source.name, list(versions))
        fresh = {
            native: (number, _since(post, has[native][1]) if native in has else post)
            for native, (number, post) in waiting.items()
            if native not in has or has[native][0] != versions[native]
        }
        tally.known += len(waiting) - len(fresh)
        waiting.clear()
        if not fresh:
            return
        refused = self._append([Message(post.id, encode(post)) for _, post in fresh.values()])
        kept = []
        for native, (number, post) in fresh.items():
            if post.id in refused:
                drop(number, DropReason.REJECTED)
            else:
                kept.append(native)
        tally.posts += len(kept)
        self.ledger.logged(self.source.name, ((native, versions[native]) for native in kept), at)
        self.state.remember_posts(self.source.name, ((native, True) for native in kept))

    def _append(self, messages: list[Message]) -> set[str]:
        """The ids that the log refused for good."""
        for attempt in range(1, self._attempts + 1):
            try:
                self._log.append(POSTS, messages)
            except Rejected as error:
                return set(error.ids)
            except Unavailable:
                if attempt == self._attempts:
                    raise
                self._sleep(self._backoff.delay(attempt))
            else:
                break
        return set()


def _since(post: Post, first: datetime | None) -> Post:
    """The row as it is told again: not as one of today, if it was known before and says no time of its own."""
    if first is None:
        return post
    return replace(post, known_since=first, published_at=first if _guessed(post) else post.published_at)


def _guessed(post: Post) -> bool:
    return post.published_estimated and post.published_at == post.fetched_at


def version(post: Post) -> bytes:
    """What tells two versions of a row apart: everything it says, but not when it was read."""
    published = _NEVER if _guessed(post) else post.published_at
    return blake2b(content(replace(post, published_at=published)), digest_size=8).digest()
