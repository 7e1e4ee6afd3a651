"""What a post of a Discuz! X board becomes, whichever form of the board it was read from.

Owns the ids: a thread is known by its number, an answer by the thread's and its own, because the two count apart. Does
not own any form's fields (`discuz_page`, `discuz_mobile_page`, `discuz_feed_page`).
"""

from dataclasses import replace
from typing import Any

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry
from crawlers.spiders.discuz_words import Message


def thread_address(base: str, topic: str, page: int = 1) -> str:
    """Where a page of a thread is, on any board whatever its addresses look like."""
    return f"{base}/forum.php?mod=viewthread&tid={topic}" + (f"&page={page}" if page > 1 else "")


def answer(
    message: Message | None, number: str, *, published: Any, author: Any, entry: Entry, platform: str, base: str
) -> PostItem | DropReason:
    """A post of the entry's thread by its number; one that the board blotted out, with its place alone."""
    if message is None:
        return DropReason.MALFORMED
    if message.hidden and not message.words:
        return DropReason.HIDDEN
    topic = entry.key.partition("@")[0]
    item = PostItem(
        platform=platform,
        native_id=f"{topic}-{number}",
        url=f"{base}/forum.php?mod=redirect&goto=findpost&ptid={topic}&pid={number}",
        published=published,
        deleted=message.banned,
    )
    if message.banned:
        return item
    return replace(item, text=message.words, author=author, target=entry.about, parent=topic, truncated=message.hidden)


def opening(made: PostItem | DropReason, listed: PostItem, title: Any, replies: Any) -> PostItem | DropReason:
    """The post that opens a thread, as its page has it; where its words are hidden, as the list has it."""
    if made is DropReason.HIDDEN:
        return replace(listed, truncated=True)
    if not isinstance(made, PostItem):
        return made
    if made.deleted:
        return replace(made, native_id=listed.native_id, url=listed.url, published=made.published or listed.published)
    return replace(
        listed,
        text=made.text,
        title=title or listed.title,
        published=made.published or listed.published,
        author=made.author or listed.author,
        comments=listed.comments if replies in (None, "") else replies,
        truncated=made.truncated,
    )
