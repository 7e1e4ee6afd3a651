"""Weibo's mobile site, read: keyword search, a user's timeline, and long text.

Owns m.weibo.cn's field names and refusals, and what says on all of Weibo's sites that a post is gone or not for us.
Pure: text in, values out, nothing raises whatever the text is.
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
_THING = "(?:微博|博文|内容|评论|账号|用户)"
_HIDDEN = re.compile(f"(?:(?:博主|作者)已?|(?<=[于据因该，,])用户|{_THING}已)设置|查看权限")
"""How the platform says that an author shows a post to some only; 用户设置 alone is a line of any page's menu."""
_AWAY = re.compile(f"{_THING}不存在|{_THING}?已被(?:作者)?删除|{_HIDDEN.pattern}")
"""The same, or that the post is gone: the words of all of Weibo's sites, in JSON, in HTML and in place of a post."""
_NOTICE = re.compile(rf"\s*(?:抱歉|[该此]{_THING}|博文涉及|(?:由于|根据)?(?:{_AWAY.pattern}))")
"""How it begins what it writes in place of a post."""


def read_search(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `container/getIndex?containerid=100103type=61&q=…`.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.
    """
    found, data = _read_cards(text, first=page == 1, platform=platform, base=base)
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
    found, data = _read_cards(text, first=not cursor, platform=platform, base=base)
    following = string(fields(data.get("cardlistInfo")).get("since_id"))
    posts = [fields(card.get("mblog")) for card in _post_cards(rows(data.get("cards")))]
    times = [parse_time(post.get("created_at"), now) for post in posts if not _pinned(post)]
    if found.reading != OK or following in ("", "0", cursor) or any(time and time.at < since for time in times):
        return found
    return replace(found, next=following)


def read_long_text(text: str, entry: Entry) -> Detail:
    """An entry with its whole text, from `statuses/extend` or the desktop's `longtext`; as it was if there is none."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(_of_page(text))
    if answer.get("ok") != 1:
        return Detail(refusal_of_one(answer))
    content = fields(answer.get("data")).get("longTextContent")
    if entry.item is None or not isinstance(answer.get("data"), dict):
        return Detail(UNRECOGNISED)
    if isinstance(content, str) and content:
        return Detail(OK, (replace(entry.item, text=content, truncated=False),))
    return Detail(OK, (entry.item,))  # an object without the text: the post is not long after all


def read_status(text: str, *, platform: str, base: str) -> Detail:
    """One post from `statuses/show`, which has long texts whole."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(_of_page(text))
    if answer.get("ok") != 1:
        return Detail(refusal_of_one(answer))
    post = fields(answer.get("data"))
    if withheld(post):
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
    if answer.get("ok") == 0 and _AWAY.search(said):
        return EMPTY
    return PERHAPS_EMPTY if answer.get("ok") == 0 and re.search(r"还没有内容|暂无数据|没有更多", said) else UNRECOGNISED


def refusal_of_one(answer: dict[str, Any]) -> Reading:
    """The same of one post, where the words for an empty list mean nothing that is known."""
    reading = refusal(answer)
    return UNRECOGNISED if reading == PERHAPS_EMPTY else reading


def withheld(post: dict[str, Any]) -> DropReason | None:
    """Why there are no public words of an author here: taken away, or shown to some only; None where there are."""
    if string(post.get("deleted")) == "1":
        return DropReason.DELETED
    if whole(fields(post.get("visible")).get("type")):  # 0 is everybody
        return DropReason.HIDDEN
    text = post.get("text")
    if fields(post.get("user")) or not is_notice(text):
        return None
    return DropReason.HIDDEN if _HIDDEN.search(string(text)) else DropReason.DELETED


def is_notice(text: Any) -> bool:
    """Whether a text begins as the platform's own notices do; an author may begin so as well."""
    return isinstance(text, str) and _NOTICE.match(text) is not None


def _of_page(text: str) -> Reading:
    """What arrived where JSON was due; the mobile site says in HTML, too, that a post is gone."""
    reading = of_non_json(text)
    return EMPTY if reading == UNRECOGNISED and _AWAY.search(text[:20_000]) else reading


def _read_cards(text: str, *, first: bool, platform: str, base: str) -> tuple[Listing, dict[str, Any]]:
    """What is on a page of cards, without the next page; and its `data`."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text)), {}
    data = fields(answer.get("data"))
    total, cards = whole(fields(data.get("cardlistInfo")).get("total")), data.get("cards")
    posts = _post_cards(rows(cards))
    reading = _verdict(answer, cards, total, found=bool(posts if first else cards))
    if reading != OK:
        return Listing(reading, total=total), data
    return Listing.of((_entry(card, platform=platform, base=base) for card in posts), total=total), data


def _verdict(answer: dict[str, Any], cards: Any, total: int | None, *, found: bool) -> Reading:
    """Hints and recommended users alone, where posts should begin, are no posts."""
    if answer.get("ok") == 1:
        if not isinstance(cards, list):
            return UNRECOGNISED
        reading = OK if found else PERHAPS_EMPTY
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
    if reason := withheld(post):
        return Entry(key, drop=reason)
    return Entry(key, item, detail=string(post.get("id")) if item.truncated else "")


def item_of(post: dict[str, Any], *, platform: str, base: str) -> PostItem:
    """One `mblog`; `truncated` says that the whole text stands elsewhere."""
    native = string(post.get("id")) or string(post.get("mid"))
    text, entire = _text_of(post)
    cut = not entire and (
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
    """The reposted post as HTML, without its author, whose name must not be kept; empty when it is withheld."""
    text, _ = _text_of(root)
    return text if isinstance(text, str) and not withheld(root) else ""


def _text_of(post: dict[str, Any]) -> tuple[Any, bool]:
    """The longest text that a post carries, and whether it is marked as the whole."""
    entire = fields(post.get("longText")).get("longTextContent")
    return (entire, True) if isinstance(entire, str) and entire else (post.get("text"), False)


def _pinned(post: dict[str, Any]) -> bool:
    return whole(post.get("mblogtype")) == _PINNED or fields(post.get("title")).get("text") == "置顶"
