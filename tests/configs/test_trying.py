"""Trying a rule on history: what is foretold is what the live desk raises, and nobody is told."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.desk import Desk
from alerts.rules import Group, Rule
from configs import wiring
from configs.load import Config, load
from configs.trying import beginning, try_rule
from guanlan import app
from stream.labels import SelfHarm, Sentiment
from stream.ports import Misconfigured
from stream.records import JudgedPost
from tests.alerts.room import SUBJECTS, care, negative, surge
from tests.configs.test_run import config  # noqa: F401 — a fixture
from tests.configs.test_work import folder_of
from tests.factories import NOW, judged

DAY = timedelta(days=1)
RULES = (
    surge(channels=("risk-desk",)),
    surge(name="loud", count=2, group=Group.AUTHOR, window="1d", channels=("risk-desk",)),
    surge(name="strangers", count=1, sentiments=(), platforms=("heimao",), words=("钢丝",), channels=("risk-desk",)),
    care(channels=("guardians",), escalate_to=("guardians-lead",)),
)


def posts() -> list[JudgedPost]:
    """Five weeks: a burst of one story and one voice beside it, lone complaints, praise, and people at risk."""
    burst = [negative(f"b{n}", fingerprint="same", published_at=NOW - timedelta(minutes=n + 1)) for n in range(12)]
    own_words = negative("w", author="a2", fingerprint="other", published_at=NOW - timedelta(minutes=30))
    lone = [negative(f"l{n}", author=f"x{n}", published_at=NOW - n * DAY) for n in range(1, 35)]
    praise = [judged(f"p{n}", sentiment=Sentiment.POSITIVE, subjects=("yunting",)) for n in range(5)]
    steel = judged("s", platform="heimao", text="茶里有钢丝", subjects=("yunting",), published_at=NOW - 3 * DAY)
    risk = [negative(f"r{n}", self_harm=SelfHarm.CONCERN, published_at=NOW - 2 * DAY) for n in range(3)]
    return [*burst, own_words, *lone, *praise, steel, *risk]


def furnished(plain: Config) -> Config:
    """The rules of this page over a store that holds the posts."""
    made = replace(plain, rules=RULES, subjects=SUBJECTS)
    with closing(wiring.open_store(made)) as store:
        store.put(posts())
    return made


def tried(made: Config, name: str, since: datetime = NOW - 60 * DAY) -> dict:
    """What a trial says."""
    return try_rule(made, name, since, lambda found, total: found)


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.care], ids=lambda rule: rule.name)
def test_a_trial_foretells_what_the_live_desk_raises(config: Config, rule: Rule) -> None:  # noqa: F811
    """The same posts give the same alerts under the same ids, with the same evidence."""
    made = furnished(config)
    found = tried(made, rule.name)
    with closing(wiring.open_book(made)) as book:
        Desk([rule], SUBJECTS, book, lambda: NOW)(posts())
        live = {
            case.alert.id: {one.post_id for one in book.evidence(case.alert.id)} for case in book.list_cases(care=False)
        }
    assert {row["alert"]: set(row["ids"]) for row in found["rows"]} == live
    assert found["alerts"] == len(live) > 0


def test_a_trial_counts_voices_and_days(config: Config) -> None:  # noqa: F811
    """Twelve copies and one voice are two originals; the rate is over days of which the store has any post."""
    found = tried(furnished(config), "surge")
    (row,) = found["rows"]
    assert (row["posts"], row["originals"], row["group"]) == (13, 2, "yunting")
    assert (row["since"], row["until"]) == ("2026-11-21T11:00:00+08:00", "2026-11-21T12:00:00+08:00")
    assert (found["matched"], found["days"], found["alerts_a_day"]) == (13 + 34, 35, 0.03)


def test_a_trial_begins_with_a_whole_window(config: Config) -> None:  # noqa: F811
    """The window in which it begins is not cut short; what is older is left out."""
    found = tried(furnished(config), "loud", NOW - timedelta(minutes=5))
    assert [row["posts"] for row in found["rows"]] == [12]
    assert found["matched"] == 13


def test_a_care_rule_says_how_many_a_day_and_nothing_else(config: Config) -> None:  # noqa: F811
    """No post, no level, no id of people at risk leaves the path of the guardians."""
    found = tried(furnished(config), "care")
    assert found["rows"] == [{"day": "2026-11-19", "alerts": 3}]
    assert (found["matched"], found["alerts"]) == (3, 3)
    assert "weibo" not in json.dumps(found)


def test_a_rule_that_would_not_start_is_not_tried(config: Config) -> None:  # noqa: F811
    """An unknown name, and a channel that is not there, are refused by name."""
    with pytest.raises(Misconfigured, match="surge, loud"):
        tried(furnished(config), "nobody")
    with pytest.raises(Misconfigured, match="risk-desk"):
        tried(replace(furnished(config), channels=()), "surge")


def test_a_trial_begins_some_days_ago_or_at_a_date() -> None:
    """A number counts days back from now; a date is midnight in Asia/Shanghai; anything else is refused."""
    assert beginning("7", NOW) == NOW - 7 * DAY
    assert beginning("2026-11-01", NOW) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    for wrong in ("soon", "-3", "9999999999", "0001-01-01"):
        with pytest.raises(ValueError):  # noqa: PT011 — whatever it says
            beginning(wrong, NOW)


def command(path: Path, *words: str) -> Result:
    """`guanlan try` with a configuration."""
    return CliRunner().invoke(app, ["try", *words, "--config", str(path)])


def test_the_command_prints_rows_and_totals_without_a_text(tmp_path: Path) -> None:
    """A table for people, JSON for programs; no words of a post in either, and exit code 2 for what cannot be tried."""
    path = folder_of(tmp_path, 9)
    with closing(wiring.open_store(load(path))) as store:
        store.put([negative(str(n), text="茶里有钢丝", published_at=NOW) for n in range(9)])
    told = command(path, "own-surge", "--since", "2026-11-01")
    assert told.exit_code == 0, told.stderr
    assert "1 次预警" in told.stdout
    shown = command(path, "own-surge", "--since", "2026-11-01", "--json")
    assert len(json.loads(shown.stdout)["rows"][0]["ids"]) == 9
    assert "钢丝" not in told.stdout + told.stderr + shown.stdout
    assert not (load(path).settings.data / "book.db").exists()
    assert command(path, "own-surge", "--since", "soon").exit_code == 2
    assert command(path, "nobody").exit_code == 2
