"""What Douyin's open platform tells of the operator's own account by itself: events, and whether they are genuine.

Owns the event's fields and its signature. Pure: bytes in, values out, nothing raises whatever the bytes are. Does not
receive anything; whoever does must have a genuine event in the message log before it answers.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from crawlers.documents import Malformed, fields, parse_json, string
from crawlers.items import PostItem
from crawlers.spiders.douyin_comments_page import comment_item

VERIFY = "verify_webhook"
"""The event that asks whether somebody listens; its number is to be sent back."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    name: str = ""
    """Empty when the bytes were no event."""
    challenge: int | str | None = None
    """What a `verify_webhook` wants back."""
    accounts: frozenset[str] = frozenset()
    """Open ids of those it is about."""
    item: PostItem | None = None
    """The comment it tells of, if it tells of one."""


def genuine(body: bytes, signature: str, secret: str) -> bool:
    """Whether `X-Douyin-Signature` is what the platform makes of this body and the app's secret."""
    made = sha1(secret.encode() + body, usedforsecurity=False).hexdigest()  # the platform chose it
    return bool(secret) and hmac.compare_digest(made.encode(), signature.strip().lower().encode("utf-8", "replace"))


def read_event(body: bytes, *, platform: str, about: str = "") -> Event:
    """The event of a body.

    Args:
        body: as it came.
        platform: label of the post.
        about: what comments on this account are about; events do not name the video's title.
    """
    try:
        told = fields(parse_json(body.decode("utf-8", "replace")))
    except Malformed:
        return Event()
    content = _content(told.get("content"))
    challenge = content.get("challenge") if told.get("event") == VERIFY else None
    return Event(
        name=string(told.get("event")),
        challenge=challenge if isinstance(challenge, int | str) else None,
        accounts=frozenset(one for key in ("from_user_id", "to_user_id") if (one := string(told.get(key)))),
        item=_comment(content, platform, about),
    )


def _content(raw: Any) -> dict[str, Any]:
    """An object, or the JSON text of one."""
    if not isinstance(raw, str):
        return fields(raw)
    try:
        return fields(parse_json(raw))
    except Malformed:
        return {}


def _comment(content: dict[str, Any], platform: str, about: str) -> PostItem | None:
    above = string(content.get("reply_to_comment_id")) or string(content.get("reply_to_item_id"))
    item = comment_item(content, platform=platform, parent=above, about=about)
    return item if item.native_id and isinstance(item.text, str) else None
