"""Douyin's hot lists, by the official interface: the lines that name one of the source's keywords.

Owns the addresses. The lists are made anew about every two hours.
"""

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.sources import day
from crawlers.spiders.douyin import DouyinSpider
from crawlers.spiders.douyin_hot_page import read_hot
from crawlers.spiders.walk import Walk

_LISTS = ("/hotsearch/sentences/", "/data/extern/billboard/hot_video/")


class DouyinHotSpider(DouyinSpider):
    """Reads both lists, each a page of its own, under the app's token."""

    name = "douyin_hot"

    def listings(self) -> tuple[str, ...]:
        """The lists, by their addresses."""
        return _LISTS

    def list_request(self, walk: Walk, at: Place) -> Request:  # noqa: ARG002 - others need it
        """The whole list."""
        return Request(f"{self._base}{walk.listing}", headers={"access-token": self._token})

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need them
        """See `douyin_hot_page.read_hot`."""
        today = day(self.clock())
        return read_hot(document.text, platform=self.source.label, keywords=self.source.keywords, day=today)

    def after(self, at: Place) -> Place | None:  # noqa: ARG002 - there is no other page
        """Nothing."""
        return None
