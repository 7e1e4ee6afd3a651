"""The complaint site 黑猫投诉: keyword search, the public feed or a company's complaints, and the page of each.

Owns the addresses. Signed calls are never made: where the site wants a signature it refuses, and that is a stop.
"""

from urllib.parse import quote, urlencode, urlsplit

from scrapy.http import Request

from crawlers.addresses import clean_id
from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.heimao_page import read_complaint, read_list
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

REAL = "https://tousu.sina.com.cn"
_FOUND = 200


class HeimaoSpider(ListingSpider):
    """Walks `index/s` for each keyword, or `index/feed` without any."""

    name = "heimao"

    @property
    def base(self) -> str:
        """Where the site lives, without a slash at the end."""
        return self.source.base_url.rstrip("/") or REAL

    def listings(self) -> tuple[str, ...]:
        """The keywords; the empty one is the feed."""
        return self.source.keywords or ("",)

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the newest complaints."""
        which = {"keywords": walk.listing} if walk.listing else {"type": "1"}
        query = urlencode({**which, "page": at, "page_size": self.source.page_size}, quote_via=quote)
        return self.api(f"index/{'s' if walk.listing else 'feed'}?{query}")

    def api(self, path: str) -> Request:
        """A call of the site's own interface."""
        return Request(f"{self.base}/api/{path}", headers={"Accept": "application/json", "Referer": f"{self.base}/"})

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `heimao_page.read_list`."""
        return read_list(document.text, at, platform=self.source.label, base=self.base)

    def detail_request(self, entry: Entry) -> Request:
        """The complaint's own page."""
        return Request(entry.detail, headers={"Accept": "text/html", "Referer": f"{self.base}/"})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `heimao_page.read_complaint`."""
        return read_complaint(document.text, entry) if status == _FOUND else Detail(EMPTY)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A complaint has its page; what was added to it stands on the same one."""
        return not item.parent and clean_id(item.native_id).isalnum()

    def revisit_request(self, visit: Visit) -> Request:
        """The complaint's own page with the `sld` of the list's link, which recent ones may not open without."""
        return self.detail_request(self._again(visit))

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `heimao_page.read_complaint`."""
        return self.read_detail(document, status, self._again(visit))

    def _again(self, visit: Visit) -> Entry:
        own, query = f"{self.base}/complaint/view/{visit.known.native_id}/", urlsplit(visit.known.url).query
        page = f"{own}?{query}" if query else own
        return Entry.again(visit.known, page, page=page)


class HeimaoCompanySpider(HeimaoSpider):
    """Walks `company/received_complaints` for each company, by its `couid`."""

    name = "heimao_company"

    def listings(self) -> tuple[str, ...]:
        """The companies."""
        return self.source.accounts

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of all complaints that the company received, the newest first."""
        query = {"couid": walk.listing, "type": "1", "page": at, "page_size": self.source.page_size}
        return self.api(f"company/received_complaints?{urlencode(query)}")
