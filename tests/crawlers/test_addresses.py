"""Ids and addresses."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawlers.addresses import canonical_url, clean_id, followed, unwrap


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (7471000000000000001, "7471000000000000001"),
        (2**80, str(2**80)),
        ("5231234567890123", "5231234567890123"),
        (" OxYz12abc ", "OxYz12abc"),
        (5.0, "5"),
        (7.471e18, ""),
        (-1, ""),
        (True, ""),
        (None, ""),
        ("", ""),
        ("a b", ""),
        ("x" * 300, ""),
        ("\ud800", ""),
        ([1], ""),
    ],
)
def test_ids_keep_every_digit_or_are_refused(raw, expected):
    """Huge numbers are exact; a float that has lost digits is no id."""
    assert clean_id(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("//tousu.example/complaint/view/173/?sld=abcdef", "https://tousu.example/complaint/view/173/"),
        ("https://Example.COM:443/a?b=2&a=1#top", "https://example.com/a?a=1&b=2"),
        ("https://weibo.example/1/Ox?refer_flag=1001030103_&utm_source=x", "https://weibo.example/1/Ox"),
        ("http://user:pass@h.example/x", "http://h.example/x"),
        ("http://h.example:8080/x?token=s&id=7", "http://h.example:8080/x?id=7"),
        ("https://h.example/story?sid=85484", "https://h.example/story?sid=85484"),
        ("https://h.example/forum.php?fid=36&SID=a8Kd0", "https://h.example/forum.php?fid=36"),
        ("https://h.example/x?sid=&fid=user_12", "https://h.example/x"),
        ("https://h.example", "https://h.example/"),
        ("https://h.example/a\ud800?q=\ud83d&z=1", "https://h.example/a?q=%3F&z=1"),
        ("javascript:alert(1)", ""),
        ("http://[oops", ""),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_canonical_url(raw, expected):
    """One address per page: nothing of the session, nothing of whoever sent us, but the number that names the page."""
    assert canonical_url(raw) == expected


def test_only_the_platforms_own_hosts_are_followed():
    """An address that a page gives is fetched as it stands, if it is on the platform's host."""
    hosts = ("club.example",)
    assert followed("//club.example/t/1?sld=1", "https://club.example/", hosts) == "https://club.example/t/1?sld=1"
    assert followed("/t/1", "https://club.example/x/", hosts) == "https://club.example/t/1"
    assert followed("https://evil.example/t/1", "https://club.example/", hosts) == ""
    assert followed("https://u@club.example/", "https://club.example/", hosts) == ""
    assert followed("file:///etc/passwd", "https://club.example/", hosts) == ""
    assert followed(None, "https://club.example/", hosts) == ""


def test_wrapped_links():
    """The outer address comes out of a `sinaurl` link; what is no web address does not."""
    assert unwrap("https://weibo.cn/sinaurl?f=w&u=http%3A%2F%2Ft.cn%2FA6") == "http://t.cn/A6"
    assert unwrap("https://weibo.cn/sinaurl?u=javascript%3Aalert") == ""


@given(st.one_of(st.text(), st.integers(), st.none(), st.text().map(lambda tail: "https://h.example/" + tail)))
@example("https://h.example/;\x1b")
def test_never_raises_and_is_idempotent(raw):
    """Anything gives an address that is already canonical, or none."""
    once = canonical_url(raw)
    assert canonical_url(once) == once
    followed(raw, "https://h.example/", ("h.example",))
    clean_id(raw)
    unwrap(raw)
