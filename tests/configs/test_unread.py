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
from stream.retry import Backoff

SOURCE = '[[source]]\nname = "{name}"\nspider = "autohome"\nboards = ["1"]\npurpose = "a"\nassessment = "b"\n{more}\n'
OPEN = 'access = "public_robots_ok"\nrobots = "allows"\nrobots_date = 2026-11-01\n'
CASES = {
    "blocked": OPEN,
    "disallowed": OPEN.replace("allows", "disallows"),
    "lapsed": 'access = "authorised_session"\nauthorisation = "合同"\nauthorised_until = 2026-01-31\n',
    "killed": f"{OPEN}enabled = false\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with one source a case; the platform has refused one of them a moment ago."""
    monkeypatch.setenv("GUANLAN_DATA", str(tmp_path / "data"))
    for name in ("subjects.toml", "digests.toml"):
        shutil.copyfile(BUNDLED.parent / name, tmp_path / name)
    (tmp_path / "rules.toml").write_text("", encoding="utf-8")
    (tmp_path / "guanlan.toml").write_text(
        '[crawl]\ncontact = "a@example.invalid"\n[judge]\nmodel = "lexicon"\n', encoding="utf-8"
    )
    (tmp_path / "data").mkdir()
    state = CrawlState(tmp_path / "data" / "crawl.db")
    now = datetime.now(UTC)
    refused = CrawlReport("blocked", "autohome", now, now, Outcome.BLOCKED, "请求被平台限频", verdicts={"blocked": 1})
    state.finish(refused, backoff=Backoff(3600.0, 86400.0, lambda: 0.0))
    state.close()
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code"), [(("blocked", "killed"), 3), (("disallowed",), 3), (("lapsed", "killed"), 3), (("killed",), 0)]
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
    states = {"blocked": "blocked", "disallowed": "unauthorised", "lapsed": "unauthorised", "killed": "off"}
    assert {row["name"]: row["health"] for row in listed} == {name: states[name] for name in names}
