"""`guanlan replay`: what the log still holds through today's judge into the same store, waking nobody.

Owns which messages are read again and what becomes of them. Writes to the store only: `judged` is not appended to, so
no rule sees any of it. The store keeps the later of two judgements of one fetch, so it does not matter when a replay
and the index worker meet. A group of its own remembers how far it came; the same name goes on there.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from typing import Any

from configs import wiring
from configs.judging import load_judge
from configs.load import Config
from stream.codec import Undecodable, decode_judged, decode_post
from stream.ports import Misconfigured, PostStore, Reassigned, Record, Rejected, Unavailable
from stream.records import POSTS, JudgedPost, Post

_PATIENCE = 60.0
"""Seconds without progress after which a replay gives up; a dead member's place on Kafka has run out by then."""

_Step = Callable[[Sequence[Record]], list[JudgedPost]]


def replay(config: Config, topic: str, group: str, since: datetime | None) -> dict[str, Any]:
    """Read what the group has not yet read, up to the end of the topic.

    Args:
        topic: `posts`: judge again what log and store both hold, so what was forgotten stays forgotten. `judged`: put
            every judgement back as it was, to fill a store that was lost.
        group: any name but those of the workers.
        since: messages appended earlier are passed over.

    Returns:
        How many messages were read, how many posts were put, and how many could not be read or stored.

    Raises:
        Misconfigured: the group is a worker's.
        Unavailable: log or store; the same call goes on where it stopped.
    """
    if group in {name for _, name in wiring.GROUPS}:
        raise Misconfigured(f"--group: {group} is a worker's; choose a name of its own, such as second_look")
    told = {"read": 0, "put": 0, "unreadable": 0, "refused": 0}
    with ExitStack() as opened:
        log = opened.enter_context(closing(wiring.open_log(config)))
        try:
            reader = opened.enter_context(closing(log.reader(topic, group)))
        except ValueError as error:
            raise Misconfigured(f"--group: {error}") from None
        store = opened.enter_context(closing(wiring.open_store(config)))
        step = _again(config, store) if topic == POSTS else _as_they_were
        moved = time.monotonic()
        while log.lag(topic, group):
            records = reader.poll(config.settings.work.batch, 1.0)
            if records:
                _settle(records, step, store, since, told)
                moved = time.monotonic()
            elif time.monotonic() - moved > _PATIENCE:
                raise Unavailable(f"{topic} gives group {group} nothing; is another replay of that name at work?")
            with suppress(Reassigned):  # whoever has it now puts the same again
                reader.commit()
    return {"topic": topic, "group": group, **told}


def _settle(
    records: Sequence[Record], step: _Step, store: PostStore, since: datetime | None, told: dict[str, int]
) -> None:
    told["read"] += len(records)
    taken = [record for record in records if since is None or record.appended_at >= since]
    judged: list[JudgedPost] = []
    try:
        judged = step(taken)
    except Undecodable:  # it died when it was first read; its neighbours are good
        for record in taken:
            try:
                judged += step([record])
            except Undecodable:
                told["unreadable"] += 1
    try:
        store.put(judged)
    except Rejected as error:
        told["refused"] += len(error.ids)
        told["put"] -= len(error.ids)
    told["put"] += len(judged)


def _as_they_were(records: Sequence[Record]) -> list[JudgedPost]:
    return [decode_judged(record.value) for record in records]


def _again(config: Config, store: PostStore) -> _Step:
    judge = load_judge(config, wiring.now)

    def step(records: Sequence[Record]) -> list[JudgedPost]:
        found: list[tuple[Post, datetime]] = []
        for post in [decode_post(record.value) for record in records]:
            hit = store.get(post.id)
            if hit is not None and hit.judged.post.fetched_at <= post.fetched_at:
                found.append((post, hit.judged.logged_at))
        return judge([post for post, _ in found], [at for _, at in found])

    return step
