"""What each spider needs of its source: what it walks, by which right it may, which credentials it presents.

Owns the table. Does not own the spiders (`spiders`, which load Scrapy) nor the check of a source against its row
(`sources`). A spider without a row here cannot be named in `sources.toml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Access(StrEnum):
    """By which right a source is read."""

    OFFICIAL_API = "official_api"
    """The platform's own interface, with credentials it issued."""
    PUBLIC_ROBOTS_OK = "public_robots_ok"
    """Public pages that robots.txt lets us read."""
    AUTHORISED_SESSION = "authorised_session"
    """A written authorisation the operator recorded, with its last day."""
    OPERATOR_EXPORT = "operator_export"
    """Files the operator exported or rows a system pushes to us; nothing is fetched."""
    DISABLED = "disabled"


PAGES = (Access.PUBLIC_ROBOTS_OK, Access.AUTHORISED_SESSION)
"""Pages are read because robots.txt lets us, or because an authorisation is recorded."""
SESSIONS = (Access.AUTHORISED_SESSION,)
"""Pages that are shown to nobody but those who are logged in."""
OFFICIAL = (Access.OFFICIAL_API,)
FILES = (Access.OPERATOR_EXPORT,)
UNSETTLED = (timedelta(days=7), timedelta(days=14), timedelta(days=30))
"""Companies and offices answer days later, and the complainant's verdict comes later still."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One spider's row."""

    platform: str
    """What its posts are labelled as when the source says nothing."""
    accesses: tuple[Access, ...] = PAGES
    """Rights under which it may run; `disabled` is always possible."""
    listings: str = ""
    """The field of Source that names what is walked, at least one; empty where the spider walks a fixed list."""
    credentials: tuple[str, ...] = ()
    """Fields of Source that must each name a credential that is there."""
    renewing: tuple[str, ...] = ()
    """Fields that may be named instead, where the spider renews its access token by itself."""
    address: bool = False
    """Whether it must be told where the platform lives, because the software runs on many hosts."""
    waits: tuple[timedelta, ...] = ()
    """Ages at which a post that is not settled is looked at again, beyond the looks that every post gets."""
    max_pages: int | None = 50
    """Pages of one listing and crawl where the source says nothing; None where the day's requests alone bound them."""


DEMANDS: Mapping[str, Demand] = {
    "weibo": Demand("weibo", listings="keywords"),
    "weibo_user": Demand("weibo", listings="accounts"),
    "weibo_comments": Demand("weibo", SESSIONS, "posts", ("cookie_env",)),
    "weibo_search": Demand("weibo", SESSIONS, "keywords", ("cookie_env",), max_pages=None),  # in slices of fifty
    "weibo_hot": Demand("weibo", listings="keywords"),
    "weibo_open": Demand("weibo", OFFICIAL, credentials=("access_token_env",)),
    "douyin": Demand("douyin", OFFICIAL, "keywords", ("client_key_env", "client_secret_env")),
    "douyin_hot": Demand("douyin", OFFICIAL, "keywords", ("client_key_env", "client_secret_env")),
    "douyin_export": Demand("douyin", FILES),
    "douyin_comments": Demand(
        "douyin", OFFICIAL, "accounts", ("access_token_env",), renewing=("client_key_env", "refresh_token_env")
    ),
    "heimao": Demand("heimao", waits=UNSETTLED),
    "autohome": Demand("autohome", listings="boards"),
    # an owner adds to a review for weeks, and every crawl is shown all of them
    "autohome_koubei": Demand("autohome", listings="boards", waits=UNSETTLED),
    "dongchedi": Demand("dongchedi", listings="boards", waits=UNSETTLED),
    "dongchedi_circle": Demand("dongchedi", listings="boards"),
    "bilibili": Demand("bilibili", listings="posts"),
    "heimao_company": Demand("heimao", listings="accounts", waits=UNSETTLED),
    "feed": Demand("news", listings="feeds"),
    "sitemap": Demand("news", listings="feeds"),
    "inbox": Demand("owned", FILES),
    "diansubao": Demand("diansubao", FILES),
    "12315": Demand("12315", FILES),
    "rednet": Demand("rednet", waits=UNSETTLED),
    "peopleboard": Demand("peopleboard", listings="boards", waits=UNSETTLED),
    "discuz": Demand("discuz", listings="boards", address=True),
    "discuz_mobile": Demand("discuz", listings="boards", address=True),
    "discuz_rss": Demand("discuz", listings="boards", address=True),
    "tieba": Demand("tieba", listings="boards"),
}
"""By the name a source gives as `spider`."""
