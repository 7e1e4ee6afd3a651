"""A battle report as it is stored: JSON text that a mail can be made from, and that can lose quotes later.

Owns that text. Does not own the rows it lies in (`book_digests`).
"""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from alerts.figures import Quote
from alerts.report import Digest


class Unreadable(ValueError):
    """The text is no digest of this version; it will not be one later."""


def encode(digest: Digest) -> str:
    """The digest as JSON text, queries included."""
    return msgspec.json.encode(digest).decode()


def decode(body: str) -> Digest:
    """What `encode` wrote.

    Raises:
        Unreadable: see there.
    """
    try:
        return msgspec.json.decode(body, type=Digest)
    except msgspec.MsgspecError as error:
        raise Unreadable(type(error).__name__) from None


def quoted(body: str) -> set[str]:
    """The ids of the posts whose words stand in the text."""
    posts: set[str] = set()

    def noted(quote: Quote) -> bool:
        posts.add(quote.post)
        return False

    without(body, noted)
    return posts


def without(body: str, gone: Callable[[Quote], bool]) -> str:
    """The text without some quotes; the report's figures stay. Empty if it cannot be read: what must go is then
    nowhere to be found in it."""
    try:
        digest = decode(body)
    except Unreadable:
        return ""

    def kept(quotes: tuple[Quote, ...]) -> tuple[Quote, ...]:
        return tuple(quote for quote in quotes if not gone(quote))

    def still(quote: Quote | None) -> Quote | None:
        return None if quote is None or gone(quote) else quote

    return encode(
        replace(
            digest,
            matters=tuple(replace(matter, quotes=kept(matter.quotes)) for matter in digest.matters),
            praise=kept(digest.praise),
            brands=tuple(replace(brand, quote=still(brand.quote)) for brand in digest.brands),
            campaigns=tuple(
                replace(campaign, praise=still(campaign.praise), complaint=still(campaign.complaint))
                for campaign in digest.campaigns
            ),
        )
    )
