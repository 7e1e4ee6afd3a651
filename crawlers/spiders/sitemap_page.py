"""Sitemaps, read: indexes, news sitemaps, plain ones as far as they say what is new, and what robots.txt names.

Owns the elements. Pure. A sitemap has no words but a title; the article's page has the rest.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from typing import Any

from crawlers.addresses import canonical_url, followed
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Entry, Listing
from crawlers.spiders.feed_page import known_as, of_no_feed
from crawlers.times import parse_time
from crawlers.verdict import DAMAGED, GONE, OK, PERHAPS_EMPTY
from crawlers.xmltext import children, every, name_of, read_xml

_NAMED = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_RULES = re.compile(r"^[ \t]*(?:user-agent|(?:dis)?allow)[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """One sitemap: articles, or further sitemaps."""

    listing: Listing
    further: tuple[str, ...] = ()
    """Addresses of sitemaps that may hold something new, the latest first."""
    whole: bool = True


def read_sitemap(
    text: str, *, platform: str, address: str, hosts: Container[str], fetched_at: datetime, days: int
) -> Sitemap:
    """A `urlset` or a `sitemapindex`.

    Args:
        text: the body.
        platform: label of the posts.
        address: of the sitemap.
        hosts: which hosts pages and further sitemaps may be fetched from.
        fetched_at: aware.
        days: how long ago an article, or the last change of a further sitemap, may be.
    """
    tree = read_xml(text, "url", "sitemap") if text.lstrip("\ufeff \t\r\n").startswith("<") else None
    if tree is None or name_of(tree.root) not in ("urlset", "sitemapindex"):
        return Sitemap(Listing(of_no_feed(text, unreadable=tree is None)))
    oldest = fetched_at - timedelta(days=days)
    if name_of(tree.root) == "sitemapindex":
        further = _further([children(one) for one in every(tree.root, "sitemap")], address, hosts, oldest, fetched_at)
        reading = DAMAGED if not tree.whole and not further else OK if len(tree.root) else PERHAPS_EMPTY
        return Sitemap(Listing(reading), further, whole=tree.whole)
    entries: list[Entry] = []
    drops: list[DropReason] = [] if tree.whole else [DropReason.MALFORMED]
    for element in every(tree.root, "url"):
        part = children(element)
        item = _item(part, platform, address)
        if identity(item):
            entries.append(_entry(item, hosts, oldest, fetched_at, news="news:news" in part))
        else:
            drops.append(DropReason.NO_ID)
    if not tree.whole and not entries:
        return Sitemap(Listing(DAMAGED))
    reading = OK if entries or drops else PERHAPS_EMPTY
    return Sitemap(Listing(reading, tuple(entries), tuple(drops)), whole=tree.whole)


def read_robots(text: str, *, address: str, hosts: Container[str]) -> Sitemap:
    """A robots.txt, which names sitemaps as an index does; one that names none for us is no address of any.

    Args:
        text: the body.
        address: of the file.
        hosts: which hosts sitemaps may be fetched from.
    """
    named = (followed(one, address, hosts) for one in _NAMED.findall(text))
    if further := tuple(dict.fromkeys(filter(None, named))):
        return Sitemap(Listing(OK), further)
    return Sitemap(Listing(GONE if _RULES.search(text) else of_no_feed(text, unreadable=False)))


def _further(
    found: list[Mapping[str, list[Any]]], address: str, hosts: Container[str], oldest: datetime, now: datetime
) -> tuple[str, ...]:
    """The sitemaps of an index that may hold something new, the latest first."""
    further: list[tuple[float, str]] = []
    for part in found:
        there = followed(_text(part, "loc"), address, hosts)
        changed = parse_time(_text(part, "lastmod"), now)
        if there and (changed is None or changed.at + timedelta(days=1) >= oldest):
            # one that does not say when it changed may hold the news of this minute
            further.append((-(changed.at if changed else now).timestamp(), there))
    return tuple(dict.fromkeys(there for _, there in sorted(further, key=lambda one: one[0])))


def _item(part: Mapping[str, list[Any]], platform: str, address: str) -> PostItem:
    news = children(part["news:news"][0]) if "news:news" in part else {}
    published = _text(news, "news:publication_date")
    item = PostItem(
        platform=platform,
        url=canonical_url(_text(part, "loc"), address),
        text="",
        title=escape(_text(news, "news:title"), quote=False),
        published=published or _text(part, "lastmod"),
        changed=not published,
        author=_text(children(news["news:publication"][0]), "news:name") if "news:publication" in news else None,
        truncated=True,
    )
    return replace(item, native_id=known_as(item))


def _entry(item: PostItem, hosts: Container[str], oldest: datetime, now: datetime, *, news: bool) -> Entry:
    moment = parse_time(item.published, now)
    # a plain sitemap without dates may list all that a site ever wrote
    if (moment is None and not news) or (moment is not None and moment.at + timedelta(days=1) < oldest):
        return Entry(identity(item), drop=DropReason.OLD)
    page = followed(item.url, "", hosts)
    return Entry(identity(item), item, detail=page) if page else Entry(identity(item), drop=DropReason.ELSEWHERE)


def _text(part: Mapping[str, list[Any]], name: str) -> str:
    return next((text for element in part.get(name, ()) if (text := (element.text or "").strip())), "")
