"""The source register: what `guanlan sources` shows, and who is not crawled and why."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from configs import wiring
from configs.crawling import crawl_sources
from configs.crawls import Crawls
from configs.load import BUNDLED, Config, load
from configs.register import held_back, registered
from configs.timetable import Duties, timetable
from crawlers.gaps import Edges, Gap
from crawlers.reports import CrawlReport, Outcome
from crawlers.robots import Snapshot
from crawlers.sources import Robots
from crawlers.state import CrawlState
from guanlan import app
from stream.labels import Health
from stream.ports import Misconfigured
from stream.records import Coverage
from stream.retry import Backoff
from stream.zone import SHANGHAI

NOW = datetime.now(UTC).replace(microsecond=0)
SOURCES = """
[[source]]
name = "forum"
spider = "autohome"
boards = ["8232"]
purpose = "竞品口碑"
assessment = "评估 2026-5"
access = "public_robots_ok"
robots = "allows"
robots_date = 2026-11-01
retention = "short"
requests_per_day = 100

[[source]]
name = "lapsed"
spider = "weibo"
keywords = ["云汀茶"]
purpose = "口碑"
assessment = "评估"
access = "authorised_session"
authorisation = "合同 7 号"
authorised_until = 2026-01-31
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Two sources in a folder of their own; one has outlived its authorisation."""
    monkeypatch.setenv("GUANLAN_DATA", str(tmp_path / "data"))
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "sources.toml").write_text(SOURCES, encoding="utf-8")
    (tmp_path / "guanlan.toml").write_text('[crawl]\ncontact = "a@example.invalid"\n', encoding="utf-8")
    return load(tmp_path / "guanlan.toml")


@pytest.fixture
def state(config: Config) -> Iterator[CrawlState]:
    """What crawls remember there."""
    made = wiring.open_state(config)
    yield made
    made.close()


def report(outcome: Outcome, reason: str = "", **more: object) -> CrawlReport:
    """A crawl of the forum that has just ended so."""
    told = {"verdicts": {"blocked": 1}} if outcome is Outcome.BLOCKED else {}
    return CrawlReport("forum", "autohome", NOW - timedelta(minutes=1), NOW, outcome, reason, **{**told, **more})  # type: ignore[arg-type]


def test_the_register_shows_right_limits_health_and_coverage(config: Config, state: CrawlState) -> None:
    """Purpose, access, expiry, budget, robots as assessed and as seen, retention; and what the last crawl covered."""
    row = Coverage("8232", Health.GAP, got=20, expected=400, pages=1)
    edges = Edges((("8232", NOW),), (Gap("8232", NOW - timedelta(hours=2), NOW),))
    seen = Snapshot("club.autohome.com.cn", Robots.ALLOWS, "User-agent: *\nAllow: /\n", NOW)
    state.finish(report(Outcome.GAP, "「8232」：有缺口", coverage=(row,)), edges=edges, snapshots=[seen])
    forum, lapsed = registered(config)
    assert (forum["spider"], forum["access"], forum["purpose"]) == ("autohome", "public_robots_ok", "竞品口碑")
    assert (forum["budget"]["requests_per_day"], forum["budget"]["max_pages"], forum["retention"]) == (100, 50, "short")
    assert (forum["robots"]["assessed"], str(forum["robots"]["assessed_on"])) == ("allows", "2026-11-01")
    assert [(one["host"], one["says"]) for one in forum["robots"]["seen"]] == [("club.autohome.com.cn", "allows")]
    assert (forum["health"], forum["label"]) == ("gap", "有缺口")
    assert "8232" in forum["reason"]
    assert datetime.fromisoformat(forum["last_success"]) == NOW
    assert [(one["listing"], one["state"], one["got"], one["expected"]) for one in forum["coverage"]] == [
        ("8232", "gap", 20, 400)
    ]
    assert [one["listing"] for one in forum["gaps"]] == ["8232"]
    assert (lapsed["health"], lapsed["label"], lapsed["expires_soon"]) == ("unauthorised", "无授权", True)
    assert "2026-01-31" in lapsed["reason"]
    assert lapsed["since"] == "2026-02-01T00:00:00+08:00"


def test_the_command_prints_the_register(config: Config) -> None:
    """As JSON everything, as a table what matters."""
    told = CliRunner().invoke(app, ["sources", "--json", "--config", str(config.path)])
    assert told.exit_code == 0
    assert [row["name"] for row in json.loads(told.stdout)] == ["forum", "lapsed"]
    told = CliRunner().invoke(app, ["sources", "--config", str(config.path)])
    assert told.exit_code == 0
    assert "forum" in told.stdout


def test_a_source_s_listings_are_shown_with_whom_they_concern(config: Config, state: CrawlState) -> None:
    """`guanlan sources NAME`: each listing's state, since when, what was had of how much; and a line a subject."""
    rows = (
        Coverage("8232", Health.CAPPED, got=20, expected=400, pages=1, began=NOW),
        Coverage("云汀茶", Health.CAPPED, got=40, expected=900, pages=2, began=NOW),
    )
    state.finish(report(Outcome.CAPPED, "达到上限", coverage=rows))
    told = CliRunner().invoke(
        app, ["sources", "forum", "--config", str(config.path)], env={"COLUMNS": "200"}, catch_exceptions=False
    )
    assert told.exit_code == 0
    assert "lapsed" not in told.stdout.partition("云汀茶:")[0]
    table = [line for line in told.stdout.splitlines() if "yunting" in line]
    assert len(table) == 1
    assert all(word in table[0] for word in ("云汀茶", "达到上限", "40", "900"))
    assert "云汀茶:微博无授权，汽车之家触顶 1 处（见到 40/900 条）" in told.stdout
    assert "各主体:汽车之家触顶 1 处（见到 20/400 条）" in told.stdout
    row = json.loads(CliRunner().invoke(app, ["sources", "forum", "--json", "--config", str(config.path)]).stdout)[0]
    assert [(one["listing"], one["subjects"]) for one in row["coverage"]] == [("8232", []), ("云汀茶", ["yunting"])]
    assert datetime.fromisoformat(row["coverage"][0]["began"]) == NOW
    assert CliRunner().invoke(app, ["sources", "forun", "--config", str(config.path)]).exit_code == 2


def test_a_refused_source_is_left_alone_by_run_and_by_hand(config: Config, state: CrawlState) -> None:
    """No crawl begins, neither from the timetable nor by name: the sentence says why and until when, once."""
    state.finish(report(Outcome.BLOCKED, "请求被平台限频"), backoff=Backoff(3600.0, 86400.0, lambda: 0.0))
    said: list[str] = []
    crawls = Crawls(config, state, lambda _, words: said.append(words))
    for _ in range(2):
        crawls.one("forum")
        crawls.one("lapsed")
    assert len(said) == 2
    assert "限频" in said[0]
    assert "到期" in said[1]
    reports, refused = crawl_sources(config, ["forum"])
    assert reports == []
    assert "限频" in refused[0]
    told = CliRunner().invoke(app, ["crawl", "forum", "--config", str(config.path)])
    assert told.exit_code == 1
    assert "--force" in told.stderr
    forum = config.sources[0]
    assert held_back(forum, state, NOW + timedelta(minutes=59))
    assert not held_back(forum, state, NOW + timedelta(minutes=61))


def test_a_rest_that_ends_next_year_says_so(config: Config, state: CrawlState) -> None:
    """At the turn of the year "01-01 00:30" alone would lie eleven months back; within a year it needs no number."""
    at = datetime(2026, 12, 31, 23, 30, tzinfo=SHANGHAI)
    refused = replace(report(Outcome.BLOCKED, "请求被平台限频"), started=at, finished=at)
    state.finish(refused, backoff=Backoff(3600.0, 86400.0, lambda: 0.0))
    assert "自 12-31 23:30 起),2027-01-01 00:30 再试" in held_back(config.sources[0], state, at)


def test_a_lapsed_authorisation_stops_its_source_alone(config: Config, state: CrawlState) -> None:
    """It is told as its own state, and the other source may go on."""
    forum, lapsed = config.sources
    assert held_back(lapsed, state, NOW)
    assert not held_back(forum, state, NOW)
    state.finish(report(Outcome.COMPLETE))
    assert [one.health for one in state.health(config.sources, NOW)] == [Health.FRESH, Health.UNAUTHORISED]


def test_an_authorisation_ends_at_midnight_in_china(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a source is only checked: half past midnight there is still the day before in Greenwich."""
    lapsed = config.sources[1]
    for hour, allowed in ((15, True), (16, False)):
        monkeypatch.setattr(wiring, "now", lambda hour=hour: datetime(2026, 1, 31, hour, 30, tzinfo=UTC))
        with nullcontext() if allowed else pytest.raises(Misconfigured, match="authorised_until"):
            wiring.check_source(lapsed)


def test_crawls_begin_off_the_beat_by_the_share_that_is_set(config: Config, tmp_path: Path) -> None:
    """The jitter of a source's crawls is `crawl.jitter` of its interval."""
    (tmp_path / "guanlan.toml").write_text('[crawl]\ncontact = "a"\njitter = 0.2\n', encoding="utf-8")
    nothing = Duties(**dict.fromkeys(Duties.__dataclass_fields__, lambda *_: None))
    jobs = {job.id: job for job in timetable(load(config.path), nothing, crawl_now=False).get_jobs()}
    assert jobs["crawl forum"].trigger.jitter == 180
    default = {job.id: job for job in timetable(config, nothing, crawl_now=False).get_jobs()}
    assert default["crawl forum"].trigger.jitter == 90


BOARD = """
[[source]]
name = "{0}"
spider = "discuz"
platform = "{1}"
boards = ["1"]
base_url = "https://{1}.example/"
purpose = "口碑"
assessment = "评估"
access = "public_robots_ok"
robots = "absent"
robots_date = 2026-11-01
"""


def test_sources_of_one_host_are_not_crawled_at_the_same_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, and takes nobody's place meanwhile: another host's source is crawled beside it;
    never more than `crawl.at_once`."""
    names = {"a": "one", "b": "one", "c": "two", "d": "three"}
    sources = "".join(BOARD.format(*pair) for pair in names.items())
    (config.path.parent / "sources.toml").write_text(sources, encoding="utf-8")
    running: set[str] = set()
    seen: list[set[str]] = []
    beside = Event()

    class Watched:
        """A crawl that is over when another has been under way beside it."""

        def __init__(self, words: Sequence[str]) -> None:
            self._name = words[1]

        def finish(self) -> tuple[int, str]:
            running.add(self._name)
            seen.append(set(running))
            if len(running) > 1:
                beside.set()
            assert beside.wait(10)
            running.remove(self._name)
            return 0, "[]"

    monkeypatch.setattr("configs.crawls.Child", Watched)
    with closing(wiring.open_state(config)) as state:
        Crawls(load(config.path), state, lambda *_: None).all()
    assert len(seen) == len(names)
    assert all(len(together) <= 2 and not together >= {"a", "b"} for together in seen)


def test_a_crawl_that_is_cut_short_in_its_report_is_told(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a report is no report: it is said that the crawl failed, and the timetable goes on."""
    (config.path.parent / "sources.toml").write_text(BOARD.format("a", "one"), encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        'import os\nos.write(1, b\'[{"source": "a\')\nos._exit(9)\n', encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said: list[str] = []
    with closing(wiring.open_state(config)) as state:
        Crawls(load(config.path), state, lambda _, words: said.append(words)).one("a")
    assert said == ["a:采集进程异常退出(9),下个周期再试"]


def test_a_crawl_that_begins_while_the_run_ends_is_ended_too(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose process is just being started when the others are stopped is stopped as well, and none begins after."""
    sources = BOARD.format("a", "one") + BOARD.format("b", "two")
    (config.path.parent / "sources.toml").write_text(sources, encoding="utf-8")
    begun: list[str] = []
    ended: list[str] = []

    class Late:
        """A crawl in whose start the run is closed."""

        def __init__(self, words: Sequence[str]) -> None:
            self._name = words[1]
            begun.append(self._name)
            crawls.close()

        def finish(self) -> tuple[int, str]:
            return 0, "[]"

        def stop(self) -> None:
            ended.append(self._name)

    monkeypatch.setattr("configs.crawls.Child", Late)
    with closing(wiring.open_state(config)) as state:
        crawls = Crawls(load(config.path), state, lambda *_: None)
        crawls.one("a")
        crawls.one("b")
    assert begun == ended == ["a"]
