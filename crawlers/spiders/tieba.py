"""百度贴吧 in its server-rendered pages: bars by latest activity, every thread that has something new, all its floors.

Owns the addresses. The site of 2026 shows such pages to few; whoever keeps them reads them through `base_url`.
"""

from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.tieba_page import PAGE, read_bar, read_comments, read_thread
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

REAL = "https://tieba.baidu.com"
_FOUND = 200


class TiebaSpider(ListingSpider):
    """Walks `/f` for each bar by its name."""

    name = "tieba"

    @property
    def base(self) -> str:
        """Where the site lives, without a slash at the end."""
        return self.source.base_url.rstrip("/") or REAL

    def listings(self) -> tuple[str, ...]:
        """The bars, as `name`; a trailing 吧 is not part of it."""
        return self.source.boards

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the bar."""
        query = {"kw": walk.listing, "ie": "utf-8", "pn": PAGE * (at - 1)}
        return self._get(f"{self.base}/f?{urlencode(query)}")

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `tieba_page.read_bar`."""
        return read_bar(document.text, at, platform=self.source.label, base=self.base)

    def detail_request(self, entry: Entry) -> Request:
        """A page of the thread, or of the comments on a floor."""
        return self._get(entry.detail)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `tieba_page`."""
        if status != _FOUND:
            return Detail(EMPTY)
        read = read_comments if "/p/comment?" in entry.detail else read_thread
        return read(document.text, entry, platform=self.source.label, base=self.base)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A thread has its page; its floors and their comments stand on it."""
        return not item.parent

    def revisit_request(self, visit: Visit) -> Request:
        """The thread's first page."""
        return self._get(f"{self.base}/p/{visit.known.native_id}")

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `tieba_page.read_thread`; floors that nobody has seen come with it."""
        return self.read_detail(document, status, Entry.again(visit.known, f"{self.base}/p/{visit.known.native_id}"))

    def thread_page(self, visit: Visit, page: int) -> Entry:
        """A further page of the thread."""
        topic = visit.known.native_id
        return Entry(topic, detail=f"{self.base}/p/{topic}?pn={page}", about=visit.known.target)

    def _get(self, address: str) -> Request:
        return Request(address, headers={"Accept": "text/html"})
