"""A board of Discuz! X as HTML, read: the list of threads and the pages of one thread.

Owns the templates' ids and classes, which boards keep whatever their looks. Pure: text in, values out, nothing raises
whatever the text is.
"""

import re
from dataclasses import replace

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.documents import attribute
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.discuz_posts import answer, opening, thread_address
from crawlers.spiders.discuz_words import no_board, read_message, refusal, when
from crawlers.verdict import OK, PERHAPS_EMPTY, UNRECOGNISED, Obstacle, Reading, blocked, of_html, of_strange_html

_ROWS = "tbody[id^=normalthread_], tbody[id^=stickthread_]"
_USER = re.compile(r"(?:space-uid-|[?&](?:amp;)?uid=)(\d{1,18})")
_NAMES_OF_FIRST = ("1", "楼主")
_LONGEST_THREAD = 200


def read_board(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of `forumdisplay`.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where the board lives, without a slash at the end.
    """
    opened = _open(text)
    if isinstance(opened, Reading):
        return Listing(opened)
    rows = opened.css(_ROWS)
    if not rows:
        none = opened.css("#threadlisttableid, #threadlist") and not _notice(opened)
        return Listing(PERHAPS_EMPTY if none else no_board(read_strange(text)))
    made = (_entry(row, platform=platform, base=base) for row in rows)
    more = bool(opened.css(".pg a.nxt"))
    return Listing.of(made, next=page + 1 if more else None)


def read_thread(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of a thread: on the first the opening post, on each its replies, which answer the opening post.

    A thread that only a higher rank may read keeps what the list said of it.
    """
    opened = _open(text)
    if isinstance(opened, Reading):
        return Detail(opened)
    posts = [node for node in opened.css("#postlist > div[id^=post_]") if _digits(attribute(node, "id"))]
    if not posts:
        reading, ranked = _notice(opened) or (_strange(opened, text), False)
        if ranked and entry.item is not None:
            return Detail(OK, (replace(entry.item, truncated=True),))
        return Detail(reading)
    first = _first(posts)
    made: list[PostItem | DropReason] = []
    for node in posts:
        post = _post(node, entry=entry, platform=platform, base=base)
        if node is first and entry.item is not None:
            post = opening(post, entry.item, opened.css("#thread_subject").get(), _replies(opened))
        made.append(post)
    return Detail.of(made, next=_next(opened, entry.detail), pages=_pages(opened))


def read_strange(text: str) -> Reading:
    """What a page of the board says that is not the page asked for."""
    opened = _open(text)
    if isinstance(opened, Reading):
        return opened
    notice = _notice(opened)
    return notice[0] if notice else _strange(opened, text)


def _open(text: str) -> Selector | Reading:
    if reading := of_html(text):
        return reading
    try:
        return Selector(text, type="html")
    except (ValueError, etree.LxmlError):
        return UNRECOGNISED


def _notice(page: Selector) -> tuple[Reading, bool] | None:
    """The sentence that stands where the page should be."""
    found = page.css("#messagetext")
    return refusal(" ".join("".join(found.css("::text").getall()).split())) if found else None


def _strange(page: Selector, text: str) -> Reading:
    """A page that is neither."""
    if page.css("form[id^=loginform], form[action*='action=login']"):
        return blocked(Obstacle.LOGIN)
    return of_strange_html(text)


def _entry(row: Selector, *, platform: str, base: str) -> Entry | DropReason:
    topic = _digits(attribute(row, "id"))
    if not topic:
        return DropReason.NO_ID
    first, times = row.css("td.by"), row.css("td.by em")
    replies = "".join(row.css("td.num a ::text").getall()).strip()
    address = thread_address(base, topic)
    item = PostItem(
        platform=platform,
        native_id=topic,
        url=address,
        title=row.css("a.xst").get(),
        published=when(times[0]) if times else None,
        author=_user(first[0]) if first else None,
        comments=replies,
        truncated=True,
    )
    # a thread grows: with more replies it is a new entry of the list
    return Entry(f"{topic}@{replies}", item, detail=address)


def _first(posts: list[Selector]) -> Selector:
    """The post that opens the thread: the one called so, else the topmost."""
    named = (post for post in posts if "".join(post.css("a[id^=postnum] em::text").getall()).strip() in _NAMES_OF_FIRST)
    return next(named, posts[0])


def _post(node: Selector, *, entry: Entry, platform: str, base: str) -> PostItem | DropReason:
    bodies = node.css("[id^=postmessage_]") or node.css(".t_f, .pcb")
    times = node.css("[id^=authorposton]")
    return answer(
        read_message(bodies[0]) if bodies else None,
        _digits(attribute(node, "id")),
        published=when(times[0]) if times else None,
        author=_user(node),
        entry=entry,
        platform=platform,
        base=base,
    )


def _user(node: Selector) -> str | None:
    """The number of the first user linked to, else the name; nobody where the author is anonymous."""
    for link in node.css(".authi a, cite a"):
        found = _USER.search(attribute(link, "href"))
        if found:
            return found[1]
        if name := "".join(link.css("::text").getall()).strip():
            return name
    return None


def _next(page: Selector, here: str) -> str:
    """The thread's next page; `here` is an address of ours."""
    if not page.css(".pg a.nxt"):
        return ""
    found = re.search(r"&page=(\d{1,6})$", here)
    number = int(found[1]) if found else 1
    if number >= _LONGEST_THREAD:
        return ""
    return re.sub(r"&page=\d+$", "", here) + f"&page={number + 1}"


def _replies(page: Selector) -> str | None:
    """How many answers the thread has, by its label."""
    label = '//span[contains(@class, "xg1")][contains(., "回复")]'
    return page.xpath(f'{label}/following-sibling::span[contains(@class, "xi1")][1]/text()').get()


def _pages(page: Selector) -> int:
    """How many pages the thread has; one, where there is no pager."""
    found = re.search(r"共\s*(\d{1,6})\s*页", page.css(".pg label span::attr(title)").get(default=""))
    return int(found[1]) if found else 1


def _digits(name: str) -> str:
    found = re.search(r"_(\d{1,18})$", name)
    return found[1] if found else ""
