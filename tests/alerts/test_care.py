"""Care: one alert for each person at risk, told again until somebody answers, every look written down."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from alerts.alert import CaseOutcome, CaseState
from alerts.book import Book
from alerts.book_cases import NoSuchCase
from alerts.book_tables import cases
from alerts.care import care_notice, guidance
from alerts.desk import Desk
from alerts.owed import OutboxState
from stream.labels import SelfHarm
from tests.alerts.room import SUBJECTS, Clock, care, negative, surge, until_another_waits
from tests.factories import NOW, judged


def at_risk(native: str = "1", level: SelfHarm = SelfHarm.CRISIS, **fields):
    """A post whose words do not matter here."""
    return judged(native, self_harm=level, subjects=(), text="……", **fields)


def escalated(book: Book, clock: Clock) -> tuple[str, ...]:
    """Who is told again while all channels are there."""
    return tuple(book.escalate(clock(), ("guardians", "lead"), ()))


def test_every_post_is_an_alert_of_its_own(book):
    """The same author, hour and story: still one alert a post, for nobody is grouped away."""
    Desk([care()], SUBJECTS, book, Clock())([at_risk(str(n), fingerprint="same") for n in range(5)])
    assert len(book.list_cases(care=True)) == 5
    assert book.list_cases(care=False) == ()


def test_reposts_of_a_cry_are_the_case_of_whoever_wrote_it(book):
    """Five hundred who pass it on are no five hundred people at risk; one who cries under it is."""
    desk = Desk([care()], SUBJECTS, book, Clock())
    root = at_risk("9")
    echoes = [replace(at_risk(str(n), parent=root.post.id), echo=True) for n in range(20, 30)]
    desk([*echoes, root, at_risk("8", parent=root.post.id)])
    assert len(book.list_cases(care=True)) == 2
    desk([replace(at_risk("31", parent="weibo-gone"), echo=True)])
    assert len(book.list_cases(care=True)) == 3


def test_who_waits_for_an_answer_is_listed_first(book):
    """However many newer cases are in hand, a short list begins with the one that nobody has answered."""
    clock = Clock()
    desk = Desk([care()], SUBJECTS, book, clock)
    for native in ("1", "2", "3"):
        desk([at_risk(native)])
        clock.pass_(minutes=1)
    *newer, oldest = book.list_cases(care=True)
    for answered in newer:
        book.acknowledge(answered.alert.id, "me", NOW)
    assert book.list_cases(care=True, limit=1)[0].alert.id == oldest.alert.id


def test_a_newer_fetch_tells_again_only_when_it_is_graver(book):
    """The same level again is no news; from concern to crisis is."""
    desk = Desk([care()], SUBJECTS, book, Clock())
    desk([at_risk(level=SelfHarm.CONCERN)])
    desk([at_risk(level=SelfHarm.CONCERN, fetched_at=NOW + timedelta(hours=1))])
    assert len(book.list_cases(care=True)) == 1
    desk([at_risk(level=SelfHarm.CRISIS, fetched_at=NOW + timedelta(hours=2))])
    assert {case.alert.level for case in book.list_cases(care=True)} == {SelfHarm.CONCERN, SelfHarm.CRISIS}


def test_a_better_known_time_of_publication_is_no_second_alert(book):
    """A care alert has no window: a post whose time was a guess at first is still the same post."""
    desk = Desk([care()], SUBJECTS, book, Clock())
    for hours in (0, 5):
        desk([at_risk(published_at=NOW - timedelta(hours=hours), fetched_at=NOW + timedelta(hours=hours))])
    assert len(book.list_cases(care=True)) == 1


def test_a_post_of_last_year_is_told(book):
    """However long ago somebody was at risk, guardians decide what that means today."""
    Desk([care()], SUBJECTS, book, Clock())([at_risk(published_at=NOW - timedelta(days=365), fetched_at=NOW)])
    (case,) = book.list_cases(care=True)
    assert (case.state, waiting(book, case.alert.id)) == (CaseState.OPEN, [(0, "guardians")])


def test_unanswered_it_is_told_again_and_again_to_more_people(book):
    """Each acknowledge_within without an answer is a round to guardians and those it escalates to."""
    clock = Clock()
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    clock.pass_(minutes=14, seconds=59)
    assert escalated(book, clock) == ()
    for passed in (1, 900, 900):
        clock.pass_(seconds=passed)
        assert escalated(book, clock) == (case.alert.id,)
        assert escalated(book, clock) == ()
    rounds = [(delivery.round, delivery.channel) for delivery in book.deliveries(case.alert.id)]
    assert rounds == [
        (0, "guardians"), (1, "guardians"), (1, "lead"), (2, "guardians"), (2, "lead"), (3, "guardians"), (3, "lead"),
    ]  # fmt: skip


def test_after_a_long_outage_one_round_goes_out(book):
    """Ten hours down is not forty messages."""
    clock = Clock()
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    clock.pass_(hours=10)
    assert len(escalated(book, clock)) == 1
    assert escalated(book, clock) == ()


def test_a_case_outlives_the_names_of_its_channels(book):
    """Where a channel it remembers is served no more, those of today's rules are told from then on, with those that
    are left; told once what was wrong."""
    clock, today = Clock(), ("guardians-new", "lead-new")
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    for served, gone in (
        (("guardians", "lead"), ()),
        (("guardians", *today), ("lead",)),
        (("guardians", *today), ()),
        (today, ("guardians",)),
    ):
        clock.pass_(minutes=15)
        assert book.escalate(clock(), served, today) == {case.alert.id: gone}
    rounds = [(one.round, one.channel) for one in book.deliveries(case.alert.id)]
    assert rounds == [
        (0, "guardians"),
        (1, "guardians"), (1, "lead"),
        (2, "guardians"), (2, "guardians-new"), (2, "lead-new"),
        (3, "guardians"), (3, "guardians-new"), (3, "lead-new"),
        (4, "guardians-new"), (4, "lead-new"),
    ]  # fmt: skip


def test_on_a_shared_channel_care_is_told_before_a_flood(book):
    """However long the others have been due."""
    clock, lease = Clock(), timedelta(minutes=1)
    rules = [surge(count=1), care(channels=("ops",), escalate_to=())]
    desk = Desk(rules, SUBJECTS, book, clock)
    desk([negative(str(n), published_at=NOW - timedelta(hours=n)) for n in range(5)])
    clock.pass_(minutes=1)
    desk([at_risk("9")])
    (case,) = book.list_cases(care=True)
    assert book.claim_delivery("ops", clock(), lease).alert_id == case.alert.id
    assert book.claim_delivery("ops", clock(), lease, care_only=True) is None
    assert book.claim_delivery("ops", clock(), lease) is not None


def waiting(book: Book, alert_id: str) -> list[tuple[int, str]]:
    """Round and channel of what is still owed."""
    owed = book.deliveries(alert_id)
    return [(one.round, one.channel) for one in owed if one.state is OutboxState.PENDING]


def test_a_channel_that_was_away_is_told_once(book):
    """Ten hours without a channel are not forty messages either: each round takes the place of the one before."""
    clock = Clock()
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    for round_ in range(1, 41):
        clock.pass_(minutes=15)
        escalated(book, clock)
        assert waiting(book, case.alert.id) == [(round_, "guardians"), (round_, "lead")]
    replaced = [one for one in book.deliveries(case.alert.id) if one.state is OutboxState.FAILED]
    assert (len(replaced), {one.error for one in replaced}) == (79, {"Superseded"})
    assert replaced[0].settled_at == NOW + timedelta(minutes=15)


def test_a_channel_that_takes_no_round_is_undelivered(book):
    """Each round takes the place of the one that failed, so that nothing fails for good: it counts from the first round
    that was missed until one arrives or somebody answers, and once however many rounds were missed."""
    clock, lease, day = Clock(), timedelta(minutes=1), timedelta(days=1)
    Desk([care(escalate_to=())], SUBJECTS, book, clock)([at_risk("1"), at_risk("2")])
    for _ in range(3):
        for _ in range(2):
            failing = book.claim_delivery("guardians", clock(), lease)
            assert book.put_off(failing, clock(), lease, day, "Unavailable")
        counted = book.undelivered(clock())
        clock.pass_(minutes=15)
        escalated(book, clock)
    assert (counted, book.undelivered(clock())) == (2, 2)
    book.settle(book.claim_delivery("guardians", clock(), lease), OutboxState.SENT, clock())
    assert book.undelivered(clock()) == 1
    (case,) = [one for one in book.list_cases(care=True) if waiting(book, one.alert.id)]
    book.acknowledge(case.alert.id, "guardian-1", clock())
    assert book.undelivered(clock()) == 0


def test_a_notice_under_way_is_not_superseded(book):
    """What is being sent while the next round is owed, or while somebody answers, still settles as what it was."""
    clock, lease = Clock(), timedelta(minutes=1)
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    clock.pass_(minutes=15)
    first = book.claim_delivery("guardians", clock(), lease)
    escalated(book, clock)
    book.settle(first, OutboxState.SENT, clock())
    second = book.claim_delivery("guardians", clock(), lease)
    book.acknowledge(case.alert.id, "guardian-1", clock())
    assert waiting(book, case.alert.id) == [(1, "guardians")]
    book.settle(second, OutboxState.SENT, clock())
    assert [(one.round, one.channel, one.state) for one in book.deliveries(case.alert.id)] == [
        (0, "guardians", OutboxState.SENT), (1, "guardians", OutboxState.SENT), (1, "lead", OutboxState.FAILED),
    ]  # fmt: skip


def test_a_notice_under_way_that_fails_is_not_repeated_beside_the_next_round(book):
    """The round that was owed meanwhile takes its place, also past the deadline, unless it goes to others only."""
    clock, lease = Clock(), timedelta(minutes=1)
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    clock.pass_(minutes=15)
    for round_, deadline in ((1, timedelta(days=1)), (2, timedelta())):
        failing = book.claim_delivery("guardians", clock(), lease)
        escalated(book, clock)
        assert book.put_off(failing, clock(), lease, deadline, "Unavailable")
        assert waiting(book, case.alert.id) == [(round_, "guardians"), (round_, "lead")]
        clock.pass_(minutes=15)
    first = book.deliveries(case.alert.id)[0]
    assert (first.error, first.settled_at) == ("Superseded", NOW + timedelta(minutes=15))
    failing = book.claim_delivery("guardians", clock(), lease)
    book.escalate(clock(), ("lead",), ())
    assert book.put_off(failing, clock(), lease, timedelta(days=1), "Unavailable")
    assert waiting(book, case.alert.id) == [(2, "guardians"), (3, "lead")]


@pytest.mark.parametrize("answer", ["acknowledge", "close"])
def test_a_repeat_under_way_that_fails_after_an_answer_is_not_sent_again(book, answer):
    """It ends as those that waited do; a first notice is tried on, for every guardian learns of the case."""
    clock, lease = Clock(), timedelta(minutes=1)
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    first = book.claim_delivery("guardians", clock(), lease)
    book.escalate(clock() + timedelta(minutes=15), ("lead",), ())
    repeat = book.claim_delivery("lead", clock() + timedelta(minutes=15), lease)
    if answer == "acknowledge":
        book.acknowledge(case.alert.id, "guardian-1", clock())
    else:
        book.close_case(case.alert.id, "guardian-1", CaseOutcome.REFERRED, "", clock())
    for failing in (first, repeat):
        assert book.put_off(failing, clock(), lease, timedelta(days=1), "Unavailable")
    assert waiting(book, case.alert.id) == [(0, "guardians")]
    assert [one.error for one in book.deliveries(case.alert.id)] == ["Unavailable", "Superseded"]


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_an_answer_at_the_moment_of_a_failure_is_not_missed(book, book_url):
    """A sender that puts a repeat off while another process is writing down the answer waits for it, and ends it."""
    clock, lease = Clock(), timedelta(minutes=1)
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    clock.pass_(minutes=15)
    escalated(book, clock)
    repeat = book.claim_delivery("lead", clock(), lease)
    with closing(Book(book_url)) as other, ThreadPoolExecutor(1) as pool:
        with other._db.write() as connection:
            connection.execute(update(cases).values(state=CaseState.ACKNOWLEDGED))
            failing = pool.submit(book.put_off, repeat, clock(), lease, timedelta(days=1), "Unavailable")
            until_another_waits(connection)
        assert failing.result()
    assert (1, "lead") not in waiting(book, case.alert.id)


@pytest.mark.parametrize("answer", ["acknowledge", "close"])
def test_an_answer_stops_the_clock(book, answer):
    """A person has it in hand: no further round is owed, and one that a channel has not taken yet is not sent."""
    clock = Clock()
    Desk([care(), care(name="other")], SUBJECTS, book, clock)([at_risk()])
    case, other = book.list_cases(care=True)
    clock.pass_(minutes=15)
    escalated(book, clock)
    if answer == "acknowledge":
        book.acknowledge(case.alert.id, "guardian-1", clock())
    else:
        book.close_case(case.alert.id, "guardian-1", CaseOutcome.REFERRED, "已报平台", clock())
    assert waiting(book, case.alert.id) == []
    assert len(waiting(book, other.alert.id)) == 2
    clock.pass_(days=1)
    assert escalated(book, clock) == (other.alert.id,)


def test_an_answer_keeps_the_first_notice(book):
    """Only repeats lapse: every guardian learns of the case, also where the channel was away as it was answered."""
    Desk([care()], SUBJECTS, book, Clock())([at_risk()])
    (case,) = book.list_cases(care=True)
    book.acknowledge(case.alert.id, "guardian-1", NOW)
    assert waiting(book, case.alert.id) == [(0, "guardians")]


def test_replaying_the_post_after_an_answer_does_not_start_the_clock_again(book):
    """A rewound log raises nothing twice."""
    clock = Clock()
    desk = Desk([care()], SUBJECTS, book, clock)
    desk([at_risk()])
    (case,) = book.list_cases(care=True)
    book.acknowledge(case.alert.id, "guardian-1", clock())
    clock.pass_(days=1)
    desk([at_risk()])
    assert escalated(book, clock) == ()
    assert len(book.deliveries(case.alert.id)) == 1


def test_its_evidence_is_reached_only_by_a_look_that_is_written_down(book):
    """Who looked and when stays; without a look there is nothing to see."""
    clock = Clock()
    Desk([care()], SUBJECTS, book, clock)([at_risk()])
    (case,) = book.list_cases(care=True)
    assert book.evidence(case.alert.id) == ()
    assert book.looks(case.alert.id) == ()
    file = book.look(case.alert.id, "guardian-1", clock())
    assert [one.post_id for one in file.evidence] == [at_risk().post.id]
    clock.pass_(minutes=1)
    book.acknowledge(case.alert.id, "guardian-2", clock())
    book.close_case(case.alert.id, "guardian-1", CaseOutcome.FALSE_ALARM, "", clock())
    assert [(look.by, look.act) for look in book.looks(case.alert.id)] == [
        ("guardian-1", "look"), ("guardian-2", "acknowledge"), ("guardian-1", "close"),
    ]  # fmt: skip


def test_a_look_at_what_does_not_exist_is_refused_and_leaves_no_trace(book):
    """A mistyped id opens nothing."""
    for act in (
        lambda: book.look("care-x", "g", NOW),
        lambda: book.acknowledge("care-x", "g", NOW),
        lambda: book.close_case("care-x", "g", CaseOutcome.RESOLVED, "", NOW),
    ):
        with pytest.raises(NoSuchCase):
            act()
    assert book.looks("care-x") == ()


def test_the_first_answer_stands(book):
    """Two guardians press at once: one of them has it, both see who."""
    Desk([care()], SUBJECTS, book, Clock())([at_risk()])
    (case,) = book.list_cases(care=True)
    book.acknowledge(case.alert.id, "guardian-1", NOW)
    second = book.acknowledge(case.alert.id, "guardian-2", NOW + timedelta(seconds=1))
    assert (second.state, second.acknowledged_by, second.acknowledged_at) == (
        CaseState.ACKNOWLEDGED, "guardian-1", NOW,
    )  # fmt: skip
    book.close_case(case.alert.id, "guardian-1", CaseOutcome.REFERRED, "电话 13812345678 已转交", NOW)
    late = book.close_case(case.alert.id, "guardian-2", CaseOutcome.FALSE_ALARM, "", NOW)
    assert (late.closed_by, late.outcome, late.note) == ("guardian-1", CaseOutcome.REFERRED, "电话 138****5678 已转交")
    assert book.acknowledge(case.alert.id, "guardian-3", NOW).state is CaseState.CLOSED


def test_the_notice_says_what_to_do_and_nothing_of_the_post(book):
    """Level, platform, case page, guidance; nobody could find the person from it."""
    Desk([care()], SUBJECTS, book, Clock())([at_risk(author="pseudonym-77", url="https://example.invalid/p/77")])
    (case,) = book.list_cases(care=True)
    (delivery,) = book.deliveries(case.alert.id)
    notice = care_notice(delivery, case.alert, "http://case")
    assert (notice.id, notice.level, notice.platform, notice.case_url) == (
        delivery.id, SelfHarm.CRISIS, "weibo", "http://case",
    )  # fmt: skip
    assert "pseudonym-77" not in repr(notice)
    assert "example.invalid" not in repr(notice)
    assert at_risk().post.id not in repr(notice)


@pytest.mark.parametrize("level", [SelfHarm.CONCERN, SelfHarm.CRISIS])
def test_guidance_names_the_lines_that_answer(level):
    """12356, a line that answers at any hour, and police and ambulance for immediate danger."""
    assert all(words in guidance(level) for words in ("12356", "24 小时", "110", "120", "系统不会联系发帖人"))
