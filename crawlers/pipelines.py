"""From items to the message log: normalise, gather, append, remember.

Owns the last step of a crawl. A post is remembered only after the log has it; a log that stays away ends the crawl
loudly, and what was not appended is fetched again next time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

from crawlers.normalize import Drop, DropReason, normalize
from crawlers.reports import Tally
from crawlers.spiders.walk import Fetched
from crawlers.state import CrawlState
from stream.codec import encode
from stream.ports import Message, MessageLog, Rejected, Unavailable
from stream.records import POSTS, Post
from stream.retry import Backoff

BATCH = 200
"""Posts a single append carries at most."""


class LogPipeline:
    """One source's way into the log; called from one event loop."""

    def __init__(
        self,
        *,
        source: str,
        log: MessageLog,
        state: CrawlState,
        tally: Tally,
        author_key: bytes,
        attempts: int,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._log = log
        self._state = state
        self._tally = tally
        self._author_key = author_key
        self._attempts = attempts
        self._backoff = backoff
        self._sleep = sleep
        self._waiting: list[tuple[Post, bool]] = []
        self._turn = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """The pipeline that `run_crawl` made for this crawl."""
        made = crawler.settings["GUANLAN_PIPELINE"](cls)
        assert isinstance(made, cls)
        return made

    async def process_item(self, item: Any) -> Any:
        """Take one fetched item; waits while the log is slow."""
        assert isinstance(item, Fetched)
        post = normalize(item.item, item.at, source=self._source, author_key=self._author_key, doubt=self._doubt)
        if isinstance(post, Drop):
            self._tally.drops[post.reason] += 1
            return item
        self._waiting.append((post, item.whole))
        if len(self._waiting) >= BATCH:
            await self._flush()
        return item

    async def close_spider(self) -> None:
        """Append what is left."""
        await self._flush()

    def _doubt(self, why: Any) -> None:
        self._tally.doubts[why] += 1

    async def _flush(self) -> None:
        async with self._turn:
            if not self._waiting or self._tally.lost:
                return
            batch, self._waiting = self._waiting, []
            refused = await self._append([Message(post.id, encode(post)) for post, _ in batch])
            if refused is None:
                self._tally.unlogged("消息日志不可用，已读取的内容未保存，下次重新采集")
                return
            kept = [(post, whole) for post, whole in batch if post.id not in refused]
            if refused:
                self._tally.drops[DropReason.REJECTED] += len(batch) - len(kept)
            self._tally.posts += len(kept)
            self._state.remember_posts(self._source, ((post.native_id, whole) for post, whole in kept))

    async def _append(self, messages: list[Message]) -> set[str] | None:
        """The ids that the log refused for good; None when it could not be reached at all."""
        for attempt in range(1, self._attempts + 1):
            try:
                self._log.append(POSTS, messages)
            except Rejected as error:
                return set(error.ids)
            except Unavailable:
                if attempt < self._attempts:
                    await self._sleep(self._backoff.delay(attempt))
            else:
                return set()
        return None
