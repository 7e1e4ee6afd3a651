"""How the sandbox misbehaves when told to, and that it runs as a site of its own."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from crawlers.sandbox import BUNDLED, Corpus, Fault, Site, app, serve
from crawlers.sandbox.corpus import PLATFORMS, native_id

WEIBO = "/weibo/api/container/getIndex?containerid=100103type%3D61%26q%3D*"
PAGES = {
    "weibo": WEIBO,
    "douyin": "/douyin/dy_open_api/v2/search/video/?keyword=*",
    "heimao": "/heimao/api/index/s?keywords=*",
    "complaint": "/complaint/api/index/s?keywords=*",
    "autohome": "/autohome/api/pc/bbs/index/getClubTopicList?club_bbs_id=*",
    "forum": "/forum/api/pc/bbs/index/getClubTopicList?club_bbs_id=*",
    "bilibili": f"/bilibili/x/web-interface/view?aid={native_id('bilibili', '1')}",
    "rednet": "/rednet/front/msg/index",
    "news": "/news/rss/all.xml",
    "peopleboard": "/peopleboard/threads/queryThreadsList",
    "tieba": "/tieba/f?kw=*",
    "discuz": "/discuz/forum.php?mod=forumdisplay&fid=*",
    "dongchedi": "/dongchedi/motor/pc/car/series/get_review_list?series_id=*",
}

POSTED: dict[str, dict[str, Any]] = {
    "rednet": {"json": {"search": "", "page": 1, "page_num": 10}},
    "peopleboard": {"data": {"fid": "*", "state": "1", "lastItem": "0"}},
}
"""What is sent where a list is asked for by POST."""


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "c.jsonl"
    post = {"id": "1", "author": "某人", "text": "好喝", "published_at": "2026-11-21T10:00:00+08:00"}
    path.write_text("".join(json.dumps({"platform": platform, **post}) + "\n" for platform in PLATFORMS))
    return path


@pytest.fixture(name="site")
def _site(path: Path) -> Iterator[TestClient]:
    with TestClient(app(Corpus.load(path)), base_url="http://127.0.0.1:1234", follow_redirects=False) as client:
        credentials = {"client_key": "k", "client_secret": "s", "grant_type": "client_credential"}
        token = client.post("/douyin/oauth/client_token/", json=credentials).json()["data"]["access_token"]
        client.headers["access-token"] = token
        yield client


def spoil(site: TestClient, platform: str, fault: str | None, **more: Any) -> httpx.Response:
    """Give the order to misbehave."""
    return site.post("/control", json={"platform": platform, "fault": fault, **more})


def ask(site: TestClient, platform: str) -> httpx.Response:
    """Its first listing page."""
    if platform in POSTED:
        return site.post(PAGES[platform], **POSTED[platform])
    return site.get(PAGES[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SLOW])
def test_no_fault_looks_like_a_good_answer(site: TestClient, platform: str, fault: Fault) -> None:
    """Every platform can do every fault, each differs from the right answer, and it ends when cleared."""
    good = ask(site, platform)
    assert good.status_code == 200
    assert spoil(site, platform, fault).status_code == 200
    bad = ask(site, platform)
    assert (bad.status_code, bad.content) != (200, good.content)
    assert spoil(site, platform, "none").status_code == 200
    assert ask(site, platform).content == good.content


@pytest.mark.parametrize(
    ("platform", "fault", "part"),
    [
        ("weibo", "empty_200", {"ok": 0, "msg": "这里还没有内容"}),
        ("weibo", "rate_limited", {"ok": 0, "errno": "100005"}),
        ("weibo", "null", {"ok": 1, "data": None}),
        ("douyin", "login_json", {"err_no": 28001003}),
        ("heimao", "null", {"result": {"data": None}}),
        ("heimao", "login_json", {"result": {"status": {"code": 10017}}}),
        ("heimao", "rate_limited", {"result": {"status": {"code": 10019}}}),
        ("complaint", "empty_200", {"result": {"data": {"lists": [], "pager": {"item_count": 400}}}}),
        ("autohome", "empty_200", {"returncode": 0, "result": {"items": [], "total": 2539}}),
        ("forum", "login_json", {"returncode": 104}),
        ("bilibili", "login_json", {"code": -101}),
        ("bilibili", "verify_check", {"code": -352}),
        ("bilibili", "rate_limited", {"code": -412}),
        ("dongchedi", "empty_200", {"status": 0, "data": {"review_list": [], "total_count": 321}}),
        ("dongchedi", "login_json", {"status": 1, "message": "请登录"}),
    ],
)
def test_refusals_in_json(site: TestClient, platform: str, fault: str, part: dict[str, Any]) -> None:
    """Refusals have the fields and numbers that each platform is known for."""
    spoil(site, platform, fault)

    def holds(expected: Any, got: Any) -> bool:
        if isinstance(expected, dict):
            return all(holds(value, got[name]) for name, value in expected.items())
        return bool(expected == got)

    assert holds(part, site.get(PAGES[platform]).json())


def test_refusals_that_are_no_json(site: TestClient) -> None:
    """Login walls, checks and captchas carry the words by which their pages are known."""
    spoil(site, "weibo", "login_redirect")
    wall = site.get(WEIBO)
    assert wall.status_code == 302
    assert "passport.weibo.com/visitor/visitor" in wall.headers["location"]
    assert "Sina Visitor System" in site.get(wall.headers["location"]).text
    spoil(site, "weibo", "login_json")
    answer = site.get(WEIBO).json()
    assert (answer["ok"], "passport.weibo.com/sso/signin" in answer["url"]) == (-100, True)
    spoil(site, "weibo", "verify_check")
    assert "captcha/geetest" in site.get(WEIBO).json()["url"]
    spoil(site, "douyin", "verify_check")
    assert site.get(PAGES["douyin"]).json()["search_nil_info"]["search_nil_type"] == "verify_check"
    spoil(site, "douyin", "empty_200")
    assert site.get(PAGES["douyin"]).content == b""
    spoil(site, "heimao", "verify_check")
    assert "安全验证" in site.get(PAGES["heimao"]).text
    spoil(site, "autohome", "verify_check")
    assert "safety.autohome.com.cn/userverify" in site.get(PAGES["autohome"]).headers["location"]
    spoil(site, "autohome", "rate_limited")
    assert "访问过于频繁" in site.get(PAGES["autohome"]).text
    for code in (418, 429, 432, 456, 500):
        spoil(site, "weibo", f"http_{code}")
        assert site.get(WEIBO).status_code == code


def test_mangled_bytes(site: TestClient) -> None:
    """Malformed is no JSON, a wrong charset is no UTF-8 under a header that says so, huge is over ten megabytes."""
    good = site.get(WEIBO).json()
    spoil(site, "weibo", "malformed")
    with pytest.raises(json.JSONDecodeError):
        site.get(WEIBO).json()
    spoil(site, "weibo", "wrong_charset")
    wrong = site.get(WEIBO)
    assert "utf-8" in wrong.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        wrong.content.decode()
    assert json.loads(wrong.content.decode("gb18030")) == good
    spoil(site, "weibo", "huge")
    huge = site.get(WEIBO)
    assert len(huge.content) > 10_000_000
    assert huge.json() == good


def test_times_run_out_and_requests_are_counted(site: TestClient) -> None:
    """A fault spoils `times` requests `after` so many others; robots.txt and the token are left alone, uncounted."""
    spoil(site, "weibo", "http_500", times=2)
    assert [site.get(WEIBO).status_code for _ in range(3)] == [500, 500, 200]
    spoil(site, "weibo", "http_500", times=1, after=2)
    assert [site.get(WEIBO).status_code for _ in range(4)] == [200, 200, 500, 200]
    spoil(site, "douyin", "http_500", times=1)
    assert "Allow: /" in site.get("/douyin/robots.txt").text
    state = site.get("/control").json()
    assert state["platforms"]["douyin"] == {"fault": "http_500", "times": 1, "requests": 0}
    assert state["platforms"]["weibo"] == {"fault": None, "times": None, "requests": 7}
    assert set(Fault) <= set(state["faults"])
    assert "Allow: /" in site.get("/robots.txt").text


@pytest.mark.parametrize(
    "order",
    [
        {"platform": "myspace", "fault": "slow"},
        {"platform": "myspace", "fault": None},
        {"platform": "weibo", "fault": "meteor"},
        {"platform": "weibo"},
        {"platform": "weibo", "fault": "slow", "times": 0},
        {"platform": "weibo", "fault": "slow", "times": True},
        {"platform": "weibo", "fault": "slow", "after": -1},
        {"platform": "weibo", "fault": "slow", "after": "2"},
        {"platform": "weibo", "fault": "slow", "seconds": "long"},
        {"platform": "weibo", "fault": "slow", "color": "red"},
        ["weibo"],
    ],
)
def test_a_bad_order_names_the_choices(site: TestClient, order: object) -> None:
    """Nothing is set, and the answer lists platforms and faults."""
    answer = site.post("/control", json=order)
    assert answer.status_code == 400
    assert answer.json()["platforms"] == list(PLATFORMS)
    assert "verify_check" in answer.json()["faults"]
    assert all(now["fault"] is None for now in site.get("/control").json()["platforms"].values())


def test_site_runs_in_a_thread(path: Path) -> None:
    """`Site` serves from a thread, slowly when told so, and its port is free again afterwards."""
    with Site(Corpus.load(path)) as site, httpx.Client(base_url=site.base_url, timeout=10) as client:
        site.faults.set("weibo", Fault.SLOW, times=1, seconds=0.2)
        begin = time.monotonic()
        assert client.get(WEIBO).json()["ok"] == 1
        assert time.monotonic() - begin >= 0.2
        card = client.get(WEIBO).json()["data"]["cards"][0]["card_group"][1]
        assert card["scheme"].startswith(f"{site.base_url}/weibo/status/")
    with Site(Corpus.load(path), port=site.port) as again:
        assert httpx.get(again.base_url + "/robots.txt", timeout=10).status_code == 200


def _child(pipe: Any) -> None:
    serve(Corpus.load(BUNDLED), 0, pipe.send)


def test_serve_runs_in_a_child_process() -> None:
    """`serve` tells the port it took, answers from the project's own corpus, and ends at SIGTERM."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_child, args=(there,), daemon=True)
    child.start()
    try:
        assert here.poll(20)
        url = f"http://127.0.0.1:{here.recv()}{PAGES['weibo']}"
        assert httpx.get(url, timeout=10).json()["ok"] == 1
    finally:
        child.terminate()
        child.join(10)
        here.close()
        there.close()
    assert child.exitcode is not None
