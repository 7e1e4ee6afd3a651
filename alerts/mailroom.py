"""The mailroom: each report composed once a window, each recipient mailed once a report.

Owns the order of steps. The digest and the mails it owes are one transaction of the book, so a crash before it leaves
nothing and a crash after it leaves all; every mail is then rendered from the stored digest, never composed anew. A
crash after the mail server said yes and before the book heard of it repeats that mail under the same Message-ID; a
crash at any other place repeats nothing. A repeated file of the outbox is the same file.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial

from alerts.attempts import Attempts
from alerts.book import Book
from alerts.book_digests import StoredDigest
from alerts.digest import Digest, DigestSpec, Window, digest_id
from alerts.mailer import Mailer, domain_of, render
from alerts.owed import UNLISTED, Mail, OutboxState
from alerts.report import CaseLoad
from alerts.report_codec import decode, encode
from stream.retry import Backoff

_log = logging.getLogger(__name__)

OVERDUE = timedelta(hours=24)
"""A case that nobody has answered for so long is overdue."""


def case_load(book: Book, window: Window) -> CaseLoad:
    """What the report of this window says of cases; the same whenever it is made.

    Raises:
        Unavailable: the book cannot be reached.
    """
    return book.case_load(window.since, window.until, OVERDUE)


def publish(book: Book, spec: DigestSpec, window: Window, compose: Callable[[], Digest], now: datetime) -> bool:
    """Compose the window's report and owe it to its recipients, unless that was done; True if this call did it.

    A recipient named since then is owed it too, until the next window has ended: nobody is sent the reports of a month
    because of an address. Two processes may compose at once; the first to write wins, the other's words are dropped.

    Raises:
        Unavailable: the store or the book cannot be reached; nothing was written.
    """
    name = digest_id(spec, window)
    if book.digest(name) is not None:
        if now < window.until + (window.until - window.since):
            for recipient in spec.recipients:
                book.queue_mail(name, recipient, created_at=now)
        return False
    return book.open_digest(
        name,
        spec.name,
        since=window.since,
        until=window.until,
        body=encode(compose()),
        created_at=now,
        recipients=spec.recipients,
    )


class Mailroom:
    """Delivers the mails that the book owes."""

    def __init__(
        self,
        book: Book,
        mailer: Mailer,
        sender: str,
        clock: Callable[[], datetime],
        *,
        recipients: Mapping[str, Collection[str]],
        backoff: Backoff,
        deadline: timedelta = timedelta(hours=24),
        lease: timedelta = timedelta(minutes=5),
    ) -> None:
        """Keep the parts; nothing is sent.

        Args:
            book: owes the mails.
            mailer: takes them.
            sender: the From address.
            clock: gives the time.
            recipients: of each digest, by its name, who is to have it; nobody else is sent what was owed to them until
                now.
            backoff: how long to wait after each failure.
            deadline: a mail not taken for so long has failed; the next report is due by then.
            lease: how long a claim lasts; longer than drawing and sending one mail.

        Raises:
            Misconfigured: the sender is not an address.
        """
        domain_of(sender)
        self._book = book
        self._mailer = mailer
        self._sender = sender
        self._clock = clock
        self._recipients = recipients
        self._since = clock()
        self._attempts = Attempts(book, clock, backoff, deadline)
        self._lease = lease

    def deliver_due(self) -> int:
        """Try once every mail that is due now, and drop those whose recipient is not listed any more; returns how many
        were taken.

        Raises:
            Unavailable: the book cannot be reached.
        """
        taken = 0
        start = self._clock()
        # what is put off meanwhile is not due again in this run, but a lease counts from its claim
        while (mail := self._book.claim_mail(start, self._clock() - start + self._lease)) is not None:
            stored = self._book.digest(mail.digest_id)
            assert stored is not None  # one transaction wrote both
            # what was queued since may be for somebody whom a process with a newer list has added
            if mail.recipient in self._recipients.get(stored.name, ()) or mail.created_at >= self._since:
                taken += self._attempts.make(mail, partial(self._send, mail, stored))
            else:
                _log.warning("mail %s: its recipient is not listed any more, not sent", mail.id)
                self._book.settle(mail, OutboxState.FAILED, self._clock(), error=UNLISTED)
        return taken

    def _send(self, mail: Mail, stored: StoredDigest) -> None:
        self._mailer.send(render(decode(stored.body), sender=self._sender, recipient=mail.recipient))
