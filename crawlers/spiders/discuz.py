"""Any board that runs Discuz! X, in three forms: its pages, its mobile interface, its feed of new threads.

Owns the addresses, which every such board understands whatever it makes its own look like. Threads that have something
new are read again; a feed shows new threads only.
"""

from urllib.parse import quote

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders import discuz_feed_page, discuz_mobile_page, discuz_page
from crawlers.spiders.discuz_mobile_page import mobile_address
from crawlers.spiders.discuz_posts import thread_address
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

_FOUND = 200


class DiscuzSpider(ListingSpider):
    """Walks `forumdisplay` for each board by its `fid`, the latest activity first."""

    name = "discuz"
    accept = "text/html"

    @property
    def base(self) -> str:
        """Where the board lives, without a slash at the end."""
        return self.source.base_url.rstrip("/")

    def listings(self) -> tuple[str, ...]:
        """The boards."""
        return self.source.boards

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the board."""
        return self.asking(f"{self.base}/forum.php?mod=forumdisplay&fid={quote(walk.listing, safe='')}&page={at}")

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `discuz_page.read_board`."""
        return discuz_page.read_board(document.text, at, platform=self.source.label, base=self.base)

    def detail_request(self, entry: Entry) -> Request:
        """A page of the thread."""
        return self.asking(entry.detail)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `discuz_page.read_thread`."""
        if status != _FOUND:
            return Detail(EMPTY)
        return discuz_page.read_thread(document.text, entry, platform=self.source.label, base=self.base)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A thread has its page; its answers stand on it."""
        return not item.parent

    def revisit_request(self, visit: Visit) -> Request:
        """The thread's first page."""
        return self.detail_request(self._again(visit))

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """As `read_detail`; answers that nobody has seen come with it."""
        return self.read_detail(document, status, self._again(visit))

    def thread_page(self, visit: Visit, page: int) -> Entry:
        """A further page of the thread."""
        topic = visit.known.native_id
        return Entry(topic, detail=f"{self.address(topic)}&page={page}", about=visit.known.target)

    def address(self, topic: str) -> str:
        """Where a thread is read."""
        return thread_address(self.base, topic)

    def asking(self, address: str) -> Request:
        """A request of this form."""
        return Request(address, headers={"Accept": self.accept})

    def _again(self, visit: Visit) -> Entry:
        return Entry.again(visit.known, self.address(visit.known.native_id))


class DiscuzMobileSpider(DiscuzSpider):
    """Walks the same boards through `api/mobile`."""

    name = "discuz_mobile"
    accept = "application/json"

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the board."""
        query = f"version=4&module=forumdisplay&fid={quote(walk.listing, safe='')}&page={at}"
        return self.asking(f"{self.base}/api/mobile/index.php?{query}")

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `discuz_mobile_page.read_board`."""
        return discuz_mobile_page.read_board(document.text, at, platform=self.source.label, base=self.base)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `discuz_mobile_page.read_thread`."""
        if status != _FOUND:
            return Detail(EMPTY)
        return discuz_mobile_page.read_thread(document.text, entry, platform=self.source.label, base=self.base)

    def address(self, topic: str) -> str:
        """Where a thread is read."""
        return mobile_address(self.base, topic)


class DiscuzFeedSpider(DiscuzSpider):
    """Walks each board's feed of its newest threads; threads are read as pages."""

    name = "discuz_rss"
    window = True

    def list_request(self, walk: Walk, at: int) -> Request:  # noqa: ARG002 - a feed has one page
        """The feed."""
        return Request(
            f"{self.base}/forum.php?mod=rss&fid={quote(walk.listing, safe='')}",
            headers={"Accept": "application/rss+xml, text/xml"},
        )

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need them
        """See `discuz_feed_page.read_feed`."""
        return discuz_feed_page.read_feed(document.text, platform=self.source.label, base=self.base)
