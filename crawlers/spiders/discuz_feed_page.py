"""A board of Discuz! X as RSS, read: its newest threads.

Owns the feed's elements as Discuz writes them. Pure: text in, values out, nothing raises whatever the text is.
"""

import re

from lxml import etree  # type: ignore[import-untyped]

from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry, Listing
from crawlers.spiders.discuz_page import read_strange
from crawlers.spiders.discuz_posts import thread_address
from crawlers.spiders.discuz_words import refusal
from crawlers.verdict import DAMAGED, OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, Reading, blocked

_TOPIC = re.compile(r"(?:[?&](?:amp;)?tid=|thread-)(\d{1,18})")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def read_feed(text: str, *, platform: str, base: str) -> Listing:
    """`mod=rss`: the twenty newest threads, their words cut.

    Args:
        text: the body.
        platform: label of the posts.
        base: where the board lives, without a slash at the end.
    """
    if reading := _no_feed(text):
        return Listing(reading)
    try:
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(_DECLARATION.sub("", text), parser)
    except (ValueError, etree.LxmlError):
        return Listing(UNRECOGNISED)
    if root is None or root.find("channel") is None:
        return Listing(UNRECOGNISED)
    made = [_entry(node, platform=platform, base=base) for node in root.iterfind("channel/item")]
    if not made:
        return Listing(PERHAPS_EMPTY)
    entries = tuple(one for one in made if isinstance(one, Entry))
    return Listing(OK, entries, tuple(one for one in made if isinstance(one, DropReason)))


def _no_feed(text: str) -> Reading | None:
    """What arrived where a feed was due, if it is none or not whole."""
    if not text.strip():
        return blocked(Obstacle.EMPTY_BODY)
    if not re.search(r"<rss\b", text[:2000], re.IGNORECASE):
        return refusal(text)[0] if "RSS Disabled" in text[:200] else read_strange(text)
    return None if "</rss" in text[-200:].lower() else DAMAGED


def _entry(node: etree._Element, *, platform: str, base: str) -> Entry | DropReason:
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


def _text(node: etree._Element, name: str) -> str:
    child = node.find(name)
    return "".join(child.itertext()).strip() if child is not None else ""
