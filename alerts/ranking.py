"""What to fix first: the own brand's matters, ranked by a priority that explains itself.

    priority = severity × originals × (1 + log10(1 + interactions)) × acceleration

Severity is that of the risk kind which most of the matter's originals carry (`SEVERITY`). Originals are voices, not
reposts. Acceleration compares with the window before, `(now + 1) / (before + 1)` held between ½ and 3, and is 1 where
nothing was collected then. An original from before the window that is still being spread counts like one of now.

Owns the formula and the choice of matters. A matter is a topic that the reader named, or a risk kind. A kind of which
half the posts already stand in matters as grave would tell the same thing twice and is left out.
"""

import math
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from alerts import wording
from alerts.figures import Change, Crowd, Figure
from alerts.report import Matter
from alerts.voices import Group, Voice, begun, loudest, openers, passed_on, quotes, read, tally
from stream.labels import Risk, chinese
from stream.ports import PostStore
from stream.query import PostQuery

SEVERITY: Mapping[Risk | None, float] = {
    Risk.SAFETY: 5,
    Risk.PRIVACY: 4,
    Risk.ESCALATION: 4,
    Risk.DECEPTION: 3,
    Risk.QUALITY: 2,
    Risk.REFUND: 2,
    Risk.FULFILMENT: 2,
    Risk.PRICING: 2,
    Risk.SERVICE: 1.5,
    Risk.ABUSE: 1,
    None: 1,
}
"""Harm to people first, then what brings a regulator or a court, then money, then manners."""
GRAVE = 4
"""From this severity on a matter is told however few its posts."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The negative posts of the own brand, read once."""

    query: PostQuery
    previous: PostQuery | None
    """The same question over the window before; None if nothing was collected then."""
    recent: datetime
    """Where the window's last quarter begins."""
    voices: Sequence[Voice]
    stories: Sequence[int]
    silent: Mapping[int, int]
    """Of each story, the neutral reposts that pass it on; they are not in `voices`."""
    begun: Mapping[str, Voice]
    """Of each voice that passes on a story from before the window, its original; that is not in `voices`."""

    @classmethod
    def load(
        cls, store: PostStore, group: Group, query: PostQuery, previous: PostQuery | None, recent: datetime
    ) -> "Pool":
        """Read the posts of `query` and tell which are the same story."""
        voices = read(store, query)
        stories = group([voice.fingerprint for voice in voices])
        silent = passed_on(store, group, query, voices, stories)
        return cls(query, previous, recent, voices, stories, silent, begun(store, query, voices, stories))

    def only(self, ids: Container[str]) -> tuple[list[Voice], list[int]]:
        """The pool's voices with these ids, and their stories as the whole pool sees them."""
        kept = [(v, s) for v, s in zip(self.voices, self.stories, strict=True) if v.id in ids]
        return [v for v, _ in kept], [s for _, s in kept]


_Found = tuple[Matter, dict[str, Voice]]
"""A matter not yet quoted, and its voices by id, with the originals from before the window that they pass on."""


def matters(store: PostStore, pool: Pool, topics: Mapping[str, str], wanted: int, quoted: int) -> tuple[Matter, ...]:
    """The `wanted` matters of highest priority with `quoted` quotes each; none without an original, be it of before.

    A matter quotes first what stands in no matter above it, then what carries its kind rather than merely its words,
    then what the judge is sure of, and nothing twice. Posts without an address (a hotline's) count and are not quoted.

    Args:
        topics: what the reader calls a matter → the words that find it, as in `PostQuery.text`.
    """
    ranked = [_matter(store, pool, title, text=words) for title, words in topics.items()]
    kinds = [_matter(store, pool, chinese(kind), kind=kind) for kind in Risk]
    hidden: list[_Found] = []
    for found in sorted(kinds, key=lambda pair: -pair[0].priority):
        (hidden if _told(found, ranked) else ranked).append(found)
    while True:
        chosen = _chosen(store, pool, sorted(ranked, key=_first), wanted, quoted)
        # a matter that takes a kind's place may not be among the chosen itself
        titles = {matter.title for matter in chosen}
        told = [found for found in ranked if found[0].title in titles]
        untold = next((found for found in hidden if not _told(found, told)), None)
        if untold is None:
            return chosen
        hidden.remove(untold)
        ranked.append(untold)


def _first(found: _Found) -> tuple[float, str]:
    return -found[0].priority, found[0].title


def _told(found: _Found, others: Sequence[_Found]) -> bool:
    """Whether half of its posts stand in others as grave."""
    matter, voices = found
    as_grave = [posts for other, posts in others if SEVERITY[other.kind] >= SEVERITY[matter.kind]]
    return len(voices.keys() & {post for posts in as_grave for post in posts}) * 2 >= len(voices)


def _chosen(store: PostStore, pool: Pool, ranked: Sequence[_Found], wanted: int, quoted: int) -> tuple[Matter, ...]:
    chosen: list[Matter] = []
    above: set[str] = set()
    said: set[str] = set()
    older = {root.id for root in pool.begun.values()}
    for matter, voices in ranked:
        lead = [pool.begun.get(voice.id, voice) for voice in loudest(*pool.only(voices))]
        lead += [voice for voice in voices.values() if voice.id in older]
        leads = [voice for voice in dict.fromkeys(lead) if voice.id not in said]
        leads.sort(key=partial(_eloquence, kind=matter.kind, above=above))
        # what is grave is told though all its words stand above already
        if not matter.crowd.originals + matter.crowd.earlier or not (leads or SEVERITY[matter.kind] >= GRAVE):
            continue
        found = quotes(store, leads, quoted)
        chosen.append(replace(matter, quotes=found))
        above |= voices.keys()
        said |= {quote.post for quote in found}
        if len(chosen) == wanted:
            break
    return tuple(chosen)


def _eloquence(voice: Voice, *, kind: Risk | None, above: Collection[str]) -> tuple[bool, bool, bool]:
    return voice.id in above, kind is not None and kind not in voice.risks, voice.uncertain


def _matter(
    store: PostStore, pool: Pool, title: str, *, text: str = "", kind: Risk | None = None
) -> tuple[Matter, dict[str, Voice]]:
    """The matter found by these words or of this kind, not yet quoted, and its voices by id.

    An older original of the kind makes it a matter too where those who pass it on say nothing of that kind themselves.
    """
    query = replace(pool.query, text=text, risks=(kind,) if kind else ())
    found = read(store, query) if text else [voice for voice in pool.voices if kind in voice.risks]
    voices, stories = pool.only({voice.id for voice in found})
    ids = {voice.id for voice in voices}
    earlier = {root.id: root for id_, root in pool.begun.items() if id_ in ids or kind in root.risks}
    crowd = replace(tally(voices, stories, query, pool.silent), earlier=len(earlier))
    before = replace(pool.previous, text=query.text, risks=query.risks) if pool.previous else None
    change = Change(crowd.posts, Figure(store.count(before), before) if before else None)
    last = replace(query, since=pool.recent)
    recent = Figure(store.count(last), last)
    usual = kind or _usual([*openers(voices, stories), *earlier.values()])
    matter = Matter(
        title=title,
        kind=usual,
        crowd=crowd,
        change=change,
        recent=recent,
        priority=priority(usual, crowd, change),
        reasons=reasons(usual, crowd, change, recent),
        quotes=(),
    )
    return matter, {voice.id: voice for voice in voices} | earlier


def _usual(originals: Sequence[Voice]) -> Risk | None:
    """The kind that most originals carry, the graver of two; None if fewer than a third carry any one."""
    carried = Counter(kind for voice in originals for kind in voice.risks)
    best = max(carried, key=lambda kind: (carried[kind], SEVERITY[kind]), default=None)
    return best if best and carried[best] * 3 >= len(originals) else None


def acceleration(change: Change) -> float:
    """How fast it grows against the window before, ½ to 3; 1 where nothing was collected then."""
    if change.before is None:
        return 1.0
    return min(3.0, max(0.5, (change.now.value + 1) / (change.before.value + 1)))


def priority(kind: Risk | None, crowd: Crowd, change: Change) -> float:
    """The module's formula."""
    originals = crowd.originals + crowd.earlier
    return SEVERITY[kind] * originals * (1 + math.log10(1 + crowd.interactions)) * acceleration(change)


def reasons(kind: Risk | None, crowd: Crowd, change: Change, recent: Figure) -> tuple[str, ...]:
    """The factors of the priority in words, the gravity first."""
    said = []
    if kind is not None:
        grave = "危及人身" if kind is Risk.SAFETY else "高风险" if SEVERITY[kind] >= 4 else ""
        said.append(f"{chinese(kind)}（{grave}）" if grave else chinese(kind))
    said.extend(wording.originals(crowd))
    if crowd.interactions:
        said.append(f"互动 {wording.amount(crowd.interactions, '次')}")
    if change.delta:
        said.append(wording.change(change))
    if recent.value * 2 > change.now.value > 3 and recent.query.since and recent.query.until:
        hours = (recent.query.until - recent.query.since).total_seconds() / 3600
        said.append(f"最近 {hours:.0f} 小时就有 {recent.value} 条")
    return tuple(said)
