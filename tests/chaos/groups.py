"""The reader groups of a stand on the stand-in for Kafka, which does not notice when a member dies."""

import time
from collections.abc import Iterable
from contextlib import closing, suppress

from kafka import KafkaAdminClient
from kafka import errors as driver
from kafka.admin import MemberToRemove

from configs import wiring

_AT_REST = ("Stable", "Empty", "Dead")
_NAMES = {group: f"guanlan.{topic}.{group}" for topic, group in wiring.GROUPS}


class Groups:
    """Does what brokers do when a member's session ends: takes the killed from their groups.

    Args:
        bootstrap: the address.
        patience: seconds to wait for a group to come to rest.
    """

    def __init__(self, bootstrap: str, *, patience: float = 60.0) -> None:
        self._bootstrap = bootstrap
        self._patience = patience

    def rest(self, kinds: Iterable[str]) -> None:
        """Return when none of the groups these processes read for is sharing out its partitions: it would never end
        without the killed one, and who was joining would not be told that it was removed."""
        end = time.monotonic() + self._patience
        with closing(self._admin()) as admin:
            for name in _names(kinds):
                while admin.describe_groups([name])[name]["group_state"] not in _AT_REST and time.monotonic() < end:
                    time.sleep(0.1)

    def bury(self, kinds: Iterable[str]) -> None:
        """Remove all members of the groups these processes read for; the living join again."""
        with closing(self._admin()) as admin:
            for name in _names(kinds):
                found = admin.describe_groups([name])[name]["members"]
                if members := [MemberToRemove(member_id=one["member_id"]) for one in found]:
                    with suppress(driver.KafkaError):  # one of them left meanwhile
                        admin.remove_group_members(name, members)

    def _admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self._bootstrap)


def _names(kinds: Iterable[str]) -> set[str]:
    return {_NAMES[group] for kind in kinds if (group := kind.rstrip("0123456789")) in _NAMES}
