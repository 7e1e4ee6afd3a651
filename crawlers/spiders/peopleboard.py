"""人民网领导留言板, the message board to officials: the messages to each office, with the time of the answer.

Owns the addresses. The list is asked for without a signature, which we never make; where the board insists on one, the
public file of the office's newest titles is read instead, and the crawl is told as capped.
"""

from dataclasses import replace
from urllib.parse import quote

from scrapy.http import FormRequest, Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Listing
from crawlers.revisits import Visit
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.peopleboard_page import read_messages, read_newest, unsigned
from crawlers.spiders.walk import Walk
from crawlers.verdict import EMPTY, OK

REAL = "https://liuyan.people.com.cn"
REAL_FILES = "https://messageboard.people.cn"
_NEWEST = "newest"
"""The place of the file."""
_ALL = "1"


class PeopleboardSpider(ListingSpider):
    """Walks `threads/queryThreadsList` for each office by its `fid`; places are numbers of messages."""

    name = "peopleboard"
    first = "0"

    def listings(self) -> tuple[str, ...]:
        """The offices."""
        return self.source.boards

    def list_request(self, walk: Walk, at: str) -> Request:
        """The messages older than one, or the file."""
        if at == _NEWEST:
            files = self._base or REAL_FILES
            return Request(f"{files}/new_threads_{quote(walk.listing, safe='')}.jsonp")
        return self._below(walk.listing, at)

    def _below(self, office: str, number: str) -> Request:
        """The messages to an office that are older than one, whose number they need not know."""
        board = self._base or REAL
        return FormRequest(
            f"{board}/threads/queryThreadsList",
            formdata={"fid": office, "state": _ALL, "lastItem": number},
            headers={"Accept": "application/json", "Referer": f"{board}/threads/list?fid={quote(office, safe='')}"},
        )

    def read_list(self, document: Document, at: str, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `peopleboard_page`; a refusal for want of a signature is an empty page before the file."""
        platform, base = self.source.label, self._base or REAL
        if at == _NEWEST:
            page = read_newest(document.text, platform=platform, base=base)
            return replace(page, capped=page.reading == OK)
        if unsigned(document.text):
            return Listing(OK, next=_NEWEST)
        return read_messages(document.text, first=at == self.first, platform=platform, base=base)

    def after(self, at: str) -> None:
        """Only a page can name the one after it."""

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A message stands in its office's list with its answer; the file has neither words nor answers."""
        return bool(item.text)

    def revisit_request(self, visit: Visit) -> Request | None:
        """The part of its office's list that begins with it: what is older than the next number."""
        number = visit.known.native_id
        offices = (one for one in self.listings() if self.state.known_entries(self.source.name, one, [number]))
        office = next(offices, None)
        return self._below(office, str(int(number) + 1)) if office else None

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:  # noqa: ARG002 - others need it
        """See `peopleboard_page.read_messages`. To be missing from a list says nothing, nor does a refusal."""
        if unsigned(document.text):
            return Detail(OK)
        page = read_messages(document.text, first=False, platform=self.source.label, base=self._base or REAL)
        own = tuple(entry.item for entry in page.entries if entry.item and entry.key == visit.known.native_id)
        return Detail(OK if page.reading == EMPTY else page.reading, own)

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")
