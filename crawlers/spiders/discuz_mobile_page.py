"""A board of Discuz! X through its mobile interface, read: the list of threads and the pages of one thread as JSON.

Owns `api/mobile`'s field names. Pure: text in, values out, nothing raises whatever the text is.
"""

from dataclasses import replace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.documents import Malformed, fields, parse_json, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.discuz_posts import answer, opening, thread_address
from crawlers.spiders.discuz_words import Message, no_board, read_message, refusal
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json

_LONGEST_THREAD = 200


def read_board(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `module=forumdisplay`.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where the board lives, without a slash at the end.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    variables = fields(answer.get("Variables"))
    forum, found = fields(variables.get("forum")), variables.get("forum_threadlist")
    total = whole(forum.get("threadcount")) or whole(forum.get("threads"))
    size = whole(variables.get("tpp")) or 20
    if notice := _notice(answer):
        return Listing(no_board(notice[0]))
    if not isinstance(found, list):
        return Listing(UNRECOGNISED)
    if not found:
        more = total is not None and total > (page - 1) * size
        return Listing(blocked(Obstacle.EMPTY_LIST) if more else EMPTY, total=total)
    about = string(forum.get("name"))
    made = (_entry(row, about=about, platform=platform, base=base) for row in map(fields, found))
    more = total is None or page * size < total
    return Listing.of(made, next=page + 1 if more else None, total=total)


def read_thread(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of `module=viewthread`: the opening post where it is on it, and replies, which answer it.

    A thread that only a higher rank may read keeps what the list said of it. `next` is the address of the next page,
    made from the entry's own.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(of_non_json(text))
    if notice := _notice(answer):
        ranked = notice[1] and entry.item is not None
        return Detail(OK, (replace(entry.item, truncated=True),)) if ranked and entry.item else Detail(notice[0])
    variables = fields(answer.get("Variables"))
    found = variables.get("postlist")
    if not isinstance(found, list) or not found:
        return Detail(UNRECOGNISED)
    thread = fields(variables.get("thread"))
    made: list[PostItem | DropReason] = []
    for row in map(fields, found):
        post = _post(row, entry=entry, platform=platform, base=base)
        if string(row.get("first")) == "1":
            if entry.item is None:
                continue
            post = opening(post, entry.item, thread.get("subject"), thread.get("replies"))
        made.append(post)
    pages = -(-((whole(thread.get("replies")) or 0) + 1) // (whole(variables.get("ppp")) or 10))
    return Detail.of(made, next=_next(pages, entry.detail), pages=pages)


def _notice(answer: dict[str, Any]) -> tuple[Reading, bool] | None:
    """What it says instead of an answer, if it does."""
    if error := string(answer.get("error")):
        return refusal("", error)
    message = fields(answer.get("Message"))
    code = string(message.get("messageval"))
    return refusal(string(message.get("messagestr")), code) if code else None


def _entry(row: dict[str, Any], *, about: str, platform: str, base: str) -> Entry | DropReason:
    if not row:
        return DropReason.MALFORMED
    topic = string(row.get("tid"))
    if not (topic.isascii() and topic.isdigit()):
        return DropReason.NO_ID
    replies = string(row.get("replies"))
    item = PostItem(
        platform=platform,
        native_id=topic,
        url=thread_address(base, topic),
        title=row.get("subject"),
        published=row.get("dbdateline") or row.get("dateline"),
        author=_user(row),
        target=about,
        comments=replies,
        truncated=True,
    )
    return Entry(f"{topic}@{replies}", item, detail=mobile_address(base, topic), about=about)


def mobile_address(base: str, topic: str) -> str:
    """Where the first page of a thread is in the mobile interface."""
    return f"{base}/api/mobile/index.php?version=4&module=viewthread&tid={topic}"


def _post(row: dict[str, Any], *, entry: Entry, platform: str, base: str) -> PostItem | DropReason:
    number = string(row.get("pid"))
    if not (number.isascii() and number.isdigit()):
        return DropReason.NO_ID
    return answer(
        _message(row.get("message")),
        number,
        published=row.get("dbdateline") or row.get("dateline"),
        author=_user(row),
        entry=entry,
        platform=platform,
        base=base,
    )


def _message(markup: Any) -> Message | None:
    if not isinstance(markup, str):
        return None
    try:
        found = Selector(f"<html><body><div id='all'>{markup}</div></body></html>", type="html").css("#all")
        return read_message(found[0]) if found else None
    except (ValueError, etree.LxmlError):
        return None


def _user(row: dict[str, Any]) -> Any:
    number = string(row.get("authorid"))
    return number if number not in ("", "0") else row.get("author")


def _next(pages: int, here: str) -> str:
    before, _, page = here.partition("&page=")
    number = whole(page) or 1
    return f"{before}&page={number + 1}" if number < min(pages, _LONGEST_THREAD) else ""
