"""The log's part of a migration: topics message by message, groups to where they stood.

Owns the trick by which a position means the same in another log: messages are copied up to where a group stands, the
group reads all of that in the new log and commits, and only then are further messages copied. Dead letters are copied
as far as nobody has dealt with them.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from configs.dead import letters
from stream.ports import Message, MessageLog, Unavailable
from stream.records import DEAD

_BATCH = 500
_SECONDS = 45.0
"""How long a reader waits for what is there; on Kafka a dead member's place may have to run out first."""


def copy_topic(
    old: MessageLog,
    new: MessageLog,
    topic: str,
    reader_group: str,
    *,
    groups: Collection[str],
    stood: Collection[str],
    stand: Callable[[str, int], None],
) -> None:
    """Copy a topic, or go on with it.

    Args:
        reader_group: remembers in the old log how far the copy came.
        groups: those whose positions go along.
        stood: those of them that have theirs already.
        stand: told of each that has got it, and where it stands in the old log.
    """
    size = old.size(topic)
    places = sorted((place_of(old, topic, group), group) for group in groups if group not in stood)
    copied = place_of(old, topic, reader_group)
    reader = old.reader(topic, reader_group)
    try:
        for place, group in (*places, (size, "")):
            while copied < place:
                records = reader.poll(min(_BATCH, place - copied), _SECONDS)
                if not records:
                    raise Unavailable(f"{topic} gives nothing more at {copied} of {place}; is a migration at work?")
                new.append(topic, [Message(record.key, record.value) for record in records])
                reader.commit()
                copied += len(records)
            if group:
                if place:  # one that never read begins with the oldest there, too
                    _read_all(new, topic, group)
                stand(group, place)
    finally:
        reader.close()


def place_of(log: MessageLog, topic: str, group: str) -> int:
    """How many of the messages that a topic holds lie behind a group."""
    return log.size(topic) - log.lag(topic, group)


def copy_letters(old: MessageLog, new: MessageLog) -> None:
    """Append the dead letters that wait, but for those that are there."""
    there = {(one.record.key, one.record.value) for one in letters(new)}
    waiting = [one.record for one in letters(old)]
    new.append(DEAD, [Message(one.key, one.value) for one in waiting if (one.key, one.value) not in there])


def rows(old: MessageLog, new: MessageLog, groups: Collection[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """What is there and here; more messages here than there are repetitions from an attempt that was broken off."""
    for topic in dict.fromkeys(topic for topic, _ in groups):
        there, here = old.size(topic), new.size(topic)
        yield {"part": f"log {topic}", "there": there, "here": here, "ok": here >= there}
    for topic, group in groups:
        there, here = old.lag(topic, group), new.lag(topic, group)
        repeated = new.size(topic) - old.size(topic)
        yield {"part": f"left for {group}", "there": there, "here": here, "ok": there <= here <= there + repeated}
    there, here = len(letters(old)), len(letters(new))
    yield {"part": "dead letters", "there": there, "here": here, "ok": there == here}


def _read_all(log: MessageLog, topic: str, group: str) -> None:
    reader = log.reader(topic, group)
    try:
        while log.lag(topic, group):
            if not reader.poll(_BATCH, _SECONDS):
                raise Unavailable(f"{topic} cannot be read to its end; is a worker {group} at work there already?")
            reader.commit()
    finally:
        reader.close()
