"""Sources that live on one host take turns."""

from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from crawlers.neighbours import Turns, hosts
from crawlers.sources import Access, Robots, Source
from tests.crawlers.crawling import crawl, source
from tests.crawlers.test_manners import LIST, SEARCH, Host

BOARD = Source("board", "discuz", Access.PUBLIC_ROBOTS_OK, base_url="https://BBS.example:8443/forum/")
FEED = Source("feed", "feed", Access.PUBLIC_ROBOTS_OK, feeds=("https://a.example/1", "https://b.example/2"))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (BOARD, {"bbs.example:8443"}),
        (replace(FEED, hosts=("C.example",)), {"a.example", "b.example", "c.example"}),
        (Source("w", "weibo_search", Access.AUTHORISED_SESSION), {"weibo"}),
        (Source("k", "autohome_koubei", Access.PUBLIC_ROBOTS_OK, platform="car"), {"autohome"}),
        (replace(BOARD, base_url="http://127.0.0.1:8000/"), set()),
        (Source("f", "inbox", Access.OPERATOR_EXPORT), set()),
    ],
)
def test_whom_a_crawl_asks(one, expected):
    """The hosts that are named, else the platform's; nobody else's where it lives here or comes as files."""
    assert hosts(one) == expected


def test_neighbours_take_turns_and_hold_up_nobody_else():
    """A crawl begins when no neighbour's is under way, whoever came before it; after an interruption none does."""
    begun: dict[str, Future[None]] = {}
    turns = Turns()
    names = {"ab": FEED, "a": replace(FEED, feeds=FEED.feeds[:1]), "b": replace(FEED, feeds=FEED.feeds[1:])}
    for name, one in {**names, "board": BOARD, "board again": BOARD}.items():
        turns.add(one, partial(begun.setdefault, name, Future()))
    assert list(begun) == ["ab", "board"]
    begun["ab"].set_result(None)
    assert list(begun) == ["ab", "board", "a", "b"]
    turns.stop()
    begun["board"].set_result(None)
    assert list(begun) == ["ab", "board", "a", "b"]


def test_one_process_asks_a_host_for_one_source_after_the_other(tmp_path):
    """Both are read; the second's first request comes after the first's last."""
    with Host({LIST: (200, {}, SEARCH)}, "127.0.0.2") as host:
        register = {"purpose": "口碑", "assessment": "评估", "robots": Robots.ABSENT, "robots_date": date(2026, 11, 1)}
        limits = {"delay_seconds": 0.01, "requests_per_minute": 600, "requests_per_day": 600}
        sources = [source("weibo", host.base_url, name=name, **register, **limits) for name in ("first", "second")]
        reports = crawl(sources, tmp_path)
    assert [report.posts for report in reports.values()] == [1, 1]
    assert host.paths == ["/robots.txt", LIST] * 2
    assert reports["first"].finished <= reports["second"].started
