"""红网百姓呼声, the message board of Hunan: keyword search or everything, and each message with its official answer.

Owns the addresses.
"""

from scrapy.http import JsonRequest, Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.rednet_page import message_address, read_list, read_message
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

REAL = "https://rapi.rednet.cn"
_READERS = "https://people.rednet.cn/"
_FOUND = 200


class RednetSpider(ListingSpider):
    """Walks `front/msg/index` for each keyword, or without any for everything."""

    name = "rednet"

    @property
    def base(self) -> str:
        """Where the interface lives, without a slash at the end."""
        return self.source.base_url.rstrip("/") or REAL

    def listings(self) -> tuple[str, ...]:
        """The keywords; the empty one finds everything."""
        return self.source.keywords or ("",)

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the newest messages."""
        return JsonRequest(
            f"{self.base}/front/msg/index",
            data={"search": walk.listing, "page": at, "page_num": self.source.page_size},
            headers={"Referer": _READERS},
        )

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `rednet_page.read_list`."""
        return read_list(document.text, at, self.source.page_size, platform=self.source.label, base=self.base)

    def detail_request(self, entry: Entry) -> Request:
        """The message itself."""
        return Request(entry.detail, headers={"Accept": "application/json", "Referer": _READERS})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `rednet_page.read_message`."""
        return read_message(document.text, entry) if status == _FOUND else Detail(EMPTY)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """Each message has its page, which will have the answer."""
        return item.parent is None

    def revisit_request(self, visit: Visit) -> Request:
        """The message itself."""
        return self.detail_request(self._again(visit))

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `rednet_page.read_message`."""
        return self.read_detail(document, status, self._again(visit))

    def _again(self, visit: Visit) -> Entry:
        return Entry.again(visit.known, message_address(self.base, visit.known.native_id))
