"""Weibo's open platform, read: who mentions the operator's own account, and who comments on what it says.

Owns api.weibo.com's field names and error numbers. Pure: text in, values out, nothing raises whatever the text is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.markup import as_html
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.weibo_comments_page import comment_of
from crawlers.spiders.weibo_page import item_of, withheld
from crawlers.verdict import (
    EMPTY,
    OK,
    PERHAPS_EMPTY,
    TOO_DEEP,
    UNRECOGNISED,
    Obstacle,
    Reading,
    Verdict,
    blocked,
    of_non_json,
    sign,
)

PUBLIC = "https://m.weibo.cn"
"""Where a person can open what the interface told of."""

_SERVER = Reading(Verdict.TRANSPORT, Obstacle.SERVER)
_ERRORS: Mapping[int, Reading] = {
    10001: _SERVER,
    10002: _SERVER,
    10003: _SERVER,
    10004: blocked(Obstacle.RATE_LIMIT),
    10014: blocked(Obstacle.PERMISSION),
    10022: blocked(Obstacle.RATE_LIMIT),
    10023: blocked(Obstacle.RATE_LIMIT),
    10024: blocked(Obstacle.RATE_LIMIT),
    20101: EMPTY,
    20112: EMPTY,
}
"""10022 counts by address, 10023 by user, 10024 by interface; 20101 is a post that does not exist, 20112 one that its
author shows to others only."""
_AUTHORISATION = range(21301, 21400)
"""The numbers of OAuth2: 21327 an expired token, 21332 an invalid one, and their relations."""


def read_page(text: str, page: int, size: int, *, platform: str) -> Listing:
    """One page of `statuses/mentions`, `comments/to_me` or `comments/mentions`.

    Args:
        text: the body.
        page: its number, from 1.
        size: how many were asked for.
        platform: label of the posts.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    if reading := _error(answer):
        return Listing(reading)
    kind = next((name for name in ("statuses", "comments") if isinstance(answer.get(name), list)), "")
    total = whole(answer.get("total_number"))
    if not kind:
        return Listing(UNRECOGNISED)
    found = rows(answer[kind])
    if not found:
        return Listing(_nothing(page, size, total), total=total)
    read = _status if kind == "statuses" else _comment
    more = total is None or page * size < total
    return Listing.of((read(fields(one), platform) for one in found), next=page + 1 if more else None, total=total)


def read_status(text: str, native: str, *, platform: str) -> Detail:
    """The post of this id from `statuses/show`, with its whole text as far as the platform gives it."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(of_non_json(text))
    if reading := _error(answer):
        return Detail(reading)
    if clean_id(string(answer.get("id"))) != native:
        return Detail(UNRECOGNISED)
    return Detail(EMPTY) if withheld(answer) else Detail(OK, (_item(answer, platform),))


def is_error(text: str) -> bool:
    """Whether a body is the platform's own error object, which says more than its status does."""
    try:
        return "error_code" in fields(parse_json(text))
    except Malformed:
        return False


def _nothing(page: int, size: int, total: int | None) -> Reading:
    """What an empty list means; the interface counts more than it lists, and lists the newest only."""
    if total is None:
        return PERHAPS_EMPTY if page == 1 else EMPTY
    if total <= (page - 1) * size:
        return EMPTY
    return TOO_DEEP if page > 1 else blocked(Obstacle.EMPTY_LIST)


def _error(answer: dict[str, Any]) -> Reading | None:
    if "error_code" not in answer:
        return None
    number = whole(answer["error_code"])
    if number in _AUTHORISATION:
        return blocked(Obstacle.TOKEN)
    return _ERRORS.get(number or 0) or blocked(sign(string(answer.get("error"))) or Obstacle.UNRECOGNISED)


def _status(post: dict[str, Any], platform: str) -> Entry | DropReason:
    if not post:
        return DropReason.MALFORMED
    item = _item(post, platform)
    key = clean_id(item.native_id)
    if not key:
        return DropReason.NO_ID
    if reason := withheld(post):
        return Entry(key, drop=reason)
    return Entry(key, item, detail=key if item.truncated else "")


def _item(post: dict[str, Any], platform: str) -> PostItem:
    item = item_of(post, platform=platform, base=PUBLIC)
    return replace(item, text=as_html(item.text), quoted=as_html(item.quoted))


def _comment(comment: dict[str, Any], platform: str) -> Entry | DropReason:
    if not comment:
        return DropReason.MALFORMED
    post = fields(comment.get("status"))
    item = comment_of(comment, string(post.get("id")) or string(post.get("mid")), platform=platform, base=PUBLIC)
    key = clean_id(item.native_id)
    return Entry(key, replace(item, text=as_html(item.text))) if key else DropReason.NO_ID
