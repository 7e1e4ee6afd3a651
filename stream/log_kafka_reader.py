"""One member of a Kafka consumer group, reading one topic.

Owns positions: what was polled and not yet committed, and what a rebalance took away. Does not own connecting or
what the driver's errors mean (`log_kafka_connection`).
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka import errors as driver
from kafka.coordinator.assignors.range import RangePartitionAssignor

from stream.log_kafka_connection import connect, translated
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Reassigned, Record

_SLICE = 0.2
"""Seconds between two looks at whether `stop` was called; the driver has no way to be woken."""
_LOOK = 0.005
"""Seconds of one look for records. What comes between two looks is kept by the driver's thread until the next."""
_PAUSES = (0.005, 0.01, 0.02, 0.04, 0.08)
"""Seconds between looks that find nothing, one after the other. While it looks, the driver asks without a rest: a
broker should hold a question back until there is an answer; one that does not would keep a core busy for nothing."""
_GOODBYE = 3000
"""Milliseconds that leaving the group may take; whoever waits for it learns from the session's end otherwise."""


class KafkaReader:
    """A `LogReader`. For one thread at a time, except `stop`.

    Args:
        settings: where the brokers are.
        topic: in the port's words; `settings.prefix` goes before it, and before the group's name.
        group: in the port's words. Groups of one name do not meet across topics.
        seconds: how long one call to the brokers may take before they are Unavailable.
        session_seconds: after so long without a sign of life another member gets this one's partitions.
        max_bytes: the largest message there can be.
    """

    def __init__(
        self, settings: KafkaSettings, topic: str, group: str, *, seconds: float, session_seconds: float, max_bytes: int
    ) -> None:
        self._topic = topic
        self._group = group
        self._bootstrap = settings.bootstrap
        self._milliseconds = round(seconds * 1000)
        # without a record for so long the brokers are asked whether they are there: the driver would not say
        self._silence = seconds / 2
        self._consumer: Any = connect(
            KafkaConsumer,
            settings,
            seconds,
            group_id=group_id(settings, topic, group),
            enable_auto_commit=False,
            partition_assignment_strategy=[RangePartitionAssignor],  # with others the listener is told differently
            auto_offset_reset="none",  # a position that is gone is an error; a new group is sent to the oldest below
            allow_auto_create_topics=False,
            session_timeout_ms=round(session_seconds * 1000),
            heartbeat_interval_ms=round(session_seconds * 100),
            max_partition_fetch_bytes=max_bytes,
            metrics_enabled=False,
        )
        self._pending: dict[TopicPartition, tuple[int, int]] = {}  # read, not committed: first offset, the one after
        self._fresh: set[TopicPartition] = set()  # never committed nor read by us
        self._owned: deque[frozenset[TopicPartition]] = deque()  # told by the driver's thread, looked at in ours
        self._lost = False
        self._member = False
        self._stopped = False
        self._paused = False
        self._ask_at = time.monotonic() + self._silence
        self._consumer.subscribe([f"{settings.prefix}{topic}"], listener=_Listener(self._joining, self._joined))

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """See `ports.LogReader.poll`."""
        end = time.monotonic() + timeout
        pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
        while True:
            left = 0.0 if self._stopped else max(0.0, end - time.monotonic())
            # a look that ends while the group is joined would have the driver begin to join again
            member = self._member
            with translated(self._bootstrap):
                polled = self._fetch(min(_LOOK if member else _SLICE, left), max_records)
            self._settle()
            if polled:
                self._ask_at = time.monotonic() + self._silence
                return [record for place, batch in polled.items() for record in self._taken(place, batch)]
            if left == 0:
                return []
            if time.monotonic() >= self._ask_at:
                self._ask_whether_it_is_there()
            if member and self._member:
                time.sleep(min(next(pauses), left))

    def commit(self) -> None:
        """See `ports.LogReader.commit`."""
        self._settle()
        if self._pending:
            offsets = {place: OffsetAndMetadata(after, "", -1) for place, (_, after) in self._pending.items()}
            try:
                with translated(self._bootstrap):
                    self._consumer.commit(offsets, timeout_ms=self._milliseconds)
            except Reassigned:
                self._lost = True
                self._go_back()  # or it would be skipped: the driver keeps the read position of what it is given again
            self._pending.clear()
        if self._lost:
            self._lost = False
            raise Reassigned(f"{self._group} on {self._topic}: another reader has taken over")

    def rewind(self) -> None:
        """See `ports.LogReader.rewind`."""
        self._settle()
        self._lost = False
        self._go_back()

    def wait(self, seconds: float) -> None:
        """See `ports.LogReader.wait`."""
        end = time.monotonic() + seconds
        self._paused = True
        _each(self._consumer.pause, self._consumer.assignment())
        try:
            while not self._stopped and (left := end - time.monotonic()) > 0:
                try:
                    self._fetch(min(_SLICE, left), 1)  # fetches nothing: takes part in rebalances
                except driver.KafkaError:
                    time.sleep(min(_SLICE, left))  # the next poll or commit says so
        finally:
            self._paused = False
            _each(self._consumer.resume, self._consumer.paused())

    def stop(self) -> None:
        """See `ports.LogReader.stop`; once stopped, this reader never waits again. Safe in a signal handler."""
        self._stopped = True

    def close(self) -> None:
        """See `ports.LogReader.close`."""
        with translated(self._bootstrap):
            self._consumer.close(autocommit=False, timeout_ms=_GOODBYE)

    def _fetch(self, seconds: float, most: int) -> dict[TopicPartition, list[Any]]:
        try:
            polled: dict[TopicPartition, list[Any]] = self._consumer.poll(
                timeout_ms=round(seconds * 1000), max_records=most
            )
        except driver.NoOffsetForPartitionError as error:  # the group never committed here
            self._settle()
            self._fresh.update(error.args[0])
            self._consumer.seek_to_beginning(*error.args[0])
        except driver.OffsetOutOfRangeError as error:
            self._settle()
            if not self._fresh.issuperset(error.args[0]):
                raise
            # the oldest was trimmed away between asking for its offset and fetching it
            self._consumer.seek_to_beginning(*error.args[0])
        else:
            return polled
        return {}

    def _taken(self, place: TopicPartition, batch: list[Any]) -> Iterable[Record]:
        self._fresh.discard(place)
        first, _ = self._pending.get(place, (batch[0].offset, 0))
        self._pending[place] = (first, batch[-1].offset + 1)
        return (
            Record(
                self._topic,
                place.partition,
                each.offset,
                (each.key or b"").decode("utf-8", "replace"),  # another program may have written any bytes or none
                each.value or b"",
                datetime.fromtimestamp(each.timestamp / 1000, UTC),
            )
            for each in batch
        )

    def _go_back(self) -> None:
        for place, (first, _) in self._pending.items():
            with suppress(KeyError, ValueError):  # no longer ours: its new owner starts at the committed position
                self._consumer.seek(place, first)
        self._pending.clear()

    def _settle(self) -> None:
        """Forget what was read from partitions that were taken away since; the others are still ours to commit."""
        while self._owned:
            owned = self._owned.popleft()
            self._fresh &= owned  # another may commit there meanwhile
            for place in self._pending.keys() - owned:
                del self._pending[place]
                self._lost = True

    def _joining(self) -> None:
        """In the driver's thread: the group is being shared out anew."""
        self._member = False

    def _joined(self, owned: frozenset[TopicPartition]) -> None:
        """In the driver's thread: what is ours from now on."""
        self._owned.append(owned)
        if self._paused:
            _each(self._consumer.pause, owned)
        self._member = bool(owned)

    def _ask_whether_it_is_there(self) -> None:
        places = self._consumer.assignment() or {TopicPartition(next(iter(self._consumer.subscription())), 0)}
        with translated(self._bootstrap):
            self._consumer.end_offsets(list(places), timeout_ms=self._milliseconds)
        self._ask_at = time.monotonic() + self._silence


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver has no types
    """Runs in the driver's thread: only hands on what is owned after a rebalance."""

    def __init__(self, joining: Callable[[], None], joined: Callable[[frozenset[TopicPartition]], None]) -> None:
        self._joining = joining
        self._joined = joined

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Does not say what is lost: all are revoked before each rebalance, and most are given again."""
        self._joining()

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:  # noqa: ARG002 — it is always all
        self._joined(frozenset())

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joined(frozenset(assigned))


def _each(call: Callable[[TopicPartition], None], places: Iterable[TopicPartition]) -> None:
    """Pause or resume these, but for those that the driver's thread takes away meanwhile."""
    for place in places:
        with suppress(KeyError):
            call(place)


def group_id(settings: KafkaSettings, topic: str, group: str) -> str:
    """The group's name on the cluster."""
    return f"{settings.prefix}{topic}.{group}"
