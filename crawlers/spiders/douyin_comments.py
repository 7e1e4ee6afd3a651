"""Douyin's open platform: the comments below the operator's own videos, by the official interface.

Owns the addresses and the way from an account to its videos to their comments. The access token is the one that the
platform issued to the account (scopes `video.list` and `item.comment`), so a source names one account. It lasts fifteen
days; where the source has the refresh token (thirty days), each crawl begins by renewing it. Nothing is stored: the
platform gives the same token again while it lasts, and the refresh token stays as it is.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

from scrapy.http import FormRequest, Request

from crawlers.documents import Document
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.spiders.douyin import DouyinSpider
from crawlers.spiders.douyin_comments_page import Leaf, read_answers, read_comments, read_videos
from crawlers.spiders.walk import Walk

_MOST_VIDEOS = 20
_MOST_COMMENTS = 50


class DouyinCommentsSpider(DouyinSpider):
    """Walks the account's videos, and below each whose number of comments has changed all its comments."""

    name = "douyin_comments"
    conditional = False
    first = Leaf()

    async def start(self) -> AsyncIterator[Any]:
        """The token as it is, or renewed; the account follows."""
        if self.source.refresh_token_env:
            yield self._token_request(None, self.first)
            return
        self._token = self.environ[self.source.access_token_env].strip()
        for request in self._first_pages():
            yield request

    def listings(self) -> tuple[str, ...]:
        """The account, by its open_id."""
        return self.source.accounts

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of the videos, or of the comments below one, newest first."""
        account = at.account or walk.listing
        if not at.video:
            query = {"open_id": account, "cursor": at.cursor, "count": min(self.source.page_size, _MOST_VIDEOS)}
            return self._get(f"/video/list/?{urlencode(query)}")
        query = {
            "open_id": account,
            "item_id": at.video,
            "cursor": at.cursor,
            "count": min(self.source.page_size, _MOST_COMMENTS),
            "sort_type": "time",
        }
        return self._get(f"/item/comment/list/?{urlencode(query)}")

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `douyin_comments_page`."""
        read = read_comments if at.video else read_videos
        return read(document.text, at, platform=self.source.label)

    def after(self, at: Place) -> Place | None:  # noqa: ARG002 - only the page itself has the next cursor
        """Nothing."""
        return None

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - others need it
        """The next page all the same: comments come to old videos too, and answers to old comments."""
        return page.next

    def detail_request(self, entry: Entry) -> Request:
        """A page of the answers to a comment."""
        return self._get(entry.detail)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:  # noqa: ARG002 - others need it
        """See `douyin_comments_page.read_answers`."""
        return read_answers(document.text, entry, platform=self.source.label)

    def _take(self, entries: tuple[Entry, ...], known: set[str], walk: Walk) -> Iterator[Any]:
        """Below an account each video is a walk of its own; the company's own words are not collected."""
        if walk.listing not in self.source.accounts:
            yield from super()._take(entries, known, walk)
            return
        for entry in entries:
            if entry.key in known or entry.key in self._handled:
                self.tally.known += entry.key in known
                continue
            self._handled.add(entry.key)
            if not entry.key.endswith("@"):
                walk.had(entry.key)
            if entry.detail and entry.item is not None:
                video = Walk(entry.detail, self.state.walked(self.source.name, entry.detail))
                walk.inner.append(video)
                self.walks.append(video)
                yield self.page(video, Leaf(walk.listing, entry.detail, entry.item.title))

    def _get(self, address: str) -> Request:
        return Request(f"{self._base}{address}", headers={"access-token": self._token})

    def _turn(self, page: Listing, walk: Walk, at: Place) -> Iterator[Any]:
        walk.renewed = walk.renewed or not self.source.refresh_token_env  # there is nothing to renew it by
        yield from super()._turn(page, walk, at)

    def _token_request(self, walk: Walk | None, at: Place) -> Request:
        return FormRequest(
            f"{self._base}/oauth/refresh_token/",
            formdata={
                "client_key": self.environ[self.source.client_key_env].strip(),
                "grant_type": "refresh_token",
                "refresh_token": self.environ[self.source.refresh_token_env].strip(),
            },
            callback=self.on_token,
            errback=self.on_token_error,
            cb_kwargs={"walk": walk, "at": at},
            dont_filter=True,
        )
