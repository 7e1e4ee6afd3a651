"""Every written form of a time, read against the fetch time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.times import SHANGHAI, Precision, parse_time

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
    ("11月20日 09:01", at(2026, 11, 20, 9, 1), Precision.MINUTE),
    ("12月25日 09:01", at(2025, 12, 25, 9, 1), Precision.MINUTE),
    ("2025年12月30日 08:00", at(2025, 12, 30, 8, 0), Precision.MINUTE),
    ("发布于 2026年11月20日 09:30:00", at(2026, 11, 20, 9, 30), Precision.SECOND),
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
    "raw", ["", "转发", "2026-02-31", "0000-00-00", "25:99", None, True, [], {}, 10**30, float("nan")]
)
def test_what_is_no_time_is_none(raw):
    """Words, impossible dates, other types and numbers beyond the calendar are not guessed at."""
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
