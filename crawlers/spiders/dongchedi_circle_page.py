"""The car site 懂车帝, read: a circle's list page, a post, and the comments below it.

Owns the list page's markup and the field names of `detail/common` and `detail/comment_list`. Pure: text in, values out,
nothing raises whatever the text is.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.documents import fields, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.dongchedi_page import opened, refused
from crawlers.times import parse_time
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, blocked, of_html

PAGE = 30
COMMENTS = "/motor/pc/ugc/detail/comment_list"
_POST = "/motor/pc/ugc/detail/common"
_APP = {"aid": 1839, "app_name": "auto_web_pc"}
_COMMENTS_A_PAGE = 10
_SHOWN = (None, 0, 2)
"""States of a post that everybody sees; with 2 it has its words and comments as with 0."""
_LINK = re.compile(r"/(?:ugc/)?article/(\d{1,20})(?:[/?#]|$)")
_ACTIVE = re.compile(r"刚刚|\d{4}-\d{2}-\d{2}|\d{1,4}(?:秒|分钟|小时|天|个月|年)前")
_TOTAL = re.compile(r"共\s*(\d{1,9})\s*条内容")
_PAGES = re.compile(r"_(\d{1,6})/(\d{1,6})页_")


def read_circle(
    text: str, page: int, *, platform: str, base: str, now: datetime, since: datetime | None = None
) -> Listing:
    """One page of a circle, the latest answered first. What was answered since the last crawl is new again.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where the site lives, without a slash at the end.
        now: when the page was fetched; it tells times by how long ago they were.
        since: when the last whole crawl began.
    """
    if reading := of_html(text):
        return Listing(reading)
    try:
        document = Selector(text, type="html")
        cards = document.css("section.community-card")
        title = document.css("title::text").get(default="")
    except (ValueError, etree.LxmlError):
        return Listing(UNRECOGNISED)
    counted = _TOTAL.search(text)
    total = int(counted[1]) if counted else None
    if not cards:
        if total is None:
            return Listing(refused(text))
        return Listing(EMPTY if total <= (page - 1) * PAGE else blocked(Obstacle.EMPTY_LIST), total=total)
    about = title.partition("车友圈")[0].strip() if "车友圈" in title else ""
    entries: list[Entry] = []
    drops: list[DropReason] = []
    for card in cards:
        found = next((link for href in card.css("a::attr(href)").getall() if (link := _LINK.search(href))), None)
        if found is None:
            drops.append(DropReason.NO_ID)
            continue
        answered = _answered(card, now)
        fresh = since is not None and answered is not None and answered >= since
        entries.append(
            Entry(
                f"{found[1]}@{answered:%Y%m%d%H%M}" if fresh else found[1],
                PostItem(platform, native_id=found[1], url=f"{base}/ugc/article/{found[1]}", target=about),
                detail=post_address(found[1]),
                about=about,
            )
        )
    told = _PAGES.search(title)
    pages = int(told[2]) if told else -(-total // PAGE) if total is not None else page + 1
    return Listing(OK, tuple(entries), tuple(drops), next=page + 1 if page < pages else None, total=total)


def post_address(native: str) -> str:
    """Where a post's own answer is, without the site."""
    return f"{_POST}?{urlencode({**_APP, 'group_id': native})}"


def read_post(text: str, entry: Entry) -> Detail:
    """The answer of `detail/common`: the post; its comments are the next page."""
    reading, data = opened(text)
    if reading != OK:
        return Detail(reading)
    if not data or whole(data.get("operation_status")) not in _SHOWN:
        return Detail(EMPTY)  # how the site says that a post is gone, or no longer shown
    item = entry.item
    native = string(data.get("group_id_str"))
    if item is None or native != identity(item):
        return Detail(UNRECOGNISED)
    words, short, heading = (data.get(name) for name in ("content", "motor_title", "thread_title"))
    whole_text = isinstance(words, str) and bool(words.strip())
    writer, car = fields(data.get("motor_profile_info")), fields(data.get("motor_car_info"))
    count = whole(data.get("comment_count")) or 0
    post = PostItem(
        platform=item.platform,
        native_id=native,
        url=item.url,
        text=words if whole_text else short,
        title=string(heading).strip() or (short if whole_text else None),
        published=data.get("content_publish_time") or data.get("created_time"),
        author=string(writer.get("user_id")) or writer.get("name"),
        target=string(car.get("source_desc")) or string(car.get("series_name")) or entry.about,
        likes=data.get("digg_count"),
        comments=count,
        is_html=whole_text,
    )
    return Detail(OK, (post,), next=_comments_address(native, 0) if count else "")


def read_comments(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of `detail/comment_list`: comments on the post, with the answers shown below them."""
    reading, data = opened(text)
    if reading != OK:
        return Detail(reading)
    asked = dict(parse_qsl(urlsplit(entry.detail).query))
    native, here = asked.get("group_id", ""), whole(asked.get("cursor")) or 0
    found = data.get("comment_data")
    more = data.get("has_more") in (True, 1)
    if not isinstance(found, list | None) or (not found and data.get("total_count") is None):
        return Detail(UNRECOGNISED)
    if not found and (more or (not here and whole(data.get("total_count")))):
        return Detail(blocked(Obstacle.EMPTY_LIST))
    items: list[PostItem] = []
    drops: list[DropReason] = []

    def take(comment: dict[str, Any], parent: str) -> str:
        item = _comment(
            comment, parent=parent, platform=platform, url=f"{base}/ugc/article/{native}", about=entry.about
        )
        if identity(item):
            items.append(item)
        else:
            drops.append(DropReason.NO_ID if comment else DropReason.MALFORMED)
        return identity(item)

    for comment in (fields(one) for one in rows(found)):
        above = take(comment, native)
        for answer in rows(fields(comment.get("reply_data")).get("reply_list")):
            take(fields(answer), above or native)
    told = whole(data.get("cursor"))
    onward = _comments_address(native, told) if more and found and told is not None and told > here else ""
    return Detail(OK, tuple(items), tuple(drops), next=onward)


def _comments_address(native: str, cursor: int) -> str:
    return f"{COMMENTS}?{urlencode({**_APP, 'group_id': native, 'count': _COMMENTS_A_PAGE, 'cursor': cursor})}"


def _answered(card: Selector, now: datetime) -> datetime | None:
    """The latest that its last answer can have been; the card's last time is that of the answer."""
    times = _ACTIVE.findall(" ".join(card.css("::text").getall()))
    moment = parse_time(times[-1], now) if times else None
    return moment.at if moment else None


def _comment(comment: dict[str, Any], *, parent: str, platform: str, url: str, about: str) -> PostItem:
    native = string(comment.get("comment_id_str")) or string(comment.get("reply_id_str"))
    writer = fields(comment.get("profile_info"))
    return PostItem(
        platform=platform,
        native_id=native,
        url=url if native else None,
        text=comment.get("text"),
        published=comment.get("create_time"),
        author=string(writer.get("user_id")) or writer.get("name"),
        target=about,
        parent=parent,
        likes=comment.get("digg_count"),
        is_html=False,
    )
