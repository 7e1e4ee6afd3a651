"""The mailroom: one report a window, one mail a recipient, whatever happens in between."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from alerts.alert import CaseOutcome
from alerts.book import Book
from alerts.desk import Desk
from alerts.digest import digest_id
from alerts.mailer import render
from alerts.mailroom import Mailroom, case_load, publish
from alerts.owed import OutboxState
from alerts.report import CaseLoad, Digest
from alerts.report_codec import encode
from alerts.rules import Group
from stream.labels import SelfHarm, Sentiment
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.retry import Backoff
from tests.alerts.newsroom import COMPOSED, DAY, SPEC, report, said, stored
from tests.alerts.room import SUBJECTS, Clock, care, surge
from tests.factories import NOW

BACKOFF = Backoff(first=60, cap=3600, random=lambda: 0.0)


class Carrier:
    """The outside world's post office: takes mails, or raises what it is told to for an address."""

    def __init__(self, **troubles: Exception) -> None:
        self.troubles = troubles
        self.taken: list[str] = []

    def send(self, message: EmailMessage) -> None:
        """Take it or raise."""
        box = str(message["To"]).partition("@")[0]
        if box in self.troubles:
            raise self.troubles[box]
        self.taken.append(f"{message['To']} {message['Message-ID']}")


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    """A report without posts, which draws no picture."""
    with stored(tmp_path, []) as store:
        return report(store)


def room(book: Book, carrier: Carrier, clock: Clock) -> Mailroom:
    """A mailroom whose waits are exact; whoever is owed a mail now is on its list."""
    listed = {SPEC.name: {mail.recipient for stored in book.digests() for mail in book.mails(stored.id)}}
    return Mailroom(book, carrier, "guanlan@example.invalid", clock, recipients=listed, backoff=BACKOFF)


def test_a_window_is_reported_once_whatever_is_composed_later(book: Book, digest: Digest) -> None:
    """A second run composes nothing, owes nothing and sends nothing."""
    carrier, clock = Carrier(), Clock(COMPOSED)

    def never() -> Digest:
        raise AssertionError("composed twice")

    assert publish(book, SPEC, DAY, lambda: digest, COMPOSED)
    assert room(book, carrier, clock).deliver_due() == 2
    assert not publish(book, SPEC, DAY, never, COMPOSED + timedelta(hours=1))
    assert room(book, carrier, clock).deliver_due() == 0
    assert {line.partition(" ")[0] for line in carrier.taken} == set(SPEC.recipients)
    assert len(carrier.taken) == 2


@pytest.mark.parametrize("sender", ["", "guanlan", "@x.invalid", "a@b.c, d@e.f", "a@b.c\nBcc: d@e.f", "观澜 a@b.c"])
def test_a_sender_that_is_no_address_is_refused_at_start(book: Book, sender: str) -> None:
    """Before any mail is due, not when the first one fails."""
    with pytest.raises(Misconfigured, match=r"mail\.sender"):
        Mailroom(book, Carrier(), sender, Clock(), recipients={}, backoff=BACKOFF)


def test_two_windows_are_two_reports(book: Book, digest: Digest) -> None:
    """Yesterday's report does not stand for today's."""
    for window in (DAY.previous, DAY):
        assert publish(book, SPEC, window, lambda w=window: replace(digest, id=digest_id(SPEC, w)), COMPOSED)
    carrier = Carrier()
    room(book, carrier, Clock(COMPOSED)).deliver_due()
    assert len(set(carrier.taken)) == 4


def test_a_failing_composition_leaves_nothing(book: Book) -> None:
    """With the store away nothing is written, and the next run composes."""

    def away() -> Digest:
        raise Unavailable("store")

    with pytest.raises(Unavailable):
        publish(book, SPEC, DAY, away, COMPOSED)
    assert book.digests() == ()
    assert book.mail_counts()[OutboxState.PENDING] == 0


def test_one_recipients_trouble_is_not_the_others(book: Book, digest: Digest) -> None:
    """A refused address fails for good and a busy one is tried again; everyone else has their mail."""
    spec = replace(SPEC, recipients=("busy@x.invalid", "fine@x.invalid", "gone@x.invalid"))
    carrier, clock = Carrier(busy=Unavailable("450"), gone=Rejected("550")), Clock(COMPOSED)
    publish(book, spec, DAY, lambda: digest, COMPOSED)
    mailroom = room(book, carrier, clock)
    assert mailroom.deliver_due() == 1
    states = {mail.recipient: (mail.state, mail.error) for mail in book.mails(digest.id)}
    assert states == {
        "busy@x.invalid": (OutboxState.PENDING, "Unavailable"),
        "fine@x.invalid": (OutboxState.SENT, ""),
        "gone@x.invalid": (OutboxState.FAILED, "Rejected"),
    }
    del carrier.troubles["busy"]
    assert mailroom.deliver_due() == 0
    clock.pass_(seconds=61)
    assert mailroom.deliver_due() == 1
    assert len(carrier.taken) == 2


def test_who_was_struck_off_the_list_is_sent_nothing_more(
    book: Book, digest: Digest, caplog: pytest.LogCaptureFixture
) -> None:
    """A mail still owed to somebody who has left is dropped, counted and logged by its id; the others have theirs."""
    spec, clock = replace(SPEC, recipients=("left@x.invalid", "stays@x.invalid")), Clock(COMPOSED)
    publish(book, spec, DAY, lambda: digest, COMPOSED)
    away = Carrier(left=Unavailable("450"), stays=Unavailable("450"))
    assert room(book, away, clock).deliver_due() == 0
    clock.pass_(seconds=61)
    carrier, listed = Carrier(), {spec.name: ("stays@x.invalid",)}
    later = Mailroom(book, carrier, "guanlan@example.invalid", clock, recipients=listed, backoff=BACKOFF)
    assert later.deliver_due() == 1
    assert [line.partition(" ")[0] for line in carrier.taken] == ["stays@x.invalid"]
    left, _ = book.mails(digest.id)
    assert (left.state, left.error, book.undelivered(NOW)) == (OutboxState.FAILED, "Unlisted", 0)
    assert f"mail {left.id}: its recipient is not listed any more" in caplog.text
    assert "left@" not in caplog.text


def test_a_mail_that_a_process_with_a_newer_list_queued_is_sent(book: Book, digest: Digest) -> None:
    """A recipient who was added while this process ran is not on its list, and has theirs."""
    spec, clock = replace(SPEC, recipients=("new@x.invalid",)), Clock(COMPOSED)
    carrier = Carrier()
    running = Mailroom(book, carrier, "guanlan@example.invalid", clock, recipients={spec.name: ()}, backoff=BACKOFF)
    clock.pass_(seconds=1)
    publish(book, spec, DAY, lambda: digest, clock())
    assert running.deliver_due() == 1


def test_a_mail_nobody_takes_fails_at_its_deadline(book: Book, digest: Digest) -> None:
    """After a day the next report is due, and the old one is given up."""
    spec, clock = replace(SPEC, recipients=("busy@x.invalid",)), Clock(COMPOSED)
    publish(book, spec, DAY, lambda: digest, COMPOSED)
    mailroom = room(book, Carrier(busy=Unavailable("450")), clock)
    for _ in range(4):
        mailroom.deliver_due()
        clock.pass_(hours=8)
    (mail,) = book.mails(digest.id)
    assert (mail.state, mail.error) == (OutboxState.FAILED, "Unavailable")
    assert mail.settled_at == COMPOSED + timedelta(hours=24)


def test_a_crash_between_taking_and_settling_repeats_the_same_message_id(book: Book, digest: Digest) -> None:
    """The one place where a mail goes twice: both copies carry one Message-ID."""

    class Died(BaseException):
        """The process ended here."""

    class Dying(Carrier):
        def send(self, message: EmailMessage) -> None:
            super().send(message)
            raise Died

    spec, clock, carrier = replace(SPEC, recipients=("boss@x.invalid",)), Clock(COMPOSED), Dying()
    publish(book, spec, DAY, lambda: digest, COMPOSED)
    with pytest.raises(Died):
        room(book, carrier, clock).deliver_due()
    after = Carrier()
    assert room(book, after, clock).deliver_due() == 0
    clock.pass_(minutes=6)
    assert room(book, after, clock).deliver_due() == 1
    assert after.taken == carrier.taken


def test_a_mail_late_in_a_slow_run_is_not_sent_by_another_too(book: Book, digest: Digest) -> None:
    """A lease counts from its claim, not from the start of the run."""
    clock, beside = Clock(COMPOSED), Carrier()

    class Slow(Carrier):
        def send(self, message: EmailMessage) -> None:
            clock.pass_(minutes=4)
            if self.taken:
                room(book, beside, clock).deliver_due()
            super().send(message)

    publish(book, SPEC, DAY, lambda: digest, COMPOSED)
    assert room(book, Slow(), clock).deliver_due() == 2
    assert beside.taken == []


def test_a_digest_of_another_version_fails_by_name(book: Book, digest: Digest) -> None:
    """Words that cannot be read are not sent and not tried for ever."""
    body = encode(digest).replace('"headline"', '"headlines"')
    book.open_digest(
        digest.id, "daily", since=DAY.since, until=DAY.until, body=body, created_at=COMPOSED, recipients=SPEC.recipients
    )
    assert room(book, Carrier(), Clock(COMPOSED)).deliver_due() == 0
    assert {mail.error for mail in book.mails(digest.id)} == {"Unreadable"}


def test_killed_at_any_line_the_end_is_the_same(tmp_path: Path) -> None:
    """kill -9 at lines all through a run, then a whole run: book and outbox equal those of an undisturbed one."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.alerts.killed", str(tmp_path), "37"],
        check=True,
        capture_output=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) > 6
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    undisturbed = runs[-1]["left"]
    assert (len(undisturbed["digests"]), undisturbed["mails"]["sent"], len(undisturbed["outbox"])) == (1, 2, 2)
    for run in runs:
        kept = {name: words for name, words in run["left"]["outbox"].items() if not name.endswith(".part")}
        assert {**run["left"], "outbox": kept} == undisturbed, run["line"]


def test_the_case_load_counts_the_window_and_never_care(book: Book) -> None:
    """Alerts raised in the window, cases open at its end, those older than a day as overdue; care cases not at all."""
    clock = Clock(DAY.since - timedelta(hours=2))
    desk = Desk([surge(count=1), care()], SUBJECTS, book, clock)
    bad = {"sentiment": Sentiment.NEGATIVE}
    desk([said("old", "昨天的抱怨", hours=26, **bad)])
    clock.now = NOW - timedelta(hours=1)
    desk([said("new", "今天的抱怨", hours=2, **bad), said("care", "一句话", self_harm=SelfHarm.CONCERN)])
    clock.now = NOW + timedelta(hours=1)
    desk([said("late", "之后的抱怨", hours=-1, **bad)])
    assert case_load(book, DAY) == CaseLoad(alerts=1, open=2, overdue=1)
    assert len(book.list_cases(care=True)) == 1


def test_the_case_load_of_a_window_does_not_change_with_the_hour_at_which_it_is_asked(book: Book) -> None:
    """Answers after the window's end leave a case open at its end; answers before do not, nor does a list's length."""
    clock, spared = Clock(DAY.since - timedelta(hours=2)), 3
    desk = Desk([surge(count=1, group=Group.AUTHOR)], SUBJECTS, book, clock)
    desk([said(str(n), "一句抱怨", sentiment=Sentiment.NEGATIVE) for n in range(8)])
    cases = [case.alert.id for case in book.list_cases(care=False)]
    book.acknowledge(cases[0], "me", DAY.until - timedelta(minutes=1))
    book.close_case(cases[1], "me", CaseOutcome.NO_ACTION, "", DAY.until - timedelta(minutes=1))
    for asked in range(2):
        assert case_load(book, DAY) == CaseLoad(alerts=0, open=6, overdue=6), asked
        for case in cases[2 : 2 + spared]:
            book.close_case(case, "me", CaseOutcome.NO_ACTION, "", DAY.until + timedelta(minutes=30))


def test_alerts_of_the_past_are_counted_apart(book: Book, tmp_path: Path) -> None:
    """Neither new, open nor overdue, whatever somebody makes of them later; the report says how many."""
    long_ago = DAY.since - timedelta(days=200)
    posts = [said(str(n), "去年的抱怨", published_at=long_ago, sentiment=Sentiment.NEGATIVE) for n in range(3)]
    found = [replace(one, post=replace(one.post, fetched_at=DAY.since)) for one in posts]
    Desk([surge(count=1, group=Group.AUTHOR)], SUBJECTS, book, Clock(DAY.since))(found)
    book.acknowledge(book.list_cases(care=False)[0].alert.id, "me", NOW)
    load = case_load(book, DAY)
    assert load == CaseLoad(alerts=0, open=0, overdue=0, past=3)
    with stored(tmp_path, []) as store:
        for cases, says in ((load, True), (replace(load, past=0), False)):
            mail = render(report(store, cases=cases), sender="g@x.invalid", recipient="boss@x.invalid")
            for kind in ("plain", "html"):
                assert ("另补录历史预警 3 条，未通知" in words(mail, kind)) is says


def words(mail: EmailMessage, kind: str) -> str:
    """What a mail says, with its line breaks closed."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_recipient_named_since_is_owed_the_report_of_this_window_alone(book: Book, digest: Digest) -> None:
    """Whose address was mended gets today's report once, and none of those before."""
    carrier, clock = Carrier(), Clock(COMPOSED)
    for window in (DAY.previous, DAY):
        publish(book, SPEC, window, lambda w=window: replace(digest, id=digest_id(SPEC, w)), COMPOSED)
    room(book, carrier, clock).deliver_due()
    del carrier.taken[:]
    mended = replace(SPEC, recipients=(*SPEC.recipients, "mended@example.invalid"))
    for window in (DAY.previous, DAY, DAY):
        assert not publish(book, mended, window, lambda: digest, COMPOSED + timedelta(hours=2))
    clock.pass_(hours=2)
    room(book, carrier, clock).deliver_due()
    assert [line.partition(" ")[0] for line in carrier.taken] == ["mended@example.invalid"]
