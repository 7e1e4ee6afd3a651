"""The car site 懂车帝, read: the owners' reviews (口碑) of a car series.

Owns the site's envelope, its refusals and the review's field names. Pure: text in, values out, nothing raises whatever
the text is. What a reviewer paid, when and where is not taken.
"""

import re
from typing import Any

from crawlers.documents import Malformed, fields, parse_json, string, whole
from crawlers.items import PostItem
from crawlers.pages import Entry, Listing
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign

PAGE = 15
"""Reviews on a page, whatever one asks for."""
_WORDS = ((re.compile("验证码"), Obstacle.CAPTCHA), (re.compile("登录|login-required"), Obstacle.LOGIN))


def opened(text: str) -> tuple[Reading, dict[str, Any]]:
    """The data of one of the site's JSON answers, or what kind of refusal came instead."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        reading = of_non_json(text)
        return (refused(text) if reading == UNRECOGNISED else reading), {}
    if whole(answer.get("status")) != 0:
        return refused(" ".join(string(answer.get(word)) for word in ("message", "status_message", "prompts"))), {}
    return OK, fields(answer.get("data"))


def refused(words: str) -> Reading:
    """What a page or a message in place of an answer says."""
    found = (obstacle for form, obstacle in _WORDS if form.search(words[:20_000]))
    return blocked(sign(words) or next(found, Obstacle.UNRECOGNISED))


def read_reviews(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `get_review_list`.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where a review's own page lives, without a slash at the end.
    """
    reading, data = opened(text)
    if reading != OK:
        return Listing(reading)
    found = data.get("review_list")
    total = whole(data.get("total_count"))
    more = data.get("has_more") in (True, 1)
    if not isinstance(found, list):
        return Listing(UNRECOGNISED)
    if not found:
        missing = more or (total is not None and total > (page - 1) * PAGE)
        return Listing(blocked(Obstacle.EMPTY_LIST) if missing else EMPTY, total=total)
    made = (Entry.of(_item(review, platform, base), review) for review in map(fields, found))
    return Listing.of(made, next=page + 1 if more else None, total=total)


def _item(review: dict[str, Any], platform: str, base: str) -> PostItem:
    """One review: its words, its stars, and which car they are about."""
    native = string(review.get("gid_str"))
    writer = fields(review.get("user_info"))
    return PostItem(
        platform=platform,
        native_id=native,
        url=f"{base}/ugc/article/{native}" if native else None,
        text=review.get("content"),
        published=review.get("create_time"),
        author=string(writer.get("user_id")) or writer.get("name"),
        target=_car(fields(review.get("buy_car_info"))),
        likes=review.get("digg_count_en"),
        comments=review.get("comment_count_en"),
        rating=_stars(fields(review.get("score_info")).get("score")),
    )


def _car(bought: dict[str, Any]) -> str:
    return " ".join(name for key in ("series_name", "car_name") if (name := string(bought.get(key)).strip()))


def _stars(raw: Any) -> float | None:
    """`471` is 4.71 stars; nobody rates with nought."""
    hundredths = whole(raw)
    return hundredths / 100 if hundredths is not None and 0 < hundredths <= 500 else None
