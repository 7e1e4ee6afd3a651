"""Several processes, one book: one has the turn, each delivery is claimed once, and no alert falls between two."""

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from alerts.book import Book
from alerts.desk import Desk
from configs.turns import PAUSE
from stream.ports import Unavailable
from tests.alerts.room import SUBJECTS, Clock, negative, surge
from tests.factories import NOW
from tests.stream.child import child, run_together

LEASE = timedelta(minutes=1)


def within(seconds: float, wish: Callable[[], bool]) -> float:
    """How long it took until a wish came true."""
    began = time.monotonic()
    while not wish():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


def test_one_has_the_turn_until_it_gives_it_up(book: Book) -> None:
    """The second waits; turns of other names are independent."""
    with closing(book.turn("timetable")) as first, closing(book.turn("timetable")) as second:
        assert first.take()
        assert first.take()
        assert not second.take()
        with closing(book.turn("alert")) as other:
            assert other.take()
        first.close()
        assert within(10, second.take) < 10  # a server learns of a closed connection in its own time
        assert not first.take()


def test_who_is_killed_loses_its_turn(book: Book, book_url: str) -> None:
    """kill -9 of the holder; the next to ask has it, long before 30 seconds."""
    code = f"from alerts.book import Book\nturn = Book({book_url!r}).turn('timetable')\nassert turn.take()"
    with closing(book.turn("timetable")) as turn:
        with child(code):
            assert not turn.take()
        assert within(10, turn.take) < 10


def test_a_turn_is_lost_with_its_connection(postgres: object, request: pytest.FixtureRequest) -> None:
    """A holder whom the server dropped is told so, is not sure of its turn, and may ask again."""
    url = str(getattr(postgres, "render_as_string")(hide_password=False))  # noqa: B009
    with closing(Book(url)) as book, closing(book.turn("x")) as turn:
        assert turn.take()
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as admin:
            holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            admin.execute(text(holders))
        engine.dispose()
        with pytest.raises(Unavailable):
            turn.take()
        assert turn.take()


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_a_holder_that_is_cut_off_knows_before_another_takes_over(book: Book) -> None:
    """Of a network that falls silent the holder hears first, and the server soon enough for a takeover in 30 seconds:
    both whether they wait for an answer or send one."""
    with closing(book.turn("x")) as turn:
        assert turn.take()
        connection = turn._connection
        with socket.socket(fileno=os.dup(connection.connection.dbapi_connection.fileno())) as mine:
            idle, interval = (
                mine.getsockopt(socket.IPPROTO_TCP, which) for which in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
            )
            at_most = mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
        settings = ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
        found = [
            connection.execute(text(f"SELECT setting::int FROM pg_settings WHERE name = 'tcp_{name}'")).scalar_one()
            for name in settings
        ]
    # the kernel looks whether the time is over when it knocks, so a silence ends with a knock
    told = PAUSE + max(at_most, idle + interval)
    server = min(found[3] / 1000, found[0] + found[1] * found[2])
    assert told + 5 < server
    assert max(found[3] / 1000, found[0] + found[1] * found[2]) + 2 * PAUSE < 30


def test_evidence_of_two_processes_adds_up(book: Book, book_url: str) -> None:
    """A rule that wants two posts raises its alert when two desks at two books write one each at the same moment."""
    rule = surge(count=2, window="1h")
    rounds = 25
    together = threading.Barrier(2)

    def work(desk: Desk, who: str) -> None:
        for number in range(rounds):
            post = negative(f"{who}{number}", published_at=NOW + timedelta(hours=number))
            together.wait(30)
            desk([post])

    with closing(Book(book_url)) as other, ThreadPoolExecutor(2) as pool:
        desks = [Desk([rule], SUBJECTS, one, Clock()) for one in (book, other)]
        for done in [pool.submit(work, desk, who) for desk, who in zip(desks, "ab", strict=True)]:
            done.result()
    assert book.alert_count() == rounds


def test_each_delivery_is_claimed_by_one(book: Book, book_url: str) -> None:
    """Four claimers at two books share out what is due; none gets what another has, and nothing is left."""
    rule = surge(count=1, window="1h")
    number = 40
    Desk([rule], SUBJECTS, book, Clock())(
        [negative(str(n), published_at=NOW + timedelta(hours=n)) for n in range(number)]
    )

    def claim(one: Book) -> list[str]:
        found = []
        while (delivery := one.claim_delivery("ops", NOW + timedelta(minutes=1), LEASE)) is not None:
            found.append(delivery.id)
        return found

    with closing(Book(book_url)) as other, ThreadPoolExecutor(4) as pool:
        claimed = [one for some in pool.map(claim, (book, other, book, other)) for one in some]
    assert len(claimed) == number
    assert len(set(claimed)) == number


def test_processes_that_start_together_make_one_book(book_url: str) -> None:
    """Three open an empty database at once; all of them can."""
    run_together([f"from alerts.book import Book\nBook({book_url!r}).close()"] * 3)
