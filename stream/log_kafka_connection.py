"""Connecting to Kafka, and what its errors mean in the ports' words.

Owns clients of the driver and the table of its errors. Does not own what is asked of them (`log_kafka`,
`log_kafka_reader`, `log_kafka_cluster`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import errors as driver
from kafka.net.compat import KafkaNetClient

from stream.log_kafka_settings import KafkaSettings
from stream.ports import Misconfigured, Reassigned, Rejected, Unavailable

T = TypeVar("T")

_OLDEST = (2, 5)
"""The first brokers with which an idempotent producer outlives the loss of its state on the broker."""
_KNOCK = 2000
"""Milliseconds for one more attempt to connect."""
_MEANING: tuple[tuple[tuple[type[Exception], ...], type[Exception], str], ...] = (
    (
        (driver.SaslAuthenticationFailedError,),
        Misconfigured,
        "refuses the user or password: correct kafka.user and kafka.password",
    ),
    (
        (driver.UnsupportedSaslMechanismError, driver.IllegalSaslStateError),
        Misconfigured,
        "does not offer this way to log in: set kafka.security and kafka.mechanism to what the listener offers",
    ),
    (
        (driver.AuthorizationError,),
        Misconfigured,
        "denies this user: grant it create, describe, describe configs, read and write under kafka.prefix",
    ),
    (
        (driver.UnsupportedVersionError, driver.UnrecognizedBrokerVersion),
        Misconfigured,
        f"is too old: upgrade the brokers to Kafka {_OLDEST[0]}.{_OLDEST[1]} or newer",
    ),
    (
        (driver.UnsupportedCodecError,),
        Misconfigured,
        "holds messages in a compression that is not installed here: pip install 'kafka-python[lz4,zstd]'",
    ),
    (
        (driver.UnknownTopicOrPartitionError, driver.InvalidTopicError),
        Misconfigured,
        "has lost a topic, or hides it from this user: start again to have it created, check kafka.prefix and rights",
    ),
    (
        (driver.InvalidReplicationFactorError,),
        Misconfigured,
        "has fewer brokers than kafka.replication: lower it or add brokers",
    ),
    (
        (
            driver.InvalidPartitionsError,
            driver.InvalidConfigurationError,
            driver.InvalidReplicationAssignmentError,
            driver.PolicyViolationError,
        ),
        Misconfigured,
        "refuses such topics: adapt kafka.partitions, kafka.replication and kafka.retention_days to its policy",
    ),
    (
        (
            driver.InvalidSessionTimeoutError,
            driver.InvalidGroupIdError,
            driver.InconsistentGroupProtocolError,
            driver.GroupMaxSizeReachedError,
        ),
        Misconfigured,
        "refuses this member of the group: check its group settings and that kafka.prefix is ours alone",
    ),
    (
        (driver.OffsetOutOfRangeError, driver.LogTruncationError),
        Misconfigured,
        "no longer has the group's position: it has been trimmed away; keep messages longer than a group may lag",
    ),
    ((driver.KafkaConfigurationError,), Misconfigured, "cannot be used with these settings: check those under kafka"),
    (
        (
            driver.CommitFailedError,
            driver.RebalanceInProgressError,
            driver.IllegalGenerationError,
            driver.UnknownMemberIdError,
            driver.FencedInstanceIdError,
        ),
        Reassigned,
        "has given what was read to another reader",
    ),
    (
        (driver.MessageSizeTooLargeError, driver.RecordListTooLargeError, driver.InvalidRecordError),
        Rejected,
        "refuses a message for its size or form",
    ),
    (
        (
            driver.RetriableError,
            driver.BrokerNotAvailableError,
            driver.CorruptRecordError,
            driver.InvalidProducerEpochError,
            driver.InvalidProducerIdMappingError,
            driver.KafkaProtocolError,
            driver.OutOfOrderSequenceNumberError,
            driver.ProducerFencedError,
            driver.UnknownBrokerIdError,
            driver.UnknownError,
            driver.UnknownProducerIdError,
        ),
        Unavailable,
        "does not answer as it should: check that it runs, kafka.bootstrap and kafka.security",
    ),
)


def translate(error: Exception, bootstrap: str) -> Exception:
    """The port's error for kafka-python's, or the same error when it can only be a mistake of ours."""
    for classes, meaning, sentence in _MEANING:
        if isinstance(error, classes):
            return meaning(f"Kafka at {bootstrap} {sentence} ({type(error).__name__})")
    return error


@contextmanager
def translated(bootstrap: str) -> Iterator[None]:
    """Errors of the driver leave the block as the port's."""
    try:
        yield
    except driver.KafkaError as error:
        raise translate(error, bootstrap) from error


def connect(kind: Callable[..., T], settings: KafkaSettings, seconds: float, **options: Any) -> T:
    """A client of the driver, connected to brokers that are new enough.

    Raises:
        Misconfigured, Unavailable: naming what to do; nothing is left open.
    """
    made: list[Any] = []

    def network(**config: Any) -> Any:
        made.append(KafkaNetClient(**config))
        return made[-1]

    words = {"client_id": "guanlan", **settings.connection(), **options}
    try:
        with translated(settings.bootstrap):
            try:
                client = kind(
                    kafka_client=network,
                    bootstrap_timeout_ms=round(seconds * 1000),
                    request_timeout_ms=round(seconds * 1000),
                    reconnect_backoff_max_ms=1000,
                    retry_backoff_ms=50,
                    **words,
                )
            except driver.KafkaTimeoutError:
                _knock(made[0])
                raise
            _check_age(made[0])
    except BaseException:
        for each in made:  # a client that fails to start leaves its network thread and sockets behind
            each.close()
        raise
    return client


def _knock(network: Any) -> None:
    """Raise what a broker says to one more attempt: the driver repeats refusals until its time is up, and forgets why.

    Raises:
        Misconfigured: it speaks, but not as the settings have it.
        driver.KafkaError: it does not even speak, or refuses the credentials.
    """
    manager = network._manager  # there is no other way to hear it

    async def knock() -> None:
        broker = manager.cluster.bootstrap_brokers()[0]
        manager.reset_backoff(broker.node_id)
        await manager.get_connection(broker.node_id, timeout_ms=_KNOCK)

    try:
        manager.run(knock)
    except driver.KafkaConnectionError as error:
        if "Handshake failed" in str(error):
            raise Misconfigured(
                "Kafka's TLS handshake failed: set kafka.security to what the listener speaks and kafka.ca_file to"
                " who signed its certificate"
            ) from error
        raise


def _check_age(network: Any) -> None:
    if network.get_broker_version() < _OLDEST:
        raise driver.UnsupportedVersionError
