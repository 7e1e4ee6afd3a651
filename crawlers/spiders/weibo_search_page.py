"""Weibo's desktop site, read: the HTML of its search, and one post as JSON.

Owns the page's classes and node types, and what the desktop's JSON has that the mobile site's has not. Pure: text in,
values out, nothing raises whatever the text is.
"""

import re
from dataclasses import replace
from html import escape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.addresses import canonical_url
from crawlers.documents import Malformed, attribute, fields, parse_json, string
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.weibo_page import is_notice, item_of, refusal, refusal_of_one, withheld
from crawlers.spiders.weibo_slices import Spot
from crawlers.verdict import (
    EMPTY,
    OK,
    UNRECOGNISED,
    Obstacle,
    blocked,
    of_html,
    of_non_json,
    sign,
)

OVERFLOWS = 46
"""Pages from which on a search is cut finer: the platform shows fifty at most, and often a few less."""

_LOGIN = re.compile(r"\$CONFIG\[\s*['\"]islogin['\"]\s*\]\s*=\s*['\"]([01])['\"]")
_FORWARDED = 'ancestor::*[contains(concat(" ", @class, " "), " card-comment ")]'
_FULL, _SHORT = "feed_list_content_full", "feed_list_content"


def read_search(text: str, at: Spot, *, platform: str, base: str) -> Listing:
    """One page of `s.weibo.com/weibo?q=…&timescope=…`.

    Args:
        text: the body.
        at: the slice and page it is.
        platform: label of the posts.
        base: where the search lives, for addresses without a host.

    Returns:
        The page; `next` is finer where the slice overflows, and behind a slice's last page the next slice.
    """
    if reading := of_html(text):
        return Listing(reading)
    login = _LOGIN.search(text)
    if login is None or login[1] != "1":
        # somebody who is not logged in is shown a few posts or none, and both mean nothing
        return Listing(blocked(Obstacle.LOGIN) if login else blocked(sign(text) or Obstacle.UNRECOGNISED))
    try:
        page = Selector(text, type="html")
        # the platform may put posts it recommends beneath the words that it found none
        if page.css("div.card-no-result"):
            return Listing(EMPTY, next=at.passed())
        cards = page.css('div.card-wrap[action-type="feed_list_item"]')
        made = [_entry(card, platform=platform, base=base) for card in cards]
        pages = len(page.css('ul[node-type="feed_list_page_morelist"] li'))
        more = bool(page.css("div.m-page a.next"))
    except (ValueError, etree.LxmlError):
        return Listing(UNRECOGNISED)
    if not cards:
        return Listing(blocked(sign(text) or Obstacle.UNRECOGNISED))
    finer = at.divided() if pages >= OVERFLOWS else None
    return Listing.of(
        made,
        next=finer or (at.turned() if more else at.passed()),
        capped=pages >= OVERFLOWS and finer is None,
    )


def read_show(text: str, address: str, *, platform: str) -> Detail:
    """The post at this address from `ajax/statuses/show`, its text whole where the platform sends it along."""
    try:
        post = fields(parse_json(text))
    except Malformed:
        return Detail(of_non_json(text))
    if post.get("ok") != 1:
        return Detail(refusal_of_one(post))
    if withheld(post):
        return Detail(EMPTY)
    item = replace(item_of(post, platform=platform, base=""), url=address)
    if not string(post.get("mid")).isdigit() or not isinstance(item.text, str):
        return Detail(UNRECOGNISED)
    whole = post.get("longTextContent_raw")
    if isinstance(whole, str) and whole:
        item = replace(item, text=escape(whole, quote=False), truncated=False)
    return Detail(OK, (item,))


def is_removed(text: str) -> bool:
    """Whether a body says that the post does not exist, under whatever status."""
    try:
        return refusal(fields(parse_json(text))) == EMPTY
    except Malformed:
        return False


def short_id(address: Any) -> str:
    """The short id at the end of a post's address, `https://weibo.com/<user>/<short id>`; empty where it has none."""
    found = re.search(r"/\d{5,20}/([0-9A-Za-z]{5,20})$", address if isinstance(address, str) else "")
    return found[1] if found else ""


def _entry(card: Selector, *, platform: str, base: str) -> Entry | DropReason:
    item = _item(card, platform=platform, base=base)
    key = identity(item)
    return Entry(key, item, detail=short_id(item.url) if item.truncated else "") if key else DropReason.NO_ID


def _item(card: Selector, *, platform: str, base: str) -> PostItem:
    """The post of a card; one that is a video only has no words and is dropped as such."""
    address = _first(card, ".//div[@class='from']/a/@href")
    url = canonical_url(address, within=f"{base}/")
    name = f".//a[@nick-name and contains(@class, 'name') and not({_FORWARDED})]"
    user = re.search(r"/(?:u/)?(\d{5,20})(?:[/?]|$)", _first(card, f"{name}/@href"))
    full, text = _words(card, _FULL, f"[not({_FORWARDED})]"), _words(card, _SHORT, f"[not({_FORWARDED})]")
    return PostItem(
        platform=platform,
        native_id=attribute(card, "mid"),
        url=url,
        text=full or text,
        published=_said(card, ".//div[@class='from']/a[1]"),
        author=user[1] if user else _first(card, f"{name}/@nick-name"),
        quoted=_quoted(card),
        parent=_root(card),
        likes=_count(card, "like"),
        comments=_count(card, "comment"),
        reposts=_count(card, "forward"),
        truncated=not full and 'action-type="fl_unfold"' in text,
    )


def _quoted(card: Selector) -> str:
    """The forwarded post's words, without its author's name; empty where a notice without an author stands instead."""
    inside = f"[{_FORWARDED}]"
    words = _words(card, _FULL, inside) or _words(card, _SHORT, inside) or _first(card, f".//p[@class='txt']{inside}")
    author = card.xpath(f".//a[@nick-name]{inside}")
    return "" if not author and is_notice(re.sub(r"<[^>]*>", "", words)) else words


def _root(card: Selector) -> str:
    """The id of the forwarded post, which only its like button names."""
    data = _first(card, f".//a[@action-type='feed_list_like'][{_FORWARDED}]/@action-data")
    found = re.search(r"(?:^|&)mid=(\d{1,30})(?:&|$)", data)
    return found[1] if found else ""


def _words(card: Selector, node: str, where: str) -> str:
    return _first(card, f".//p[@node-type='{node}']{where}")


def _count(card: Selector, kind: str) -> Any:
    return _said(card, f".//div[@class='card-act']//a[@action-type='feed_list_{kind}']")


def _first(card: Selector, path: str) -> str:
    return card.xpath(path).get() or ""


def _said(card: Selector, path: str) -> str:
    """The words inside the first node of a path, on one line."""
    return " ".join(" ".join(card.xpath(path)[:1].xpath(".//text()").getall()).split())
