"""What the timetable calls, made from open parts, and the timetable kept by one process at a time.

Owns that each duty is done in spite of an outage, and that a report or a tidying whose hour nobody was up for is made
up for. When duties are due belongs to `timetable`.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from alerts.book import Book
from alerts.digest import DigestSpec, daily_window
from configs import wiring
from configs.crawls import Crawls
from configs.dead import SETTLED
from configs.load import Config
from configs.narrate import Say
from configs.reporting import Newsroom
from configs.timetable import Duties, timetable
from crawlers.sources import Retention
from stream.log_sqlite import SqliteLog
from stream.ports import MessageLog, PostStore, Unavailable
from stream.query import PostQuery
from stream.records import TOPICS
from stream.retry import Backoff

_log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_LOOKED_AT = 500
"""Posts among which one is looked for that was there in time."""


@dataclass(frozen=True, slots=True)
class Office:
    """The parts that duties are done with."""

    config: Config
    log: MessageLog
    store: PostStore
    book: Book
    newsroom: Newsroom
    crawls: Crawls
    say: Say
    ended: Event
    """Set when the process is to end; a duty that waits for an outage to pass then gives up."""

    def report(self, name: str) -> None:
        """Make and send the report that was due last, unless that was done."""
        spec = next(spec for spec in self.config.digests if spec.name == name)
        sent = self.newsroom.send(spec, until=_settled(spec))
        for line in sent.paths or [sent.words]:
            self.say("digest", line)

    def make_up(self) -> None:
        """Send the reports whose hour passed while nobody was up."""
        for spec in self.config.digests:
            until = _settled(spec)
            if self._missed(spec.name, until) and self.newsroom.send(spec, until=until).created:
                self.say("digest", f"补发 {spec.name}")

    def _missed(self, name: str, until: datetime) -> bool:
        """Whether a window that ends then is this report's to tell. Not one that ends before a window it has told,
        since its hour was another then; nor, as its first, one at whose end no post had been stored yet."""
        last = self.book.reported_until(name)
        if last is not None:
            return last <= until
        published_before = self.store.search(PostQuery(until=until), _LOOKED_AT).hits
        return any(hit.indexed_at < until for hit in published_before)


def _settled(spec: DigestSpec) -> datetime:
    """The end of the last window that has had its time to settle."""
    return daily_window(spec, wiring.now() - timedelta(minutes=spec.settle_minutes)).until


def tidy(config: Config, log: MessageLog, store: PostStore, book: Book) -> None:
    """Let go of what is past retention, and of words that reports took from posts since deleted.

    The desk takes those out when it learns of a deletion; a report made after that quotes the post all the same where
    the store has not learned of it yet, at most as late as the log is long.
    """
    keep = config.settings.retention
    logged_since = wiring.now() - timedelta(days=config.settings.log.keep_days)
    book.unquote([post for post in book.quoted(logged_since) if store.get(post) is None])
    posts_before = wiring.now() - timedelta(days=keep.posts_days)
    store.forget(before=posts_before)
    book.forget(before=posts_before)
    short = [source.name for source in config.sources if source.retention is Retention.SHORT]
    if short:
        short_before = wiring.now() - timedelta(days=keep.short_days)
        store.forget(before=short_before, sources=short)
        book.forget(before=short_before, sources=short)
    if isinstance(log, SqliteLog):  # Kafka's own retention is a setting of its topics
        for topic in (*TOPICS, SETTLED):
            # a machine that was off for long has yet to read what it has: that stays until it did
            log.trim(topic, logged_since, unread_by=[group for of, group in wiring.GROUPS if of == topic])
    _mark(config).touch()


def tidy_if_missed(config: Config, log: MessageLog, store: PostStore, book: Book) -> None:
    """Tidy, unless that was done within the last day: nobody was up at its hour."""
    mark = _mark(config)
    if not mark.exists() or wiring.now().timestamp() - mark.stat().st_mtime > _DAY.total_seconds():
        tidy(config, log, store, book)


def _mark(config: Config) -> Path:
    """The file that was last touched when tidying was last done."""
    return wiring.folder(config) / "tidied"


@contextmanager
def keeping(office: Office, *, crawl_now: bool) -> Iterator[None]:
    """Keep the timetable inside the block.

    Args:
        crawl_now: crawl every source at the beginning; otherwise after its first interval.
    """

    def patiently(work: Callable[[], object]) -> None:
        backoff, failures = Backoff(5.0, 300.0), 0
        while not office.ended.is_set():
            try:
                work()
            except Unavailable as error:
                failures += 1
                _log.warning("a duty waits: %s", error)
                office.ended.wait(backoff.delay(failures))
            else:
                return

    def make_up() -> None:
        patiently(office.make_up)
        patiently(lambda: tidy_if_missed(office.config, office.log, office.store, office.book))

    duties = Duties(
        crawl=office.crawls.one,
        digest=lambda name: patiently(lambda: office.report(name)),
        post_mail=lambda: patiently(office.newsroom.post_mail),
        tidy=lambda: patiently(lambda: tidy(office.config, office.log, office.store, office.book)),
        make_up=make_up,
    )
    scheduler = timetable(office.config, duties, crawl_now=crawl_now)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
