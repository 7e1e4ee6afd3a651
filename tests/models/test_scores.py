"""Scores against values worked out by hand."""

import numpy as np
import pytest

from models import scores

TRUTH = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], bool)
SAID = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], bool)


def test_f1_by_hand() -> None:
    """Class one: one hit, one missed; class two: one hit, two false."""
    assert pytest.approx((2 / 3 + 2 / 4) / 2) == scores.macro_f1(TRUTH, SAID)
    assert pytest.approx(4 / 7) == scores.micro_f1(TRUTH, SAID)
    assert pytest.approx(2 / 4) == scores.precision(TRUTH, SAID)
    assert pytest.approx(2 / 3) == scores.recall(TRUTH, SAID)
    assert pytest.approx(2 / 4) == scores.accuracy(TRUTH, SAID)


def test_a_class_that_never_occurs_does_not_count() -> None:
    """A source without any complaint is not scored zero for finding none."""
    empty = np.zeros((3, 1), bool)
    assert scores.macro_f1(np.hstack([empty, ~empty]), np.hstack([empty, ~empty])) == 1.0
    assert scores.micro_f1(empty, empty) == 0.0


def test_the_interval_holds_the_value_and_narrows_with_posts() -> None:
    """Ten times the posts, about a third of the width."""
    rng = np.random.default_rng(1)
    truth = rng.random((2000, 1)) < 0.3
    said = truth ^ (rng.random((2000, 1)) < 0.1)
    few, many = (scores.measured(scores.micro_f1, truth[:n], said[:n]) for n in (200, 2000))
    assert few.low < few.value < few.high
    assert many.low < many.value < many.high
    assert (many.high - many.low) < 0.5 * (few.high - few.low)


def test_calibration_error_of_the_honest_and_the_boastful() -> None:
    """Posts said at 0.7 that are true seven times in ten cost nothing; said at 0.95 they cost a quarter."""
    truth = np.array([[k < 7] for k in range(10)] * 20)
    both = np.hstack([truth, ~truth])
    honest, boastful = (np.tile([p, 1 - p], (200, 1)) for p in (0.7, 0.95))
    assert pytest.approx(0.0, abs=1e-9) == scores.calibration_error(both, honest)
    assert pytest.approx(0.25) == scores.calibration_error(both, boastful)
    assert scores.brier(both, honest) < scores.brier(both, boastful)


def test_reviewer_load_counts_everyone_above_the_threshold() -> None:
    """To find both of two, the reviewer reads down to the lower one: three of four posts."""
    truth = np.array([True, False, True, False])
    probs = np.array([0.9, 0.8, 0.4, 0.1])
    assert scores.load_at_recall(truth, probs, 1.0) == (0.4, 0.75)
    assert scores.load_at_recall(truth, probs, 0.5) == (0.9, 0.25)
