"""What is owed to someone: a delivery to a channel, a mail to a person.

Owns these values and where they stand. Does not own keeping them (`book_outbox`) nor sending them (`attempts`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OutboxState(StrEnum):
    """Where a delivery or a mail stands."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice owed to one channel. `id` never changes between attempts, so a receiver can drop repeats."""

    id: str
    alert_id: str
    channel: str
    round: int
    """0 when the alert was raised; 1, 2, … each time nobody answered in time."""
    created_at: datetime
    due_at: datetime
    attempts: int
    """Including the one under way."""
    state: OutboxState
    settled_at: datetime | None
    error: str
    """Class of the last failure; empty if none."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One digest owed to one recipient."""

    id: str
    digest_id: str
    recipient: str
    created_at: datetime
    due_at: datetime
    attempts: int
    """Including the one under way."""
    state: OutboxState
    settled_at: datetime | None
    error: str


Owed = Delivery | Mail
UNLISTED = "Unlisted"
"""Stands for an error where a mail was not sent because its recipient had been struck off the list."""
