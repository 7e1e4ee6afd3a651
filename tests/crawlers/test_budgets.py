"""Request budgets of a host, by minute and by day."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Request

from crawlers.budgets import grant
from crawlers.manners import WithinBudget
from crawlers.reports import Outcome, Tally
from crawlers.spiders import SPIDERS
from crawlers.spiders.arrivals import Stopped
from tests.crawlers.crawling import source

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
"""In Asia/Shanghai."""


@given(
    st.lists(st.floats(0, 90), min_size=1, max_size=80),
    st.integers(0, 5),
    st.integers(0, 12),
)
def test_no_day_and_no_minute_gets_more_than_its_budget(pauses, per_minute, per_day):
    """However requests come, what is granted within a minute of its first, and in a day, stays within the budget."""
    spent, now, minutes, days = None, NOW, {}, {}
    for pause in pauses:
        now += timedelta(seconds=pause)
        answer = grant(spent, now, per_minute, per_day)
        spent = answer.spent
        if answer.exhausted or answer.wait_seconds:
            assert answer.exhausted == (bool(per_day) and days.get(spent.day, 0) >= per_day)
            assert answer.wait_seconds <= 60
            continue
        minutes[spent.minute] = minutes.get(spent.minute, 0) + 1
        days[spent.day] = days.get(spent.day, 0) + 1
    assert not per_minute or max(minutes.values(), default=0) <= per_minute
    assert not per_day or max(days.values(), default=0) <= per_day


def test_the_day_turns_at_midnight_in_china():
    """Used up at a minute to twelve in Shanghai, and new a minute later."""
    spent = grant(None, MIDNIGHT - timedelta(minutes=1), 0, 1).spent
    assert grant(spent, MIDNIGHT - timedelta(seconds=1), 0, 1).exhausted
    assert not grant(spent, MIDNIGHT, 0, 1).exhausted


def test_a_clock_set_back_locks_nobody_up():
    """A minute that lies in the future is not waited for."""
    spent = grant(None, NOW + timedelta(days=1), 1, 0).spent
    assert grant(spent, NOW, 1, 0).wait_seconds == 0


def asking(state, clock, sleep, **limits):
    """A source's way to a request, and the tally that hears of its end."""
    one = source("weibo", "http://127.0.0.1", **limits)
    tally = Tally(one.name, one.label, clock())
    spider = SPIDERS["weibo"](source=one, tally=tally, state=state, clock=clock, environ={})
    return WithinBudget(SimpleNamespace(spider=spider), sleep), tally


def test_requests_wait_for_the_next_minute_and_end_with_the_day(state):
    """Two a minute and five a day, shared by two sources of a host; other hosts have budgets of their own."""
    now, slept = [NOW], []

    async def sleep(seconds):
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    limits = {"requests_per_minute": 2, "requests_per_day": 5}
    (one, first), (two, second) = (asking(state, lambda: now[0], sleep, **limits) for _ in range(2))
    here, there = Request("http://h.example/a"), Request("http://h.example:81/a")

    async def crawl():
        for way in (one, two, one, two, one):
            await way.process_request(here)
        assert slept == [60, 60]
        with pytest.raises(Stopped):
            await two.process_request(here)
        await one.process_request(there)

    asyncio.run(crawl())
    assert not first.spent
    assert second.spent
    assert second.stopped
    assert second.outcome is Outcome.CAPPED
    assert "预算" in second.report(NOW).reason


def test_a_site_of_our_own_is_not_counted(state):
    """Without limits nothing is written and nobody waits."""
    way, _ = asking(state, lambda: NOW, None)
    for _ in range(3):
        asyncio.run(way.process_request(Request("http://h.example/")))
    assert state.budgets.ask("h.example", NOW, 1, 1).spent.in_day == 1
