"""Sources: who is crawled, by which right, how politely, and what must be true before the first request.

Owns one `[[source]]` table of `sources.toml` and its checks. Does not read the file or the environment; both are
handed in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from crawlers.addresses import is_web
from crawlers.layouts import Layout
from crawlers.layouts import problem as wrong_layout
from crawlers.platforms import DEMANDS, FILES, Access
from stream.ports import Misconfigured
from stream.zone import SHANGHAI

_OWN_SITES = ("127.0.0.1", "localhost", "::1")


class Robots(StrEnum):
    """What a person found in the site's robots.txt for us; a crawl of public pages reads it again each time."""

    UNREAD = "unread"
    ALLOWS = "allows"
    DISALLOWS = "disallows"
    ABSENT = "absent"
    """There is none, so there are no rules."""


class Retention(StrEnum):
    """The class a source's posts belong to, as its assessment found; part of the register."""

    STANDARD = "standard"
    SHORT = "short"
    """For what is personal or licensed for a while only."""


@dataclass(frozen=True, slots=True)
class Source:
    """One table of `sources.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    spider: str
    access: Access
    platform: str = ""
    """What its posts are labelled as; empty means the spider's name."""
    base_url: str = ""
    """Where the platform lives; empty means its real hosts."""
    keywords: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    """Ids of boards, groups or car series."""
    accounts: tuple[str, ...] = ()
    """Ids of users or companies."""
    posts: tuple[str, ...] = ()
    """Native ids of posts whose comments are read."""
    feeds: tuple[str, ...] = ()
    """Addresses of feeds or sitemaps."""
    hosts: tuple[str, ...] = ()
    """Hosts besides the publisher's own whose pages may be read where a feed points to them."""
    purpose: str = ""
    """What its posts are collected for."""
    assessment: str = ""
    """What collecting does to the site and to the people on it, judged before it began; or where that is written."""
    robots: Robots = Robots.UNREAD
    robots_date: date | None = None
    """When robots.txt was read for the assessment."""
    authorisation: str = ""
    """Who allowed it and where that is written down."""
    authorised_until: date | None = None
    """Last day of the authorisation."""
    enabled: bool = True
    """The kill switch."""
    interval_seconds: float = 900
    """How often it is meant to be crawled; three of these without success make it stale."""
    days: int = 7
    """How far back a listing that is walked by date goes: a user's timeline, a search in slices of time."""
    max_pages: int | None = None
    """Listing pages per keyword or board and crawl; what lies deeper is reported as capped. None is the spider's."""
    page_size: int = 20
    """Elements asked for per listing page, where the platform lets one ask; the platform's own limit caps it."""
    revisits: int = 30
    """Known posts looked at again per crawl, where a post has a page of its own; 0 for none."""
    delay_seconds: float = 3.0
    """Between two requests; 0 only for a site of your own."""
    concurrency: int = 1
    """Requests under way at once."""
    requests_per_minute: int = 30
    """Most requests to one host in a minute, all crawls together; 0 is no limit, only for a site of your own."""
    requests_per_day: int = 5000
    """The same for a day (Asia/Shanghai); when it is spent the crawl ends as capped."""
    retention: Retention = Retention.STANDARD
    layout: Layout | None = None
    """What the columns of its files mean, where it reads files."""
    expected_hours: float = 0
    """A file or a push is promised at least so often; longer silence is told as a gap. 0 promises nothing."""
    cookie_env: str = ""
    """Environment variable with the Cookie header of the authorised session."""
    client_key_env: str = ""
    client_secret_env: str = ""
    access_token_env: str = ""
    """Environment variable with the OAuth2 access token that the platform issued for the operator's own account."""
    refresh_token_env: str = ""
    """The one with the refresh token, by which a spider that can renews the access token at each crawl."""

    @property
    def label(self) -> str:
        """The platform its posts are labelled as."""
        return self.platform or DEMANDS[self.spider].platform

    @property
    def page_limit(self) -> int | None:
        """Pages of one listing that a crawl reads at most; None where nothing but the requests of a day bound them."""
        return DEMANDS[self.spider].max_pages if self.max_pages is None else self.max_pages

    @property
    def crawled(self) -> bool:
        """Whether anybody should look for anything new of it at all."""
        return self.enabled and self.access is not Access.DISABLED

    @property
    def imported(self) -> bool:
        """Whether it comes as files (or is pushed to us), so that nothing is fetched."""
        return self.access is Access.OPERATOR_EXPORT

    @property
    def fetched(self) -> bool:
        """Whether a crawl is to ask its site."""
        return self.crawled and not self.imported

    @property
    def own_site(self) -> bool:
        """Whether it lives on this machine, so that nobody else is asked for anything."""
        addresses = (self.base_url,) if self.base_url else self.feeds
        return bool(addresses) and all(urlsplit(address).hostname in _OWN_SITES for address in addresses)

    @property
    def robots_exempt(self) -> bool:
        """Whether an agreement with the platform stands in place of robots.txt."""
        return self.access in (Access.OFFICIAL_API, Access.AUTHORISED_SESSION)


def check(source: Source, today: date, environ: Mapping[str, str]) -> None:
    """Refuse a source that cannot or must not be crawled; one that is switched off passes whatever it says.

    Raises:
        Misconfigured: names the source, the key and what to do.
    """
    problem = _problem(source, today, environ)
    if problem is not None:
        raise Misconfigured(f"source {source.name or '(unnamed)'}: {problem}")


def _problem(source: Source, today: date, environ: Mapping[str, str]) -> str | None:
    """The first thing wrong with a source, beginning with its key."""
    if not source.name:
        return "name must not be empty"
    if source.spider not in DEMANDS:
        return f"spider must be one of {', '.join(DEMANDS)}"
    if not source.crawled:
        return None
    return (
        _numbers(source)
        or _address(source)
        or _listings(source)
        or _layout(source)
        or _right(source, today)
        or _credentials(source, environ)
        or _register(source)
    )


def day(now: datetime) -> date:
    """The calendar day that authorisations and budgets count by."""
    return now.astimezone(SHANGHAI).date()


def lapsed(source: Source, today: date) -> date | None:
    """The last day of the right a source was read by, if that has passed."""
    until = source.authorised_until if source.access is Access.AUTHORISED_SESSION else None
    return until if until is not None and until < today else None


def forbidden(source: Source, today: date) -> str:
    """Why nobody may read a source that is switched on, in words for a person; empty if somebody may."""
    if source.access is Access.PUBLIC_ROBOTS_OK and source.robots is Robots.DISALLOWS:
        return "登记为 robots.txt 不允许采集，且没有授权"
    if source.access is not Access.AUTHORISED_SESSION:
        return ""
    if not source.authorisation.strip() or source.authorised_until is None:
        return "没有登记授权"
    until = lapsed(source, today)
    return f"授权已于 {until} 到期，已停止采集" if until else ""


def _numbers(source: Source) -> str | None:
    for key, low, high in (
        ("interval_seconds", 1, 7 * 86400),
        ("days", 1, 3660),
        ("max_pages", 1, 10**6),
        ("page_size", 1, 100),
        ("revisits", 0, 1000),
        ("delay_seconds", 0, 3600),
        ("concurrency", 1, 32),
        ("requests_per_minute", 0, 6000),
        ("requests_per_day", 0, 10**7),
        ("expected_hours", 0, 8784),
    ):
        value = getattr(source, key)
        if value is not None and not low <= value <= high:
            return f"{key} must be between {low} and {high}"
    return None


def _address(source: Source) -> str | None:
    for nth, feed in enumerate(source.feeds, 1):
        if not is_web(feed):  # it may hold a key, and is not repeated
            return f"feeds must be http or https addresses, and number {nth} is none"
    if not source.base_url:
        wanted = DEMANDS[source.spider].address
        return f"base_url must say where the board lives that {source.spider} reads" if wanted else None
    parts = urlsplit(source.base_url) if is_web(source.base_url) else None
    if parts is None or parts.query or parts.fragment or parts.username:
        return "base_url must be an http or https address without query, fragment or credentials"
    return None


def _listings(source: Source) -> str | None:
    key = DEMANDS[source.spider].listings
    if key and not any(value.strip() for value in getattr(source, key)):
        return f"{key} must name at least one for {source.spider} to read"
    return None


def _layout(source: Source) -> str | None:
    files = DEMANDS[source.spider].accesses == FILES
    if files and not re.fullmatch(r"[^./\\\s][^/\\]*", source.name):
        return "name must do as the name of a folder"
    if source.layout is not None:
        return wrong_layout(source.layout) if files else "layout is only for sources that read files"
    return "layout must say which column is what" if source.spider == "inbox" else None


def _right(source: Source, today: date) -> str | None:
    accesses = DEMANDS[source.spider].accesses
    if source.access not in accesses:
        return f"access must be {' or '.join(accesses)} for the {source.spider} spider"
    if source.access is not Access.AUTHORISED_SESSION:
        return None
    if not source.authorisation.strip():
        return "authorisation must say who allowed this and where that is written down"
    if source.authorised_until is None:
        return "authorised_until must give the last day of the authorisation"
    if lapsed(source, today):
        return f"authorised_until passed on {source.authorised_until}; renew it or set access to disabled"
    return None


def _register(source: Source) -> str | None:
    """What must have been thought about and written down before somebody else's site is asked for anything."""
    if source.access is Access.PUBLIC_ROBOTS_OK and source.robots is Robots.DISALLOWS:
        return "robots says disallows; record an authorisation with access authorised_session, or leave it disabled"
    if source.own_site or source.imported:
        return None
    for key in ("delay_seconds", "requests_per_minute", "requests_per_day"):
        if not getattr(source, key):
            return f"{key} may be 0 only for a site of your own"
    if not source.purpose.strip():
        return "purpose must say what its posts are collected for"
    if not source.assessment.strip():
        return "assessment must say, or say where it is written, what collecting does to the site and to people"
    unread = source.robots is Robots.UNREAD or source.robots_date is None
    wanted = "robots must say allows, disallows or absent, as its robots.txt was found, and robots_date when"
    return wanted if source.access is Access.PUBLIC_ROBOTS_OK and unread else None


def _credentials(source: Source, environ: Mapping[str, str]) -> str | None:
    if source.cookie_env and source.access is not Access.AUTHORISED_SESSION:
        return "cookie_env is only for access authorised_session"
    demand = DEMANDS[source.spider]
    if source.refresh_token_env and not demand.renewing:
        return f"refresh_token_env is not for {source.spider}, which cannot renew a token"
    wanted = demand.renewing if source.refresh_token_env else demand.credentials
    for key in (*wanted, "cookie_env"):
        named = getattr(source, key)
        if not named and key in wanted:
            return f"{key} must name the environment variable (or file:PATH) with the credential"
        # what stands there is never repeated: it may be the credential itself, and look like a name
        if named and not re.fullmatch(r"[A-Za-z_]\w*|file:.+", named, re.ASCII):
            return f"{key} must name an environment variable or file:PATH; a credential itself is not written there"
        if named and not environ.get(named, "").strip():
            return f"{key} names an environment variable that is not set, or a file that cannot be read"
    return None
