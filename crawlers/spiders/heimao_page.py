"""The complaint site 黑猫投诉, read: list JSON and the page of one complaint.

Owns tousu.sina.com.cn's field names, labels and error numbers; who says what in a complaint's steps is `heimao_steps`'.
Pure: text in, values out, nothing raises whatever the text is.
"""

import re
from dataclasses import replace
from html import escape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.addresses import followed, host_of
from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.markup import as_html
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.heimao_steps import Course, read_course, read_stars
from crawlers.verdict import (
    EMPTY,
    OK,
    PERHAPS_EMPTY,
    TOO_DEEP,
    UNRECOGNISED,
    Obstacle,
    Reading,
    blocked,
    of_html,
    of_non_json,
    of_strange_html,
    sign,
)

_LOGIN_CODE = 10017
_NO_PAGE_CODE = 10019
_CUT = re.compile(r"(?:\.{3}|…)\s*$")
_ANONYMOUS = ("匿名", "匿名用户")
_ANSWERED = ("6", "7", "8", "已回复", "已完成", "已关闭")
"""Statuses in which the company may have answered, as numbers or in words."""
_SETTLED = ("已完成", "已关闭")


def read_list(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `index/feed`, `index/s` or `company/received_complaints`, plain or as JSONP.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where the site lives, without a slash at the end.
    """
    try:
        result = fields(fields(parse_json(text)).get("result"))
    except Malformed:
        return Listing(of_non_json(text))
    data = fields(result.get("data"))
    found = next((data[name] for name in ("lists", "complaints") if isinstance(data.get(name), list)), None)
    pager = fields(data.get("pager"))
    total, pages = whole(pager.get("item_count")), whole(pager.get("page_amount"))
    reading = _verdict(fields(result.get("status")), found, total, past=pages is not None and page > pages)
    if reading != OK:
        return Listing(reading, total=total)
    made = (_entry(fields(row), platform=platform, base=base) for row in rows(found))
    more = page < pages if pages is not None else True
    return Listing.of(made, next=page + 1 if more else None, total=total)


def read_complaint(text: str, entry: Entry) -> Detail:
    """The page of one complaint: its whole text, whom it is about by the labelled row, when the company answered.

    What the complainant added later becomes posts of their own, which answer the complaint and are numbered from it;
    the company's answer is not the complainant's word and gives a time only.
    """
    if reading := of_html(text):
        return Detail(reading)
    try:
        page = Selector(text, type="html")
        known = bool(page.css("div.ts-d-steplist div.ts-d-item, h1.article"))
        published = " ".join(page.css(".ts-q-user .u-date ::text").getall())
        course = read_course(page, published)
    except (ValueError, etree.LxmlError):
        return Detail(UNRECOGNISED)
    if entry.item is None or not known:
        return Detail(of_strange_html(text))
    if not course.opening:
        return Detail(UNRECOGNISED)
    labels, stars = _labels(page), read_stars(page)
    item = replace(
        entry.item,
        text=course.opening,
        author=entry.item.author or _complainant(page),
        title=page.css("h1.article").get() or entry.item.title,
        target=labels.get("投诉对象") or entry.item.target,
        replied=course.replied,
        settled=stars is not None or labels.get("投诉进度") in _SETTLED,
        rating=stars,
        truncated=False,
    )
    return Detail(OK, (item, *_additions(item, course)))


def _additions(item: PostItem, course: Course) -> list[PostItem]:
    """What the complainant said later, in order; the first addition is `<number of the complaint>-1`."""
    number = identity(item)
    return [
        PostItem(
            platform=item.platform,
            native_id=f"{number}-{nth}",
            url=item.url,
            text=step.words,
            published=step.when,
            author=item.author,
            target=item.target,
            parent=number,
        )
        for nth, step in enumerate(course.additions, 1)
    ]


def _complainant(page: Selector) -> str | None:
    """The name the page gives, unless it is nobody's."""
    name = "".join(page.css(".ts-q-user .u-name ::text").getall()).strip()
    return None if name in ("", *_ANONYMOUS) else name


def _labels(page: Selector) -> dict[str, str]:
    """The rows of the fact list, by label: their order and number differ from page to page."""
    found: dict[str, str] = {}
    for row in page.css("ul.ts-q-list li"):
        label, _, value = re.sub(r"\s+", " ", "".join(row.css("::text").getall())).strip().partition("：")
        if value:
            found.setdefault(label.strip(), escape(value.strip()))
    return found


def _verdict(status: dict[str, Any], found: list[Any] | None, total: int | None, *, past: bool) -> Reading:  # noqa: PLR0911 - a table
    code = whole(status.get("code"))
    if code == _LOGIN_CODE:
        return blocked(Obstacle.LOGIN)
    if code == _NO_PAGE_CODE:
        return TOO_DEEP
    if code != 0:
        return blocked(sign(string(status.get("msg"))) or Obstacle.UNRECOGNISED)
    if found is None:
        return UNRECOGNISED
    if found:
        return OK
    if total is None:
        return PERHAPS_EMPTY
    return EMPTY if total <= 0 or past else blocked(Obstacle.EMPTY_LIST)


def _entry(row: dict[str, Any], *, platform: str, base: str) -> Entry | DropReason:
    main, author = fields(row.get("main")), fields(row.get("author"))
    if not main:
        return DropReason.MALFORMED
    sn = string(main.get("sn"))
    summary = main.get("summary")
    cut = not isinstance(summary, str) or not summary.strip() or _CUT.search(summary) is not None
    address = followed(main.get("url"), f"{base}/", (host_of(base),))
    own = f"{base}/complaint/view/{sn}/" if sn.isalnum() else ""
    name = string(author.get("title"))
    item = PostItem(
        platform=platform,
        native_id=sn,
        url=own or address,
        text=as_html(summary),
        published=main.get("timestamp"),
        author=None if name in _ANONYMOUS else name,
        title=main.get("title"),
        target=main.get("cotitle"),
        likes=main.get("upvote_amount"),
        comments=main.get("comment_amount"),
        reposts=main.get("share_amount"),
        page=address,
        truncated=cut,
    )
    key = identity(item)
    if not key:
        return DropReason.NO_ID
    answered = string(main.get("status")).strip() in _ANSWERED
    return Entry(key, item, detail=(address or own) if cut or answered else "")
