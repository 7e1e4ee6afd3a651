"""HTML of what was heard and missed: the subjects whose figures are not whole, and every listing of every source.

Owns the order and the words; pure, escaped by construction. The figures are `api.health`'s.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from alerts.wording import count, moment, platform
from api.health import CoverageOut, HealthReport, SourceOut
from stream.labels import Health
from stream.records import Subject

_SHOWN = 300
_HEADS = ("来源", "列表", "主体", "状态", "自何时", "见到 / 平台称有", "页数", "不完整", "所见帖子的时间")
_NOTES = {
    Health.CAPPED: "更早的内容未采",
    Health.GAP: "中间有一段没见到",
    Health.BLOCKED: "没有数据不等于没有消息",
    Health.LOGIN_NEEDED: "没有数据不等于没有消息",
}


def subjects(report: HealthReport, known: Sequence[Subject]) -> Markup:
    """Each subject: whole, or what is missing of it, or that nothing follows it; what concerns them all stands last."""
    missing = {one.subject: one for one in report.incomplete}
    readable = all(check.ok for check in report.checks if check.name == "sources")
    followed = {name for _, row in _listened(report) for name in row.subjects}
    rows = []
    for one in known:
        if one.name in missing:
            rows.append(_subject("capped", one.title, missing[one.name].words))
        elif one.name in followed:
            rows.append(_subject("fresh", one.title, "为它登记的列表都已读全"))
        else:
            nothing = "没有为它登记的列表:没有数据不等于没有消息" if readable else "采集状态暂时读不到"
            rows.append(_subject("never", one.title, nothing))
    if "" in missing:
        rows.append(_subject("capped", missing[""].title, f"{missing[''].words}（这些列表可能谈及任何主体）"))
    return Markup('<ul class="gl-whole">{}</ul>').format(Markup().join(rows))


def table(report: HealthReport, known: Sequence[Subject]) -> Markup:
    """A row a listing, the incomplete ones first."""
    titles = {subject.name: subject.title for subject in known}
    listings = _listened(report)
    listings.sort(key=lambda one: (one[1].state is Health.FRESH, one[0].name))
    if not listings:
        return Markup('<p class="gl-empty">{}</p>').format("还没有任何列表被采集过。")
    rows = Markup().join(_row(source, row, titles, report.checked_at) for source, row in listings[:_SHOWN])
    more = len(listings) - _SHOWN
    rest = Markup('<p class="gl-note">另有 {} 个列表，见 guanlan sources --json。</p>').format(more) if more > 0 else ""
    heads = Markup().join(Markup("<th>{}</th>").format(head) for head in _HEADS)
    return Markup('<table class="gl-table gl-dense"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>{}').format(
        heads, rows, rest
    )


def summary(report: HealthReport) -> str:
    """How many listings were read whole."""
    states = [row.state for _, row in _listened(report)]
    whole = states.count(Health.FRESH)
    return f"{len(states)} 个列表，{whole} 个读全" + ("" if whole == len(states) else f"，{len(states) - whole} 个不全")


def _listened(report: HealthReport) -> list[tuple[SourceOut, CoverageOut]]:
    """The listings that are not switched off, each with its source."""
    return [(source, row) for source in report.sources for row in source.coverage if row.state is not Health.OFF]


def _subject(tone: str, title: str, words: str) -> Markup:
    return Markup('<li class="gl-h-{}"><b>{}</b><span>{}</span></li>').format(tone, title, words)


def _row(source: SourceOut, row: CoverageOut, titles: dict[str, str], now: datetime) -> Markup:
    cells = (
        ("", Markup("<b>{}</b> <small>{}</small>").format(source.name, platform(source.platform))),
        ("列表", row.listing or "（整个来源）"),
        ("主体", "、".join(titles.get(name, name) for name in row.subjects) or "不限"),
        ("状态", _state(row)),
        ("自何时", moment(row.began, now) if row.began else "—"),
        ("见到/有", f"{count(row.got)} / {count(row.expected)}" if row.expected else f"{count(row.got)} / 未说明"),
        ("页数", str(row.pages)),
        ("不完整", f"{row.truncated} 条" if row.truncated else "—"),
        ("时间", _stretch(row.since, row.until, now)),
    )
    return Markup('<tr class="gl-h-{}">{}</tr>').format(
        row.state.value,
        Markup().join(Markup('<td data-title="{}">{}</td>').format(title, value) for title, value in cells),
    )


def _state(row: CoverageOut) -> Markup:
    note = _NOTES.get(row.state, "")
    return Markup('<span class="gl-state">{}</span>{}').format(
        row.label, Markup("<small>{}</small>").format(note) if note else ""
    )


def _stretch(since: datetime | None, until: datetime | None, now: datetime) -> str:
    if since is None or until is None:
        return "本次没有新帖"
    return f"{moment(since, now)} 至 {moment(until, now)}"
