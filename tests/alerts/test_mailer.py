"""A report as a mail, and both ways out against a real folder and a real SMTP server."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.mailer import OutboxMailer, SmtpMailer, render
from alerts.report import Digest, Late
from stream.labels import Health, Risk, Sentiment
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.records import Coverage
from tests.alerts.newsroom import report, said, source, stored

SENDER = "观澜 <guanlan@example.invalid>"
BOSS = "boss@example.invalid"


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> Digest:
    """A report with a hostile post, a long one, and a blocked source."""
    posts = [
        said(
            "1",
            '<script>alert("x")</script><img src=http://evil.invalid/a.png>难喝',
            risks=(Risk.QUALITY,),
            sentiment=Sentiment.NEGATIVE,
            url='https://example.invalid/p?a=1&b="><b>',
        ),
        said("2", "喝出了塑料片," + "很长" * 80, risks=(Risk.SAFETY,), sentiment=Sentiment.NEGATIVE),
        said("3", "桂花乌龙真好喝,下次还来买", sentiment=Sentiment.POSITIVE),
    ]
    with stored(tmp_path_factory.mktemp("store"), posts) as store:
        unread = Coverage("云汀茶", Health.BLOCKED, subjects=("yunting",))
        blocked = replace(source("douyin", Health.BLOCKED, "平台拦截"), coverage=(unread,))
        return report(store, health=[source(), blocked, source("old", Health.OFF, "已停用")])


@pytest.fixture(scope="module")
def full(digest: Digest) -> EmailMessage:
    """That report as a mail, picture and all."""
    return mail(digest)


@pytest.fixture(scope="module")
def bare(digest: Digest) -> Digest:
    """That report without its picture, which takes long to draw."""
    return replace(digest, trend=replace(digest.trend, first=None))


def mail(digest: Digest, recipient: str = BOSS) -> EmailMessage:
    """The mail as a program at the other end reads it."""
    read = message_from_bytes(render(digest, sender=SENDER, recipient=recipient).as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def body(message: EmailMessage, kind: str) -> str:
    """The text of the `plain` or `html` part."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_the_headers_are_derived_from_digest_and_recipient(digest: Digest, full: EmailMessage) -> None:
    """The same mail has the same Message-ID and bytes; another recipient's differs and is addressed to them alone."""
    first, again, other = full, mail(digest), mail(digest, "pr@example.invalid")
    assert first["Subject"] == digest.subject
    assert (first["To"], other["To"]) == (BOSS, "pr@example.invalid")
    assert first["Date"].datetime == digest.composed_at
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert re.fullmatch(r"<guanlan\.[0-9a-f]{20}@example\.invalid>", first["Message-ID"])
    assert first.as_bytes() == again.as_bytes()


def test_times_of_another_year_say_which(bare: Digest) -> None:
    """A report made this year of a window in another shows the year; of one in this year it shows none."""
    before = replace(bare, since=bare.since - timedelta(days=365), until=bare.until - timedelta(days=365))
    for kind in ("plain", "html"):
        assert "2025-11-20 12:00 至 2025-11-21 12:00" in body(mail(before), kind)
        assert "11-20 12:00 至 11-21 12:00" in body(mail(bare), kind)
        assert "2026-" not in body(mail(bare), kind)


def test_both_versions_say_the_headline_the_matters_and_what_is_missing(digest: Digest, full: EmailMessage) -> None:
    """Text and HTML carry the same facts, the incomplete data above all others."""
    for kind in ("plain", "html"):
        words = body(full, kind)
        assert digest.headline in words
        assert all(matter.title in words and matter.quotes[0].url.split("?")[0] in words for matter in digest.matters)
        assert "平台拦截" in words
        warned = words.index("1/2 个来源异常")
        assert warned < words.index("抖音被拦截 1 处") < words.index("先修这些")
        assert warned < words.index("先修这些")
    assert body(full, "plain").index("数据不全") < body(full, "plain").index(digest.headline)


def test_both_versions_say_which_subject_was_not_read_whole(bare: Digest) -> None:
    """Where every source is fresh, what is missing of a subject still stands in the mail."""
    told = mail(replace(bare, sources=bare.sources[:1]))
    assert [one.health.health for one in bare.sources[:1]] == [Health.FRESH]
    for kind in ("plain", "html"):
        assert "云汀茶没有采全" in body(told, kind)
        assert "抖音被拦截 1 处" in body(told, kind)


def test_both_versions_say_what_came_late_and_what_is_not_counted(bare: Digest) -> None:
    """The comparison with the window before is explained, and a backlog stands with the other troubles."""
    told = mail(replace(bare, late=Late(bare.total, 12, None, 0), unread=500))
    for kind in ("plain", "html"):
        words = body(told, kind)
        assert "1/2 个来源异常，500 条已采集的帖子尚未处理" in words
        assert "上期截稿后又采到 12 条，已计入上期数。" in words
        assert "上期截稿后" not in body(mail(bare), kind)


def test_both_versions_say_what_is_a_guess(digest: Digest) -> None:
    """A time that no page gave, and a comparison with a day that was not collected whole."""
    matter = digest.matters[0]
    guessed = replace(matter, quotes=(replace(matter.quotes[0], estimated=True), *matter.quotes[1:]))
    told = replace(digest, matters=(guessed, *digest.matters[1:]), before_partial=True)
    for kind in ("plain", "html"):
        assert "· 约 11-" in body(mail(told), kind)
        assert "上期数据不全，与上期的比较仅供参考。" in body(mail(told), kind)
        assert "· 约 11-" not in body(mail(digest), kind)
        assert "仅供参考" not in body(mail(digest), kind)


def test_both_versions_say_how_often_complaints_were_passed_on_without_a_word(digest: Digest) -> None:
    """Reposts that say nothing stand beside the negative posts, and where there are none nothing is said of them."""
    assert digest.own is not None
    passed_on = replace(digest.own, crowd=replace(digest.own.crowd, silent=40))
    for kind in ("plain", "html"):
        assert "另有 40 条未表态的转发，不计入负面" in body(mail(replace(digest, own=passed_on)), kind)
        assert "未表态" not in body(mail(digest), kind)


def test_both_versions_say_what_a_share_of_voice_is_of(full: EmailMessage) -> None:
    """A post may name two brands of the table, so that their shares are no parts of 100 %."""
    for kind in ("plain", "html"):
        assert "占提到表内任一品牌帖子的比例，一帖可提到多家，合计可超过 100%" in body(full, kind)


class Reader(HTMLParser):
    """Collects tags and what they point at."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.images += [value or "" for name, value in attrs if name == "src"]
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_markup_in_posts_is_shown_not_run(full: EmailMessage) -> None:
    """A post's own tags and quotes stay text, in words and in addresses."""
    reader = Reader()
    words = body(full, "html")
    reader.feed(words)
    assert not {"script", "base", "iframe", "object", "form"} & set(reader.tags)
    assert "&lt;script&gt;" in words
    assert 'https://example.invalid/p?a=1&b="><b>' in reader.links


def test_the_only_picture_travels_with_the_mail(full: EmailMessage) -> None:
    """The one image is a cid of a part of this mail; nothing is fetched from anywhere."""
    reader = Reader()
    words = body(full, "html")
    reader.feed(words)
    parts = [part for part in full.walk() if part.get_content_type() == "image/png"]
    assert len(parts) == len(reader.images) == 1
    assert reader.images[0] == "cid:" + str(parts[0]["Content-ID"]).strip("<>")
    assert parts[0].get_content().startswith(b"\x89PNG")
    assert "url(" not in words
    assert "@import" not in words


def test_a_report_without_posts_is_still_a_mail(tmp_path: Path) -> None:
    """Nothing collected: no picture, no empty sections, and the reason in words."""
    with stored(tmp_path, []) as store:
        empty = mail(report(store, health=[source("weibo", Health.BLOCKED, "平台拦截")]))
    assert not [part for part in empty.walk() if part.get_content_maintype() == "image"]
    for kind in ("plain", "html"):
        words = body(empty, kind)
        assert "没有数据" in words
        assert "平台拦截" in words
        assert "先修这些" not in words


def test_lines_of_the_text_version_are_whole(full: EmailMessage) -> None:
    """No template residue: no blank runs, no tags, no None."""
    words = body(full, "plain")
    assert "\n\n\n" not in words
    assert "None" not in words
    assert "&amp;" not in words
    assert "{{" not in words


def test_the_outbox_keeps_one_whole_file_a_mail(bare: Digest, tmp_path: Path) -> None:
    """Sending again replaces the file by the same bytes; no half-written file is left."""
    outbox = OutboxMailer(tmp_path / "outbox")
    for recipient in (BOSS, BOSS, "pr@example.invalid"):
        outbox.send(render(bare, sender=SENDER, recipient=recipient))
    files = sorted((tmp_path / "outbox").iterdir())
    assert len(files) == 2
    assert all(file.name.startswith(bare.id) and file.suffix == ".eml" for file in files)
    assert {message_from_bytes(file.read_bytes(), policy=policy.default)["To"] for file in files} == {
        BOSS,
        "pr@example.invalid",
    }
    assert BOSS not in "".join(file.name for file in files)


def test_an_outbox_that_cannot_be_written_is_unavailable(bare: Digest, tmp_path: Path) -> None:
    """A file where the folder should be is for an operator to mend; the mail waits."""
    (tmp_path / "outbox").write_text("")
    with pytest.raises(Unavailable):
        OutboxMailer(tmp_path / "outbox").send(render(bare, sender=SENDER, recipient=BOSS))


class Post:
    """An SMTP server's opinions: what it answers to a recipient and to a message, and what it took."""

    def __init__(self) -> None:
        self.helo = self.mail = self.rcpt = "250 OK"
        self.data = "250 OK"
        self.goodbye = "221 Bye"
        self.taken: list[Any] = []

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, answers: list[str]) -> list[str]:  # noqa: N802
        """See aiosmtpd."""
        session.host_name = name
        return answers if self.helo.startswith("250") else [self.helo]

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, name: str) -> str:  # noqa: N802
        """See aiosmtpd."""
        session.host_name = name
        return self.helo

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """See aiosmtpd."""
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """See aiosmtpd."""
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """See aiosmtpd."""
        if self.data.startswith("250"):
            self.taken.append(envelope)
        return self.data

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """See aiosmtpd."""
        return self.goodbye


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server() -> Iterator[tuple[Post, int]]:
    """A mail server on 127.0.0.1."""
    handler, port = Post(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def test_a_mail_reaches_its_recipient_whole(bare: Digest, server: tuple[Post, int]) -> None:
    """The server gets one envelope for one recipient with the words that were rendered."""
    handler, port = server
    message = render(bare, sender=SENDER, recipient=BOSS)
    SmtpMailer("127.0.0.1", port, starttls=False, timeout=5).send(message)
    (envelope,) = handler.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("guanlan@example.invalid", [BOSS])
    received = message_from_bytes(envelope.content, policy=policy.default)
    assert received["Message-ID"] == message["Message-ID"]
    assert isinstance(received, EmailMessage)
    assert bare.headline in body(received, "html")


@pytest.mark.parametrize(
    ("at", "answer", "expected"),
    [
        ("helo", "550 go away", Unavailable),
        ("mail", "530 5.7.0 Authentication required", Unavailable),
        ("mail", "535 5.7.8 Bad credentials", Unavailable),
        ("mail", "553 no such sender", Rejected),
        ("rcpt", "450 mailbox busy", Unavailable),
        ("rcpt", "550 no such user", Rejected),
        ("data", "451 try later", Unavailable),
        ("data", "554 no thanks", Rejected),
        ("data", "421 shutting down", Unavailable),
    ],
)
def test_answers_are_told_apart(
    bare: Digest, server: tuple[Post, int], at: str, answer: str, expected: type[Exception]
) -> None:
    """4xx waits, and so does what is said of ourselves; other 5xx is final. The server's words, which may hold
    addresses, are not repeated."""
    handler, port = server
    setattr(handler, at, answer)
    with pytest.raises(expected) as caught:
        SmtpMailer("127.0.0.1", port, starttls=False, timeout=5).send(render(bare, sender=SENDER, recipient=BOSS))
    assert answer[4:] not in str(caught.value)
    assert BOSS not in str(caught.value)
    assert handler.taken == []


def test_a_bad_goodbye_does_not_undo_a_taken_mail(bare: Digest, server: tuple[Post, int]) -> None:
    """Once the server took the mail, how it ends the talk is no reason to send again."""
    handler, port = server
    handler.goodbye = "421 too busy to say bye"
    SmtpMailer("127.0.0.1", port, starttls=False, timeout=5).send(render(bare, sender=SENDER, recipient=BOSS))
    assert len(handler.taken) == 1


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return pem, private


def test_a_password_travels_inside_checked_tls(bare: Digest, tmp_path: Path) -> None:
    """STARTTLS with a checked certificate, then login, then the mail; a wrong password or certificate waits."""
    pem, private = certificate(tmp_path)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(pem, private)
    handler, port = Post(), free_port()
    known = LoginPassword(b"user", b"secret")
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        tls_context=theirs,
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *given: AuthResult(success=given[4] == known, handled=False),
    )
    controller.start()
    message = render(bare, sender=SENDER, recipient=BOSS)
    ours = ssl.create_default_context(cafile=pem)
    try:
        SmtpMailer("127.0.0.1", port, "user", "secret", timeout=5, context=ours).send(message)
        with pytest.raises(Unavailable, match="login"):
            SmtpMailer("127.0.0.1", port, "user", "wrong", timeout=5, context=ours).send(message)
        with pytest.raises(Unavailable):
            SmtpMailer("127.0.0.1", port, "user", "secret", timeout=5).send(message)
    finally:
        controller.stop()
    assert len(handler.taken) == 1


def test_no_server_is_unavailable(bare: Digest) -> None:
    """A refused connection waits."""
    with pytest.raises(Unavailable):
        SmtpMailer("127.0.0.1", free_port(), timeout=5).send(render(bare, sender=SENDER, recipient=BOSS))


def test_a_silent_server_is_given_up(bare: Digest) -> None:
    """A server that accepts and says nothing costs the timeout and no more."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        SmtpMailer("127.0.0.1", silent.getsockname()[1], timeout=0.2).send(render(bare, sender=SENDER, recipient=BOSS))


def test_a_greeting_that_refuses_this_machine_is_no_verdict_on_the_mail(bare: Digest) -> None:
    """An address that is blocked for a while costs no report: 554 at connecting waits."""
    with socket.create_server(("127.0.0.1", 0)) as refusing:

        def greet() -> None:
            talk, _ = refusing.accept()
            with talk:
                talk.sendall(b"554 5.7.1 blocked\r\n")

        greeting = Thread(target=greet)
        greeting.start()
        with pytest.raises(Unavailable, match="554"):
            SmtpMailer("127.0.0.1", refusing.getsockname()[1], timeout=5).send(
                render(bare, sender=SENDER, recipient=BOSS)
            )
        greeting.join()


def test_nothing_is_sent_in_the_clear_when_tls_was_asked_for(bare: Digest, server: tuple[Post, int]) -> None:
    """A server without STARTTLS gets nothing, and a password without TLS is refused at start."""
    handler, port = server
    with pytest.raises(Unavailable, match="TLS"):
        SmtpMailer("127.0.0.1", port, timeout=5).send(render(bare, sender=SENDER, recipient=BOSS))
    assert handler.taken == []
    with pytest.raises(Misconfigured, match=r"mail\.smtp_starttls"):
        SmtpMailer("127.0.0.1", port, "user", "secret", starttls=False)


def test_the_subject_of_a_long_topic_is_one_header(bare: Digest) -> None:
    """A long Chinese subject folds and reads back whole."""
    long = replace(bare, subject="云汀茶战报" * 40)
    assert mail(long)["Subject"] == long.subject


def test_a_mail_server_is_tried_before_it_is_needed(server: tuple[Post, int], tmp_path: Path) -> None:
    """One that is there passes and gets no mail; one that is not, or refuses TLS, is named with its key."""
    handler, port = server
    SmtpMailer("127.0.0.1", port, starttls=False, timeout=5).check()
    OutboxMailer(tmp_path / "outbox").check()
    assert handler.taken == []
    with pytest.raises(Unavailable, match=rf"mail\.smtp_host: 127\.0\.0\.1:{port}.*TLS"):
        SmtpMailer("127.0.0.1", port, timeout=5).check()
    nobody = free_port()
    with pytest.raises(Unavailable, match=rf"mail\.smtp_host: 127\.0\.0\.1:{nobody}"):
        SmtpMailer("127.0.0.1", nobody, timeout=5).check()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Unavailable, match="file"):
        OutboxMailer(tmp_path / "file").check()
