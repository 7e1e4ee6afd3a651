"""A Kafka cluster as the log sees it: its topics and its groups' positions.

Owns creating and checking topics, and the questions about offsets. Does not own what is written (`log_kafka`) or
read (`log_kafka_reader`), nor connecting (`log_kafka_connection`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition
from kafka import errors as driver
from kafka.admin import ConfigResource

from stream.log_kafka_connection import connect, translate, translated
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Misconfigured, Unavailable

T = TypeVar("T")

_PAUSE = 0.1
"""Seconds between two attempts at a question."""


class Cluster:
    """The brokers' administration, for any thread.

    Args:
        settings: where they are.
        seconds: how long a question may take before they are Unavailable.
    """

    def __init__(self, settings: KafkaSettings, seconds: float) -> None:
        self._settings = settings
        self._seconds = seconds
        self._lock = threading.Lock()
        self._admin = connect(KafkaAdminClient, settings, seconds)

    def ensure(self, topics: Mapping[str, int]) -> None:
        """Create the topics that are missing and check those that are there.

        Args:
            topics: the largest message of each, in bytes.

        Raises:
            Misconfigured: one cannot be created, or is not as the settings say.
        """
        missing = {name: self._wanted(topics[name]) for name, found in self._describe(topics).items() if found is None}
        if missing:
            settings = self._settings
            plan = {
                name: {
                    "num_partitions": settings.partitions,
                    "replication_factor": settings.replication,
                    "configs": {key: str(value) for key, value in configs.items()}
                    | {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime"},
                }
                for name, configs in missing.items()
            }
            self._ask(lambda admin: self._create(admin, plan))
        self._compare(topics)

    def check(self, topics: Mapping[str, int]) -> None:
        """Raise Misconfigured or Unavailable unless every partition can be read and written now."""
        for name, partitions in self._describe(topics).items():
            if partitions is None:
                raise translate(driver.UnknownTopicOrPartitionError(), self._settings.bootstrap)
            for partition in partitions:
                if partition["leader_id"] < 0 or len(partition["isr_nodes"]) < self._settings.least_in_sync:
                    raise Unavailable(f"{name}: a partition has too few brokers in sync; bring the missing ones back")

    def ends(self, topic: str) -> dict[int, tuple[int, int]]:
        """For each partition the oldest offset and the one after the newest."""
        places = [
            TopicPartition(topic, number) for number in range(len(self._describe([topic], there=True)[topic] or ()))
        ]
        first = self._ask(lambda admin: admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST)))
        after = self._ask(lambda admin: admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST)))
        return {place.partition: (first[place].offset, after[place].offset) for place in places}

    def committed(self, topic: str, group: str) -> dict[int, int]:
        """The group's position in each partition where it has one."""
        found = self._ask(lambda admin: admin.list_group_offsets({group: None}))[group]
        return {place.partition: at.offset for place, at in found.items() if place.topic == topic and at.offset >= 0}

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            self._admin.close()

    def _wanted(self, max_bytes: int) -> dict[str, int]:
        return {
            "retention.ms": self._settings.retention_days * 86_400_000,
            "max.message.bytes": max_bytes,
            "min.insync.replicas": self._settings.least_in_sync,
        }

    def _describe(self, topics: Iterable[str], *, there: bool = False) -> dict[str, list[dict[str, Any]] | None]:
        """The partitions of each topic; None for one that does not exist, unless all must be `there`: a broker may
        learn late of a topic."""
        fine = {driver.NoError.errno, *(() if there else (driver.UnknownTopicOrPartitionError.errno,))}

        def describe(admin: Any) -> dict[str, list[dict[str, Any]] | None]:
            found = admin.describe_topics(list(topics))
            for topic in found:
                if topic["error_code"] not in fine:
                    raise driver.for_code(topic["error_code"])
            return {topic["name"]: None if topic["error_code"] else topic["partitions"] for topic in found}

        return self._ask(describe)

    def _create(self, admin: Any, plan: Mapping[str, Any]) -> None:
        answer = admin.create_topics(plan, timeout_ms=round(self._seconds * 1000), raise_errors=False)
        for topic in answer["topics"]:
            error = driver.for_code(topic["error_code"])
            if issubclass(error, driver.AuthorizationError):
                raise Misconfigured(
                    f"{topic['name']} is missing and this user may not create it: grant it create under kafka.prefix,"
                    f" or have it created with {self._settings.partitions} partitions"
                )
            if error not in {driver.NoError, driver.TopicAlreadyExistsError}:  # another process may have been faster
                raise error
        admin.wait_for_topics(list(plan), timeout_ms=round(self._seconds * 1000))

    def _compare(self, topics: Mapping[str, int]) -> None:
        settings = self._settings
        asked = [ConfigResource("TOPIC", name, dict.fromkeys(self._wanted(0))) for name in topics]

        def describe(admin: Any) -> dict[str, dict[str, dict[str, Any]]]:
            found: dict[str, dict[str, dict[str, Any]]] = admin.describe_configs(asked, config_filter="all")["topic"]
            # the driver passes over errors: a broker may not know a topic yet, or not show it to this user
            if not all(found.values()):
                raise driver.UnknownTopicOrPartitionError
            return found

        kept = self._ask(describe)
        for name, partitions in self._describe(topics, there=True).items():
            if len(partitions or ()) != settings.partitions:
                raise Misconfigured(
                    f"{name} has {len(partitions or ())} partitions: set kafka.partitions to that, or choose another"
                    " kafka.prefix; adding partitions would break the order of a post's versions"
                )
            if min(len(partition["replica_nodes"]) for partition in partitions or ()) < settings.replication:
                raise Misconfigured(f"{name} has fewer replicas than kafka.replication: reassign it or lower that")
            for key, value in self._wanted(topics[name]).items():
                found = int(kept[name][key]["value"])
                if found != value if key == "retention.ms" else found < value:
                    raise Misconfigured(
                        f"{name} has {key}={found}, the settings need {value}: change them or run"
                        f" kafka-configs --alter --topic {name} --add-config {key}={value}"
                    )

    def _ask(self, call: Callable[[Any], T]) -> T:
        """The answer of the brokers, asked again for a while when they are moving house."""
        end = time.monotonic() + self._seconds
        with self._lock, translated(self._settings.bootstrap):
            while True:
                try:
                    return call(self._admin)
                except driver.NotCoordinatorError:
                    # this client never forgets where a group's coordinator was
                    fresh = connect(KafkaAdminClient, self._settings, self._seconds)
                    self._admin.close()
                    self._admin = fresh
                    if time.monotonic() > end:
                        raise
                except driver.RetriableError:
                    if time.monotonic() > end:
                        raise
                time.sleep(_PAUSE)
