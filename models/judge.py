"""The judge: posts in, judged posts out.

Owns which words of a post are judged and which are sketched. Does not own the judging itself (a Classifier), the
subjects, nor when any of it happens (`stream.worker`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from models.stories import fingerprint, words
from models.subjects import SubjectFinder
from stream.ports import Classifier
from stream.records import JudgedPost, Post


class Judge:
    """Posts to judged posts, same length and order; nothing but the clock differs between two runs."""

    def __init__(self, classifier: Classifier, finder: SubjectFinder, clock: Callable[[], datetime]) -> None:
        self._classifier = classifier
        self._finder = finder
        self._clock = clock

    def __call__(self, posts: Sequence[Post], logged_at: Sequence[datetime]) -> list[JudgedPost]:
        """Judge posts that were logged at these times; texts that occur twice are judged once."""
        said = [_own_words(post) for post in posts]
        distinct = list(dict.fromkeys(said))
        judgements = dict(zip(distinct, self._classifier.classify(distinct), strict=True))
        prints = {text: fingerprint(text) for text in {_told(post) for post in posts}}
        now = self._clock()
        return [
            JudgedPost(
                post=post,
                judgement=judgements[text],
                subjects=self._finder.find(post),
                fingerprint=prints[_told(post)],
                logged_at=logged,
                judged_at=now,
            )
            for post, text, logged in zip(posts, said, logged_at, strict=True)
        ]


def _own_words(post: Post) -> str:
    """What the author says: title and text, never the quoted words.

    A bare repost ("转发微博") is judged as the empty text, which is neutral and without risks: passing on a complaint
    is not a complaint of one's own. The quoted post is judged where it was posted, and its story counts spreaders.
    """
    return f"{post.title}\n{post.text}" if post.title else post.text


def _told(post: Post) -> str:
    """What the post tells, by which it joins a story: its own words, or the quoted ones when it has none."""
    own = _own_words(post)
    if words(own) or not post.quoted:
        return own
    if not post.quoted.startswith("@"):
        return post.quoted
    # a chain "@user: …//@user: …" on the first line, the reposted post below it
    chain, _, root = post.quoted.partition("\n")
    return root or f"//{chain}"
