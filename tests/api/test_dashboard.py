"""The dashboard as it is served: entry, content, and what must never stand in it."""

import json
import os
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from itsdangerous import TimestampSigner

from alerts.alert import CaseOutcome, CaseState
from alerts.book import Book
from alerts.desk import Desk
from api.auth import LOGIN_LASTS
from stream.labels import Sentiment
from stream.store_sqlite import SqliteStore
from tests.api.room import ANALYST, GUARDIAN, RULES, SUBJECTS
from tests.factories import NOW, judged

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and folder of the application in a process of its own."""
    folder = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.api.served", str(folder)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        try:
            _wait(address)
            yield address, folder
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{address}/login", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)  # another process is starting; there is nothing to wait on but its port
        else:
            return
    raise AssertionError("the application did not start")


@pytest.fixture
def analyst(served: tuple[str, Path]) -> Iterator[httpx.Client]:
    """A browser of an analyst, logged in."""
    with closing(_entered(served[0], ANALYST)) as client:
        yield client


@pytest.fixture
def guardian(served: tuple[str, Path]) -> Iterator[httpx.Client]:
    """A browser of a guardian, logged in."""
    with closing(_entered(served[0], GUARDIAN)) as client:
        yield client


def _entered(address: str, key: str) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=20)
    assert client.post("/login", data={"key": key}).status_code == 303
    return client


@pytest.mark.parametrize("path", ["/", "/search?text=a", "/cases", "/cases/x", "/sources"])
def test_nobody_enters_without_a_login(served: tuple[str, Path], path: str) -> None:
    """Every page leads to the login and from there back to itself."""
    answer = httpx.get(f"{served[0]}{path}", timeout=20)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?to=/")


def test_the_overview_shows_the_scene(analyst: httpx.Client) -> None:
    """Figures, the incident as one story, the open case and the blocked source stand in the first answer."""
    page = analyst.get("/").text
    for words in (
        "近 24 小时声量",
        "n = 6 / 6",
        "另有 5 条同源",
        "自有品牌:负面",
        "被拦截",
        "连续三次空白页",
        "入库积压",
    ):
        assert words in page, words


def test_nothing_private_or_foreign_stands_in_the_overview(analyst: httpx.Client, guardian: httpx.Client) -> None:
    """No phone number, no markup of a post, no self-harm post even for a guardian, no address elsewhere to load; the
    same of the list of cases."""
    for client, path in product((analyst, guardian), ("/", "/cases")):
        page = client.get(path).text
        assert "13812345678" not in page
        assert "<script>alert" not in page
        assert "需要关怀" not in page
        assert not [link for link in ("googleapis", "jsdelivr", "unpkg", "cdnjs") if link in page]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/search?text=%E9%92%A2%E4%B8%9D&sentiments=negative", "mark&gt;钢丝"),
        ("/search?text=%22", "引号没有成对"),
        ("/search?sentiments=furious", "7 条"),
        ("/search?author=0123456789&since=2026-11-21T00:00:00Z", "作者 012345 ×"),
        ("/search?platforms=tieba", "贴吧"),
        ("/search?self_harm=crisis", "自伤相关的帖子只有守护人能看"),
        ("/search?self_harm=crisis", "自伤风险 危机 ×"),
        ("/cases", "处理中"),
        ("/cases", "证据 1 条"),
        ("/sources", "连续三次空白页"),
        ("/sources", "4 / 900"),
        ("/sources", "被拦截 1 处（见到 4/900 条）"),
    ],
)
def test_pages_answer_what_was_asked(analyst: httpx.Client, path: str, words: str) -> None:
    """Each page shows what its address asks for."""
    answer = analyst.get(path)
    assert answer.status_code == 200
    assert words in answer.text


def test_the_newest_negative_posts_lead_to_the_same_posts(analyst: httpx.Client) -> None:
    """The link beside them asks for the own brand and the span that they are of."""
    page = unescape(analyst.get("/").text).replace("&amp;", "&")
    assert "/search?subjects=own&sentiments=negative&reach=24h" in page


def test_an_address_that_leads_nowhere_says_so_in_chinese(analyst: httpx.Client) -> None:
    """A page with the way home for people, JSON below /api for programs."""
    page = analyst.get("/nowhere/at/all")
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    assert '<a href="/">回到总览</a>' in page.text
    assert "not found" not in page.text.lower()
    answer = analyst.get("/api/nowhere")
    assert (answer.status_code, answer.json()["message"]) == (404, "没有这个地址。")


def test_care_cases_are_for_guardians(analyst: httpx.Client, guardian: httpx.Client, served: tuple[str, Path]) -> None:
    """An analyst neither sees nor opens one; a guardian does, with guidance, and the look is in the book."""
    book = Book(f"sqlite:///{served[1] / 'book.db'}")
    care = book.list_cases(care=True)[0].alert.id
    assert "自伤关怀" not in analyst.get("/cases").text
    assert analyst.get(f"/cases/{care}").status_code == 404
    assert book.looks(care) == ()
    assert "自伤关怀" in guardian.get("/cases").text
    page = guardian.get(f"/cases/{care}").text
    assert "12356" in page
    assert "需要关怀" in page
    assert [look.by for look in book.looks(care)] == ["周宁"]
    book.close()


@pytest.fixture
def browser(served: tuple[str, Path]) -> Iterator[tuple[Any, list[str]]]:
    """A page of a real browser in which an analyst has logged in, and every address that it asked for."""
    browser_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine")
    asked: list[str] = []
    switches = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
    with browser_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*switches, "--no-first-run"])
        page = chromium.new_context().new_page()
        page.on("request", lambda sent: asked.append(sent.url))
        page.goto(f"{served[0]}/login?to=/")
        page.fill("#key", ANALYST)
        page.click("button")
        yield page, asked
        chromium.close()


def test_a_case_is_taken_by_a_click(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """Take the case on the overview, find a word; nothing is fetched from elsewhere."""
    (address, folder), (page, asked) = served, browser
    page.get_by_role("button", name="接手").first.click()
    page.get_by_text("林静 处理中").wait_for()
    page.get_by_role("searchbox").fill("鹿屿")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 条").wait_for()
    with closing(Book(f"sqlite:///{folder / 'book.db'}")) as book:
        taken = book.list_cases(care=False, states=(CaseState.ACKNOWLEDGED,))
    assert [case.acknowledged_by for case in taken] == ["林静"]
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_logging_out_closes_every_page_of_that_login(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """A page that is open elsewhere shows nothing more and leads to the login; another person's page stays."""
    (address, _), (page, _) = served, browser
    other = page.context.new_page()
    other.goto(f"{address}/search?text=云汀茶")
    other.get_by_role("searchbox").wait_for()
    colleague = page.context.browser.new_page()
    colleague.goto(f"{address}/login?to=/search")
    colleague.fill("#key", GUARDIAN)
    colleague.click("button")
    colleague.get_by_role("searchbox").wait_for()
    page.get_by_role("button", name="退出").click()
    other.get_by_label("访问密钥").wait_for()
    assert other.url == f"{address}/login"
    assert colleague.get_by_role("searchbox").is_visible()


def test_a_page_closes_when_its_login_is_over(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """Twelve hours after the key was typed in, an open page leads to the login by itself."""
    (address, _), (page, _) = served, browser
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "guanlan"]
    signer = TimestampSigner("only-for-tests")
    session = json.loads(b64decode(signer.unsign(cookie["value"])))
    session["since"] = (NOW - LOGIN_LASTS + timedelta(seconds=1)).isoformat()
    cookie["value"] = signer.sign(b64encode(json.dumps(session).encode())).decode()
    page.context.add_cookies([cookie])
    page.goto(f"{address}/search")
    page.get_by_label("访问密钥").wait_for()


def test_a_half_written_note_outlives_the_next_alert(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """Other cards are drawn behind the dialog; the note in it stays, and closes the case."""
    (address, folder), (page, _) = served, browser
    page.goto(f"{address}/cases")
    page.get_by_role("button", name="关闭").first.click()
    page.get_by_label("说明").fill("写到一半")
    with closing(Book(f"sqlite:///{folder / 'book.db'}")) as book:
        complaint = judged("later", sentiment=Sentiment.NEGATIVE, published_at=NOW - timedelta(hours=5))
        Desk(RULES, SUBJECTS, book, lambda: NOW)([complaint])
        page.get_by_text("11-21 07:00 至 11-21 08:00").wait_for()
        page.get_by_role("button", name="确认关闭").click()
        page.get_by_text("林静 已关闭").wait_for()
        (closed,) = book.list_cases(care=False, states=(CaseState.CLOSED,))
    assert closed.note == "写到一半"


def test_a_long_post_is_opened_where_it_was_found(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """The search shows the first lines of a long post; a click shows the rest, another folds it up again."""
    (address, folder), (page, _) = served, browser
    with closing(SqliteStore(folder / "store.db", clock=lambda: NOW)) as store:
        words = "\n".join(f"第 {n} 段:客服让等,等了又等。" for n in range(30))
        store.put([judged("long", text=words, published_at=NOW - timedelta(days=3))])
    page.goto(f"{address}/search?text=客服让等")
    text = page.locator(".gl-text")
    text.wait_for()
    hidden = "e => e.scrollHeight - e.clientHeight"
    assert text.evaluate(hidden) > 400
    page.get_by_text("展开全文").click()
    assert text.evaluate(hidden) == 0
    page.get_by_text("收起").click()
    assert text.evaluate(hidden) > 400


def test_an_open_case_follows_what_a_colleague_does(served: tuple[str, Path], browser: tuple[Any, list[str]]) -> None:
    """Who took it and how it ended appear by themselves, over a half-written note, and are no second look."""
    (address, folder), (page, _) = served, browser
    with closing(Book(f"sqlite:///{folder / 'book.db'}")) as book:
        complaint = judged("followed", sentiment=Sentiment.NEGATIVE, published_at=NOW - timedelta(hours=9))
        Desk(RULES, SUBJECTS, book, lambda: NOW)([complaint])
        cases = [one.alert.id for one in book.list_cases(care=False)]
        (case,) = [one for one in cases if book.evidence(one)[0].post_id == complaint.post.id]
        page.goto(f"{address}/cases/{case}")
        page.get_by_role("button", name="关闭").click()
        page.get_by_label("说明").fill("写到一半")
        book.acknowledge(case, "周宁", NOW)
        page.get_by_text("周宁 处理中").wait_for()
        book.close_case(case, "周宁", CaseOutcome.FALSE_ALARM, "同名", NOW)
        page.get_by_role("button", name="确认关闭").click()
        page.get_by_text("您这一次没有记下").wait_for()
        page.locator(".gl-steps").get_by_text("关闭(误报)").wait_for()
        assert page.get_by_label("说明").input_value() == "写到一半"
        assert [look.by for look in book.looks(case) if look.act == "look"] == ["林静"]


def test_evidence_that_comes_late_is_shown_when_it_comes(
    served: tuple[str, Path], browser: tuple[Any, list[str]]
) -> None:
    """Whoever opens an alert faster than its post is stored reads the post without opening the case again."""
    (address, folder), (page, _) = served, browser
    complaint = judged(
        "hasty", text="退款拖了三周", sentiment=Sentiment.NEGATIVE, published_at=NOW - timedelta(hours=8)
    )
    with closing(Book(f"sqlite:///{folder / 'book.db'}")) as book:
        Desk(RULES, SUBJECTS, book, lambda: NOW)([complaint])
        cases = [one.alert.id for one in book.list_cases(care=False)]
        (case,) = [one for one in cases if book.evidence(one)[0].post_id == complaint.post.id]
    page.goto(f"{address}/cases/{case}")
    page.get_by_text("证据帖子不在库中").wait_for()
    with closing(SqliteStore(folder / "store.db", clock=lambda: NOW)) as store:
        store.put([complaint])
    page.get_by_text("退款拖了三周").wait_for()
    page.get_by_text("共 1 条,此处 1 条").wait_for()
