"""Douyin's open platform, read: client token and keyword video search.

Owns open.douyin.com's field names and error numbers. Pure: text in, values out, nothing raises whatever the text is.
"""

from typing import Any

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Entry, Listing
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, Reading, Verdict, blocked, of_non_json, sign

_SERVER = Reading(Verdict.TRANSPORT, Obstacle.SERVER)
CODES = {
    28001003: blocked(Obstacle.TOKEN),
    28001008: blocked(Obstacle.TOKEN),
    2190002: blocked(Obstacle.TOKEN),
    2190008: blocked(Obstacle.TOKEN),
    28001005: _SERVER,
    28001006: _SERVER,
    28001007: blocked(Obstacle.PERMISSION),
    28001018: blocked(Obstacle.PERMISSION),
    2190004: blocked(Obstacle.PERMISSION),
    2483: blocked(Obstacle.LOGIN),
    **dict.fromkeys((7, 429, 50001, 2190001, 2190020, 28003017, 28003018), blocked(Obstacle.RATE_LIMIT)),
}
"""What the open platform's error numbers mean."""
_NOTHING = {
    "verify_check": blocked(Obstacle.CAPTCHA),
    "antispam_check": blocked(Obstacle.RISK_CONTROL),
    "hit_shark": blocked(Obstacle.RISK_CONTROL),
    "params_check": blocked(Obstacle.LOGIN),
    "invalid_app": blocked(Obstacle.LOGIN),
    "content_limit": EMPTY,
    "hit_self_harm": EMPTY,
}


def read_token(text: str) -> tuple[Reading, str]:
    """The access token of an `oauth/client_token` answer, with what kind of answer it was."""
    try:
        data = fields(fields(parse_json(text)).get("data"))
    except Malformed:
        return of_non_json(text), ""
    token = data.get("access_token")
    code = whole(data.get("error_code")) or 0
    if code == 0 and isinstance(token, str) and token.isascii() and token.isprintable() and token.strip():
        return OK, token.strip()
    return (CODES.get(code) if code in (28001005, 28001006) else None) or blocked(Obstacle.TOKEN), ""


def read_search(text: str, cursor: int, *, platform: str) -> Listing:
    """One page of `v2/search/video`, whose posts stand in `data.data` or, in some answers, in `data`.

    Args:
        text: the body.
        cursor: the one that was asked for.
        platform: label of the posts.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    outer = fields(answer.get("data"))
    data = fields(outer["data"]) if "data" in outer else outer
    reading = _verdict(answer, outer, data)
    if reading != OK:
        return Listing(reading)
    videos = rows(data.get("video_list"))
    entries: list[Entry] = []
    drops: list[DropReason] = []
    for video in videos:
        item = _item(fields(video), platform)
        key = identity(item)
        if not isinstance(video, dict):
            drops.append(DropReason.MALFORMED)
        elif key:
            entries.append(Entry(key, item))
        else:
            drops.append(DropReason.NO_ID)
    following: int | None = None
    if data.get("has_more") in (True, 1):
        told = whole(data.get("cursor"))
        # a cursor that stands still would have us read one page for ever
        following = told if told is not None and told > cursor else cursor + len(videos) if videos else None
    if not videos and following is None:
        return Listing(EMPTY)
    return Listing(OK, tuple(entries), tuple(drops), next=following, search_id=string(data.get("search_id")))


def _verdict(answer: dict[str, Any], outer: dict[str, Any], data: dict[str, Any]) -> Reading:
    nothing = fields(answer.get("search_nil_info")).get("search_nil_type")
    if isinstance(nothing, str) and nothing:
        return _NOTHING.get(nothing, UNRECOGNISED)
    for holder, name in ((answer, "err_no"), (outer, "error_code"), (data, "error_code"), (answer, "status_code")):
        if code := whole(holder.get(name)):
            said = " ".join(string(answer.get(word)) for word in ("err_msg", "status_msg"))
            return CODES.get(code) or blocked(sign(said) or Obstacle.UNRECOGNISED)
    return OK if isinstance(data.get("video_list"), list) else UNRECOGNISED


def _item(video: dict[str, Any], platform: str) -> PostItem:
    """One video: what is said in it where the platform gives that, else its caption."""
    counts = fields(video.get("statistics"))
    said = video.get("high_quality_text")
    spoken = isinstance(said, str) and bool(said.strip())
    return PostItem(
        platform=platform,
        native_id=video.get("item_id"),
        url=video.get("link"),
        text=said if spoken else video.get("title"),
        title=video.get("title") if spoken else None,
        published=video.get("create_time"),
        author=video.get("nickname"),
        likes=counts.get("digg_count"),
        comments=counts.get("comment_count"),
        reposts=counts.get("share_count"),
        is_html=False,
    )
