"""The Kafka log keeps the contract, and what only it can get wrong."""

import os
import secrets
import warnings
from collections.abc import Iterator

import pytest

from stream.log_kafka_settings import KafkaSettings
from tests.stream.contract_log import LogContract, LogSite

with warnings.catch_warnings():
    # on Python 3.11 the driver reads its own files in a deprecated way when it is imported
    warnings.filterwarnings("ignore", "(open|read)_text is deprecated", DeprecationWarning)
    from kafka import KafkaAdminClient
    from kafka.admin import MemberToRemove

    from stream.log_kafka import KafkaLog

SECONDS = 10.0
SESSION = 6.0  # the least that brokers allow unless told otherwise


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Brokers to test against: real ones, where their address is given, or the local server."""
    return os.environ.get("GUANLAN_TEST_KAFKA") or request.getfixturevalue("noida").kafka


@pytest.fixture(scope="session")
def admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """The brokers' administration."""
    with KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=round(SECONDS * 1000)) as admin:
        yield admin


@pytest.fixture(params=[1, 2], ids=["one_partition", "two_partitions"])
def place(request: pytest.FixtureRequest, bootstrap: str, admin: KafkaAdminClient) -> Iterator[KafkaSettings]:
    """Topics of a test's own, gone afterwards."""
    prefix = f"test-{secrets.token_hex(4)}."
    yield KafkaSettings(bootstrap, partitions=request.param, replication=1, retention_days=3, prefix=prefix)
    admin.delete_topics([name for name in admin.list_topics() if name.startswith(prefix)])


class TestKafkaLog(LogContract):
    """The contract on brokers."""

    @pytest.fixture
    def site(self, place: KafkaSettings, admin: KafkaAdminClient) -> LogSite:
        """A log with a small limit on topics of its own."""

        def dispossess(topic: str, group: str) -> None:
            name = f"{place.prefix}{topic}.{group}"
            members = admin.describe_groups([name])[name]["members"]
            admin.remove_group_members(name, [MemberToRemove(member_id=member["member_id"]) for member in members])

        return LogSite(
            open=lambda: KafkaLog(place, max_message_bytes=10_000, session_seconds=SESSION),
            code=(
                "from stream.log_kafka import KafkaLog\nfrom stream.log_kafka_settings import *\n"
                f"log = KafkaLog(KafkaSettings({place.bootstrap!r}, partitions={place.partitions}, replication=1,"
                f" retention_days=3, prefix={place.prefix!r}), max_message_bytes=10_000, session_seconds={SESSION})"
            ),
            dispossess=dispossess,
            max_bytes=10_000,
        )
