"""Watching a run for the person at its terminal: what was judged, raised, told since the last look.

Owns the difference between two looks. Reads the parts; changes nothing.
"""

from contextlib import suppress

from alerts.alert import Case, CaseState
from alerts.owed import OutboxState
from configs import wiring
from configs.narrate import Say
from configs.run import Run
from stream.ports import Unavailable

_EVERY_SECONDS = 1.0
_TOLD = tuple(state for state in CaseState if state is not CaseState.PAST)
_MOST = 200
"""Cases read at one look; more in one second are shown by the dashboard."""


class Watch:
    """Says what changed, once a second."""

    def __init__(self, run: Run, say: Say) -> None:
        self._run = run
        self._say = say
        self._since = wiring.now()
        self._told: set[str] = set()
        self._handled = {worker.name: 0 for worker in run.workers}
        self._sent = run.book.delivery_counts()[OutboxState.SENT]
        self._titles = {subject.name: subject.title for subject in run.config.subjects}

    def keep_looking(self) -> None:
        """Look until the run ends. While the book is away there is nothing to say; what was missed is said after."""
        while not self._run.ended.wait(_EVERY_SECONDS):
            with suppress(Unavailable):
                self.look()

    def look(self) -> None:
        """Say what is new since the last look."""
        new = {worker.name: worker.handled - self._handled[worker.name] for worker in self._run.workers}
        for name, count in new.items():
            self._handled[name] += count
        if any(new.values()):
            self._say("judge", f"研判 {new['judge']} 条,入库 {new['index']} 条,规则评估 {new['alert']} 条")
        for case in self._new_cases(care=False):
            subject = self._titles.get(case.alert.group)
            self._say("alert", f"{case.alert.title} · {subject}" if subject else case.alert.title)
        if care := self._new_cases(care=True):
            # how many, and nothing that could point at a person
            self._say("care", f"{len(care)} 个自伤信号,仅守护人可见,等待有人应答")
        sent = self._run.book.delivery_counts()[OutboxState.SENT]
        if sent > self._sent:
            self._say("deliver", f"{sent - self._sent} 条通知已由接收方签收")
            self._sent = sent

    def _new_cases(self, *, care: bool) -> list[Case]:
        cases = self._run.book.list_cases(care=care, states=_TOLD, since=self._since, limit=_MOST)
        new = [case for case in reversed(cases) if case.alert.id not in self._told]
        self._told.update(case.alert.id for case in new)
        return new
