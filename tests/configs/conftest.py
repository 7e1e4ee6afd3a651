"""The local Kafka, Elasticsearch and PostgreSQL, for the tests that wire them."""

from tests.alerts.conftest import book_url, postgres
from tests.stream.conftest import noida

__all__ = ["book_url", "noida", "postgres"]
