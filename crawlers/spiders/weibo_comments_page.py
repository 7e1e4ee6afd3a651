"""Weibo's mobile site, read: the comments under a post, hottest first, and the answers that are folded away.

Owns the field names of `comments/hotflow` and `comments/hotFlowChild`. Pure: text in, values out, nothing raises
whatever the text is.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from crawlers.addresses import clean_id
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Entry, Listing
from crawlers.spiders.weibo_page import author_of, refusal, withheld
from crawlers.verdict import (
    EMPTY,
    OK,
    PERHAPS_EMPTY,
    UNRECOGNISED,
    Obstacle,
    Reading,
    Verdict,
    blocked,
    of_non_json,
)

_ADDRESSED = re.compile(r"^\s*回复\s*(?:<a\b[^>]*>)?\s*@[^<>:：\s]{1,60}\s*(?:</a>)?\s*[:：]\s*")
"""What the platform writes before an answer to another comment; no word of the author's."""


LONGEST = 20
"""Pages of one thread that are read at most."""
WITHHELD = blocked(Obstacle.PERMISSION)
"""The comments on this post are kept back, because it is gone, hidden or old; that says nothing of other posts."""
_START = "0"
_END = "0"


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of the answers to one comment, some of which the page of comments folds away."""

    comment: str
    total: int
    """Answers as the comment counts them."""
    had: tuple[str, ...] = ()
    """Ids of those seen so far, on the page of comments and on earlier pages of the thread."""
    max_id: str = _START
    kind: int = 0
    page: int = 1

    @property
    def key(self) -> str:
        """What is remembered of a thread that was read whole; it is another once the thread has grown."""
        return f"{self.comment}@{self.total}"

    @property
    def part(self) -> str:
        """The same of one that could only be read in part."""
        return f"{self.key}~"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where in a post's comments a page is."""

    post: str
    max_id: str = ""
    kind: int = 0
    """`max_id_type`, which goes back as it came."""
    threads: tuple[Thread, ...] = ()
    """To be read before that page; the first of them is this page. The page behind the last one is `0`."""

    def passed(self) -> "Cursor | None":
        """Behind the first thread; None where nothing follows."""
        left = replace(self, threads=self.threads[1:])
        return left if left.threads or left.max_id != _END else None


def read_comments(text: str, at: Cursor, *, platform: str, base: str) -> Listing:
    """One page of `comments/hotflow`: comments, each followed by the answers that the page shows.

    Args:
        text: the body.
        at: where it was asked for.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.

    Returns:
        The page; what follows are the threads of which it shows only a part, then the next page.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    data = fields(answer.get("data"))
    reading = _verdict(answer, data.get("data"), first=not at.max_id)
    if reading != OK:
        return Listing(reading)
    made: list[Entry | DropReason] = []
    threads: list[Thread] = []
    cut = 0
    for comment in map(fields, rows(data.get("data"))):
        own = _entry(comment, at.post, platform=platform, base=base)
        shown = _entries(comment.get("comments"), at.post, platform=platform, base=base)  # false where there are none
        made += [own, *shown]
        total = whole(comment.get("total_number")) or 0
        if total > len(shown):
            if isinstance(own, Entry):
                threads.append(Thread(own.key, total, _keys(shown)))
            else:
                cut += 1
    max_id, kind = _following(data, at.max_id, at.kind)
    onward = Cursor(at.post, max_id, kind, tuple(threads))
    following = onward if threads or max_id != _END else None
    page = replace(Listing.of(made), next=following, total=whole(data.get("total_number")), cut=cut)
    return page if made else replace(page, reading=EMPTY)


def read_answers(text: str, at: Cursor, *, platform: str, base: str) -> Listing:
    """One page of `comments/hotFlowChild`: the answers to a comment, without those that were seen before.

    Args:
        text: the body.
        at: where it was asked for, with at least one thread.
        platform: label of the posts.
        base: address under which posts can be opened, without a slash at the end.

    Returns:
        The page; behind the thread's last page its `cut` tells whether the comment counts more than were seen, as it
        does where the comment is gone.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    thread = at.threads[0]
    reading = _verdict(answer, answer.get("data"), first=False)
    found = rows(answer.get("data")) if reading == OK else []
    gone = reading == WITHHELD
    if reading.verdict is Verdict.BLOCKED and not gone:
        return Listing(reading)
    if not found:
        if thread.page == 1 and thread.had and not gone:  # it cannot lack those that the page of comments shows
            return Listing(blocked(Obstacle.EMPTY_LIST))
        return Listing(EMPTY, next=at.passed(), cut=int(len(thread.had) < thread.total))
    made = [
        one
        for one in _entries(found, at.post, platform=platform, base=base)
        if not isinstance(one, Entry) or one.key not in thread.had
    ]
    max_id, kind = _following(answer, thread.max_id, thread.kind)
    had = thread.had + _keys(made)
    if max_id == _END or thread.page >= LONGEST:
        return replace(Listing.of(made), next=at.passed(), cut=int(len(had) < thread.total))
    further = replace(thread, had=had, max_id=max_id, kind=kind, page=thread.page + 1)
    return replace(Listing.of(made), next=replace(at, threads=(further, *at.threads[1:])))


def _entries(comments: Any, post: str, *, platform: str, base: str) -> list[Entry | DropReason]:
    return [_entry(fields(one), post, platform=platform, base=base) for one in rows(comments)]


def _entry(comment: dict[str, Any], post: str, *, platform: str, base: str) -> Entry | DropReason:
    item = comment_of(comment, post, platform=platform, base=base)
    key = clean_id(item.native_id)  # the address is the post's and names no comment
    if not key:
        return DropReason.NO_ID if comment else DropReason.MALFORMED
    reason = withheld(comment)
    return Entry(key, drop=reason) if reason else Entry(key, item)


def _keys(made: list[Entry | DropReason]) -> tuple[str, ...]:
    return tuple(one.key for one in made if isinstance(one, Entry))


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
        if reading == EMPTY:
            return WITHHELD
        if reading == UNRECOGNISED and answer.get("ok") == 0 and "快来发表" in string(answer.get("msg")):
            return EMPTY
        # behind the first page the same words mean the end
        return EMPTY if reading == PERHAPS_EMPTY and not first else reading
    if not isinstance(comments, list):
        return UNRECOGNISED
    total = whole(fields(answer.get("data")).get("total_number"))
    return blocked(Obstacle.EMPTY_LIST) if total and first and not comments else OK


def _following(data: dict[str, Any], at: str, kind: int) -> tuple[str, int]:
    """The cursor and its kind as the page gave them; 0 ends the list, as a number or as a string."""
    max_id, given = string(data.get("max_id")), whole(data.get("max_id_type"))
    return (_END if max_id in ("", at) else max_id), (given if given in (0, 1) else kind)
