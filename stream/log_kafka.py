"""The message log on Kafka: the cluster adapter of `ports.MessageLog`.

Owns writing and counting. Messages of one key go to one partition, so their order holds; a topic's partitions are
shared out among the readers of a group. Reading belongs to `log_kafka_reader`, topics and positions to
`log_kafka_cluster`, connections and the driver's errors to `log_kafka_connection`, addresses and credentials to
`log_kafka_settings`.
"""

import logging
import re
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as driver
from kafka.codec import has_lz4, has_zstd

from stream.log_kafka_cluster import Cluster
from stream.log_kafka_connection import connect, translate, translated
from stream.log_kafka_reader import KafkaReader, group_id
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Message, Rejected, Unavailable
from stream.records import DEAD, TOPICS

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_KEY_BYTES = 1 << 12
_FRAME_BYTES = 1 << 14
"""Room for a message's key and its frame, beside its value."""


class KafkaLog:
    """A `MessageLog` on a Kafka cluster, for as many processes and threads on as many machines as like.

    Args:
        settings: where it is. Its topics are created when they are missing, and checked.
        max_message_bytes: a larger value is Rejected. Dead letters, which carry another message in base64, may be
            twice as large.
        seconds: how long one call to the brokers may take; an append gives up after twice that.
        session_seconds: after so long without a sign of life a reader's partitions go to another.

    Raises:
        Misconfigured, Unavailable: with a sentence that names what to do.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        max_message_bytes: int = 1 << 20,
        seconds: float = 10.0,
        session_seconds: float = 30.0,
    ) -> None:
        # when it debugs, the driver writes out keys and values; of each attempt to connect it tells three times
        for name, level in (("kafka", logging.WARNING), ("kafka.net", logging.CRITICAL)):
            logging.getLogger(name).setLevel(max(level, logging.getLogger(name).level))
        self._settings = settings
        self._max_bytes = max_message_bytes
        self._seconds = seconds
        self._session_seconds = session_seconds
        self._topics = {self._name(topic): self._room(topic) for topic in TOPICS}
        self._renewing = threading.Lock()
        self._cluster = Cluster(settings, seconds)
        try:
            self._cluster.ensure(self._topics)
            self._producer = self._connected()
        except BaseException:
            self._cluster.close()
            raise

    def append(self, topic: str, messages: Sequence[Message]) -> None:
        """See `ports.MessageLog.append`."""
        name, limit = self._known(topic), self._limit(topic)
        fitting: list[Message] = []
        refused: list[str] = []
        for message in messages:
            if _encoded(message.key) is None or len(message.value) > limit:
                refused.append(message.key)
            else:
                fitting.append(message)
        wrong = self._written(name, fitting)
        if len(fitting) > 1:
            # with one that the brokers refuse, the driver gives up whatever is under way beside it
            wrong = [again for message in wrong for again in self._written(name, [message])]
        if refused := refused + [message.key for message in wrong]:
            raise Rejected(f"{len(refused)} messages are larger than {limit} bytes or have no storable key", refused)

    def reader(self, topic: str, group: str) -> KafkaReader:
        """See `ports.MessageLog.reader`."""
        self._known(topic)
        return KafkaReader(
            self._settings,
            topic,
            _checked(group),
            seconds=self._seconds,
            session_seconds=self._session_seconds,
            max_bytes=max(1 << 20, self._room(topic)),
        )

    def lag(self, topic: str, group: str) -> int:
        """See `ports.MessageLog.lag`."""
        ends = self._cluster.ends(self._known(topic))
        at = self._cluster.committed(self._name(topic), group_id(self._settings, topic, _checked(group)))
        return sum(max(0, after - max(first, at.get(number, first))) for number, (first, after) in ends.items())

    def size(self, topic: str) -> int:
        """See `ports.MessageLog.size`."""
        return sum(after - first for first, after in self._cluster.ends(self._known(topic)).values())

    def check(self) -> None:
        """See `ports.MessageLog.check`."""
        self._cluster.check(self._topics)

    def close(self) -> None:
        """See `ports.MessageLog.close`; readers are closed by their owners."""
        try:
            self._producer.close(timeout=self._seconds * 2 + 1)  # by then an unsent message has been given up
        finally:
            self._cluster.close()

    def _connected(self) -> Any:
        """A producer of the driver."""
        return connect(
            KafkaProducer,
            self._settings,
            self._seconds,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd" if has_zstd() else "lz4" if has_lz4() else None,
            batch_size=min(1 << 18, self._max_bytes),  # the brokers' limit is on batches
            max_request_size=max(1 << 20, self._room(DEAD)),
            max_block_ms=round(self._seconds * 1000),
            delivery_timeout_ms=round(self._seconds * 2000),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _living(self) -> Any:
        """The producer; a new one after an error that the driver holds for final, and answers every message with."""
        with self._renewing:
            if self._producer._transaction_manager.has_fatal_error():  # there is no other way to know
                spent, self._producer = self._producer, self._connected()
                spent.close(timeout=1)
            return self._producer

    def _written(self, name: str, messages: Sequence[Message]) -> list[Message]:
        """Send messages and wait for them; those that the brokers refuse.

        Raises:
            Unavailable, Misconfigured: some or all were perhaps not written.
        """
        end = time.monotonic() + self._seconds * 2 + 1
        with translated(self._settings.bootstrap):
            producer = self._living()
            try:
                sent = [(one, producer.send(name, one.value, key=one.key.encode())) for one in messages]
                return self._refused(sent, end)
            except driver.IllegalStateError:
                if producer is self._producer:
                    raise
                raise Unavailable("Kafka's producer was replaced meanwhile, after an error in another thread") from None

    def _refused(self, sent: Iterable[tuple[Message, Any]], end: float) -> list[Message]:
        refused: list[Message] = []
        failed: Exception | None = None
        for message, future in sent:
            try:
                future.get(timeout=max(0.0, end - time.monotonic()))
            except driver.KafkaError as error:
                meaning = translate(error, self._settings.bootstrap)
                if isinstance(meaning, Rejected):
                    refused.append(message)
                else:
                    failed = failed or meaning
        if failed:
            raise failed
        return refused

    def _known(self, topic: str) -> str:
        """The topic's name on the cluster, where it is created if it is a new one."""
        name = self._name(topic)
        if name not in self._topics:
            self._cluster.ensure({name: self._room(topic)})
            self._topics[name] = self._room(topic)
        return name

    def _name(self, topic: str) -> str:
        return f"{self._settings.prefix}{_checked(topic)}"

    def _limit(self, topic: str) -> int:
        return self._max_bytes * 2 if topic == DEAD else self._max_bytes

    def _room(self, topic: str) -> int:
        return self._limit(topic) + _FRAME_BYTES


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a topic or group is named by small letters, digits and underscores")
    return name


def _encoded(key: str) -> bytes | None:
    """The key's bytes; None when it has none or too many."""
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= _KEY_BYTES else None
