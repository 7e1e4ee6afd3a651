"""Dispatch: deliveries out of the book, through their channels, settled one by one.

Owns claiming, and what runs beside what. Does not own the attempt (`attempts`), what is said (`notices`) nor how
(`channels`).
Told at least once: a crash between sending and settling sends again, under the same id, once the claim has run out.
Every channel is served by itself, so a dead one holds up no other.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Final

from alerts.attempts import Attempts
from alerts.book import Book
from alerts.channels import Busy, CareNotice, Channel, Notice
from alerts.owed import Delivery
from stream.ports import Unavailable
from stream.retry import Backoff

_log = logging.getLogger(__name__)
_IDLE_SECONDS: Final = 0.5
_BOOK_AWAY: Final = Backoff(0.5, 5.0)
"""Between two looks whether the book is back: it is ours and not a receiver to be spared, and people at risk wait."""


class Dispatcher:
    """Sends what is due."""

    def __init__(
        self,
        book: Book,
        channels: Sequence[Channel],
        compose: Callable[[Delivery], Notice | CareNotice],
        clock: Callable[[], datetime],
        *,
        guardians: Sequence[str],
        backoff: Backoff,
        deadline: timedelta = timedelta(hours=24),
        lease: timedelta = timedelta(seconds=60),
    ) -> None:
        """Keep the parts; nothing is sent.

        Args:
            book: has the deliveries.
            channels: each with a name of its own.
            compose: the notice of a delivery.
            clock: gives the time.
            guardians: the channels of today's care rules, told in place of one that a case remembers and nobody serves.
            backoff: how long to wait after each failure of a channel; a longer pause that a receiver asks for is kept,
                but by care.
            deadline: a delivery not taken for so long has failed; it is tried a last time then, also after an outage of
                ours.
            lease: how long a claim lasts; longer than composing takes, and any channel to give up.
        """
        self._book = book
        self._channels = tuple(channels)
        self._compose = compose
        self._clock = clock
        self._guardians = tuple(guardians)
        self._held: dict[str, datetime] = {}
        self._deadline = deadline
        self._attempts = Attempts(book, clock, backoff, deadline)
        self._lease = lease

    def deliver_due(self) -> int:
        """Try once everything that is due now, care cases nobody answered included; returns how many were taken.

        Raises:
            Unavailable: the book cannot be reached.
        """
        self._tend()
        if not self._channels:
            return 0
        with ThreadPoolExecutor(len(self._channels), "deliver") as pool:
            return sum(pool.map(self._drain, self._channels))

    def run(self, stop: Event) -> None:
        """Deliver until `stop` is set. The delivery under way is finished first.

        An error that is nobody's outage sets `stop` and is raised.
        """
        with ThreadPoolExecutor(len(self._channels) + 1, "deliver") as pool:
            loops = [pool.submit(self._loop, stop, self._tend)]
            loops += [pool.submit(self._loop, stop, partial(self._drain, one, stop)) for one in self._channels]
            try:
                for done in as_completed(loops):
                    done.result()
            finally:
                stop.set()

    def _loop(self, stop: Event, work: Callable[[], object]) -> None:
        failures = 0
        while not stop.is_set():
            try:
                work()
            except Unavailable as error:
                failures += 1
                _log.warning("delivery waits for the book: %s", type(error).__name__)
                stop.wait(_BOOK_AWAY.delay(failures))
            else:
                failures = 0
                stop.wait(_IDLE_SECONDS)

    def _tend(self) -> None:
        now = self._clock()
        served = [channel.name for channel in self._channels]
        for alert_id, gone in self._book.escalate(now, served, self._guardians).items():
            _log.warning("care case %s is unanswered, telling again", alert_id)
            if gone:
                _log.error("care case %s: no channel %s any more, telling those of today's rules", alert_id, gone)
        if expired := self._book.expire_deliveries(now - self._deadline, now, served=served):
            _log.error("%d deliveries failed: no channel of that name exists any more", expired)

    def _drain(self, channel: Channel, stop: Event | None = None) -> int:
        taken = 0
        while stop is None or not stop.is_set():
            now = self._clock()
            held = now < self._held.get(channel.name, now)
            delivery = self._book.claim_delivery(channel.name, now, self._lease, care_only=held)
            if delivery is None:
                break
            taken += self._attempts.make(delivery, partial(self._send, channel, delivery))
        return taken

    def _send(self, channel: Channel, delivery: Delivery) -> None:
        notice = self._compose(delivery)
        try:
            channel.send(notice)
        except Busy as busy:
            if busy.retry_after is not None:  # asked of the channel, not of this one delivery; care does not wait
                self._held[channel.name] = self._clock() + busy.retry_after
            if isinstance(notice, CareNotice):
                raise Busy(str(busy)) from busy  # which asks nothing: due again after the backoff
            raise
