"""Weibo's mobile site, read: the comments under a post, hottest first.

Owns the field names of `comments/hotflow`. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from dataclasses import dataclass
from typing import Any

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry, Listing
from crawlers.spiders.weibo_page import author_of, refusal
from crawlers.verdict import EMPTY, OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json

_ADDRESSED = re.compile(r"^\s*回复\s*(?:<a\b[^>]*>)?\s*@[^<>:：\s]{1,60}\s*(?:</a>)?\s*[:：]\s*")
"""What the platform writes before an answer to another comment; no word of the author's."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where in a post's comments a page is."""

    post: str
    max_id: str = ""
    kind: int = 0
    """`max_id_type`, which goes back as it came."""


def read_comments(text: str, at: Cursor, *, platform: str, base: str) -> Listing:
    """One page of `comments/hotflow`: comments, each followed by the answers that the page shows.

    Args:
        text: the body.
        at: where it was asked for.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.

    Returns:
        The page; a thread is cut where some of its answers are folded away.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    data = fields(answer.get("data"))
    comments = data.get("data")
    reading = _verdict(answer, comments, first=not at.max_id)
    if reading != OK:
        return Listing(reading)
    entries: list[Entry] = []
    drops: list[DropReason] = []
    cut = 0
    for comment in map(fields, rows(comments)):
        answers = rows(comment.get("comments"))  # false where there are none
        for one in (comment, *map(fields, answers)):
            item = comment_of(one, at.post, platform=platform, base=base)
            if key := clean_id(item.native_id):  # the address is the post's and names no comment
                entries.append(Entry(key, item))
            else:
                drops.append(DropReason.NO_ID if one else DropReason.MALFORMED)
        cut += (whole(comment.get("total_number")) or 0) > len(answers)
    return Listing(
        OK if entries or drops else EMPTY,
        tuple(entries),
        tuple(drops),
        next=_following(data, at),
        total=whole(data.get("total_number")),
        cut=cut,
    )


def comment_of(comment: dict[str, Any], post: str, *, platform: str, base: str) -> PostItem:
    """One comment or answer; what it belongs to is the post, whatever it answers."""
    text = comment.get("text")
    return PostItem(
        platform=platform,
        native_id=string(comment.get("id")),
        url=f"{base}/detail/{post}",
        text=_ADDRESSED.sub("", text, count=1) if isinstance(text, str) else text,
        published=comment.get("created_at"),
        author=author_of(comment),
        parent=post,
        likes=comment.get("like_count"),
        comments=comment.get("total_number"),
    )


def _verdict(answer: dict[str, Any], comments: Any, *, first: bool) -> Reading:
    if answer.get("ok") != 1:
        reading = refusal(answer)
        # behind the first page the same words mean the end
        return EMPTY if reading == PERHAPS_EMPTY and not first else reading
    if not isinstance(comments, list):
        return UNRECOGNISED
    total = whole(fields(answer.get("data")).get("total_number"))
    return blocked(Obstacle.EMPTY_LIST) if total and first and not comments else OK


def _following(data: dict[str, Any], at: Cursor) -> Cursor | None:
    """The cursor as the page gave it; 0 ends the list, as a number or as a string."""
    max_id = string(data.get("max_id"))
    if max_id in ("", "0", at.max_id):
        return None
    kind = whole(data.get("max_id_type"))
    return Cursor(at.post, max_id, kind if kind in (0, 1) else at.kind)
