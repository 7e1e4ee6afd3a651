"""红网百姓呼声 read: the list and one message with its official answers.

Owns rapi.rednet.cn's field names. The site has no words of its own for a refusal that anybody wrote down: what is not
`status` 1 is read by its message. Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from dataclasses import replace
from typing import Any

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing
from crawlers.verdict import EMPTY, OK, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign


def read_list(text: str, page: int, size: int, *, platform: str, base: str) -> Listing:
    """One page of `front/msg/index`, which has titles only.

    Args:
        text: the body.
        page: its number, from 1.
        size: how many messages were asked for.
        platform: label of the posts.
        base: where the interface lives, without a slash at the end.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    data = fields(answer.get("data"))
    total, found = whole(data.get("total")), data.get("rows")
    reading = _verdict(answer)
    if reading == OK and not found:
        reading = _nothing(found, total, before=(page - 1) * size)
    if reading != OK:
        return Listing(reading, total=total)
    made = (_entry(fields(row), platform=platform, base=base) for row in rows(found))
    more = total is None or page * size < total
    return Listing.of(made, next=page + 1 if more else None, total=total)


def read_message(text: str, entry: Entry) -> Detail:
    """One message: its words, and when an office first answered."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Detail(of_non_json(text))
    reading = _verdict(answer)
    if reading != OK:
        return Detail(reading)
    data = fields(answer.get("data"))
    content = data.get("content")
    if entry.item is None or not isinstance(content, str):
        return Detail(UNRECOGNISED)
    answers = rows(data.get("reply"))
    item = replace(
        entry.item,
        text=content,
        title=data.get("title") or entry.item.title,
        published=data.get("created_at") or entry.item.published,
        author=data.get("nickname") or entry.item.author,
        replied=_first_answer(answers) or entry.item.replied,
        settled=bool(answers),
        truncated=False,
    )
    return Detail(OK, (item,))


def message_address(base: str, native: str) -> str:
    """Where a message is read; `native` is its number."""
    return f"{base}/front/msg/detail?id={native}"


def _verdict(answer: dict[str, Any]) -> Reading:
    if string(answer.get("status")) == "1":
        return OK
    said = string(answer.get("msg")) + string(answer.get("message"))
    if re.search(r"不存在|已被?删除", said):
        return EMPTY
    return blocked(sign(said) or Obstacle.UNRECOGNISED)


def _nothing(found: Any, total: int | None, *, before: int) -> Reading:
    if not isinstance(found, list):
        return UNRECOGNISED
    return blocked(Obstacle.EMPTY_LIST) if total is not None and total > before else EMPTY


def _entry(row: dict[str, Any], *, platform: str, base: str) -> Entry | DropReason:
    number = string(row.get("id"))
    native = number if number.isalnum() else ""
    address = message_address(base, native) if native else ""
    item = PostItem(
        platform=platform,
        native_id=native,
        url=address,
        title=row.get("title"),
        published=row.get("created_at"),
        author=row.get("nickname"),
        replied=row.get("reply_time"),
        truncated=True,
    )
    return Entry.of(item, row, detail=address)


def _first_answer(answers: list[Any]) -> str:
    """The earliest time of an answer, as written; answers stand in no certain order."""
    times = (string(fields(answer).get("reply_time")) for answer in answers)
    return min((time for time in times if time), default="")
