"""The schedule of second looks, what they change, and when a post is believed to be gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.platforms import DEMANDS, UNSETTLED
from crawlers.revisits import LAPSES, SCHEDULE, Gone, Visit, believed, combined, due_list, next_visit, stamp
from tests import factories

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def post(native: str = "1", age: timedelta = timedelta(0), **fields):
    """A post that was fetched now."""
    return replace(factories.post(native), published_at=NOW - age, fetched_at=NOW, **fields)


def visit(native: str, age: timedelta, due: timedelta = timedelta(0)) -> Visit:
    """A post of that age, due that long ago."""
    return Visit(post(native, age), NOW - due)


def test_each_step_of_the_schedule_comes_once():
    """A post that is looked at whenever it is due is looked at after 1, 6, 24 and 72 hours, then never."""
    seen, looks = NOW, []
    while (due := next_visit(NOW, seen)) is not None:
        looks.append(due - NOW)
        seen = due
    assert looks == [1 * HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR]


def test_a_late_look_counts_for_all_it_missed():
    """Found thirty hours after publication, a post is next due at 72 hours, and an older one never."""
    assert next_visit(NOW - 30 * HOUR, NOW) == NOW + 42 * HOUR
    assert next_visit(NOW - 72 * HOUR, NOW) is None


def test_an_unsettled_case_is_looked_at_for_a_month():
    """As long as a complaint is not settled it is looked at after 7, 14 and 30 days too; then never."""
    seen, looks = NOW, []
    while (due := next_visit(NOW, seen, UNSETTLED)) is not None:
        looks.append((due - NOW) / HOUR)
        seen = due
    assert looks == [1, 6, 24, 72, 7 * 24, 14 * 24, 30 * 24]


def test_which_platforms_wait_for_an_answer():
    """The complaint sites say so in their row, and the owners' reviews, which are added to for weeks; nobody else."""
    complaints, reviews = {"heimao", "heimao_company", "rednet", "peopleboard"}, {"autohome_koubei", "dongchedi"}
    assert {name for name, row in DEMANDS.items() if row.waits} == complaints | reviews


def test_settling_ends_the_waiting(state):
    """Unanswered at three days, a complaint is due at seven; answered there, it is never due again."""
    state.revisits.plan("a", [(post("1"), UNSETTLED, "")])
    (visit,) = state.revisits.due("a", NOW + 72 * HOUR, 9)
    state.revisits.settle("a", [(visit, NOW + 72 * HOUR, UNSETTLED)])
    assert state.revisits.due("a", NOW + 167 * HOUR, 9) == []
    (visit,) = state.revisits.due("a", NOW + 168 * HOUR, 9)
    state.revisits.settle("a", [(visit, NOW + 168 * HOUR, ())])
    assert state.revisits.of("a", "1") is None


def test_a_look_that_nobody_took_is_not_the_last(state):
    """Nothing ran for ten days: the look at one hour has lapsed, and the complaint is due at fourteen days."""
    state.revisits.plan("a", [(post("1"), UNSETTLED, "")])
    now = NOW + timedelta(days=10)
    assert state.revisits.due("a", now, 9) == []
    state.revisits.tidy("a", now, UNSETTLED)
    assert state.revisits.of("a", "1").due == NOW + timedelta(days=14)


@given(st.timedeltas(-LAPSES, LAPSES), st.timedeltas(timedelta(0), LAPSES))
def test_the_next_look_lies_ahead(age, later):
    """Whatever the age, the next look is after the last and one of the steps."""
    due = next_visit(NOW - age, NOW + later)
    assert due is None or (due > NOW + later and due - (NOW - age) in SCHEDULE)


def test_the_youngest_go_first_and_only_so_many():
    """What is due and not a week overdue is looked at, the youngest posts first, bounded."""
    visits = [
        visit("old", 25 * HOUR, HOUR),
        visit("young", 2 * HOUR, HOUR),
        visit("not due", HOUR, -HOUR),
        visit("lapsed", LAPSES + HOUR, LAPSES),
        visit("middle", 7 * HOUR, HOUR),
    ]
    assert [one.known.native_id for one in due_list(visits, NOW, 2)] == ["young", "middle"]
    assert [one.known.native_id for one in due_list(visits, NOW, 9)] == ["young", "middle", "old"]


def test_what_a_page_does_not_say_stays_as_it_was():
    """A page without counts, company or exact time does not take those of the list away; its words replace the old."""
    known = post(
        likes=3, comments=4, target="云汀茶", store="静安店", rating=4.0, url="https://s.example/1?id=1&sld=ab"
    )
    seen = replace(known, text="改过的话", likes=None, comments=9, target="", store="", rating=None)
    seen = replace(seen, published_at=NOW, published_estimated=True)
    made = combined(known, seen)
    assert (made.text, made.likes, made.comments, made.target) == ("改过的话", 3, 9, "云汀茶")
    assert made.url == "https://s.example/1?id=1"
    assert (made.store, made.rating, made.published_at, made.published_estimated) == (
        "静安店",
        4.0,
        known.published_at,
        False,
    )


def test_a_stamp_tells_edits_and_counts_but_not_the_hour():
    """Fetched again unchanged is the same; another word or another like is not."""
    one = post(likes=3)
    assert stamp(one) == stamp(replace(one, fetched_at=NOW + HOUR))
    assert len({stamp(one), stamp(replace(one, text="别的话")), stamp(replace(one, likes=4))}) == 3


def gone(native: str, said: bool = True, before: int = 0, among: bool = False) -> Gone:
    """A post whose page was not there, or showed others only."""
    return Gone(post(native), said, before, among)


@pytest.mark.parametrize(
    ("missing", "alive", "expected"),
    [
        ([gone("1")], 0, ["1"]),
        ([gone("1", said=False)], 0, []),
        ([gone("1", said=False)], 1, ["1"]),
        ([gone("1", said=False, before=1)], 0, ["1"]),
        ([gone(n) for n in "1234"], 3, []),
        ([gone(n) for n in "1234"], 4, ["1", "2", "3", "4"]),
        ([gone("1"), gone("2", said=False)], 0, ["1"]),
        ([gone(n, among=True) for n in "12345"], 0, list("12345")),
        ([*(gone(n) for n in "1234"), gone("5", among=True)], 1, ["5"]),
    ],
)
def test_who_is_believed_to_be_gone(missing, alive, expected):
    """Words are believed, a bare status beside a living page or the second time; nothing when most are missing,
    but what its page shows to be taken out from among others."""
    assert [one.tombstone.native_id for one in believed(missing, alive)] == expected


def test_a_visit_is_kept_without_words_and_moves_on(state):
    """Planned from the log, due after an hour, settled to the next step, forgotten after the last."""
    kept = post("1", text="不该留下的话", author="0123456789abcdef", title="也不该", likes=2)
    state.revisits.plan("a", [(kept, (), "")])
    assert state.revisits.due("a", NOW + timedelta(minutes=59), 9) == []
    due = state.revisits.due("a", NOW + HOUR, 9)
    known = due[0].known
    assert (known.native_id, known.text, known.author, known.title, known.likes) == ("1", "", "", "", 2)
    assert state.revisits.due("b", NOW + HOUR, 9) == []
    for hours in (1, 6, 24, 72):
        (due,) = state.revisits.due("a", NOW + hours * HOUR, 9)
        state.revisits.settle("a", [(due, NOW + hours * HOUR, ())])
        assert state.revisits.due("a", NOW + hours * HOUR, 9) == []
    assert state.revisits.of("a", "1") is None


def test_what_has_no_page_is_never_asked_for(state):
    """It is planned like any other, without an address, for when a list shows it; if none does, it lapses."""
    state.revisits.plan("a", [(post("1", url="https://s.example/post-of-another"), (), None), (post("2"), (), "")])
    assert [one.known.native_id for one in state.revisits.due("a", NOW + HOUR, 9)] == ["2"]
    listed = state.revisits.of("a", "1")
    assert (listed.listed, listed.known.url, listed.due) == (True, "", NOW + HOUR)
    state.revisits.tidy("a", NOW + LAPSES + HOUR, ())
    assert state.revisits.of("a", "1") is None


def test_a_time_told_again_is_no_surer():
    """A guessed time that comes back as it was, or without its fraction of a second, is still a guess; one that the
    page now gives is none."""
    known = post(published_estimated=True)
    assert combined(known, replace(known, published_estimated=False)).published_estimated
    guess = replace(known, published_at=NOW + timedelta(microseconds=999_999))
    again = combined(guess, replace(guess, published_at=NOW, published_estimated=False))
    assert (again.published_at, again.published_estimated) == (guess.published_at, True)
    surer = combined(known, replace(known, published_at=NOW - HOUR, published_estimated=False))
    assert (surer.published_at, surer.published_estimated) == (NOW - HOUR, False)


def test_an_old_post_is_never_planned_and_a_missed_visit_lapses(state):
    """Posts past the schedule are not kept; visits nobody made in a week are forgotten."""
    state.revisits.plan("a", [(post("1"), (), ""), (post("old", 80 * HOUR), (), "")])
    assert state.revisits.of("a", "old") is None
    state.revisits.tidy("a", NOW + HOUR, ())
    assert state.revisits.of("a", "1")
    state.revisits.tidy("a", NOW + LAPSES + HOUR, ())
    assert state.revisits.of("a", "1") is None


def test_a_missing_page_is_asked_for_again_an_hour_later(state):
    """Not believed: due again in an hour, and remembered as missed once; seen again, that is forgotten."""
    state.revisits.plan("a", [(post("1"), (), "")])
    state.revisits.miss("a", ["1"], NOW + HOUR)
    assert state.revisits.due("a", NOW + HOUR, 9) == []
    (again,) = state.revisits.due("a", NOW + 2 * HOUR, 9)
    assert again.gone == 1
    state.revisits.settle("a", [(again, NOW + 2 * HOUR, ())])
    assert state.revisits.of("a", "1").gone == 0
    state.revisits.forget("a", ["1"])
    assert state.revisits.of("a", "1") is None
