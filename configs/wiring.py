"""Wiring: which part stands behind each port, opened from the configuration.

Owns construction only, one function a part, so that every command opens just what it needs. Heavy libraries are
imported where they are used: `--help` and `search` must not load scrapy or matplotlib.
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import httpx
from pydantic import SecretStr

from alerts.book import Book
from alerts.channels import WebhookChannel
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.mailer import OutboxMailer, SmtpMailer
from alerts.mailroom import Mailroom
from alerts.notices import Composer
from alerts.rules import check_rules, guardians
from configs.judging import load_judge
from configs.load import Config
from configs.scope import heard_for
from crawlers.credentials import Credentials
from crawlers.sources import Source, check, day
from crawlers.state import CrawlState
from models.stories import group
from stream.log_sqlite import SqliteLog
from stream.ports import MessageLog, Misconfigured, PostStore
from stream.records import JUDGED, POSTS, SourceHealth
from stream.retry import Backoff
from stream.steps import Handle, alerting, indexing, judging
from stream.store_sqlite import SqliteStore
from stream.worker import Worker

log = logging.getLogger(__name__)

GROUPS = ((POSTS, "judge"), (JUDGED, "index"), (JUDGED, "alert"))
"""Reader groups as (topic, group): the three worker loops."""


def now() -> datetime:
    """The clock of everything that is wired here."""
    return datetime.now(UTC)


def folder(config: Config) -> Path:
    """The data folder, made if need be.

    Raises:
        Misconfigured: it cannot be made.
    """
    try:
        config.settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"{config.path}: data: cannot make {config.settings.data}: {error.strerror}") from error
    return config.settings.data


def open_log(config: Config) -> MessageLog:
    """The message log: on Kafka where `[log.kafka]` is given, else `<data>/log.db`."""
    table = config.settings.log
    if table.kafka is None:
        return SqliteLog(folder(config) / "log.db")
    _no_written_secret(config, "log.kafka.password", table.kafka.password, "log.kafka_password")
    with _extra("log.kafka"):
        from stream.log_kafka import KafkaLog  # noqa: PLC0415 (its driver is only in the `cluster` extra)

    # a dead alert worker's partitions are another's well within 30 seconds
    return KafkaLog(replace(table.kafka, password=_shown(table.kafka_password)), session_seconds=15.0)


def open_store(config: Config) -> PostStore:
    """The post store: on Elasticsearch where `[store.elastic]` is given, else `<data>/store.db`."""
    table = config.settings.store
    if table.elastic is None:
        return SqliteStore(folder(config) / "store.db")
    _no_written_secret(config, "store.elastic.api_key", table.elastic.api_key, "store.elastic_api_key")
    for url in table.elastic.urls:  # user:password@host
        _no_written_secret(config, "store.elastic.urls", url if "@" in url else "", "store.elastic_api_key")
    with _extra("store.elastic"):
        from stream.store_elastic import ElasticStore  # noqa: PLC0415 (its driver is only in the `cluster` extra)

    return ElasticStore(replace(table.elastic, api_key=_shown(table.elastic_api_key)))


def open_book(config: Config) -> Book:
    """Alerts, cases, deliveries, digests and mails."""
    url = config.settings.book.url
    return Book(url.get_secret_value() if url else f"sqlite:///{folder(config) / 'book.db'}")


def open_state(config: Config) -> CrawlState:
    """What crawls remember."""
    return CrawlState(folder(config) / "crawl.db")


def author_key(config: Config, *, make: bool = True) -> bytes:
    """The key of author pseudonyms: `$GUANLAN_AUTHOR_KEY`, else `<data>/author.key`, made at first use.

    Args:
        config: everything a user has said.
        make: whether a key that is not there is made; one made now finds nobody whom an earlier one hid.
    """
    given = os.environ.get("GUANLAN_AUTHOR_KEY")
    if given is not None:  # empty is a mistake: a key made instead would make strangers of all authors
        return _long_enough(given.strip(), "GUANLAN_AUTHOR_KEY")
    path = folder(config) / "author.key"
    if not path.exists():
        if not make:
            raise Misconfigured(f"{path}: there is no author key; restore it, or give it as GUANLAN_AUTHOR_KEY")
        # whole or not at all: two crawls that begin at once must end up with the same key
        draft = path.with_name(f"author.key.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as new:
            new.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path}: the author key cannot be read: {type(error).__name__}") from None
    return _long_enough(key, path)


def _no_written_secret(config: Config, key: str, written: str, instead: str) -> None:
    if written:
        raise Misconfigured(
            f"{config.path}: {key}: a secret is named, not written; set {instead} to env:NAME or file:PATH"
        )


@contextmanager
def _extra(key: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise Misconfigured(f"{key}: {error.name} is not installed here: pip install '.[cluster]'") from None


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _long_enough(key: str, where: object) -> bytes:
    if len(key) < 32:
        raise Misconfigured(f"{where}: the author key is shorter than 32 characters; restore it or remove it")
    return key.encode()


def open_desk(config: Config, book: Book) -> Desk:
    """The desk of the alert worker."""
    return Desk(config.rules, config.subjects, book, now)


def open_worker(
    config: Config, name: str, log: MessageLog, *, store: PostStore | None = None, book: Book | None = None
) -> Worker:
    """The worker loop `judge`, `index` (needs `store`) or `alert` (needs `book`)."""
    steps: Mapping[str, Callable[[], Handle]] = {
        "judge": lambda: judging(load_judge(config, now), log),
        "index": lambda: indexing(store or open_store(config)),
        "alert": lambda: alerting(open_desk(config, book or open_book(config))),
    }
    topic = next(topic for topic, group in GROUPS if group == name)
    work = config.settings.work
    # a store makes what it was given searchable once a call, which is dear; when it falls behind it is given more
    batch = work.batch * 4 if name == "index" else work.batch
    return Worker(
        name,
        log.reader(topic, name),
        steps[name](),
        log,
        batch=batch,
        poll_seconds=work.poll_seconds,
        dead_limit=work.dead_limit,
    )


def check_alerts(config: Config) -> None:
    """Look whether the rules fit the subjects and channels there are.

    Raises:
        Misconfigured: naming the rule and the key.
    """
    check_rules(config.rules, config.subjects, {channel.name for channel in config.channels})


def open_channels(config: Config, client: httpx.Client) -> list[WebhookChannel]:
    """The channels of rules.toml.

    Raises:
        Misconfigured: naming the rule or channel that is wrong.
    """
    check_alerts(config)
    return [WebhookChannel(c.name, c.url, c.secret.get_secret_value(), client, now) for c in config.channels]


def open_dispatcher(config: Config, book: Book, store: PostStore, client: httpx.Client) -> Dispatcher:
    """What sends due deliveries."""
    case_url = f"{config.settings.serve.address}/cases/"
    composer = Composer(book, store.get, config.subjects, group, case_url, clock=now)
    channels = open_channels(config, client)
    return Dispatcher(book, channels, composer, now, guardians=guardians(config.rules), backoff=Backoff(1.0, 600.0))


def open_mailroom(config: Config, book: Book) -> tuple[Mailroom, OutboxMailer | None]:
    """What sends due mails, and the outbox where they are written if no mail server is set."""
    mailer = open_mailer(config)
    listed = {spec.name: spec.recipients for spec in config.digests}
    room = Mailroom(book, mailer, config.settings.mail.sender, now, recipients=listed, backoff=Backoff(10.0, 1800.0))
    return room, mailer if isinstance(mailer, OutboxMailer) else None


def open_mailer(config: Config) -> OutboxMailer | SmtpMailer:
    """The way out for mails: the server of the settings, or else the outbox."""
    mail = config.settings.mail
    if not mail.smtp_host:
        return OutboxMailer(folder(config) / "outbox")
    password = mail.smtp_password.get_secret_value() if mail.smtp_password else ""
    return SmtpMailer(mail.smtp_host, mail.smtp_port, mail.smtp_user, password, starttls=mail.smtp_starttls)


def check_source(source: Source) -> None:
    """Refuse a source that must not be crawled today, or cannot be.

    Raises:
        Misconfigured: naming the source and the key.
    """
    check(source, day(now()), Credentials(os.environ))


def check_people(config: Config) -> None:
    """Refuse to serve to others without saying who may look, and to ask for help where none of them could answer.

    Raises:
        Misconfigured: so it is.
    """
    serve = config.settings.serve
    try:
        local = serve.host == "localhost" or ip_address(serve.host).is_loopback
    except ValueError:
        local = False
    if not local and not serve.people:
        raise Misconfigured(
            f"{config.path}: serve.host: {serve.host} is open to others; name who may look under [[serve.people]]"
        )
    care = next((rule.name for rule in config.rules if rule.care), None)
    if care and not any("guardian" in person.roles for person in serve.people):
        # its notices would lead to a page that nobody may open, and the rounds would never end
        alone = (
            f"{config.path}: serve.people: nobody has the role guardian, so nobody could open or answer the cases of "
            f"rule {care!r}; give it to a person under [[serve.people]]"
        )
        if serve.people:
            raise Misconfigured(alone)
        log.warning("%s", alone)  # nobody is named yet: somebody tries it on a machine of their own


def source_health(config: Config, state: CrawlState) -> list[SourceHealth]:
    """Health of every source in `sources.toml`, now, with whom each listing is listened to for."""
    return heard_for(state.health(config.sources, now()), config.sources, config.subjects)
