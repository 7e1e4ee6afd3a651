"""B站, read: a video, the replies below it, and the answers to a reply.

Owns api.bilibili.com's field names and codes. Pure: text in, values out, nothing raises whatever the text is. Only what
the site serves without a signed query is read.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.verdict import EMPTY, OK, TOO_DEEP, UNRECOGNISED, Obstacle, Reading, blocked, of_non_json, sign

PAGE = 20
THREAD = "/x/v2/reply/reply"
VIDEO = 1
"""The kind of thing replied to."""
_CODES = {
    -101: blocked(Obstacle.LOGIN),
    -352: blocked(Obstacle.RISK_CONTROL),
    -403: blocked(Obstacle.PERMISSION),
    -412: blocked(Obstacle.RISK_CONTROL),
    -404: EMPTY,
}
_CLOSED = (12002, 12009)
"""The owner closed the replies; nothing under this number has any."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A page of a video's walk: the video itself, then its replies."""

    number: int = 0
    """Page of replies, from 1; 0 is the video, which says by which number its replies go."""
    oid: str = ""
    video: str = ""
    """The video's own id, as its address has it."""
    title: str = ""


def read_video(text: str, *, platform: str, base: str) -> Listing:
    """The answer of `view`: the video, new whenever it has more or fewer replies than a crawl knew.

    Args:
        text: the body.
        platform: label of the posts.
        base: where videos are watched, without a slash at the end.
    """
    reading, data = _opened(text)
    if reading == EMPTY:
        return Listing(OK, drops=(DropReason.DELETED,))  # one video gone says nothing of the others
    if reading != OK:
        return Listing(reading)
    oid, video, title = string(data.get("aid")), clean_id(data.get("bvid")), string(data.get("title"))
    if not oid or not video:
        return Listing(UNRECOGNISED)
    counts = fields(data.get("stat"))
    item = PostItem(
        platform=platform,
        native_id=video,
        url=f"{base}/video/{video}",
        text=string(data.get("desc")).strip() or title,
        title=title,
        published=data.get("pubdate"),
        author=fields(data.get("owner")).get("mid"),
        likes=counts.get("like"),
        comments=counts.get("reply"),
        reposts=counts.get("share"),
        is_html=False,
    )
    return Listing(OK, (Entry(f"{video}@{string(counts.get('reply'))}", item),), next=Turn(1, oid, video, title))


def read_replies(text: str, at: Turn, *, platform: str, base: str) -> Listing:
    """One page of `x/v2/reply`, newest first; answers shown below a reply are taken where they are all of them."""
    reading, data = _opened(text)
    if reading != OK:
        return Listing(reading)
    page = fields(data.get("page"))
    total = whole(page.get("count"))
    found = [fields(one) for one in rows(data.get("replies"))]
    if total is None and not found:
        return Listing(UNRECOGNISED)
    if not found:
        if total is None or total <= (at.number - 1) * PAGE:
            return Listing(EMPTY, total=total)
        return Listing(TOO_DEEP if at.number > 1 else blocked(Obstacle.EMPTY_LIST), total=total)
    pinned = [fields(data.get("upper")).get("top"), *rows(data.get("top_replies"))]
    entries: dict[str, Entry] = {}
    drops: list[DropReason] = []
    for reply in (*(fields(one) for one in pinned if one), *found):
        for made in _taken(reply, at, platform, base):
            if isinstance(made, Entry):
                entries.setdefault(made.key, made)
            else:
                drops.append(made)
    more = total is None or at.number * PAGE < total
    following = replace(at, number=at.number + 1) if more else None
    return Listing(OK, tuple(entries.values()), tuple(drops), next=following, total=total)


def read_thread(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of `x/v2/reply/reply`: the answers to a reply, which itself comes with the first."""
    reading, data = _opened(text)
    if reading != OK:
        return Detail(reading)
    here = urlsplit(entry.detail)
    asked = dict(parse_qsl(here.query))
    number = whole(asked.get("pn")) or 1
    found = rows(data.get("replies"))
    total = whole(fields(data.get("page")).get("count"))
    if total is None and not found:
        return Detail(UNRECOGNISED)
    if not found and (total or 0) > (number - 1) * PAGE:
        return Detail(blocked(Obstacle.EMPTY_LIST))
    items = [entry.item] if entry.item is not None else []
    drops: list[DropReason] = []
    at = Turn(0, asked.get("oid", ""), here.fragment, entry.about)
    for reply in found:
        item = _item(fields(reply), at, platform, base)
        if identity(item):
            items.append(item)
        else:
            drops.append(DropReason.NO_ID if fields(reply) else DropReason.MALFORMED)
    more = bool(found) and number * PAGE < (total or 0)
    further = f"{here.path}?{urlencode({**asked, 'pn': number + 1})}#{here.fragment}" if more else ""
    return Detail(OK, tuple(items), tuple(drops), next=further)


def _opened(text: str) -> tuple[Reading, dict[str, Any]]:
    """The data of an answer, or what its code says."""
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return of_non_json(text), {}
    code = whole(answer.get("code"))
    if code in _CLOSED:
        return OK, {"page": {"count": 0}}
    if code != 0:
        said = sign(string(answer.get("message")))
        return _CODES.get(code or 0) or blocked(said or Obstacle.UNRECOGNISED), {}
    return OK, fields(answer.get("data"))


def _taken(reply: dict[str, Any], at: Turn, platform: str, base: str) -> list[Entry | DropReason]:
    """A reply with what is shown of its answers; where there are more of them, its thread is to be fetched."""
    item = _item(reply, at, platform, base)
    key = identity(item)
    if not key:
        return [DropReason.NO_ID if reply else DropReason.MALFORMED]
    if reply.get("invisible") is True:
        return [Entry(key, drop=DropReason.DELETED)]
    answers = [_item(fields(one), at, platform, base) for one in rows(reply.get("replies"))]
    count = whole(reply.get("rcount")) or whole(reply.get("count")) or 0
    if not count and not answers:
        return [Entry(key, item)]
    grown = f"{key}@{max(count, len(answers))}"
    if count > len(answers):
        query = urlencode({"type": VIDEO, "oid": at.oid, "root": key, "pn": 1, "ps": PAGE})
        # which video it was stays with us: a fragment is not sent
        return [Entry(grown, item, detail=f"{THREAD}?{query}#{at.video}", about=at.title)]
    below = (Entry(name, one) if (name := identity(one)) else DropReason.NO_ID for one in answers)
    return [Entry(grown, item), *below]


def _item(reply: dict[str, Any], at: Turn, platform: str, base: str) -> PostItem:
    native = string(reply.get("rpid"))
    above = string(reply.get("parent")) or string(reply.get("root"))
    writer = string(reply.get("mid")) or fields(reply.get("member")).get("mid")
    return PostItem(
        platform=platform,
        native_id=native,
        url=f"{base}/video/{at.video}" if native and at.video else None,
        text=fields(reply.get("content")).get("message"),
        published=reply.get("ctime"),
        author=writer,
        target=at.title,
        parent=above if above not in ("", "0") else at.video,
        likes=reply.get("like"),
        comments=reply.get("rcount"),
        is_html=False,
    )
