"""The voices behind a query: who opened a story, who spread it, what may be quoted.

Owns reading posts for a report, telling originals from spreaders, and making a quote. Does not own which texts are
the same story; `group` is handed in (`models.stories.group`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.figures import Crowd, Figure, Quote
from alerts.masking import mask
from stream.labels import Risk, Sentiment
from stream.ports import PostStore
from stream.query import Hit, PostQuery
from stream.records import JudgedPost, Post

Group = Callable[[Sequence[str]], list[int]]
"""Fingerprints to story numbers: the same number is the same story, whatever the order."""

QUOTE = 120
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Voice:
    """What counting needs of a post; small, for there may be many."""

    id: str
    author: str
    spreads: bool
    """It reposts another post."""
    fingerprint: str
    published_at: datetime
    interactions: int
    risks: tuple[Risk, ...]
    uncertain: bool = False
    parent: str = ""
    """The post it reposts or answers."""


def hits(store: PostStore, query: PostQuery) -> Iterator[Hit]:
    """Every post of the query, page by page."""
    after = ""
    while True:
        page = store.search(query, _PAGE, after)
        yield from page.hits
        after = page.after
        if not after:
            return


def read(store: PostStore, query: PostQuery) -> list[Voice]:
    """Every post of the query, in the order in which they were published."""
    voices = [voice_of(hit) for hit in hits(store, query)]
    return sorted(voices, key=lambda voice: (voice.published_at, voice.id))


def voice_of(hit: Hit) -> Voice:
    """What counting needs of a post that was found."""
    judged, post = hit.judged, hit.judged.post
    return Voice(
        id=post.id,
        author=post.author,
        spreads=spreads(post),
        fingerprint=judged.fingerprint,
        published_at=post.published_at,
        interactions=interactions(post),
        risks=judged.judgement.risks,
        uncertain=judged.judgement.uncertain,
        parent=post.parent,
    )


def spreads(post: Post) -> bool:
    """Does it repost another post? A comment or an answer has a parent too, but carries no words of others: it is a
    voice of its own."""
    return bool(post.parent and post.quoted)


def interactions(post: Post) -> int:
    """Likes, comments and reposts that the platform showed."""
    return (post.likes or 0) + (post.comments or 0) + (post.reposts or 0)


def openers(voices: Sequence[Voice], stories: Sequence[int]) -> list[Voice]:
    """The originals: of each story its first voice that spreads no other post; none where all do.

    Args:
        voices: in the order of publication.
        stories: the story number of each.
    """
    opened: dict[int, Voice] = {}
    for voice, story in zip(voices, stories, strict=True):
        if not voice.spreads:  # a repost may seem older than its root: the root's time can be a guess
            opened.setdefault(story, voice)
    return list(opened.values())


def passed_on(
    store: PostStore, group: Group, query: PostQuery, voices: Sequence[Voice], stories: Sequence[int]
) -> Counter[int]:
    """Of each story, how many neutral reposts pass it on without a judgement of their own ("转发微博", "蹲后续").

    Args:
        query: what `voices` answer; its sentiments are replaced.
        stories: the story number of each voice.
    """
    silent = [voice for voice in read(store, replace(query, sentiments=(Sentiment.NEUTRAL,))) if voice.spreads]
    numbers = group([voice.fingerprint for voice in (*voices, *silent)])
    home = dict(zip(numbers, stories, strict=False))
    return Counter(home[number] for number in numbers[len(voices) :] if number in home)


def begun(store: PostStore, query: PostQuery, voices: Sequence[Voice], stories: Sequence[int]) -> dict[str, Voice]:
    """Of each voice that passes on a story opened before the window: the original, which answers `query` but for time.

    Args:
        query: what `voices` answer: subjects, sentiments and levels of self-harm.
        stories: the story number of each voice.
    """
    opened = {story for voice, story in zip(voices, stories, strict=True) if not voice.spreads}
    late = [voice for voice, story in zip(voices, stories, strict=True) if voice.spreads and story not in opened]
    found: dict[str, Voice] = {}
    for parent in {voice.parent for voice in late}:  # one question a post reposted, however often it was
        hit = store.get(parent)
        if hit and _before(hit.judged, query):
            found[parent] = voice_of(hit)
    return {voice.id: found[voice.parent] for voice in late if voice.parent in found}


def _before(judged: JudgedPost, query: PostQuery) -> bool:
    """Whether it opens a story, and would answer the query had it been published later."""
    return (
        query.since is not None
        and judged.post.published_at < query.since
        and not spreads(judged.post)
        and judged.judgement.sentiment in query.sentiments
        and judged.judgement.self_harm in query.self_harm
        and not set(query.subjects).isdisjoint(judged.subjects)
    )


def tally(voices: Sequence[Voice], stories: Sequence[int], query: PostQuery, silent: Mapping[int, int]) -> Crowd:
    """Count originals, spreaders and accounts apart; `voices` are all posts of `query`, in order of publication.

    Args:
        silent: see `passed_on`; of each story.
    """
    originals = len(openers(voices, stories))
    return Crowd(
        posts=Figure(len(voices), query),
        originals=originals,
        spreaders=len(voices) - originals,
        accounts=len({voice.author for voice in voices} - {""}),
        interactions=sum(voice.interactions for voice in voices),
        silent=sum(silent.get(story, 0) for story in set(stories)),
    )


def loudest(voices: Sequence[Voice], stories: Sequence[int]) -> list[Voice]:
    """One voice a story, its original where there is one: the story most interacted with and most spread first."""
    lead: dict[int, Voice] = {}
    weight: dict[int, int] = {}
    for voice, story in zip(voices, stories, strict=True):
        current = lead.get(story)
        if current is None or (current.spreads and not voice.spreads):
            lead[story] = voice
        weight[story] = weight.get(story, 0) + voice.interactions + 1
    order = sorted(lead, key=lambda story: (-weight[story], lead[story].published_at, lead[story].id))
    return [lead[story] for story in order]


def quotes(store: PostStore, voices: Sequence[Voice], wanted: int, *, shortest: int = 6) -> tuple[Quote, ...]:
    """The first `wanted` of these voices that can be quoted: they still exist, say enough, and have a link."""
    found: list[Quote] = []
    for voice in voices:
        if len(found) == wanted:
            break
        hit = store.get(voice.id)
        made = quote(hit.judged) if hit else None
        if made and len(made.text) >= shortest and all(made.text != other.text for other in found):
            found.append(made)
    return tuple(found)


def quote(judged: JudgedPost) -> Quote | None:
    """The post's own words, masked, at most `QUOTE` characters; None without words or without a link to open."""
    post = judged.post
    words = " ".join(post.text.split())
    title = " ".join(post.title.split())
    if title and title not in words:
        words = f"{title}：{words}" if words else title
    words = mask(words)
    if not words or not post.url.startswith(("https://", "http://")):
        return None
    if len(words) > QUOTE:
        words = words[: QUOTE - 1] + "…"
    return Quote(
        post=post.id,
        url=post.url,
        text=words,
        platform=post.platform,
        published_at=post.published_at,
        likes=post.likes,
        comments=post.comments,
        reposts=post.reposts,
        uncertain=judged.judgement.uncertain,
        source=post.source,
        author=post.author,
        estimated=post.published_estimated,
    )
