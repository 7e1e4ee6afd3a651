"""Dispatch: everything due is told, tried again until a deadline, and told once unless we died in between."""

import os
import signal
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.book import Book
from alerts.channels import Busy
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.notices import Composer
from alerts.owed import OutboxState
from stream.labels import SelfHarm
from stream.ports import Rejected, Unavailable
from stream.retry import Backoff
from tests.alerts.room import SUBJECTS, Clock, care, killed, negative, surge
from tests.factories import NOW, judged

BACKOFF = Backoff(first=10, cap=600, random=lambda: 0.0)


class Outside:
    """A channel to the outside world that does what it is told: each fault is raised once, then it takes."""

    def __init__(self, name: str, *faults: BaseException) -> None:
        self.name = name
        self.faults = list(faults)
        self.taken: list[str] = []

    def send(self, notice: str) -> None:
        """Take, or fail as planned."""
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(notice)


def raised(book: Book, clock: Clock, *posts, rules=None) -> None:
    """Put posts on the desk."""
    rules = rules or [surge(count=1, channels=("ops", "boss"))]
    Desk(rules, SUBJECTS, book, clock, grace=timedelta())(posts)


def dispatcher(book: Book, clock: Clock, *channels: Outside, **fields) -> Dispatcher:
    """A dispatcher whose notices are the delivery ids alone."""
    given = {"guardians": ("guardians", "lead"), "backoff": BACKOFF, **fields}
    return Dispatcher(book, channels, lambda delivery: delivery.id, clock, **given)


def states(book: Book) -> dict[str, int]:
    """How many deliveries stand where, without the zeros."""
    return {state.value: number for state, number in book.delivery_counts().items() if number}


def test_each_channel_of_a_rule_is_told_once(book):
    """However often it is asked."""
    clock, ops, boss = Clock(), Outside("ops"), Outside("boss")
    raised(book, clock, negative("1"))
    post = dispatcher(book, clock, ops, boss)
    assert [post.deliver_due(), post.deliver_due()] == [2, 0]
    assert (len(ops.taken), len(boss.taken), states(book)) == (1, 1, {"sent": 2})


def test_an_outage_is_waited_out_with_growing_pauses(book):
    """Not before the pause has passed, then again; the other channel is not held up."""
    clock, ops, boss = Clock(), Outside("ops", Unavailable("x"), Unavailable("x")), Outside("boss")
    raised(book, clock, negative("1"))
    post = dispatcher(book, clock, ops, boss)
    assert post.deliver_due() == 1
    clock.pass_(seconds=9)
    assert (post.deliver_due(), len(ops.faults)) == (0, 1)
    clock.pass_(seconds=1)
    assert (post.deliver_due(), len(ops.faults)) == (0, 0)
    clock.pass_(seconds=19)
    assert post.deliver_due() == 0
    clock.pass_(seconds=1)
    assert (post.deliver_due(), len(ops.taken), states(book)) == (1, 1, {"sent": 2})


def test_a_pause_that_the_receiver_asks_for_is_kept(book):
    """Retry-After is longer than our own backoff here."""
    clock, ops = Clock(), Outside("ops", Busy("x", timedelta(minutes=5)))
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    post = dispatcher(book, clock, ops)
    post.deliver_due()
    clock.pass_(seconds=299)
    assert post.deliver_due() == 0
    clock.pass_(seconds=1)
    assert post.deliver_due() == 1


def test_a_pause_is_asked_of_the_channel_and_care_does_not_wait_for_it(book):
    """After one refusal nothing more is sent until the pause is over, but for people at risk."""
    clock, ops = Clock(), Outside("ops", Busy("x", timedelta(minutes=5)))
    rules = [surge(count=1, window="1m"), care(channels=("ops",), escalate_to=())]
    raised(book, clock, *(negative(str(n), published_at=NOW - timedelta(minutes=n)) for n in range(3)), rules=rules)
    post = dispatcher(book, clock, ops)
    assert (post.deliver_due(), len(ops.faults)) == (0, 0)
    clock.pass_(minutes=4)
    raised(book, clock, judged("9", self_harm=SelfHarm.CRISIS), rules=rules)
    assert post.deliver_due() == 1
    clock.pass_(minutes=1)
    assert (post.deliver_due(), states(book)) == (3, {"sent": 4})


def test_care_is_put_off_no_longer_than_our_own_backoff(book):
    """A pause that the receiver answered a care notice with is kept by the others, and not by that notice."""
    clock, ops = Clock(), Outside("ops", Busy("x", timedelta(minutes=9)))
    rules = [surge(count=1), care(channels=("ops",), escalate_to=())]
    compose = Composer(book, {}.get, SUBJECTS, lambda some: [0 for _ in some], "http://case/", clock=clock)
    post = Dispatcher(book, [ops], compose, clock, guardians=("ops",), backoff=BACKOFF)
    raised(book, clock, judged("9", self_harm=SelfHarm.CRISIS), negative("1"), rules=rules)
    assert (post.deliver_due(), len(ops.faults)) == (0, 0)
    clock.pass_(seconds=9)
    assert post.deliver_due() == 0
    clock.pass_(seconds=1)
    assert (post.deliver_due(), [type(one).__name__ for one in ops.taken]) == (1, ["CareNotice"])
    clock.pass_(minutes=9)
    assert (post.deliver_due(), [type(one).__name__ for one in ops.taken]) == (1, ["CareNotice", "Notice"])


def test_what_is_refused_has_failed_and_is_not_tried_again(book):
    """Visible and counted, with the error's class."""
    clock, ops = Clock(), Outside("ops", Rejected("no", ["1"]))
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    post = dispatcher(book, clock, ops)
    post.deliver_due()
    clock.pass_(hours=1)
    assert (post.deliver_due(), states(book)) == (0, {"failed": 1})
    (delivery,) = book.deliveries(book.list_cases(care=False)[0].alert.id)
    assert delivery.error == "Rejected"


def test_after_the_deadline_a_delivery_has_failed(book):
    """One last try at the deadline, then no more."""
    clock = Clock()
    ops = Outside("ops", *(Unavailable("x") for _ in range(1000)))
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    post = dispatcher(book, clock, ops, deadline=timedelta(hours=1))
    for _ in range(61):
        assert states(book) == {"pending": 1}
        post.deliver_due()
        clock.pass_(minutes=1)
    assert states(book) == {"failed": 1}
    tries = len(ops.faults)
    clock.pass_(hours=1)
    assert (post.deliver_due(), len(ops.faults)) == (0, tries)


def test_a_delivery_to_a_channel_that_no_longer_exists_fails_at_the_deadline(book):
    """It does not wait for ever unseen."""
    clock = Clock()
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    post = dispatcher(book, clock, Outside("boss"), deadline=timedelta(hours=1))
    post.deliver_due()
    clock.pass_(hours=1, seconds=1)
    post.deliver_due()
    assert states(book) == {"failed": 1}


def test_after_an_outage_of_ours_a_delivery_is_tried_once_more(book):
    """Down for two days: late is better than never."""
    clock, ops = Clock(), Outside("ops")
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    clock.pass_(days=2)
    assert dispatcher(book, clock, ops).deliver_due() == 1


def test_killed_before_or_after_sending_each_notice_is_told_under_one_id(book, tmp_path):
    """SIGKILL in the middle of a send, then a restart: nothing lost, and what is repeated has the same id."""
    clock, outside = Clock(), tmp_path / "outside"

    class Killing(Outside):
        def send(self, notice: str) -> None:
            if self.name == "ops":  # after the receiver has it, before we know
                outside.write_text(notice)
            os.kill(os.getpid(), signal.SIGKILL)

    raised(book, clock, negative("1"))
    book.close()  # connections do not survive a fork
    for name in ("ops", "boss"):
        killed(lambda name=name: dispatcher(book, clock, Killing(name)).deliver_due())
    book.release_claims()
    ops, boss = Outside("ops"), Outside("boss")
    assert dispatcher(book, clock, ops, boss).deliver_due() == 2
    assert ops.taken == [outside.read_text()]
    assert states(book) == {"sent": 2}


def test_a_notice_that_cannot_be_made_does_not_stop_the_others(book):
    """The broken one waits its turn, the good one is told."""
    clock, ops = Clock(), Outside("ops", ZeroDivisionError())
    rules = [surge(count=1), surge(count=1, name="second")]
    raised(book, clock, negative("1"), rules=rules)
    assert dispatcher(book, clock, ops).deliver_due() == 1
    assert states(book) == {"pending": 1, "sent": 1}


def test_dying_between_sending_and_settling_sends_again_under_the_same_id(book):
    """Once the claim has run out, or at once where the book is told that nobody else delivers."""
    clock = Clock()
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    first = book.claim_delivery("ops", clock(), timedelta(seconds=30))
    again = Outside("ops")
    post = dispatcher(book, clock, again)
    assert post.deliver_due() == 0
    clock.pass_(seconds=30)
    assert post.deliver_due() == 1
    assert again.taken == [first.id]


def test_claims_of_a_dead_process_can_be_given_back(book):
    """A restart on one machine does not wait for the lease."""
    clock = Clock()
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    book.claim_delivery("ops", clock(), timedelta(days=1))
    book.release_claims()
    assert dispatcher(book, clock, Outside("ops")).deliver_due() == 1


def test_a_start_takes_no_claim_from_a_living_process(tmp_path):
    """What `guanlan digest` or `work alert` is sending beside a run that starts is not sent twice; once it has died,
    the next start gives its claims back."""
    url, clock, lease = f"sqlite:///{tmp_path / 'book.db'}", Clock(), timedelta(minutes=5)
    with closing(Book(url)) as starting, closing(Book(url)) as living:
        starting.queue_mail("d", "a@example.invalid", created_at=clock())
        raised(starting, clock, negative("1"), rules=[surge(count=1)])
        assert living.claim_mail(clock(), lease)
        starting.release_claims()
        assert starting.claim_mail(clock(), lease) is None
        assert starting.claim_delivery("ops", clock(), lease)
        living.close()
        starting.release_claims()
        assert starting.claim_mail(clock(), lease)
        assert starting.claim_delivery("ops", clock(), lease)


def test_a_dead_channel_holds_up_no_other(book):
    """While one channel hangs in a send, the other is told."""
    clock, told = Clock(), threading.Event()

    class Hanging(Outside):
        def send(self, notice: str) -> None:
            assert told.wait(10), "the other channel was never told"
            super().send(notice)

    class Telling(Outside):
        def send(self, notice: str) -> None:
            super().send(notice)
            told.set()

    raised(book, clock, negative("1"))
    ops, boss = Hanging("ops"), Telling("boss")
    assert dispatcher(book, clock, ops, boss).deliver_due() == 2


def test_running_delivers_what_comes_and_stops_when_told(book):
    """The loop notices new deliveries by itself."""
    clock, stop, told = Clock(), threading.Event(), threading.Event()

    class Telling(Outside):
        def send(self, notice: str) -> None:
            super().send(notice)
            told.set()

    ops = Telling("ops")
    thread = threading.Thread(target=dispatcher(book, clock, ops).run, args=(stop,))
    thread.start()
    raised(book, clock, negative("1"), rules=[surge(count=1)])
    assert told.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert states(book) == {"sent": 1}


@pytest.mark.parametrize("book_url", ["sqlite"], indirect=True)
def test_a_book_that_was_away_is_looked_at_within_seconds(book):
    """However long it was away: what is due to people at risk does not wait as long as a receiver's failures would."""
    pauses: list[float] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            if len(pauses) > 60:
                self.set()
            return self.is_set()

    with book._db.write() as connection:
        connection.execute(text("DROP TABLE deliveries"))
    dispatcher(book, Clock(), Outside("guardians")).run(Stopping())
    assert 2 < max(pauses) <= 5


def test_a_fatal_error_stops_everything_loudly(book):
    """A clock that breaks is nobody's outage: run ends, sets stop and raises."""

    def broken():
        raise ZeroDivisionError

    stop = threading.Event()
    with pytest.raises(ZeroDivisionError):
        Dispatcher(book, [Outside("ops")], str, broken, guardians=(), backoff=BACKOFF).run(stop)
    assert stop.is_set()


def test_an_unanswered_care_case_is_told_again_by_the_dispatcher(book):
    """The answer clock runs wherever deliveries run."""
    clock, guardians, lead = Clock(), Outside("guardians"), Outside("lead")
    raised(book, clock, judged("1", self_harm=SelfHarm.CRISIS), rules=[care()])
    post = dispatcher(book, clock, guardians, lead)
    assert post.deliver_due() == 1
    clock.pass_(minutes=15)
    assert post.deliver_due() == 2
    assert (len(set(guardians.taken)), len(lead.taken)) == (2, 1)
    assert states(book) == {"sent": 3}
    assert book.delivery_counts()[OutboxState.FAILED] == 0


def test_a_care_case_reaches_people_after_its_channels_were_renamed(book, caplog):
    """Today's guardians are told at the next round, and an error names the channel that is gone, once."""
    clock, told = Clock(), Outside("guardians-new")
    raised(book, clock, judged("1", self_harm=SelfHarm.CRISIS), rules=[care()])
    post = dispatcher(book, clock, told, guardians=("guardians-new",))
    for _ in range(3):
        clock.pass_(minutes=15)
        assert post.deliver_due() == 1
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "'guardians'" in errors[0]
