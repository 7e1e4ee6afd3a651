"""Douyin's open platform, read: the operator's own videos, the comments below them, and the answers to those.

Owns the field names of `video/list`, `item/comment/list` and `item/comment/reply/list`. Pure: text in, values out,
nothing raises whatever the text is. Ids are opaque (`@…==`), other than those of the search.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.douyin_page import CODES
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign

REPLIES = "/item/comment/reply/list/"
_MOST_REPLIES = 20


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of an account's videos, or of the comments below one of them."""

    account: str = ""
    video: str = ""
    """Empty on a page of videos."""
    title: str = ""
    cursor: int = 0


def read_videos(text: str, at: Leaf, *, platform: str) -> Listing:
    """One page of `video/list`. A video is new whenever its number of comments is; one without comments leads nowhere.

    Args:
        text: the body.
        at: what was asked for.
        platform: label of the posts.
    """

    def entry(video: dict[str, Any]) -> Entry | DropReason:
        native = clean_id(video.get("item_id"))
        if not native:
            return DropReason.NO_ID
        count = whole(fields(video.get("statistics")).get("comment_count"))
        item = PostItem(platform, native_id=native, title=string(video.get("title")), is_html=False)
        told = "" if count is None else str(count)  # without a number nobody knows whether it has grown
        return Entry(f"{native}@{told}", item, detail="" if count == 0 else native)

    return _page(text, at, entry)


def read_comments(text: str, at: Leaf, *, platform: str) -> Listing:
    """One page of `item/comment/list`; a comment with answers is new whenever their number is.

    Args:
        text: the body.
        at: what was asked for.
        platform: label of the posts.
    """

    def entry(comment: dict[str, Any]) -> Entry | DropReason:
        item = comment_item(comment, platform=platform, parent=at.video, about=at.title)
        native = identity(item)
        if not native:
            return DropReason.NO_ID
        answers = whole(comment.get("reply_comment_total")) or 0
        if not answers:
            return Entry(native, item)
        query = {
            "open_id": at.account,
            "item_id": at.video,
            "comment_id": native,
            "cursor": 0,
            "count": _MOST_REPLIES,
        }
        return Entry(f"{native}@{answers}", item, detail=f"{REPLIES}?{urlencode(query)}", about=at.title)

    return _page(text, at, entry)


def read_answers(text: str, entry: Entry, *, platform: str) -> Detail:
    """One page of `item/comment/reply/list`: the answers to a comment, which itself comes with the first."""
    reading, data = _opened(text)
    if reading != OK:
        return Detail(reading)
    asked = dict(parse_qsl(urlsplit(entry.detail).query))
    items = [entry.item] if entry.item is not None else []
    drops: list[DropReason] = []
    for answer in rows(data.get("list")):
        item = comment_item(fields(answer), platform=platform, parent=asked.get("comment_id", ""), about=entry.about)
        if identity(item):
            items.append(item)
        else:
            drops.append(DropReason.NO_ID if fields(answer) else DropReason.MALFORMED)
    here = whole(asked.get("cursor")) or 0
    following, _ = _following(data, here)
    further = f"{REPLIES}?{urlencode({**asked, 'cursor': following})}" if following is not None else ""
    return Detail(OK, tuple(items), tuple(drops), next=further)


def comment_item(comment: dict[str, Any], *, platform: str, parent: str, about: str) -> PostItem:
    """One comment, wherever the platform shows it.

    Args:
        comment: its fields.
        platform: label of the post.
        parent: id of the video or comment it answers.
        about: title of the video.
    """
    return PostItem(
        platform=platform,
        native_id=string(comment.get("comment_id")),
        text=comment.get("content"),
        published=comment.get("create_time"),
        author=comment.get("comment_user_id"),
        target=about,
        parent=parent,
        likes=comment.get("digg_count"),
        comments=comment.get("reply_comment_total"),
        is_html=False,
    )


def _opened(text: str) -> tuple[Reading, dict[str, Any]]:
    """The data of an answer with its list, or what its number says."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return of_non_json(text), {}
    data, extra = fields(answer.get("data")), fields(answer.get("extra"))
    for holder in (data, extra):
        if code := whole(holder.get("error_code")):
            said = " ".join(string(holder.get(word)) for word in ("description", "sub_description"))
            return CODES.get(code) or blocked(sign(said) or Obstacle.UNRECOGNISED), {}
    # an empty list may be left out, but never the number that says that all went well
    if whole(data.get("error_code")) != 0 or not isinstance(data.get("list"), list | None):
        return UNRECOGNISED, {}
    return OK, data


def _following(data: dict[str, Any], here: int) -> tuple[int | None, bool]:
    """The next cursor, and whether there is more that no cursor leads to."""
    if data.get("has_more") not in (True, 1):
        return None, False
    told = whole(data.get("cursor"))
    return (None, True) if told is None or told == here else (told, False)


def _page(text: str, at: Leaf, entry: Callable[[dict[str, Any]], Entry | DropReason]) -> Listing:
    reading, data = _opened(text)
    if reading != OK:
        return Listing(reading)
    made = [entry(fields(one)) if fields(one) else DropReason.MALFORMED for one in rows(data.get("list"))]
    following, stuck = _following(data, at.cursor)
    onward = replace(at, cursor=following) if following is not None else None
    if not made:
        return Listing(blocked(Obstacle.EMPTY_LIST) if stuck else EMPTY, next=onward)
    entries = tuple(one for one in made if isinstance(one, Entry))
    drops = tuple(one for one in made if not isinstance(one, Entry))
    return Listing(OK, entries, drops, next=onward, capped=stuck)
