"""The backlog: posts that are on the log and not in the store yet, which a report waits for and then tells.

Owns the measure. While posts come in some are always on their way, so only those count that were there when the
waiting began. It is counted over all partitions together, as lag is.
"""

from collections.abc import Callable
from datetime import timedelta

from stream.ports import MessageLog, Unavailable
from stream.records import JUDGED, POSTS

PATIENCE = timedelta(minutes=10)
"""What a report that is due waits for judging and indexing; after that it says what is missing."""
PAUSE = 2.0
"""Seconds between two looks."""

_WAY = ((POSTS, "judge"), (JUDGED, "index"))
"""From the log to the store."""


def backlog(log: MessageLog, patience: timedelta, wait: Callable[[float], object]) -> int:
    """Wait, for `patience` at most, until everything that is on the log now is judged and stored.

    Args:
        wait: lets so many seconds pass; its answer is true when the process is to end.

    Returns:
        How many of these posts are left.

    Raises:
        Unavailable: the log cannot be reached, or the process is to end.
    """
    looks, left = int(patience.total_seconds() / PAUSE), 0
    for topic, group in _WAY:
        end = log.size(topic)
        while (behind := _behind(log, topic, group, end)) and looks:
            if wait(PAUSE):
                raise Unavailable("the process ends before the backlog does")
            looks -= 1
        left += behind
    return left


def _behind(log: MessageLog, topic: str, group: str, end: int) -> int:
    """Of the topic's messages up to `end`, how many the group has not committed."""
    # asked before the lag, so that what is appended in between counts as ours and costs a look, never a post
    since = max(0, log.size(topic) - end)
    return max(0, log.lag(topic, group) - since)
