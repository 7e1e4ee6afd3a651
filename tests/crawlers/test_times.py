"""Every written form of a time, read against the fetch time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.times import Precision, parse_time
from stream.zone import SHANGHAI

FETCHED = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in Shanghai


def at(*parts: int) -> datetime:
    """A Shanghai wall-clock time."""
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


FORMS = [
    ("刚刚", FETCHED, Precision.MINUTE),
    ("30秒前", FETCHED - timedelta(seconds=30), Precision.SECOND),
    ("3分钟前", FETCHED - timedelta(minutes=3), Precision.MINUTE),
    ("3 分钟前", FETCHED - timedelta(minutes=3), Precision.MINUTE),
    ("5\xa0分钟前", FETCHED - timedelta(minutes=5), Precision.MINUTE),
    ("半小时前", FETCHED - timedelta(minutes=30), Precision.HOUR),
    ("2小时前", FETCHED - timedelta(hours=2), Precision.HOUR),
    ("3天前", FETCHED - timedelta(days=3), Precision.DAY),
    ("今天10:03", at(2026, 11, 21, 10, 3), Precision.MINUTE),
    (" 今天10:03 \n 转赞人数超过100", at(2026, 11, 21, 10, 3), Precision.MINUTE),
    ("昨天 12:30", at(2026, 11, 20, 12, 30), Precision.MINUTE),
    ("昨天\xa012:30", at(2026, 11, 20, 12, 30), Precision.MINUTE),
    ("前天 01:02", at(2026, 11, 19, 1, 2), Precision.MINUTE),
    ("11-20", at(2026, 11, 20), Precision.DAY),
    ("12-20", at(2025, 12, 20), Precision.DAY),
    ("11-20 12:30", at(2026, 11, 20, 12, 30), Precision.MINUTE),
    ("11-20 09:30:00", at(2026, 11, 20, 9, 30), Precision.SECOND),
    ("12-31 23:59", at(2025, 12, 31, 23, 59), Precision.MINUTE),
    ("2月29日", at(2024, 2, 29), Precision.DAY),
    ("2026-11-20 下午3:05", at(2026, 11, 20, 15, 5), Precision.MINUTE),
    ("2026/11/20 3:05:09 PM", at(2026, 11, 20, 15, 5, 9), Precision.SECOND),
    ("11-20 下午 3:05", at(2026, 11, 20, 15, 5), Precision.MINUTE),
    ("昨天 8:30 晚上", at(2026, 11, 20, 20, 30), Precision.MINUTE),
    ("2026年11月20日 下午3点", at(2026, 11, 20, 15), Precision.HOUR),
    ("2026年11月20日15时", at(2026, 11, 20, 15), Precision.HOUR),
    ("11-20 8点", at(2026, 11, 20, 8), Precision.HOUR),
    ("2026年11月20日 15时20分", at(2026, 11, 20, 15, 20), Precision.MINUTE),
    ("2026-11-20 中午1:10", at(2026, 11, 20, 13, 10), Precision.MINUTE),
    ("2026-11-20 上午12:10", at(2026, 11, 20, 0, 10), Precision.MINUTE),
    ("2026-11-20 12:05 AM", at(2026, 11, 20, 0, 5), Precision.MINUTE),
    ("2025 年 1 月 5 日", at(2025, 1, 5), Precision.DAY),
    ("2025 年 1 月 5 日 09:05", at(2025, 1, 5, 9, 5), Precision.MINUTE),
    ("20250105 09:05", at(2025, 1, 5, 9, 5), Precision.MINUTE),
    ("202501050905", at(2025, 1, 5, 9, 5), Precision.MINUTE),
    ("11月20日 09:01", at(2026, 11, 20, 9, 1), Precision.MINUTE),
    ("12月25日 09:01", at(2025, 12, 25, 9, 1), Precision.MINUTE),
    ("2025年12月30日 08:00", at(2025, 12, 30, 8, 0), Precision.MINUTE),
    ("发布于 2026年11月20日 09:30:00", at(2026, 11, 20, 9, 30), Precision.SECOND),
    ("2026年11月20日09:30", at(2026, 11, 20, 9, 30), Precision.MINUTE),
    ("2026年11月20日09:30:15", at(2026, 11, 20, 9, 30, 15), Precision.SECOND),
    ("11月20日09:30", at(2026, 11, 20, 9, 30), Precision.MINUTE),
    ("11-20 09:30.", at(2026, 11, 20, 9, 30), Precision.MINUTE),
    ("发表于 2026-6-20 10:00", at(2026, 6, 20, 10, 0), Precision.MINUTE),
    ("2026-6-20 10:00:31", at(2026, 6, 20, 10, 0, 31), Precision.SECOND),
    ("2026/11/20 12:30:00", at(2026, 11, 20, 12, 30), Precision.SECOND),
    ("2026/11/20", at(2026, 11, 20), Precision.DAY),
    ("2026-03", at(2026, 3, 1), Precision.MONTH),
    ("09:30", at(2026, 11, 21, 9, 30), Precision.MINUTE),
    ("２０２６－１１－２０ 09：30", at(2026, 11, 20, 9, 30), Precision.MINUTE),
    ("2026-11-21T10:00:00+08:00", at(2026, 11, 21, 10), Precision.SECOND),
    ("2026-11-21T02:00:00Z", at(2026, 11, 21, 10), Precision.SECOND),
    ("2026-11-21T02:00:00.123Z", at(2026, 11, 21, 10), Precision.SECOND),
    ("Sat Nov 21 10:03:22 +0800 2026", at(2026, 11, 21, 10, 3, 22), Precision.SECOND),
    ("Sat, 21 Nov 2026 10:00:00 +0800", at(2026, 11, 21, 10), Precision.SECOND),
    ("Sat, 21 Nov 2026 02:00:00 GMT", at(2026, 11, 21, 10), Precision.SECOND),
    (1763690000, datetime(2025, 11, 21, 1, 53, 20, tzinfo=UTC), Precision.SECOND),
    ("1763690000", datetime(2025, 11, 21, 1, 53, 20, tzinfo=UTC), Precision.SECOND),
    (1763690000000, datetime(2025, 11, 21, 1, 53, 20, tzinfo=UTC), Precision.SECOND),
    ("1763690000000", datetime(2025, 11, 21, 1, 53, 20, tzinfo=UTC), Precision.SECOND),
]


@pytest.mark.parametrize(("raw", "expected", "precision"), FORMS)
def test_each_form_is_read_with_its_precision(raw, expected, precision):
    """The moment meant, in UTC, as fine as the page gave it."""
    moment = parse_time(raw, FETCHED)
    assert moment is not None
    assert (moment.at, moment.precision) == (expected, precision)
    assert moment.at.tzinfo is UTC
    assert moment.estimated == (precision in (Precision.HOUR, Precision.DAY, Precision.MONTH))


@pytest.mark.parametrize(
    "raw",
    [
        *("", "转发", "2026-02-31", "0000-00-00", "25:99", None, True, [], {}, 10**30, float("nan")),
        *("3/4/2025", "11/21/2025 10:03", "12.5.2024", "21-11-2025"),
    ],
)
def test_what_is_no_time_is_none(raw):
    """Words, impossible dates, other types, numbers beyond the calendar, and dates that may be read two ways."""
    assert parse_time(raw, FETCHED) is None


def test_shanghai_time_called_gmt_is_moved_back():
    """Eight hours ahead of now under the label GMT was Shanghai wall-clock time; it is marked as an estimate."""
    moment = parse_time("Sat, 21 Nov 2026 11:59:00 GMT", FETCHED)
    assert moment is not None
    assert moment.at == at(2026, 11, 21, 11, 59)
    assert moment.shifted
    assert moment.estimated


def test_today_after_midnight_is_yesterday():
    """A page written at 23:59 and fetched at 00:01 still says today."""
    fetched = at(2026, 11, 22, 0, 1).astimezone(UTC)
    moment = parse_time("今天23:59", fetched)
    assert moment is not None
    assert moment.at == at(2026, 11, 21, 23, 59)


def test_relative_days_count_in_shanghai():
    """At 20:00 UTC it is already tomorrow in Shanghai."""
    moment = parse_time("昨天 12:30", datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    assert moment is not None
    assert moment.at == at(2026, 11, 20, 12, 30)


AROUND_MIDNIGHT = datetime(2026, 11, 21, 0, 0, 30, tzinfo=SHANGHAI)
NEW_YEAR = datetime(2027, 1, 1, 0, 30, tzinfo=SHANGHAI)
NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, 50, tzinfo=SHANGHAI)
MORNING = datetime(2027, 1, 1, 9, 0, tzinfo=SHANGHAI)
LEAP_DAY = datetime(2028, 2, 29, 0, 10, tzinfo=SHANGHAI)
WEIBO_SEARCH = [
    ("刚刚", AROUND_MIDNIGHT, at(2026, 11, 21, 0, 0, 30)),
    ("30秒前", AROUND_MIDNIGHT, at(2026, 11, 21)),
    ("45秒前", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 59, 45)),
    ("3分钟前", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 57, 30)),
    ("59分钟前", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 1, 30)),
    ("2小时前", AROUND_MIDNIGHT, at(2026, 11, 20, 22, 0, 30)),
    ("今天00:00", AROUND_MIDNIGHT, at(2026, 11, 21)),
    ("今天23:58", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 58)),
    ("昨天23:59", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 59)),
    ("11月20日 09:01", AROUND_MIDNIGHT, at(2026, 11, 20, 9, 1)),
    ("11月21日 00:00", AROUND_MIDNIGHT, at(2026, 11, 21)),
    ("11月22日 00:00", AROUND_MIDNIGHT, at(2025, 11, 22)),
    ("3分钟前", NEW_YEAR, at(2027, 1, 1, 0, 27)),
    ("40分钟前", NEW_YEAR, at(2026, 12, 31, 23, 50)),
    ("2小时前", NEW_YEAR, at(2026, 12, 31, 22, 30)),
    ("今天00:05", NEW_YEAR, at(2027, 1, 1, 0, 5)),
    ("昨天 23:59", NEW_YEAR, at(2026, 12, 31, 23, 59)),
    ("12月31日 23:50", NEW_YEAR, at(2026, 12, 31, 23, 50)),
    ("01月01日 00:10", NEW_YEAR, at(2027, 1, 1, 0, 10)),
    ("1月1日 00:10", NEW_YEAR, at(2027, 1, 1, 0, 10)),
    ("1月2日 00:10", NEW_YEAR, at(2026, 1, 2, 0, 10)),
    ("2026年12月30日 08:00", NEW_YEAR, at(2026, 12, 30, 8)),
    ("2025年12月30日 08:00", NEW_YEAR, at(2025, 12, 30, 8)),
    ("12月31日 09:01", NEW_YEARS_EVE, at(2026, 12, 31, 9, 1)),
    ("1月1日 00:00", NEW_YEARS_EVE, at(2027, 1, 1)),  # the platform's clock is ten seconds ahead of ours
    ("01月01日 00:30", NEW_YEARS_EVE, at(2026, 1, 1, 0, 30)),
    ("今天08:59", MORNING, at(2027, 1, 1, 8, 59)),
    ("12-31", MORNING, at(2026, 12, 31)),
    ("2月28日 23:59", LEAP_DAY, at(2028, 2, 28, 23, 59)),
    ("2月29日 00:01", LEAP_DAY, at(2028, 2, 29, 0, 1)),
    ("昨天 00:01", LEAP_DAY, at(2028, 2, 28, 0, 1)),
    ("3月1日 00:00", LEAP_DAY, at(2027, 3, 1)),
]


@pytest.mark.parametrize("dress", ["{}", " \n  {} \n", "{}\xa0", "{}  转赞人数超过100", "{} \n\t转赞人数超过1000 "])
@pytest.mark.parametrize(("raw", "fetched", "expected"), WEIBO_SEARCH)
def test_each_form_of_the_desktop_search_across_midnight_and_new_year(raw, fetched, expected, dress):
    """Fetched seconds after midnight, in the first hour of a year, in its last seconds, on a leap day."""
    moment = parse_time(dress.format(raw), fetched.astimezone(UTC))
    assert moment is not None
    assert moment.at == expected
    assert moment.at.tzinfo is UTC


FORUMS = [
    ("刚刚", NEW_YEAR, NEW_YEAR),
    ("40秒前", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 59, 50)),
    ("40分钟前", NEW_YEAR, at(2026, 12, 31, 23, 50)),
    ("半小时前", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 30, 30)),
    ("半小时前", NEW_YEAR, at(2027, 1, 1)),
    ("3小时前", NEW_YEAR, at(2026, 12, 31, 21, 30)),
    ("今天 00:29", NEW_YEAR, at(2027, 1, 1, 0, 29)),
    ("昨天&nbsp;00:10", NEW_YEAR, at(2026, 12, 31, 0, 10)),
    ("前天 23:59", NEW_YEAR, at(2026, 12, 30, 23, 59)),
    ("前天 00:10", NEW_YEARS_EVE, at(2026, 12, 29, 0, 10)),
    ("1天前", NEW_YEAR, at(2026, 12, 31, 0, 30)),
    ("11-20", AROUND_MIDNIGHT, at(2026, 11, 20)),
    ("11-22", AROUND_MIDNIGHT, at(2025, 11, 22)),
    ("12-31", NEW_YEAR, at(2026, 12, 31)),
    ("1-1", NEW_YEAR, at(2027, 1, 1)),
    ("1-2", NEW_YEAR, at(2026, 1, 2)),
    ("12-31 23:59", NEW_YEARS_EVE, at(2026, 12, 31, 23, 59)),
    ("12-31 23:59", NEW_YEAR, at(2026, 12, 31, 23, 59)),
    ("1-1 00:31", NEW_YEARS_EVE, at(2026, 1, 1, 0, 31)),
    ("12月31日 23:59", NEW_YEAR, at(2026, 12, 31, 23, 59)),
    ("2026-12-31 23:59", NEW_YEAR, at(2026, 12, 31, 23, 59)),
    ("2027-1-1 00:00:01", NEW_YEAR, at(2027, 1, 1, 0, 0, 1)),
    ("2026年12月31日&nbsp;23:59", NEW_YEAR, at(2026, 12, 31, 23, 59)),
    ("2026/12/31", NEW_YEAR, at(2026, 12, 31)),
]
FEEDS = [
    ("Thu, 31 Dec 2026 23:59:30 +0800", NEW_YEAR, at(2026, 12, 31, 23, 59, 30)),
    ("Fri, 1 Jan 2027 00:20:00 +0800", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("Thu, 31 Dec 2026 15:59:30 GMT", NEW_YEAR, at(2026, 12, 31, 23, 59, 30)),
    ("Thu, 31 Dec 2026 16:20:00 GMT", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("Thu, 31 Dec 26 23:59:30 +0800", NEW_YEAR, at(2026, 12, 31, 23, 59, 30)),
    ("31 Dec 99 16:20 GMT", NEW_YEAR, at(2000, 1, 1, 0, 20)),
    ("Thu, 31 Dec 2026 16:20:00 +00:00", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("2026-12-31 23:59:30", NEW_YEAR, at(2026, 12, 31, 23, 59, 30)),
    ("2027-01-01T00:20:00+08:00", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("2026-12-31T16:20:00Z", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("2026-12-31T11:20:00-05:00", NEW_YEAR, at(2027, 1, 1, 0, 20)),
]
CALLED_GMT = [
    ("Fri, 20 Nov 2026 23:59:00 GMT", AROUND_MIDNIGHT, at(2026, 11, 20, 23, 59)),
    ("Sat, 21 Nov 2026 00:00:10 GMT", AROUND_MIDNIGHT, at(2026, 11, 21, 0, 0, 10)),
    ("Thu, 31 Dec 2026 23:59:30 GMT", NEW_YEAR, at(2026, 12, 31, 23, 59, 30)),
    ("Fri, 01 Jan 2027 00:20:00 GMT", NEW_YEAR, at(2027, 1, 1, 0, 20)),
    ("Thu, 31 Dec 2026 23:59:30 UT", NEW_YEARS_EVE, at(2026, 12, 31, 23, 59, 30)),
    ("Tue, 29 Feb 2028 00:05:00 GMT", LEAP_DAY, at(2028, 2, 29, 0, 5)),
    ("2027-01-01 00:20:00 UTC", NEW_YEAR, at(2027, 1, 1, 0, 20)),
]


@pytest.mark.parametrize(("raw", "fetched", "expected"), [*FORUMS, *FEEDS, *CALLED_GMT])
def test_each_form_of_forums_and_feeds_across_midnight_and_new_year(raw, fetched, expected):
    """The day and the year are Shanghai's at the hour of fetching; Shanghai's time called GMT is told to be mended."""
    moment = parse_time(raw, fetched.astimezone(UTC))
    assert moment is not None
    assert (moment.at, moment.shifted) == (expected, (raw, fetched, expected) in CALLED_GMT)


@given(st.integers(0, 525_599), st.integers(0, 31_622_400))
def test_what_the_desktop_search_shows_is_read_back(fetched, ago):
    """Whatever the time of fetching: the form the site would choose comes back to the minute, or as fine as it is."""
    now = datetime(2026, 6, 1, tzinfo=SHANGHAI) + timedelta(minutes=fetched)
    then = now - timedelta(seconds=ago)
    if ago < 60:
        shown, slack = f"{ago}秒前", timedelta(seconds=1)
    elif ago < 3600:
        shown, slack = f"{ago // 60}分钟前", timedelta(minutes=1)
    elif then.date() == now.date():
        shown, slack = f"今天{then:%H:%M}", timedelta(minutes=1)
    elif then.year == now.year:
        shown, slack = f"{then:%m月%d日 %H:%M}", timedelta(minutes=1)
    else:
        shown, slack = f"{then:%Y年%m月%d日 %H:%M}", timedelta(minutes=1)
    moment = parse_time(shown, now.astimezone(UTC))
    assert moment is not None
    assert abs(moment.at - then) < slack


@given(st.integers(946_800_000, 1_795_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, SHANGHAI)))
def test_written_and_read_again_is_the_same(moment):
    """A full date survives each of the ways to write it."""
    for written in (
        f"{moment:%Y-%m-%d %H:%M:%S}",
        f"{moment:%Y/%m/%d %H:%M:%S}",
        f"{moment:%Y年%m月%d日 %H:%M:%S}",
        f"{moment.year}-{moment.month}-{moment.day} {moment:%H:%M:%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}+08:00",
        int(moment.timestamp()),
        str(int(moment.timestamp() * 1000)),
    ):
        read = parse_time(written, FETCHED)
        assert read is not None
        assert read.at == moment


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_never_raises_and_never_naive(raw):
    """Anything at all gives None or an aware UTC time."""
    moment = parse_time(raw, FETCHED)
    assert moment is None or moment.at.tzinfo is UTC


@given(
    st.from_regex(
        r"(今天|昨天|前天|\d{1,4}[-/年]\d{1,4}[-/月]?\d{0,4}日?) ?\d{0,3}:?\d{0,3}(:\d{2})?(GMT|Z|[+-]\d{4})?",
        fullmatch=True,
    )
)
def test_nearly_dates_never_raise(raw):
    """Strings that look like dates, many of them impossible."""
    parse_time(raw, FETCHED)
