"""A source that refuses us is left alone, longer each time, and probed once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.breaker import LONGEST, LONGEST_REST, PROBE, after, asked_to_wait, rest
from crawlers.reports import CrawlReport, Outcome
from crawlers.sources import Access, Source
from crawlers.state import CrawlState
from stream.labels import Health
from stream.records import Coverage
from stream.retry import Backoff

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
EXACT = Backoff(600.0, LONGEST_REST, lambda: 0.0)
SOURCE = Source(name="a", spider="weibo", access=Access.PUBLIC_ROBOTS_OK)


def report(outcome: Outcome, at: datetime = NOW, **more) -> CrawlReport:
    """A crawl that ended so."""
    told = {"blocked": 1} if outcome in (Outcome.BLOCKED, Outcome.LOGIN_NEEDED) else {"ok": 1}
    return CrawlReport("a", "weibo", at - timedelta(minutes=1), at, outcome, "原因", **{"verdicts": told, **more})


def test_refusals_in_a_row_double_the_rest_and_success_ends_it():
    """Ten minutes, twenty, forty; since the first; then closed as if nothing had been."""
    first = after(None, report(Outcome.BLOCKED), EXACT)
    assert (first.failures, first.since, first.retry_at) == (1, NOW, NOW + timedelta(minutes=10))
    later = NOW + timedelta(hours=1)
    second = after(first, report(Outcome.LOGIN_NEEDED, later), EXACT)
    assert (second.failures, second.since, second.retry_at) == (2, NOW, later + timedelta(minutes=20))
    third = after(second, report(Outcome.BLOCKED, later), EXACT)
    assert third.retry_at == later + timedelta(minutes=40)
    for outcome in (Outcome.COMPLETE, Outcome.CAPPED, Outcome.GAP):
        assert after(third, report(outcome, later), EXACT) is None


def test_what_proves_nothing_keeps_it_open_for_another_probe():
    """A probe that the network ate, or that had no request left, neither closes it nor makes the rest longer."""
    opened = after(None, report(Outcome.BLOCKED), EXACT)
    later = NOW + timedelta(hours=1)
    unread = Coverage("云汀", Health.CAPPED, pages=0)
    for probe in (report(Outcome.FAILED, later), report(Outcome.CAPPED, later, coverage=(unread,))):
        kept = after(opened, probe, EXACT)
        assert (kept.failures, kept.since, kept.retry_at) == (1, NOW, later)
    assert after(None, report(Outcome.FAILED), EXACT) is None


def test_silence_that_may_be_true_shuts_nobody_out():
    """A new keyword of which nothing was said yet looks like a soft block; it is asked for again as usual."""
    assert after(None, report(Outcome.BLOCKED, verdicts={"business_empty": 1}), EXACT) is None


def test_a_site_that_says_when_to_come_back_is_believed():
    """Retry-After is honoured after a refusal and after a mere failure, and never shortens the rest."""
    asked = NOW + timedelta(hours=5)
    assert after(None, report(Outcome.BLOCKED, retry_at=asked), EXACT).retry_at == asked
    assert after(None, report(Outcome.BLOCKED, retry_at=NOW), EXACT).retry_at == NOW + timedelta(minutes=10)
    overloaded = after(None, report(Outcome.FAILED, retry_at=asked), EXACT)
    assert (overloaded.retry_at, overloaded.failures) == (asked, 0)
    assert after(overloaded, report(Outcome.FAILED, asked), EXACT) is None


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True), st.floats(1, 7 * 86400))
def test_a_rest_is_at_least_an_interval_and_at_most_a_day(failures, chance, interval):
    """Whatever the dice say, a refused source misses a crawl, and one is tried each day."""
    seconds = rest(interval, lambda: chance).delay(failures)
    assert min(interval, LONGEST_REST / 2) <= seconds <= LONGEST_REST


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", NOW + timedelta(seconds=120)),
        (" 0 ", NOW),
        ("99999999999999999999", NOW + LONGEST),
        ("Sat, 21 Nov 2026 05:00:00 GMT", NOW + timedelta(hours=1)),
        ("Sat, 21 Nov 2026 13:30:00 +0800", NOW + timedelta(minutes=90)),
        ("Saturday, 21-Nov-26 05:00:00 GMT", NOW + timedelta(hours=1)),
        ("Sat, 21 Nov 2096 05:00:00 GMT", NOW + LONGEST),
        ("Sat, 21 Nov 2020 05:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("١٢٠", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(header, expected):
    """Both forms of RFC 9110; nonsense says nothing, and nobody keeps us away for longer than a week."""
    assert asked_to_wait(header, NOW) == expected


@given(st.text())
def test_no_header_is_too_strange(header):
    """Whatever a site sends, it is a time within the week to come or nothing."""
    at = asked_to_wait(header, NOW)
    assert at is None or NOW <= at <= NOW + LONGEST


def test_one_probe_is_admitted_when_the_time_has_come(state):
    """Closed: anybody. Open: nobody before its time, then one, and the next when that one never came back."""
    assert state.breakers.admit("a", NOW) is None
    state.finish(report(Outcome.BLOCKED), backoff=EXACT)
    due = NOW + timedelta(minutes=10)
    assert state.breakers.admit("a", due - timedelta(seconds=1)).retry_at == due
    assert state.breakers.admit("a", due) is None
    assert state.breakers.admit("a", due).retry_at == due + PROBE
    assert state.breakers.admit("a", due + PROBE) is None
    assert state.breakers.admit("b", NOW) is None


def test_health_says_when_it_tries_again_until_it_has_recovered(state):
    """Blocked with reason, since when and until when; a good crawl closes it by itself."""
    state.finish(report(Outcome.BLOCKED), backoff=EXACT)
    shut = state.health([SOURCE], NOW + timedelta(minutes=1))[0]
    assert (shut.health, shut.reason, shut.since) == (Health.BLOCKED, "原因", NOW)
    assert shut.retry_at == NOW + timedelta(minutes=10)
    state.finish(report(Outcome.COMPLETE, NOW + timedelta(minutes=11)), backoff=EXACT)
    well = state.health([SOURCE], NOW + timedelta(minutes=12))[0]
    assert (well.health, well.retry_at) == (Health.FRESH, None)


def test_breakers_outlive_the_process(tmp_path):
    """What was open is open after a restart."""
    for reading in (False, True):
        made = CrawlState(tmp_path / "crawl.db")
        try:
            if reading:
                assert made.breakers.open()["a"] == replace(after(None, report(Outcome.BLOCKED), EXACT))
            else:
                made.finish(report(Outcome.BLOCKED), backoff=EXACT)
        finally:
            made.close()
