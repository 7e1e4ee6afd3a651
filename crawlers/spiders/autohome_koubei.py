"""汽车之家 口碑: the owners' reviews of each car series.

Owns the addresses. The site sorts reviews as it likes, so every crawl goes through all of them.
"""

from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.spiders.autohome_koubei_page import read_koubei
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk

REAL_LISTS = "https://koubeiipv6.app.autohome.com.cn"
REAL_REVIEWS = "https://k.autohome.com.cn"
_MOST = 20


class AutohomeKoubeiSpider(ListingSpider):
    """Walks `pc/series/list` for each series."""

    name = "autohome_koubei"
    conditional = False

    def listings(self) -> tuple[str, ...]:
        """The series ids."""
        return self.source.boards

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of the series' reviews."""
        query = {
            "pm": 3,
            "seriesId": walk.listing,
            "pageIndex": at,
            "pageSize": self._size,
            "yearid": 0,
            "ge": 0,
            "seriesSummaryKey": 0,
            "order": 0,
        }
        return Request(
            f"{self._base or REAL_LISTS}/pc/series/list?{urlencode(query)}", headers={"Accept": "application/json"}
        )

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `autohome_koubei_page.read_koubei`."""
        return read_koubei(document.text, at, self._size, platform=self.source.label, base=self._base or REAL_REVIEWS)

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - others need it
        """The next page all the same: a new review may stand anywhere."""
        return page.next

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")

    @property
    def _size(self) -> int:
        return min(self.source.page_size, _MOST)
