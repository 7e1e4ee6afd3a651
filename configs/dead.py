"""Dead letters for the operator: what waits, what is in it, put it back or let it go.

Owns what is dealt with: letters whose number stands as a key on the topic `settled`. Both topics are read from their
oldest message every time, so retention takes letters and marks away together and no position is left behind.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from configs import wiring
from configs.load import Config
from stream.codec import decode_dead
from stream.ports import Message, MessageLog, Record, Unavailable
from stream.records import DEAD, DeadLetter

SETTLED = "settled"
"""The topic of the marks."""
_GROUP = "operator"
_SECONDS = 45.0
"""How long a reader waits for what the log says is there; on Kafka another's place may have to run out first."""


class NoSuchLetter(LookupError):
    """No dead letter with this number waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter not dealt with."""

    number: str
    """Its place on the log, never another's: its offset, after `partition-` where there are several partitions."""
    record: Record
    letter: DeadLetter
    twins: tuple[str, ...] = ()
    """Numbers of the same letter written again, by a worker that ended before it could commit."""


def waiting(config: Config) -> list[dict[str, Any]]:
    """The letters not dealt with, oldest first, without their content."""
    with _opened(config) as log:
        return [
            {
                "number": one.number,
                "topic": one.letter.topic,
                "partition": one.letter.partition,
                "offset": one.letter.offset,
                "group": one.letter.group,
                "key": one.letter.key,
                "error": one.letter.error,
                "died_at": one.letter.died_at.isoformat(timespec="seconds"),
                "bytes": len(one.letter.value),
            }
            for one in letters(log)
        ]


def content(config: Config, number: str) -> bytes:
    """The bytes of one waiting letter.

    Raises:
        NoSuchLetter: none with this number waits.
    """
    with _opened(config) as log:
        return _chosen(letters(log), [number])[0].letter.value


def replay(config: Config, numbers: Collection[str] = ()) -> int:
    """Append these letters, or every waiting one, to the topic they came from; all its groups read them again, and
    their effects are keyed by ids, so those that had handled them change nothing. Returns how many.

    Raises:
        NoSuchLetter: none with one of the numbers waits; nothing was put back.
    """

    def again(log: MessageLog, chosen: list[Waiting]) -> None:
        # one message may have died in several groups; put back once, it is read by all of them
        messages = {(one.letter.topic, one.letter.partition, one.letter.offset): one.letter for one in chosen}
        for letter in messages.values():
            log.append(letter.topic, [Message(letter.key, letter.value)])

    return _settle(config, numbers, again)


def drop(config: Config, numbers: Collection[str] = ()) -> int:
    """Let these letters, or every waiting one, go; the log keeps their bytes until retention. Returns how many.

    Raises:
        NoSuchLetter: none with one of the numbers waits; nothing was let go.
    """
    return _settle(config, numbers, lambda _, __: None)


class Tally:
    """How many letters of a log wait, for whoever asks often: they are read only when letters or marks came or went.
    For any number of threads."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log
        self._guard = Lock()
        self._sizes = (0, 0)
        self._waiting = 0

    def __call__(self) -> int:
        """Raises Unavailable."""
        with self._guard:
            sizes = self._log.size(DEAD), self._log.size(SETTLED)
            if sizes != self._sizes:
                self._waiting = len(letters(self._log, "tally", 5.0))
                self._sizes = sizes
            return self._waiting


def letters(log: MessageLog, group: str = _GROUP, seconds: float = _SECONDS) -> list[Waiting]:
    """The letters of a log that nobody has dealt with, oldest first; one that was written several times stands once.

    Raises:
        Unavailable: the log does not give what it says it has within `seconds`; perhaps another reads for this group.
    """
    settled = {record.key for record in everything(log, SETTLED, group, seconds)}
    dead = everything(log, DEAD, group, seconds)
    found = [Waiting(_number(record), record, decode_dead(record.value)) for record in dead]
    found.sort(key=lambda one: (one.letter.died_at, one.record.partition, one.record.offset))
    alike: dict[tuple[str, bytes], list[Waiting]] = {}
    for one in found:
        if one.number not in settled:
            alike.setdefault((one.record.key, one.letter.value), []).append(one)
    return [replace(first, twins=tuple(twin.number for twin in twins)) for first, *twins in alike.values()]


def everything(log: MessageLog, topic: str, group: str, seconds: float = _SECONDS) -> Iterator[Record]:
    """What the topic holds at the first step and the group has not committed, though retention may take some of it
    meanwhile. Commits nothing, so a group that nobody commits for is given the whole topic every time.

    Raises:
        Unavailable: the log does not give what it says it has; perhaps another reads for this group.
    """
    reader = log.reader(topic, group)
    try:
        held = log.lag(topic, group)  # once: retention that takes what was read would make the rest look like less
        read = 0
        while read < held:
            records = reader.poll(500, seconds)
            if not records:
                if log.lag(topic, group) <= read:
                    return  # the others were taken before they could be read
                raise Unavailable(f"{topic} cannot be read to its end; is the same command at work elsewhere?")
            read += len(records)
            yield from records
    finally:
        reader.close()


def _settle(config: Config, numbers: Collection[str], deal: Callable[[MessageLog, list[Waiting]], None]) -> int:
    with _opened(config) as log:
        found = letters(log)
        chosen = _chosen(found, numbers) if numbers else found
        deal(log, chosen)
        log.append(SETTLED, [Message(number, b"") for one in chosen for number in (one.number, *one.twins)])
        return len(chosen)


def _chosen(found: list[Waiting], numbers: Collection[str]) -> list[Waiting]:
    by_number = {one.number: one for one in found}
    for number in numbers:
        if number not in by_number:
            raise NoSuchLetter(f"没有编号为 {number} 的待处理死信;guanlan dead list 列出全部编号")
    return [by_number[number] for number in dict.fromkeys(numbers)]


def _number(record: Record) -> str:
    return f"{record.partition}-{record.offset}" if record.partition else str(record.offset)


@contextmanager
def _opened(config: Config) -> Iterator[MessageLog]:
    log = wiring.open_log(config)
    try:
        yield log
    finally:
        log.close()
