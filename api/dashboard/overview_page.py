"""The page at `/`: what is being said now, what waits for a person, and whether we are hearing everything.

Owns its layout and its refreshing; figures come from `overview`, looks from `figures`, `cards` and `charts`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Request
from markupsafe import Markup
from nicegui import ui

from api.dashboard import cards, charts, figures
from api.dashboard.case_cards import CaseList
from api.dashboard.inbox import Pile
from api.dashboard.overview import SPAN_WORDS, Overview, Pulse, Span, ours, window
from api.dashboard.search import Choice, Reach
from api.dashboard.shell import entered, frame, guarded_refresh, html, show
from api.parts import Parts, Person
from stream.labels import Sentiment
from stream.query import PostQuery

_EVERY = 4.0
"""Seconds between two looks of a connected page; readings are shared between pages."""


def register(parts: Parts) -> None:
    """Put the page on NiceGUI."""
    pulse = Pulse(parts)

    async def page(_: Request, person: Person) -> None:
        with frame("/", person):
            board = Board(parts, pulse, person)
        await board.refresh()
        ui.timer(_EVERY, board.refresh, immediate=False)

    ui.page("/", title="总览 · 观澜", response_timeout=15)(entered(parts, page))


class Board:
    """The overview as one person has it open."""

    def __init__(self, parts: Parts, pulse: Pulse, person: Person) -> None:
        self._parts = parts
        self._pulse = pulse
        self._span = Span.DAY
        self._buttons: dict[Span, ui.element] = {}
        with ui.element("div").classes("gl-head"):
            html(Markup("<h1>舆情总览</h1>"))
            with ui.element("div").classes("gl-right"):
                self._live = html(Markup())
                self._switch()
        self._notice = html(Markup())
        self._kpis = html(Markup()).style("width:100%")
        with ui.element("section").classes("gl-card gl-strip-card").props('aria-label="采集健康"'):
            self._sources = html(Markup())
        with ui.element("div").classes("gl-grid"):
            with ui.element("div").classes("gl-8 gl-col"):
                with _card("自有品牌声量走势", "全部与负面"):
                    self._trend = _chart(270)
                with ui.element("section").classes("gl-card"):
                    self._newest = html(Markup()).classes("gl-title")
                    self._voices = html(Markup())
            with ui.element("div").classes("gl-4 gl-col"):
                with _card("待处置预警", "", "/cases", "全部预警").classes("gl-urgent"):
                    self._cases = CaseList(parts, person, self._changed, "没有等待处置的预警。")
                with _card("自有与竞品", "声量,其中负面"):
                    self._brands = _chart(196)
                with _card("风险类型", "自有品牌负面帖子"):
                    self._risks = _chart(226)
            with ui.element("div").classes("gl-12 gl-col"), _card("处理流水线", "各环节积压"):
                self._flow = html(Markup())

    async def refresh(self) -> None:
        """Read the figures and show what has changed."""
        await guarded_refresh(self._refresh, self._notice)

    async def _changed(self) -> None:
        self._pulse.forget()
        await self.refresh()

    async def _refresh(self) -> None:
        seen: Overview = await self._pulse.read(self._span)
        show(self._live, figures.live(seen.health, seen.at))
        show(self._kpis, figures.kpis(seen))
        note, more = "同一故事只列一条,个人信息已遮盖", f"/search?{self._negative(seen).address()}"
        show(self._newest, _title("最新负面", note, more, "查看全部"))
        show(self._voices, cards.voices(seen.voices, self._parts.subjects, seen.at))
        show(self._sources, figures.source_strip(seen.health, seen.at))
        show(self._flow, figures.flow(seen.health, seen.latency))
        _draw(self._trend, charts.trend(seen.trend))
        _draw(self._brands, charts.brands(seen.brands))
        _draw(self._risks, charts.risks(seen.risks))
        self._cases.show(Pile(seen.inbox.shown))

    def _negative(self, seen: Overview) -> Choice:
        """The search that finds the posts which the overview calls negative ones of ours."""
        bad = PostQuery(subjects=ours(self._parts.subjects), sentiments=(Sentiment.NEGATIVE,))
        if seen.span is Span.TODAY:
            return Choice(replace(bad, since=window(seen.span, seen.at)[0]))
        return Choice(bad, Reach(seen.span.value))

    def _switch(self) -> None:
        with ui.element("div").classes("gl-seg").props('role="group" aria-label="时间范围"'):
            for span in Span:
                button = ui.element("button").props(f'type="button" aria-pressed="{str(span is self._span).lower()}"')
                button.classes("gl-on" if span is self._span else "")
                button.on("click", self._chosen(span))
                with button:
                    ui.html(SPAN_WORDS[span], sanitize=False, tag="span")
                self._buttons[span] = button

    def _chosen(self, span: Span) -> Callable[[], Any]:
        async def choose() -> None:
            self._buttons[self._span].classes(remove="gl-on").props('aria-pressed="false"')
            self._buttons[span].classes(add="gl-on").props('aria-pressed="true"')
            self._span = span
            await self.refresh()

        return choose


def _card(title: str, note: str, to: str = "", more: str = "") -> ui.element:
    card = ui.element("section").classes("gl-card")
    with card:
        html(_title(title, note, to, more)).classes("gl-title")
    return card


def _title(title: str, note: str, to: str, more: str) -> Markup:
    link = Markup('<a class="gl-more" href="{}">{}</a>').format(to, more) if to else Markup()
    return Markup("<h2>{}</h2><small>{}</small>{}").format(title, note, link)


def _chart(height: int) -> ui.echart:
    return ui.echart({}, renderer="svg").classes("gl-chart").style(f"height:{height}px")


def _draw(chart: ui.echart, options: dict[str, Any]) -> None:
    if chart.options != options:
        chart.options.clear()
        chart.options.update(options)
        chart.update()
