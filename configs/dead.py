"""Dead letters for the operator: what waits, what is in it, put it back or let it go.

Owns the group `operator`, whose committed position is the line between waiting and dealt with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from configs import wiring
from configs.load import Config
from stream.codec import decode_dead
from stream.ports import LogReader, Message, MessageLog
from stream.records import DEAD, DeadLetter

_GROUP = "operator"


class NoSuchLetter(LookupError):
    """No dead letter with this number waits."""


def waiting(config: Config) -> list[dict[str, Any]]:
    """The letters not dealt with, oldest first, without their content."""
    with _reading(config) as (_, reader):
        return [
            {
                "number": number,
                "topic": letter.topic,
                "partition": letter.partition,
                "offset": letter.offset,
                "group": letter.group,
                "key": letter.key,
                "error": letter.error,
                "died_at": letter.died_at.isoformat(),
                "bytes": len(letter.value),
            }
            for number, letter in _letters(reader)
        ]


def content(config: Config, number: int) -> bytes:
    """The bytes of one waiting letter.

    Raises:
        NoSuchLetter: none with this number waits.
    """
    with _reading(config) as (_, reader):
        for found, letter in _letters(reader):
            if found == number:
                return letter.value
    raise NoSuchLetter(f"没有编号为 {number} 的待处理死信")


def replay(config: Config) -> int:
    """Append every waiting letter to the topic it came from; all its groups read it again, and their effects are
    keyed by ids, so those that had handled it change nothing. Returns how many.
    """
    return _settle(config, again=True)


def drop(config: Config) -> int:
    """Let every waiting letter go; the log keeps its bytes until retention. Returns how many."""
    return _settle(config, again=False)


def _settle(config: Config, *, again: bool) -> int:
    with _reading(config) as (log, reader):
        letters = [letter for _, letter in _letters(reader)]
        if again:
            # one message may have died in several groups; put back once, it is read by all of them
            messages = {(letter.topic, letter.partition, letter.offset): letter for letter in letters}
            for letter in messages.values():
                log.append(letter.topic, [Message(letter.key, letter.value)])
        reader.commit()
        return len(letters)


@contextmanager
def _reading(config: Config) -> Iterator[tuple[MessageLog, LogReader]]:
    log = wiring.open_log(config)
    reader = log.reader(DEAD, _GROUP)
    try:
        yield log, reader
    finally:
        reader.close()
        log.close()


def _letters(reader: LogReader) -> Iterator[tuple[int, DeadLetter]]:
    while records := reader.poll(500, 0.2):
        for record in records:
            yield record.offset, decode_dead(record.value)
