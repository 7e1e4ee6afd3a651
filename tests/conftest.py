"""What all tests share: no settings leak in from the environment, and the folder of real posts, where there is one."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes says how busy the machine is
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GUANLAN_") and not name.startswith("GUANLAN_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def real_posts() -> Path:
    """The folder of real posts; a test that needs it is skipped, visibly, where it is absent."""
    folder = Path(os.environ.get("GUANLAN_TEST_DATA") or Path(__file__).parent.parent.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real posts here: set GUANLAN_TEST_DATA to their folder")
    return folder
