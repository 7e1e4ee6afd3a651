"""`guanlan forget`: one person's posts out of store, book and reports, and kept out.

Owns which posts those are and that they stay away: each leaves a tombstone that no copy is newer than, at once in the
store, and on the log behind every copy that the log still holds. Does not own who a pseudonym is (`crawlers`) nor how
store and book forget.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

from alerts.voices import hits
from configs import wiring
from configs.dead import everything
from configs.load import Config
from crawlers.normalize import pseudonym
from crawlers.platforms import DEMANDS
from crawlers.state import CrawlState
from stream.codec import Undecodable, decode_post, encode
from stream.ports import Message, MessageLog, Misconfigured, PostStore
from stream.query import Facet, PostQuery
from stream.records import JUDGED, POSTS, JudgedPost, Judgement, Post

_FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
"""When the tombstones say that they were fetched; a crawl that reads the post again is always before it."""
_AT_ONCE = 500


def forget(config: Config, platform: str, author: str) -> dict[str, Any]:
    """Remove what an author said, wherever it can be found, and let none of it return.

    Args:
        config: everything a user has said.
        platform: as posts are labelled, for example `weibo`.
        author: the platform's id of the author, or the name where it gives no id. Never logged, nor in an error.

    Returns:
        `posts` that left the store, `tombstones` of posts found in store or log, rows of `evidence` that left the
        book, and how many messages were `unread` by judge or alert worker: the author's may be among them and become
        evidence yet, so the same call is made again when they have been read.

    Raises:
        Misconfigured: the platform is unknown, there is no author key, or the id names nobody.
        Unavailable: log, store, book or crawl memory; make the same call again.
    """
    key = wiring.author_key(config, make=False)
    who = pseudonym(platform, author, key)
    if not who:
        raise Misconfigured("AUTHOR_ID: so platforms write nobody; it is no person's id")
    with ExitStack() as opened:
        log = opened.enter_context(closing(wiring.open_log(config)))
        store = opened.enter_context(closing(wiring.open_store(config)))
        book = opened.enter_context(closing(wiring.open_book(config)))
        state = opened.enter_context(closing(wiring.open_state(config)))
        if platform not in (labels := _platforms(config, store)):  # not quoted: the two words may have been swapped
            raise Misconfigured(f"PLATFORM: no posts carry this label; there are {', '.join(labels)}")
        unread = log.lag(POSTS, "judge") + log.lag(JUDGED, "alert")
        stored = [hit.judged.post for hit in hits(store, PostQuery(author=who))]
        found = [*_logged(log, who), *stored]
        _look_no_more(state, found)
        published = {post.id: post.published_at for post in found}  # by which a tombstone itself is forgotten one day
        tombstones = [Post.tombstone(of_post, at, _FOR_GOOD) for of_post, at in published.items()]
        for start in range(0, len(tombstones), _AT_ONCE):
            some = tombstones[start : start + _AT_ONCE]
            log.append(POSTS, [Message(one.id, encode(one)) for one in some])
            store.put([_silent(one) for one in some])
        book.unquote([one.id for one in tombstones])  # a report of an older release does not say whose a quote is
        return {
            "platform": platform,
            "posts": len(stored) + store.forget(author=who),  # and what was indexed meanwhile
            "tombstones": len(tombstones),
            "evidence": book.forget(author=who),
            "unread": unread,
        }


def _platforms(config: Config, store: PostStore) -> list[str]:
    """Every label a post may carry: of the sources there are, and of those there were."""
    labels = {source.label for source in config.sources} | {demand.platform for demand in DEMANDS.values()}
    return sorted(labels | {count.value for count in store.count_by(PostQuery(), Facet.PLATFORM)})


def _logged(log: MessageLog, who: str) -> Iterator[Post]:
    """The author's posts that the log still holds, indexed or not."""
    for record in everything(log, POSTS, "forget"):
        if who.encode() not in record.value:  # most are another's and need no decoding
            continue
        try:
            post = decode_post(record.value)
        except Undecodable:  # no worker can read it either
            continue
        if post.author == who:
            yield post


def _look_no_more(state: CrawlState, posts: list[Post]) -> None:
    """No crawl goes back to these posts for newer counts."""
    for source in {post.source for post in posts}:
        state.revisits.forget(source, {post.native_id for post in posts if post.source == source})


def _silent(tombstone: Post) -> JudgedPost:
    now = wiring.now()
    return JudgedPost(tombstone, Judgement.silent(""), (), "-", now, now)
