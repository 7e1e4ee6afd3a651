"""人民网领导留言板, the message board to officials: the messages to each office, with the time of the answer.

Owns the addresses. The list is asked for without a signature, which we never make; where the board insists on one, the
public file of the office's newest titles is read instead, and the crawl is told as capped.
"""

from dataclasses import replace
from urllib.parse import quote

from scrapy.http import FormRequest, Request

from crawlers.documents import Document
from crawlers.pages import Listing
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.peopleboard_page import read_messages, read_newest, unsigned
from crawlers.spiders.walk import Walk
from crawlers.verdict import OK

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
        board = self._base or REAL
        return FormRequest(
            f"{board}/threads/queryThreadsList",
            formdata={"fid": walk.listing, "state": _ALL, "lastItem": at},
            headers={
                "Accept": "application/json",
                "Referer": f"{board}/threads/list?fid={quote(walk.listing, safe='')}",
            },
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

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")
