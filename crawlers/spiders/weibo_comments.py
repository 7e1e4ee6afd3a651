"""Weibo's mobile site: the comments under the named posts, with the answers to them.

Owns the addresses. The platform shows comments to those who are logged in only, and shows the hottest first: every
crawl walks them to the end, and new ones are taken wherever they stand. Answers that a page folds away are fetched
before the next page, unless an earlier crawl has had as many. That one post keeps its comments back does not hold up
the others; that all do is a block.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from scrapy.http import Request, Response

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Listing, Place
from crawlers.reports import Outcome
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo import WeiboSpider
from crawlers.spiders.weibo_comments_page import WITHHELD, Cursor, read_answers, read_comments
from crawlers.verdict import EMPTY, Reading, Verdict, blocked, sign


class WeiboCommentsSpider(WeiboSpider):
    """Walks `comments/hotflow` and `comments/hotFlowChild` for each post; a place is a `Cursor`."""

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
        """One page of comments, or of the answers to one."""
        if at.threads:
            thread = at.threads[0]
            query = {"cid": thread.comment, "max_id": thread.max_id, "max_id_type": thread.kind}
        else:
            query = {"id": walk.listing, "mid": walk.listing, "max_id_type": at.kind}
            query |= {"max_id": at.max_id} if at.max_id else {}
        request = self.asking(f"/comments/{'hotFlowChild' if at.threads else 'hotflow'}?{urlencode(query)}")
        request.headers["Referer"] = f"{self.base}/detail/{walk.listing}"
        return request

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_comments_page`."""
        read = read_answers if at.threads else read_comments
        return read(document.text, at, platform=self.source.label, base=self.base)

    def opened(self, response: Response, kind: str) -> tuple[Document, Reading | None]:
        """As every page; a 403 means the one post, unless it wants a login or a check of us."""
        document, reading = super().opened(response, kind)
        if reading == WITHHELD and (obstacle := sign(document.text)):
            reading = blocked(obstacle)
        return document, reading

    def after(self, at: Place) -> Place | None:
        """Behind a thread; no cursor can be guessed."""
        return at.passed() if at.threads else None

    def kept(self, at: Place) -> int | str | None:
        """The cursor as the platform gave it, behind its kind; a thread is read whole or again."""
        return None if at.threads else f"{at.kind}:{at.max_id}"

    def resumed(self, mark: int | str, following: Place) -> Place:
        """The cursor that was kept, under the same post."""
        kind, _, max_id = str(mark).partition(":")
        return Cursor(following.post, max_id, int(kind))

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:  # noqa: ARG003 - none is
        """A comment has no page of its own."""
        return False

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - the page says it
        """The next page: known comments stand before new ones."""
        return page.next

    def _turn(self, page: Listing, walk: Walk, at: Place) -> Iterator[Any]:
        """As every page; behind a thread, how much of it was had."""
        yield from super()._turn(page, walk, at)
        if not at.threads or page.reading.verdict not in (Verdict.OK, Verdict.BUSINESS_EMPTY):
            return
        thread = at.threads[0]
        unread = page.next is not None and any(one.comment == thread.comment for one in page.next.threads)
        if walk.ended or not unread:
            walk.cut += unread  # our cap came first
            walk.had(thread.part if unread or page.cut else thread.key)

    def _onward(self, walk: Walk, at: Place | None) -> Iterator[Request]:
        yield from super()._onward(walk, self._unread(walk, at) if at else None)

    def _unread(self, walk: Walk, at: Cursor) -> Cursor | None:
        """The place without the threads before it that earlier crawls have read and that have not grown since."""
        keys = [key for thread in at.threads for key in (thread.key, thread.part)]
        known = self.state.known_entries(self.source.name, walk.listing, keys)
        onward: Cursor | None = at
        for thread in at.threads:
            if onward is None or known.isdisjoint((thread.key, thread.part)):
                break
            walk.cut += thread.part in known
            walk.seen += thread.total - len(thread.had) if thread.key in known else 0
            onward = onward.passed()
        return onward

    def _suspect(self, page: Listing, walk: Walk) -> Reading:
        """None where there were some means that the post keeps them back, unless the words are those of a block, too.

        Behind the first page an empty one is the end: the platform counts comments that it shows to nobody.
        """
        if walk.pages > 1:
            return page.reading
        return WITHHELD if walk.revisited and page.reading == EMPTY else super()._suspect(page, walk)

    def _no_page(self, reading: Reading, walk: Walk, at: Place, following: Place | None) -> Iterator[Request]:
        if reading != WITHHELD or self.tally.stopped:  # a site that wants us to wait means us
            yield from super()._no_page(reading, walk, at, following)
            return
        walk.refused = walk.ended = True
        if sum(one.refused for one in self.walks) == len(self.listings()):
            self.tally.end(Outcome.BLOCKED, "平台不提供任何一条登记微博的评论")
            self.tally.obstructed(reading)
