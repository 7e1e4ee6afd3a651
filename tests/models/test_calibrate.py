"""Calibration: probabilities that mean what they say, labels by stated cost."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import calibrate, scores
from models.calibrate import Calibration
from stream.labels import Risk, SelfHarm, Sentiment, Stage

RNG = np.random.default_rng(5)


def _plain() -> Calibration:
    ones, zeros = {"sentiment": (1.0,), "stage": (1.0,), "self_harm": (1.0,), "risks": (1.0,) * 10}, (0.0,)
    return Calibration(ones, dict.fromkeys(ones, zeros), calibrate.thresholds())


def _probs(**fields: list[float]) -> dict[str, calibrate.Array]:
    given = {"sentiment": [0.1, 0.1, 0.8], "risks": [0.01] * 10, "stage": [1.0, 0, 0, 0, 0, 0], "self_harm": [1, 0, 0]}
    return {head: np.array(values, float) for head, values in {**given, **fields}.items()}


def test_a_choice_that_boasts_is_cooled() -> None:
    """Logits three times too large come back to what is seen."""
    fair = RNG.normal(size=(3000, 3)) * 1.5
    truth = [int(RNG.choice(3, p=p)) for p in calibrate.softmax(fair)]
    (slope,), _ = calibrate.fit_choice(fair * 3, truth)
    assert pytest.approx(1 / 3, rel=0.15) == slope


def test_biases_undo_a_shift_of_shares() -> None:
    """A head trained where a class was commoner than here learns the difference."""
    fair = RNG.normal(size=(4000, 3))
    truth = np.array([RNG.choice(3, p=p) for p in calibrate.softmax(fair)])
    shifted = fair + np.array([2.0, 0.0, 0.0])
    slope, bias = calibrate.fit_choice(shifted, truth.tolist())
    before = scores.calibration_error(np.eye(3, dtype=bool)[truth], calibrate.softmax(shifted))
    after = scores.calibration_error(np.eye(3, dtype=bool)[truth], calibrate.softmax(shifted * slope[0] + bias))
    assert after < 0.03 < before


def test_each_risk_is_scaled_by_itself() -> None:
    """One kind shifted, one kind too steep: both come right."""
    fair = RNG.normal(size=(4000, 2)) * 2
    truth = RNG.random((4000, 2)) < calibrate.sigmoid(fair)
    slope, bias = calibrate.fit_risks(fair * [1, 2] + [1, 0], truth)
    assert pytest.approx([1.0, 0.5], rel=0.15) == slope
    assert pytest.approx([-1.0, 0.0], abs=0.15) == bias


def test_a_missed_accident_costs_more_than_a_missed_late_parcel() -> None:
    """At 0.3 an accident is reported and a late parcel is not."""
    kinds = dict.fromkeys((Risk.SAFETY, Risk.FULFILMENT), 0.3)
    said = _plain().judgement(_probs(risks=[kinds.get(risk, 0.0) for risk in Risk]), "r")
    assert said.risks == (Risk.SAFETY,)


@pytest.mark.parametrize(
    ("harm", "level"),
    [
        ([0.95, 0.03, 0.02], SelfHarm.NONE),
        ([0.85, 0.12, 0.03], SelfHarm.CONCERN),
        ([0.80, 0.11, 0.09], SelfHarm.CRISIS),
        ([0.10, 0.80, 0.10], SelfHarm.CONCERN),
    ],
)
def test_in_doubt_the_higher_level(harm: list[float], level: SelfHarm) -> None:
    """One chance in ten is enough to be seen; four tenths of it crisis is enough for crisis."""
    assert level is _plain().level(np.array(harm))


@pytest.mark.parametrize(
    ("pieces", "worst"),
    [
        ([[0.40, 0.30, 0.30], [0.05, 0.75, 0.20]], 0),
        ([[0.10, 0.80, 0.10], [0.80, 0.11, 0.09]], 1),
        ([[0.70, 0.25, 0.05], [0.40, 0.50, 0.10]], 1),
        ([[0.99, 0.01, 0.00], [0.93, 0.05, 0.02]], 1),
    ],
)
def test_a_long_post_is_as_dangerous_as_its_worst_piece(pieces: list[list[float]], worst: int) -> None:
    """The highest level of any piece is the post's, however sure another is of less; at one level the surest counts."""
    plain = _plain()
    harm = plain.worst(np.array(pieces))
    assert pieces[worst] == harm.tolist()
    assert max((plain.level(np.array(piece)) for piece in pieces), key=list(SelfHarm).index) is plain.level(harm)


def test_uncertain_near_a_threshold_or_between_two_sentiments() -> None:
    """Sure of everything: not uncertain. A narrow lead or a risk at its threshold: uncertain."""
    plain = _plain()
    assert not plain.judgement(_probs(), "r").uncertain
    assert plain.judgement(_probs(sentiment=[0.5, 0.45, 0.05]), "r").uncertain
    assert plain.judgement(_probs(risks=[0.01] * 9 + [0.35]), "r").uncertain
    assert plain.judgement(_probs(self_harm=[0.92, 0.05, 0.03]), "r").uncertain


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The file keeps every value."""
    plain = _plain()
    plain.write(tmp_path / "calibration.json")
    assert plain == Calibration.read(tmp_path / "calibration.json")


@given(st.lists(st.floats(-1e6, 1e6), min_size=22, max_size=22))
def test_any_logits_give_probabilities(numbers: list[float]) -> None:
    """No logit, however large, gives anything but probabilities and a judgement."""
    logits = np.array([numbers])
    parts = {"sentiment": slice(0, 3), "risks": slice(3, 13), "stage": slice(13, 19), "self_harm": slice(19, 22)}
    probs = {head: _plain().probabilities(head, logits[:, part])[0] for head, part in parts.items()}
    said = _plain().judgement(probs, "r")
    assert all(0 <= p <= 1 for p in (*said.sentiment_probs, *said.risk_probs, *said.stage_probs, *said.self_harm_probs))
    assert pytest.approx(1) == sum(said.sentiment_probs)
    assert said.sentiment in Sentiment
    assert said.stage in Stage
