"""What an operator's cron or CI hears when a source could not be read: an exit code of its own, and which it was."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from configs.load import BUNDLED
from crawlers.reports import CrawlReport, Outcome
from crawlers.state import CrawlState
from guanlan import app
from stream.labels import Health
from stream.records import Coverage
from stream.retry import Backoff

SOURCE = '[[source]]\nname = "{name}"\nspider = "autohome"\nboards = ["1"]\npurpose = "a"\nassessment = "b"\n{more}\n'
CARE = (
    '[[rule]]\nname = "care"\ntitle = "自伤"\nseverity = "critical"\nself_harm = ["concern", "crisis"]\n'
    'channels = ["desk"]\nacknowledge_within = "15m"\nescalate_to = ["desk"]\n'
    '[[channel]]\nname = "desk"\nurl = "http://127.0.0.1:9/hook"\nsecret = "env:HOOK"\n'
)
OPEN = 'access = "public_robots_ok"\nrobots = "allows"\nrobots_date = 2026-11-01\n'
CASES = {
    "blocked": OPEN,
    "disallowed": OPEN.replace("allows", "disallows"),
    "lapsed": 'access = "authorised_session"\nauthorisation = "合同"\nauthorised_until = 2026-01-31\n',
    "down": f'{OPEN}base_url = "http://127.0.0.1:9"\ndelay_seconds = 0\n',
    "killed": f"{OPEN}enabled = false\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with one source a case; a moment ago one platform refused us, and one was read."""
    monkeypatch.setenv("GUANLAN_DATA", str(tmp_path / "data"))
    for name in ("subjects.toml", "digests.toml"):
        shutil.copyfile(BUNDLED.parent / name, tmp_path / name)
    monkeypatch.setenv("HOOK", "whsec_" + "YQ" * 16)
    (tmp_path / "rules.toml").write_text(CARE, encoding="utf-8")
    (tmp_path / "guanlan.toml").write_text(
        '[crawl]\ncontact = "a@example.invalid"\n[judge]\nmodel = "lexicon"\n'
        '[[serve.people]]\nname = "周宁"\nroles = ["guardian"]\nkey = "env:HOOK"\n',
        encoding="utf-8",
    )
    (tmp_path / "data").mkdir()
    state = CrawlState(tmp_path / "data" / "crawl.db")
    now = datetime.now(UTC)
    refused = CrawlReport("blocked", "autohome", now, now, Outcome.BLOCKED, "请求被平台限频", verdicts={"blocked": 1})
    state.finish(refused, backoff=Backoff(3600.0, 86400.0, lambda: 0.0))
    state.finish(
        CrawlReport("down", "autohome", now, now, Outcome.COMPLETE, coverage=(Coverage("1", Health.FRESH, pages=1),))
    )
    state.close()
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("blocked", "killed"), 3),
        (("disallowed",), 3),
        (("lapsed", "killed"), 3),
        (("down",), 3),
        (("killed",), 0),
    ],
)
def test_a_round_says_which_sources_could_not_be_read(folder: Path, names: tuple[str, ...], code: int) -> None:
    """Everything else is done and the report is made; a source that was switched off is nobody's failure."""
    tables = "\n".join(SOURCE.format(name=name, more=CASES[name]) for name in names)
    (folder / "sources.toml").write_text(tables, encoding="utf-8")
    told = CliRunner().invoke(app, ["run", "--once", "--json", "--config", str(folder / "guanlan.toml")])
    assert told.exit_code == code, told.stderr
    summary = json.loads(told.stdout)
    unread = [name for name in names if name != "killed"]
    assert summary["unread"] == unread
    assert len(summary["digests"]) == 1
    assert all(name in told.stderr for name in unread)
    listed = json.loads(CliRunner().invoke(app, ["sources", "--json", "--config", str(folder / "guanlan.toml")]).stdout)
    states = {
        "blocked": "blocked",
        "disallowed": "unauthorised",
        "lapsed": "unauthorised",
        "down": "fresh",  # for three intervals
        "killed": "off",
    }
    assert {row["name"]: row["health"] for row in listed} == {name: states[name] for name in names}


def test_a_source_that_is_switched_off_is_named(folder: Path) -> None:
    """Asked for by name it is not crawled, which is nobody's failure but is said."""
    (folder / "sources.toml").write_text(SOURCE.format(name="killed", more=CASES["killed"]), encoding="utf-8")
    told = CliRunner().invoke(app, ["crawl", "killed", "--json", "--config", str(folder / "guanlan.toml")])
    assert (told.exit_code, told.stdout) == (0, "[]\n")
    assert "killed:已停用" in told.stderr
