"""The recipe can be followed: each step begins with what an earlier one left, and draws from sets that exist."""

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from models import data
from models.mapping import SETS
from models.recipe import STEPS, WEIGHTS, Beside, Mean, Pass
from models.train import START


def test_each_step_begins_with_what_an_earlier_one_left() -> None:
    """Weights, teachers and means are named before they are used, each once, and what is exported is one of them."""
    left = [START]
    for step in STEPS:
        match step:
            case Mean():
                needed = step.of
            case Beside():
                needed = (step.of,)
            case Pass():
                needed = (step.begins, *step.taught_by)
        assert set(needed) <= set(left), step.name
        left.append(step.name)
    assert len(set(left)) == len(left)
    assert set(WEIGHTS.values()) <= set(left)


def test_each_pass_draws_from_sets_that_exist() -> None:
    """A misspelt set is told before hours are spent."""
    known = {*SETS, data.ANNOTATED, data.UNLABELLED}
    for step in STEPS:
        if isinstance(step, Pass):
            assert set(step.shares) <= known, step.name
