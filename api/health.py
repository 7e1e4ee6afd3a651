"""Is Guanlan itself well: its stores, its lag, and what is known of every source.

Owns the figures and their JSON. A source that is blocked is bad news about a platform, not a fault of Guanlan, so
only the stores decide between 200 and 503. Needs no key, so that a probe can ask: then it holds names, states and
numbers, never texts or people. A listing may be an account and a reason may name one, so those need a key.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.report import Shortfall
from alerts.shortfall import shortfalls
from api.auth import GivenParts, identify
from api.faults import arose
from api.parts import Parts
from stream.labels import Health, chinese
from stream.ports import Misconfigured, Unavailable
from stream.records import Coverage, SourceHealth

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


class Status(StrEnum):
    """How Guanlan is: everything works; it works but something is not seen or not told; it does not work."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Check(BaseModel):
    """One essential part, tried just now."""

    name: str = Field(title="部件")
    title: str = Field(title="中文名")
    ok: bool = Field(title="是否可用")


class Lag(BaseModel):
    """How far one reader group is behind."""

    topic: str = Field(title="主题")
    group: str = Field(title="读者组")
    messages: int | None = Field(title="未处理条数", description="空表示读不到。")


class CoverageOut(BaseModel):
    """What is known of one listing."""

    listing: str = Field(title="列表", description="关键词、版块或账号;空表示来源只有一个固定列表。")
    state: Health = Field(title="状态")
    label: str = Field(title="状态说明")
    began: datetime | None = Field(title="自何时起")
    subjects: list[str] = Field(title="主体", description="为哪些主体采集;空表示可能谈及任何主体。")
    got: int = Field(title="见到条数")
    expected: int | None = Field(title="平台称有条数", description="空表示平台没有给出。")
    pages: int = Field(title="页数")
    truncated: int = Field(title="不完整条数")
    since: datetime | None = Field(title="最早一条发布于")
    until: datetime | None = Field(title="最新一条发布于")

    @classmethod
    def of(cls, row: Coverage) -> "CoverageOut":
        """A listing as JSON sees it."""
        return cls(label=chinese(row.state), **asdict(row))


class SourceOut(BaseModel):
    """What is known of one source."""

    name: str = Field(title="来源")
    platform: str = Field(title="平台")
    health: Health = Field(title="状态")
    label: str = Field(title="状态说明")
    reason: str = Field(title="原因")
    since: datetime | None = Field(title="自何时起")
    last_success: datetime | None = Field(title="最近一次成功")
    posts: int = Field(title="累计条数")
    retry_at: datetime | None = Field(title="何时再试", description="仅在被拒绝而暂停采集时给出。")
    coverage: list[CoverageOut] = Field(title="各列表的覆盖")

    @classmethod
    def of(cls, source: SourceHealth) -> "SourceOut":
        """A source's health as JSON sees it."""
        return cls(
            name=source.name,
            platform=source.platform,
            health=source.health,
            label=chinese(source.health),
            reason=source.reason,
            since=source.since,
            last_success=source.last_success,
            posts=source.posts,
            retry_at=source.retry_at,
            coverage=[CoverageOut.of(row) for row in source.coverage],
        )


class ShortfallOut(BaseModel):
    """A subject whose figures are not whole."""

    model_config = ConfigDict(from_attributes=True)

    subject: str = Field(title="主体", description="空表示可能谈及任何主体的列表。")
    title: str = Field(title="中文名")
    words: str = Field(title="缺什么")


class HealthReport(BaseModel):
    """How Guanlan is, in words and in figures."""

    status: Status = Field(title="总体")
    message: str = Field(title="总体说明")
    checked_at: datetime = Field(title="检查时间")
    checks: list[Check] = Field(title="关键部件")
    lags: list[Lag] = Field(title="处理积压")
    dead: int | None = Field(title="死信", description="处理失败、等待处置的消息条数;空表示读不到。")
    undelivered: int | None = Field(
        title="未送达", description="近 24 小时内最终未能送达的通知与邮件份数;空表示读不到。"
    )
    listed: bool = Field(
        title="是否给出列表",
        description="列表可能是个人账号:不带访问密钥时各来源的 reason 与 coverage 都留空,此项为 false。",
    )
    sources: list[SourceOut] = Field(title="来源")
    incomplete: list[ShortfallOut] = Field(title="数据不全的主体")


def examine(parts: Parts) -> HealthReport:
    """Try every essential part and read every lag and source; never raises for a part that is down."""
    tried = [
        ("log", "消息日志", parts.log.check),
        ("store", "检索库", parts.store.check),
        ("book", "预警台账", parts.book.check),
    ]
    checks = [Check(name=name, title=title, ok=_works(name, check)) for name, title, check in tried]
    lags = [
        Lag(topic=topic, group=group, messages=_counted(f"lag {topic} {group}", partial(parts.log.lag, topic, group)))
        for topic, group in parts.groups
    ]
    dead = _counted("dead letters", parts.dead)
    lost = _counted("undelivered", partial(undelivered, parts))
    found: list[SourceHealth] = []

    def read_sources() -> None:
        found.extend(parts.health())

    checks.append(Check(name="sources", title="采集状态", ok=_works("sources", read_sources)))
    down = not all(check.ok for check in checks) or any(lag.messages is None for lag in lags)
    missing = shortfalls(found, parts.subjects)
    troubles = list(_troubles(found, missing, dead, lost))
    return HealthReport(
        status=Status.DOWN if down else Status.DEGRADED if troubles else Status.OK,
        message="系统关键部分不可用" if down else f"系统正常,但{';'.join(troubles)}" if troubles else "一切正常",
        checked_at=parts.clock(),
        checks=checks,
        lags=lags,
        dead=dead,
        undelivered=lost,
        listed=True,
        sources=[SourceOut.of(source) for source in found],
        incomplete=[ShortfallOut.model_validate(one) for one in missing],
    )


def undelivered(parts: Parts) -> int:
    """How many notices and mails of the last day nobody took and nobody will be given again.

    Raises:
        Unavailable: the book cannot be reached.
    """
    return parts.book.undelivered(parts.clock() - timedelta(days=1))


@router.get("/health", summary="系统健康", responses={503: {"model": HealthReport, "description": "关键部件不可用"}})
def health(parts: GivenParts, request: Request, response: Response) -> HealthReport:
    """200 when everything essential works, 503 otherwise; the same body either way, without a key less the listings."""
    report = examine(parts)
    if identify(parts, request) is None:
        sources = [source.model_copy(update={"reason": "", "coverage": []}) for source in report.sources]
        report = report.model_copy(update={"listed": False, "sources": sources})
    if report.status is Status.DOWN:
        response.status_code = 503
    return report


def _works(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except (Unavailable, Misconfigured) as error:
        logger.warning("health check failed part=%s error=%s", name, arose(error))
        return False
    return True


def _troubles(
    sources: Sequence[SourceHealth], missing: Sequence[Shortfall], dead: int | None, lost: int | None
) -> Iterator[str]:
    """What is not seen or not told although every part works."""
    if any(source.unheard for source in sources):
        yield "部分来源采集不到新内容:没有数据不等于没有消息"
    elif missing:
        yield f"{'、'.join(one.title for one in missing)}没有采全:没有数据不等于没有消息"
    if dead is None:
        yield "读不到有多少条消息处理失败"
    elif dead:  # one of them may be a person at risk of whom nobody was told
        yield f"{dead} 条消息处理失败,可能有该发的预警没有发出:请用 guanlan dead list 处置"
    if lost is None:
        yield "读不到有多少通知和邮件未能送达"
    elif lost:
        yield f"近 24 小时有 {lost} 份通知或邮件最终未能送达,可能有人不知情:请检查通知渠道与邮件服务器,并到看板查看预警"


def _counted(name: str, count: Callable[[], int]) -> int | None:
    try:
        return count()
    except (Unavailable, Misconfigured) as error:
        logger.warning("figure unreadable name=%s error=%s", name, arose(error))
        return None
