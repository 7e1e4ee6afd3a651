"""What tests of the models share: the folder of real posts, and the one lexicon."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from models.lexicon import LexiconClassifier

DATA = Path(os.environ.get("GUANLAN_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")


class RealPosts:
    """Reads the JSON lines of the data folder."""

    def __call__(self, name: str) -> list[dict[str, Any]]:
        """All rows of one file, for example `labelled/risk_dev`."""
        with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def real_posts() -> RealPosts:
    """The real posts, or a skip that says where they were looked for."""
    if not (DATA / "labelled").is_dir():
        pytest.skip(f"no real posts at {DATA}; set GUANLAN_TEST_DATA to the folder that holds labelled/ and streams/")
    return RealPosts()


@pytest.fixture(scope="session")
def lexicon() -> LexiconClassifier:
    """The shipped lexicon, built once."""
    return LexiconClassifier()
