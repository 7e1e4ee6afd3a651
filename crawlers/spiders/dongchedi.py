"""The car site 懂车帝: the owners' reviews of each car series.

Owns the addresses. The site sorts reviews as it likes, so every crawl goes through all of them.
"""

from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.spiders.dongchedi_page import PAGE, read_reviews
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk

REAL = "https://www.dongchedi.com"


class DongchediSpider(ListingSpider):
    """Walks `get_review_list` for each series."""

    name = "dongchedi"
    conditional = False

    def listings(self) -> tuple[str, ...]:
        """The series ids."""
        return self.source.boards

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of the series' reviews, owners or not."""
        query = {"series_id": walk.listing, "sort_by": "default", "only_owner": 0, "page": at, "count": PAGE}
        return Request(
            f"{self._base}/motor/pc/car/series/get_review_list?{urlencode(query)}",
            headers={"Accept": "application/json"},
        )

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `dongchedi_page.read_reviews`."""
        return read_reviews(document.text, at, platform=self.source.label, base=self._base)

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - others need it
        """The next page all the same: a new review may stand anywhere."""
        return page.next

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/") or REAL
