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
from alerts.wording import count, moment, platform
from api.cases import allowed
from api.dashboard.inbox import Pile, Waiting
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
        self._shown: Pile | None = None
        self._box = ui.element("div").style("width:100%")

    def show(self, pile: Pile) -> None:
        """Show these."""
        if self._shown == pile:
            return
        self._shown = pile
        self._box.clear()
        with self._box:
            if not pile.shown:
                html(Markup('<p class="gl-empty">{}</p>').format(self._empty))
            now = self._parts.clock()
            for waiting in pile.shown:
                with ui.element("article").classes("gl-case"):
                    html(heading(waiting, self._parts.subjects, now, linked=True)).classes("gl-case-head")
                    actions(self._parts, self._person, waiting.case, self._changed)
            if pile.more:
                html(Markup('<p class="gl-muted">另有 {} 件,此处未列出。</p>').format(count(pile.more)))


def heading(waiting: Waiting, subjects: Sequence[Subject], now: datetime, *, linked: bool) -> Markup:
    """What the case is about and where it stands."""
    case, alert = waiting.case, waiting.case.alert
    titles = {subject.name: subject.title for subject in subjects}
    about = f"{platform(alert.platform)} · {chinese(alert.level)}" if alert.care else titles.get(alert.group, "")
    words = Markup('<a href="/cases/{}">{}</a>').format(alert.id, alert.title) if linked else alert.title
    span = f"{moment(alert.since, now)} 至 {moment(alert.until, now)}" if alert.since and alert.until else ""
    evidence = "" if waiting.evidence is None else f"证据 {waiting.evidence} 条"
    bits = [about, evidence, span or f"{moment(alert.raised_at, now)} 预警", _standing(case, now)]
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
    answer = _Answer(parts, person, case, changed)
    with ui.element("div").classes("gl-acts"):
        if case.state is not CaseState.ACKNOWLEDGED:
            _button("接手", "gl-btn gl-primary", answer.take)
        _button("关闭", "gl-btn", answer.ask_how)


class _Answer:
    """One person's answer to a case, and what is said to that.

    The page speaks and holds the dialog, not the card: a list is drawn anew whenever something in it has changed, and
    neither the words nor a half-written note may go with the old card.
    """

    def __init__(self, parts: Parts, person: Person, case: Case, changed: Changed) -> None:
        self._parts = parts
        self._person = person
        self._case = case
        self._changed = changed
        self._page = ui.context.client

    async def take(self) -> None:
        """Somebody has it in hand."""
        book, clock = self._parts.book, self._parts.clock

        def theirs(case: Case) -> bool:
            return case.state is CaseState.ACKNOWLEDGED and case.acknowledged_by == self._person.name

        await self._do(lambda: book.acknowledge(self._case.alert.id, self._person.name, clock()), theirs, "已接手")
        await self._changed()

    def ask_how(self) -> None:
        """The dialog that closes the case; it stays until the book has the answer."""
        with self._page, ui.dialog(value=True) as dialog, ui.card().classes("gl-dialog"):
            html(Markup("<h2>关闭预警</h2><p class='gl-muted'>{}</p>").format(self._case.alert.title))
            outcome = ui.select(
                {str(one): title_of(one) for one in CaseOutcome}, value=str(CaseOutcome.RESOLVED), label="结果"
            )
            outcome.props("outlined dense").style("width:100%")
            note = ui.textarea("说明(个人信息会被遮盖)").props("outlined autogrow maxlength=2000").style("width:100%")

            async def confirm() -> None:
                if await self._close(CaseOutcome(str(outcome.value)), str(note.value or "")):
                    dialog.close()
                await self._changed()

            with ui.element("div").classes("gl-acts"):
                _button("确认关闭", "gl-btn gl-primary", confirm)
                _button("取消", "gl-btn", dialog.close)
        dialog.on("hide", dialog.delete)

    async def _close(self, outcome: CaseOutcome, note: str) -> bool:
        book, clock = self._parts.book, self._parts.clock
        # the same person may have closed it on another page, with another outcome or other words
        meant = (self._person.name, outcome, mask(note.replace("\0", "")))

        def theirs(case: Case) -> bool:
            return (case.closed_by, case.outcome, case.note) == meant

        return await self._do(
            lambda: book.close_case(self._case.alert.id, self._person.name, outcome, note, clock()), theirs, "已关闭"
        )

    async def _do(self, act: Callable[[], Case], theirs: Callable[[Case], bool], done: str) -> bool:
        """Whether what stands in the book after the act is what this person said: the first answer counts."""

        def permitted() -> str:
            allowed(self._parts, self._person, self._case.alert.id)
            return "" if theirs(stands := act()) else f"{_standing(stands, self._parts.clock())},您这一次没有记下。"

        try:
            wrong = await asyncio.to_thread(permitted)
        except Unavailable:
            wrong = "台账暂时写不进去,请稍后再试。"
        except Fault as fault:
            wrong = fault.message
        with self._page:
            ui.notify(wrong or done, type="negative" if wrong else "positive")
        return not wrong


def _button(words: str, classes: str, act: Callable[[], object]) -> None:
    with ui.element("button").classes(classes).props('type="button"').on("click", act):
        html(Markup("{}").format(words), tag="span")


def _standing(case: Case, now: datetime) -> str:
    if case.state is CaseState.ACKNOWLEDGED:
        return f"{case.acknowledged_by} 处理中"
    if case.state is CaseState.CLOSED:
        outcome = title_of(case.outcome) if case.outcome else ""
        return f"{case.closed_by} 已关闭 · {outcome}"
    standing = title_of(case.state)
    return f"{standing} · 应答期限 {moment(case.answer_due_at, now)}" if case.answer_due_at else standing
