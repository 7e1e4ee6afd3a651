"""The pages at `/cases` and `/cases/{id}`: the inbox with its history, and one case with its evidence.

Owns their layout. Opening a case is a look, and the book writes it down; that an open page follows what colleagues do
is none. Care cases exist for guardians only.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from fastapi import Request
from markupsafe import Markup
from nicegui import ui

from alerts.alert import Case, CaseFile, CaseState, title_of
from alerts.care import guidance
from alerts.wording import moment
from api.cases import CaseFilter, evidence, looked_at
from api.dashboard import cards
from api.dashboard.case_cards import CaseList, actions, heading
from api.dashboard.inbox import Pile, Waiting, glimpses, read_pile, recalled
from api.dashboard.shell import entered, frame, guarded_refresh, html, in_time, show, threaded
from api.faults import Fault
from api.parts import Parts, Person
from stream.ports import Unavailable
from stream.query import Hit
from stream.records import Subject

_EVERY = 8.0
_GLANCE = 2.0
"""Seconds that a list waits for what its cases rest on."""


def register(parts: Parts) -> None:
    """Put the pages on NiceGUI."""
    _inbox(parts)
    _file(parts)


def _inbox(parts: Parts) -> None:
    async def page(_: Request, person: Person) -> None:
        lists: list[tuple[CaseFilter, CaseList]] = []
        known: dict[str, Waiting] = {}

        async def read() -> None:
            nonlocal known
            piles = [await threaded(read_pile, parts, person, asked) for asked, _ in lists]
            draw(piles)
            with suppress(TimeoutError, Unavailable):  # a store that cannot be read keeps nobody from the cases
                async with asyncio.timeout(_GLANCE):
                    known = await threaded(glimpses, parts, piles)
                draw(piles)

        def draw(piles: Sequence[Pile]) -> None:
            for (_, shown), pile in zip(lists, piles, strict=True):
                shown.show(recalled(pile, known))

        async def refresh() -> None:
            await guarded_refresh(read, notice)

        def section(title: str, note: str, asked: CaseFilter) -> None:
            with ui.element("section").classes("gl-card gl-cases"):
                html(Markup("<h2>{}</h2><small>{}</small>").format(title, note)).classes("gl-title")
                lists.append((asked, CaseList(parts, person, refresh, f"没有{title}的预警。")))

        with frame("/cases", person):
            html(Markup("<h1>预警与处置</h1>")).classes("gl-head")
            notice = html(Markup())
            if person.guards:
                active = [CaseState.OPEN, CaseState.ACKNOWLEDGED]
                section("自伤关怀", "仅守护人可见,每次打开都会记录", CaseFilter(care=True, states=active, limit=500))
            for state, note, limit in (
                (CaseState.OPEN, "还没有人接手", 200),
                (CaseState.ACKNOWLEDGED, "已有人接手", 200),
                (CaseState.CLOSED, "最近 30 件", 30),
                (CaseState.PAST, "补录的帖子发布已久,没有通知任何人,最近 30 件", 30),
            ):
                section(title_of(state), note, CaseFilter(states=[state], limit=limit))
        await refresh()
        ui.timer(_EVERY, refresh, immediate=False)

    ui.page("/cases", title="预警 · 观澜", response_timeout=15)(entered(parts, page))


def _file(parts: Parts) -> None:
    async def page(request: Request, person: Person) -> None:
        with frame("/cases", person):
            try:
                file = await asyncio.to_thread(looked_at, parts, person, str(request.path_params["id"]))
            except Fault as fault:
                html(Markup('<p class="gl-empty">{}</p>').format(fault.message)).classes("gl-card")
                ui.context.client.status_code = fault.status
                return
            html(Markup('<p><a href="/cases">← 全部预警</a></p>'))

            notice = html(Markup())
            with ui.element("section").classes("gl-card"):
                head = html(Markup()).classes("gl-file")
                steps = html(Markup())
                acts = ui.element("div")
            if file.case.alert.care:
                html(Markup('<p class="gl-warn gl-lines">{}</p>').format(guidance(file.case.alert.level)))
            with ui.element("section").classes("gl-card gl-whole"):
                grounds = _Grounds(parts, person, file)

        drawn: Case | None = None

        def draw(case: Case) -> None:
            nonlocal drawn
            if case == drawn:
                return
            drawn = case
            now = parts.clock()
            show(head, heading(Waiting(case, len(file.evidence)), parts.subjects, now, linked=False))
            show(steps, _history(case, now))
            acts.clear()
            with acts:
                actions(parts, person, case, refresh)

        async def read() -> None:
            draw(await threaded(parts.book.case, file.case.alert.id))
            if not grounds.found:  # whoever follows an alert at once may be here before its post is in the store
                await grounds.read()

        async def refresh() -> None:
            await guarded_refresh(read, notice)

        draw(file.case)
        await grounds.first()
        ui.timer(_EVERY, refresh, immediate=False)

    ui.page("/cases/{id}", title="预警 · 观澜", response_timeout=15)(entered(parts, page))


class _Grounds:
    """The posts that the case of a page rests on."""

    def __init__(self, parts: Parts, person: Person, file: CaseFile) -> None:
        self._parts, self._person, self._file = parts, person, file
        self._title = html(Markup()).classes("gl-title")
        self._posts = html(Markup())
        self.found: Sequence[Hit] | None = None
        """None while they cannot be read."""

    async def read(self) -> None:
        """Show what the store has now."""
        self.found = await threaded(evidence, self._parts, self._person, self._file)
        self._show()

    async def first(self) -> None:
        """Show them with the page; a store that hangs keeps nobody from the case."""
        try:
            async with in_time():
                await self.read()
        except Unavailable:
            self._show()

    def _show(self) -> None:
        words = f"共 {len(self._file.evidence)} 条,此处 {len(self.found or ())} 条"
        show(self._title, Markup("<h2>证据</h2><small>{}</small>").format(words))
        show(self._posts, rests_on(self.found, self._parts.subjects, self._parts.clock()))


def rests_on(hits: Sequence[Hit] | None, subjects: Sequence[Subject], now: datetime) -> Markup:
    """The posts of a case, or why none stands there; None where they cannot be read now."""
    if hits is None:
        return Markup('<p class="gl-warn" role="alert">证据暂时读不到,请稍后刷新;不影响接手与关闭。</p>')
    posts = Markup().join(cards.post(hit, subjects, now) for hit in hits)
    gone = "证据帖子不在库中:可能已被平台或作者删除,已按保留期限清除,或尚未入库。"
    return posts or Markup('<p class="gl-empty">{}</p>').format(gone)


def _history(case: Case, now: datetime) -> Markup:
    steps = [(case.opened_at, "预警", "", "")]
    if case.acknowledged_at:
        steps.append((case.acknowledged_at, "接手", case.acknowledged_by, ""))
    if case.closed_at:
        outcome = title_of(case.outcome) if case.outcome else ""
        steps.append((case.closed_at, f"关闭({outcome})", case.closed_by, case.note))
    return Markup('<ol class="gl-steps">{}</ol>').format(
        Markup().join(
            Markup('<li><time>{}</time> <b>{}</b> {} <span class="gl-muted">{}</span></li>').format(
                moment(at, now), act, by, note
            )
            for at, act, by, note in steps
        )
    )
