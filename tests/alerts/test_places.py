"""Lists of cases read page by page."""

from datetime import timedelta

import pytest

from alerts.alert import Case
from alerts.book import Book
from alerts.book_places import Place
from alerts.desk import Desk
from stream.labels import SelfHarm
from tests.alerts.room import SUBJECTS, Clock, care, negative, surge
from tests.factories import NOW, judged


def paged(book: Book, *, care: bool, after: Case, size: int = 3) -> list[str]:
    """The ids of all cases behind one, read in pages."""
    found: list[str] = []
    while page := book.list_cases(care=care, after=Place.read(str(Place.of(after))), limit=size):
        found += [case.alert.id for case in page]
        after = page[-1]
    return found


def test_alerts_raised_at_once_are_listed_to_the_last_in_pages(book: Book) -> None:
    """However many have one time, pages go on where the last one ended and hold each alert once, in the list's order;
    so they do when more are raised meanwhile."""
    clock = Clock()
    rules = [surge(count=1), surge(count=1, name="again")]
    posts = [negative(str(n), published_at=NOW - timedelta(hours=n // 2)) for n in range(40)]
    Desk(rules, SUBJECTS, book, clock)(posts)
    clock.pass_(minutes=1)
    Desk(rules, SUBJECTS, book, clock)([negative("early", published_at=NOW - timedelta(days=9))])
    whole = book.list_cases(care=False)
    assert len(whole) == 2 * 20 + 2
    clock.pass_(minutes=1)
    Desk(rules, SUBJECTS, book, clock)([negative("new", published_at=NOW - timedelta(days=3))])
    assert paged(book, care=False, after=whole[0]) == [case.alert.id for case in whole[1:]]


def test_no_care_case_is_left_out_when_it_is_answered_between_two_pages(book: Book) -> None:
    """The unanswered stand first; who takes the last case of a page does not take the others off the list."""
    Desk([care()], SUBJECTS, book, Clock())(
        [judged(str(n), self_harm=SelfHarm.CRISIS, subjects=(), text="……") for n in range(9)]
    )
    whole = book.list_cases(care=True)
    assert len(whole) == 9
    for case in whole[1], whole[4]:
        book.acknowledge(case.alert.id, "me", NOW)
    left = {case.alert.id for case in whole[2:]}
    assert paged(book, care=True, after=whole[1], size=2)[:6] == [
        case.alert.id for case in whole[2:] if case != whole[4]
    ]
    assert set(paged(book, care=True, after=whole[1], size=2)) >= left


@pytest.mark.parametrize(
    "written", ["x", "\ud800", "观澜", "2~0~0~al-1", "0~0~0~", "0~0~0~a\0", "0~" + "9" * 18 + "~0~a"]
)
def test_a_place_that_is_none_is_refused_with_a_sentence(written: str) -> None:
    """Nothing else is raised, and nothing reaches a database that it cannot take."""
    with pytest.raises(ValueError, match="翻页标记无效") as refused:
        Place.read(written)
    assert type(refused.value) is ValueError


@pytest.mark.parametrize("year", [1, 2026, 9999])
def test_a_place_is_read_as_it_was_written(year: int) -> None:
    """To the microsecond, in any year that an alert may have."""
    place = Place(1, NOW.replace(year=year, microsecond=123_457), NOW, "al-1")
    assert Place.read(str(place)) == place
