"""A board of Discuz! X as RSS, read: its newest threads.

Owns the feed's elements as Discuz writes them. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from typing import Any

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry, Listing
from crawlers.spiders.discuz_page import read_strange
from crawlers.spiders.discuz_posts import thread_address
from crawlers.spiders.discuz_words import no_board, refusal
from crawlers.verdict import DAMAGED, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, Reading, blocked
from crawlers.xmltext import read_xml

_TOPIC = re.compile(r"(?:[?&](?:amp;)?tid=|thread-)(\d{1,18})")


def read_feed(text: str, *, platform: str, base: str) -> Listing:
    """`mod=rss`: the twenty newest threads, their words cut.

    Args:
        text: the body.
        platform: label of the posts.
        base: where the board lives, without a slash at the end.
    """
    if reading := _no_feed(text):
        return Listing(reading)
    tree = read_xml(text, "item")
    if tree is None or tree.root.find("channel") is None:
        return Listing(UNRECOGNISED)
    made = [_entry(node, platform=platform, base=base) for node in tree.root.iterfind("channel/item")]
    if not made:
        return Listing(PERHAPS_EMPTY)
    return Listing.of(made)


def _no_feed(text: str) -> Reading | None:
    """What arrived where a feed was due, if it is none or not whole."""
    if not text.strip():
        return blocked(Obstacle.EMPTY_BODY)
    if not re.search(r"<rss\b", text[:2000], re.IGNORECASE):
        return refusal(text)[0] if "RSS Disabled" in text[:200] else no_board(read_strange(text))
    return None if "</rss" in text[-200:].lower() else DAMAGED


def _entry(node: Any, *, platform: str, base: str) -> Entry | DropReason:
    found = _TOPIC.search(_text(node, "link")) or _TOPIC.search(_text(node, "guid"))
    if found is None:
        return DropReason.NO_ID
    topic, about = found[1], _text(node, "category")
    address = thread_address(base, topic)
    item = PostItem(
        platform=platform,
        native_id=topic,
        url=address,
        text=_text(node, "description"),
        title=_text(node, "title"),
        published=_text(node, "pubDate"),
        author=_text(node, "author"),
        target=about,
        truncated=True,
    )
    return Entry(topic, item, detail=address, about=about)


def _text(node: Any, name: str) -> str:
    child = node.find(name)
    return "".join(child.itertext()).strip() if child is not None else ""
