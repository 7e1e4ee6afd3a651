"""The loop that every step runs in: poll, handle, commit, and what to do when one of them fails.

Owns the order of those three, the dead letters and the stopping. Does not own what a step does (`steps`), nor how
a log reads or commits (`ports.MessageLog`).

A crash anywhere between poll and commit means that the batch is read again: handled twice, never lost. That is
harmless because every effect is keyed by a derived id, dead letters included.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType

from stream.codec import Undecodable, encode
from stream.database import now
from stream.ports import LogReader, Message, MessageLog, Misconfigured, Reassigned, Record, Unavailable
from stream.records import DEAD, DeadLetter
from stream.retry import Backoff

_logger = logging.getLogger(__name__)


class TooManyDead(Exception):
    """So many of the last messages died that something other than the messages must be wrong."""


class Worker:
    """One member of a group, doing one step.

    Args:
        name: of the group it reads for, as in `reader`; goes into its dead letters.
        reader: what it reads; the worker alone polls, commits and closes it.
        handle: the step. Raises Unavailable to be called again with the same records later, Misconfigured to stop
            the worker, anything else to have the records that fail alone put aside as dead letters.
        log: where dead letters go.
        batch: most records in one call of `handle`.
        poll_seconds: how long one poll waits; `stop` does not wait for it.
        backoff: how long to wait while something is Unavailable.
        dead_limit: more dead than this among the last `dead_window` messages stop the worker.
        clock: gives `DeadLetter.died_at`.
    """

    def __init__(
        self,
        name: str,
        reader: LogReader,
        handle: Callable[[Sequence[Record]], None],
        log: MessageLog,
        *,
        batch: int = 500,
        poll_seconds: float = 1.0,
        backoff: Backoff | None = None,
        dead_limit: int = 100,
        dead_window: int = 1000,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.name = name
        self.handled = 0
        """Records that were handled well since the start."""
        self.dead = 0
        """Records that were put aside since the start."""
        self.retries = 0
        """How often something was Unavailable since the start."""
        self._reader = reader
        self._handle = handle
        self._log = log
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._backoff = backoff or Backoff()
        self._dead_limit = dead_limit
        self._died: deque[bool] = deque(maxlen=dead_window)
        self._clock = clock
        self._failures = 0
        self._stopping = False

    def run(self) -> None:
        """Work until `stop`; then finish the batch at hand, commit it and return.

        Raises:
            TooManyDead: see there; nothing of the batch is committed, and none of its dead letters written: whoever
                starts the worker again and again would write them again and again.
            Misconfigured: the log's or the step's settings cannot work.
            Unavailable, Rejected: a dead letter could not be written; nothing of the batch is committed.
        """
        while not self._stopping:
            records = self._poll()
            if records and (dead := self._settle(records)) is not None:
                self._put_aside(dead)
                self._commit()

    def stop(self) -> None:
        """End `run` soon. From any thread, and from a signal handler."""
        self._stopping = True
        self._reader.stop()

    def close(self) -> None:
        """Leave the group, so that another member takes over at once; after `run` has returned."""
        self._reader.close()

    def _poll(self) -> list[Record]:
        try:
            return self._reader.poll(self._batch, self._poll_seconds)
        except Unavailable as error:
            self._pause(error)
            return []

    def _settle(self, records: Sequence[Record]) -> list[DeadLetter] | None:
        """Handle the records; letters for those that cannot be handled, None if stopped before all were settled.

        A failing batch is halved until what fails stands alone, so that one bad record among hundreds costs a dozen
        calls and good neighbours pass. Order is kept.
        """
        while True:
            try:
                self._handle(records)
            except Unavailable as error:
                if not self._pause(error):
                    return None
            except Misconfigured:
                raise
            except Exception as error:  # noqa: BLE001 — the boundary: whatever a record does to a step, it dies alone
                reason = _reason(error)
                break
            else:
                self._failures = 0
                self.handled += len(records)
                self._died.extend([False] * len(records))
                return []
        if len(records) == 1:
            return [self._letter(records[0], reason)]
        middle = len(records) // 2
        dead = self._settle(records[:middle])
        others = None if dead is None else self._settle(records[middle:])
        return None if dead is None or others is None else dead + others

    def _letter(self, record: Record, reason: str) -> DeadLetter:
        """The dead letter of a record, not written yet."""
        self._died.append(True)
        if sum(self._died) > self._dead_limit:
            raise TooManyDead(f"{self.name}: {sum(self._died)} of the last {len(self._died)} messages died: {reason}")
        return DeadLetter(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            group=self.name,
            key=record.key,
            error=reason,
            value=record.value,
            died_at=self._clock(),
        )

    def _put_aside(self, dead: Sequence[DeadLetter]) -> None:
        if dead:
            keys = [f"{letter.topic}-{letter.partition}-{letter.offset}-{self.name}" for letter in dead]
            self._log.append(DEAD, [Message(key, encode(letter)) for key, letter in zip(keys, dead, strict=True)])
            self.dead += len(dead)
            for key, letter in zip(keys, dead, strict=True):
                _logger.warning("%s: %s is dead: %s", self.name, key, letter.error)

    def _commit(self) -> None:
        while True:
            try:
                self._reader.commit()
            except Unavailable as error:
                if not self._pause(error):
                    return
            except Reassigned:
                _logger.info("%s: another reader has taken over; what was handled here is handled again", self.name)
                return
            else:
                return

    def _pause(self, error: Unavailable) -> bool:
        """Wait before a repeat; False if there is to be none because the worker is stopping."""
        self.retries += 1
        self._failures += 1
        seconds = self._backoff.delay(self._failures)
        _logger.warning("%s: unavailable, again in %.1f s: %s", self.name, seconds, error)
        self._reader.wait(seconds)
        return not self._stopping


def _reason(error: Exception) -> str:
    """The error's class and where it arose; of the message only what is known to hold no content."""
    if isinstance(error, Undecodable):
        return f"{type(error).__name__}: {error}"
    return f"{type(error).__name__} at {_place(error.__traceback__)}"


def _place(traceback: TracebackType | None) -> str:
    if traceback is None:
        return "?"
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}"
