"""The floors of a 贴吧 thread and the comments on a floor.

Owns their `data-field` JSON and the line of small print under a floor. Users are told apart by their portrait, because
some have no name. Does not own the pages they stand on (`tieba_page`).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from parsel import Selector

from crawlers.documents import Malformed, attribute, fields, parse_json, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason

_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}")
_ADDRESSED = re.compile(r"^(\s*<span[^>]*>)?\s*回复\s*(?:<a\b[^>]*>.*?</a>|[^<:：]{1,40}?)\s*[:：]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor."""

    number: str
    first: bool
    """It opens the thread."""
    item: PostItem
    comments: tuple[PostItem | DropReason, ...]
    """Those that the page shows."""
    counted: int
    """How many the page says there are."""

    @property
    def unshown(self) -> int:
        """Comments that the page counts without showing."""
        return max(0, self.counted - len(self.comments))

    def opening(self, listed: PostItem, title: Any, replies: int | None) -> PostItem:
        """The thread as its opening floor has it."""
        return replace(
            listed,
            text=self.item.text,
            title=title or listed.title,
            published=self.item.published or listed.published,
            author=self.item.author or listed.author,
            comments=listed.comments if replies is None else replies,
            truncated=False,
        )


def read_floor(node: Selector, *, topic: str, platform: str, base: str, bar: str) -> Floor | DropReason:
    """One floor of a thread with the comments under it; adverts between floors have no number."""
    data = field_of(node)
    content, author = fields(data.get("content")), fields(data.get("author"))
    number = string(content.get("post_id"))
    if not re.fullmatch(r"\d{1,20}", number):
        return DropReason.NO_ID
    small = [text.strip() for text in node.css(".tail-info::text").getall()]
    written = next((text for text in small if _TIME.search(text)), "")
    item = PostItem(
        platform=platform,
        native_id=number,
        url=f"{base}/p/{topic}?pid={number}",
        text=node.css(".d_post_content").get() or content.get("content"),
        published=written or content.get("date"),
        author=portrait(author.get("portrait")) or string(author.get("user_id")) or author.get("user_name"),
        target=bar,
        parent=topic,
    )
    comments = tuple(
        read_comment(row, topic=topic, floor=number, platform=platform, base=base, bar=bar)
        for row in node.css("li.lzl_single_post")
    )
    first = whole(content.get("post_no")) == 1 or "1楼" in small
    return Floor(number, first, item, comments, whole(content.get("comment_num")) or 0)


def read_comment(row: Selector, *, topic: str, floor: str, platform: str, base: str, bar: str) -> PostItem | DropReason:
    """One comment on a floor; whom it addresses is not kept."""
    data = field_of(row)
    number = string(data.get("spid"))
    if not re.fullmatch(r"\d{1,20}", number):
        return DropReason.NO_ID
    words = row.css(".lzl_content_main").get()
    return PostItem(
        platform=platform,
        native_id=number,
        url=f"{base}/p/{topic}?pid={floor}&cid={number}",
        text=_ADDRESSED.sub(r"\1", words) if words else None,
        published="".join(row.css(".lzl_time::text").getall()).strip(),
        author=portrait(data.get("portrait")) or data.get("user_name") or data.get("showname"),
        target=bar,
        parent=floor,
    )


def field_of(node: Selector) -> dict[str, Any]:
    """An element's `data-field`."""
    try:
        return fields(parse_json(attribute(node, "data-field")))
    except Malformed:
        return {}


def portrait(raw: Any) -> str:
    """A user's portrait without the time it was last changed."""
    return string(raw).partition("?")[0].strip()
