"""What must hold after a fault: nothing lost, nothing twice, nothing told twice, nothing left.

Owns the comparison of a stand with what was worked out undisturbed.
"""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

from configs import wiring
from configs.load import load
from stream.records import DEAD, JUDGED, POSTS
from tests.chaos.installation import READERS, REPORTS
from tests.chaos.posts import Expected, timeless
from tests.chaos.stand import Stand
from tests.chaos.state import mails, outbox, reports, stored, told_by


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `wrong` says in a sentence each what should not be so."""

    posts: int
    """In the store."""
    alerts: int
    deliveries: int
    repeats: int
    """Notices that came to the receiver again under an id it had, and could be dropped by it."""
    wrong: tuple[str, ...]


def judge(stand: Stand, expected: Expected) -> Verdict:
    """Look at everything; the stand must have settled."""
    wrong: list[str] = []
    config = load(stand.config)
    with closing(wiring.open_store(config)) as store:
        held = list(stored(store))
        counts = Counter(one.post.id for one in held)
        wrong += _told("posts stand in the store more than once", [name for name, n in counts.items() if n > 1])
        wrong += _told("posts are missing from the store", sorted(expected.posts.keys() - counts.keys()))
        wrong += _told("posts of the site were never crawled", sorted(stand.site.ids - counts.keys()))
        wrong += _told("posts should not be in the store", sorted(counts.keys() - expected.posts.keys()))
        other = [one.post.id for one in held if timeless(one) != expected.posts.get(one.post.id)]
        wrong += _told("posts are not as they were last fetched, or not judged so", other)
    told = told_by(stand.book_url)
    for page in fields(told):
        here, there = getattr(told, page.name), getattr(expected.told, page.name)
        wrong += _told(f"{page.name} are missing from the book", sorted(set(there) - set(here)))
        wrong += _told(f"{page.name} should not be in the book", sorted(set(here) - set(there)))
        wrong += _told(
            f"{page.name} stand in the book more than once", [row for row, n in Counter(here).items() if n > 1]
        )
    states = outbox(stand.book_url)
    sent = states.pop("sent", [])
    wrong += [f"{len(names)} deliveries are {state}" for state, names in states.items()]
    receipts = stand.receiver.receipts
    wrong += _told("deliveries were settled and never received", sorted(set(sent) - receipts.keys()))
    wrong += _told("notices were received that nobody owed", sorted(receipts.keys() - set(sent)))
    wrong += _reports(stand, config.settings.data / "outbox")
    log = stand.log
    lags = {f"{topic}/{group}": log.lag(topic, group) for topic, group in wiring.GROUPS}
    wrong += [f"{group} has {lag} messages uncommitted" for group, lag in lags.items() if lag]
    if log.size(JUDGED) < log.size(POSTS):
        wrong.append(f"{log.size(POSTS)} messages were appended and only {log.size(JUDGED)} judged")
    if dead := log.size(DEAD):
        wrong.append(f"{dead} messages are dead")
    if not stand.answers():
        wrong.append("the API does not say that all is well")
    return Verdict(
        posts=len(held),
        alerts=len(told.alerts),
        deliveries=len(sent),
        repeats=sum(receipts.values()) - len(receipts),
        wrong=tuple(wrong),
    )


def _reports(stand: Stand, mailed: Path) -> list[str]:
    """What is wrong with the battle reports; a mail that was being sent when the sender died waits for its turn."""
    made = {one: readers for one, readers in reports(stand.book_url).items() if not one.endswith("-old")}
    names = Counter(one.rsplit("-", 2)[0] for one in made)  # what follows is the window
    owed = [one for one, readers in made.items() if readers != sorted(READERS)]
    states = mails(stand.book_url)
    sent, written = len(states.pop("sent", [])), len(list(mailed.glob("*.eml")))
    states.pop("pending", None)
    return [
        *_told("reports were never made", sorted(REPORTS.keys() - names.keys())),
        *_told("reports are not owed to whom they should be, each once", owed),
        *(f"{len(some)} mails are {state}" for state, some in states.items()),
        *([f"{sent} mails are settled and {written} were written"] if written < sent else []),
    ]


def _told(what: str, names: list[object] | list[str]) -> list[str]:
    return [f"{len(names)} {what}, such as {names[0]}"] if names else []
