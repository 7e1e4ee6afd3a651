"""One attempt at what is owed, and what the book is told of it: sent, refused for good, or due again.

Owns that step, which notices (`dispatch`) and mails (`mailroom`) share. Does not own the sending, nor whose turn it is.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.book import Book
from alerts.channels import Busy
from alerts.owed import Delivery, Mail, OutboxState
from alerts.report_codec import Unreadable
from stream.ports import Rejected
from stream.retry import Backoff

_log = logging.getLogger(__name__)


class Attempts:
    """Makes attempts at what the book owes."""

    def __init__(self, book: Book, clock: Callable[[], datetime], backoff: Backoff, deadline: timedelta) -> None:
        self._book = book
        self._clock = clock
        self._backoff = backoff
        self._deadline = deadline

    def make(self, owed: Delivery | Mail, send: Callable[[], object]) -> bool:
        """Send once; True if it was taken. Rejected, and a stored report that cannot be read, end it; any other error
        puts it off, for longer than the backoff where a receiver asks for it.

        Raises:
            Unavailable: the book cannot be reached; the claim runs out by itself.
        """
        try:
            send()
        except (Rejected, Unreadable) as error:
            name = type(error).__name__
            _log.error("%s will never be taken: %s", _called(owed), name)
            self._book.settle(owed, OutboxState.FAILED, self._clock(), error=name)
            return False
        except Exception as error:  # noqa: BLE001 (a way out may be anything, and one bad message must not stop the others)
            self._again(owed, error)
            return False
        self._book.settle(owed, OutboxState.SENT, self._clock())
        return True

    def _again(self, owed: Delivery | Mail, error: Exception) -> None:
        name = type(error).__name__
        if name != owed.error:  # the same trouble is told once
            _log.warning("%s: failed with %s", _called(owed), name)
        pause = timedelta(seconds=self._backoff.delay(owed.attempts))
        if isinstance(error, Busy) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        if not self._book.put_off(owed, self._clock(), pause, self._deadline, name):
            _log.error("%s: nobody took it in time", _called(owed))


def _called(owed: Delivery | Mail) -> str:
    """Without the recipient of a mail, who is a person."""
    return f"delivery {owed.id} to channel {owed.channel}" if isinstance(owed, Delivery) else f"mail {owed.id}"
