"""Rules decide alone: what matches, under which group, in which window, under which id."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from alerts.rules import Group, Rule, Severity, alert_id, check_rules, guardians, matches, past, try_on, window_of
from stream.labels import Risk, Role, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured
from tests.alerts.room import ROLES, SUBJECTS, care, surge
from tests.factories import NOW, judged

PLAIN = {"name": "plain", "title": "任何", "severity": Severity.NOTICE, "channels": ("ops",)}

HOLDS = [
    ({"sentiments": (Sentiment.NEGATIVE,)}, {"sentiment": Sentiment.NEGATIVE}, {"sentiment": Sentiment.POSITIVE}),
    ({"risks": (Risk.SAFETY, Risk.REFUND)}, {"risks": (Risk.QUALITY, Risk.REFUND)}, {"risks": (Risk.QUALITY,)}),
    ({"stages": (Stage.PURCHASE,)}, {"stage": Stage.PURCHASE}, {"stage": Stage.USE}),
    ({"platforms": ("heimao",)}, {"platform": "heimao"}, {"platform": "weibo"}),
    ({"sure": True}, {"uncertain": False}, {"uncertain": True}),
    ({"min_likes": 10}, {"likes": 10}, {"likes": None}),
    ({"min_reposts": 10}, {"reposts": 11}, {"reposts": 9}),
    ({"words": ("钢丝球", "ABC")}, {"text": "喝到ＡＢＣ"}, {"text": "喝到塑料"}),
    ({"words": ("钢丝",)}, {"title": "茶里有钢丝"}, {"quoted": "茶里有钢丝"}),
    ({"roles": (Role.OWN,)}, {"subjects": ("yunting",)}, {"subjects": ("luyu",)}),
    ({"subjects": ("luyu",)}, {"subjects": ("yunting", "luyu")}, {"subjects": ("yunting",)}),
]


@pytest.mark.parametrize(("condition", "good", "bad"), HOLDS, ids=[str(next(iter(row[0]))) for row in HOLDS])
def test_each_condition_lets_through_what_holds_and_nothing_else(condition, good, bad):
    """Every condition of a rule decides on its own."""
    rule = Rule(**PLAIN, group=Group.ALL, **condition)
    assert matches(rule, judged(**good), ROLES) == ("all",)
    assert matches(rule, judged(**bad), ROLES) == ()


def test_a_post_about_two_subjects_counts_for_each_that_the_rule_means():
    """Grouping by subject leaves out subjects of another role."""
    both = judged(subjects=("yunting", "luyu", "qiugui"))
    assert matches(Rule(**PLAIN), both, ROLES) == ("yunting", "luyu", "qiugui")
    assert matches(Rule(**PLAIN, roles=(Role.OWN, Role.CAMPAIGN)), both, ROLES) == ("yunting", "qiugui")


def test_grouping_by_author_needs_an_author():
    """A post of nobody cannot be counted under an author."""
    rule = Rule(**PLAIN, group=Group.AUTHOR)
    assert matches(rule, judged(author="a7"), ROLES) == ("a7",)
    assert matches(rule, judged(author=""), ROLES) == ()


@pytest.mark.parametrize("level", [SelfHarm.CONCERN, SelfHarm.CRISIS])
def test_a_post_with_a_self_harm_level_is_for_care_rules_only(level):
    """Ordinary rules never see it; care rules see it whoever or whatever it is about."""
    at_risk = judged(subjects=(), self_harm=level, sentiment=Sentiment.NEGATIVE)
    assert matches(Rule(**PLAIN, group=Group.ALL), at_risk, ROLES) == ()
    assert matches(care(), at_risk, ROLES) == (f"{level}/{at_risk.post.id}",)
    assert matches(care(), judged(), ROLES) == ()


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["7s", "15m", "1h", "6h", "1d", "7d", "999999d"]))
def test_every_time_has_one_window_that_holds_it(at, length):
    """Windows do not overlap and the calendar's ends do not break them."""
    rule = surge(window=length)
    window = window_of(rule, at)
    assert window.since <= at
    assert at < window.until or window.until == datetime.max.replace(tzinfo=UTC)
    assert window_of(rule, window.since) == window


def test_the_id_depends_on_rule_group_and_window_only():
    """Any change of the three is another alert; the same three are the same alert."""
    window = window_of(surge(), NOW)
    ids = {
        alert_id(surge(), "yunting", window),
        alert_id(surge(), "luyu", window),
        alert_id(surge(name="other"), "yunting", window),
        alert_id(surge(), "yunting", window_of(surge(), NOW + timedelta(hours=1))),
    }
    assert len(ids) == 4
    assert alert_id(surge(title="x", count=9), "yunting", window_of(surge(), NOW)) in ids


def test_a_rule_can_be_tried_on_history():
    """Three distinct posts of an hour are an alert, two and a repeat are not."""
    negative = {"sentiment": Sentiment.NEGATIVE, "subjects": ("yunting",)}
    busy = [judged(str(n), **negative) for n in range(3)]
    later = NOW + timedelta(hours=2)
    quiet = [judged(str(n), published_at=later, **negative) for n in (7, 8, 8)]
    (trial,) = try_on(surge(), [*quiet, *busy], ROLES)
    assert trial.group == "yunting"
    assert trial.post_ids == tuple(sorted(one.post.id for one in busy))
    assert trial.alert_id == alert_id(surge(), "yunting", window_of(surge(), NOW))


WRONG = [
    ({"name": "Ä b"}, "name"),
    ({"channels": ()}, "channels"),
    ({"count": 0}, "count"),
    ({"window": "1 hour"}, "window"),
    ({"acknowledge_within": "soon"}, "acknowledge_within"),
    ({"escalate_to": ("lead",)}, "escalate_to"),
    ({"self_harm": (SelfHarm.CRISIS,), "platforms": ("weibo",)}, "platforms"),
    ({"self_harm": (SelfHarm.CRISIS,), "count": 2}, "count"),
    ({"self_harm": (SelfHarm.NONE,)}, "self_harm"),
]


@pytest.mark.parametrize(("fields", "key"), WRONG)
def test_a_rule_that_cannot_work_names_its_key(fields, key):
    """A wrong rule refuses to exist."""
    with pytest.raises(Misconfigured, match=key):
        Rule(**{**PLAIN, **fields})


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ([surge(subjects=("nobody",))], "subjects names 'nobody'"),
        ([surge(channels=("pigeon",))], "channels names 'pigeon'"),
        ([care(escalate_to=("pigeon",))], "escalate_to names 'pigeon'"),
        ([surge(), surge()], "name is used twice"),
    ],
)
def test_a_rule_that_names_what_does_not_exist_is_refused(rules, key):
    """Subjects and channels are checked where all are known."""
    with pytest.raises(Misconfigured, match=key):
        check_rules(rules, SUBJECTS, {"ops", "guardians", "lead"})


@pytest.mark.parametrize(
    ("rules", "level"),
    [
        ([], "concern"),
        ([surge()], "concern"),
        ([surge(), care(self_harm=(SelfHarm.CRISIS,))], "concern"),
        ([care(self_harm=(SelfHarm.CONCERN,))], "crisis"),
    ],
)
def test_rules_that_leave_people_at_risk_to_nobody_are_refused(rules, level):
    """Other rules never see such posts, so care rules must take both levels."""
    with pytest.raises(Misconfigured, match=f"no rule has self_harm '{level}'"):
        check_rules(rules, SUBJECTS, {"ops", "guardians", "lead"})


def test_good_rules_pass_the_check():
    """Nothing is refused without reason."""
    check_rules([surge(subjects=("yunting",)), care()], SUBJECTS, {"ops", "guardians", "lead"})
    apart = [care(name=level, self_harm=(level,)) for level in (SelfHarm.CONCERN, SelfHarm.CRISIS)]
    check_rules(apart, SUBJECTS, {"guardians", "lead"})


def test_a_rule_is_read_from_a_table_and_knows_its_keys():
    """TOML words become the vocabulary; a misspelt key is refused."""
    table = {"name": "n", "title": "t", "severity": "critical", "channels": ["ops"], "risks": ["safety"], "count": 2}
    read = TypeAdapter(Rule).validate_python(table)
    assert (read.severity, read.risks, read.count) == (Severity.CRITICAL, (Risk.SAFETY,), 2)
    with pytest.raises(ValidationError, match="cuont"):
        TypeAdapter(Rule).validate_python({**table, "cuont": 2})


def test_a_window_is_past_eight_days_after_its_end_and_care_never_is():
    """Counted to the fetch; what a weekly export brings is not too old."""
    window = window_of(surge(), NOW)
    ages = [-timedelta(hours=1), timedelta(days=7), timedelta(days=8), timedelta(days=8, microseconds=1)]
    assert [past(window, window.until + age) for age in ages] == [False, False, False, True]
    assert not past(None, datetime.max.replace(tzinfo=UTC))


def test_guardians_are_all_whom_any_care_rule_tells():
    """Each once, those of later rounds included, and nobody else."""
    rules = [surge(channels=("ops",)), care(), care(name="second", channels=("lead", "night"), escalate_to=())]
    assert guardians(rules) == ("guardians", "lead", "night")
