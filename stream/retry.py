"""How long to wait before trying again.

Owns the schedule only; who waits, and for what, is the caller's affair.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling delays with a cap, each shortened by up to half at random so that the many do not return as one."""

    first: float = 0.2
    """Seconds before the first repeat."""
    cap: float = 30.0
    """Seconds that no delay exceeds."""
    random: Callable[[], float] = field(default=random.random, repr=False)
    """Gives a number from 0 to below 1."""

    def delay(self, attempt: int) -> float:
        """Seconds to wait after failure number `attempt`, counted from 1."""
        doubled = self.first * 2.0 ** min(attempt - 1, 60)  # beyond 60 the float would overflow, the cap has won
        return min(self.cap, doubled) * (1 - self.random() / 2)
