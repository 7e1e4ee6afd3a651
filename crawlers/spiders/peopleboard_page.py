"""人民网领导留言板 read: the list of one office's messages, and the file of its newest titles.

Owns liuyan.people.com.cn's field names and refusals. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from dataclasses import replace
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
_CUT = re.compile(r"(?:\.{3}|…)\s*$")


def read_messages(text: str, *, first: bool, platform: str, base: str) -> Listing:
    """One page of an office's messages, newest first; `next` is the number of its last one.

    Args:
        text: the body. `grade` is how satisfied the writer is with the answer, 0 to 5.
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
    page = Listing.of(_entry(fields(row), platform=platform, base=base, whole=True) for row in rows(found))
    return replace(page, next=page.entries[-1].key if page.entries else None)


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
    return Listing.of(_entry(fields(row), platform=platform, base=base, whole=False) for row in found)


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


def _entry(row: dict[str, Any], *, platform: str, base: str, whole: bool) -> Entry | DropReason:
    if not row:
        return DropReason.MALFORMED
    number = clean_id(string(row.get("tid"))) or _number(row.get("threadUrl"))
    if not re.fullmatch(r"\d{1,20}", number):
        return DropReason.NO_ID
    words, grade = row.get("content"), row.get("grade")
    item = PostItem(
        platform=platform,
        native_id=number,
        url=f"{base}/threads/content?tid={number}",
        text=as_html(words),
        published=row.get("dateline"),
        author=_writer(row),
        title=row.get("subject"),
        target=row.get("forumName"),
        replied=row.get("answerDateline"),
        settled=grade is not None,
        rating=grade,
        truncated=not whole or (isinstance(words, str) and _CUT.search(words) is not None),
    )
    return Entry(number, item)


def _writer(row: dict[str, Any]) -> Any:
    """The number of the user; a name that the board has masked (`陈***`) is many people's."""
    name = string(row.get("nickName"))
    return string(row.get("userId")) or (None if "*" in name else name)


def _number(address: Any) -> str:
    """The message's number in its address."""
    if not isinstance(address, str):
        return ""
    try:
        query = urlsplit(address).query
    except ValueError:
        return ""
    return parse_qs(query, errors="replace").get("tid", [""])[0]
