"""The posts that are measured with: the bundled corpus over and over, every copy a post of its own.

Owns their making, which is the same in every run. Does not own what is measured.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import islice
from typing import Any

from crawlers.sandbox.site import BUNDLED as CORPUS
from stream.codec import encode
from stream.ports import Message
from stream.records import JudgedPost, Judgement, Post, post_id

BATCH = 500
SPREAD = timedelta(days=90)
"""Over which `judged` publishes, ending at its `now`."""
AUTHORS = 50_000


def messages(number: int, now: datetime, *, first: int = 0) -> Iterator[list[Message]]:
    """Batches for the topic `posts`: the post of number `first` and those after it."""
    posts = (_post(count, now, now) for count in range(first, first + number))
    yield from _batched(Message(post.id, encode(post)) for post in posts)


def judged(number: int, now: datetime, judgements: Sequence[Judgement]) -> Iterator[list[JudgedPost]]:
    """Batches for the store, published in about the order in which they come, as crawls bring them.

    Args:
        judgements: of `corpus()`, in its order.
    """

    def made() -> Iterator[JudgedPost]:
        for count in range(number):
            # up to six hours late, by a number that looks random and is not
            late = timedelta(seconds=count * 7919 % 21_600)
            fetched = now - SPREAD + SPREAD * ((count + 1) / number)
            post = _post(count, fetched - late, fetched)
            digest = blake2b(post.text.encode(), digest_size=48).hexdigest()
            yield JudgedPost(
                post=post,
                judgement=judgements[count % len(judgements)],
                subjects=("yunting", "qiugui")[: count % 3],
                fingerprint=digest[:65],
                logged_at=fetched,
                judged_at=fetched,
            )

    yield from _batched(made())


def corpus(now: datetime) -> tuple[list[Post], list[datetime]]:
    """The corpus once, and when it was logged: what a judge is given."""
    posts = [_post(count, now, now) for count in range(len(_rows()))]
    return posts, [now] * len(posts)


def _post(count: int, published: datetime, fetched: datetime) -> Post:
    rows = _rows()
    row = rows[count % len(rows)]
    # words of its own, so that no text is judged or sketched for another
    other = rows[count * 31 % len(rows)]["text"]
    native = f"{row['id']}-{count}"
    return Post(
        id=post_id(row["platform"], native),
        platform=row["platform"],
        source="bench",
        native_id=native,
        url=f"https://bench.invalid/{native}",
        text=f"{row['text']} {other[count % 7 : count % 7 + 24]} {count % 9973}",
        title=row.get("title") or "",
        author=blake2b(str(count * 7 % AUTHORS).encode(), digest_size=10).hexdigest(),
        published_at=published,
        fetched_at=fetched,
    )


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def _batched(each: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(each, BATCH)):
        yield batch
