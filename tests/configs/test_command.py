"""The command line, run as a user runs it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from configs import wiring
from configs.child import Child
from configs.load import BUNDLED, load
from configs.terminal import show
from guanlan import app

ROOT = Path(__file__).parent.parent.parent
COMMANDS = [
    ["run"], ["crawl"], ["work"], ["work", "judge"], ["work", "index"], ["work", "alert"], ["work", "schedule"],
    ["serve"], ["search"], ["classify"], ["digest"], ["check"], ["dead"], ["dead", "list"], ["dead", "show"],
    ["dead", "replay"], ["dead", "drop"], ["forget"], ["try"], ["replay"], ["backup"], ["migrate"], ["sandbox"],
    ["train"], ["evaluate"], ["bench"], ["bench", "pipeline"], ["bench", "scale"], ["bench", "cluster"],
    ["bench", "store"], ["bench", "classify"], ["bench", "crawl"], ["sources"], ["import"], ["new-source"],
]  # fmt: skip


GUARDED = {
    "SOMEBODYS_KEY": "a-long-key",
    "GUANLAN_SERVE__PEOPLE": json.dumps([{"name": "周宁", "roles": ["guardian"], "key": "env:SOMEBODYS_KEY"}]),
}
"""The environment of an installation with somebody who answers for people at risk."""


def guanlan(*words: str, given: str = "", data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command; `data` is its data folder."""
    environment = {**os.environ, **({"GUANLAN_DATA": str(data)} if data else {})}
    return subprocess.run(
        [sys.executable, "-m", "guanlan", *words],
        input=given, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_is_in_the_readme(words: list[str]) -> None:
    """A command that nobody can find is not there; both READMEs name it."""
    shown = guanlan(*words, "--help")
    assert shown.returncode == 0
    assert "Usage" in shown.stdout
    for readme in ("README.md", "README.zh.md"):
        assert f"guanlan {words[0]}" in (ROOT / readme).read_text(encoding="utf-8")


def test_help_loads_nothing_heavy() -> None:
    """`--help` answers without scrapy, torch, matplotlib, nicegui or the store."""
    heavy = {"scrapy", "torch", "matplotlib", "nicegui", "fastapi", "sqlalchemy", "elasticsearch", "kafka"}
    code = f"import sys, guanlan; print([m for m in sys.modules if m.split('.')[0] in {heavy}])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_classify_judges_every_line_in_order() -> None:
    """JSON lines and plain lines alike give one judgement each; rubbish gives one too."""
    lines = [
        '{"text": "云汀茶里喝到钢丝,划破了嘴,我要打12315"}',
        "今天的奶茶真好喝,推荐",
        "",
        '{"no": "text"}',
        '{"text": "\\ud800 lone"}',
        "😀" * 10,
        '{"deep":' * 5_000,
    ]
    told = guanlan("classify", given="\n".join(lines) + "\n")
    assert told.returncode == 0, told.stderr
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(rows) == len(lines)
    assert (rows[0]["sentiment"], rows[1]["sentiment"]) == ("negative", "positive")
    assert {"safety", "escalation"} <= set(rows[0]["risks"])
    assert set(rows[0]) == {
        "sentiment", "sentiment_probs", "risks", "risk_probs", "stage", "stage_probs", "self_harm", "self_harm_probs",
        "uncertain", "revision",
    }  # fmt: skip
    assert abs(sum(rows[0]["sentiment_probs"].values()) - 1) < 0.01
    assert [number for number in range(1, 8) if f"line {number} " in told.stderr] == [4, 7]


def test_a_wrong_configuration_exits_with_2(tmp_path: Path) -> None:
    """Exit code 2 and one sentence, no traceback."""
    shown = guanlan("check", "--config", str(tmp_path / "nowhere.toml"))
    assert shown.returncode == 2
    assert "nowhere.toml" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("words", [["--data", "elsewhere"], ["--keep-times"], ["--fresh"]], ids=" ".join)
def test_options_of_the_demo_are_refused_without_it(words: list[str], tmp_path: Path) -> None:
    """Whoever names a folder for a real run is told that it would not be used."""
    shown = guanlan("run", *words, data=tmp_path)
    assert shown.returncode == 2
    assert "go with --demo" in shown.stderr
    assert not list(tmp_path.iterdir())


def test_a_configuration_is_refused_with_the_demo(tmp_path: Path) -> None:
    """Whoever names a configuration for the demo is told that it would not be used, and no demo begins."""
    shown = guanlan("run", "--demo", "--config", "guanlan.toml", "--data", str(tmp_path / "demo"), data=tmp_path)
    assert shown.returncode == 2
    assert "--config does not go with --demo" in shown.stderr
    assert not list(tmp_path.iterdir())


def test_a_search_that_cannot_be_understood_is_explained(tmp_path: Path) -> None:
    """A wrong query is the user's mistake: a sentence, exit code 2, no traceback."""
    shown = guanlan("search", "云汀 AND", data=tmp_path)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr


def test_a_child_runs_nothing_of_the_folder_it_is_started_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the operator's that is called like one of our rooms is left alone."""
    for name in ("api.py", "stream.py", "statistics.py"):
        (tmp_path / name).write_text("raise SystemExit('somebody else')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, _ = Child(["crawl", "nowhere", "--config", str(BUNDLED)]).finish()
    assert code == 2  # there is no such source; a file of that folder would have ended it with 1


def test_a_table_names_what_stands_in_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Risks of a post are words in a column, without brackets and quotes."""
    show([{"id": "1", "risks": ["safety", "refund"]}], False, "id", "risks")
    assert "safety refund" in capsys.readouterr().out


def test_a_source_that_is_not_registered_is_not_crawled(tmp_path: Path) -> None:
    """Only names in sources.toml can be crawled."""
    shown = guanlan("crawl", "nowhere", "--config", str(BUNDLED), data=tmp_path)
    assert shown.returncode == 2
    assert "nowhere" in shown.stderr


def test_check_says_what_is_missing(tmp_path: Path) -> None:
    """The bundled rules name channels that nobody has set up yet; `check` says so and fails."""
    shown = guanlan("check", "--json", data=tmp_path)
    assert shown.returncode == 1
    rows = {row["part"]: row for row in json.loads(shown.stdout)}
    assert rows["store"]["ok"]
    assert not rows["channels"]["ok"]
    assert "risk-desk" in rows["channels"]["detail"]


def test_check_asks_who_can_be_reached_and_who_may_look(tmp_path: Path) -> None:
    """A crawl without an address to complain to, and a page open to everyone, are refused before a run would be."""
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "guanlan.toml").write_text('[serve]\nhost = "0.0.0.0"\n', encoding="utf-8")
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nname = "forum"\nspider = "autohome"\naccess = "public_robots_ok"\nboards = ["*"]\n'
        'base_url = "http://127.0.0.1:9/forum"\n',
        encoding="utf-8",
    )
    shown = guanlan("check", "--json", "--config", str(tmp_path / "guanlan.toml"), data=tmp_path / "data")
    rows = {row["part"]: row for row in json.loads(shown.stdout)}
    assert "crawl.contact" in rows["source forum"]["detail"]
    assert "serve.host" in rows["serve"]["detail"]


@pytest.mark.parametrize("words", [("check", "--json"), ("serve",), ("run",), ("run", "--once")], ids=" ".join)
def test_rules_that_ask_for_help_need_somebody_who_can_answer(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With people but no guardian notices would lead to a page that none of them may open, for ever: nothing starts."""
    monkeypatch.setenv("GUANLAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOMEBODYS_KEY", "a-long-key")
    people = [{"name": "林静", "roles": ["analyst"], "key": "env:SOMEBODYS_KEY"}]
    monkeypatch.setenv("GUANLAN_SERVE__PEOPLE", json.dumps(people))
    told = CliRunner().invoke(app, [*words, "--config", str(BUNDLED)])
    assert told.exit_code == (1 if words[0] == "check" else 2)
    assert "guardian" in told.stdout + told.stderr
    assert "self-harm" in told.stdout + told.stderr
    monkeypatch.setenv("GUANLAN_SERVE__PEOPLE", GUARDED["GUANLAN_SERVE__PEOPLE"])
    wiring.check_people(load(BUNDLED))


def test_who_tries_it_alone_is_told_that_a_guardian_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    """On a machine where nobody is named yet everything starts, and says that nobody could answer."""
    wiring.check_people(load(BUNDLED))
    assert "guardian" in caplog.text


def test_rows_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """What a forum's post holds of its own markup is text, and no instruction to the table."""
    show([{"text": "坏了[/b] [img]x [doge]"}], False, "text")
    assert "坏了[/b] [img]x [doge]" in capsys.readouterr().out


def test_a_report_of_a_window_that_has_not_ended_is_refused(tmp_path: Path) -> None:
    """It would take the place of the whole one."""
    told = guanlan("digest", "--until", "2126-01-01 08:00:00", data=tmp_path)
    assert told.returncode == 2
    assert "--until" in told.stderr


def test_check_tries_the_mail_server_and_the_crawl_memory(tmp_path: Path) -> None:
    """A mail server that is not there, and a file that is none of ours, are named before a run needs them."""
    (tmp_path / "crawl.db").write_bytes(b"rubbish" * 1000)
    told = subprocess.run(
        [sys.executable, "-m", "guanlan", "check", "--json"],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        env={**os.environ, "GUANLAN_DATA": str(tmp_path), "GUANLAN_MAIL__SMTP_HOST": "127.0.0.1",
             "GUANLAN_MAIL__SMTP_PORT": "9"},
    )  # fmt: skip
    rows = {row["part"]: row for row in json.loads(told.stdout)}
    assert not rows["mail"]["ok"]
    assert "mail.smtp_host" in rows["mail"]["detail"]
    assert not rows["crawl memory"]["ok"]
    assert "crawl.db" in rows["crawl memory"]["detail"]


def test_a_site_that_is_down_is_no_address_on_the_terminal(tmp_path: Path) -> None:
    """A crawl that reaches nobody says so in its report; Scrapy's lines, with addresses and tracebacks, stay out."""
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "guanlan.toml").write_text('[crawl]\ncontact = "a@example.invalid"\n', encoding="utf-8")
    with socket.socket() as nobody:  # bound, and never listening
        nobody.bind(("127.0.0.1", 0))
        (tmp_path / "sources.toml").write_text(
            '[[source]]\nname = "forum"\nspider = "autohome"\naccess = "public_robots_ok"\nboards = ["*"]\n'
            f'delay_seconds = 0\nbase_url = "http://127.0.0.1:{nobody.getsockname()[1]}/forum"\n',
            encoding="utf-8",
        )
        told = guanlan("crawl", "forum", "--json", "--config", str(tmp_path / "guanlan.toml"), data=tmp_path / "data")
    (report,) = json.loads(told.stdout)
    assert report["outcome"] != "complete"
    assert report["reason"]
    assert "127.0.0.1" not in told.stderr
    assert "Traceback" not in told.stderr


def test_a_port_that_is_taken_is_named_before_anything_begins(tmp_path: Path) -> None:
    """Two dashboards cannot share a port: the second says which setting to change, and has not crawled."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "-m", "guanlan", "serve"],
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
            env={**os.environ, **GUARDED, "GUANLAN_DATA": str(tmp_path / "data"), "GUANLAN_SERVE__PORT": str(port)},
        )  # fmt: skip
    assert told.returncode == 2
    assert "serve.port" in told.stderr
    assert str(port) in told.stderr
    assert not (tmp_path / "data").exists()


def test_classify_reads_any_bytes_and_names_a_file_it_cannot(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are judged and told by line, from a pipe or a file; a folder is a sentence."""
    (tmp_path / "posts").write_bytes("好喝\n".encode() + b"\xff\xfe\n")
    for word in ("-", str(tmp_path / "posts")):
        with (tmp_path / "posts").open("rb") as given:
            told = subprocess.run(
                [sys.executable, "-m", "guanlan", "classify", word], stdin=given, capture_output=True, timeout=120,
                check=False,
            )  # fmt: skip
        assert told.returncode == 0, told.stderr
        assert len(told.stdout.splitlines()) == 2
        assert b"line 2 is not UTF-8" in told.stderr
        assert b"line 1" not in told.stderr
    for wrong in (tmp_path, tmp_path / "absent"):
        told_wrong = guanlan("classify", str(wrong))
        assert told_wrong.returncode == 2
        assert "Traceback" not in told_wrong.stderr


def test_dead_show_without_a_number_says_so(tmp_path: Path) -> None:
    """Exit code 2 and a sentence that names what is missing, not "no letter 0"."""
    told = guanlan("dead", "show", data=tmp_path)
    assert told.returncode == 2
    assert "dead list" in told.stderr
    assert guanlan("dead", "list", "3", data=tmp_path).returncode == 2
    assert guanlan("dead", "drop", "3", data=tmp_path).returncode == 2
