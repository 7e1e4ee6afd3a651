"""An API over real stores in a folder, with an analyst and a guardian who hold keys."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from alerts.book import Book
from alerts.desk import Desk
from alerts.rules import Rule, Severity
from api.app import create_api
from api.auth import digest
from api.parts import Parts, Person, Role
from stream.labels import Health, SelfHarm, Sentiment
from stream.labels import Role as SubjectRole
from stream.log_sqlite import SqliteLog
from stream.records import DEAD, JUDGED, JudgedPost, SourceHealth, Subject
from stream.store_sqlite import SqliteStore
from tests.factories import NOW

ANALYST, GUARDIAN = "analyst-key", "guardian-key"
PEOPLE = {
    digest(ANALYST): Person("林静"),
    digest(GUARDIAN): Person("周宁", frozenset({Role.ANALYST, Role.GUARDIAN})),
}
SUBJECTS = (
    Subject("own", "云汀茶", SubjectRole.OWN, ("云汀",)),
    Subject("luyu", "鹿屿鲜茶", SubjectRole.COMPETITOR),
)
RULES = (
    Rule(
        name="own-negative",
        title="自有品牌:负面",
        severity=Severity.CRITICAL,
        channels=("desk",),
        roles=(SubjectRole.OWN,),
        sentiments=(Sentiment.NEGATIVE,),
    ),
    Rule(
        name="self-harm",
        title="自伤信号",
        severity=Severity.CRITICAL,
        channels=("guardians",),
        self_harm=(SelfHarm.CONCERN, SelfHarm.CRISIS),
    ),
)


def story_numbers(fingerprints: Sequence[str]) -> list[int]:
    """Equal fingerprints are one story."""
    return [sorted(set(fingerprints)).index(one) for one in fingerprints]


def source(name: str = "weibo", health: Health = Health.FRESH, reason: str = "") -> SourceHealth:
    """A source in some state."""
    return SourceHealth(name, "weibo", health, reason, NOW - timedelta(hours=2), NOW - timedelta(hours=3), 7)


class Failing:
    """An outside world that is broken: whatever is asked raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Any:
        def fail(*args: object, **kwargs: object) -> None:
            raise self._error

        return fail


@dataclass
class Room:
    """Parts with what tests do to them."""

    parts: Parts
    sources: list[SourceHealth] = field(default_factory=list)

    def put(self, *judged: JudgedPost) -> None:
        """Index posts and let the desk look at them."""
        self.parts.store.put(judged)
        Desk(RULES, SUBJECTS, self.parts.book, self.parts.clock)(judged)

    def client(self, key: str = "", *, host: str = "127.0.0.1", parts: Parts | None = None) -> TestClient:
        """Somebody at this machine who sends this key, or none."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return TestClient(
            create_api(parts or self.parts),
            base_url=f"http://{host}",
            headers=headers,
            client=("127.0.0.1", 50000),
            raise_server_exceptions=False,
        )

    def opened(self, **change: object) -> Parts:
        """The same parts with something else in one place."""
        return replace(self.parts, **change)  # type: ignore[arg-type]


@contextmanager
def room(folder: Path) -> Iterator[Room]:
    """Real store, log and book; closed at the end."""
    store, log = SqliteStore(folder / "store.db", clock=lambda: NOW), SqliteLog(folder / "log.db", clock=lambda: NOW)
    book = Book(f"sqlite:///{folder / 'book.db'}")
    sources = [source()]
    health: Callable[[], list[SourceHealth]] = lambda: list(sources)  # noqa: E731 a name for the type
    made = Parts(
        store=store,
        log=log,
        book=book,
        subjects=SUBJECTS,
        health=health,
        dead=lambda: log.size(DEAD),
        group=story_numbers,
        keys=PEOPLE,
        clock=lambda: NOW,
        groups=((JUDGED, "index"), (JUDGED, "alert")),
        storage_secret="only-for-tests",
    )
    try:
        yield Room(made, sources)
    finally:
        book.close()
        log.close()
        store.close()
