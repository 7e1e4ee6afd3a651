"""A report as a mail, and the two ways out: a folder of .eml files, or an SMTP server.

Owns rendering and delivery of one mail to one recipient. Does not own what is due to whom (`mailroom`) nor what a
report says (`digest`). A mailer promises at least once: if the process dies after the server said yes and before that
is written down, the same mail goes again under the same Message-ID, by which mail programs recognise a copy.
"""

import os
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts import charts, headline, wording
from alerts.figures import ENOUGH
from alerts.ranking import GRAVE, SEVERITY
from alerts.report import Digest
from stream.labels import Health, chinese
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.zone import SHANGHAI


class Mailer(Protocol):
    """A way out for mails."""

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail to its one recipient; returns once the other side has taken it.

        Raises:
            Unavailable: not now; the same mail may be taken later.
            Rejected: never; names the Message-ID.
        """


def render(digest: Digest, *, sender: str, recipient: str) -> EmailMessage:
    """The report for one recipient: plain text, and HTML with the trend picture inside.

    The same digest and recipient always give the same bytes.
    """
    mark = _mark(digest.id, recipient)
    domain = domain_of(sender)
    picture = charts.trend_png(digest.trend) if digest.trend.lines and digest.trend.first else None
    cid = f"trend.{mark}@{domain}"
    environment = _environment()
    values = {
        "digest": digest,
        "cid": cid if picture else "",
        "bad": headline.broken(digest.sources),
        "partial": headline.partial(digest.sources, digest.unread, digest.incomplete),
    }

    message = EmailMessage(policy=SMTP)
    message["Subject"] = digest.subject
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(digest.composed_at.astimezone(SHANGHAI))
    message["Message-ID"] = f"<guanlan.{mark}@{domain}>"
    message["Content-Language"] = "zh-CN"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Guanlan-Digest"] = digest.id
    message.set_content(environment.get_template("digest.txt.j2").render(values), cte="base64")
    message.add_alternative(environment.get_template("digest.html.j2").render(values), subtype="html", cte="base64")
    if picture:
        html = message.get_body(("html",))
        assert isinstance(html, EmailMessage)
        html.add_related(picture, "image", "png", cid=f"<{cid}>", filename="trend.png", disposition="inline")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mark}_{number}")  # the library's own would be random
    return message


@cache
def _environment() -> Environment:
    """Templates, compiled once, that escape by default: posts are written by strangers."""
    environment = Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: Mapping[str, Any] = {
        "amount": wording.amount,
        "carried": headline.carried,
        "change": wording.change,
        "chinese": chinese,
        "count": wording.count,
        "day": wording.day,
        "echo": headline.echo,
        "duration": wording.duration,
        "few": wording.few,
        "moment": wording.moment,
        "percent": wording.percent,
        "platform": wording.platform,
        "weekday": wording.weekday,
    }
    environment.filters.update(words)
    environment.globals.update(
        ENOUGH=ENOUGH,
        OFF=Health.OFF,
        SEVERITY=SEVERITY,
        GRAVE=GRAVE,
        WIDTH=charts.WIDTH,
        trouble=headline.trouble,
    )
    return environment


def _mark(digest_id: str, recipient: str) -> str:
    """Which mail this is, without telling whose."""
    return blake2b(f"{digest_id}\x1f{recipient}".encode(), digest_size=10).hexdigest()


def domain_of(sender: str) -> str:
    """The domain of a From address, with or without a name before it.

    Raises:
        Misconfigured: it is not one address.
    """
    name, box = parseaddr(sender)
    local, _, domain = box.rpartition("@")
    if not (local and domain and box.isascii() and " " not in box and sender.isprintable()) or sender.strip() not in {
        box,
        f"{name} <{box}>",
    }:
        raise Misconfigured(f"mail.sender: {sender!r}: use an address such as 观澜 <guanlan@example.com>")
    return domain


class OutboxMailer:
    """Writes every mail as `<digest id>-<recipient hash>.eml`; the same mail again is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Whole and durable when it returns; a reader never sees half a mail.

        Raises:
            Unavailable: the folder cannot be written.
        """
        path = self.path(str(message["X-Guanlan-Digest"]), str(message["To"]))
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Unavailable(f"the outbox cannot be written: {type(error).__name__}") from error

    def check(self) -> None:
        """Raise Unavailable unless mails can be written now."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{self._folder}: {error.strerror}") from error
        if not os.access(self._folder, os.W_OK):
            raise Unavailable(f"{self._folder}: cannot be written to")

    def path(self, digest_id: str, recipient: str) -> Path:
        """Where the mail lies."""
        return self._folder / f"{digest_id}-{_mark(digest_id, recipient)}.eml"


_LOGIN = frozenset({530, 534, 535, 538})
"""Answers about our login or TLS (RFC 4954), which an operator can mend."""


class SmtpMailer:
    """Sends through an SMTP server: STARTTLS by default, TLS from the first byte on port 465."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        *,
        starttls: bool = True,
        timeout: float = 20.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Nothing is connected yet.

        Raises:
            Misconfigured: a password would travel in the clear.
        """
        if user and not starttls and port != smtplib.SMTP_SSL_PORT:
            raise Misconfigured(
                "mail.smtp_user: refused without mail.smtp_starttls, the password would travel in the clear"
            )
        self._address = host, port
        self._login = user, password
        self._starttls = starttls and port != smtplib.SMTP_SSL_PORT
        self._timeout = timeout
        self._context = context or ssl.create_default_context()

    def send(self, message: EmailMessage) -> None:
        """One connection a mail; reports are few.

        Raises:
            Unavailable: no connection, a broken one, we ourselves refused (greeting, TLS, login), or a 4xx answer.
            Rejected: a 5xx answer to the sender, the recipient or the words.
        """
        mail = str(message["Message-ID"])
        try:
            server = self._connect()
            try:
                self._hand_over(server, message)
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            raise _verdict(min(code for code, _ in error.recipients.values()), mail) from error
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:  # this machine is refused, not this mail
            raise Unavailable(f"the mail server refused the connection: {error.smtp_code}") from error
        except smtplib.SMTPResponseException as error:
            raise _verdict(error.smtp_code, mail) from error
        except (smtplib.SMTPNotSupportedError, MessageError) as error:
            raise Rejected(f"the mail cannot be sent by this server: {type(error).__name__}", [mail]) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server cannot be reached: {type(error).__name__}") from error

    def check(self) -> None:
        """Raise Unavailable unless the server is there and takes our TLS and login; no mail is sent."""
        where = f"mail.smtp_host: {self._address[0]}:{self._address[1]}"
        try:
            server = self._connect()
            try:
                server.ehlo_or_helo_if_needed()
                self._introduce(server)
            finally:
                server.close()
        except Unavailable as error:
            raise Unavailable(f"{where}: {error}") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:  # UnicodeError: no host is called that
            raise Unavailable(f"{where} cannot be reached: {type(error).__name__}") from error

    def _introduce(self, server: smtplib.SMTP) -> None:
        try:
            if self._starttls:
                server.starttls(context=self._context)
            if self._login[0]:
                server.login(*self._login)
        except smtplib.SMTPException as error:
            # about our settings, not about this mail: it can still go once an operator has mended them
            raise Unavailable(f"the mail server refused TLS or the login: {type(error).__name__}") from error

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        self._introduce(server)
        server.send_message(message)
        # the mail is theirs now; a bad goodbye must not send it again
        with suppress(smtplib.SMTPException, OSError):
            server.quit()

    def _connect(self) -> smtplib.SMTP:
        if self._address[1] == smtplib.SMTP_SSL_PORT:
            return smtplib.SMTP_SSL(*self._address, timeout=self._timeout, context=self._context)
        return smtplib.SMTP(*self._address, timeout=self._timeout)


def _verdict(code: int, mail: str) -> Unavailable | Rejected:
    """4xx is for later, 5xx for good; the server's own words may hold addresses and stay out."""
    if 500 <= code < 600 and code not in _LOGIN:
        return Rejected(f"the mail server refused: {code}", [mail])
    return Unavailable(f"the mail server cannot take it now: {code}")
