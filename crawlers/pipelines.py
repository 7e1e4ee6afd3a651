"""From items to the message log: normalise, gather, append, remember.

Owns the last step of a crawl. A post is remembered only after the log has it, and so are the place where a walk may
be gone on with and the next visit; a log that stays away ends the crawl loudly, and what was not appended is fetched
again next time. Tombstones wait for the end of the crawl, when it can be judged whether they are to be believed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from crawlers.items import PostItem
from crawlers.normalize import Drop, DropReason, normalize
from crawlers.progress import Mark
from crawlers.reports import Outcome, Tally
from crawlers.revisits import Ages, Gone, Visit, believed, combined, stamp
from crawlers.spiders.walk import Fetched
from crawlers.state import CrawlState
from stream.codec import encode
from stream.ports import Message, MessageLog, Misconfigured, Rejected, Unavailable
from stream.records import POSTS, Post
from stream.retry import Backoff

logger = logging.getLogger(__name__)

BATCH = 200
"""Posts a single append carries at most."""
HOLD_SECONDS = 2.0
"""How long a post waits for others to go with it, though its crawl may take minutes yet. An append and what is
remembered of it are a few commits, during which all crawls of the process stand still, so not every post goes alone."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A post that the log is to take."""

    post: Post
    whole: bool
    again: bool
    """It was in the log before."""
    kept: bool
    """It is to be looked at again."""
    waits: Ages
    """When, beyond the schedule of all posts."""
    page: str | None
    """Where, if that is more than the post's address; None where only a list shows it."""


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
        revisitable: Callable[[PostItem], bool] = lambda _: False,
        waits: Ages = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._log = log
        self._state = state
        self._tally = tally
        self._author_key = author_key
        self._attempts = attempts
        self._backoff = backoff
        self._revisitable = revisitable
        self._waits = waits
        self._sleep = sleep
        self._waiting: list[_Ready] = []
        self._marks: list[Mark] = []
        self._unchanged: list[tuple[Visit, datetime, Ages]] = []
        self._gone: dict[str, Gone] = {}
        self._alive = 0
        self._turn = asyncio.Lock()
        self._holding: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """The pipeline that `run_crawl` made for this crawl."""
        made = crawler.settings["GUANLAN_PIPELINE"](cls)
        assert isinstance(made, cls)
        return made

    async def process_item(self, item: Any) -> Any:
        """Take one fetched item, or a mark behind others; waits while the log is slow."""
        if isinstance(item, Mark):
            self._marks.append(item)
            return item
        assert isinstance(item, Fetched)
        waits = () if item.item.settled else self._waits
        post = normalize(item.item, item.at, source=self._source, author_key=self._author_key, doubt=self._doubt)
        if isinstance(post, Drop):
            self._tally.drops[post.reason] += 1
            if item.visit is not None:
                self._unchanged.append((item.visit, item.at, waits))
        elif post.deleted:
            known = item.visit.known if item.visit is not None else post
            tombstone = replace(post, published_at=known.published_at)
            before = item.visit.gone if item.visit is not None else 0
            self._gone[post.id] = Gone(tombstone, item.said, before, item.among)
        elif ready := self._ready(item, post, waits):
            self._waiting.append(ready)
            if len(self._waiting) >= BATCH:
                await self._flush()
            elif self._holding is None or self._holding.done():
                self._holding = asyncio.create_task(self._hold())
        return item

    async def close_spider(self) -> None:
        """Append what is left."""
        await self._told(self._flush)
        if self._holding is not None:
            self._holding.cancel()  # it sleeps, or has nothing left to append
            await asyncio.wait([self._holding])
        await self._told(self._bury)

    def _ready(self, item: Fetched, post: Post, waits: Ages) -> _Ready | None:
        """What the log is to take of it; None where it has as much already."""
        if item.visit is not None:
            self._alive += item.paged or not item.visit.listed  # a list says nothing of pages
            post = combined(item.visit.known, post)
            cut = item.item.truncated and not item.visit.known.truncated
            if cut or stamp(post) == item.visit.stamp or self._whole_elsewhere(post):
                self._unchanged.append((item.visit, item.at, waits))
                return None
        if item.walk is not None:
            item.walk.cut += post.truncated
            if not post.published_estimated:
                item.walk.took(post.published_at)
        if self._whole_elsewhere(post):
            self._tally.known += 1
            self._state.remember_posts(self._source, [(post.native_id, item.whole)])
            return None
        paged = self._revisitable(item.item)
        kept = paged or (item.visit.listed if item.visit is not None else item.listed)
        page = item.item.page if paged else None
        return _Ready(post, item.whole, item.visit is not None, kept, waits, page)

    def _whole_elsewhere(self, post: Post) -> bool:
        """Whether this is a part of a post that another source has in full: logged later, it would take its place."""
        others = self._state.sharing(post.platform) if post.truncated else ()
        return any(self._state.known_posts(one, [post.native_id]) for one in others if one != self._source)

    async def _hold(self) -> None:
        """Append what waits, as long as anything does."""
        while self._waiting and not self._tally.lost:
            await self._sleep(HOLD_SECONDS)
            await self._told(self._flush)

    async def _told(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do what no item waits for: here Scrapy would hear of no error, and the crawl would pass for complete."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - whatever it is, posts may be lost by it
            failed(self._tally, error)

    def _doubt(self, why: Any) -> None:
        self._tally.doubts[why] += 1

    async def _flush(self) -> None:
        async with self._turn:
            if self._tally.lost:
                return
            batch, self._waiting = self._waiting, []
            marks, self._marks = self._marks, []
            unchanged, self._unchanged = self._unchanged, []
            refused = await self._log_all([ready.post for ready in batch])
            if refused is None:
                return
            kept = [ready for ready in batch if ready.post.id not in refused]
            again = sum(ready.again for ready in kept)
            self._tally.posts += len(kept) - again
            self._tally.updated += again
            if kept:
                self._state.remember_posts(self._source, ((ready.post.native_id, ready.whole) for ready in kept))
            if planned := [(ready.post, ready.waits, ready.page) for ready in kept if ready.kept]:
                self._state.revisits.plan(self._source, planned)
            if marks:
                self._state.progress.save(self._source, marks)
            if unchanged:
                self._state.revisits.settle(self._source, unchanged)

    async def _bury(self) -> None:
        """Log the tombstones that are believed; ask again for the others."""
        if not self._gone or self._tally.stopped:  # a site that refuses says many things
            return
        gone = list(self._gone.values())
        buried = believed(gone, self._alive)
        doubted = [one for one in gone if one not in buried]
        if doubted:
            natives = [one.tombstone.native_id for one in doubted]
            self._state.revisits.miss(self._source, natives, doubted[0].tombstone.fetched_at)
        if any(one.said for one in doubted):
            self._tally.end(Outcome.BLOCKED, "复查的帖子大多显示不存在，疑似软拦截，未作删除")
        if not buried:
            return
        refused = await self._log_all([one.tombstone for one in buried])
        if refused is None:
            return
        self._tally.tombstones += len(buried) - len(refused)
        self._state.revisits.forget(self._source, [one.tombstone.native_id for one in buried])

    async def _log_all(self, posts: Sequence[Post]) -> set[str] | None:
        """The ids that the log refused for good; None, and the crawl is told to end, when it could not be reached."""
        if not posts:
            return set()
        refused = await self._append([Message(post.id, encode(post)) for post in posts])
        if refused is None:
            self._tally.unlogged("消息日志不可用，已读取的内容未保存，下次重新采集")
        elif refused:
            self._tally.drops[DropReason.REJECTED] += sum(post.id in refused for post in posts)
        return refused

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


def failed(tally: Tally, error: BaseException) -> None:
    """Something broke on the way to the log: say so, and count nothing that was read as had."""
    name = type(error).__name__
    logger.error("crawl of %s: %s on the way to the log", tally.source, name)
    tally.note_bad("pipeline", name)
    settings = isinstance(error, Misconfigured)
    tally.unlogged(f"无法保存，下次重新采集：{error}" if settings else f"程序错误（{name}）")
