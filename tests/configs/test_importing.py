"""Own channels from the configuration on: drop folder, command line and push end in the same log."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

import guanlan
from api.parts import NoSuchSource
from configs import importing, wiring
from configs.crawling import crawl_sources
from configs.load import BUNDLED, Config, load
from configs.timetable import Duties, timetable
from stream.codec import decode_post
from stream.labels import Health
from stream.ports import Misconfigured
from stream.records import POSTS, Post

SOURCES = """
[[source]]
name = "hotline"
spider = "inbox"
access = "operator_export"
[source.layout]
id = ["工单号"]
text = ["内容"]

[[source]]
name = "survey"
spider = "inbox"
access = "operator_export"
enabled = false
[source.layout]
text = ["意见"]
score = ["NPS"]
"""
TABLE = "工单号,内容\n1,喝出钢丝\n2,\n3,等了一小时\n"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for file in BUNDLED.parent.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    settings = BUNDLED.read_text(encoding="utf-8").replace('data = "data"', f'data = "{tmp_path / "data"}"')
    (tmp_path / "guanlan.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "sources.toml").write_text(SOURCES, encoding="utf-8")
    return tmp_path


@pytest.fixture(name="config")
def _config(folder: Path) -> Iterator[Config]:
    return load(folder / "guanlan.toml")


def logged(config: Config) -> list[Post]:
    """Everything on the log."""
    with closing(wiring.open_log(config)) as log, closing(log.reader(POSTS, "test")) as reader:
        return [decode_post(record.value) for record in reader.poll(1000, 0)]


def test_three_ways_end_in_one_log(config: Config, folder: Path) -> None:
    """A file in the drop folder, one named on the command line, and pushed rows: each row once, no contact needed."""
    inbox = importing.drop_folder(config, config.sources[0])
    assert inbox == folder / "data" / "inbox" / "hotline"
    inbox.mkdir(parents=True)
    (inbox / "a.csv").write_text(TABLE, encoding="gb18030")
    os.utime(inbox / "a.csv", (1_700_000_000, 1_700_000_000))
    reports, refused = crawl_sources(config, ["hotline", "survey"])
    assert [(report["source"], report["posts"], report["drops"]) for report in reports] == [
        ("hotline", 2, {"no_text": 1})
    ]
    assert refused == []
    path = folder / "b.csv"
    path.write_text(TABLE + "4,态度差\n", encoding="utf-8")
    row = importing.import_path(config, "hotline", path)
    assert (row["posts"], row["known"], row["dropped"]) == (1, 2, [{"row": 3, "reason": "no_text"}])
    with closing(wiring.open_log(config)) as log, closing(wiring.open_state(config)) as state:
        push = importing.intake_of(config, log, state)
        receipt = push("hotline", [{"工单号": 4, "内容": "态度差"}, {"工单号": 5, "内容": "好喝"}, 7])
        assert (receipt.taken, receipt.known, receipt.dropped) == (1, 1, ((3, "malformed", "格式有误"),))
        for name in ("survey", "weibo"):
            with pytest.raises(NoSuchSource):
                push(name, [{"意见": "好"}])
        (health, _) = wiring.source_health(config, state)
        assert (health.health, health.posts) == (Health.FRESH, 4)
    assert [post.native_id for post in logged(config)] == ["1", "3", "4", "5"]


def test_the_timetable_looks_into_drop_folders(config: Config) -> None:
    """A source of files has its turn like any other; one that is switched off has none."""
    scheduler = timetable(config, Duties(**{duty.name: print for duty in fields(Duties)}), crawl_now=False)
    names = {job.id for job in scheduler.get_jobs()}
    assert "crawl hotline" in names
    assert "crawl survey" not in names


def test_the_command_line_says_what_came_of_a_file(folder: Path) -> None:
    """JSON on standard output; exit code 1 for a file that breaks off, 2 for a source that reads none or is off."""
    path = folder / "a.csv"
    path.write_text(TABLE, encoding="utf-8")
    run = CliRunner()
    config = ["--config", str(folder / "guanlan.toml"), "--json"]
    done = run.invoke(guanlan.app, ["import", "hotline", str(path), *config])
    assert done.exit_code == 0
    assert json.loads(done.stdout)[0]["posts"] == 2
    path.write_text("别的,列\n1,2\n", encoding="utf-8")
    broken = run.invoke(guanlan.app, ["import", "hotline", str(path), *config])
    assert (broken.exit_code, "找不到列" in broken.stdout) == (1, True)
    assert run.invoke(guanlan.app, ["import", "nobody", str(path), *config]).exit_code == 2
    for table in (SOURCES, SOURCES.partition('[source.layout]\ntext = ["意见"]')[0]):
        (folder / "sources.toml").write_text(table, encoding="utf-8")
        off = run.invoke(guanlan.app, ["import", "survey", str(path), *config])
        assert (off.exit_code, "enabled" in off.stderr) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('text = ["内容"]', 'text = ["内容"]\ncolour = ["x"]', "layout.colour"),
        ('text = ["内容"]', 'title = ["内容"]', "layout.text"),
        ('text = ["内容"]', 'text = ["内容"]\nfill_down = ["store"]', "layout.fill_down"),
    ],
)
def test_a_wrong_layout_stops_the_start(folder: Path, old: str, new: str, named: str) -> None:
    """With the file and the key."""
    path = folder / "sources.toml"
    path.write_text(SOURCES.replace(old, new), encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        load(folder / "guanlan.toml")
    assert "sources.toml" in str(refused.value)
    assert named in str(refused.value)


def test_a_sender_names_sources_that_take_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other name stops the start."""
    monkeypatch.setenv("A_SENDERS_KEY", "k" * 32)
    path = folder / "guanlan.toml"
    sender = '\n[[serve.senders]]\nname = "s"\nsources = ["{}"]\nkey = "env:A_SENDERS_KEY"\n'
    settings = path.read_text(encoding="utf-8")
    path.write_text(settings + sender.format("hotline"), encoding="utf-8")
    assert load(path).settings.serve.senders[0].sources == ("hotline",)
    path.write_text(settings + sender.format("weibo"), encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"serve\.senders s"):
        load(path)


def test_a_source_that_may_not_be_read_is_told_and_stops_no_other(folder: Path) -> None:
    """No layout: its crawl fails with the key, the other's files are taken in."""
    (folder / "sources.toml").write_text(
        SOURCES.replace('enabled = false\n[source.layout]\ntext = ["意见"]\nscore = ["NPS"]', ""), encoding="utf-8"
    )
    config = load(folder / "guanlan.toml")
    reports, _ = crawl_sources(config, ["hotline", "survey"])
    assert [report["outcome"] for report in reports] == ["complete", "failed"]
    assert "layout" in reports[1]["reason"]
