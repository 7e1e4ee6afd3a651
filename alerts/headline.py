"""The sentence on top and the mail's subject, chosen by rule from computed facts.

Owns which fact is the most important one today. Every number said here stands, with its query, in the sections.
"""

from collections.abc import Sequence

from alerts.figures import Crowd, Figure, Row
from alerts.ranking import GRAVE, SEVERITY
from alerts.report import Collected, Late, Matter, OwnSection, Shortfall
from alerts.wording import amount, change, originals, signed
from stream.labels import Health

SURGE = 50
"""Growth of the negative posts in per cent from which the volume itself is the news."""


def listened(sources: Sequence[Collected]) -> list[Collected]:
    """The sources that are not switched off."""
    return [source for source in sources if source.health.health is not Health.OFF]


def partial(sources: Sequence[Collected], unread: int, incomplete: Sequence[Shortfall]) -> bool:
    """Whether the figures may be less than what was said: some source's silence proves nothing, none is heard, posts
    were collected and not counted, or a listing of some subject was not read whole."""
    return bool(broken(sources)) or not listened(sources) or unread > 0 or bool(incomplete)


def broken(sources: Sequence[Collected]) -> list[Collected]:
    """The sources whose silence proves nothing."""
    return [source for source in sources if source.health.unheard]


def headline(
    total: Figure,
    own: OwnSection | None,
    matters: Sequence[Matter],
    sources: Sequence[Collected],
    *,
    unread: int,
    incomplete: Sequence[Shortfall],
    owned: bool,
) -> str:
    """One sentence. In this order: nothing collected; a grave matter; a surge; the biggest matter; calm."""
    if not total.value:
        if partial(sources, unread, incomplete):
            nothing = "还没有可统计的帖子" if unread else "没有采集到任何帖子"
            return f"本期{nothing}，{trouble(sources, unread, incomplete)}：没有数据，不等于没有舆情。"
        return f"本期 {len(listened(sources))} 个来源均正常，没有采集到任何帖子。"
    if own is None:
        without = "本报告不含自有品牌" if owned else "没有登记自有品牌，只列竞品与来源"
        return f"本期共采集 {amount(total.value, '条')}；{without}。"
    if not own.mood.total.value:
        return f"本期没有采集到提及{own.title}的帖子（全部帖子 {amount(total.value, '条')}）。"
    return _of_own(own, matters)


def _of_own(own: OwnSection, matters: Sequence[Matter]) -> str:
    negative = f"负面 {amount(own.negative.now.value, '条')}（{change(own.negative)}）"
    # posts of a grave kind that make none of the matters: too few beside them, reposts only, or not negative
    also = "".join(map(_mentions, filter(_grave, own.risks)))
    if not matters:
        return f"{own.title}{negative}，没有可归并的待处理事项{also}。"
    first = foremost(matters)
    if SEVERITY[first.kind] >= GRAVE:
        return f"「{first.title}」最要紧：{crowd_words(first)}；{change(first.change)}。"
    growth = own.negative.percent
    if growth is not None and growth >= SURGE:
        return f"{own.title}{negative}，最突出的是「{first.title}」：{crowd_words(first)}{also}。"
    calm = "" if also else "没有高风险事项；"
    return f"{own.title}{calm}{negative}，其中最该处理「{first.title}」：{crowd_words(first)}{also}。"


def foremost(matters: Sequence[Matter]) -> Matter:
    """The gravest matter from `GRAVE` on, however few its posts; else the one of highest priority."""
    gravest = max(matters, key=lambda matter: SEVERITY[matter.kind])  # of equals the first
    return gravest if SEVERITY[gravest.kind] >= GRAVE else matters[0]


def _grave(row: Row) -> bool:
    return any(SEVERITY[kind] >= GRAVE for kind in row.negative.query.risks)


def _mentions(row: Row) -> str:
    """News and notices of a recall are neutral in tone, and no less grave; praise is harmless."""
    said = f"；负面中有「{row.title}」{amount(row.negative.value, '条')}" if row.negative.value else ""
    if row.neutral and row.neutral.value:
        said += f"；另有中性帖子提到「{row.title}」{amount(row.neutral.value, '条')}"
    return said


def crowd_words(matter: Matter) -> str:
    """Originals, spreaders, accounts and interactions, apart."""
    crowd = matter.crowd
    words = "，".join(filter(None, [*originals(crowd), echo(crowd)]))
    return words + (f"，互动 {amount(crowd.interactions, '次')}" if crowd.interactions else "")


def echo(crowd: Crowd) -> str:
    """Who joined the originals; empty if nobody did."""
    joined = [f"{amount(crowd.spreaders, '条')}转发与雷同"] if crowd.spreaders else []
    if crowd.silent:
        joined.append(f"{amount(crowd.silent, '条')}未表态的转发")
    said = [f"另有 {'、'.join(joined)}"] if joined else []
    if crowd.accounts > 1:
        said.append(f"共 {amount(crowd.accounts, '个')}账号")
    return "，".join(said)


def trouble(sources: Sequence[Collected], unread: int, incomplete: Sequence[Shortfall]) -> str:
    """How many sources are not to be trusted to be silent, or else which subjects were not read whole; and how many
    posts are not counted yet."""
    said = []
    if not listened(sources):
        said.append("所有来源都已停用" if sources else "没有登记任何来源")
    elif broken(sources):
        said.append(f"{len(broken(sources))}/{len(listened(sources))} 个来源异常")
    elif incomplete:
        said.append(f"{'、'.join(one.title for one in incomplete)}没有采全")
    if unread:
        said.append(f"{amount(unread, '条')}已采集的帖子尚未处理")
    return "，".join(said)


def carried(late: Late) -> str:
    """How the window before stands otherwise than its report said; comparisons with it count that."""
    said = []
    if late.more:
        said.append(f"{'又采到' if late.more > 0 else '减少'} {amount(abs(late.more), '条')}")
    if late.more_negative:
        said.append(f"自有负面{'增加' if late.more_negative > 0 else '减少'} {amount(abs(late.more_negative), '条')}")
    return f"上期截稿后{'，'.join(said)}，已计入上期数。"


def subject(head: str, total: Figure, own: OwnSection | None, matters: Sequence[Matter], *, partial: bool) -> str:
    """The mail's subject: what a phone's notification shows.

    Args:
        head: the report's title and day.
        partial: see `partial`.
    """
    if not total.value:
        said = "没有数据" if partial else "没有相关帖子"
    elif own is None:
        said = f"共 {amount(total.value, '条')}"
    else:
        growth = own.negative.percent
        said = f"负面 {amount(own.negative.now.value, '条')}"
        said += f"（{signed(growth)}%）" if growth else ""
        said += f"，首要：{foremost(matters).title}" if matters else ""
    return f"{head}：{said}" + ("【数据不全】" if partial else "")
