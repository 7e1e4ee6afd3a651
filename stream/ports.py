"""The ports: what Guanlan asks of a message log, a post store, a classifier, and the errors they may raise.

Owns promises, not code. An adapter keeps every sentence here; the contract tests under `tests/stream` hold it to
them. Adapters translate their driver's errors into the four below, so no other room knows a driver.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from stream.query import Count, Facet, Hit, Interval, Page, PostQuery
from stream.records import JudgedPost, Judgement


class Unavailable(Exception):
    """The other side cannot be reached or cannot take more now; the same call may succeed later."""


class Rejected(Exception):
    """The other side will never take these; trying again is useless.

    Attributes:
        ids: the ids (or keys) that were refused; the others of the same call were taken.
    """

    def __init__(self, message: str, ids: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.ids = tuple(ids)


class Reassigned(Exception):
    """The commit came from a reader that no longer owns what it read; harmless, the new owner reads it again."""


class Misconfigured(Exception):
    """The settings cannot work; raised at start only. The message names the key and what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer appends: messages of one key stay in order."""

    key: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A message as read back, with its place in the log."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes = field(repr=False)
    appended_at: datetime


class LogReader(Protocol):
    """One member of a group reading one topic.

    Three positions matter. The *read* position moves with `poll`. The *committed* position moves only with
    `commit`, survives crashes, and always names the next message to read. On a new reader, and after `rewind`, the
    read position is the committed one; a group that never committed starts at the oldest message.
    """

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` next records, in append order for each key; waits at most `timeout` seconds for the
        first. Empty when there are none, or when another member of the group owns them all.

        Raises:
            Unavailable: the log cannot be reached.
            Misconfigured: the committed position no longer exists (trimmed away); never skipped in silence.
        """

    def commit(self) -> None:
        """Make everything polled so far never be read again by this group; durable when it returns.

        Raises:
            Reassigned: this reader lost what it had read.
            Unavailable: the log cannot be reached; what was polled will be read again.
        """

    def rewind(self) -> None:
        """Go back to the committed position: the next `poll` gives the same records again."""

    def wait(self, seconds: float) -> None:
        """Do nothing for so long without losing membership of the group; returns early when `stop` was called."""

    def stop(self) -> None:
        """Wake a `poll` or `wait` in another thread; it then returns at once. May be called from anywhere."""

    def close(self) -> None:
        """Leave the group without committing."""


class MessageLog(Protocol):
    """An append-only log of topics."""

    def append(self, topic: str, messages: Sequence[Message]) -> None:
        """Add messages in order; returns only when all of them survive a crash of this process and this machine.

        Repeating a call appends again: effects downstream are keyed by derived ids.

        Raises:
            Unavailable: some or all were perhaps not written; append all again.
            Rejected: these keys can never be written (for example, too large); the others were.
        """

    def reader(self, topic: str, group: str) -> LogReader:
        """A reader of `topic` for `group`; groups are independent of one another."""

    def lag(self, topic: str, group: str) -> int:
        """How many messages of `topic` the group has not committed."""

    def size(self, topic: str) -> int:
        """How many messages `topic` holds now."""

    def check(self) -> None:
        """Raise Unavailable or Misconfigured unless the log can be read and written now."""

    def close(self) -> None:
        """Release everything; the log object is then of no use."""


class PostStore(Protocol):
    """Judged posts, searchable. Any order and any repetition of the same puts leaves the same state."""

    def put(self, posts: Sequence[JudgedPost]) -> None:
        """Upsert by `post.id`: newer `fetched_at` wins; of one fetch judged twice the later `judged_at`, equal
        overwrites; older is ignored. Durable and searchable by a new call when it returns.

        A tombstone (`post.deleted`) takes the post and its words out of the store and leaves only its version, which
        no other call shows; only a strictly newer copy brings the post back.

        Raises:
            Unavailable: none, some or all were written; put all again.
            Rejected: these ids can never be stored; the others were.
        """

    def get(self, id: str) -> Hit | None:
        """The post with this id."""

    def search(self, query: PostQuery, size: int, after: str = "") -> Page:
        """A page of at most `size` hits after the cursor `after` of an earlier page of the same query.

        Raises:
            ValueError: the query's words or the cursor cannot be understood; the message is fit for a user.
            Unavailable: the store cannot be reached.
        """

    def count_by(self, query: PostQuery, by: Facet | Interval, limit: int = 100) -> list[Count]:
        """Posts per value: facets by falling count then value, at most `limit`; intervals in time order, all of
        them, those without posts left out."""

    def count(self, query: PostQuery) -> int:
        """How many posts match, exactly."""

    def forget(self, *, before: datetime | None = None, sources: Sequence[str] = (), author: str = "") -> int:
        """Remove posts published before a time, or by an author (exactly one is given); returns how many. `sources`
        limits a time to what they collected. Without that, tombstones of before are forgotten too, and not counted."""

    def check(self) -> None:
        """Raise Unavailable or Misconfigured unless the store can be read and written now."""

    def close(self) -> None:
        """Release everything; the store object is then of no use."""


class Classifier(Protocol):
    """Texts to judgements. A missing or broken model raises Misconfigured when it is loaded, never later."""

    revision: str

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order. The same text and revision always give the same judgement,
        whatever else is in the call. No text makes it raise."""
