"""The car forum 汽车之家: boards by latest activity, and every thread that has something new.

Owns the addresses. On the real web lists and threads live on two hosts; a source's `base_url` replaces both.
"""

from urllib.parse import quote, urlencode

from scrapy.http import Request

from crawlers.addresses import followed, host_of
from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing
from crawlers.revisits import Visit
from crawlers.spiders.autohome_page import paged, read_board, read_thread
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY

REAL_LISTS = "https://club-open-api.autohome.com.cn"
REAL_THREADS = "https://club.autohome.com.cn"
_MOST = 50
_FOUND = 200


class AutohomeSpider(ListingSpider):
    """Walks `getClubTopicList` for each board."""

    name = "autohome"

    def listings(self) -> tuple[str, ...]:
        """The board ids."""
        return self.source.boards

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the board, the latest activity first, so that new replies bring a thread up."""
        query = {
            "_appid": "club",
            "scenes": 1,
            "page_num": at,
            "page_size": self._size,
            "club_bbs_type": "c",
            "club_bbs_id": walk.listing,
            "club_order_type": 1,
        }
        return Request(
            f"{self._base or REAL_LISTS}/api/pc/bbs/index/getClubTopicList?{urlencode(query, quote_via=quote)}",
            headers={"Accept": "application/json"},
        )

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `autohome_page.read_board`."""
        base = self._base or REAL_THREADS
        return read_board(document.text, at, self._size, platform=self.source.label, base=base, hosts=self._hosts)

    def detail_request(self, entry: Entry) -> Request:
        """The thread's first page."""
        return Request(entry.detail, headers={"Accept": "text/html"})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `autohome_page.read_thread`."""
        if status != _FOUND:
            return Detail(EMPTY)
        return read_thread(document.text, entry, platform=self.source.label, hosts=self._hosts)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A thread has its page; its answers stand on it."""
        return not item.parent and isinstance(item.url, str) and bool(item.url)

    def revisit_request(self, visit: Visit) -> Request | None:
        """The thread's first page."""
        address = followed(visit.known.url, f"{self._base or REAL_THREADS}/", self._hosts)
        return Request(address, headers={"Accept": "text/html"}) if address else None

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `autohome_page.read_thread`; answers that nobody has seen come with it."""
        return self.read_detail(document, status, Entry.again(visit.known, visit.known.url, private_glyphs=True))

    def thread_page(self, visit: Visit, page: int) -> Entry:
        """A further page of the thread."""
        known = visit.known
        return Entry(known.native_id, detail=paged(known.url, page), about=known.target)

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")

    @property
    def _size(self) -> int:
        return min(self.source.page_size, _MOST)

    @property
    def _hosts(self) -> tuple[str, ...]:
        return (host_of(self._base or REAL_THREADS),)
