"""Weibo's mobile site: what the named accounts post, newest first, as many days back as the source says.

Owns the addresses. Accounts are user ids in digits.
"""

from datetime import timedelta
from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo import WeiboSpider
from crawlers.spiders.weibo_page import read_timeline

_POSTS = "107603"
"""What the platform puts before a user's id to name the list of that user's posts."""


class WeiboUserSpider(WeiboSpider):
    """Walks `container/getIndex` for each account; a place is the platform's `since_id`."""

    name = "weibo_user"
    first: Place = ""
    window = True

    def listings(self) -> tuple[str, ...]:
        """The accounts."""
        return self.source.accounts

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of the account's posts."""
        query = {"type": "uid", "value": walk.listing, "containerid": _POSTS + walk.listing}
        return self.asking(f"/api/container/getIndex?{urlencode({**query, 'since_id': at} if at else query)}")

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_page.read_timeline`."""
        now = self.clock()
        since = now - timedelta(days=self.source.days)
        return read_timeline(document.text, at, platform=self.source.label, base=self.base, since=since, now=now)

    def after(self, at: Place) -> Place | None:  # noqa: ARG002 - no page tells but the one that is broken
        """No cursor can be guessed."""
        return None
