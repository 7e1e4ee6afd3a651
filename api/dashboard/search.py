"""What the search page asks the store: a page of posts and the counts beside it.

Owns the questions and the choices a person can make. Pure but for `ask`, which reads the store.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from api.auth import ordinary
from api.parts import Parts, Person
from api.posts import audit
from stream.labels import Risk, SelfHarm, Sentiment, Stage, chinese
from stream.query import Count, Facet, Order, Page, PostQuery
from stream.zone import SHANGHAI

SIZE = 20


class Reach(StrEnum):
    """How far back to look."""

    ALL = ""
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


REACH_WORDS = {Reach.ALL: "全部时间", Reach.DAY: "24 小时", Reach.WEEK: "7 天", Reach.MONTH: "30 天"}
_LENGTHS = {Reach.DAY: timedelta(days=1), Reach.WEEK: timedelta(days=7), Reach.MONTH: timedelta(days=30)}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One way to narrow a search by clicking."""

    facet: Facet
    name: str
    """The field of a query that it fills."""
    title: str
    type: type[str]
    """What that field holds."""


FACETS = (
    Narrowing(Facet.SENTIMENT, "sentiments", "情感", Sentiment),
    Narrowing(Facet.RISK, "risks", "风险", Risk),
    Narrowing(Facet.SUBJECT, "subjects", "主体", str),
    Narrowing(Facet.PLATFORM, "platforms", "平台", str),
    Narrowing(Facet.STAGE, "stages", "旅程阶段", Stage),
)


_CARE = Narrowing(Facet.SELF_HARM, "self_harm", "自伤风险(查看即记录)", SelfHarm)
_LEVELS = (SelfHarm.CONCERN, SelfHarm.CRISIS)
_VALUES = 50
"""How many of a facet's values are shown, besides the picked ones."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: the words, the values picked, how far back, and the order."""

    query: PostQuery = field(default_factory=PostQuery)
    """Without a window where there is a reach."""
    reach: Reach = Reach.ALL

    def toggled(self, by: Narrowing, value: str) -> "Choice":
        """With this value of a facet picked, or no longer picked."""
        picked: tuple[str, ...] = getattr(self.query, by.name)
        kept = tuple(one for one in picked if one != value)
        return self.asking(**{by.name: kept if value in picked else (*picked, by.type(value))})

    def asking(self, **change: Any) -> "Choice":
        """With these fields of the query changed."""
        return replace(self, query=replace(self.query, **change))

    def reaching(self, reach: Reach) -> "Choice":
        """So far back from now, instead of within any window that was given."""
        return replace(self.asking(since=None, until=None), reach=reach)

    def besides(self) -> list[tuple[str, dict[str, Any]]]:
        """What is asked for that neither words, reach nor the facets of an analyst show: in words, with the change that
        takes it back."""
        query = self.query
        found: list[tuple[str, dict[str, Any]]] = [
            (f"来源 {name}", {"sources": tuple(one for one in query.sources if one != name)}) for name in query.sources
        ]
        found += [
            (f"自伤风险 {chinese(level)}", {"self_harm": tuple(one for one in query.self_harm if one is not level)})
            for level in query.self_harm
        ]
        if query.fingerprint:
            found.append(("同一故事", {"fingerprint": ""}))
        if query.author:
            found.append((f"作者 {query.author[:6]}", {"author": ""}))
        bounds = ((query.since, "起"), (query.until, "前"))
        window = [f"{bound.astimezone(SHANGHAI):%Y-%m-%d %H:%M} {side}" for bound, side in bounds if bound]
        if window:
            found.append((f"发布于 {'、'.join(window)}", {"since": None, "until": None}))
        return found

    def at(self, now: datetime) -> PostQuery:
        """The query with its reach counted from now."""
        length = _LENGTHS.get(self.reach)
        return replace(self.query, since=now - length) if length else self.query

    def address(self) -> str:
        """Query string of the page, so that a search can be shared."""
        return urlencode(_given(self.query) + ([("reach", self.reach)] if self.reach else []))

    def export(self, now: datetime) -> str:
        """Query string for the export."""
        return urlencode([(name, value) for name, value in _given(self.at(now)) if name != "order"])


@dataclass(frozen=True, slots=True)
class Found:
    """The first page and the counts of every facet, each counted without its own condition."""

    page: Page
    counts: tuple[tuple[Narrowing, tuple[Count, ...]], ...]


def ask(parts: Parts, person: Person, choice: Choice) -> Found:
    """Search and count; blocks.

    Raises:
        Fault: someone else than a guardian asks for self-harm posts alone.
        ValueError: the words cannot be understood; the message is for the person.
        Unavailable: the store cannot be read.
    """
    query = choice.at(parts.clock())
    page = more(parts, person, query, "")
    facets = (*FACETS, _CARE) if person.guards else FACETS
    return Found(page, tuple((by, tuple(_counted(parts, person, query, by))) for by in facets))


def more(parts: Parts, person: Person, query: PostQuery, after: str) -> Page:
    """The page after a cursor; what a guardian is shown is audited first."""
    page = parts.store.search(_meant(query, person), SIZE, after)
    audit(parts, person, page.hits)
    return page


def _meant(query: PostQuery, person: Person) -> PostQuery:
    # a look at a self-harm post is an act that is written down: even a guardian must pick the level first
    return query if query.self_harm and person.guards else ordinary(query)


def _counted(parts: Parts, person: Person, query: PostQuery, by: Narrowing) -> list[Count]:
    def of(*values: str) -> PostQuery:
        change: dict[str, Any] = {by.name: values}
        asked = replace(query, **change)
        return asked if by is _CARE else _meant(asked, person)

    counts = parts.store.count_by(of(*_LEVELS) if by is _CARE else of(), by.facet, _VALUES)
    listed = {one.value for one in counts}
    # what was picked stays in sight, or nobody could take it back
    missing = [one for one in getattr(query, by.name) if one not in listed]
    return [*counts, *(Count(str(one), parts.store.count(of(one))) for one in missing)]


def _given(query: PostQuery) -> list[tuple[str, str]]:
    names = ("platforms", "sources", "subjects", "sentiments", "risks", "stages", "self_harm")
    given = [(name, str(value)) for name in names for value in getattr(query, name)]
    given += [(name, value) for name in ("text", "fingerprint", "author") if (value := getattr(query, name))]
    given += [(name, bound.isoformat()) for name in ("since", "until") if (bound := getattr(query, name))]
    return given + ([("order", str(query.order))] if query.order is not Order.NEWEST else [])
