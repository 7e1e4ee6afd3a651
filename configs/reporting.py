"""Battle reports, made and sent from what is wired: for the timetable and for `guanlan digest`.

Owns which window is meant, and that a report whose mails were written to the outbox can be found there.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alerts.book import Book
from alerts.digest import Digest, DigestSpec, Window, compose, daily_window, digest_id
from alerts.mailer import render
from alerts.mailroom import case_load, publish
from alerts.report_codec import decode
from configs import wiring
from configs.load import Config, known
from crawlers.state import CrawlState
from models.stories import group
from stream.ports import Misconfigured, PostStore

SHANGHAI = ZoneInfo("Asia/Shanghai")


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


class Newsroom:
    """Composes and sends digests from open parts."""

    def __init__(self, config: Config, store: PostStore, book: Book, state: CrawlState) -> None:
        self._config = config
        self._store = store
        self._book = book
        self._state = state
        self._mailroom, self._outbox = wiring.open_mailroom(config, book)

    def send(self, spec: DigestSpec, *, until: datetime | None = None) -> Sent:
        """Publish the report of a window, once, and deliver what mails are due.

        Args:
            until: end of its 24 hours; by default the spec's last sending hour.

        Raises:
            Unavailable: store or book cannot be reached; call again.
        """
        window = Window(until - timedelta(days=1), until) if until else daily_window(spec, wiring.now())
        created = publish(self._book, spec, window, lambda: self._compose(spec, window), wiring.now())
        self._mailroom.deliver_due()
        return self._sent(digest_id(spec, window), window, created=created)

    def post_mail(self) -> None:
        """Deliver mails that are due again."""
        self._mailroom.deliver_due()

    def _compose(self, spec: DigestSpec, window: Window) -> Digest:
        return compose(
            spec,
            window,
            store=self._store,
            subjects=self._config.subjects,
            health=wiring.source_health(self._config, self._state),
            group=group,
            cases=case_load(self._book, window),
            composed_at=wiring.now(),
        )

    def _sent(self, id: str, window: Window, *, created: bool) -> Sent:
        mails = self._book.mails(id)
        states: dict[str, int] = {}
        for mail in mails:
            states[mail.state] = states.get(mail.state, 0) + 1
        paths: list[Path] = []
        stored = self._book.digest(id)
        if self._outbox is not None and stored is not None and stored.body:
            digest = decode(stored.body)
            sender = self._config.settings.mail.sender
            paths = [self._outbox.path(render(digest, sender=sender, recipient=mail.recipient)) for mail in mails]
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
        store, book, state = wiring.open_store(config), wiring.open_book(config), wiring.open_state(config)
        for part in (store, book, state):
            parts.callback(part.close)
        newsroom = Newsroom(config, store, book, state)
        sent = [newsroom.send(spec, until=end) for spec in config.digests if name in ("", spec.name)]
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
