"""汽车之家 口碑, read: the owners' reviews of a car series.

Owns the review's field names. Pure: text in, values out, nothing raises whatever the text is. What a reviewer paid,
when and where is not taken.
"""

from typing import Any

from crawlers.documents import Malformed, fields, parse_json, rows, string, whole
from crawlers.items import PostItem
from crawlers.pages import Entry, Listing
from crawlers.spiders.autohome_page import verdict
from crawlers.verdict import OK, of_non_json


def read_koubei(text: str, page: int, size: int, *, platform: str, base: str) -> Listing:
    """One page of `pc/series/list`.

    Args:
        text: the body.
        page: its number, from 1.
        size: how many reviews a page has.
        platform: label of the posts.
        base: where a review's own page lives, without a slash at the end.
    """
    try:
        answer = fields(parse_json(text))
    except Malformed:
        return Listing(of_non_json(text))
    result = fields(answer.get("result"))
    found = result.get("list")
    total = whole(result.get("rowcount"))
    reading = verdict(answer, found, total, (page - 1) * size)
    if reading != OK:
        return Listing(reading, total=total)
    series = string(result.get("seriesname"))
    made = (Entry.of(_item(review, series, platform, base), review) for review in map(fields, rows(found)))
    pages = whole(result.get("pagecount"))
    more = page < pages if pages is not None else total is None or page * size < total
    return Listing.of(made, next=page + 1 if more else None, total=total)


def _item(review: dict[str, Any], series: str, platform: str, base: str) -> PostItem:
    """One review: each part under its heading, the stars, and which car they are about."""
    shown = string(review.get("showId"))
    text, cut = _words(rows(review.get("contents")))
    return PostItem(
        platform=platform,
        # the club numbers threads and answers too; only the name in the address is the review's alone
        native_id=shown or (f"koubei{number}" if (number := string(review.get("Koubeiid"))) else ""),
        url=f"{base}/detail/view_{shown}.html" if shown else None,
        text=text,
        title=review.get("specname"),
        published=review.get("posttime"),
        author=string(review.get("userid")) or review.get("username"),
        target=series,
        likes=review.get("helpfulcount"),
        comments=review.get("commentcount"),
        rating=review.get("averageScore"),
        truncated=cut,
        private_glyphs=True,
    )


def _words(parts: list[Any]) -> tuple[str, bool]:
    """The parts as one text, and whether the list cut any of them."""
    said: list[str] = []
    cut = False
    for part in parts:
        words = string(fields(part).get("content")).strip()
        heading = string(fields(part).get("structuredname")).strip()
        cut = cut or words.endswith(("…", "..."))
        if words:
            said.append(f"{heading}：{words}" if heading else words)
    return "\n".join(said), cut
