"""The message log on Kafka: the cluster adapter of `ports.MessageLog`.

Owns writing and counting. Messages of one key go to one partition, so their order holds; a topic's partitions are
shared out among the readers of a group. Reading belongs to `log_kafka_reader`, topics and positions to
`log_kafka_cluster`, connections and the driver's errors to `log_kafka_connection`, addresses and credentials to
`log_kafka_settings`.
"""

import logging
import re
import time
from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as driver
from kafka.codec import has_lz4, has_zstd

from stream.log_kafka_cluster import Cluster
from stream.log_kafka_connection import connect, translate, translated
from stream.log_kafka_reader import KafkaReader, group_id
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Message, Rejected
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
        self._cluster = Cluster(settings, seconds)
        try:
            self._cluster.ensure(self._topics)
            self._producer: Any = connect(
                KafkaProducer,
                settings,
                seconds,
                acks="all",
                enable_idempotence=True,
                compression_type="zstd" if has_zstd() else "lz4" if has_lz4() else None,
                batch_size=min(1 << 18, max_message_bytes),  # the brokers' limit is on batches
                max_request_size=max(1 << 20, self._room(DEAD)),
                max_block_ms=round(seconds * 1000),
                delivery_timeout_ms=round(seconds * 2000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except BaseException:
            self._cluster.close()
            raise

    def append(self, topic: str, messages: Sequence[Message]) -> None:
        """See `ports.MessageLog.append`."""
        name = self._known(topic)
        limit = self._limit(topic)
        end = time.monotonic() + self._seconds * 2 + 1
        refused: list[str] = []
        sent: list[tuple[str, Any]] = []
        with translated(self._settings.bootstrap):
            for message in messages:
                key = _encoded(message.key)
                if key is None or len(message.value) > limit:
                    refused.append(message.key)
                else:
                    sent.append((message.key, self._producer.send(name, message.value, key=key)))
        failed: Exception | None = None
        for text, future in sent:
            try:
                future.get(timeout=max(0.0, end - time.monotonic()))
            except driver.KafkaError as error:
                meaning = translate(error, self._settings.bootstrap)
                if isinstance(meaning, Rejected):
                    refused.append(text)
                else:
                    failed = failed or meaning
        if failed:
            raise failed
        if refused:
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
