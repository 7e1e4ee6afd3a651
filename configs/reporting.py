"""Battle reports, made and sent from what is wired: for the timetable and for `guanlan digest`.

Owns which window is meant, that a report waits for posts on their way to the store, and that its mails can be found.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.book import Book
from alerts.digest import Digest, DigestSpec, Window, compose, daily_window, digest_id
from alerts.mailroom import case_load, publish
from alerts.owed import OutboxState
from alerts.report_codec import Unreadable, decode
from configs import wiring
from configs.backlog import PATIENCE, backlog
from configs.load import Config, known
from crawlers.state import CrawlState
from models.stories import group
from stream.ports import MessageLog, Misconfigured, PostStore
from stream.zone import SHANGHAI

ASKED = timedelta(seconds=30)
"""How long somebody who asks for a report waits for posts on their way; the timetable has more patience."""
_STANDS = {OutboxState.SENT: "已寄出", OutboxState.PENDING: "稍后再寄", OutboxState.FAILED: "未能寄出"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One digest of one window, and where it stands."""

    id: str
    window: Window
    created: bool
    """False when this window had been reported before."""
    mails: dict[str, int]
    """Mails by state."""
    paths: list[str]
    """Files in the outbox; empty where a mail server is set."""

    @property
    def words(self) -> str:
        """Where its mails stand: 已寄出 2 封，稍后再寄 1 封."""
        return "，".join(f"{_STANDS[OutboxState(state)]} {n} 封" for state, n in self.mails.items()) or "没有收件人"


class Newsroom:
    """Composes and sends digests from open parts."""

    def __init__(
        self,
        config: Config,
        log: MessageLog,
        store: PostStore,
        book: Book,
        state: CrawlState,
        *,
        wait: Callable[[float], object],
    ) -> None:
        """Keep the parts.

        Args:
            wait: lets seconds pass, as `backlog` asks for it.
        """
        self._config = config
        self._log = log
        self._store = store
        self._book = book
        self._state = state
        self._wait = wait
        self._mailroom, self._outbox = wiring.open_mailroom(config, book)

    def send(self, spec: DigestSpec, *, until: datetime | None = None, patience: timedelta = PATIENCE) -> Sent:
        """Publish the report of a window, once, and deliver what mails are due.

        Args:
            until: end of its 24 hours; by default the spec's last hour.
            patience: how long a report that is yet to be made waits for posts on their way to the store.

        Raises:
            Unavailable: log, store or book cannot be reached, or the process is to end; call again.
        """
        window = Window(until - timedelta(days=1), until) if until else daily_window(spec, wiring.now())
        created = publish(self._book, spec, window, lambda: self._compose(spec, window, patience), wiring.now())
        self._mailroom.deliver_due()
        return self._sent(digest_id(spec, window), window, created=created)

    def post_mail(self) -> None:
        """Deliver mails that are due again."""
        self._mailroom.deliver_due()

    def _compose(self, spec: DigestSpec, window: Window, patience: timedelta) -> Digest:
        unread = backlog(self._log, patience, self._wait)
        return compose(
            spec,
            window,
            store=self._store,
            subjects=self._config.subjects,
            health=wiring.source_health(self._config, self._state),
            group=group,
            cases=case_load(self._book, window),
            composed_at=wiring.now(),
            unread=unread,
            last=self._stored(digest_id(spec, window.previous)),
        )

    def _stored(self, id: str) -> Digest | None:
        """The report as it was made; None if there is none, or none that this version can read."""
        stored = self._book.digest(id)
        try:
            return decode(stored.body) if stored else None
        except Unreadable:
            return None

    def _sent(self, id: str, window: Window, *, created: bool) -> Sent:
        mails = self._book.mails(id)
        states: dict[str, int] = {}
        for mail in mails:
            states[mail.state] = states.get(mail.state, 0) + 1
        paths = [self._outbox.path(id, mail.recipient) for mail in mails] if self._outbox else []
        return Sent(id, window, created, states, [str(path) for path in paths if path.exists()])


def send_digests(config: Config, name: str, until: datetime | None) -> list[dict[str, Any]]:
    """`guanlan digest`: one row a digest.

    Raises:
        Misconfigured: no digest has this name, or the window has not ended.
    """
    end = until.replace(tzinfo=SHANGHAI) if until else None
    if end and end > wiring.now():
        raise Misconfigured("--until: this lies ahead; a report of a window that has not ended would lack its end")
    if name:
        known(config.path.parent / "digests.toml", "digest.name", [name], [spec.name for spec in config.digests])
    with ExitStack() as parts:
        log, store = wiring.open_log(config), wiring.open_store(config)
        book, state = wiring.open_book(config), wiring.open_state(config)
        for part in (log, store, book, state):
            parts.callback(part.close)
        newsroom = Newsroom(config, log, store, book, state, wait=time.sleep)
        sent = [newsroom.send(spec, until=end, patience=ASKED) for spec in config.digests if name in ("", spec.name)]
    return [
        {
            "digest": one.id,
            "since": one.window.since.astimezone(SHANGHAI).isoformat(),
            "until": one.window.until.astimezone(SHANGHAI).isoformat(),
            "created": one.created,
            "mails": one.mails,
            "paths": one.paths,
        }
        for one in sent
    ]
