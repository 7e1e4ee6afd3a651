"""Fixtures of the API's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.room import Room, room


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Room]:
    """An API over fresh, real stores."""
    with room(tmp_path) as made:
        yield made
