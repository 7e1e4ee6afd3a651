"""The judge: posts in, judged posts out.

Owns which words of a post are judged and which are sketched. Does not own the judging itself (a Classifier), the
subjects, nor when any of it happens (`stream.worker`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from models.stories import fingerprint, generic
from models.subjects import SubjectFinder
from stream.labels import SelfHarm
from stream.ports import Classifier
from stream.records import JudgedPost, Judgement, Post

_LEVELS = tuple(SelfHarm)


class Judge:
    """Posts to judged posts, same length and order; nothing but the clock differs between two runs."""

    def __init__(self, classifier: Classifier, finder: SubjectFinder, clock: Callable[[], datetime]) -> None:
        self._classifier = classifier
        self._finder = finder
        self._clock = clock

    def __call__(self, posts: Sequence[Post], logged_at: Sequence[datetime]) -> list[JudgedPost]:
        """Judge posts that were logged at these times; texts that occur twice are judged once.

        A tombstone says nothing and is about nobody, and no classifier is asked about it.
        """
        said = [_own_words(post) for post in posts]
        carried = [_carried(post) for post in posts]
        alive = (
            [own, *filter(None, others)]
            for post, own, others in zip(posts, said, carried, strict=True)
            if not post.deleted
        )
        distinct = list(dict.fromkeys(chain.from_iterable(alive)))
        found = self._classifier.classify(distinct) if distinct else []
        judgements = dict(zip(distinct, map(_rounded, found), strict=True))
        silent = Judgement.silent(self._classifier.revision)
        told = ["" if post.deleted else _told(post) for post in posts]
        prints = {text: fingerprint(text) for text in set(told)}
        now = self._clock()
        made = []
        for post, text, others, story, logged in zip(posts, said, carried, told, logged_at, strict=True):
            own = silent if post.deleted else judgements[text]
            between, root = (judgements.get(words, silent) for words in others)
            whole = _gravest(own, between, root)
            made.append(
                JudgedPost(
                    post=post,
                    judgement=whole,
                    subjects=() if post.deleted else self._finder.find(post),
                    fingerprint=prints[story],
                    logged_at=logged,
                    judged_at=now,
                    echo=own.self_harm is between.self_harm is SelfHarm.NONE and root.self_harm is not SelfHarm.NONE,
                )
            )
        return made


def _gravest(own: Judgement, *others: Judgement) -> Judgement:
    """One's own judgement, with the level of self-harm of whichever is gravest: what a repost carries along is shown
    with it, and the person who wrote it may have been found nowhere else."""
    worst = max((own, *others), key=lambda one: _LEVELS.index(one.self_harm))
    return replace(own, self_harm=worst.self_harm, self_harm_probs=worst.self_harm_probs)


def _rounded(judgement: Judgement) -> Judgement:
    """The same with four decimals a probability: what comes after them is noise, and would fill half of the store."""
    return replace(
        judgement,
        sentiment_probs=_four(judgement.sentiment_probs),
        risk_probs=_four(judgement.risk_probs),
        stage_probs=_four(judgement.stage_probs),
        self_harm_probs=_four(judgement.self_harm_probs),
    )


def _four(probs: tuple[float, ...]) -> Any:
    return tuple(round(value, 4) for value in probs)


def _own_words(post: Post) -> str:
    """What the author says: title and text, never the quoted words, which count for self-harm alone (`_gravest`).

    A bare repost ("转发微博") says nothing, which is neutral and without risks: passing a complaint on is not a
    complaint of one's own, and the story counts who passed it on.
    """
    own = _titled(post)
    return "" if generic(own) else own


def _carried(post: Post) -> tuple[str, str]:
    """The words of others that a repost carries along, to be judged beside its own: those of the people between, and
    those of the post reposted. None of a company's answer."""
    return _between(post.quoted) if _reposts(post) and not post.deleted else ("", "")


def _reposts(post: Post) -> bool:
    return bool(post.parent) or post.quoted.startswith("@")


def _between(quoted: str) -> tuple[str, str]:
    """The chain "@user: …//@user: …" on the first line, and the reposted post below it; either may be missing."""
    if not quoted.startswith("@"):
        return "", quoted
    between, _, root = quoted.partition("\n")
    return between, root


def _titled(post: Post) -> str:
    return post.text if post.title in post.text else f"{post.title}\n{post.text}"


def _told(post: Post) -> str:
    """What the post tells, written as one repost chain, so that `stories` decides whether it says something itself."""
    own = _titled(post)
    if not post.quoted or not _reposts(post):
        return own  # what an import quotes is the company's answer, alike under many complaints
    between, root = _between(post.quoted)
    return "//".join([own, *([between] if between else []), *([f"@:{root}"] if root else [])])
