"""The car forum 汽车之家, read: a board's list JSON and the pages of a thread.

Owns the club's field names and refusals. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.addresses import followed
from crawlers.documents import Malformed, attribute, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.verdict import (
    EMPTY,
    OK,
    UNRECOGNISED,
    Obstacle,
    Reading,
    blocked,
    of_html,
    of_non_json,
    of_strange_html,
    sign,
)

_PAGE = re.compile(r"-(\d{1,6})\.html$")
_TOPIC = re.compile(r"['\"]?topicDelete['\"]?\s*:\s*['\"]?(\d)")
_MEMBER = re.compile(r"['\"]?topicMemberId['\"]?\s*:\s*['\"]?(\d{1,20})")
_LONGEST_THREAD = 200


def read_board(text: str, page: int, size: int, *, platform: str, base: str, hosts: Collection[str]) -> Listing:
    """One page of `getClubTopicList`.

    Args:
        text: the body.
        page: its number, from 1.
        size: how many topics a page has.
        platform: label of the posts.
        base: where threads live, without a slash at the end.
        hosts: which hosts a thread's address may be on.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    result = fields(answer.get("result"))
    total = whole(result.get("total"))
    found = result.get("items")
    before = (page - 1) * size
    reading = verdict(answer, found, total, before)
    if reading != OK:
        return Listing(reading, total=total)
    made = (_entry(fields(topic), platform=platform, base=base, hosts=hosts) for topic in rows(found))
    more = total is None or before + len(rows(found)) < total
    return Listing.of(made, next=page + 1 if more else None, total=total)


def read_thread(text: str, entry: Entry, *, platform: str, hosts: Collection[str]) -> Detail:
    """One page of a thread: on the first the opening post, on each its replies, which answer the opening post."""
    if reading := of_html(text):
        return Detail(reading)
    try:
        page = Selector(text, type="html")
        body = page.css("div.post-container").get()
    except (ValueError, etree.LxmlError):
        return Detail(UNRECOGNISED)
    floors = page.css("ul#js-reply-list-container > li.js-reply-floor-container")
    if (entry.item is not None and body is None) or (entry.item is None and not floors):
        return Detail(of_strange_html(text))
    deleted = _TOPIC.search(text)
    if deleted and deleted[1] == "1":
        return Detail(EMPTY)
    made: list[PostItem | DropReason] = []
    if entry.item is not None:
        published = page.css("div.post-handle-publish strong::text").get()
        made.append(
            replace(
                entry.item,
                text=body,
                author=entry.item.author or _member(text),
                title=page.css("h1.post-title").get() or entry.item.title,
                published=published or entry.item.published,
                is_html=True,
                truncated=False,
            )
        )
    topic = entry.key.partition("@")[0]
    for floor in floors:
        item = _reply(floor, topic=topic, entry=entry, platform=platform)
        made.append(item if identity(item) else DropReason.NO_ID)
    pages = whole(page.css("[data-page-count]::attr(data-page-count)").get()) or 1
    return Detail.of(made, next=_next(page, entry.detail, hosts), pages=pages)


def paged(address: str, page: int) -> str:
    """Where another page of a thread is."""
    return _PAGE.sub(f"-{page}.html", address)


def verdict(answer: dict[str, Any], found: Any, total: int | None, before: int) -> Reading:
    """What kind of answer a list is.

    Args:
        answer: the whole of it.
        found: its elements, of any type.
        total: how many there are on all pages, if it says so.
        before: how many stand on earlier pages.
    """
    if whole(answer.get("returncode")) != 0:
        return blocked(sign(string(answer.get("message"))) or Obstacle.UNRECOGNISED)
    if not isinstance(found, list):
        return UNRECOGNISED
    if found:
        return OK
    return blocked(Obstacle.EMPTY_LIST) if total is not None and total > before else EMPTY


def _entry(topic: dict[str, Any], *, platform: str, base: str, hosts: Collection[str]) -> Entry | DropReason:
    if not topic:
        return DropReason.MALFORMED
    native = string(topic.get("biz_id"))
    address = followed(topic.get("pc_url"), f"{base}/", hosts)
    item = PostItem(
        platform=platform,
        native_id=native,
        url=address,
        text=topic.get("summary"),
        published=topic.get("publish_time"),
        author=string(topic.get("author_id")) or topic.get("author_name"),
        title=topic.get("title"),
        target=topic.get("club_bbs_name"),
        likes=topic.get("like_count"),
        comments=topic.get("reply_count"),
        is_html=False,
        truncated=True,
        private_glyphs=True,
    )
    known_as = identity(item)
    if not known_as:
        return DropReason.NO_ID
    # a thread grows: with more replies it is a new entry of the list
    key = f"{known_as}@{string(topic.get('reply_count')) or string(topic.get('topic_reply_count'))}"
    if any(whole(topic.get(flag)) for flag in ("is_delete", "club_delete_flag")):
        return Entry(f"{known_as}@deleted", item, drop=DropReason.DELETED)
    return Entry(key, item, detail=address, about=string(topic.get("club_bbs_name")))


def _member(text: str) -> str:
    """Whose thread it is, by the page's own script."""
    found = _MEMBER.search(text)
    return found[1] if found else ""


def _reply(floor: Selector, *, topic: str, entry: Entry, platform: str) -> PostItem:
    native = attribute(floor, "data-reply-id").strip()
    likes = "".join(floor.css(".reply-bottom-praise strong::text, .reply-bottom-praise::text").getall()).strip()
    return PostItem(
        platform=platform,
        native_id=native,
        url=entry.detail if native else None,
        text=floor.css(".reply-detail").get(),
        published=floor.css(".reply-top strong::text").get(),
        author=attribute(floor, "data-member-id"),
        target=entry.about,
        parent=topic,
        likes=likes,
        private_glyphs=True,
    )


def _next(page: Selector, here: str, hosts: Collection[str]) -> str:
    """The thread's next page, if it has one further on."""
    link = page.css("a.athm-page__next:not(.disabled)::attr(href)").get()
    following = followed(link, here, hosts)
    now, then = _PAGE.search(urlsplit(here).path), _PAGE.search(urlsplit(following).path) if following else None
    if now is None or then is None or not int(now[1]) < int(then[1]) <= _LONGEST_THREAD:
        return ""
    return following
