"""What the API is built from: the ports it reads, the people who may look, and the clock.

Owns the shape of that bundle. Does not open anything; `configs` does, and hands it over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alerts.book import Book
from stream.ports import MessageLog, PostStore
from stream.records import SourceHealth, Subject


class Role(StrEnum):
    """What a person may look at. A guardian is an analyst who may also see self-harm posts, each look audited."""

    ANALYST = "analyst"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks; `name` is what the audit and the cases show."""

    name: str
    roles: frozenset[Role] = frozenset({Role.ANALYST})

    @property
    def guards(self) -> bool:
        """Whether self-harm posts may be shown to this person."""
        return Role.GUARDIAN in self.roles


ANONYMOUS = Person("本机")
"""Whoever sits at the machine where no key is needed: an analyst, never a guardian."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A system that may push rows and look at nothing."""

    name: str
    sources: frozenset[str]
    """Names of the sources it may push to."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of pushed rows once the message log has them."""

    taken: int
    known: int
    """Rows that the log had already, as they are."""
    dropped: tuple[tuple[int, str, str], ...] = ()
    """Number of the row from 1, why it became no post, and that in Chinese; the first thousand."""


class NoSuchSource(Exception):
    """Nothing can be pushed to this name."""


class NotGenuine(Exception):
    """The signature of an event is not the platform's."""


Hook = Callable[[Mapping[str, str], bytes], Mapping[str, object]]
"""From an event's headers (names in lower case) and body to the answer the platform wants, once the log has the event;
raises NotGenuine, Unavailable."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything `create_app` needs. All callables may block; the API calls them in threads."""

    store: PostStore
    log: MessageLog
    book: Book
    subjects: Sequence[Subject]
    health: Callable[[], Sequence[SourceHealth]]
    """The health of every source now."""
    dead: Callable[[], int]
    """How many dead letters nobody has dealt with; raises Unavailable."""
    group: Callable[[Sequence[str]], list[int]]
    """Story numbers of fingerprints, as `models.stories.group`."""
    keys: Mapping[str, Person]
    """`auth.digest(key)` → person. Empty means open: this machine only, everyone an analyst."""
    clock: Callable[[], datetime]
    groups: Sequence[tuple[str, str]]
    """(topic, reader group) pairs whose lag is shown."""
    storage_secret: str = field(repr=False)
    """Signs the login cookie."""
    open_here: bool = False
    """Whoever sits at this machine is an analyst without a key although there are keys, as in a demo."""
    senders: Mapping[str, Sender] = field(default_factory=dict)
    """`auth.digest(key)` → who may push rows."""
    take_in: Callable[[str, Sequence[object]], Receipt] | None = None
    """Takes rows pushed to a source and returns when the log has them; raises NoSuchSource, Unavailable."""
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    """What hears the events of each platform that tells of something by itself."""
