"""Alerts and the case inbox: what was raised, on which posts, and a person's answer to it.

Owns these endpoints and who may open which case. Care cases (self-harm) do not exist for anyone but guardians; the
book writes down every look and every answer.
"""

import logging
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.alert import Alert, Case, CaseFile, CaseOutcome, CaseState, title_of
from alerts.book_cases import NoSuchCase
from alerts.book_places import Place
from alerts.rules import Severity
from api.auth import GivenParts, Viewer
from api.faults import Fault, arose, query_faults
from api.parts import Parts, Person
from api.posts import audit, sensitive
from api.schemas import Moment, PostOut
from stream.labels import SelfHarm
from stream.ports import Unavailable
from stream.query import Hit

logger = logging.getLogger(__name__)
router = APIRouter(tags=["cases"])

EVIDENCE_SHOWN = 50
NEXT = "X-Guanlan-Next"
"""The header that says what to ask for `after` a full page."""
AlertId = Annotated[str, Path(max_length=200, title="预警编号")]


class CaseFilter(BaseModel):
    """Which cases."""

    model_config = ConfigDict(extra="forbid")

    states: list[CaseState] = Field(default=[], max_length=len(CaseState), title="状态")
    care: bool = Field(default=False, title="只看自伤关怀件", description="只对守护人有效,其他人得到空列表。")
    since: Moment | None = Field(default=None, title="预警不早于")
    until: Moment | None = Field(default=None, title="预警早于")
    after: str = Field(
        default="",
        max_length=1000,
        title="翻页标记",
        description=f"上一页响应头 {NEXT} 的值;一页装满时才有,条件须与上一页相同。",
    )
    limit: int = Field(default=100, ge=1, le=500, title="最多返回几件")


class Closing(BaseModel):
    """How a case ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: CaseOutcome = Field(title="结果")
    note: str = Field(default="", max_length=2000, title="说明", description="其中的个人信息会被遮盖。")


class AlertOut(BaseModel):
    """One alert."""

    id: str = Field(title="编号")
    rule: str = Field(title="规则")
    title: str = Field(title="标题")
    severity: Severity = Field(title="级别")
    severity_label: str = Field(title="级别名称")
    care: bool = Field(title="自伤关怀")
    level: SelfHarm = Field(title="自伤风险")
    group: str = Field(title="对象", description="主体、作者化名或 all。")
    since: datetime | None = Field(title="窗口起")
    until: datetime | None = Field(title="窗口止")
    raised_at: datetime = Field(title="预警时间")

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """An alert as JSON sees it."""
        return cls(
            id=alert.id,
            rule=alert.rule,
            title=alert.title,
            severity=alert.severity,
            severity_label=title_of(alert.severity),
            care=alert.care,
            level=alert.level,
            group=alert.group,
            since=alert.since,
            until=alert.until,
            raised_at=alert.raised_at,
        )


class CaseOut(BaseModel):
    """An alert and what people did about it."""

    alert: AlertOut = Field(title="预警")
    state: CaseState = Field(title="状态")
    state_label: str = Field(title="状态名称")
    opened_at: datetime = Field(title="立案时间")
    acknowledged_by: str = Field(title="接手人")
    acknowledged_at: datetime | None = Field(title="接手时间")
    closed_by: str = Field(title="关闭人")
    closed_at: datetime | None = Field(title="关闭时间")
    outcome: CaseOutcome | None = Field(title="结果")
    note: str = Field(title="说明")
    answer_due_at: datetime | None = Field(title="应答期限", description="逾期无人应答会再次通知;只有关怀件有。")

    @classmethod
    def of(cls, case: Case) -> Self:
        """A case as JSON sees it."""
        return cls(
            alert=AlertOut.of(case.alert),
            state=case.state,
            state_label=title_of(case.state),
            opened_at=case.opened_at,
            acknowledged_by=case.acknowledged_by,
            acknowledged_at=case.acknowledged_at,
            closed_by=case.closed_by,
            closed_at=case.closed_at,
            outcome=case.outcome,
            note=case.note,
            answer_due_at=case.answer_due_at,
        )


class CaseFileOut(CaseOut):
    """A case with the posts it rests on."""

    evidence: int = Field(title="证据条数")
    posts: list[PostOut] = Field(
        title="证据",
        description=f"最新的至多 {EVIDENCE_SHOWN} 条;平台或作者已删除、按保留期限已清除、尚未入库的不在其中。",
    )
    posts_unreadable: bool = Field(title="证据暂时读不到", description="检索库不可用,证据为空不表示已被清除。")


@router.get("/alerts", summary="预警")
def alerts(
    asked: Annotated[CaseFilter, Query()], parts: GivenParts, person: Viewer, response: Response
) -> list[AlertOut]:
    """Alerts, newest first; `X-Guanlan-Next` of a full page leads to the next."""
    return [AlertOut.of(case.alert) for case in _page(parts, person, asked, response)]


@router.get("/cases", summary="处置")
def cases(
    asked: Annotated[CaseFilter, Query()], parts: GivenParts, person: Viewer, response: Response
) -> list[CaseOut]:
    """Cases, newest alert first; `X-Guanlan-Next` of a full page leads to the next."""
    return [CaseOut.of(case) for case in _page(parts, person, asked, response)]


@router.get("/cases/{id}", summary="打开一件处置")
def case(id: AlertId, parts: GivenParts, person: Viewer) -> CaseFileOut:
    """One case with its evidence; the look is written down."""
    found, hits, pieces = opened(parts, person, id)
    posts = [PostOut.of(hit) for hit in hits or ()]
    return CaseFileOut(**CaseOut.of(found).model_dump(), evidence=pieces, posts=posts, posts_unreadable=hits is None)


@router.post("/cases/{id}/acknowledge", summary="接手")
def acknowledge(id: AlertId, parts: GivenParts, person: Viewer) -> CaseOut:
    """Say that somebody has it in hand; the first one to say so stands."""
    allowed(parts, person, id)
    return CaseOut.of(parts.book.acknowledge(id, person.name, parts.clock()))


@router.post("/cases/{id}/close", summary="关闭")
def close(id: AlertId, closing: Closing, parts: GivenParts, person: Viewer) -> CaseOut:
    """Say what came of it; the first closing stands."""
    allowed(parts, person, id)
    return CaseOut.of(parts.book.close_case(id, person.name, closing.outcome, closing.note, parts.clock()))


def _page(parts: Parts, person: Person, asked: CaseFilter, response: Response) -> tuple[Case, ...]:
    with query_faults():
        found = listed(parts, person, asked)
    if len(found) == asked.limit:
        response.headers[NEXT] = str(Place.of(found[-1]))
    return found


def listed(parts: Parts, person: Person, asked: CaseFilter, *, gravest_first: bool = False) -> tuple[Case, ...]:
    """The cases that this person may know of; raises ValueError for an `after` that is none."""
    if asked.care and not person.guards:
        return ()
    return parts.book.list_cases(
        care=asked.care,
        states=tuple(asked.states),
        since=asked.since,
        until=asked.until,
        after=Place.read(asked.after) if asked.after else None,
        limit=asked.limit,
        gravest_first=gravest_first,
    )


def allowed(parts: Parts, person: Person, id: str) -> None:
    """Let the person at the case, or say that there is none.

    Raises:
        Fault: 404 for a case that does not exist, or exists only for guardians.
    """
    alert = parts.book.alert(id)
    if alert is None or (alert.care and not person.guards):
        raise Fault(404, "没有这件预警。")


def opened(parts: Parts, person: Person, id: str) -> tuple[Case, list[Hit] | None, int]:
    """A case, its newest evidence as posts (see `evidence`), and how many pieces of evidence there are.

    Raises:
        Fault: 404, see `allowed`.
    """
    file = looked_at(parts, person, id)
    return file.case, evidence(parts, person, file), len(file.evidence)


def looked_at(parts: Parts, person: Person, id: str) -> CaseFile:
    """The case as it stands in the book, an audited look at it.

    Raises:
        Fault: 404, see `allowed`.
    """
    allowed(parts, person, id)
    try:
        return parts.book.look(id, person.name, parts.clock())
    except NoSuchCase:
        raise Fault(404, "没有这件预警。") from None


def evidence(parts: Parts, person: Person, file: CaseFile) -> list[Hit] | None:
    """The newest evidence as posts; a look at each self-harm post among them is audited: an ordinary case may rest on a
    post that was edited into one. None while the store cannot be read: whoever has to act needs the case, not them."""
    ids = [piece.post_id for piece in reversed(file.evidence)][:EVIDENCE_SHOWN]
    try:
        hits = [hit for hit in map(parts.store.get, ids) if hit is not None]
    except Unavailable as error:
        logger.warning("evidence cannot be read: %s", arose(error))
        return None
    shown = [hit for hit in hits if person.guards or not sensitive(hit)]
    audit(parts, person, shown)
    return shown
