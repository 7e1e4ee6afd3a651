"""The posts of a chaos run, and what must have become of them in the end.

Made from the bundled corpus without chance: every post with words of its own, every tenth fetched again later with
other words, some of those handed over in the wrong order, some deleted, some deleted before they are ever seen, some
brought back.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from alerts.book import Book
from configs import wiring
from configs.load import Config
from crawlers.sandbox.site import BUNDLED
from models.judge import Judge
from models.lexicon import LexiconClassifier
from models.subjects import SubjectFinder
from stream.records import JudgedPost, Post, post_id
from tests.chaos.installation import SOURCE
from tests.chaos.state import Told, told_by
from tests.factories import NOW

_DAYS = timedelta(days=3)


def bundled() -> list[dict[str, Any]]:
    """The lines of the bundled corpus."""
    with gzip.open(BUNDLED, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def versions(number: int) -> Iterator[list[Post]]:
    """For each of so many posts what the feeder hands over, in that order."""
    rows = bundled()
    for count in range(number):
        row = rows[count % len(rows)]
        first = Post(
            id=post_id(row["platform"], f"chaos-{count}"),
            platform=row["platform"],
            source="chaos",
            native_id=f"chaos-{count}",
            url=f"https://chaos.invalid/{count}",
            text=f"{row['text']} 第{count}条",
            author=f"a{count % 997}",
            published_at=NOW - timedelta(seconds=count * 7919 % int(_DAYS.total_seconds())),
            fetched_at=NOW,
        )
        yield _fetches(first, count)


def _fetches(first: Post, count: int) -> list[Post]:
    again = replace(first, text=f"{first.text},又说了一句", likes=count, fetched_at=NOW + timedelta(minutes=5))
    gone = replace(first, text="", author="", deleted=True, fetched_at=NOW + timedelta(minutes=9))
    gone = replace(gone, published_at=gone.fetched_at, published_estimated=True)
    back = replace(first, text=f"{first.text},回来了", fetched_at=NOW + timedelta(minutes=20))
    if count % 100 == 50:
        return [first, gone]
    if count % 100 == 51:
        return [gone, first]
    if count % 100 == 52:
        return [first, gone, back, again]
    if count % 10 == 3:
        return [first, again]
    if count % 10 == 4:
        return [again, first]
    return [first]


@dataclass
class Expected:
    """What a run must end with, worked out in this process, undisturbed and all at once.

    Args:
        config: whose subjects and rules count.
        book: where the alerts are worked out; a file that is not there yet.
    """

    config: Config
    book: Path
    posts: dict[str, JudgedPost] = field(default_factory=dict)
    """What the store holds, by id, as `timeless` gives it."""
    told: Told = field(default_factory=Told)
    _last: dict[str, Post] = field(default_factory=dict)

    def add(self, some: Sequence[Post]) -> None:
        """These were handed over, or crawled, too."""
        judge = Judge(LexiconClassifier(), SubjectFinder(self.config.subjects), lambda: NOW)
        judged = judge(some, [NOW] * len(some))
        for one in judged:
            last = self._last.get(one.post.id)
            if last is not None and (one.post.fetched_at, one.post.deleted) < (last.fetched_at, last.deleted):
                continue
            self._last[one.post.id] = one.post
            self.posts.pop(one.post.id, None)
            if not one.post.deleted:
                self.posts[one.post.id] = one
        with closing(Book(f"sqlite:///{self.book}")) as book:
            desk = wiring.open_desk(self.config, book)
            for batch in _batches(judged, 500):
                desk(batch)
        self.told = told_by(f"sqlite:///{self.book}")


def timeless(judged: JudgedPost) -> JudgedPost:
    """Without the times of the run: when a post of the site was read, and when it was judged."""
    post = judged.post
    return replace(judged, post=undated(post) if post.source == SOURCE else post, logged_at=NOW, judged_at=NOW)


def undated(post: Post) -> Post:
    """As if read at the same time as all others."""
    return replace(post, fetched_at=NOW)


def _batches(posts: Iterable[JudgedPost], size: int) -> Iterator[list[JudgedPost]]:
    remaining = iter(posts)
    while batch := list(islice(remaining, size)):
        yield batch
