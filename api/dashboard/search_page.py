"""The page at `/search`: words, filters with counts, results, one page after another.

Owns its layout and what a click does; the questions are `search`'s. The address always tells what is shown.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import TypeVar

from fastapi import Request
from markupsafe import Markup
from nicegui import ui
from pydantic import ValidationError

from alerts.wording import count
from api.auth import only_care
from api.dashboard import cards
from api.dashboard.search import REACH_WORDS, Choice, Found, Reach, ask, more
from api.dashboard.shell import UNREADABLE, entered, frame, html, in_time, show, threaded
from api.faults import Fault
from api.parts import Parts, Person
from api.schemas import PostFilter, label
from stream.ports import Unavailable
from stream.query import Order, Page

Chosen = TypeVar("Chosen", Reach, Order)
_ORDERS = {Order.NEWEST: "最新", Order.RELEVANCE: "最相关"}


def register(parts: Parts) -> None:
    """Put the page on NiceGUI."""

    async def page(request: Request, person: Person) -> None:
        with frame("/search", person):
            desk = SearchDesk(parts, person, *requested(request))
        await desk.run()

    ui.page("/search", title="搜索 · 观澜", response_timeout=15)(entered(parts, page))


def requested(request: Request) -> tuple[Choice, list[str]]:
    """The choice that an address tells, and what in it could not be read, in words: the rest holds without that."""
    given: dict[str, str | list[str]] = {}
    for name, value in request.query_params.multi_items():
        known = PostFilter.model_fields.get(name)
        if known is not None:
            values = given.setdefault(name, [] if str(known.annotation).startswith("list") else value)
            if isinstance(values, list):
                values.append(value)
    unread: list[str] = []
    reach = _one_of(Reach, request.query_params.get("reach", ""), Reach.ALL, "时间范围", unread)
    order = _one_of(Order, request.query_params.get("order", ""), Order.NEWEST, "排序", unread)
    choice = Choice(_readable(given, unread).query(order))
    return (choice.reaching(reach) if reach else choice), unread


def _readable(given: dict[str, str | list[str]], unread: list[str]) -> PostFilter:
    try:
        return PostFilter.model_validate(given)
    except ValidationError as error:
        wrong = {problem["loc"] for problem in error.errors()}
    kept: dict[str, str | list[str]] = {}
    for name, value in given.items():
        if any(place[0] == name for place in wrong):
            unread.append(str(PostFilter.model_fields[name].title))
        if (name,) not in wrong:
            # of a list, the values that are what they should be stay
            kept[name] = (
                [one for n, one in enumerate(value) if (name, n) not in wrong] if isinstance(value, list) else value
            )
    return PostFilter.model_validate(kept)


def _one_of(kind: type[Chosen], value: str, otherwise: Chosen, title: str, unread: list[str]) -> Chosen:
    try:
        return kind(value) if value else otherwise
    except ValueError:
        unread.append(title)
        return otherwise


Change = Callable[[Choice], Choice]


class SearchDesk:
    """The search as one person has it open."""

    def __init__(self, parts: Parts, person: Person, choice: Choice, unread: Sequence[str] = ()) -> None:
        self._parts = parts
        self._person = person
        self._choice = choice
        self._end: tuple[Choice, str] | None = None  # what the list answers, and the cursor to its next page
        self._subjects = {subject.name: subject for subject in parts.subjects}
        with ui.element("div").classes("gl-searchbar"):
            self._input = ui.input(placeholder='例如:桂花 (异物 OR 钢丝) NOT 广告,或 "加盟店"', value=choice.query.text)
            self._input.props('outlined dense clearable aria-label="搜索词" maxlength=500')
            self._input.on("keydown.enter", self._typed)
            self._input.on("clear", self._typed)
            with ui.element("button").classes("gl-btn gl-primary").props('type="button"').on("click", self._typed):
                html(Markup("搜索"), tag="span")
        self._notice = html(_ignored(unread))
        with ui.element("div").classes("gl-grid"):
            with ui.element("aside").classes("gl-3 gl-card gl-filters") as filters:
                with ui.element("button").classes("gl-fold").props('type="button"') as fold:
                    html(Markup("筛选"), tag="span")
                fold.on("click", lambda: filters.classes(toggle="gl-open"))
                self._facets = ui.element("div").classes("gl-facets")
            with ui.element("div").classes("gl-9 gl-col"), ui.element("section").classes("gl-card gl-full"):
                with ui.element("div").classes("gl-head gl-results-head"):
                    self._total = html(Markup())
                    self._tools = ui.element("div").classes("gl-right")
                self._chips = ui.element("div").classes("gl-chips")
                self._results = ui.element("div").style("width:100%")
                self._more = ui.element("button").classes("gl-btn gl-wide").props('type="button"')
                self._more.on("click", self._next)
                with self._more:
                    html(Markup("加载更多"), tag="span")
                self._more.set_visibility(False)

    async def run(self) -> None:
        """Ask again and show everything anew; an answer that comes after the next question is dropped."""
        choice = self._choice
        self._fill_chips()
        found: Found | str
        try:
            async with in_time():
                found = await threaded(_answer, self._parts, self._person, choice)
        except Unavailable:
            found = UNREADABLE
        if choice != self._choice:
            return
        if isinstance(found, str):
            self._say(found)
        else:
            self._show(found)

    def _say(self, words: str) -> None:
        show(self._total, Markup())
        self._results.clear()
        with self._results:
            html(Markup('<p class="gl-warn" role="alert">{}</p>').format(words))
        self._ends(None)

    def _show(self, found: Found) -> None:
        page = found.page
        more_than = "" if page.total_exact else "至少 "
        show(self._total, Markup("<h1>{}{} 条</h1>").format(more_than, count(page.total)))
        self._results.clear()
        self._append(self._choice, page)
        self._fill_facets(found)
        self._fill_tools()

    def _append(self, choice: Choice, page: Page) -> None:
        now = self._parts.clock()
        posts = (cards.post(hit, self._parts.subjects, now) for hit in page.hits)
        with self._results:
            empty = Markup('<p class="gl-empty">没有符合条件的帖子。换个说法,或放宽左侧条件再试。</p>')
            html(Markup().join(posts) if page.hits else empty)
        self._ends((choice, page.after) if page.after else None)

    def _ends(self, end: tuple[Choice, str] | None) -> None:
        self._end = end
        self._more.set_visibility(end is not None)

    def _fill_facets(self, found: Found) -> None:
        self._facets.clear()
        with self._facets:
            for by, counts in found.counts:
                picked = getattr(self._choice.query, by.name)
                with ui.element("section").classes("gl-facet"):
                    html(Markup("<h3>{}</h3>").format(by.title))
                    for counted in counts:
                        on = counted.value in picked
                        button = ui.element("button").props(f'type="button" aria-pressed="{str(on).lower()}"')
                        button.classes("gl-on" if on else "")
                        button.on("click", partial(self._choose, methodcaller("toggled", by, counted.value)))
                        with button:
                            html(Markup("{}").format(label(by.facet, counted.value, self._subjects)), tag="span")
                            html(Markup("{}").format(count(counted.posts)), tag="span")

    def _fill_chips(self) -> None:
        self._chips.clear()
        with self._chips:
            for words, without in self._choice.besides():
                button = ui.element("button").classes("gl-btn").props('type="button" title="去掉这个条件"')
                button.on("click", partial(self._choose, methodcaller("asking", **without)))
                with button:
                    html(Markup("{} ×").format(words), tag="span")

    def _fill_tools(self) -> None:
        self._tools.clear()
        with self._tools:
            with ui.element("div").classes("gl-seg").props('role="group" aria-label="时间范围"'):
                for reach, title in REACH_WORDS.items():
                    self._option(title, methodcaller("reaching", reach))
            with ui.element("div").classes("gl-seg").props('role="group" aria-label="排序"'):
                for order, title in _ORDERS.items():
                    self._option(title, methodcaller("asking", order=order))
            if only_care(self._choice.query):  # the export would be refused, to guardians too
                return
            address = self._choice.export(self._parts.clock())
            link = Markup(
                '<a class="gl-btn" href="/api/export.csv?{}" download title="个人信息已遮盖,最多一万条">导出</a>'
            )
            html(link.format(address))

    def _option(self, title: str, change: Change) -> None:
        on = change(self._choice) == self._choice
        button = ui.element("button").props(f'type="button" aria-pressed="{str(on).lower()}"')
        button.classes("gl-on" if on else "").on("click", partial(self._choose, change))
        with button:
            html(Markup("{}").format(title), tag="span")

    async def _typed(self) -> None:
        text = str(self._input.value or "").strip()
        await self._choose(methodcaller("asking", text=text))

    async def _choose(self, change: Change) -> None:
        # a change of what is asked for by now: the pressed button may have been drawn for an earlier choice
        self._choice = change(self._choice)
        show(self._notice, Markup())  # the address no longer holds what could not be read
        address = self._choice.address()
        ui.navigate.history.replace(f"/search?{address}" if address else "/search")
        await self.run()

    async def _next(self) -> None:
        end = self._end
        if end is None:
            return
        choice, after = end
        query = choice.at(self._parts.clock())
        try:
            async with in_time():
                page = await threaded(more, self._parts, self._person, query, after)
        except Unavailable:
            ui.notify(UNREADABLE, type="negative")
        else:
            if end == self._end:  # else it was asked for twice, or another list stands here by now
                self._append(choice, page)


def _ignored(unread: Sequence[str]) -> Markup:
    if not unread:
        return Markup()
    words = f"链接里的{'、'.join(f'“{title}”' for title in unread)}有读不懂的内容,已略去;其余条件照常生效。"
    return Markup('<p class="gl-warn" role="alert">{}</p>').format(words)


def _answer(parts: Parts, person: Person, choice: Choice) -> Found | str:
    """What was found, or what to say instead; blocks, and raises Unavailable."""
    try:
        return ask(parts, person, choice)
    except Fault as fault:
        return fault.message
    except ValueError as error:
        if type(error) is not ValueError:  # only the store's own ValueError speaks to people
            raise
        return str(error)
