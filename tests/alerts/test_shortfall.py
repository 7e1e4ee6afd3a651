"""What is missing from each subject's figures, in one line."""

from dataclasses import replace

from alerts.shortfall import shortfalls
from stream.labels import Health
from stream.records import Coverage, SourceHealth
from tests.alerts.newsroom import SUBJECTS, source


def heard(name: str, health: Health, *rows: Coverage, platform: str = "") -> SourceHealth:
    """A source whose listings stand so."""
    return replace(source(name, health), platform=platform or name, coverage=rows)


def row(listing: str, state: Health, *subjects: str, **more: int) -> Coverage:
    """A listing that is listened to for these."""
    return Coverage(listing, state, subjects=subjects, **more)


SOURCES = (
    heard(
        "weibo",
        Health.CAPPED,
        row("云汀茶", Health.CAPPED, "yunting", got=20, expected=900),
        row("云汀 客服", Health.CAPPED, "yunting", got=30, expected=100),
        row("鹿屿", Health.FRESH, "luyu", got=3, expected=3),
        row("秋桂", Health.CAPPED, "qiugui", got=30),
    ),
    heard("douyin", Health.BLOCKED, row("", Health.BLOCKED, "yunting")),
    heard("news", Health.GAP, row("news.example.cn/rss", Health.GAP)),
    heard("off", Health.OFF, row("云汀茶", Health.OFF, "yunting")),
)


def test_every_subject_is_told_what_was_not_heard_of_it():
    """Counted by source and state, the worst first, with what was had where the platform tells how much there is."""
    told = {one.title: one.words for one in shortfalls(SOURCES, SUBJECTS)}
    assert told == {
        "云汀茶": "抖音被拦截，微博触顶 2 处（见到 50/1,000 条）",
        "秋桂计划": "微博触顶 1 处",
        "各主体": "新闻有缺口 1 处",
    }


def test_two_sources_of_one_platform_are_told_apart():
    """By their own names."""
    rows = [
        heard(name, Health.CAPPED, row("云汀茶", Health.CAPPED, "yunting"), platform="weibo")
        for name in ("search", "hot")
    ]
    (told,) = shortfalls(rows, SUBJECTS)
    assert told.words == "微博 search 触顶 1 处，微博 hot 触顶 1 处"


def test_nothing_is_said_where_all_was_heard():
    """Nor of sources that are switched off, nor of subjects that are not asked for."""
    assert shortfalls([heard("weibo", Health.FRESH, row("云汀茶", Health.FRESH, "yunting"))], SUBJECTS) == ()
    assert shortfalls(SOURCES[3:], SUBJECTS) == ()
    assert shortfalls(SOURCES[:2], SUBJECTS[1:2]) == ()
