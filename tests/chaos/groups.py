"""The reader groups of a stand on the stand-in for Kafka, which does not notice when a member dies."""

import threading
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from typing import Self

from kafka import KafkaAdminClient
from kafka import errors as driver
from kafka.admin import MemberToRemove

from configs import wiring
from stream.log_kafka_reader import group_id
from stream.log_kafka_settings import KafkaSettings

_SESSION = 15.0
"""Seconds after which brokers take a member from its group that is silent, or does not come when partitions are shared
out."""
_AT_REST = ("Stable", "Empty", "Dead")
_NAMES = {group: group_id(KafkaSettings(bootstrap=""), topic, group) for topic, group in wiring.GROUPS}


class Groups:
    """Does what brokers do when a member's session ends. Use as a context: inside it, those are taken from a group whom
    it waits for in vain.

    Args:
        bootstrap: the address.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._tend)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()

    def rest(self, kinds: Iterable[str]) -> None:
        """Return when none of the groups these processes read for is sharing out its partitions, in a minute at most:
        who is joining would not be told that it was removed with the killed."""
        end = time.monotonic() + 4 * _SESSION
        with closing(self._admin()) as admin:
            for name in _names(kinds):
                while _state(admin, name) not in _AT_REST and time.monotonic() < end:
                    time.sleep(0.1)

    def bury(self, kinds: Iterable[str]) -> None:
        """Remove all members of the groups these processes read for; the living join again."""
        with closing(self._admin()) as admin:
            for name in _names(kinds):
                _empty(admin, name)

    def _tend(self) -> None:
        while not self._closing.wait(1.0):
            with suppress(driver.KafkaError), closing(self._admin()) as admin:  # or it is away
                self._watch(admin)

    def _watch(self, admin: KafkaAdminClient) -> None:
        since: dict[str, float] = {}
        while not self._closing.wait(1.0):
            for name in _NAMES.values():
                if _state(admin, name) in _AT_REST:
                    since.pop(name, None)
                elif time.monotonic() - since.setdefault(name, time.monotonic()) > _SESSION:
                    _empty(admin, name)
                    del since[name]

    def _admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self._bootstrap)


def _state(admin: KafkaAdminClient, name: str) -> str:
    return str(admin.describe_groups([name])[name]["group_state"])


def _empty(admin: KafkaAdminClient, name: str) -> None:
    found = admin.describe_groups([name])[name]["members"]
    if members := [MemberToRemove(member_id=one["member_id"]) for one in found]:
        with suppress(driver.KafkaError):  # one of them left meanwhile
            admin.remove_group_members(name, members)


def _names(kinds: Iterable[str]) -> set[str]:
    return {_NAMES[group] for kind in kinds if (group := kind.rstrip("0123456789")) in _NAMES}
