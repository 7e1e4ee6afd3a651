"""Looking at a source without keeping anything, as a user does it."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from configs.dry_run import _row, print_rows
from configs.load import BUNDLED
from crawlers.reports import CrawlReport, Outcome
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.state import CrawlState
from tests.configs.test_command import guanlan
from tests.crawlers.crawling import corpus, rows
from tests.factories import NOW, judged


@pytest.fixture
def place(tmp_path: Path):
    """A configuration with two sources on a sandbox; its folder, its site, and a way to look."""
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "guanlan.toml").write_text('[crawl]\ncontact = "a@example.invalid"\n', encoding="utf-8")
    with Site(corpus(tmp_path, rows("weibo", range(25), "我的手机号是13812345678，请回电。"))) as site:
        table = '[[source]]\nname = "{name}"\nspider = "weibo"\naccess = "{access}"\nkeywords = ["桂花"]\n'
        table += f'delay_seconds = 0\nbase_url = "{site.base_url}/weibo"\n'
        (tmp_path / "sources.toml").write_text(
            table.format(name="open", access="public_robots_ok") + table.format(name="shut", access="disabled"),
            encoding="utf-8",
        )

        def look(*words: str):
            words = ("crawl", *words, "--dry-run", "--config", str(tmp_path / "guanlan.toml"))
            return guanlan(*words, data=tmp_path / "data")

        yield tmp_path / "data", site, look


def test_the_first_page_is_shown_and_nothing_is_kept(place) -> None:
    """Ten posts of the first page as JSON, masked, with what was counted; no log, no memory, no key is made."""
    data, _, look = place
    told = look("open", "--json")
    assert told.returncode == 0, told.stderr
    (row,) = json.loads(told.stdout)
    assert (row["source"], row["pages"], len(row["posts"])) == ("open", 1, 10)
    assert row["verdicts"] == {"ok": 1}
    assert row["drops"] == {"advert": 1}
    newest = row["posts"][0]
    assert "第24条" in newest["text"]
    assert "13812345678" not in told.stdout
    assert "138****5678" in newest["text"]
    assert len(newest["author"]) == 16
    assert "某人" not in told.stdout
    assert not data.exists() or not list(data.iterdir())


def test_a_crawl_after_a_look_gets_everything(place) -> None:
    """What was looked at is not known: the next crawl takes it, and a look after it changes no row of the memory."""
    data, _, look = place
    look("open")
    words = ("crawl", "open", "--json", "--config", str(data.parent / "guanlan.toml"))
    (report,) = json.loads(guanlan(*words, data=data).stdout)
    assert report["posts"] == 25
    before = dump(data / "crawl.db")
    assert "发布时间" in look("open").stdout
    assert dump(data / "crawl.db") == before


def test_what_may_not_be_crawled_may_not_be_looked_at(place) -> None:
    """A source that is switched off, or let rest after a refusal, is not read under another name."""
    data, site, look = place
    told = look("shut", "--json")
    assert (told.returncode, json.loads(told.stdout)) == (1, [])
    assert "已停用" in told.stderr
    site.faults.set("weibo", Fault.HTTP_432)
    guanlan("crawl", "open", "--config", str(data.parent / "guanlan.toml"), data=data)
    site.faults.clear("weibo")
    state = CrawlState(data / "crawl.db")
    assert state.breakers.open()
    state.close()
    asked = site.faults.requests["weibo"]
    assert look("open").returncode == 1
    assert site.faults.requests["weibo"] == asked


def test_a_number_that_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A page's address may be the number of a post, brackets and all."""
    post = judged("a[/b]", text="好喝").post
    print_rows([_row(CrawlReport("news", "news", NOW, NOW, Outcome.COMPLETE), [post])])
    assert "a[/b]" in capsys.readouterr().out


def test_a_block_met_on_a_look_has_the_exit_code_of_a_crawl(place) -> None:
    """A source that could not be read is told from a command that failed."""
    _, site, look = place
    site.faults.set("weibo", Fault.HTTP_432)
    told = look("open", "--json")
    assert (told.returncode, json.loads(told.stdout)[0]["outcome"]) == (3, "blocked")


def dump(path: Path) -> list[str]:
    """Every row of a database."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()
