"""The Elasticsearch store keeps the contract, and what only it can get wrong.

The server is the local stand-in, or a real one given by GUANLAN_TEST_ELASTIC (the address, with user and password in
it if it wants them); on that, each test leaves nothing behind.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from elasticsearch import Elasticsearch

from stream.elastic_client import ElasticSettings
from stream.store_elastic import ElasticStore
from tests.stream.contract_store import LATER, StoreContract, StoreSite


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> str:
    """A server."""
    given = os.environ.get("GUANLAN_TEST_ELASTIC", "")
    return given or request.getfixturevalue("noida").elastic


@pytest.fixture
def place(address: str, request: pytest.FixtureRequest) -> Iterator[ElasticSettings]:
    """Settings with a prefix of this test's own; what was made there is removed afterwards."""
    name = re.sub("[^a-z0-9]+", "-", request.node.nodeid.rpartition("::")[2].lower())[:60]
    settings = ElasticSettings((address,), prefix=f"guanlan-test-{os.getpid()}-{name}".rstrip("-"), replicas=0)
    yield settings
    with closing(Elasticsearch(address, request_timeout=30)) as client:
        _clear(client, settings.prefix)


def _clear(client: Elasticsearch, prefix: str) -> None:
    found = client.indices.get(index=f"{prefix}-*", allow_no_indices=True)
    if names := [name for name in found if re.fullmatch(rf"{re.escape(prefix)}-\d{{4}}\.\d{{2}}", name)]:
        client.indices.delete(index=names)
    client.options(ignore_status=404).indices.delete_index_template(name=prefix)


class TestElasticStore(StoreContract):
    """The contract on a server."""

    @pytest.fixture
    def site(self, place: ElasticSettings) -> StoreSite:
        """A prefix of its own."""
        return StoreSite(
            open=lambda: ElasticStore(place, clock=lambda: LATER),
            code=(
                "from stream.elastic_client import ElasticSettings\nfrom stream.store_elastic import ElasticStore\n"
                f"store = ElasticStore(ElasticSettings({place.urls!r}, prefix={place.prefix!r}, replicas=0))"
            ),
        )
