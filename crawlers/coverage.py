"""Coverage: what a crawl saw of each listing beside what there was, and where posts may have slipped through.

Owns reading that from the finished walks. Does not own walking (`spiders`) nor where it is kept (`state`).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from crawlers.gaps import Gap
from crawlers.health import LOSS_SHOWN
from crawlers.reports import HEALTH, Tally
from crawlers.spiders.walk import Walk
from stream.labels import Health
from stream.records import Coverage


def gap(name: str, walk: Walk, newest: datetime | None) -> Gap | None:
    """The gap between this walk and the ones before it, if it stopped short of what they had seen.

    Args:
        name: of its listing.
        walk: a walk that is over.
        newest: publish time of the newest post that earlier whole walks of this listing took.
    """
    bridged = not walk.short or walk.met or not walk.whole or not walk.taken
    if newest is None or bridged or (walk.since is not None and walk.since <= newest):
        return None
    return Gap(name, newest, walk.since)


def cover(name: str, walk: Walk, tally: Tally, gaps: Sequence[Gap]) -> Coverage:
    """One walk as a row, under the name of its listing."""
    if walk.refused:
        state = Health.BLOCKED
    elif walk.whole and any(gap.listing == name for gap in gaps):
        state = Health.GAP
    elif walk.whole:
        state = Health.CAPPED if walk.capped else Health.FRESH
    elif walk.ended:
        state = Health.STALE
    else:
        state = HEALTH[tally.outcome] if tally.stopped else Health.STALE
    return Coverage(
        listing=name,
        state=state,
        got=walk.seen,
        expected=walk.total or None,
        pages=walk.pages,
        truncated=walk.cut,
        since=walk.since,
        until=walk.until,
    )


def unread(names: Sequence[str], tally: Tally) -> tuple[Coverage, ...]:
    """Rows of listings that a crawl never came to."""
    state = HEALTH[tally.outcome] if tally.stopped else Health.STALE
    return tuple(Coverage(name, state) for name in names)


def dated(
    rows: Sequence[Coverage], before: Sequence[Coverage], met: Collection[str], now: datetime
) -> tuple[Coverage, ...]:
    """The rows with when each state began: now, or when the crawl before found the listing in that state already.

    A listing that was cut by a cap stays so for `LOSS_SHOWN` after the newest post of that crawl, while its walks end
    where they have `met` what is known: what lies below the cut is still unread.
    """
    began = {(row.listing, row.state): row.began for row in before}
    cut = {row.listing: row for row in before if row.state is Health.CAPPED and _recent(row, now)}
    rows = [cut.get(row.listing, row) if row.state is Health.FRESH and row.listing in met else row for row in rows]
    return tuple(replace(row, began=began.get((row.listing, row.state)) or now) for row in rows)


def _recent(row: Coverage, now: datetime) -> bool:
    newest = row.until or row.began
    return newest is not None and now - newest < LOSS_SHOWN


def names(listings: Sequence[str]) -> dict[str, str]:
    """The listings of one source as they may be told; those that would read alike are numbered in their order."""
    told = {listing: _shown(listing) for listing in listings}
    alike, numbers = Counter(told.values()), Counter[str]()
    for listing, name in told.items():
        if alike[name] > 1:
            numbers[name] += 1
            told[listing] = f"{name}（{numbers[name]}）"
    return told


def _shown(listing: str) -> str:
    """An address without its query, which may hold a key."""
    if "://" not in listing:
        return listing
    try:
        parts = urlsplit(listing)
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{parts.path}"
