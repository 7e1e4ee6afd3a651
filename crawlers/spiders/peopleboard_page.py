"""人民网领导留言板 read: the list of one office's messages, and the file of its newest titles.

Owns liuyan.people.com.cn's field names and refusals. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string
from crawlers.items import PostItem
from crawlers.markup import as_html
from crawlers.normalize import DropReason
from crawlers.pages import Entry, Listing
from crawlers.verdict import EMPTY, OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign

UNSIGNED = "SN0006"
"""The site's number for a call that lacks a signature."""


def read_messages(text: str, *, first: bool, platform: str, base: str) -> Listing:
    """One page of an office's messages, newest first; `next` is the number of its last one.

    Args:
        text: the body.
        first: whether it is the first; nothing at all on that may also be a way to refuse.
        platform: label of the posts.
        base: where the board lives, without a slash at the end.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    found = answer.get("responseData")
    reading = _verdict(answer, found)
    if reading != OK:
        return Listing(PERHAPS_EMPTY if first and reading == EMPTY else reading)
    entries, drops = _entries(rows(found), platform=platform, base=base, whole=True)
    last = entries[-1].key if entries else None
    return Listing(OK, tuple(entries), tuple(drops), next=last)


def read_newest(text: str, *, platform: str, base: str) -> Listing:
    """The file of an office's newest messages: titles without words, and nothing older than they are."""
    try:
        found = parse_json(text)
    except Malformed:
        return Listing(of_non_json(text))
    if not isinstance(found, list):
        return Listing(_verdict(fields(found), None))
    if not found:
        return Listing(PERHAPS_EMPTY)
    entries, drops = _entries(found, platform=platform, base=base, whole=False)
    return Listing(OK, tuple(entries), tuple(drops))


def unsigned(text: str) -> bool:
    """Whether the board refused because it wants a signature, which we never make."""
    try:
        return fields(parse_json(text)).get("code") == UNSIGNED
    except Malformed:
        return False


def _verdict(answer: dict[str, Any], found: Any) -> Reading:
    if answer.get("code") == UNSIGNED:
        return blocked(Obstacle.TOKEN)
    if string(answer.get("result")) != "success":
        said = string(answer.get("msg")) + string(answer.get("message"))
        return blocked(sign(said) or Obstacle.UNRECOGNISED)
    if not isinstance(found, list):
        return UNRECOGNISED
    return OK if found else EMPTY


def _entries(found: list[Any], *, platform: str, base: str, whole: bool) -> tuple[list[Entry], list[DropReason]]:
    entries: list[Entry] = []
    drops: list[DropReason] = []
    for row in map(fields, found):
        if not row:
            drops.append(DropReason.MALFORMED)
            continue
        number = clean_id(string(row.get("tid"))) or _number(row.get("threadUrl"))
        if not re.fullmatch(r"\d{1,20}", number):
            drops.append(DropReason.NO_ID)
            continue
        item = PostItem(
            platform=platform,
            native_id=number,
            url=f"{base}/threads/content?tid={number}",
            text=as_html(row.get("content")),
            published=row.get("dateline"),
            author=row.get("nickName"),
            title=row.get("subject"),
            target=row.get("forumName"),
            replied=row.get("answerDateline"),
            truncated=not whole,
        )
        entries.append(Entry(number, item))
    return entries, drops


def _number(address: Any) -> str:
    """The message's number in its address."""
    if not isinstance(address, str):
        return ""
    try:
        query = urlsplit(address).query
    except ValueError:
        return ""
    return parse_qs(query, errors="replace").get("tid", [""])[0]
