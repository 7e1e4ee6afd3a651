"""What the tests of the cluster adapters share: one local server for the whole run."""

from collections.abc import Iterator

import pytest

from tests.stream.noida import Noida


@pytest.fixture(scope="session")
def noida(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Noida]:
    """A running server; each test uses topics or indices of its own on it."""
    server = Noida(tmp_path_factory.mktemp("noida"))
    server.start()
    try:
        yield server
    finally:
        server.stop()
