"""Notices: what an alert says at the moment it is sent.

Owns putting a notice together from the book and the store. An alert hardly waits for the store: posts it cannot show
yet, or not soon, are counted and not quoted.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from alerts.alert import Alert, Evidence
from alerts.book import Book
from alerts.care import care_notice
from alerts.channels import CareNotice, Excerpt, Notice
from alerts.owed import Delivery
from alerts.rules import Group
from alerts.voices import Voice, openers, quote
from stream.labels import SelfHarm
from stream.ports import Rejected, Unavailable
from stream.query import Hit
from stream.records import Subject

_EXCERPTS: Final = 3
_PATIENCE: Final = timedelta(seconds=5)
"""After so long the store is asked nothing more for a notice; the delivery is ours for a minute only (`dispatch`)."""
_REST: Final = timedelta(minutes=1)
"""How long a store that was away is not asked: one that hangs takes half a minute to say so."""


class Composer:
    """Makes the notice of a delivery."""

    def __init__(
        self,
        book: Book,
        find: Callable[[str], Hit | None],
        subjects: Sequence[Subject],
        group: Callable[[Sequence[str]], list[int]],
        case_url: str,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """Keep the parts.

        Args:
            book: has alerts and evidence.
            find: `PostStore.get`.
            subjects: for their Chinese titles.
            group: fingerprints to story numbers.
            case_url: address of the case page up to the alert's id, for example `http://host/cases/`.
            clock: gives the time.
        """
        self._book = book
        self._find = find
        self._titles = {subject.name: subject.title for subject in subjects}
        self._group = group
        self._case_url = case_url
        self._clock = clock
        self._resting_until = datetime.min.replace(tzinfo=UTC)

    def __call__(self, delivery: Delivery) -> Notice | CareNotice:
        """The notice as things stand now.

        Raises:
            Unavailable: the book cannot be read.
            Rejected: the alert is gone.
        """
        alert = self._book.alert(delivery.alert_id)
        if alert is None:
            raise Rejected("no such alert", [delivery.alert_id])
        case_url = f"{self._case_url}{alert.id}"
        if alert.care:
            return care_notice(delivery, alert, case_url)
        assert alert.since is not None
        assert alert.until is not None
        voices = [_voice(evidence) for evidence in self._book.evidence(alert.id)]
        originals = openers(voices, self._group([voice.fingerprint for voice in voices]))
        return Notice(
            id=delivery.id,
            alert_id=alert.id,
            title=alert.title,
            severity=alert.severity,
            subject=self._about(alert),
            since=alert.since,
            until=alert.until,
            raised_at=alert.raised_at,
            posts=len(voices),
            originals=len(originals),
            spreaders=len(voices) - len(originals),
            accounts=len({voice.author for voice in voices} - {""}),
            excerpts=self._excerpts(originals or voices),
            case_url=case_url,
        )

    def _about(self, alert: Alert) -> str:
        if alert.by is Group.SUBJECT:
            return self._titles.get(alert.group, alert.group)
        return {Group.AUTHOR: "同一账号", Group.ALL: "全部"}[alert.by]

    def _excerpts(self, voices: Sequence[Voice]) -> tuple[Excerpt, ...]:
        found: list[Excerpt] = []
        began = self._clock()
        if began < self._resting_until:
            return ()
        try:
            for voice in voices[: _EXCERPTS * 4]:  # a few may not be indexed yet, or be gone
                if self._clock() - began >= _PATIENCE:
                    break
                hit = self._find(voice.id)
                # judged anew since then: no longer a matter for this channel
                if hit is None or hit.judged.judgement.self_harm is not SelfHarm.NONE:
                    continue
                if (said := quote(hit.judged)) is not None:
                    found.append(Excerpt(said.url, said.text, said.platform, said.published_at))
                if len(found) == _EXCERPTS:
                    break
        except Unavailable:
            # better a notice without more excerpts than a late one, and the next one does not find out anew
            self._resting_until = self._clock() + _REST
        return tuple(found)


def _voice(evidence: Evidence) -> Voice:
    return Voice(
        id=evidence.post_id,
        author=evidence.author,
        spreads=evidence.spread,
        fingerprint=evidence.fingerprint,
        published_at=evidence.published_at,
        interactions=0,
        risks=(),
    )
