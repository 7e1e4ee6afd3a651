"""Numbering: which sources count their posts by themselves, so that the same number means another post.

Owns the check that no two of them share a label. A post is known by its label and its number: under one label, thread
88 of one board would replace thread 88 of another, and the end of one would take the other away.
"""

from collections.abc import Sequence
from itertools import combinations

from crawlers.addresses import canonical_url
from crawlers.platforms import DEMANDS
from crawlers.sources import Source


def clash(sources: Sequence[Source]) -> str | None:
    """A sentence on the first two sources in use whose posts would be taken for one another, beginning with the key.

    Boards at one address have the same numbers. So may the files of two sources: that is said by naming the same
    `platform` on both.
    """
    for one, other in combinations((each for each in sources if each.crawled and each.spider in DEMANDS), 2):
        own, others = _counted_by(one), _counted_by(other)
        if one.label != other.label or not own or not others or own == others:
            continue
        files = one.imported and other.imported
        if files and one.platform and other.platform:
            continue
        return (
            f"source.platform: {one.name} and {other.name} are both labelled {one.label!r} and number their posts "
            f"apart, so that one's would replace the other's; give each a platform of its own"
        ) + (", or the same to both if the numbers are one system's" if files else "")
    return None


def _counted_by(source: Source) -> str:
    """Who counts a source's posts: its board, or its files; empty where that is the platform, or nobody."""
    if DEMANDS[source.spider].address:
        return canonical_url(source.base_url).partition("://")[2].rstrip("/")
    counted = source.spider == "inbox" and source.layout is not None and bool(source.layout.id)
    return f"files of {source.name}" if counted else ""
