"""Weibo's mobile site, read: keyword search, a user's timeline, and long text.

Owns m.weibo.cn's field names and refusals. Pure: bytes in, values out, nothing raises whatever the bytes are.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.times import parse_time
from crawlers.verdict import (
    EMPTY,
    OK,
    PERHAPS_EMPTY,
    UNRECOGNISED,
    Obstacle,
    Reading,
    Verdict,
    blocked,
    of_non_json,
    sign,
)

_POST_CARD = 9
_GROUP_CARD = 11
_PINNED = 2
_UNFOLD = re.compile(r"<a[^>]*>\s*全文\s*</a>\s*$")
_GONE = re.compile(r"^\s*(?:抱歉|该微博已|此微博已|该账号因|微博已被删除)")


def read_search(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `container/getIndex?containerid=100103type=61&q=…`.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.
    """
    found, data = _read_cards(text, platform=platform, base=base)
    info = fields(data.get("cardlistInfo"))
    # a missing number is not the end; a null is
    following = whole(info["page"]) if "page" in info else page + 1
    if found.reading != OK or (following is not None and following <= page):
        following = None
    return replace(found, next=following)


def read_timeline(text: str, cursor: str, *, platform: str, base: str, since: datetime, now: datetime) -> Listing:
    """One page of `container/getIndex?containerid=107603<uid>`, a user's posts, newest first but for a pinned one.

    Args:
        text: the body.
        cursor: the `since_id` it was asked with, empty for the first page.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.
        since: a page that reaches further back is the last one; the pinned post does not count.
        now: aware time of the response.
    """
    found, data = _read_cards(text, platform=platform, base=base)
    following = string(fields(data.get("cardlistInfo")).get("since_id"))
    posts = [fields(card.get("mblog")) for card in _post_cards(rows(data.get("cards")))]
    times = [parse_time(post.get("created_at"), now) for post in posts if not _pinned(post)]
    if found.reading != OK or following in ("", "0", cursor) or any(time and time.at < since for time in times):
        return found
    return replace(found, next=following)


def read_long_text(text: str) -> tuple[Reading, str]:
    """The HTML of a long text from `statuses/extend`, with what kind of answer it came in."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return of_non_json(text), ""
    content = fields(answer.get("data")).get("longTextContent")
    if isinstance(content, str) and content:
        return OK, content
    if answer.get("ok") == 1:
        # an object without the text: the post is not long after all
        return (OK if isinstance(answer.get("data"), dict) else UNRECOGNISED), ""
    reading = refusal(answer)
    return (EMPTY if reading.verdict is Verdict.BUSINESS_EMPTY else reading), ""


def read_status(text: str, *, platform: str, base: str) -> Detail:
    """One post from `statuses/show`, which has long texts whole."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(of_non_json(text))
    post = fields(answer.get("data"))
    if answer.get("ok") != 1:
        reading = refusal(answer)
        return Detail(UNRECOGNISED if reading == PERHAPS_EMPTY else reading)
    if gone(post):
        return Detail(EMPTY)
    item = item_of(post, platform=platform, base=base)
    if not identity(item) or not isinstance(item.text, str):
        return Detail(UNRECOGNISED)
    return Detail(OK, (replace(item, truncated=_UNFOLD.search(item.text) is not None),))


def refusal(answer: dict[str, Any]) -> Reading:
    """What an answer that is not `ok: 1` means, on any of Weibo's sites: the same words everywhere."""
    said = " ".join(string(answer.get(name)) for name in ("msg", "message", "url"))
    if answer.get("ok") == -100:
        return blocked(Obstacle.LOGIN)
    if string(answer.get("errno")) == "100005":
        return blocked(Obstacle.RATE_LIMIT)
    if obstacle := sign(said):
        return blocked(obstacle)
    if answer.get("ok") == 0 and re.search(r"不存在|快来发表", said):
        return EMPTY
    return PERHAPS_EMPTY if answer.get("ok") == 0 and re.search(r"还没有内容|暂无数据|没有更多", said) else UNRECOGNISED


def _read_cards(text: str, *, platform: str, base: str) -> tuple[Listing, dict[str, Any]]:
    """What is on a page of cards, without the next page; and its `data`."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text)), {}
    data = fields(answer.get("data"))
    total = whole(fields(data.get("cardlistInfo")).get("total"))
    reading = _verdict(answer, data.get("cards"), total)
    if reading != OK:
        return Listing(reading, total=total), data
    made = [_entry(card, platform=platform, base=base) for card in _post_cards(rows(data.get("cards")))]
    entries = tuple(one for one in made if isinstance(one, Entry))
    return Listing(OK, entries, tuple(one for one in made if not isinstance(one, Entry)), total=total), data


def _verdict(answer: dict[str, Any], cards: Any, total: int | None) -> Reading:
    if answer.get("ok") == 1:
        if not isinstance(cards, list):
            return UNRECOGNISED
        reading = OK if cards else PERHAPS_EMPTY
    else:
        reading = refusal(answer)
        if reading.verdict is Verdict.BUSINESS_EMPTY and cards:
            return UNRECOGNISED
    return blocked(Obstacle.EMPTY_LIST) if reading == PERHAPS_EMPTY and total else reading


def _post_cards(cards: list[Any]) -> list[dict[str, Any]]:
    """Cards that carry a post, at the top and inside groups; adverts of other kinds, users and hints are not posts."""
    found: list[dict[str, Any]] = []
    for card in map(fields, cards):
        inner = map(fields, rows(card.get("card_group"))) if card.get("card_type") == _GROUP_CARD else (card,)
        found.extend(one for one in inner if one.get("card_type") == _POST_CARD)
    return found


def _entry(card: dict[str, Any], *, platform: str, base: str) -> Entry | DropReason:
    post = fields(card.get("mblog"))
    if not post:
        return DropReason.MALFORMED
    item = item_of(post, platform=platform, base=base)
    key = identity(item)
    if not key:
        return DropReason.NO_ID
    if "mark_ad" in string(post.get("mark")) or post.get("isAd") in (1, True, "1"):
        return Entry(key, drop=DropReason.ADVERT)
    if gone(post):
        return Entry(key, drop=DropReason.DELETED)
    return Entry(key, item, detail=string(post.get("id")) if item.truncated else "")


def item_of(post: dict[str, Any], *, platform: str, base: str) -> PostItem:
    """One `mblog`; `truncated` says that the whole text stands elsewhere."""
    native = string(post.get("id")) or string(post.get("mid"))
    whole_text = fields(post.get("longText")).get("longTextContent")
    text = whole_text if isinstance(whole_text, str) and whole_text else post.get("text")
    cut = text is not whole_text and (
        post.get("isLongText") is True or (isinstance(text, str) and _UNFOLD.search(text) is not None)
    )
    root = fields(post.get("retweeted_status"))
    return PostItem(
        platform=platform,
        native_id=native,
        url=f"{base}/detail/{native}" if native else string(card_url(post)),
        text=text,
        published=post.get("created_at"),
        author=author_of(post),
        quoted=_quoted(root),
        parent=string(root.get("id")) or string(root.get("mid")),
        likes=post.get("attitudes_count"),
        comments=post.get("comments_count"),
        reposts=post.get("reposts_count"),
        truncated=cut,
    )


def card_url(post: dict[str, Any]) -> Any:
    """Where a post without an id can be opened, if the page says."""
    return post.get("scheme") or fields(post.get("page_info")).get("page_url")


def author_of(post: dict[str, Any]) -> Any:
    """Whose post or comment it is: the id, else the name."""
    user = fields(post.get("user"))
    return string(user.get("id")) or string(user.get("idstr")) or user.get("screen_name")


def _quoted(root: dict[str, Any]) -> str:
    """The reposted post as HTML, without its author, whose name must not be kept; empty when it is gone."""
    text = root.get("text")
    return text if isinstance(text, str) and not gone(root) else ""


def _pinned(post: dict[str, Any]) -> bool:
    return whole(post.get("mblogtype")) == _PINNED or fields(post.get("title")).get("text") == "置顶"


def gone(post: dict[str, Any]) -> bool:
    """Whether only a notice stands where a post was."""
    if string(post.get("deleted")) == "1":
        return True
    text = post.get("text")
    return not fields(post.get("user")) and isinstance(text, str) and _GONE.search(text) is not None
