"""The desk: the same posts in any order, repeated and cut into any batches, leave the same book."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from alerts.alert import CaseState
from alerts.book import Book
from alerts.book_tables import metadata
from alerts.desk import Desk
from stream.labels import Risk, SelfHarm, Sentiment
from tests.alerts.room import RULES, SUBJECTS, Clock, care, incident, killed, negative, surge
from tests.factories import NOW, judged


def told(book: Book, care: bool) -> list[object]:
    """Everything a book says of its alerts, to compare."""
    return sorted(
        (
            (case, book.deliveries(case.alert.id), book.evidence(case.alert.id))
            for case in book.list_cases(care=care, limit=10_000)
        ),
        key=lambda item: item[0].alert.id,
    )


@st.composite
def streams(draw):
    """Up to a dozen posts, some of them in several versions, and two ways of handing them over."""
    posts = [
        judged(
            str(draw(st.integers(0, 5))),
            subjects=draw(st.sampled_from([("yunting",), ("yunting", "qiugui"), ("luyu",), ()])),
            sentiment=draw(st.sampled_from(list(Sentiment))),
            risks=draw(st.sampled_from([(), (Risk.SAFETY,)])),
            self_harm=draw(st.sampled_from([SelfHarm.NONE, SelfHarm.NONE, SelfHarm.NONE, SelfHarm.CRISIS])),
            author=draw(st.sampled_from(["a1", "a2", ""])),
            published_at=NOW + timedelta(minutes=draw(st.sampled_from([-70, -1, 0, 30]))),
            # each version was fetched at its own time, so that "newest" has one answer
            fetched_at=NOW + timedelta(days=draw(st.sampled_from([0, 0, 9])), hours=1, seconds=number),
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    return [handed_over(draw, posts) for _ in range(2)]


def handed_over(draw, posts):
    """The posts shuffled, some repeated, cut into batches."""
    order = draw(st.permutations(posts + draw(st.lists(st.sampled_from(posts), max_size=5))))
    batches, size = [], draw(st.sampled_from([1, 4, 9]))
    while order:
        batches, order = [*batches, order[:size]], order[size:]
    return batches


@pytest.fixture(scope="module")
def two_books(tmp_path_factory):
    """Two books to compare, which need not survive a power cut."""
    folder = tmp_path_factory.mktemp("books")
    made = [Book(f"sqlite:///{folder}/{number}.db") for number in (1, 2)]
    for one in made:
        connection = one._db.engine.raw_connection()
        connection.execute("PRAGMA synchronous = OFF")
        connection.close()
    yield made
    for one in made:
        one.close()


@settings(max_examples=60)
@given(stream=streams())
def test_order_repetition_and_batches_do_not_matter(two_books, stream):
    """Alerts, cases, deliveries and evidence are the same however the posts arrive."""
    seen = []
    for book, batches in zip(two_books, stream, strict=True):
        with book._db.write() as connection:
            for table in metadata.tables.values():
                connection.execute(table.delete())
        desk = Desk(RULES, SUBJECTS, book, Clock())
        for batch in batches:
            desk(batch)
        seen.append((told(book, care=False), told(book, care=True)))
    assert seen[0] == seen[1]


def test_the_alert_is_raised_with_the_post_that_reaches_the_count_and_only_then(book):
    """Two posts are silence, the third one alert with a case and a delivery, the fourth evidence only."""
    desk = Desk([surge()], SUBJECTS, book, Clock())
    desk([negative("1"), negative("2")])
    assert told(book, care=False) == []
    desk([negative("3")])
    ((case, deliveries, evidence),) = told(book, care=False)
    assert (case.alert.group, len(deliveries), len(evidence)) == ("yunting", 1, 3)
    desk([negative("4")])
    ((case_later, deliveries_later, evidence_later),) = told(book, care=False)
    assert (case_later, deliveries_later, len(evidence_later)) == (case, deliveries, 4)


def test_a_tombstone_raises_nothing(book):
    """A deleted post is no voice, whatever is said of it."""
    desk = Desk([surge(count=1)], SUBJECTS, book, Clock())
    desk([negative("1", deleted=True)])
    assert told(book, care=False) == []
    desk([negative("1")])
    assert len(told(book, care=False)) == 1


def test_a_newer_fetch_of_a_post_is_not_a_second_voice(book):
    """Three versions of one post count once, and the newest is kept."""
    desk = Desk([surge(count=2)], SUBJECTS, book, Clock())
    for hours in (3, 1, 2):
        desk([negative("1", fetched_at=NOW + timedelta(hours=hours), fingerprint=f"v{hours}")])
    assert told(book, care=False) == []
    desk([negative("2")])
    ((_, _, evidence),) = told(book, care=False)
    assert {one.fingerprint for one in evidence} == {"v3", judged("2").fingerprint}


def test_windows_are_told_apart_by_the_time_of_publication(book):
    """Three posts across an hour's edge do not meet."""
    desk = Desk([surge()], SUBJECTS, book, Clock())
    desk([negative(str(n), published_at=NOW + timedelta(minutes=n)) for n in (-2, -1, 0, 59)])
    assert told(book, care=False) == []
    desk([negative("9", published_at=NOW + timedelta(minutes=30))])
    ((case, _, _),) = told(book, care=False)
    assert (case.alert.since, case.alert.until) == (NOW, NOW + timedelta(hours=1))


DAYS, A_YEAR = timedelta(days=8), timedelta(days=365)


def test_an_import_of_last_year_wakes_nobody(book):
    """One complaint a day, fetched today: each is an alert with a case and its evidence, and nothing is owed."""
    posts = [negative(str(n), published_at=NOW - timedelta(days=n), fetched_at=NOW) for n in range(365)]
    Desk([surge(count=1)], SUBJECTS, book, Clock())(posts)
    found = told(book, care=False)
    assert Counter((case.state, len(deliveries), len(evidence)) for case, deliveries, evidence in found) == {
        (CaseState.OPEN, 1, 1): 9,
        (CaseState.PAST, 0, 1): 356,
    }


def test_what_was_fetched_in_time_is_told_however_late_it_is_read(book):
    """The age of a window is measured to the fetch: a worker that was down for weeks tells all."""
    clock = Clock(NOW + timedelta(days=30))
    window = timedelta(hours=1)
    Desk([surge(count=1)], SUBJECTS, book, clock)([negative("1", fetched_at=NOW + window + DAYS)])
    ((case, deliveries, _),) = told(book, care=False)
    assert (case.state, len(deliveries)) == (CaseState.OPEN, 1)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize(("late", "state"), [(1, CaseState.PAST), (0, CaseState.OPEN)])
def test_people_are_told_when_enough_was_fetched_in_time(book, order, late, state):
    """With a count of two: one post of that day and one found a year later are history, two of that day and a late one
    are told, whatever comes first."""
    ages = [timedelta(), A_YEAR if late else timedelta(), A_YEAR]
    desk = Desk([surge(count=2)], SUBJECTS, book, Clock())
    for n in order:
        desk([negative(str(n), fetched_at=NOW + ages[n])])
    ((case, deliveries, evidence),) = told(book, care=False)
    assert (case.state, len(deliveries), len(evidence)) == (state, state is CaseState.OPEN, 3)


@pytest.mark.parametrize("first", [timedelta(), A_YEAR])
def test_a_post_seen_in_time_stays_in_time_when_it_is_seen_again(book, first):
    """An import that brings a post of that day once more changes nothing about when it was found."""
    desk = Desk([surge(count=2)], SUBJECTS, book, Clock())
    for age in (first, A_YEAR - first):
        desk([negative("1", fetched_at=NOW + age)])
    desk([negative("2")])
    ((case, deliveries, evidence),) = told(book, care=False)
    assert (case.state, len(deliveries)) == (CaseState.OPEN, 1)
    assert {one.fetched_at for one in evidence} == {NOW, NOW + A_YEAR}


def test_what_turns_grave_later_is_told(book):
    """A ticket known since its day that says only a year later what the rule looks for wakes people then."""
    desk = Desk([surge(count=1)], SUBJECTS, book, Clock())
    desk([negative("1", fetched_at=NOW + A_YEAR, known_since=NOW)])
    ((case, deliveries, _),) = told(book, care=False)
    assert (case.state, len(deliveries)) == (CaseState.OPEN, 1)


def test_a_case_of_the_past_begins_when_people_are_told(book):
    """Its clock starts then; one that somebody had answered is not asked again."""
    clock = Clock()
    desk = Desk([surge(count=1), surge(count=1, name="other")], SUBJECTS, book, clock)
    desk([negative("1", fetched_at=NOW + A_YEAR)])
    answered, waits = [case.alert.id for case, *_ in told(book, care=False)]
    assert book.acknowledge(answered, "me", NOW).state is CaseState.ACKNOWLEDGED
    clock.pass_(hours=1)
    desk([negative("2")])
    kept = {
        case.alert.id: (case.state, case.opened_at, len(deliveries)) for case, deliveries, _ in told(book, care=False)
    }
    assert kept == {
        answered: (CaseState.ACKNOWLEDGED, NOW, 0),
        waits: (CaseState.OPEN, NOW + timedelta(hours=1), 1),
    }


def test_ordinary_deliveries_wait_for_the_store_and_care_does_not(book):
    """The grace lets a notice quote; a person at risk does not wait for it."""
    desk = Desk([surge(count=1), care()], SUBJECTS, book, Clock(), grace=timedelta(seconds=5))
    desk([negative("1"), judged("2", self_harm=SelfHarm.CONCERN)])
    ((_, (ordinary,), _),) = told(book, care=False)
    ((_, (urgent,), _),) = told(book, care=True)
    assert (ordinary.due_at - NOW, urgent.due_at - NOW) == (timedelta(seconds=5), timedelta())


def test_the_book_keeps_no_words_and_no_names(tmp_path):
    """Nothing of a post's text or title reaches the disk of the alert room."""
    book = Book(f"sqlite:///{tmp_path}/book.db")
    desk = Desk([surge(count=1), care()], SUBJECTS, book, Clock())
    words = {"text": "杯子里喝出钢丝球", "title": "投诉茶饮店", "quoted": "转述的话"}
    desk([negative("1", **words), judged("2", self_harm=SelfHarm.CRISIS, **words)])
    book.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"surge-" in stored
    assert not any(said.encode() in stored for said in words.values())


def test_posts_that_match_nothing_cost_next_to_nothing(book):
    """Ten rules look at 20,000 quiet posts well within the second that 10,000 may take each."""
    desk = Desk([surge(name=f"r{n}") for n in range(10)], SUBJECTS, book, Clock())
    posts = [judged(str(n), subjects=("yunting",)) for n in range(1000)]
    start = time.process_time()
    for _ in range(20):
        desk(posts)
    assert time.process_time() - start < 2


def test_killed_anywhere_and_started_again_the_book_is_the_same(tmp_path):
    """SIGKILL before each statement and each commit in turn, then the same batches again: none lost, none twice."""
    undisturbed = Book(f"sqlite:///{tmp_path}/undisturbed.db")
    desk = Desk(RULES, SUBJECTS, undisturbed, Clock())
    steps = counted(undisturbed, lambda _: None)
    for batch in incident():
        desk(batch)
    assert len(steps) > 10
    url = f"sqlite:///{tmp_path}/disturbed.db"

    def up_to(last: int) -> None:
        book = Book(url)
        counted(book, lambda done: os.kill(os.getpid(), signal.SIGKILL) if done == last else None)
        desk = Desk(RULES, SUBJECTS, book, Clock())
        for batch in incident():
            desk(batch)

    for step in range(1, len(steps) + 1):
        # what was raised by an earlier try makes later ones shorter, so each begins with an empty book
        for file in tmp_path.glob("disturbed.db*"):
            file.unlink()
        killed(lambda step=step: up_to(step))
        book = Book(url)
        desk = Desk(RULES, SUBJECTS, book, Clock())
        for batch in incident():
            desk(batch)
        for which in (False, True):
            assert told(book, care=which) == told(undisturbed, care=which) != []
        book.close()
    undisturbed.close()


def counted(book, step):
    """Call `step` with a running number before each statement and commit of this book."""
    done = []

    def count(*_):
        done.append(None)
        step(len(done))

    event.listen(book._db.engine, "before_cursor_execute", count)
    event.listen(book._db.engine, "commit", count)
    return done
