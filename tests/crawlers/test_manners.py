"""How the crawler behaves towards a site, seen from the site."""

import json
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Self

import pytest

from crawlers.reports import Outcome
from crawlers.sources import Access, Robots
from crawlers.state import CrawlState
from stream.labels import Health
from tests.crawlers.crawling import AGENT, ENVIRON, crawl, health, logged, source
from tests.crawlers.documents import mblog, weibo_search

SEARCH = json.dumps(weibo_search(mblog("1"), following=None)).encode()
LIST = "/weibo/api/container/getIndex"


class Host:
    """A site with fixed answers: path to (status, headers, body). Remembers who asked for what, and when."""

    def __init__(self, answers: Mapping[str, tuple[int, Mapping[str, str], bytes]], address: str = "127.0.0.1") -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.times: list[float] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                host.asked.append((path, dict(self.headers)))
                host.times.append(time.monotonic())
                status, headers, body = answers.get(path, (404, {}, b""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.base_url = f"http://{address}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]


AWAY = "away"
"""Stands in a Location for another host, which redirects once more and then has rules for itself."""
ROBOTS = {
    "absent": ((404, {}, b""), True, ""),
    "open": ((200, {}, b"User-agent: *\nAllow: /\n"), True, ""),
    "other": ((200, {}, b"User-agent: OtherBot\nDisallow: /\n"), True, ""),
    "moved": ((301, {"Location": "/rules"}, b""), True, ""),
    "closed": ((200, {}, b"User-agent: *\nDisallow: /\n"), False, "不允许采集"),
    "us": ((200, {}, b"User-agent: GuanlanTest\nDisallow: /weibo/\n"), False, "不允许采集"),
    "away": ((302, {"Location": AWAY}, b""), False, "不允许采集"),
    "login": ((200, {"Content-Type": "text/html"}, b"<html>login</html>"), False, "无法读取（收到的是网页"),
    "broken": ((503, {}, b""), False, "无法读取（HTTP 503）"),
    "circle": ((302, {"Location": "/robots.txt"}, b""), False, "无法读取（HTTP 302）"),
}
REFUSED = ("closed", "us", "away", "login")
"""Somebody said no. The others could not be read: the source is not, this once."""


def test_robots_txt_decides(tmp_path):
    """Absent means no rules; what forbids us, what cannot be read, or is a page, means that nothing else is asked for,
    and which of them it was is told."""
    with ExitStack() as stack:
        rules = {"/robots.txt": (302, {"Location": "/closed"}, b""), "/closed": ROBOTS["closed"][0]}
        other = stack.enter_context(Host(rules))
        answers = {
            name: (status, {"Location": f"{other.base_url}/robots.txt"} if AWAY in headers.values() else headers, body)
            for name, ((status, headers, body), _, _) in ROBOTS.items()
        }
        hosts = {
            name: stack.enter_context(
                Host({"/robots.txt": answer, "/rules": ROBOTS["other"][0], LIST: (200, {}, SEARCH)})
            )
            for name, answer in answers.items()
        }
        sources = [source("weibo", host.base_url, name=name) for name, host in hosts.items()]
        crawl(sources, tmp_path)
        found = health(sources, tmp_path)
    for name, (_, allowed, told) in ROBOTS.items():
        assert (name, LIST in hosts[name].paths) == (name, allowed)
        expected = Health.FRESH if allowed else Health.BLOCKED if name in REFUSED else Health.NEVER
        assert (name, found[name].health) == (name, expected)
        assert (name, told in found[name].reason, bool(found[name].reason)) == (name, True, not allowed)
    assert hosts["circle"].paths.count("/robots.txt") == 6
    says = {
        "absent": Robots.ABSENT,
        "open": Robots.ALLOWS,
        "other": Robots.ALLOWS,
        "moved": Robots.ALLOWS,
        "closed": Robots.DISALLOWS,
        "us": Robots.DISALLOWS,
        "away": Robots.DISALLOWS,
    }
    state = CrawlState(tmp_path / "crawl.db")
    try:
        for name, host in hosts.items():
            (seen,) = state.robots.of(name)
            assert (seen.host, seen.says) == (host.base_url.removeprefix("http://"), says.get(name, Robots.UNREAD))
            assert bool(seen.text) is (seen.says in (Robots.ALLOWS, Robots.DISALLOWS))
    finally:
        state.close()


def test_a_robots_txt_that_could_not_be_read_is_read_at_the_next_crawl(tmp_path):
    """A server in trouble has forbidden nothing: no breaker opens, and the source is well when the server is."""
    answers = {"/robots.txt": (503, {}, b""), LIST: (200, {}, SEARCH)}
    with Host(answers) as host:
        one = source("weibo", host.base_url)
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.FAILED
        assert health([one], tmp_path)["weibo"].retry_at is None
        answers["/robots.txt"] = (404, {}, b"")
        assert crawl([one], tmp_path)["weibo"].posts == 1
    assert health([one], tmp_path)["weibo"].health is Health.FRESH


def test_the_delay_that_robots_txt_asks_of_us_is_kept(tmp_path):
    """Ours, not everybody's, between any two requests: neither chance nor a quick site shortens it."""
    rules = b"User-agent: *\nCrawl-delay: 9\n\nUser-agent: GuanlanTest\nCrawl-delay: 0.5\n"
    with Host({"/robots.txt": (200, {}, rules), LIST: (200, {}, SEARCH)}) as host:
        one = source("weibo", host.base_url, keywords=("云汀", "秋桂", "鹿屿"), delay_seconds=0.1)
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.COMPLETE
    assert host.paths == ["/robots.txt", LIST, LIST, LIST]
    assert min(later - earlier for earlier, later in pairwise(host.times)) > 0.4


def test_a_robots_txt_that_asks_for_more_patience_than_we_have_is_told(tmp_path):
    """The site is left alone, and the sentence says what it asks for and what grants it."""
    with Host({"/robots.txt": (200, {}, b"User-agent: *\nCrawl-delay: 120\n"), LIST: (200, {}, SEARCH)}) as host:
        report = crawl([source("weibo", host.base_url)], tmp_path)["weibo"]
    assert host.paths == ["/robots.txt"]
    assert report.outcome is Outcome.FAILED
    assert "120 秒" in report.reason
    assert "delay_seconds" in report.reason


@pytest.mark.parametrize(("status", "expected"), [(503, Health.NEVER), (429, Health.BLOCKED)])
def test_a_site_that_asks_for_a_pause_gets_it(tmp_path, status, expected):
    """Retry-After stops the crawl at once, unrepeated, and nobody comes back before."""
    with Host({LIST: (status, {"Retry-After": "7200"}, b"")}) as host:
        one = source("weibo", host.base_url, interval_seconds=60)
        report = crawl([one], tmp_path)["weibo"]
    assert host.paths.count(LIST) == 1
    found = health([one], tmp_path)["weibo"]
    assert found.health is expected
    assert found.retry_at == report.retry_at
    assert timedelta(hours=1, minutes=58) < found.retry_at - report.started < timedelta(hours=2, minutes=2)


def test_authorised_session_sends_its_cookie_and_our_name(tmp_path):
    """With a recorded authorisation robots.txt is not asked; the cookie goes to the platform, under our own name."""
    with Host({LIST: (200, {"Set-Cookie": "extra=1"}, SEARCH)}) as host:
        one = source(
            "weibo",
            host.base_url,
            access=Access.AUTHORISED_SESSION,
            authorisation="合同 7 号",
            authorised_until=date(9999, 1, 1),
            cookie_env="DOUYIN_KEY",
        )
        assert crawl([one], tmp_path)["weibo"].outcome is Outcome.COMPLETE
    assert host.paths == [LIST]
    headers = host.asked[0][1]
    assert headers["Cookie"] == ENVIRON["DOUYIN_KEY"]
    assert headers["User-Agent"] == AGENT


def test_redirects_within_the_site_are_followed_and_no_others(tmp_path):
    """A moved page is found; one that leads to another host is a refusal and is not followed."""
    moved = {
        "/robots.txt": (404, {}, b""),
        LIST: (302, {"Location": "/weibo/moved"}, b""),
        "/weibo/moved": (200, {}, SEARCH),
    }
    with Host(moved) as host:
        assert crawl([source("weibo", host.base_url)], tmp_path)["weibo"].posts == 1
    assert [post.native_id for post in logged(tmp_path)] == ["1"]
    with Host({}) as other, Host({LIST: (302, {"Location": f"{other.base_url}/x"}, b"")}) as host:
        one = source("weibo", host.base_url, name="away")
        assert crawl([one], tmp_path)["away"].outcome is Outcome.BLOCKED
    assert other.paths == []


def test_redirects_in_a_circle_end(tmp_path):
    """A page that moves to itself is given up."""
    with Host({LIST: (302, {"Location": LIST}, b"")}) as host:
        assert crawl([source("weibo", host.base_url)], tmp_path)["weibo"].outcome is Outcome.BLOCKED
    assert host.paths.count(LIST) == 4
