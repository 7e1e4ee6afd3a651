"""The desk: judged posts in; evidence, alerts, and reports without the words of deleted posts in the book out.

Owns the matching of a batch against all rules. Does not own the rules' meaning (`rules`), memory (`book`) nor the
telling (`dispatch`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerts.alert import Sighting
from alerts.book import Book
from alerts.rules import Rule, alert_id, matches, window_of
from stream.records import JudgedPost, Subject

_GRACE = timedelta(seconds=2)  # the store usually has the post by then, and a notice can quote it


class Desk:
    """Looks at every judged post once or more often; any order, repetition or batching gives the same book."""

    def __init__(
        self,
        rules: Sequence[Rule],
        subjects: Sequence[Subject],
        book: Book,
        clock: Callable[[], datetime],
        *,
        grace: timedelta = _GRACE,
    ) -> None:
        self._rules = tuple(rules)
        self._roles = {subject.name: subject.role for subject in subjects}
        self._book = book
        self._clock = clock
        self._grace = grace

    def __call__(self, judged: Sequence[JudgedPost]) -> None:
        """Take a batch; when it returns, all it gives rise to is durable.

        Raises:
            Unavailable: give all of the batch again; its alerts are one transaction.
        """
        if deleted := [one.post.id for one in judged if one.post.deleted]:
            self._book.unquote(deleted)
        sightings = [sighting for post in judged for rule in self._rules for sighting in self._seen(rule, post)]
        if sightings:
            self._book.record(sightings, self._clock(), self._grace)

    def _seen(self, rule: Rule, judged: JudgedPost) -> list[Sighting]:
        if judged.post.deleted:  # nobody says anything there any more
            return []
        groups = matches(rule, judged, self._roles)
        if not groups:
            return []
        window = None if rule.care else window_of(rule, judged.post.published_at)
        return [Sighting(alert_id(rule, group, window), rule, group, window, judged) for group in groups]
