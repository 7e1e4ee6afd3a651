"""Times as forums and complaint sites write them, across midnight, new year and leap days, and read back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.times import Precision, parse_time
from stream.zone import SHANGHAI

SECOND, MINUTE, HOUR, DAY, MONTH = Precision


def at(*parts: int) -> datetime:
    """A Shanghai wall-clock time."""
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


NOON = at(2026, 11, 21, 12, 0)
MIDNIGHT = at(2026, 11, 21, 0, 0, 20)
NEW_YEAR = at(2027, 1, 1, 0, 10)
LAST_NIGHT = at(2026, 12, 31, 23, 40)
LEAP_DAY = at(2028, 2, 29, 9, 0)
MARCH = at(2027, 3, 1, 0, 5)

FORMS = [
    (NOON, "刚刚", NOON, MINUTE),
    (MIDNIGHT, "刚刚", MIDNIGHT, MINUTE),
    (NOON, "40秒前", at(2026, 11, 21, 11, 59, 20), SECOND),
    (MIDNIGHT, "40 秒前", at(2026, 11, 20, 23, 59, 40), SECOND),
    (NEW_YEAR, "3分钟前", at(2027, 1, 1, 0, 7), MINUTE),
    (NEW_YEAR, "15&nbsp;分钟前", at(2026, 12, 31, 23, 55), MINUTE),
    (MIDNIGHT, "5分前", at(2026, 11, 20, 23, 55, 20), MINUTE),
    (MIDNIGHT, "半小时前", at(2026, 11, 20, 23, 30, 20), HOUR),
    (NEW_YEAR, "半小时前", at(2026, 12, 31, 23, 40), HOUR),
    (NEW_YEAR, "2小时前", at(2026, 12, 31, 22, 10), HOUR),
    (MARCH, "1 小时前", at(2027, 2, 28, 23, 5), HOUR),
    (NOON, "今天 09:01", at(2026, 11, 21, 9, 1), MINUTE),
    (MIDNIGHT, "今天 00:00", at(2026, 11, 21, 0, 0), MINUTE),
    (MIDNIGHT, "今天 23:59", at(2026, 11, 20, 23, 59), MINUTE),
    (NEW_YEAR, "今天 23:59", at(2026, 12, 31, 23, 59), MINUTE),
    (NOON, "昨天&nbsp;10:03", at(2026, 11, 20, 10, 3), MINUTE),
    (NEW_YEAR, "昨天 23:59", at(2026, 12, 31, 23, 59), MINUTE),
    (MARCH, "昨天 08:00", at(2027, 2, 28, 8, 0), MINUTE),
    (NEW_YEAR, "前天 10:03", at(2026, 12, 30, 10, 3), MINUTE),
    (NEW_YEAR, "前天\xa010:03", at(2026, 12, 30, 10, 3), MINUTE),
    (NEW_YEAR, "3天前", at(2026, 12, 29, 0, 10), DAY),
    (MARCH, "1&nbsp;天前", at(2027, 2, 28, 0, 5), DAY),
    (NOON, "11-20", at(2026, 11, 20), DAY),
    (NOON, "7-6", at(2026, 7, 6), DAY),
    (NOON, "11-22", at(2025, 11, 22), DAY),
    (NEW_YEAR, "12-31", at(2026, 12, 31), DAY),
    (NEW_YEAR, "1-1", at(2027, 1, 1), DAY),
    (LAST_NIGHT, "1-1", at(2026, 1, 1), DAY),
    (LEAP_DAY, "2-29", at(2028, 2, 29), DAY),
    (MARCH, "2-29", at(2024, 2, 29), DAY),
    (NOON, "11-20 12:30", at(2026, 11, 20, 12, 30), MINUTE),
    (NOON, "11-21 23:00", at(2025, 11, 21, 23, 0), MINUTE),
    (NEW_YEAR, "12-31 23:58:30", at(2026, 12, 31, 23, 58, 30), SECOND),
    (NEW_YEAR, "1-1 0:05", at(2027, 1, 1, 0, 5), MINUTE),
    (NOON, "11月20日 09:01", at(2026, 11, 20, 9, 1), MINUTE),
    (NEW_YEAR, "12月31日 09:01", at(2026, 12, 31, 9, 1), MINUTE),
    (NOON, "2026-6-20 10:00", at(2026, 6, 20, 10, 0), MINUTE),
    (NOON, "发表于 2026-6-20 10:00:31", at(2026, 6, 20, 10, 0, 31), SECOND),
    (NEW_YEAR, "发表于&nbsp;昨天&nbsp;23:30", at(2026, 12, 31, 23, 30), MINUTE),
    (NOON, "2009-5-17", at(2009, 5, 17), DAY),
    (NOON, "2026年11月20日 09:30", at(2026, 11, 20, 9, 30), MINUTE),
    (NOON, "发布于 2026年11月20日 09:30:00", at(2026, 11, 20, 9, 30), SECOND),
    (NOON, "2026/11/20", at(2026, 11, 20), DAY),
    (NOON, "2026/1/2 3:04", at(2026, 1, 2, 3, 4), MINUTE),
    (NOON, "11:24", at(2026, 11, 21, 11, 24), MINUTE),
    (MIDNIGHT, "23:59", at(2026, 11, 20, 23, 59), MINUTE),
    (NEW_YEAR, "23:59", at(2026, 12, 31, 23, 59), MINUTE),
    (NOON, "2024-08", at(2024, 8, 1), MONTH),
]


@pytest.mark.parametrize(("fetched", "written", "expected", "precision"), FORMS)
def test_each_form_of_a_forum(fetched, written, expected, precision):
    """Counted from the fetch time in Shanghai; a day without its year is the last such day."""
    moment = parse_time(written, fetched.astimezone(UTC))
    assert moment is not None
    assert (moment.at, moment.precision) == (expected, precision)
    assert moment.at.tzinfo is UTC
    assert moment.estimated == (precision in (HOUR, DAY, MONTH))


@pytest.mark.parametrize("written", ["", "-", "--", "13-20", "2-30 10:00", "昨天 25:00", "半", "分钟前", "楼主"])
def test_what_no_forum_means_as_a_time(written):
    """Impossible days and half words are not guessed at."""
    assert parse_time(written, NOON.astimezone(UTC)) is None


MOMENTS = st.integers(0, 3 * 366 * 86_400).map(lambda seconds: at(2026, 1, 1) + timedelta(seconds=seconds))


def shown(then: datetime, now: datetime, blank: str) -> tuple[str, timedelta]:  # noqa: PLR0911 - a table
    """What Discuz would show for a post of `then` to a reader at `now`, and how much that leaves open."""
    age, days = now - then, (now.date() - then.date()).days
    if age < timedelta(minutes=1):
        return f"{age.seconds}{blank}秒前", timedelta(seconds=1)
    if age < timedelta(minutes=30):
        return f"{age.seconds // 60}{blank}分钟前", timedelta(minutes=1)
    if age < timedelta(hours=1):
        return "半小时前", timedelta(minutes=30)
    if days == 0:
        return f"{age.seconds // 3600}{blank}小时前", timedelta(hours=1)
    if days <= 2:
        return f"{('昨天', '前天')[days - 1]}{blank}{then:%H:%M}", timedelta(minutes=1)
    if days < 7:
        return f"{days}{blank}天前", timedelta(days=1, seconds=1)
    return f"{then.year}-{then.month}-{then.day}{blank}{then:%H:%M}", timedelta(minutes=1)


@given(
    MOMENTS,
    st.integers(0, 700_000),
    st.sampled_from(["", " ", "&nbsp;", "\xa0"]),
)
def test_what_a_board_shows_is_read_back(now, ago, blank):
    """Whatever the time of fetching, the form that the board would choose comes back as near as it was written."""
    then = now - timedelta(seconds=ago)
    written, open_by = shown(then, now, blank or " ")
    moment = parse_time(written, now.astimezone(UTC))
    assert moment is not None
    assert abs(moment.at - then) <= open_by


@given(
    MOMENTS,
    st.integers(0, 364 * 86_400),
)
def test_a_day_without_its_year_is_read_back(now, ago):
    """Within a year, `M-D HH:MM`, `MM月DD日 HH:MM` and `M-D` mean the day they were written for."""
    then = (now - timedelta(seconds=ago)).replace(second=0, microsecond=0)
    fetched = now.astimezone(UTC)
    for written in (f"{then.month}-{then.day} {then:%H:%M}", f"{then:%m月%d日 %H:%M}"):
        moment = parse_time(written, fetched)
        assert moment is not None
        assert moment.at == then
    day = parse_time(f"{then.month}-{then.day}", fetched)
    assert day is not None
    assert day.at.astimezone(SHANGHAI).date() == then.date()
