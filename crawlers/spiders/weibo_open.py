"""Weibo's open platform: mentions of the operator's own account, and comments on it, by the official interface.

Owns the addresses. The access token is the one the platform issued to the account; it travels in a header, never in an
address. The platform asks not to be polled more often than every five minutes.
"""

from urllib.parse import urlencode

from scrapy.http import Request, Response

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.revisits import Visit
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo_open_page import is_error, read_page, read_status
from crawlers.verdict import Reading

REAL = "https://api.weibo.com/2"
_MOST = 200
_LISTS = ("statuses/mentions", "comments/to_me", "comments/mentions")


class WeiboOpenSpider(ListingSpider):
    """Walks the account's three lists, newest first."""

    name = "weibo_open"

    def listings(self) -> tuple[str, ...]:
        """The lists, by their names."""
        return _LISTS

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of one list, long texts whole where the platform can."""
        return self._request(walk.listing, count=self._size, page=at, isGetLongText=1)

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_open_page.read_page`."""
        return read_page(document.text, at, self._size, platform=self.source.label)

    def detail_request(self, entry: Entry) -> Request:
        """The post with its whole text."""
        return self._request("statuses/show", id=entry.detail, isGetLongText=1)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:  # noqa: ARG002 - others need it
        """See `weibo_open_page.read_status`."""
        return read_status(document.text, entry.key, platform=self.source.label)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A post has an address of its own; a comment has that of its post."""
        return bool(item.native_id) and str(item.url).endswith(f"/{item.native_id}")

    def revisit_request(self, visit: Visit) -> Request:
        """The post by its id."""
        return self._request("statuses/show", id=visit.known.native_id, isGetLongText=1)

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:  # noqa: ARG002 - others need it
        """See `weibo_open_page.read_status`."""
        return read_status(document.text, visit.known.native_id, platform=self.source.label)

    def opened(self, response: Response, kind: str) -> tuple[Document, Reading | None]:
        """The body as text; the platform's error object decides in place of the status it comes with."""
        document, reading = super().opened(response, kind)
        return document, None if reading and is_error(document.text) else reading

    @property
    def _size(self) -> int:
        return min(self.source.page_size, _MOST)

    def _request(self, name: str, **query: object) -> Request:
        base = self.source.base_url.rstrip("/") or REAL
        token = self.environ[self.source.access_token_env].strip()
        return Request(f"{base}/{name}.json?{urlencode(query)}", headers={"Authorization": f"OAuth2 {token}"})
