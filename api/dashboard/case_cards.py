"""Cases as cards with the two things a person can do: take one, close one.

Owns the list element and the closing dialog. Does not own who may see which case (`api.cases`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from markupsafe import Markup
from nicegui import ui

from alerts.alert import Case, CaseOutcome, CaseState, title_of
from alerts.masking import mask
from alerts.rules import Severity
from alerts.wording import moment, platform
from api.cases import allowed
from api.dashboard.cards import ago
from api.dashboard.inbox import Waiting
from api.dashboard.shell import html
from api.faults import Fault
from api.parts import Parts, Person
from stream.labels import chinese
from stream.ports import Unavailable
from stream.records import Subject

_TONES = {Severity.CRITICAL: "gl-bad", Severity.WARNING: "gl-doubt", Severity.NOTICE: ""}

Changed = Callable[[], Awaitable[None]]


class CaseList:
    """Cases as cards; rebuilt only when they changed."""

    def __init__(self, parts: Parts, person: Person, changed: Changed, empty: str) -> None:
        self._parts = parts
        self._person = person
        self._changed = changed
        self._empty = empty
        self._shown: tuple[Waiting, ...] | None = None
        self._box = ui.element("div").style("width:100%")

    def show(self, cases: Sequence[Waiting], now: datetime) -> None:
        """Show these."""
        if self._shown == tuple(cases):
            return
        self._shown = tuple(cases)
        self._box.clear()
        with self._box:
            if not cases:
                html(Markup('<p class="gl-empty">{}</p>').format(self._empty))
            for waiting in cases:
                with ui.element("article").classes("gl-case"):
                    html(heading(waiting, self._parts.subjects, now, linked=True)).classes("gl-case-head")
                    actions(self._parts, self._person, waiting.case, self._changed)


def heading(waiting: Waiting, subjects: Sequence[Subject], now: datetime, *, linked: bool) -> Markup:
    """What the case is about and where it stands."""
    case, alert = waiting.case, waiting.case.alert
    titles = {subject.name: subject.title for subject in subjects}
    about = f"{platform(alert.platform)} · {chinese(alert.level)}" if alert.care else titles.get(alert.group, "")
    words = Markup('<a href="/cases/{}">{}</a>').format(alert.id, alert.title) if linked else alert.title
    span = f"{moment(alert.since)} 至 {moment(alert.until)}" if alert.since and alert.until else ""
    evidence = "" if waiting.evidence is None else f"证据 {waiting.evidence} 条"
    bits = [about, evidence, span or f"{ago(alert.raised_at, now)}预警", _standing(case)]
    lead = Markup('<p class="gl-lead">{}</p>').format(mask(waiting.lead)) if waiting.lead else Markup()
    return Markup('<h3><span class="gl-tag gl-sev {}">{}</span>{}</h3>{}<p class="gl-meta">{}</p>').format(
        "gl-care" if alert.care else _TONES[alert.severity],
        title_of(alert.severity),
        words,
        lead,
        Markup().join(Markup("<span>{}</span>").format(bit) for bit in bits if bit),
    )


def actions(parts: Parts, person: Person, case: Case, changed: Changed) -> None:
    """The buttons that fit the state of the case."""
    if case.state is CaseState.CLOSED:
        return

    async def take() -> None:
        await _do(lambda: parts.book.acknowledge(case.alert.id, person.name, parts.clock()), "已接手")

    async def close(outcome: CaseOutcome, note: str) -> None:
        await _do(lambda: parts.book.close_case(case.alert.id, person.name, outcome, note, parts.clock()), "已关闭")

    async def _do(act: Callable[[], Case], done: str) -> None:
        def permitted() -> None:
            allowed(parts, person, case.alert.id)
            act()

        try:
            await asyncio.to_thread(permitted)
        except Unavailable:
            ui.notify("台账暂时写不进去,请稍后再试。", type="negative")
        except Fault as fault:
            ui.notify(fault.message, type="negative")
        else:
            ui.notify(done, type="positive")
            await changed()

    with ui.element("div").classes("gl-acts"):
        if case.state is CaseState.OPEN:
            _button("接手", "gl-btn gl-primary", take)
        _button("关闭", "gl-btn", lambda: _closing(case, close))


def _button(words: str, classes: str, act: Callable[[], object]) -> None:
    with ui.element("button").classes(classes).props('type="button"').on("click", act):
        html(Markup("{}").format(words), tag="span")


def _closing(case: Case, close: Callable[[CaseOutcome, str], Awaitable[None]]) -> None:
    with ui.dialog(value=True) as dialog, ui.card().classes("gl-dialog"):
        html(Markup("<h2>关闭预警</h2><p class='gl-muted'>{}</p>").format(case.alert.title))
        outcome = ui.select(
            {str(one): title_of(one) for one in CaseOutcome}, value=str(CaseOutcome.RESOLVED), label="结果"
        )
        outcome.props("outlined dense").style("width:100%")
        note = ui.textarea("说明(个人信息会被遮盖)").props("outlined autogrow maxlength=2000").style("width:100%")

        async def confirm() -> None:
            dialog.close()
            await close(CaseOutcome(str(outcome.value)), str(note.value or ""))

        with ui.element("div").classes("gl-acts"):
            _button("确认关闭", "gl-btn gl-primary", confirm)
            _button("取消", "gl-btn", dialog.close)
    dialog.on("hide", dialog.delete)


def _standing(case: Case) -> str:
    if case.state is CaseState.ACKNOWLEDGED:
        return f"{case.acknowledged_by} 处理中"
    if case.state is CaseState.CLOSED:
        outcome = title_of(case.outcome) if case.outcome else ""
        return f"{case.closed_by} 已关闭 · {outcome}"
    return f"待处理 · 应答期限 {moment(case.answer_due_at)}" if case.answer_due_at else "待处理"
