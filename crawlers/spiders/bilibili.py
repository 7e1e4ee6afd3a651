"""B站: chosen videos, the replies below them and the answers to those.

Owns the addresses. Only what is served without a signed query; searching is not.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.revisits import Visit
from crawlers.spiders.bilibili_page import PAGE, VIDEO, Turn, read_replies, read_thread, read_video
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY, OK

REAL_API = "https://api.bilibili.com"
REAL_VIDEOS = "https://www.bilibili.com"


class BilibiliSpider(ListingSpider):
    """Walks each video: first the video itself, then `x/v2/reply` unless nothing was added since."""

    name = "bilibili"
    first = Turn()

    def listings(self) -> tuple[str, ...]:
        """The videos, by BV or av number."""
        return self.source.posts

    def list_request(self, walk: Walk, at: Place) -> Request:
        """The video, or a page of its replies by time."""
        if at.number:
            return self._get("/x/v2/reply", {"type": VIDEO, "oid": at.oid, "pn": at.number, "ps": PAGE, "sort": 0})
        number = walk.listing.lower().removeprefix("av")
        query = {"aid": number} if number.isdigit() else {"bvid": walk.listing}
        return self._get("/x/web-interface/view", query)

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `bilibili_page`."""
        base = self._base or REAL_VIDEOS
        if at.number:
            return read_replies(document.text, at, platform=self.source.label, base=base)
        return read_video(document.text, platform=self.source.label, base=base)

    def after(self, at: Place) -> Place | None:
        """The next page of replies; nothing, where it was the video that could not be read."""
        return Turn(at.number + 1, at.oid, at.video, at.title) if at.number else None

    def beyond(self, page: Listing, at: Place) -> Place | None:
        """The next page of replies all the same: answers come to old ones too; nothing below a video as it was."""
        return page.next if at.number else None

    def detail_request(self, entry: Entry) -> Request:
        """A page of the answers to a reply."""
        return Request(f"{self._base or REAL_API}{entry.detail}", headers={"Accept": "application/json"})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:  # noqa: ARG002 - others need it
        """See `bilibili_page.read_thread`."""
        base = self._base or REAL_VIDEOS
        return read_thread(document.text, entry, platform=self.source.label, base=base)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """Videos are, replies have no page of their own."""
        return not item.parent

    def revisit_request(self, visit: Visit) -> Request:
        """The video."""
        return self._get("/x/web-interface/view", {"bvid": visit.known.native_id})

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:  # noqa: ARG002 - others need them
        """The video with its counts as they are now."""
        found = read_video(document.text, platform=self.source.label, base=self._base or REAL_VIDEOS)
        items = tuple(entry.item for entry in found.entries if entry.item is not None)
        return Detail(found.reading if items or found.reading != OK else EMPTY, items)

    def _get(self, path: str, query: Mapping[str, str | int]) -> Request:
        return Request(f"{self._base or REAL_API}{path}?{urlencode(query)}", headers={"Accept": "application/json"})

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")
