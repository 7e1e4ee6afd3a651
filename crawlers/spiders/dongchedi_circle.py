"""The car site 懂车帝: circles (车友圈) by latest answer, every post that has something new, all its comments.

Owns the addresses.
"""

from datetime import datetime

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.dongchedi import REAL
from crawlers.spiders.dongchedi_circle_page import COMMENTS, post_address, read_circle, read_comments, read_post
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

_FOUND = 200


class DongchediCircleSpider(ListingSpider):
    """Walks `/community/<id>` for each circle."""

    name = "dongchedi_circle"

    def listings(self) -> tuple[str, ...]:
        """The circles, by their numbers."""
        return self.source.boards

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the circle."""
        further = f"/{at}" if at > 1 else ""
        return Request(f"{self._base}/community/{walk.listing}{further}", headers={"Accept": "text/html"})

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `dongchedi_circle_page.read_circle`."""
        return read_circle(
            document.text, at, platform=self.source.label, base=self._base, now=self.clock(), since=self._since()
        )

    def detail_request(self, entry: Entry) -> Request:
        """The post, or a page of its comments."""
        return Request(f"{self._base}{entry.detail}", headers={"Accept": "application/json"})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `dongchedi_circle_page`."""
        if status != _FOUND:
            return Detail(EMPTY)
        if entry.detail.startswith(COMMENTS):
            return read_comments(document.text, entry, platform=self.source.label, base=self._base)
        return read_post(document.text, entry)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A post has its page; its comments stand on it."""
        return not item.parent

    def revisit_request(self, visit: Visit) -> Request:
        """The post."""
        return self.detail_request(Entry(visit.known.native_id, detail=post_address(visit.known.native_id)))

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `dongchedi_circle_page.read_post`."""
        again = Entry.again(visit.known, post_address(visit.known.native_id))
        return self.read_detail(document, status, again)

    def _since(self) -> datetime | None:
        """When the last crawl began that saw the newest of every circle."""
        last = self.state.succeeded(self.source.name)
        return last.started if last is not None else None

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/") or REAL
