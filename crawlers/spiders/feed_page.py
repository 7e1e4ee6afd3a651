"""News feeds, read: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed.

Owns what the elements mean and how publishers misuse them. Pure: text in, values out, nothing raises whatever the text
is. A post is known by its article's address, so that the same article in two feeds, or in a sitemap, is one post.
"""

import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urljoin

from crawlers.addresses import canonical_url, clean_id, followed
from crawlers.documents import Malformed, fields, parse_json, rows, string
from crawlers.items import PostItem
from crawlers.markup import words
from crawlers.normalize import DropReason, identity
from crawlers.pages import Entry, Listing
from crawlers.times import CLOCK_SKEW, parse_time
from crawlers.verdict import (
    DAMAGED,
    OK,
    PERHAPS_EMPTY,
    Obstacle,
    Reading,
    blocked,
    of_non_json,
    sign,
)
from crawlers.xmltext import children, every, inner, name_of, read_xml

_ROOTS = ("rss", "rdf:rdf", "feed", "channel")
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LABELLED = re.compile(r"\s*(?:GMT|UTC|UT|Z|[+-]00:?00)\s*$")
_CHINA = timedelta(hours=8)
_WHOLE = 200
"""Characters from which on a summary that does not end in a cut is taken for the article."""
_CUT = re.compile(
    r"(?:\.{3}|…|\[(?:\.{3}|…)\]|(?:阅读|查看|点击|浏览|打开)(?:全文|原文|更多|详情|详细)?|read more|continue reading)"
    r"[\s>»\]\)）】→]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed."""

    listing: Listing
    whole: bool = True
    """False when the document broke off; what stood before is in the listing."""
    ttl: int = 0
    """Minutes for which the publisher wants it not asked for again; 0 if it does not say."""


def read_feed(text: str, *, platform: str, address: str, hosts: Container[str], fetched_at: datetime) -> Feed:
    """A feed of any of the formats.

    Args:
        text: the body.
        platform: label of the posts.
        address: of the feed, against which relative links count.
        hosts: which hosts an article's page may be fetched from.
        fetched_at: aware; times that call themselves GMT and lie ahead of it are Shanghai's.
    """
    lead = text.lstrip("\ufeff \t\r\n")
    start = lead[:1]
    if start in ("{", "["):
        return _json_feed(lead, platform=platform, address=address, hosts=hosts)
    tree = read_xml(text, "item", "entry") if start == "<" else None
    if tree is None or name_of(tree.root) not in _ROOTS:
        return Feed(Listing(of_no_feed(text, unreadable=tree is None)))
    head = _head(tree.root)
    base = (urljoin_soundly(address, _link(head, address)) if head else "") or address
    made: list[PostItem | DropReason] = [
        _item(children(element), _base(element, base, address), platform)
        for element in every(tree.root, "item", "entry")
    ]
    if not tree.whole:
        made.append(DropReason.MALFORMED)  # what broke off
    if made == [DropReason.MALFORMED]:
        return Feed(Listing(DAMAGED))
    said = [_plain(head, name) for name in ("lastbuilddate", "pubdate", "updated", "modified", "dc:date")]
    ttl = _plain(head, "ttl")
    minutes = int(ttl) if ttl.isascii() and ttl.isdigit() and len(ttl) < 7 else 0
    return Feed(_listing(_corrected(made, said, fetched_at), hosts), tree.whole, minutes)


def of_no_feed(text: str, *, unreadable: bool) -> Reading:
    """What arrived where a feed or a sitemap was due: nothing, half of it, or a page of something else."""
    if not text.strip():
        return blocked(Obstacle.EMPTY_BODY)
    if unreadable and re.match(r"[\ufeff\s]*<(?:\?xml|rss|feed|rdf:|urlset|sitemapindex)\b", text):
        return DAMAGED
    # a feed is not taken away by a page that says so; only its status would
    return blocked(sign(text) or Obstacle.UNRECOGNISED)


def _listing(made: list[PostItem | DropReason], hosts: Container[str]) -> Listing:
    items = enumerate(item for item in made if isinstance(item, PostItem))
    # an item that was published again stands there twice, and is one
    told = {(canonical_url(item.url), clean_id(item.native_id) or at) for at, item in items}
    links = Counter(link for link, _ in told)
    entries: list[Entry] = []
    drops: list[DropReason] = []
    for item in made:
        if isinstance(item, DropReason):
            drops.append(item)
            continue
        link = canonical_url(item.url)
        # every item led to the front page; their ids tell them apart
        named = item if link and links[link] > 1 and item.native_id else replace(item, native_id=known_as(item))
        if not identity(named):
            drops.append(DropReason.NO_ID)
            continue
        page = followed(link, "", hosts) if named.truncated and links[link] == 1 else ""
        entries.append(Entry(identity(named), named, detail=page))
    older = {entry.key: entry for entry in entries}  # which stands below
    return Listing(OK if older or drops else PERHAPS_EMPTY, tuple(older[one.key] for one in entries), tuple(drops))


def known_as(item: PostItem) -> Any:
    """The id of an article: its address without the scheme, so that http and https are one; else what the feed says."""
    address = canonical_url(item.url).partition("://")[2]
    return address if 0 < len(address) <= 200 else ("" if address else item.native_id)


def _head(root: Any) -> dict[str, list[Any]]:
    """What a feed says of itself."""
    inside = children(root)
    return children(inside["channel"][0]) if "channel" in inside else inside


def _item(part: Mapping[str, list[Any]], base: str, platform: str) -> PostItem | DropReason:
    if not part:
        return DropReason.MALFORMED
    link = _link(part, base)
    guid = _plain(part, "guid") or _plain(part, "id")
    if not link and guid.startswith(("http://", "https://")):
        link = guid
    body = _markup(part, "content:encoded", "content") or ""
    summary = _markup(part, "description", "summary") or ""
    text, cut = _chosen(body, summary)
    dates = (_plain(part, name) for name in ("pubdate", "published", "issued", "dc:date"))
    published = next(filter(None, dates), "")
    return PostItem(
        platform=platform,
        native_id=guid or None,
        url=urljoin_soundly(base, link),
        text=text,
        title=_markup(part, "title", "dc:title"),
        published=published or _plain(part, "updated"),
        changed=not published,
        author=_author(part),
        comments=_plain(part, "slash:comments") or None,
        truncated=cut,
    )


def _chosen(body: str, summary: str) -> tuple[str, bool]:
    """The longer of an item's texts, and whether the article has more."""
    of_body, of_summary = words(body), words(summary)
    text, said = (body, of_body) if len(of_body.text) >= len(of_summary.text) else (summary, of_summary)
    short = not of_body.text and len(said.text) < _WHOLE
    return text, said.cut or short or _CUT.search(said.text) is not None


def urljoin_soundly(base: str, link: str) -> str:
    """The whole address of a link that may be relative; empty if that cannot be told."""
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def _author(part: Mapping[str, list[Any]]) -> str:
    for name in ("dc:creator", "source", "author"):
        for element in part.get(name, ()):
            inside = children(element)
            if said := (_plain(inside, "name") if inside else (element.text or "").strip()):
                return said
    return ""


def _link(part: Mapping[str, list[Any]], base: str) -> str:
    """The address of an item or a feed: RSS writes it as text, Atom as an attribute among others."""
    for element in part.get("link", ()):
        if said := (element.text or "").strip():
            return said
        if element.get("href") and element.get("rel", "alternate") == "alternate":
            return urljoin_soundly(element.get(_BASE) or base, element.get("href").strip())
    return ""


def _base(element: Any, base: str, address: str) -> str:
    """Against what an item's relative links count: `xml:base` where there is one, else the site, else the feed."""
    while element is not None:
        if said := element.get(_BASE):
            return urljoin_soundly(address, said) or base
        element = element.getparent()
    return base


def _plain(part: Mapping[str, list[Any]], name: str) -> str:
    return next((text for element in part.get(name, ()) if (text := (element.text or "").strip())), "")


def _markup(part: Mapping[str, list[Any]], *names: str) -> str:
    """The first of these elements that holds anything, as HTML."""
    for name in names:
        for element in part.get(name, ()):
            plain = element.get("type", "html" if name != "title" else "") == "text"
            held = escape(element.text or "", quote=False) if plain and not len(element) else inner(element)
            if held.strip():
                return held
    return ""


def _corrected(made: list[PostItem | DropReason], said: list[str], fetched_at: datetime) -> list[PostItem | DropReason]:
    """The items, with +08:00 in place of GMT where the feed as a whole gives itself away by times to come."""
    dates = [item.published for item in made if isinstance(item, PostItem) and isinstance(item.published, str)]
    ahead = [_ahead(date, fetched_at) for date in dates]
    if sum(ahead) < 2 and not any(_ahead(date, fetched_at) for date in said):
        return made
    return [
        replace(item, published=_LABELLED.sub(" +0800" if "," in item.published else "+08:00", item.published))
        if isinstance(item, PostItem) and isinstance(item.published, str) and not _told(item.published, fetched_at)
        else item
        for item in made
    ]


def _ahead(date: str, fetched_at: datetime) -> bool:
    """Whether a time labelled GMT lies up to eight hours ahead."""
    if not _LABELLED.search(date):
        return False
    moment = parse_time(date, fetched_at)
    if moment is None:
        return False
    at = moment.at + _CHINA if moment.shifted else moment.at
    return fetched_at + CLOCK_SKEW < at <= fetched_at + _CHINA + CLOCK_SKEW


def _told(date: str, fetched_at: datetime) -> bool:
    """Whether `parse_time` sees the defect in this date by itself, and says so."""
    moment = parse_time(date, fetched_at)
    return moment is not None and moment.shifted


def _json_feed(text: str, *, platform: str, address: str, hosts: Container[str]) -> Feed:
    try:
        document = fields(parse_json(text))
    except Malformed:
        return Feed(Listing(of_non_json(text)))
    if not isinstance(document.get("items"), list):
        return Feed(Listing(blocked(Obstacle.UNRECOGNISED)))
    base = urljoin_soundly(address, string(document.get("home_page_url"))) or address
    made = [_json_item(fields(one), base, platform) for one in rows(document.get("items"))]
    return Feed(_listing(made, hosts))


def _json_item(one: Mapping[str, Any], base: str, platform: str) -> PostItem | DropReason:
    if not one:
        return DropReason.MALFORMED
    body = string(one.get("content_html")) or escape(string(one.get("content_text")), quote=False)
    text, cut = _chosen(body, escape(string(one.get("summary")), quote=False))
    authors = [fields(author).get("name") for author in (*rows(one.get("authors")), one.get("author"))]
    return PostItem(
        platform=platform,
        native_id=one.get("id"),
        url=urljoin_soundly(base, string(one.get("url")) or string(one.get("external_url"))),
        text=text,
        title=escape(string(one.get("title")), quote=False),
        published=one.get("date_published") or one.get("date_modified"),
        changed=not one.get("date_published"),
        author=next(filter(None, map(string, authors)), None),
        truncated=cut,
    )
