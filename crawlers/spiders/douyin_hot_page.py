"""Douyin's hot lists, read: the words of the moment and the videos most watched.

Owns the field names of `hotsearch/sentences` and `billboard/hot_video`. Pure: text in, values out, nothing raises
whatever the text is. A line is kept only where it names what is listened for; a word on the list is no utterance of a
person, so it has no author.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Entry, Listing
from crawlers.spiders.douyin_page import CODES
from crawlers.verdict import OK, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign

TARGET = "热点榜"


def read_hot(text: str, *, platform: str, keywords: Sequence[str], day: date) -> Listing:
    """Either list, from the top.

    Args:
        text: the body.
        platform: label of the posts.
        keywords: what is listened for; other lines are counted as off topic.
        day: the day in Shanghai. A word is one post a day, at the rank it was first seen at.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    data = fields(answer.get("data"))
    reading = _verdict(data, fields(answer.get("extra")))
    if reading != OK:
        return Listing(reading)
    lines = rows(data.get("list")) or rows(data.get("sentence_list"))
    if not lines:
        return Listing(blocked(Obstacle.EMPTY_LIST))  # there is always something hot
    listened = [word.casefold() for keyword in keywords if (word := keyword.strip())]
    active = data.get("active_time")
    return Listing.of(
        _entry(fields(line), listened, _item(fields(line), rank, active, platform=platform, day=day))
        for rank, line in enumerate(lines, 1)
    )


def _verdict(data: dict[str, Any], extra: dict[str, Any]) -> Reading:
    for holder in (data, extra):
        if code := whole(holder.get("error_code")):
            return CODES.get(code) or blocked(sign(string(holder.get("description"))) or Obstacle.UNRECOGNISED)
    return OK if any(isinstance(data.get(name), list) for name in ("list", "sentence_list")) else UNRECOGNISED


def _entry(line: dict[str, Any], listened: Sequence[str], item: PostItem | None) -> Entry | DropReason:
    if item is None:
        return DropReason.MALFORMED
    key = identity(item)
    if not key:
        return DropReason.NO_ID
    said = " ".join((string(item.text), _hot_words(line.get("hot_words")))).casefold()
    if not any(keyword in said for keyword in listened):
        return Entry(key, drop=DropReason.OFF_TOPIC)
    return Entry(key, item)


def _item(line: dict[str, Any], rank: int, active: Any, *, platform: str, day: date) -> PostItem | None:
    """A word or a video; None where the line is neither."""
    word = string(line.get("sentence")).strip().strip("#").strip()
    if not word:
        return _video(line, platform) if line.get("title") else None
    squeezed = re.sub(r"\s+", "", word)
    return PostItem(
        platform=platform,
        native_id=f"hot-{day:%Y%m%d}-{squeezed}",
        text=f"#{word}#（抖音热点榜第 {rank} 位）",
        published=active,
        target=TARGET,
        is_html=False,
    )


def _video(line: dict[str, Any], platform: str) -> PostItem:
    address = string(line.get("share_url"))
    number = re.search(r"/video/(\d{1,20})", address)
    return PostItem(
        platform=platform,
        native_id=number[1] if number else None,
        url=address,
        text=line.get("title"),
        author=line.get("author"),
        likes=line.get("digg_count"),
        comments=line.get("comment_count"),
        is_html=False,
    )


def _hot_words(raw: Any) -> str:
    return " ".join(string(word) for word in raw) if isinstance(raw, list) else string(raw)
