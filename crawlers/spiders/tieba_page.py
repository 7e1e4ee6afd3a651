"""百度贴吧 in its server-rendered pages, read: a bar's list, a thread's floors, the comments on a floor.

Owns the pages' classes and their `data-field` JSON. What the site hides from plain readers in HTML comments until a
script reveals it is read too. Where a user is (`IP属地`) is not. Pure: text in, values out, nothing raises whatever the
text is.
"""

import re

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawlers.documents import attribute, string, whole
from crawlers.items import PostItem
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing
from crawlers.spiders.tieba_floors import field_of, portrait, read_comment, read_floor
from crawlers.verdict import EMPTY, GONE, UNRECOGNISED, Obstacle, Reading, blocked, of_html, of_strange_html, sign

PAGE = 50
"""Threads on one page of a bar."""
_VEILED = re.compile(r"<!--(.*?)-->", re.DOTALL)
_WORTH = ("j_thread_list", "j_l_post", "lzl_single_post")
_HERE = re.compile(r"/p/(\d{1,20})(?:\?(?:.*&)?pn=(\d{1,6}))?$")
_LONGEST_THREAD = 200


def read_bar(text: str, page: int, *, platform: str, base: str) -> Listing:
    """One page of a bar's threads, by latest activity.

    Args:
        text: the body.
        page: its number, from 1.
        platform: label of the posts.
        base: where the site lives, without a slash at the end.
    """
    opened = _open(text)
    if isinstance(opened, Reading):
        return Listing(opened)
    rows = opened.css("li.j_thread_list")
    if not rows:
        past = page > 1 and opened.css("#frs_list_pager")
        return Listing(EMPTY if past else GONE if (reading := _strange(text)) == EMPTY else reading)
    bar = " ".join("".join(opened.css("a.card_title_fname ::text").getall()).split())
    made = (_entry(row, platform=platform, base=base, bar=bar) for row in rows)
    more = bool(opened.css("#frs_list_pager a.next"))
    return Listing.of(made, next=page + 1 if more else None)


def read_thread(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of a thread: the opening floor where it is on it, further floors, which answer it, and their comments.

    Comments that the page counts without showing hang on it as pages of their own.
    """
    opened = _open(text)
    if isinstance(opened, Reading):
        return Detail(opened)
    floors = opened.css("div.l_post")
    if not floors:
        return Detail(_strange(text))
    topic = entry.key.partition("@")[0]
    counts = [whole(number) for number in opened.css(".l_reply_num .red::text").getall()]
    replies, pages = (*counts, None, None)[:2]
    made: list[PostItem | DropReason] = []
    more: list[Entry] = []
    for node in floors:
        floor = read_floor(node, topic=topic, platform=platform, base=base, bar=entry.about)
        if isinstance(floor, DropReason):
            made.append(floor)
            continue
        if floor.first and entry.item is None:
            continue
        title = opened.css(".core_title_txt").get()
        made.append(floor.opening(entry.item, title, replies) if floor.first and entry.item else floor.item)
        if floor.unshown:  # their own pages have those too that are shown here
            more.append(_comments_of(floor.number, floor.counted, topic=topic, base=base, about=entry.about))
        else:
            made += floor.comments
    return Detail.of(made, next=_next(pages or 1, entry.detail), more=tuple(more), pages=pages or 1)


def read_comments(text: str, entry: Entry, *, platform: str, base: str) -> Detail:
    """One page of the comments on a floor, which is no whole HTML page."""
    if not text.strip():
        return Detail(blocked(Obstacle.EMPTY_BODY))
    opened = _parse(text)
    rows = opened.css("li.lzl_single_post") if isinstance(opened, Selector) else []
    if isinstance(opened, Reading) or not rows:
        return Detail(_strange(text))
    found = re.search(r"[?&]tid=(\d+)&pid=(\d+)&pn=(\d+)$", entry.detail)
    if found is None:
        return Detail(UNRECOGNISED)
    topic, number, page = found.groups()
    made = [read_comment(row, topic=topic, floor=number, platform=platform, base=base, bar=entry.about) for row in rows]
    last = max((int(n) for n in re.findall(r"href=[\"']#(\d{1,5})[\"']", text)), default=1)
    following = re.sub(r"&pn=\d+$", f"&pn={int(page) + 1}", entry.detail) if int(page) < last else ""
    return Detail.of(made, next=following)


def _comments_of(number: str, counted: int, *, topic: str, base: str, about: str) -> Entry:
    address = f"{base}/p/comment?tid={topic}&pid={number}&pn=1"
    return Entry(f"{topic}/{number}@{counted}", detail=address, about=about)


def _open(text: str) -> Selector | Reading:
    if text.strip().lower() == "blocked":
        return blocked(Obstacle.RISK_CONTROL)
    if text.lstrip().startswith("{"):  # an error's number where a page was due
        return blocked(sign(text) or Obstacle.UNRECOGNISED)
    return of_html(text) or _parse(text)


def _parse(text: str) -> Selector | Reading:
    revealed = _VEILED.sub(lambda veil: veil[1] if any(sign in veil[1] for sign in _WORTH) else "", text)
    try:
        return Selector(revealed, type="html")
    except (ValueError, etree.LxmlError):
        return UNRECOGNISED


def _strange(text: str) -> Reading:
    """A page without what was asked for; `贴子` is how this site spells it."""
    if re.search(r"贴子(?:不存在|已被删除)|该吧(?:被合并|不存在)|抱歉，根据相关法律", text):
        return EMPTY
    return of_strange_html(text)


def _entry(row: Selector, *, platform: str, base: str, bar: str) -> Entry | DropReason:
    data = field_of(row)
    topic = attribute(row, "data-tid").strip() or string(data.get("id"))
    if not re.fullmatch(r"\d{1,20}", topic):
        return DropReason.NO_ID
    replies = string(data.get("reply_num")) or "".join(row.css(".threadlist_rep_num ::text").getall()).strip()
    user = field_of(row.css("[data-field].tb_icon_author")[0]) if row.css("[data-field].tb_icon_author") else {}
    item = PostItem(
        platform=platform,
        native_id=topic,
        url=f"{base}/p/{topic}",
        text=row.css(".threadlist_abs").get(),
        published="".join(row.css(".is_show_create_time ::text").getall()).strip(),
        author=portrait(data.get("author_portrait")) or string(user.get("user_id")) or data.get("author_name"),
        title=row.css("a.j_th_tit").get(),
        target=bar,
        comments=replies,
        truncated=True,
    )
    # a thread grows: with more replies it is a new entry of the list
    return Entry(f"{topic}@{replies}", item, detail=f"{base}/p/{topic}", about=bar)


def _next(pages: int, here: str) -> str:
    """The thread's next page, counted from the one that was asked for."""
    found = _HERE.search(here)
    at = int(found[2] or 1) if found else 0
    if found is None or not at < min(pages, _LONGEST_THREAD):
        return ""
    return f"{here.partition('?')[0]}?pn={at + 1}"
