"""Doing what one process at a time may do, and handing it over.

Owns the loop around a turn. Whose turn it is belongs to `alerts.book_turns`; what is done in it is handed in.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from threading import Event

from alerts.book_turns import Turn
from stream.ports import Unavailable

_log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between two looks at whose turn it is, and so the most that passes before a free one is taken."""


def in_turn(
    turn: Turn, begin: Callable[[], AbstractContextManager[object]], stopping: Event, *, pause: float = PAUSE
) -> None:
    """Until `stopping`: enter `begin()` when the turn is ours, leave it when it no longer is, as often as that happens.

    While nobody can be asked, it is not ours: whoever can still ask may have it. The turn is given up at the end.
    """
    with closing(turn), ExitStack() as at_work:
        mine = False
        while not stopping.is_set():
            was, mine = mine, _mine(turn)
            if mine and not was:
                at_work.enter_context(begin())
            elif was and not mine:
                _log.warning("another process has taken over, or nobody knows; this one waits for its turn")
                at_work.close()
            stopping.wait(pause)


def _mine(turn: Turn) -> bool:
    try:
        return turn.take()
    except Unavailable as error:
        _log.warning("whose turn it is cannot be told: %s", error)
        return False
