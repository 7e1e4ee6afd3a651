"""What the tests of this room share: a memory of no crawl, and the sandbox in this process."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from crawlers.sandbox import app
from crawlers.state import CrawlState
from tests.crawlers.crawling import corpus
from tests.crawlers.served import Serve


@pytest.fixture
def state(tmp_path: Path) -> Iterator[CrawlState]:
    """A memory of no crawl."""
    made = CrawlState(tmp_path / "crawl.db")
    yield made
    made.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """The sandbox over the posts it is called with."""
    with ExitStack() as stack:

        def made(posts: list[dict[str, Any]]) -> TestClient:
            site = TestClient(app(corpus(tmp_path, posts)), base_url="http://127.0.0.1:1234", follow_redirects=False)
            return stack.enter_context(site)

        yield made
