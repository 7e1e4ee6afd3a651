"""Weibo's mobile site: the comments under the named posts.

Owns the addresses. The platform shows comments to those who are logged in only, and shows the hottest first: every
crawl walks them to the end, and new ones are taken wherever they stand.
"""

from dataclasses import replace
from urllib.parse import urlencode

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Listing, Place
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo import WeiboSpider
from crawlers.spiders.weibo_comments_page import Cursor, read_comments
from crawlers.verdict import Reading


class WeiboCommentsSpider(WeiboSpider):
    """Walks `comments/hotflow` for each post; a place is a `Cursor`."""

    name = "weibo_comments"
    conditional = False
    first: Place = None

    def listings(self) -> tuple[str, ...]:
        """The posts, by their ids in digits."""
        return self.source.posts

    def page(self, walk: Walk, at: Place) -> Request:
        """The request of a page of comments, bound to its walk; the first page is the post's own."""
        return super().page(walk, at or Cursor(walk.listing))

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of comments."""
        query = {"id": walk.listing, "mid": walk.listing, "max_id_type": at.kind}
        request = self.asking(f"/comments/hotflow?{urlencode({**query, 'max_id': at.max_id} if at.max_id else query)}")
        request.headers["Referer"] = f"{self.base}/detail/{walk.listing}"
        return request

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_comments_page.read_comments`."""
        return read_comments(document.text, at, platform=self.source.label, base=self.base)

    def after(self, at: Place) -> Place | None:  # noqa: ARG002 - no page tells but the one that is broken
        """No cursor can be guessed."""
        return None

    def kept(self, at: Place) -> int | str | None:
        """The cursor as the platform gave it, behind its kind."""
        return f"{at.kind}:{at.max_id}"

    def resumed(self, mark: int | str, following: Place) -> Place:
        """The cursor that was kept, under the same post."""
        kind, _, max_id = str(mark).partition(":")
        return replace(following, kind=int(kind), max_id=max_id)

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:  # noqa: ARG003 - none is
        """A comment has no page of its own."""
        return False

    def _suspect(self, page: Listing, walk: Walk) -> Reading:
        """Behind the first page an empty one is the end: the platform counts comments that it shows to nobody."""
        return super()._suspect(page, walk) if walk.pages == 1 else page.reading

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - the page says it
        """The next page: known comments stand before new ones."""
        return page.next
