"""Weibo's hot search list, read.

Owns the field names of `ajax/side/hotSearch` and `ajax/statuses/hot_band`. Pure: text in, values out, nothing raises
whatever the text is. A line of the list is no utterance of a person; it is kept as a post, without an author, only
where it names what is listened for, because being on the list is news in itself.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Entry, Listing
from crawlers.spiders.weibo_page import refusal
from crawlers.verdict import UNRECOGNISED, Obstacle, Verdict, blocked, of_non_json

TARGET = "热搜"
SEARCH = "https://s.weibo.com/weibo?q="


def read_hot(text: str, *, platform: str, keywords: Sequence[str], day: date) -> Listing:
    """Either list, from the top.

    Args:
        text: the body.
        platform: label of the posts.
        keywords: what is listened for; other lines are counted as off topic.
        day: the day in Shanghai. A matter is one post a day, at the rank it was first seen at.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    if answer.get("ok") != 1:
        reading = refusal(answer)
        # there is always something hot
        return Listing(blocked(Obstacle.EMPTY_LIST) if reading.verdict is Verdict.BUSINESS_EMPTY else reading)
    data = fields(answer.get("data"))
    if not any(isinstance(data.get(name), list) for name in ("realtime", "band_list")):
        return Listing(UNRECOGNISED)
    made = [_entry(line, platform, keywords, day) for line in _lines(data)]
    if not made:
        return Listing(blocked(Obstacle.EMPTY_LIST))
    return Listing.of(made)


def _lines(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What stands above the list, then the list; the two endpoints name it differently."""
    above = rows(data.get("hotgovs")) or [one for one in (data.get("hotgov"),) if one]
    for line in (*above, *rows(data.get("realtime")), *rows(data.get("band_list"))):
        yield fields(line)


def _entry(line: dict[str, Any], platform: str, keywords: Sequence[str], day: date) -> Entry | DropReason:
    word = (string(line.get("word")) or string(line.get("note"))).strip().strip("#").strip()
    if not word:
        return DropReason.MALFORMED
    rank, squeezed = _rank(line), re.sub(r"\s+", "", word)
    item = PostItem(
        platform=platform,
        native_id=f"hot-{day:%Y%m%d}-{squeezed}",
        url=SEARCH + quote(f"#{word}#", safe="", errors="replace"),
        text=f"#{word}#（微博热搜第 {rank} 位）",
        published=whole(line.get("onboard_time")),
        target=TARGET,
        is_html=False,
    )
    key = identity(item)
    if not key:
        return DropReason.NO_ID
    if line.get("is_ad") in (1, True, "1") or rank is None:  # adverts have no rank of their own
        return Entry(key, drop=DropReason.ADVERT)
    if not any(one.strip() and one.strip().casefold() in word.casefold() for one in keywords):
        return Entry(key, drop=DropReason.OFF_TOPIC)
    return Entry(key, item)


def _rank(line: dict[str, Any]) -> int | None:
    """From 1. `realpos` leaves adverts out of the count, `pos` is that of a line above the list, `rank` is from 0."""
    for name, least in (("realpos", 1), ("pos", 1), ("rank", 0)):
        place = whole(line.get(name))
        if place is not None and place >= least and (name != "rank" or "num" in line):
            return place + 1 - least
    return None
