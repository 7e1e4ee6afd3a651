"""The Kafka log keeps the contract, and what only it can get wrong."""

import gc
import logging
import os
import secrets
import socketserver
import struct
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream.log_kafka_settings import KafkaSettings, Security
from stream.ports import Message, Misconfigured, Reassigned, Record, Rejected, Unavailable
from tests.stream.contract_log import LogContract, LogSite, drain, keys, messages
from tests.stream.noida import Noida

with warnings.catch_warnings():
    # on Python 3.11 the driver reads its own files in a deprecated way when it is imported
    warnings.filterwarnings("ignore", "(open|read)_text is deprecated", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
    from kafka import errors as driver
    from kafka.admin import ConfigResource, MemberToRemove

    from stream.log_kafka import KafkaLog
    from stream.log_kafka_connection import translate

pytestmark = pytest.mark.live
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


@pytest.fixture
def driver_leaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The driver forgets to close the socket of a connection that was refused; it is collected here."""
    caplog.set_level(logging.CRITICAL, logger="kafka")  # a kept log record keeps the error, and that the socket
    yield
    gc.collect()


def leaks(test):
    """A test in which connections are refused."""
    return pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning")(
        pytest.mark.usefixtures("driver_leaks")(test)
    )


def real_brokers_only(reason: str) -> pytest.MarkDecorator:
    """Skip where there is only the local server, which lacks something."""
    return pytest.mark.skipif("GUANLAN_TEST_KAFKA" not in os.environ, reason=f"noida-db {reason}: GUANLAN_TEST_KAFKA")


class TestKafkaLog(LogContract):
    """The contract on topics of two partitions; the tests below are mostly on topics of one."""

    @pytest.fixture
    def place(self, bootstrap: str, admin: KafkaAdminClient) -> Iterator[KafkaSettings]:
        """Topics of a test's own."""
        with topics(bootstrap, admin, 2) as settings:
            yield settings

    @pytest.fixture
    def site(self, place: KafkaSettings, admin: KafkaAdminClient) -> LogSite:
        """A log with a small limit."""

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

    @real_brokers_only("refuses a member's commit once another has asked to join; brokers take it until all have")
    def test_a_second_reader_waits(self, site: LogSite, log: KafkaLog) -> None:
        """See the contract."""
        super().test_a_second_reader_waits(site, log)

    @real_brokers_only("never notices that a member of a group has died")
    def test_takeover_after_kill(self, site: LogSite, log: KafkaLog) -> None:
        """See the contract."""
        super().test_takeover_after_kill(site, log)


@pytest.fixture
def one(bootstrap: str, admin: KafkaAdminClient) -> Iterator[KafkaSettings]:
    """Topics of a test's own with one partition."""
    with topics(bootstrap, admin, 1) as settings:
        yield settings


@pytest.fixture
def log(one: KafkaSettings) -> Iterator[KafkaLog]:
    """An open log on one partition."""
    with closing(KafkaLog(one, session_seconds=SESSION)) as log:
        yield log


@real_brokers_only("settles a rebalance late when the machine is busy")
def test_two_readers_share_a_topic(bootstrap: str, admin: KafkaAdminClient) -> None:
    """A reader that waits takes part in a rebalance: it loses a partition, is told so, and all is read by someone."""
    with (
        topics(bootstrap, admin, 2) as settings,
        closing(KafkaLog(settings, session_seconds=SESSION)) as log,
        closing(log.reader("posts", "judge")) as first,
        closing(log.reader("posts", "judge")) as second,
    ):
        log.append("posts", messages("a", "d"))
        assert {record.partition for record in drain(first, 2)} == {0, 1}
        theirs: list[Record] = []
        thread = threading.Thread(target=lambda: theirs.extend(drain(second, 1)))
        thread.start()
        while thread.is_alive():
            first.wait(0.1)
        with pytest.raises(Reassigned):
            first.commit()
        assert log.lag("posts", "judge") == 1  # what it had read of the partition it kept is committed
        second.commit()
        assert log.lag("posts", "judge") == 0
        log.append("posts", messages("a", "d"))
        assert len(drain(first, 1)) == len(drain(second, 1)) == 1


@real_brokers_only("settles a rebalance late when the machine is busy")
def test_rewind_after_a_rebalance(bootstrap: str, admin: KafkaAdminClient) -> None:
    """A reader that rewinds instead of committing goes on with its share, and nobody is told of a loss."""
    with (
        topics(bootstrap, admin, 2) as settings,
        closing(KafkaLog(settings, session_seconds=SESSION)) as log,
        closing(log.reader("posts", "judge")) as first,
        closing(log.reader("posts", "judge")) as second,
    ):
        log.append("posts", messages("a", "d"))
        drain(first, 2)
        thread = threading.Thread(target=lambda: drain(second, 1))
        thread.start()
        while thread.is_alive():
            first.wait(0.1)
        first.rewind()
        assert len(drain(first, 1)) == 1
        first.commit()
        assert log.lag("posts", "judge") == 1


def test_the_next_goes_on_where_the_last_left(log: KafkaLog) -> None:
    """A reader that waited for its turn gets what the one before it had not committed."""
    log.append("posts", messages("a", "b"))
    with closing(log.reader("posts", "judge")) as second:
        with closing(log.reader("posts", "judge")) as first:
            assert keys(first.poll(1, 10)) == ["a"]
            first.commit()
            assert keys(first.poll(1, 10)) == ["b"]
        assert keys(drain(second, 1)) == ["b"]


@real_brokers_only("may never settle a rebalance after a commit was refused")
def test_a_refused_commit_is_read_again(log: KafkaLog) -> None:
    """When a commit meets a rebalance it is taken or refused; if refused, the same comes again, whoever gets it."""
    log.append("posts", messages("a", "b"))
    with closing(log.reader("posts", "judge")) as first, closing(log.reader("posts", "judge")) as second:
        assert keys(first.poll(1, 10)) == ["a"]
        assert second.poll(1, 0.05) == []
        try:
            first.commit()
        except Reassigned:
            expected = ["a", "b"]
        else:
            expected = ["b"]
        read: list[str] = []
        end = time.monotonic() + 10
        while len(read) < len(expected) and time.monotonic() < end:
            read += keys(first.poll(5, 0.1)) + keys(second.poll(5, 0.1))
        assert read == expected


def test_waiting_loses_nothing(log: KafkaLog) -> None:
    """What arrives while a reader waits comes with its next poll, once."""
    log.append("posts", messages("a"))
    with closing(log.reader("posts", "judge")) as reader:
        reader.wait(0.3)
        assert keys(drain(reader, 1)) == ["a"]
        log.append("posts", messages("b"))
        reader.wait(0.3)
        assert keys(drain(reader, 1)) == ["b"]
        reader.commit()
        assert log.lag("posts", "judge") == 0


def test_waiting_keeps_the_place_in_the_group(log: KafkaLog) -> None:
    """While a reader waits, the driver, which leaves the group for one that seems to have stalled, hears of it."""
    log.append("posts", messages("a"))
    with closing(log.reader("posts", "judge")) as reader:
        assert keys(drain(reader, 1)) == ["a"]
        heartbeat = reader._consumer._coordinator.heartbeat
        heard = heartbeat.last_poll
        reader.wait(0.3)
        assert heartbeat.last_poll > heard
        reader.commit()
        assert log.lag("posts", "judge") == 0


@pytest.mark.parametrize("waiting", [False, True])
def test_what_a_rebalance_took_is_not_committed(bootstrap: str, admin: KafkaAdminClient, waiting: bool) -> None:
    """Of what was read, the share that the driver says is another's stays as it was, and the reader is told, once;
    what it keeps is committed. While it waits, what it is given brings nothing up."""
    with (
        topics(bootstrap, admin, 2) as settings,
        closing(KafkaLog(settings, session_seconds=SESSION)) as log,
        closing(log.reader("posts", "judge")) as reader,
    ):
        log.append("posts", messages("a", "d"))
        assert {record.partition for record in drain(reader, 2)} == {0, 1}
        place = TopicPartition(f"{settings.prefix}posts", 0)
        listener = reader._consumer._subscription.rebalance_listener
        reader._paused = waiting
        listener.on_partitions_revoked([place, place._replace(partition=1)])
        listener.on_partitions_assigned([place])
        assert reader._consumer.paused() == ({place} if waiting else set())
        with pytest.raises(Reassigned):
            reader.commit()
        assert log.lag("posts", "judge") == 1
        reader.commit()


def test_waiting_costs_next_to_nothing(log: KafkaLog) -> None:
    """A reader with nothing to read leaves the processor to others, even with brokers that answer nothing at once."""
    with closing(log.reader("posts", "judge")) as reader:
        log.append("posts", messages("a"))
        drain(reader, 1)
        began = time.process_time()
        assert reader.poll(1, 2.0) == []
        assert time.process_time() - began < 1.0  # a reader that asks without pause takes all of two seconds


@pytest.mark.parametrize("left", [0, 1])
def test_a_trimmed_position_is_an_error(one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient, left: int) -> None:
    """A group whose next message was trimmed away is told so, whether or not the topic holds others."""
    log.append("posts", messages("a", "b"))
    with closing(log.reader("posts", "judge")) as reader:
        assert keys(reader.poll(1, 10)) == ["a"]
        reader.commit()
    trim(admin, one, 2)
    log.append("posts", messages("c")[:left])
    assert (log.size("posts"), log.lag("posts", "judge")) == (left, left)
    with closing(log.reader("posts", "judge")) as reader, pytest.raises(Misconfigured, match="trimmed"):
        drain(reader, 1)


def test_what_another_read_meanwhile_is_not_new(one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient) -> None:
    """A reader that found no position, lost its place and got it back is told of a trimmed one like any other."""
    group = f"{one.prefix}posts.judge"
    with closing(log.reader("posts", "judge")) as first:
        assert first.poll(1, 0.5) == []
        members = admin.describe_groups([group])[group]["members"]
        admin.remove_group_members(group, [MemberToRemove(member_id=member["member_id"]) for member in members])
        log.append("posts", messages("a", "b", "c"))
        with closing(log.reader("posts", "judge")) as second:
            assert keys(second.poll(1, 10)) == ["a"]
            second.commit()
        first.wait(2)  # learns that it was put out, and joins again
        trim(admin, one, 2)
        with pytest.raises(Misconfigured, match="trimmed"):
            drain(first, 1)


def test_a_new_group_starts_at_the_oldest_there_is(one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient) -> None:
    """Even when the oldest is trimmed away between the group's arrival and its first record."""
    log.append("posts", messages("a", "b", "c"))
    trim(admin, one, 1)
    with closing(log.reader("posts", "judge")) as reader:
        reader.wait(1)  # joins the group and learns where the oldest is
        trim(admin, one, 2)
        assert keys(drain(reader, 1)) == ["c"]


def test_what_others_wrote_can_be_read(one: KafkaSettings, log: KafkaLog) -> None:
    """A message without key or value, or with a key that is no text, comes as text and bytes all the same."""
    with KafkaProducer(bootstrap_servers=one.bootstrap) as producer:
        for key, value in ((None, b"x"), (b"\xff", b"y"), (b"k", None)):
            producer.send(f"{one.prefix}posts", value, key=key).get(SECONDS)
    with closing(log.reader("posts", "judge")) as reader:
        records = drain(reader, 3)
    assert [(r.key, r.value) for r in records] == [("", b"x"), ("\ufffd", b"y"), ("k", b"")]
    assert all(abs(r.appended_at - datetime.now(UTC)) < timedelta(minutes=10) for r in records)


@pytest.mark.parametrize("error", [driver.UnknownError, driver.MessageSizeTooLargeError])
def test_what_the_driver_holds_for_final_is_not(log: KafkaLog, error: type[driver.KafkaError]) -> None:
    """After an error with which the driver's producer would answer every message from then on, the log takes them."""
    log._producer._transaction_manager.transition_to_fatal_error(error())
    log.append("posts", messages("a", "b"))
    assert log.size("posts") == 2


def test_one_that_the_brokers_refuse_takes_nobody_along(
    one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient
) -> None:
    """Of a batch only the message that is too large for a topic whose limit was lowered is refused, by name."""
    limit = {"max.message.bytes": "2000"}
    admin.alter_configs([ConfigResource("TOPIC", f"{one.prefix}posts", limit)])
    several = [*messages("a", "b"), Message("c", secrets.token_bytes(5000)), *messages("d", "c")]
    with pytest.raises(Rejected) as refused:
        log.append("posts", several)
    assert refused.value.ids == ("c",)
    with closing(log.reader("posts", "judge")) as reader:
        assert set(keys(drain(reader, 4))) == {"a", "b", "c", "d"}


@pytest.mark.parametrize("key", ["\ud800", "k" * 5000])
def test_a_key_that_cannot_be_stored_is_rejected(log: KafkaLog, key: str) -> None:
    """A key with a lone surrogate has no bytes, a huge one no room; its neighbours are written."""
    with pytest.raises(Rejected) as refused:
        log.append("posts", [Message(key, b""), Message("a", b"")])
    assert refused.value.ids == (key,)
    assert log.size("posts") == 1


def test_the_largest_message_passes(one: KafkaSettings) -> None:
    """A message of exactly the limit, and a dead letter of twice that, are written and read whole."""
    with closing(KafkaLog(one, max_message_bytes=100_000)) as log:
        for topic, size in (("posts", 100_000), ("dead", 200_000)):
            value = secrets.token_bytes(size)
            log.append(topic, [Message("k" * 4096, value)])
            with closing(log.reader(topic, "g")) as reader:
                assert drain(reader, 1)[0].value == value


def test_names_are_checked(log: KafkaLog) -> None:
    """A topic or group that could not be named in every adapter is refused."""
    for name in ("", "Posts", "a-b", "名", "x" * 50):
        with pytest.raises(ValueError, match="named by"):
            log.append(name, messages("a"))
        with pytest.raises(ValueError, match="named by"):
            log.reader("posts", name)


def test_a_further_topic_is_created(log: KafkaLog) -> None:
    """A topic that is not among the usual ones is there once it is used."""
    log.append("other", messages("a"))
    assert log.size("other") == 1


def test_topics_are_created_as_set(one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient) -> None:
    """Retention, size limit, and brokers in sync are those of the settings."""
    names = ["retention.ms", "max.message.bytes", "min.insync.replicas"]
    found = admin.describe_configs(
        [ConfigResource("TOPIC", f"{one.prefix}{topic}", dict.fromkeys(names)) for topic in ("posts", "dead")],
        config_filter="all",
    )["topic"]
    values = {topic: [int(config[name]["value"]) for name in names] for topic, config in found.items()}
    assert values == {
        f"{one.prefix}posts": [3 * 86_400_000, (1 << 20) + (1 << 14), 1],
        f"{one.prefix}dead": [3 * 86_400_000, (2 << 20) + (1 << 14), 1],
    }


@pytest.mark.parametrize(
    ("change", "limit", "sentence"),
    [
        ({"partitions": 2}, 1 << 20, "set kafka.partitions"),
        ({"replication": 2}, 1 << 20, "fewer replicas than kafka.replication"),
        ({"retention_days": 4}, 1 << 20, "retention.ms=.* kafka-configs"),
        ({"retention_days": 2}, 1 << 20, "retention.ms=.* kafka-configs"),
        ({}, 1 << 21, "max.message.bytes=.* kafka-configs"),
        ({"prefix": "test-unmade.", "replication": 30}, 1 << 20, "fewer brokers than kafka.replication"),
    ],
)
def test_topics_that_differ_are_refused(
    one: KafkaSettings, log: KafkaLog, change: dict[str, object], limit: int, sentence: str
) -> None:
    """Topics that exist and are not as the settings say, or cannot be made so, are refused with what to do."""
    with pytest.raises(Misconfigured, match=sentence):
        KafkaLog(replace(one, **change), max_message_bytes=limit)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (driver.TopicAuthorizationFailedError, r"\.dead is missing .* grant it create under kafka\.prefix, or have it"),
        (driver.ClusterAuthorizationFailedError, "grant it create"),
        (driver.PolicyViolationError, r"adapt kafka\.partitions"),
    ],
)
def test_missing_topics_that_may_not_be_created(
    bootstrap: str, monkeypatch: pytest.MonkeyPatch, error: type[driver.KafkaError], sentence: str
) -> None:
    """Brokers that do not let this user create what is missing are a matter of rights; the sentence says which."""
    answer = {"topics": [{"name": "test-unmade.dead", "error_code": error.errno}]}
    monkeypatch.setattr(KafkaAdminClient, "create_topics", lambda *_, **__: answer)
    with pytest.raises(Misconfigured, match=sentence):
        KafkaLog(KafkaSettings(bootstrap, prefix="test-unmade.", replication=1))


def test_a_smaller_limit_is_welcome(one: KafkaSettings, log: KafkaLog) -> None:
    """Topics with more room than needed are taken as they are."""
    KafkaLog(one, max_message_bytes=1000).close()


def test_a_broker_that_learns_late_of_a_topic(one: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a topic that was just made some broker may not know the settings; one that never tells is named with why."""
    describe, told = KafkaAdminClient.describe_configs, [0, 2]

    def late(admin: KafkaAdminClient, asked: list[ConfigResource], **words: object) -> dict[str, dict[str, object]]:
        told[0] += 1
        return describe(admin, asked, **words) if told[0] > told[1] else {"topic": {r.name: {} for r in asked}}

    monkeypatch.setattr(KafkaAdminClient, "describe_configs", late)
    KafkaLog(one).close()
    assert told[0] == 3
    told[1] = 1000
    with pytest.raises(Misconfigured, match="hides it from this user"):
        KafkaLog(one, seconds=1)


def test_a_lost_topic_has_no_lag(one: KafkaSettings, admin: KafkaAdminClient) -> None:
    """A topic that is gone is not taken for one that was read to its end."""
    with closing(KafkaLog(one, seconds=1)) as log:
        log.append("posts", messages("a"))
        admin.delete_topics([f"{one.prefix}posts"])
        for count in (lambda: log.lag("posts", "judge"), lambda: log.size("posts")):
            with pytest.raises(Misconfigured, match="lost a topic"):
                count()


def test_a_lost_topic_fails_the_check(one: KafkaSettings, log: KafkaLog, admin: KafkaAdminClient) -> None:
    """Check says so when a topic is gone."""
    log.check()
    admin.delete_topics([f"{one.prefix}judged"])
    with pytest.raises(Misconfigured, match="lost a topic"):
        log.check()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"bootstrap": ""}, "kafka.bootstrap"),
        ({"bootstrap": "kafka.example"}, "kafka.bootstrap"),
        ({"bootstrap": "a:9092,"}, "kafka.bootstrap"),
        ({"bootstrap": "a:99999"}, "kafka.bootstrap"),
        ({"bootstrap": "http://a:9092"}, "kafka.bootstrap"),
        ({"prefix": "观澜"}, "kafka.prefix"),
        ({"partitions": 0}, "kafka.partitions"),
        ({"replication": 0}, "kafka.replication"),
        ({"retention_days": 0}, "kafka.retention_days"),
        ({"security": Security.SASL_PLAINTEXT}, "kafka.user"),
        ({"security": Security.SSL, "ca_file": "missing.pem"}, "kafka.ca_file"),
        ({"security": Security.SSL, "ca_file": __file__}, "kafka.ca_file"),
    ],
)
def test_settings_are_checked(change: dict[str, object], key: str) -> None:
    """What cannot work is refused by its key before any connection."""
    with pytest.raises(Misconfigured, match=key):
        replace(KafkaSettings("a:9092,[::1]:9093"), **change).connection()


def test_the_password_is_not_shown() -> None:
    """Settings can be logged."""
    assert "hunter2" not in repr(KafkaSettings("a:9092", user="u", password="hunter2"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (driver.SaslAuthenticationFailedError, Misconfigured),
        (driver.UnsupportedSaslMechanismError, Misconfigured),
        (driver.TopicAuthorizationFailedError, Misconfigured),
        (driver.GroupAuthorizationFailedError, Misconfigured),
        (driver.ClusterAuthorizationFailedError, Misconfigured),
        (driver.UnsupportedVersionError, Misconfigured),
        (driver.IncompatibleBrokerVersion, Misconfigured),
        (driver.UnsupportedCodecError, Misconfigured),
        (driver.UnknownTopicOrPartitionError, Misconfigured),
        (driver.InvalidReplicationFactorError, Misconfigured),
        (driver.PolicyViolationError, Misconfigured),
        (driver.InvalidSessionTimeoutError, Misconfigured),
        (driver.OffsetOutOfRangeError, Misconfigured),
        (driver.KafkaConfigurationError, Misconfigured),
        (driver.CommitFailedError, Reassigned),
        (driver.RebalanceInProgressError, Reassigned),
        (driver.IllegalGenerationError, Reassigned),
        (driver.UnknownMemberIdError, Reassigned),
        (driver.MessageSizeTooLargeError, Rejected),
        (driver.RecordListTooLargeError, Rejected),
        (driver.KafkaTimeoutError, Unavailable),
        (driver.KafkaConnectionError, Unavailable),
        (driver.NodeNotReadyError, Unavailable),
        (driver.NotEnoughReplicasError, Unavailable),
        (driver.NotEnoughReplicasAfterAppendError, Unavailable),
        (driver.NotLeaderForPartitionError, Unavailable),
        (driver.CoordinatorNotAvailableError, Unavailable),
        (driver.RequestTimedOutError, Unavailable),
        (driver.OutOfOrderSequenceNumberError, Unavailable),
        (driver.UnknownProducerIdError, Unavailable),
        (driver.ThrottlingQuotaExceededError, Unavailable),
        (driver.IllegalStateError, driver.IllegalStateError),
        (driver.InvalidRequestError, driver.InvalidRequestError),
    ],
)
def test_driver_errors_are_translated(error: type[driver.KafkaError], expected: type[Exception]) -> None:
    """Every error of the driver that is not a mistake of ours leaves as one of the port's, naming brokers and error."""
    meaning = translate(error(), "a:9092")
    assert type(meaning) is expected
    assert expected is error or ("a:9092" in str(meaning) and error.__name__ in str(meaning))


@leaks
def test_nobody_there_is_unavailable() -> None:
    """An address where nothing listens is refused in time, with what to check, and nothing goes on afterwards."""
    before = set(threading.enumerate())
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 .*kafka\.bootstrap"):
        KafkaLog(KafkaSettings("127.0.0.1:1"), seconds=0.6)
    assert set(threading.enumerate()) == before


def test_wrong_credentials_are_misconfigured() -> None:
    """Brokers that refuse the password are not asked for ever."""
    with old_broker() as bootstrap, pytest.raises(Misconfigured, match=r"kafka\.user and kafka\.password"):
        KafkaLog(KafkaSettings(bootstrap, security=Security.SASL_PLAINTEXT, user="u", password="p"), seconds=1)


def test_an_old_broker_is_misconfigured() -> None:
    """Brokers without what an append needs are refused with the version they should have."""
    with old_broker() as bootstrap, pytest.raises(Misconfigured, match="too old: upgrade the brokers"):
        KafkaLog(KafkaSettings(bootstrap), seconds=5)


@leaks
def test_tls_where_there_is_none_is_misconfigured(bootstrap: str) -> None:
    """A listener that does not speak TLS is refused with the settings to look at."""
    with pytest.raises(Misconfigured, match=r"kafka\.security .* kafka\.ca_file"):
        KafkaLog(KafkaSettings(bootstrap, security=Security.SSL), seconds=1)


@leaks
def test_brokers_that_come_back(tmp_path: Path) -> None:
    """While they are away everything is Unavailable, close takes no longer than it should, and then all goes on."""
    server = Noida(tmp_path)
    server.start()
    try:
        settings = KafkaSettings(server.kafka, partitions=1, replication=1)
        with closing(KafkaLog(settings, seconds=1)) as log, closing(log.reader("posts", "judge")) as reader:
            log.append("posts", messages("a"))
            assert keys(drain(reader, 1)) == ["a"]
            reader.commit()
            idle = log.reader("posts", "other")
            server.stop()
            with pytest.raises(Unavailable):
                log.append("posts", messages("b"))
            begin = time.monotonic()
            with pytest.raises(Unavailable):
                reader.poll(1, 60)
            assert time.monotonic() - begin < 10
            with pytest.raises(Unavailable):
                log.check()
            reader.wait(0.1)
            begin = time.monotonic()
            idle.close()
            assert time.monotonic() - begin < 5
            server.start()
            assert eventually(lambda: log.append("posts", messages("b")))
            assert eventually(log.check)
            read: set[str] = set()

            def read_and_commit() -> None:
                read.update(keys(reader.poll(10, 1)))
                reader.commit()
                if log.lag("posts", "judge"):
                    raise Unavailable

            assert eventually(read_and_commit)
            assert read == {"b"}
    finally:
        server.stop()


def eventually(call) -> bool:
    """Whether a call succeeds within a time, Unavailable as long as it may be."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            call()
        except (Unavailable, Reassigned):  # a restarted server has forgotten who was in the group
            continue
        return True
    return False


@contextmanager
def topics(bootstrap: str, admin: KafkaAdminClient, partitions: int) -> Iterator[KafkaSettings]:
    """Topics of a test's own, gone afterwards."""
    prefix = f"test-{secrets.token_hex(4)}."
    try:
        yield KafkaSettings(bootstrap, partitions=partitions, replication=1, retention_days=3, prefix=prefix)
    finally:
        admin.delete_topics([name for name in admin.list_topics() if name.startswith(prefix)])


def trim(admin: KafkaAdminClient, settings: KafkaSettings, before: int) -> None:
    """Remove the messages of the one partition of posts up to an offset."""
    admin.delete_records({TopicPartition(f"{settings.prefix}posts", 0): before})


@contextmanager
def old_broker() -> Iterator[str]:
    """The address of a server that says it is Kafka 0.11 and refuses every password."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OldBroker) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class OldBroker(socketserver.StreamRequestHandler):
    """Answers the four requests with which a client begins."""

    timeout = 10

    def handle(self) -> None:
        """Answer until the client leaves."""
        while size := self.rfile.read(4):
            request = self.rfile.read(struct.unpack(">i", size)[0])
            kind, version, correlation = struct.unpack(">hhi", request[:8])
            body = struct.pack(">i", correlation) + self.answer(kind, version)
            self.wfile.write(struct.pack(">i", len(body)) + body)

    def answer(self, kind: int, version: int) -> bytes:
        """The body of a response, after the tables of the protocol guide."""
        if kind == 18:  # ApiVersions: each request it knows, with the oldest and newest version
            known = [(0, 0, 3), (1, 0, 5), (2, 0, 2), (3, 0, 4), (17, 0, 1), (18, 0, 0), (36, 0, 0)]
            rows = b"".join(struct.pack(">hhh", *row) for row in known)
            return struct.pack(">hi", 35 if version else 0, len(known)) + rows
        if kind == 3:  # Metadata version 4: itself, no topics
            host, port = self.server.server_address
            broker = struct.pack(">ih", 1, len(host)) + host.encode() + struct.pack(">ih", port, -1)
            return struct.pack(">ii", 0, 1) + broker + struct.pack(">hii", -1, 1, 0)
        if kind == 17:  # SaslHandshake: the one mechanism
            return struct.pack(">hih", 0, 1, 13) + b"SCRAM-SHA-512"
        assert kind == 36  # SaslAuthenticate: no
        return struct.pack(">hhi", 58, -1, 0)
