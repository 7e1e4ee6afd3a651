"""Where the Kafka log is and what its topics are like.

Owns the settings and their check. Imports no driver, so that reading a configuration needs none; `log_kafka` does.
"""

import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from stream.ports import Misconfigured

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,\[\]/]+):([0-9]{1,5})")
_PREFIX = re.compile(r"[a-zA-Z0-9._-]{0,100}")


class Security(StrEnum):
    """What the brokers' listener speaks."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class Mechanism(StrEnum):
    """How a user proves who it is to a SASL listener."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """A cluster and the topics on it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    bootstrap: str
    """`host:port` of some brokers, separated by commas; the others are found through them."""
    security: Security = Security.PLAINTEXT
    mechanism: Mechanism = Mechanism.SCRAM_SHA_512
    """Used with the two SASL securities, as are `user` and `password`."""
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    """The certificates to trust, PEM; empty for those of the system. Used with the two SSL securities."""
    partitions: int = 6
    """Of each topic: the most workers of one step that share the work."""
    replication: int = 3
    """Brokers that hold each message; all but one of them must have it before an append returns."""
    retention_days: int = 30
    prefix: str = "guanlan."
    """Begins the name of every topic and group."""

    @property
    def least_in_sync(self) -> int:
        """Brokers that must have a message before an append returns; one of them may be away."""
        return max(1, self.replication - 1)

    def connection(self) -> dict[str, Any]:
        """kafka-python's words for how to connect.

        Raises:
            Misconfigured: a setting, named, cannot work.
        """
        addresses = [address.strip() for address in self.bootstrap.split(",")]
        for address in addresses:
            match = _ADDRESS.fullmatch(address)
            if match is None or not 0 < int(match[2]) < 1 << 16:
                raise Misconfigured("kafka.bootstrap: write host:port, several separated by commas")
        if not _PREFIX.fullmatch(self.prefix):
            raise Misconfigured("kafka.prefix: use letters, digits, dots, underscores and hyphens only")
        for name in ("partitions", "replication", "retention_days"):
            if getattr(self, name) < 1:
                raise Misconfigured(f"kafka.{name}: must be 1 or more")
        words: dict[str, Any] = {"bootstrap_servers": addresses, "security_protocol": self.security.value}
        if self.security in {Security.SASL_PLAINTEXT, Security.SASL_SSL}:
            if not (self.user and self.password):
                raise Misconfigured(f"kafka.user, kafka.password: both are needed with {self.security}")
            words |= {
                "sasl_mechanism": self.mechanism.value,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        if self.security in {Security.SSL, Security.SASL_SSL}:
            try:
                words["ssl_context"] = ssl.create_default_context(cafile=self.ca_file or None)
            except (OSError, ssl.SSLError) as error:
                raise Misconfigured(f"kafka.ca_file: {self.ca_file} is no readable PEM file") from error
        return words
