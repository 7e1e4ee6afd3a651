"""Counts as platforms write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.counts import parse_count

TABLE = [
    (5, 5),
    (0, 0),
    ("12", 12),
    (" 12 ", 12),
    ("1,234", 1234),
    ("12,345,678", 12_345_678),
    ("1.2万", 12_000),
    ("1.2w", 12_000),
    ("2千万", 20_000_000),
    ("1.5百万", 1_500_000),
    ("3百", 300),
    ("100万+", 1_000_000),
    ("10万+", 100_000),
    ("3亿", 300_000_000),
    ("1.51亿", 151_000_000),
    ("3万次播放", 30_000),
    ("转发", 0),
    ("评论", 0),
    ("赞", 0),
    ("转发 3", 3),
    ("评论3", 3),
    ("１２", 12),
    ("--", None),
    ("-", None),
    ("", None),
    (None, None),
    (True, None),
    (-1, None),
    (2**63, None),
    (float("nan"), None),
    (float("inf"), None),
    ("九", None),
    ([3], None),
]


@pytest.mark.parametrize(("raw", "expected"), TABLE)
def test_each_form(raw, expected):
    """The number meant; None when the page does not say."""
    assert parse_count(raw) == expected


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.binary(), st.dictionaries(st.text(), st.text())))
def test_never_raises_and_fits_a_database(raw):
    """Anything gives None or a number that every store can hold."""
    count = parse_count(raw)
    assert count is None or 0 <= count < 2**63


@given(st.integers(0, 10**8))
def test_plain_digits_are_exact(number):
    """Digits, with or without separators, lose nothing."""
    assert parse_count(str(number)) == parse_count(f"{number:,}") == number
