"""A news article's page, read: its words by trafilatura, and what the page says of itself.

Owns which part of a page is the article. Pure. trafilatura is loaded with the first article.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from lxml import etree, html  # type: ignore[import-untyped]

from crawlers.documents import fields, rows, string
from crawlers.items import PostItem
from crawlers.markup import words
from crawlers.pages import Detail, Entry
from crawlers.verdict import EMPTY, OK, of_html, of_strange_html

_SCHEMA = ("newsarticle", "article", "reportagenewsarticle", "blogposting", "analysisnewsarticle")
_PAYWALL = re.compile(
    r"(?:阅读|查看|展开)全文|(?:登录|订阅|付费|开通会员|扫码|APP|客户端)[^。\n]{0,12}(?:阅读|查看)(?:全文|剩余|更多|完整)|"
    r"(?:登录|付费|订阅)后?(?:即可|可|继续)?阅读|剩余\s*\d{1,3}\s*%|(?:本文|全文|以下内容)[^。\n]{0,8}(?:付费|订阅|会员)"
)
_TAIL = 120
_ORIGIN = re.compile(r"(?:来源|稿源)\s*:\s*([^\s|<>():]{2,30})")
_WRITTEN = re.compile(
    r"(\d{4})\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})\s*日?(?!\d)(?:\s*(?:星期|周)[一二三四五六日天])?"
    r"(?:\s*(\d{1,2})\s*[:时]\s*(\d{2})(?::(\d{2}))?)?"
)
_FIRST_WORDS = 40
_DATES = (
    "article:published_time",
    "publishdate",
    "pubdate",
    "publish_time",
    "og:release_date",
    "weibo: article:create_at",
)
_ABOVE = re.compile(  # a sentence too may begin with a date, and only its marks tell it from a by-line
    r"(?:发布时间:?)?\s*\d{4}\s*[-/年.]\s*\d{1,2}\s*[-/月.]\s*\d{1,2}[^,。!?;]*$|(?:来源|稿源|作者|字号)\s*:[^。!?;]*$|原标题\s*:"
)
_BELOW = re.compile(
    r"[【\[(]?\s*(?:责任编辑|责编|编辑|编审|审核|校对|监制|来源|稿源|作者|文章来源|举报|版权声明)\s*:|[【\[(](?:完|编辑|责编)[^。]*$"
)
_FURTHER = re.compile(r"[\[(第]?\s*(\d{1,2})\s*页?[\])]?|下一?页\s*[>»›]{0,2}|后一页|余下全文")
_PAGER = re.compile(r"(?:[\d\s\[\]()|<>»›]|[上下]一?页|首页|尾页|末页|余下全文|后一页|共\d+页|第\d+页)*")
_PAGE_KEYS = ("page", "p", "pn")
MOST_PAGES = 10
"""Pages of one article that are read; what has more is told as cut."""
_SHORTEST = 20


@dataclass(frozen=True, slots=True)
class Continued(Entry):
    """An article of which some pages were read: its item is what there is of it so far."""

    told: Any = None
    """What its feed says of it."""
    body: str = ""
    """The words of its pages so far."""
    first: str = ""
    """Address of its first page."""
    page: int = 2
    """Which page comes next."""


def read_article(text: str, entry: Entry, status: int) -> Detail:
    """A page of the article of an entry: the longer of what its feed and its pages say, with the page's date where the
    feed does not say when it was published. A page that is gone says so by its status; one that another page follows
    leads on to that.
    """
    if status in (404, 410):
        return Detail(EMPTY)
    item = entry.item
    if reading := of_html(text):
        return Detail(reading)
    page = _tree(text)
    if page is None or item is None:
        return Detail(of_strange_html(text))
    said = _linked_data(page)
    title = string(said.get("headline")) or _meta(page, "og:title")
    body = _body(text, string(said.get("articleBody")), title, _heading(page), string(item.title))
    if len(body) < _SHORTEST and not _same(title or _heading(page), item.title):
        # neither an article nor this one without words, such as a video: something stands in the way
        return Detail(of_strange_html(text))
    before = entry if isinstance(entry, Continued) else Continued(entry.key, told=item.text, first=entry.detail, page=1)
    ended = before.page > 1 and _within(body, before.body)  # a page that says nothing new is followed by none that does
    body = _joined(before.body, body)
    following = _following(page, before.first, before.page)
    shorter = len(body) < len(words(before.told).text.rstrip("….")) if before.told else not body
    cut = said.get("isAccessibleForFree") in (False, "False", "false") or _PAYWALL.search(body[-_TAIL:]) is not None
    date = string(said.get("datePublished")) or _date(page, body)
    dated = _better(date, item)
    made = replace(
        item,
        text=before.told if shorter else escape(body, quote=False),
        title=item.title or escape(title, quote=False),
        published=date if dated else item.published,
        changed=item.changed and not dated,
        author=(item.author if before.body else "") or _origin(page) or item.author or _publisher(said) or None,
        truncated=shorter or cut or bool(following),
    )
    if following and not ended and before.page < MOST_PAGES:
        on = replace(before, item=made, detail=following, body=body, page=before.page + 1)
        return Detail(OK, rest=on)
    return Detail(OK, (made,))


def _tree(text: str) -> Any:
    try:
        return html.document_fromstring(text, parser=html.HTMLParser(recover=True, huge_tree=False))
    except (etree.LxmlError, ValueError, AssertionError):
        try:  # a page with an XML declaration of its own
            return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
        except (etree.LxmlError, ValueError, AssertionError):
            return None


def _body(text: str, told: str, *titles: str) -> str:
    """The article's words: as the page hands them to search engines if it does, else as trafilatura finds them."""
    import trafilatura  # noqa: PLC0415 - heavy, and only for whoever reads articles

    markup = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    found = ""
    for tables in (False, True):  # old sites hang whole articles in a table
        found = found or _trimmed(
            trafilatura.extract(markup, fast=True, favor_precision=True, include_comments=False, include_tables=tables)
            or "",
            titles,
        )
    told = words(told).text
    return told if len(told) > max(len(found), 4 * _SHORTEST) else found


def _trimmed(found: str, titles: Collection[str]) -> str:
    """Without the heading and its date above, and the editor's name and the pager below."""
    lines = [line.strip().strip("|").strip() for line in found.split("\n")]
    known = {"".join(words(title).text.split()) for title in titles}
    while lines and (
        not lines[0] or "".join(lines[0].split()) in known or (len(lines[0]) < 80 and _ABOVE.match(_plain(lines[0])))
    ):
        lines.pop(0)
    while lines and (_PAGER.fullmatch(_plain(lines[-1])) or (len(lines[-1]) < 60 and _BELOW.match(_plain(lines[-1])))):
        lines.pop()
    return "\n".join(lines)


def _plain(line: str) -> str:
    """Full-width punctuation and digits as plain ones."""
    return unicodedata.normalize("NFKC", line)


def _linked_data(page: Any) -> dict[str, Any]:
    """The first article among a page's JSON-LD."""
    for script in page.xpath("//script[@type='application/ld+json']")[:20]:
        try:
            found = json.loads((script.text or "").strip(), strict=False)
        except (ValueError, RecursionError):
            continue
        for one in _things(found):
            kinds = rows(one.get("@type")) or [one.get("@type")]
            if any(isinstance(kind, str) and kind.lower() in _SCHEMA for kind in kinds):
                return one
    return {}


def _things(found: Any) -> Iterator[dict[str, Any]]:
    for one in found if isinstance(found, list) else [found]:
        yield fields(one)
        yield from map(fields, rows(fields(one).get("@graph")))


def _publisher(said: dict[str, Any]) -> str:
    return string(fields(said.get("publisher")).get("name"))


def _meta(page: Any, *names: str) -> str:
    for element in page.iter("meta"):
        name = (element.get("property") or element.get("name") or "").lower()
        if name in names and (element.get("content") or "").strip():
            return str(element.get("content")).strip()
    return ""


def _heading(page: Any) -> str:
    for element in (*page.iter("h1"), *page.iter("title")):
        if said := " ".join("".join(element.itertext()).split()):
            return said
    return ""


def _same(there: str, title: Any) -> bool:
    """Whether a page's heading is the title its feed gave, give or take a site's name."""
    one, other = ("".join(words(raw).text.split()) for raw in (there, title))
    return bool(one and other) and (one in other or other in one)


def _text(page: Any) -> str:
    """What is written near the top of the body, scripts left out."""
    body = page.find("body")
    if body is None:
        return ""
    parts = body.xpath(".//text()[not(ancestor::script or ancestor::style)]")
    return _plain(" ".join(map(str, parts))[:20_000])


def _date(page: Any, body: str) -> str:
    """When it was published: what the page's head says, else the last date above the article's first words. The story
    tells of other days, and a page may show today's date on top of all."""
    if said := _meta(page, *_DATES):
        return said
    text = _text(page)
    first = re.search(r"\s*".join(map(re.escape, "".join(_plain(body).split())[:_FIRST_WORDS])), text) if body else None
    found = list(_WRITTEN.finditer(text[: first.start()] if first else text))
    if first is None:  # where the words begin cannot be told: the first day with a time
        found = [one for one in found if one[4]][:1]
    if not found:
        return ""
    year, month, day, *clock = found[-1].groups()
    time = ":".join(part for part in clock if part)
    return f"{year}-{month:0>2}-{day:0>2}" + (f" {time}" if time else "")


def _better(date: str, item: PostItem) -> bool:
    """Whether a page's date tells more than its feed's: if that is none or only of a change, but not the mere day on
    which it was changed too."""
    known = string(item.published)
    return bool(date) and (not known or (item.changed and date[:4].isdecimal() and date != known[:10]))


def _origin(page: Any) -> str:
    """Who wrote it first: `来源：`, which sites that reprint must give."""
    found = _ORIGIN.search(_text(page))
    return found[1] if found else ""


def _joined(before: str, body: str) -> str:
    """The words of an article's pages so far; one of them may hold what others do."""
    if _within(body, before):
        return before
    return body if _within(before, body) else f"{before}\n{body}"


def _within(part: str, whole: str) -> bool:
    return "".join(part.split()) in "".join(whole.split())


def _following(page: Any, first: str, number: int) -> str:
    """Address of the article's page after this one; empty at its end. Another article is never taken for a page."""
    for link in page.iter("a"):
        said = _FURTHER.fullmatch(_plain("".join(link.itertext())).strip())
        if said is None or (said[1] and int(said[1]) != number + 1):
            continue
        try:
            address: str = urldefrag(urljoin(first, (link.get("href") or "").strip())).url
            if _number(address, first) == number + 1:
                return address
        except ValueError:  # an address like http://[oops
            continue
    return ""


def _number(address: str, first: str) -> int:
    """Which page of the article that begins at `first` an address is: `…/1_3.html`, `…/1.html?page=3`; 0 if none."""
    one, other = urlsplit(first), urlsplit(address)
    if one.netloc != other.netloc:
        return 0
    stem, dot, kind = one.path.rpartition(".")
    if dot and one.query == other.query:
        found = re.fullmatch(rf"{re.escape(stem)}[_-]p?(\d{{1,2}})\.{re.escape(kind)}", other.path)
        return int(found[1]) if found else 0
    asked = dict(parse_qsl(other.query))
    pages = [asked.pop(key) for key in _PAGE_KEYS if key in asked]
    kept = {key: value for key, value in parse_qsl(one.query) if key not in _PAGE_KEYS}
    return int(pages[0]) if one.path == other.path and asked == kept and len(pages) == 1 and pages[0].isdecimal() else 0
