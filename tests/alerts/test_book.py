"""The book: owed once, settled once, its errors in the port's words."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from sqlalchemy import create_engine, make_url, text

from alerts import book_database
from alerts.alert import Backlog, CaseOutcome, CaseState
from alerts.book import Book
from alerts.desk import Desk
from alerts.owed import OutboxState
from alerts.rules import Group, Severity
from stream.labels import SelfHarm
from stream.ports import Misconfigured, Unavailable
from tests.alerts.room import SUBJECTS, Clock, care, negative, surge
from tests.factories import NOW, judged

LEASE = timedelta(seconds=30)
WINDOW = {"since": NOW - timedelta(days=1), "until": NOW, "body": "{}", "created_at": NOW}


@pytest.fixture
def sqlite_book(tmp_path):
    """An empty book in a file of a folder that is not there yet."""
    made = Book(f"sqlite:///{tmp_path}/data/book.db")
    yield made
    made.close()


def test_a_digest_is_opened_once_and_keeps_its_first_words(book):
    """The second opener learns that it was second."""
    assert book.open_digest("daily-1", "daily", **WINDOW)
    assert not book.open_digest("daily-1", "daily", **{**WINDOW, "body": "other"})
    assert book.digest("daily-1").body == "{}"
    assert book.digest("daily-1").until == NOW
    assert book.digest("daily-2") is None
    assert [digest.id for digest in book.digests()] == ["daily-1"]


def test_each_recipient_is_owed_a_digest_once(book):
    """Opening again adds only those who were not yet on the list."""
    book.open_digest("d", "daily", **WINDOW, recipients=["a@example.invalid"])
    book.open_digest("d", "daily", **WINDOW, recipients=["a@example.invalid", "b@example.invalid"])
    assert not book.queue_mail("d", "b@example.invalid", created_at=NOW)
    assert [mail.recipient for mail in book.mails("d")] == ["a@example.invalid", "b@example.invalid"]


def test_a_mail_lives_until_it_is_settled(book):
    """Claimed it is nobody else's; given back it comes again later; settled it stays settled."""
    book.open_digest("d", "daily", **WINDOW, recipients=["a@example.invalid"])
    mail = book.claim_mail(NOW, LEASE)
    assert (mail.attempts, book.claim_mail(NOW, LEASE)) == (1, None)
    assert book.put_off(mail, NOW, timedelta(minutes=1), timedelta(days=1), "Unavailable")
    assert book.claim_mail(NOW + timedelta(seconds=59), LEASE) is None
    again = book.claim_mail(NOW + timedelta(minutes=1), LEASE)
    assert (again.id, again.attempts, again.error) == (mail.id, 2, "Unavailable")
    book.settle(mail, OutboxState.SENT, NOW)
    book.settle(mail, OutboxState.FAILED, NOW)
    assert book.put_off(mail, NOW, timedelta(), timedelta(days=1), "x")
    assert book.claim_mail(NOW + timedelta(days=1), LEASE) is None
    assert book.mail_counts() == {OutboxState.PENDING: 0, OutboxState.SENT: 1, OutboxState.FAILED: 0}


def test_a_claim_runs_out_with_its_lease(book):
    """A process that died does not keep a mail for ever."""
    book.open_digest("d", "daily", **WINDOW, recipients=["a@example.invalid"])
    assert book.claim_mail(NOW, LEASE)
    assert book.claim_mail(NOW + LEASE, LEASE)


def test_what_was_given_up_is_counted(book):
    """Deliveries and mails that failed since a time; not what was taken, still waits, or became needless."""
    book.open_digest("d", "daily", **WINDOW, recipients=["a@example.invalid", "b@example.invalid"])
    book.settle(book.claim_mail(NOW, LEASE), OutboxState.FAILED, NOW, error="Rejected")
    later = NOW + timedelta(hours=1)
    desk = Desk([surge(count=1, channels=("boss", "ops")), care()], SUBJECTS, book, Clock())
    desk([negative("1"), judged("2", self_harm=SelfHarm.CRISIS)])
    book.settle(book.claim_delivery("ops", later, LEASE), OutboxState.FAILED, later, error="Unavailable")
    book.settle(book.claim_delivery("boss", later, LEASE), OutboxState.SENT, later)
    book.escalate(later, ["guardians", "lead"], ["guardians"])  # takes the place of the round before
    assert book.delivery_counts()[OutboxState.FAILED] == 2
    assert book.mail_counts()[OutboxState.PENDING] == 1
    assert [book.undelivered(since) for since in (NOW, later, later + timedelta(seconds=1))] == [2, 1, 0]


def test_cases_are_listed_newest_first_and_filtered(book):
    """By state and by time."""
    clock = Clock()
    desk = Desk([surge(count=1, group=Group.AUTHOR)], SUBJECTS, book, clock)
    for author in ("a", "b", "c"):
        desk([negative(author, author=author)])
        clock.pass_(minutes=1)
    newest_first = [case.alert.group for case in book.list_cases(care=False)]
    assert newest_first == ["c", "b", "a"]
    first = book.list_cases(care=False)[-1].alert
    book.acknowledge(first.id, "me", NOW)
    assert [case.alert.group for case in book.list_cases(care=False, states=(CaseState.OPEN,))] == ["c", "b"]
    assert [case.alert.group for case in book.list_cases(care=False, since=NOW + timedelta(minutes=1))] == ["c", "b"]
    assert [case.alert.group for case in book.list_cases(care=False, until=NOW + timedelta(minutes=1))] == ["a"]
    assert len(book.list_cases(care=False, limit=1)) == 1
    assert book.alert(first.id) == first
    assert book.alert("nothing") is None
    assert book.alert_count() == 3


def test_cases_raised_at_once_are_listed_by_their_windows(book):
    """An import of a year raises them in one transaction; the newest matters stand first all the same."""
    posts = [negative(str(n), published_at=NOW - timedelta(days=n)) for n in range(40)]
    Desk([surge(count=1)], SUBJECTS, book, Clock())(posts)
    listed = [case.alert.until for case in book.list_cases(care=False)]
    assert listed == sorted(listed, reverse=True)
    assert len(listed) == 40


def test_the_graver_is_listed_first_and_the_backlog_is_whole(book):
    """A short list holds the gravest however old it is; of equals the later window; the count knows of all."""
    clock = Clock()
    said = [surge(count=1, name=str(word), severity=word, channels=("ops",)) for word in reversed(Severity)]
    for hours, rule in [(0, said[0]), (2, said[1]), (1, said[1]), (0, said[2])]:
        Desk([rule], SUBJECTS, book, clock)([negative(rule.name, published_at=NOW - timedelta(hours=hours))])
        clock.pass_(minutes=1)
    listed = book.list_cases(care=False, limit=3, gravest_first=True)
    assert [(case.alert.severity, case.alert.until - NOW) for case in listed] == [
        (Severity.CRITICAL, timedelta(hours=1)),
        (Severity.WARNING, timedelta()),
        (Severity.WARNING, timedelta(hours=-1)),
    ]
    assert book.backlog(care=False, states=(CaseState.OPEN,)) == Backlog(4, NOW)
    assert book.backlog(care=True, states=(CaseState.OPEN,)) == Backlog(0, None)
    book.acknowledge(listed[0].alert.id, "me", NOW)
    assert book.backlog(care=False, states=(CaseState.OPEN,)) == Backlog(3, NOW + timedelta(minutes=1))


def test_a_nul_is_never_asked_for_and_never_kept(book):
    """PostgreSQL takes none: in a note it is left out, in an id it means that there is no such alert."""
    Desk([surge(count=1)], SUBJECTS, book, Clock())([negative("1")])
    (case,) = book.list_cases(care=False)
    assert book.alert(f"{case.alert.id}\0") is None
    assert book.close_case(case.alert.id, "me", CaseOutcome.RESOLVED, "已\0回复", NOW).note == "已回复"


def test_a_forgotten_author_leaves_every_page(book, tmp_path):
    """Evidence goes, and an alert grouped by the author no longer says so."""
    rules = [surge(count=1), surge(count=1, name="loud", group=Group.AUTHOR)]
    Desk(rules, SUBJECTS, book, Clock())([negative("1", author="pseudonym-1"), negative("2", author="pseudonym-2")])
    assert book.forget(author="pseudonym-1") == 2
    for case in book.list_cases(care=False):
        assert case.alert.group != "pseudonym-1"
        assert "pseudonym-1" not in {one.author for one in book.evidence(case.alert.id)}
    assert len(book.list_cases(care=False)) == 3


def test_old_evidence_is_forgotten_and_alerts_stay(book):
    """Retention removes what points at posts."""
    Desk([surge(count=1)], SUBJECTS, book, Clock())(
        [negative("1"), negative("2", published_at=NOW - timedelta(days=9))]
    )
    assert book.forget(before=NOW - timedelta(days=1)) == 1
    assert len(book.list_cases(care=False)) == 2
    with pytest.raises(ValueError, match="either"):
        book.forget()


def test_a_book_survives_being_closed_and_opened(tmp_path):
    """Everything is on disk."""
    url = f"sqlite:///{tmp_path}/book.db"
    one = Book(url)
    Desk([surge(count=1)], SUBJECTS, one, Clock())([negative("1")])
    before = one.list_cases(care=False)
    one.close()
    two = Book(url)
    assert two.list_cases(care=False) == before
    two.check()
    two.close()


def test_sqlite_is_asked_for_durability(sqlite_book):
    """Write-ahead log, and every commit on the disk before it is believed."""
    with sqlite_book._db.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_naive_times_are_refused(book):
    """A time without a zone is a bug, not a row."""
    with pytest.raises(Exception, match="naive time"):
        book.queue_mail("d", "a@example.invalid", created_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_locked_database_is_unavailable(sqlite_book, tmp_path):
    """The driver's error does not leave the book."""
    with sqlite_book._db.read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "data" / "book.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Unavailable, match="alert book"):
            sqlite_book.check()
    finally:
        other.close()
    sqlite_book.check()


def test_readers_are_not_held_up_by_a_writer(sqlite_book, tmp_path):
    """The dashboard reads while the desk writes."""
    other = sqlite3.connect(tmp_path / "data" / "book.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert sqlite_book.list_cases(care=False) == ()
    other.close()


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_written(sqlite_book):
    """What did not fit can be given again."""
    with sqlite_book._db.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    desk = Desk([surge()], SUBJECTS, sqlite_book, Clock())
    with pytest.raises(Unavailable):
        desk([negative(str(n)) for n in range(500)])
    with sqlite_book._db.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert sqlite_book.alert_count() == 0
    desk([negative(str(n)) for n in range(500)])
    assert sqlite_book.alert_count() == 1


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://h/x", "oracle+nothing://h"])
def test_a_url_that_cannot_work_is_refused_at_start(url):
    """The key is named."""
    with pytest.raises(Misconfigured, match=r"book\.url"):
        Book(url)


def test_a_file_that_is_something_else_is_refused_at_start(tmp_path):
    """Not overwritten, not ignored."""
    (tmp_path / "book.db").write_bytes(b"not a database, " * 100)
    with pytest.raises(Misconfigured, match=r"book\.db.*back-up"):
        Book(f"sqlite:///{tmp_path}/book.db")


def test_old_reports_lose_their_quotes_and_stay_sent(book: Book) -> None:
    """Past retention a digest keeps its row, so that its window is never mailed again, and none of its words."""
    since, until = NOW - timedelta(days=2), NOW - timedelta(days=1)
    told = {"since": since, "until": until, "body": "{}", "created_at": NOW}
    assert book.open_digest("daily-1", "daily", **told)
    book.forget(before=until)
    assert book.digest("daily-1").body == "{}"
    book.forget(before=NOW)
    assert book.digest("daily-1").body == ""
    assert not book.open_digest("daily-1", "daily", **told)


@pytest.mark.parametrize("wrong", [{"port": 1}, {"database": "nowhere"}, {"username": "nobody"}])
def test_a_server_that_cannot_be_reached_is_named_at_start(postgres, wrong):
    """Wrong addresses, users and databases are told in one line with what to look at, and without the password."""
    url = postgres.set(password="hunter2", **wrong).render_as_string(hide_password=False)
    with pytest.raises(Unavailable, match=r"book\.url: .*check address, user, password, and if") as refused:
        Book(url)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_a_url_need_not_name_the_driver(book_url):
    """`postgresql://` is what most people write; it is the same server, waited for no longer than any other."""
    with closing(Book(make_url(book_url).set(drivername="postgresql").render_as_string(hide_password=False))) as book:
        assert book._db.engine.url == make_url(book_url)
        book.check()


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_a_server_that_is_too_old_is_refused_at_start(book_url, monkeypatch):
    """One that cannot be told when to take a client for vanished is named with what to do."""
    monkeypatch.setattr(book_database, "_OLDEST", 99)
    with pytest.raises(Misconfigured, match=r"book\.url: this PostgreSQL is \d+; upgrade it to 99 or later"):
        Book(book_url)


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_a_server_that_takes_no_tables_is_refused_at_start(book_url):
    """A database where the user has no place for any is told in one line with what to do."""
    change(book_url, "search_path = nowhere")
    with pytest.raises(Misconfigured, match=r"book\.url: .*takes no tables; make its user the owner"):
        Book(book_url)


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_a_server_that_takes_no_writes_for_now_is_unavailable(book, book_url):
    """A standby, or a server that went read-only on a full disk, is waited for; nothing is given up as unhandled."""
    change(book_url, "default_transaction_read_only = on")
    book._db.engine.dispose()  # who comes anew is told
    desk = Desk([surge()], SUBJECTS, book, Clock())
    for call in (book.check, lambda: desk([negative("1")])):
        with pytest.raises(Unavailable):
            call()


def change(book_url, setting):
    """Change a setting of a database for whoever connects from now on."""
    url = make_url(book_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} SET {setting}"))
    engine.dispose()
