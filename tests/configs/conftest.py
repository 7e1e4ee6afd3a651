"""The local Kafka and Elasticsearch, for the tests that wire them."""

from tests.stream.conftest import noida

__all__ = ["noida"]
