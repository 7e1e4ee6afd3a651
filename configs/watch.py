"""Watching a run for the person at its terminal: what was judged, raised, told since the last look.

Owns the difference between two looks. Reads the parts; changes nothing.
"""

from alerts.alert import Case
from alerts.book_outbox import OutboxState
from configs import wiring
from configs.narrate import Say
from configs.run import Run

_EVERY_SECONDS = 1.0


class Watch:
    """Says what changed, once a second."""

    def __init__(self, run: Run, say: Say) -> None:
        self._run = run
        self._say = say
        self._since = wiring.now()
        self._told: set[str] = set()
        self._handled = dict.fromkeys((worker.name for worker in run.workers), 0)
        self._sent = run.book.delivery_counts()[OutboxState.SENT]
        self._titles = {subject.name: subject.title for subject in run.config.subjects}

    def keep_looking(self) -> None:
        """Look until the run ends."""
        while not self._run.ended.wait(_EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Say what is new since the last look."""
        for worker in self._run.workers:
            new = worker.handled - self._handled[worker.name]
            self._handled[worker.name] = worker.handled
            if new and worker.name != "alert":
                self._say(worker.name, f"{new} 条")
        for care in (False, True):
            for case in reversed(self._run.book.list_cases(care=care, since=self._since, limit=200)):
                if case.alert.id not in self._told:
                    self._told.add(case.alert.id)
                    self._say("care" if care else "alert", self._line(case))
        sent = self._run.book.delivery_counts()[OutboxState.SENT]
        if sent > self._sent:
            self._say("deliver", f"{sent - self._sent} 条通知已由接收方签收")
            self._sent = sent

    def _line(self, case: Case) -> str:
        if case.alert.care:
            return f"{case.alert.title}:仅守护者可见,等待有人应答"
        subject = self._titles.get(case.alert.group)
        return f"{case.alert.title} · {subject}" if subject else case.alert.title
