"""Weibo's mobile site: keyword search, newest first, long texts made whole.

Owns the addresses. Needs the cookie of an authorised session on the real site; never mints a guest's.
"""

from urllib.parse import quote, urlencode

from scrapy.http import Request

from crawlers.addresses import clean_id
from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.revisits import Visit
from crawlers.spiders.details import FOUND
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo_page import read_long_text, read_search, read_status
from crawlers.verdict import EMPTY

REAL = "https://m.weibo.cn"
_LATEST = "100103type=61"


class WeiboSpider(ListingSpider):
    """Walks `container/getIndex` for each keyword."""

    name = "weibo"

    @property
    def base(self) -> str:
        """Where the site lives, without a slash at the end."""
        return self.source.base_url.rstrip("/") or REAL

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of the latest posts with this keyword."""
        query = {"containerid": f"{_LATEST}&q={walk.listing}", "page_type": "searchall", "page": str(at)}
        return self.asking(f"/api/container/getIndex?{urlencode(query, quote_via=quote)}")

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_page.read_search`."""
        return read_search(document.text, at, platform=self.source.label, base=self.base)

    def detail_request(self, entry: Entry) -> Request:
        """The whole of a long text."""
        return self.asking(f"/statuses/extend?id={quote(entry.detail, safe='')}")

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `weibo_page.read_long_text`."""
        return read_long_text(document.text, entry) if status == FOUND else Detail(EMPTY)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """Every post with an id has a page of its own."""
        return clean_id(item.native_id).isdigit()

    def revisit_request(self, visit: Visit) -> Request:
        """The post by its id."""
        return self.asking(f"/statuses/show?id={quote(visit.known.native_id, safe='')}")

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:  # noqa: ARG002 - others need it
        """See `weibo_page.read_status`."""
        if status != FOUND:
            return Detail(EMPTY)
        return read_status(document.text, platform=self.source.label, base=self.base)

    def asking(self, path: str) -> Request:
        """A request as the mobile site's own pages send it."""
        return Request(
            self.base + path,
            headers={
                "Accept": "application/json, text/plain, */*",
                "X-Requested-With": "XMLHttpRequest",
                "MWeibo-Pwa": "1",
                "Referer": f"{self.base}/",
            },
        )
