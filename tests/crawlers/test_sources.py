"""What a source must have before it may be crawled."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from crawlers.credentials import Credentials
from crawlers.platforms import DEMANDS
from crawlers.readers import READERS
from crawlers.sources import Access, Retention, Robots, Source, check, day
from crawlers.spiders import SPIDERS as BUILT
from stream.ports import Misconfigured

TODAY = date(2026, 11, 21)
ENVIRON = {"COOKIE": "SUB=x", "KEY": "k", "SECRET": "s", "BLANK": " "}
WEIBO = Source(
    name="weibo-brand",
    spider="weibo",
    access=Access.AUTHORISED_SESSION,
    keywords=("云汀茶",),
    purpose="自有品牌口碑",
    assessment="评估 2026-3",
    authorisation="合同 2026-7",
    authorised_until=date(2026, 11, 21),
    cookie_env="COOKIE",
)
DOUYIN = Source(
    name="douyin",
    spider="douyin",
    access=Access.OFFICIAL_API,
    keywords=("云汀茶",),
    purpose="自有品牌口碑",
    assessment="评估 2026-4",
    client_key_env="KEY",
    client_secret_env="SECRET",
)
OWN = replace(DOUYIN, spider="douyin_comments", accounts=("a",), client_secret_env="", refresh_token_env="SECRET")
PUBLIC = Source(
    name="autohome",
    spider="autohome",
    access=Access.PUBLIC_ROBOTS_OK,
    boards=("8232",),
    purpose="竞品口碑",
    assessment="评估 2026-5",
    robots=Robots.ALLOWS,
    robots_date=date(2026, 11, 1),
)


def test_sound_sources_pass():
    """A session on the last day of its authorisation, an official interface, pages that robots.txt lets us read."""
    check(WEIBO, TODAY, ENVIRON)
    check(DOUYIN, TODAY, ENVIRON)
    check(PUBLIC, TODAY, ENVIRON)
    check(replace(PUBLIC, robots=Robots.ABSENT), TODAY, ENVIRON)


def test_a_site_of_our_own_needs_no_register():
    """Nobody else is asked for anything on this machine; what robots.txt is known to forbid stays forbidden there."""
    own = replace(PUBLIC, base_url="http://127.0.0.1:8900/x", purpose="", assessment="", robots=Robots.UNREAD)
    check(own, TODAY, ENVIRON)
    check(replace(own, base_url="", feeds=("http://localhost/a.xml",)), TODAY, ENVIRON)
    check(replace(own, delay_seconds=0, requests_per_minute=0, requests_per_day=0), TODAY, ENVIRON)
    with pytest.raises(Misconfigured, match="robots"):
        check(replace(own, robots=Robots.DISALLOWS), TODAY, ENVIRON)
    with pytest.raises(Misconfigured, match="purpose"):
        check(replace(own, base_url="", feeds=("http://localhost/a", "https://news.example.cn/b")), TODAY, ENVIRON)


def test_an_authorisation_ends_with_its_last_day_in_china():
    """The day turns at midnight in Shanghai, eight hours before it does in UTC."""
    assert day(datetime(2026, 11, 21, 15, 59, tzinfo=UTC)) == date(2026, 11, 21)
    assert day(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("source", "key"),
    [
        (replace(WEIBO, name=""), "name"),
        (replace(WEIBO, spider="myspace"), "spider"),
        (replace(WEIBO, keywords=(" ",)), "keywords"),
        (replace(WEIBO, authorisation=""), "authorisation"),
        (replace(WEIBO, authorised_until=None), "authorised_until"),
        (replace(WEIBO, authorised_until=date(2026, 11, 20)), "authorised_until"),
        (replace(WEIBO, cookie_env="MISSING"), "cookie_env"),
        (replace(WEIBO, cookie_env="BLANK"), "cookie_env"),
        (replace(WEIBO, cookie_env="SUB=x; SUBP=y"), "cookie_env"),
        (replace(WEIBO, refresh_token_env="KEY"), "refresh_token_env"),
        (replace(OWN, client_key_env=""), "client_key_env"),
        (replace(OWN, refresh_token_env="file:/nowhere/at/all"), "refresh_token_env"),
        (replace(OWN, refresh_token_env=""), "access_token_env"),
        (replace(WEIBO, access=Access.PUBLIC_ROBOTS_OK), "cookie_env"),
        (replace(WEIBO, access=Access.OFFICIAL_API), "access"),
        (replace(WEIBO, base_url="ftp://h.example"), "base_url"),
        (replace(WEIBO, base_url="https://u@h.example"), "base_url"),
        (replace(WEIBO, base_url="https://h.example:x/"), "base_url"),
        (replace(WEIBO, base_url="h.example"), "base_url"),
        (replace(WEIBO, max_pages=0), "max_pages"),
        (replace(WEIBO, days=0), "days"),
        (replace(WEIBO, spider="weibo_user"), "accounts"),
        (replace(WEIBO, spider="weibo_comments"), "posts"),
        (replace(WEIBO, spider="weibo_search", cookie_env=""), "cookie_env"),
        (replace(WEIBO, spider="weibo_search", access=Access.PUBLIC_ROBOTS_OK), "access"),
        (replace(WEIBO, spider="weibo_open", access=Access.OFFICIAL_API, cookie_env=""), "access_token_env"),
        (replace(WEIBO, delay_seconds=-1), "delay_seconds"),
        (replace(WEIBO, delay_seconds=float("nan")), "delay_seconds"),
        (replace(WEIBO, interval_seconds=0), "interval_seconds"),
        (replace(WEIBO, concurrency=0), "concurrency"),
        (replace(WEIBO, page_size=0), "page_size"),
        (replace(WEIBO, spider="autohome"), "boards"),
        (replace(PUBLIC, spider="discuz"), "base_url"),
        (replace(PUBLIC, spider="heimao_company"), "accounts"),
        (replace(PUBLIC, spider="feed", feeds=("https://a.example/f", "b.example/rss")), "feeds"),
        (replace(PUBLIC, spider="sitemap", feeds=("http://[oops/", "https://a.example/f")), "feeds"),
        (replace(PUBLIC, spider="feed", feeds=("https://a.example/f", "")), "feeds"),
        (replace(WEIBO, purpose=" "), "purpose"),
        (replace(WEIBO, assessment=""), "assessment"),
        (replace(PUBLIC, robots=Robots.DISALLOWS), "robots"),
        (replace(PUBLIC, robots=Robots.UNREAD), "robots"),
        (replace(PUBLIC, robots_date=None), "robots"),
        (replace(PUBLIC, requests_per_minute=-1), "requests_per_minute"),
        (replace(PUBLIC, requests_per_day=-1), "requests_per_day"),
        (replace(PUBLIC, delay_seconds=0), "delay_seconds"),
        (replace(WEIBO, requests_per_minute=0), "requests_per_minute"),
        (replace(DOUYIN, requests_per_day=0), "requests_per_day"),
        (replace(DOUYIN, access=Access.PUBLIC_ROBOTS_OK), "access"),
        (replace(DOUYIN, client_key_env=""), "client_key_env"),
        (replace(DOUYIN, client_secret_env="MISSING"), "client_secret_env"),
        (replace(DOUYIN, client_secret_env="e3b0SUB"), "client_secret_env"),
    ],
)
def test_unsound_sources_are_refused_by_name_and_key(source, key):
    """The error says which source and which key, and holds no secret."""
    with pytest.raises(Misconfigured) as caught:
        check(source, TODAY, ENVIRON)
    assert f": {key} " in str(caught.value)
    assert source.name in str(caught.value)
    assert "SUB" not in str(caught.value)


def test_a_credential_may_lie_in_a_file(tmp_path):
    """Read each time it is asked for, so that a renewed one counts at once; what cannot be read is not set."""
    file = tmp_path / "cookie"
    there = Credentials({"A": "a"})
    named = f"file:{file}"
    assert (there["A"], there.get(named, ""), there.get("B", "")) == ("a", "", "")
    file.write_text("SUB=one", encoding="utf-8")
    check(replace(WEIBO, cookie_env=named), TODAY, there)
    assert there[named] == "SUB=one"
    file.write_text("SUB=two", encoding="utf-8")
    assert there[named] == "SUB=two"
    file.write_bytes(b"\xff\xfe")
    assert there.get(named, "") == ""
    check(OWN, TODAY, ENVIRON)


def test_a_listing_is_fifty_pages_deep_unless_its_source_says_otherwise():
    """A search in slices, each fifty deep, is bounded by the requests of a day; what is said in the register counts."""
    search = replace(WEIBO, spider="weibo_search")
    assert [one.page_limit for one in (WEIBO, search, replace(WEIBO, max_pages=7), replace(search, max_pages=7))] == [
        50,
        None,
        7,
        7,
    ]


def test_switched_off_sources_may_be_incomplete():
    """The kill switch works however wrong the rest is."""
    check(replace(WEIBO, enabled=False, authorised_until=None), TODAY, {})
    check(replace(WEIBO, access=Access.DISABLED, keywords=()), TODAY, {})
    assert not replace(WEIBO, enabled=False).crawled


def test_every_spider_that_may_be_named_exists():
    """The names that check allows are the spiders there are."""
    assert set(DEMANDS) == set(BUILT) | set(READERS)
    assert not set(BUILT) & set(READERS)


def test_a_table_of_the_settings_file_becomes_a_source():
    """TOML values are read as they stand; an unknown key is refused."""
    adapter = TypeAdapter(Source)
    table = {
        "name": "a",
        "spider": "weibo",
        "access": "disabled",
        "keywords": ["云汀"],
        "authorised_until": "2026-12-01",
        "robots": "disallows",
        "retention": "short",
    }
    made = adapter.validate_python(table)
    assert made == Source(
        "a",
        "weibo",
        Access.DISABLED,
        keywords=("云汀",),
        authorised_until=date(2026, 12, 1),
        robots=Robots.DISALLOWS,
        retention=Retention.SHORT,
    )
    with pytest.raises(ValidationError):
        adapter.validate_python({**table, "keyword": ["x"]})


def test_only_an_agreement_replaces_robots_txt():
    """Official interfaces and authorised sessions are exempt, public pages are not."""
    assert [replace(WEIBO, access=access).robots_exempt for access in Access] == [True, False, True, False, False]
