"""Dispatch: deliveries out of the book, through their channels, settled one by one.

Owns claiming, retrying until a deadline, and settling. Does not own what is said (`notices`) nor how (`channels`).
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

from alerts.book import Book
from alerts.book_outbox import Delivery, OutboxState
from alerts.channels import Busy, CareNotice, Channel, Notice
from stream.ports import Rejected, Unavailable
from stream.retry import Backoff

_log = logging.getLogger(__name__)
_IDLE_SECONDS: Final = 0.5


class Dispatcher:
    """Sends what is due."""

    def __init__(
        self,
        book: Book,
        channels: Sequence[Channel],
        compose: Callable[[Delivery], Notice | CareNotice],
        clock: Callable[[], datetime],
        *,
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
            backoff: how long to wait after each failure; a longer pause that a receiver asks for is kept.
            deadline: a delivery not taken for so long has failed; it is tried a last time then, also after an outage of
                ours.
            lease: how long a claim lasts; longer than any channel takes to give up.
        """
        self._book = book
        self._channels = tuple(channels)
        self._compose = compose
        self._clock = clock
        self._backoff = backoff
        self._deadline = deadline
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
                stop.wait(self._backoff.delay(failures))
            else:
                failures = 0
                stop.wait(_IDLE_SECONDS)

    def _tend(self) -> None:
        now = self._clock()
        for alert_id in self._book.escalate(now):
            _log.warning("care case %s is unanswered, telling again", alert_id)
        served = [channel.name for channel in self._channels]
        if expired := self._book.expire_deliveries(now - self._deadline, now, served=served):
            _log.error("%d deliveries failed: no channel of that name exists any more", expired)

    def _drain(self, channel: Channel, stop: Event | None = None) -> int:
        taken = 0
        while stop is None or not stop.is_set():
            delivery = self._book.claim_delivery(channel.name, self._clock(), self._lease)
            if delivery is None:
                break
            taken += self._deliver(channel, delivery)
        return taken

    def _deliver(self, channel: Channel, delivery: Delivery) -> bool:
        try:
            channel.send(self._compose(delivery))
        except Rejected as error:
            _log.error("delivery %s: refused by channel %s", delivery.id, channel.name)
            self._book.settle_delivery(delivery.id, OutboxState.FAILED, self._clock(), error=type(error).__name__)
            return False
        except Exception as error:  # noqa: BLE001 (a channel may be anything, and one bad notice must not stop the others)
            self._again(channel, delivery, error)
            return False
        self._book.settle_delivery(delivery.id, OutboxState.SENT, self._clock())
        return True

    def _again(self, channel: Channel, delivery: Delivery, error: Exception) -> None:
        name = type(error).__name__
        if name != delivery.error:  # the same trouble is told once
            _log.warning("delivery %s: channel %s failed with %s", delivery.id, channel.name, name)
        pause = timedelta(seconds=self._backoff.delay(delivery.attempts))
        if isinstance(error, Busy) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        self._book.put_off(delivery, self._clock(), pause, self._deadline, name)
