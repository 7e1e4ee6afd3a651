"""What pages do when people click, without a browser: late answers, impatient people, a book that is busy."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pytest
from fastapi import Request
from markupsafe import Markup
from nicegui import Client, core, ui
from nicegui.element import Element
from nicegui.page import page

from alerts.alert import Case, CaseOutcome, CaseState
from api.auth import digest
from api.dashboard import shell
from api.dashboard.case_cards import CaseList
from api.dashboard.inbox import Pile, Waiting
from api.dashboard.search import Choice, Reach
from api.dashboard.search_page import SearchDesk, requested
from api.parts import Person
from stream.labels import SelfHarm, Sentiment
from stream.query import Order, Page, PostQuery
from stream.store_sqlite import SqliteStore
from tests.api.room import GUARDIAN, PEOPLE, Room
from tests.factories import NOW, judged

ANALYST = Person("林静")
Visit = Callable[[Callable[[Client], Awaitable[None]]], None]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Do something on a page of its own, which no browser shows."""

    def visited(act: Callable[[Client], Awaitable[None]]) -> None:
        async def run() -> None:
            monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
            client = Client(page("/"))
            with client:
                await act(client)
            client.delete()

        asyncio.run(run())

    return visited


def element(client: Client, kind: type[Element]) -> Element:
    """The one of its kind."""
    (found,) = [one for one in client.elements.values() if isinstance(one, kind)]
    return found


def press(client: Client, words: str) -> asyncio.Task[None]:
    """Press the button with these words, as NiceGUI does when a browser says so."""
    (button,) = [one for one in client.elements.values() if one.tag == "button" and words in shown(one)]
    (listener,) = button._event_listeners.values()

    async def pressed() -> None:
        with button.parent_slot:
            answer = listener.handler()
            if asyncio.iscoroutine(answer):
                await answer

    return asyncio.create_task(pressed())


def shown(within: Element) -> list[str]:
    """The markup of everything in it."""
    return [one.content for one in within.descendants() if isinstance(one, ui.html)]


def said(client: Client) -> list[str]:
    """What the page told the person beside its content."""
    return [data["message"] for _, kind, data in client.outbox.messages if kind == "notify"]


class Held(SqliteStore):
    """A store that answers one search only when it is told to."""

    text, after = "慢", False

    def __init__(self, path: Path) -> None:
        super().__init__(path, clock=lambda: NOW)
        self.asked, self.answer = Event(), Event()

    def search(self, query: PostQuery, size: int, after: str = "") -> Page:
        """As any store, in its own time."""
        if (query.text, bool(after)) == (self.text, self.after):
            self.asked.set()
            assert self.answer.wait(30)
        return super().search(query, size, after)


@pytest.fixture
def held(api: Room, tmp_path: Path) -> Iterator[Held]:
    """The store of the room, with 45 posts that say 慢 and one that says 快."""
    api.put(judged("quick", text="快"), *(judged(str(n), text="慢") for n in range(45)))
    store = Held(tmp_path / "store.db")
    yield store
    store.close()


def search(client: Client, text: str) -> asyncio.Task[None]:
    """Type these words and press the button."""
    element(client, ui.input).value = text
    return press(client, "搜索")


async def answered(api: Room, held: Held) -> None:
    """Search for 慢 on a store that keeps nothing back; the page has its answer."""
    held.text = ""
    await SearchDesk(api.opened(store=held), ANALYST, Choice(PostQuery(text="慢"))).run()


def posts(client: Client) -> list[str]:
    """The word that is marked in each post on the page."""
    return re.findall(r"<mark>(.)</mark>", "".join(shown(client.content)))


def listed(api: Room, client: Client, case: Case) -> CaseList:
    """A list of this one case, which marks when it wants to be read anew."""
    cards = CaseList(api.parts, ANALYST, partial(mark, client), "")
    cards.show(Pile((Waiting(case),)))
    return cards


def test_a_late_answer_does_not_take_the_place_of_a_newer_one(api: Room, held: Held, visit: Visit) -> None:
    """Words searched for last are answered last, however long the ones before take."""

    async def act(client: Client) -> None:
        desk = SearchDesk(api.opened(store=held), ANALYST, Choice())
        await desk.run()
        slow = search(client, "慢")
        await asyncio.to_thread(held.asked.wait, 30)
        await search(client, "快")
        held.answer.set()
        await slow
        assert posts(client) == ["快"]

    visit(act)


def test_pressed_twice_more_comes_once(api: Room, held: Held, visit: Visit) -> None:
    """Every post of the list stands there once."""

    async def act(client: Client) -> None:
        await answered(api, held)
        await asyncio.gather(press(client, "加载更多"), press(client, "加载更多"))
        assert len(posts(client)) == 40
        await press(client, "加载更多")
        assert len(posts(client)) == 45

    visit(act)


def test_what_is_picked_while_an_answer_is_awaited_is_added(api: Room, held: Held, visit: Visit) -> None:
    """Two quick picks both hold, though the second button was drawn before the first pick."""

    async def act(client: Client) -> None:
        await answered(api, held)
        await asyncio.gather(press(client, "微博"), press(client, "中性"), press(client, "7 天"))
        picked = [shown(one)[0] for one in client.elements.values() if "gl-on" in one.classes]
        assert picked == ["中性", "微博", "7 天", "最新"]

    visit(act)


def test_more_of_one_search_is_not_added_to_another(api: Room, held: Held, visit: Visit) -> None:
    """A next page that comes after another search was answered is dropped."""

    async def act(client: Client) -> None:
        held.after = True
        desk = SearchDesk(api.opened(store=held), ANALYST, Choice(PostQuery(text="慢")))
        await desk.run()
        more = press(client, "加载更多")
        await asyncio.to_thread(held.asked.wait, 30)
        await search(client, "快")
        held.answer.set()
        await more
        assert posts(client) == ["快"]

    visit(act)


def test_a_store_that_hangs_is_told_before_the_page_is_given_up(
    api: Room, held: Held, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that gets no answer says so in Chinese; a refresh keeps what stands there and says so."""
    monkeypatch.setattr(shell, "_PATIENCE", 0.2)

    async def act(client: Client) -> None:
        parts = api.opened(store=held)
        await SearchDesk(parts, ANALYST, Choice(PostQuery(text="慢"))).run()
        assert shell.UNREADABLE in "".join(shown(client.content))
        notice = shell.html(Markup())
        hanging = partial(shell.threaded, held.search, PostQuery(text="慢"), 20)
        await shell.guarded_refresh(hanging, notice)
        assert shell.UNREADABLE in notice.content
        held.answer.set()
        await shell.guarded_refresh(hanging, notice)
        assert notice.content == ""

    visit(act)


def test_a_store_that_hangs_keeps_nobody_from_a_case(api: Room, held: Held, visit: Visit) -> None:
    """Forty pages wait for the store, and a case is taken meanwhile."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        waiting = [asyncio.create_task(shell.threaded(held.search, PostQuery(text="慢"), 20)) for _ in range(40)]
        listed(api, client, case)
        await asyncio.wait_for(press(client, "接手"), 10)
        assert said(client) == ["已接手", "read anew"]
        held.answer.set()
        await asyncio.gather(*waiting)

    visit(act)


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Somebody else is writing into this database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")


def test_a_closing_is_answered_however_long_the_book_takes(api: Room, tmp_path: Path, visit: Visit) -> None:
    """The dialog and the note in it stay until the book has the answer, also while other cards are drawn; then the
    person is told, and the list is read anew."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        cards = listed(api, client, case)
        await press(client, "关闭")
        dialog, note = element(client, ui.dialog), element(client, ui.textarea)
        note.value = "写到一半"
        with busy(tmp_path / "book.db"):
            answer = press(client, "确认关闭")
            await asyncio.sleep(0)  # the press is heard
            cards.show(Pile(()))
            assert dialog.value
            assert note.id in client.elements
        await answer
        assert not dialog.value
        assert said(client) == ["已关闭", "read anew"]

    visit(act)
    (closed,) = api.parts.book.list_cases(care=False)
    assert (closed.state, closed.note) == (CaseState.CLOSED, "写到一半")


def test_a_case_that_leaves_the_page_while_it_is_taken_is_taken(api: Room, tmp_path: Path, visit: Visit) -> None:
    """The person is told although the card with the button is gone."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        cards = listed(api, client, case)
        with busy(tmp_path / "book.db"):
            answer = press(client, "接手")
            await asyncio.sleep(0)  # the press is heard
            cards.show(Pile(()))
        await answer
        assert said(client) == ["已接手", "read anew"]

    visit(act)


def test_who_comes_second_is_told_whose_answer_stands(api: Room, visit: Visit) -> None:
    """A colleague has closed the case meanwhile: the note is not thrown away under the word that all is done, and the
    page is read anew."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        listed(api, client, case)
        await press(client, "关闭")
        dialog, note = element(client, ui.dialog), element(client, ui.textarea)
        note.value = "写到一半"
        api.parts.book.close_case(case.alert.id, "周宁", CaseOutcome.FALSE_ALARM, "", NOW)
        await press(client, "确认关闭")
        assert said(client) == ["周宁 已关闭 · 误报,您这一次没有记下。", "read anew"]
        assert (dialog.value, note.value) == (True, "写到一半")

    visit(act)


@pytest.mark.parametrize(
    ("outcome", "note", "told"),
    [
        (CaseOutcome.FALSE_ALARM, "已回电 13812345678", "林静 已关闭 · 误报,您这一次没有记下。"),
        (CaseOutcome.RESOLVED, "另有原因", "林静 已关闭 · 已解决,您这一次没有记下。"),
        (CaseOutcome.RESOLVED, "已回电 13812345678", "已关闭"),
    ],
)
def test_who_closes_twice_is_told_which_closing_stands(
    api: Room, visit: Visit, outcome: CaseOutcome, note: str, told: str
) -> None:
    """From a second page of the same person another outcome or other words are refused aloud; the same are done."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        listed(api, client, case)
        await press(client, "关闭")
        element(client, ui.textarea).value = "已回电 13812345678"
        api.parts.book.close_case(case.alert.id, ANALYST.name, outcome, note, NOW)
        await press(client, "确认关闭")
        assert said(client) == [told, "read anew"]

    visit(act)


def test_who_takes_what_is_closed_is_told(api: Room, visit: Visit) -> None:
    """A person who closed the case on another page does not read here that it is in hand."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    (case,) = api.parts.book.list_cases(care=False)

    async def act(client: Client) -> None:
        listed(api, client, case)
        api.parts.book.close_case(case.alert.id, ANALYST.name, CaseOutcome.FALSE_ALARM, "", NOW)
        await press(client, "接手")
        assert said(client) == ["林静 已关闭 · 误报,您这一次没有记下。", "read anew"]

    visit(act)


@pytest.mark.parametrize(
    ("address", "choice", "unread"),
    [
        ("text=a&reach=24h。", Choice(PostQuery(text="a")), ["时间范围"]),
        ("reach=7d&order=best&platforms=weibo", Choice(PostQuery(platforms=("weibo",)), Reach.WEEK), ["排序"]),
        (
            "sentiments=negative&sentiments=furious&since=yesterday&subjects=own",
            Choice(PostQuery(sentiments=(Sentiment.NEGATIVE,), subjects=("own",))),
            ["情感", "发布不早于"],
        ),
        ("text=a&order=relevance", Choice(PostQuery(text="a", order=Order.RELEVANCE)), []),
    ],
)
def test_what_is_damaged_in_a_link_takes_nothing_else_with_it(
    api: Room, visit: Visit, address: str, choice: Choice, unread: list[str]
) -> None:
    """Every condition that can be read holds; the page names those that cannot, until another search is made."""
    request = Request({"type": "http", "query_string": quote(address, "=&").encode(), "headers": []})
    assert requested(request) == (choice, unread)

    async def act(client: Client) -> None:
        desk = SearchDesk(api.parts, ANALYST, choice, unread)
        await desk.run()
        page = "".join(shown(client.content))
        assert all(f"“{title}”" in page for title in unread)
        assert ("读不懂" in page) == bool(unread)
        await search(client, "快")
        assert "读不懂" not in "".join(shown(client.content))

    visit(act)


@pytest.mark.parametrize(("levels", "offered"), [((SelfHarm.CRISIS,), False), ((), True)])
def test_an_export_that_would_be_refused_is_not_offered(
    api: Room, visit: Visit, levels: tuple[SelfHarm, ...], offered: bool
) -> None:
    """Self-harm posts leave this way for nobody, so a guardian who looks at them sees no button for it."""
    api.put(judged("1", self_harm=SelfHarm.CRISIS), judged("2"))

    async def act(client: Client) -> None:
        await SearchDesk(api.parts, PEOPLE[digest(GUARDIAN)], Choice(PostQuery(self_harm=levels))).run()
        page = "".join(shown(client.content))
        assert "<h1>1 条</h1>" in page
        assert ("导出" in page) == offered

    visit(act)


def test_a_refused_closing_is_told_and_keeps_the_note(api: Room, visit: Visit) -> None:
    """Whoever may not close the case reads why, with the words still in the dialog."""
    api.put(judged("1", self_harm=SelfHarm.CONCERN))
    (case,) = api.parts.book.list_cases(care=True)

    async def act(client: Client) -> None:
        listed(api, client, case)
        await press(client, "关闭")
        element(client, ui.textarea).value = "写到一半"
        await press(client, "确认关闭")
        assert said(client) == ["没有这件预警。", "read anew"]
        assert element(client, ui.dialog).value
        assert element(client, ui.textarea).value == "写到一半"

    visit(act)


async def mark(client: Client) -> None:
    """Stands for the page that reads its lists anew."""
    with client:
        ui.notify("read anew")
