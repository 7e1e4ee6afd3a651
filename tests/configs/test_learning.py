"""`guanlan train` and `guanlan evaluate` say in one sentence what they cannot read or write, before hours are spent."""

from pathlib import Path

import pytest

from configs import learning
from models import data
from stream.ports import Misconfigured


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A data folder in which every set is there, and empty."""
    (tmp_path / "labelled").mkdir()
    while True:
        try:
            data.check(tmp_path)
        except FileNotFoundError as missing:
            Path(missing.filename).touch()
        else:
            return tmp_path


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    """Both commands name the first set that is not there."""
    pytest.importorskip("torch", reason="training needs the train extra")
    with pytest.raises(Misconfigured, match="risk_dev"):
        learning.train(tmp_path, tmp_path / "out", "", 1)
    with pytest.raises(Misconfigured, match="risk_dev"):
        learning.evaluate(tmp_path, None, lexicon=True, guarded=False, picture=None, figures=None)


def test_a_base_that_cannot_be_had_is_refused(sets: Path) -> None:
    """Not with the traceback of a child process."""
    pytest.importorskip("torch", reason="training needs the train extra")
    with pytest.raises(Misconfigured, match="nowhere"):
        learning.train(sets, sets / "out", str(sets / "nowhere"), 1)


def test_a_picture_that_cannot_be_written_is_refused_at_once(sets: Path) -> None:
    """Not after minutes of judging."""
    with pytest.raises(Misconfigured, match="absent"):
        learning.evaluate(sets, None, lexicon=True, guarded=False, picture=sets / "absent" / "a.png", figures=None)
