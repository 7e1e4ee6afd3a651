"""HTML of figures: the four on top, the sources' health, and the pipeline's lag; pure, escaped by construction.

Owns their words: what is said beside a number when the number alone would mislead. `guanlan.css` owns the looks.
"""

from datetime import datetime

from markupsafe import Markup

from alerts.wording import count, duration, moment, platform
from api.dashboard.cards import ago
from api.dashboard.overview import NONE_OWN, SPAN_WORDS, Overview
from api.health import HealthReport, Lag, SourceOut, Status
from stream.labels import Health
from stream.zone import SHANGHAI

_GROUPS = {"judge": "研判", "index": "入库", "alert": "预警"}
_CALM = (Health.FRESH, Health.OFF)
"""Nothing is wrong."""
_FEW = 20
"""Below so many posts a share is shown with a warning rather than believed."""


def kpis(seen: Overview) -> Markup:
    """The four figures on top."""
    words = SPAN_WORDS[seen.span]
    open_cases = seen.inbox.open
    sources = listened(seen.health)
    fresh = sum(source.health is Health.FRESH for source in sources)
    share = _share(seen.negative, seen.posts)
    return Markup('<dl class="gl-kpis">{}</dl>').format(
        Markup().join(
            (
                _kpi(f"{words}声量", count(seen.posts), "条", _volume_note(seen), "blue"),
                _kpi(
                    f"{words}负面占比",
                    "—" if share is None else f"{share:.0%}",
                    f"n = {count(seen.negative)} / {count(seen.posts)}",
                    _share_note(seen),
                    "cinnabar" if share is not None and share >= 0.3 and seen.posts >= _FEW else "blue",
                ),
                _kpi(
                    "未处理预警",
                    str(open_cases),
                    "件",
                    f"最早的一件:{ago(seen.inbox.oldest, seen.at)}" if seen.inbox.oldest else "没有等待处理的预警",
                    "cinnabar" if open_cases else "jade",
                ),
                _kpi(
                    "采集健康",
                    f"{fresh}/{len(sources)}",
                    "个来源正常",
                    _unwell(seen.health),
                    "jade" if sources and fresh == len(sources) and not seen.health.incomplete else "amber",
                ),
            )
        )
    )


def source_strip(report: HealthReport, now: datetime) -> Markup:
    """Every source with its state, the unwell first; a source without news says why and since when."""
    if not report.sources:
        why = "还没有登记任何来源" if _readable(report) else "采集状态现在读不到"
        return Markup('<p class="gl-empty">{}:看板上的空白不代表没有声音。</p>').format(why)
    unwell = sum(source.health is not Health.FRESH for source in listened(report))
    words = f"{unwell} 个来源采集不到或不全,其空白不代表没有声音" if unwell else _whole(report)
    if not listened(report):
        words = "所有来源都已停用,看板上的空白不代表没有声音"
    order = sorted(report.sources, key=lambda one: (one.health is Health.OFF, one.health is Health.FRESH, one.name))
    return Markup(
        '<div class="gl-title"><h2>采集健康</h2><small{}>{}</small>'
        '<a class="gl-more" href="/sources">来源详情</a></div>'
        '<div class="gl-sources" tabindex="0">{}</div>'
    ).format(
        Markup(' class="gl-worry"') if unwell or report.incomplete else "",
        words,
        Markup().join(_source(source, now) for source in order),
    )


def source_table(report: HealthReport) -> Markup:
    """The same as a table with everything known."""
    rows = Markup().join(
        Markup(
            '<tr class="gl-h-{health}"><td><b>{name}</b></td><td data-title="平台">{platform}</td>'
            '<td data-title="状态" class="gl-state">{label}</td><td data-title="自何时">{since}</td>'
            '<td data-title="原因">{reason}</td><td data-title="最近成功">{success}</td>'
            '<td data-title="数量">{posts}</td></tr>'
        ).format(
            health=source.health.value,
            name=source.name,
            platform=platform(source.platform),
            label=source.label,
            since=moment(source.since, report.checked_at) if source.since else "—",
            reason=_why(source, report.checked_at),
            success=moment(source.last_success, report.checked_at) if source.last_success else "从未成功",
            posts=f"累计 {source.posts:,} 条",
        )
        for source in report.sources
    )
    return Markup(
        '<table class="gl-table"><thead><tr><th>来源</th><th>平台</th><th>状态</th><th>自何时</th><th>原因</th>'
        "<th>最近成功</th><th>数量</th></tr></thead><tbody>{}</tbody></table>"
    ).format(rows)


def listened(report: HealthReport) -> list[SourceOut]:
    """The sources that are not switched off."""
    return [source for source in report.sources if source.health is not Health.OFF]


def flow(report: HealthReport, latency: float | None) -> Markup:
    """The pipeline in one line: what works, and how far each reader is behind."""
    checks = Markup().join(
        Markup('<li class="{}"><span>{}</span><b>{}</b></li>').format(
            "" if check.ok else "gl-broken", check.title, "可用" if check.ok else "不可用"
        )
        for check in report.checks
        if not check.ok
    )
    speed = (
        Markup("<li><span>采集到可查(中位)</span><b>{}</b></li>").format(duration(latency))
        if latency is not None
        else Markup()
    )
    lost = _lost("处理失败", report.dead, "条"), _lost("未送达", report.undelivered, "份")
    parts = checks, *lost, Markup().join(map(_lag, report.lags)), speed
    return Markup('<ul class="gl-flow">{}</ul>').format(Markup().join(parts))


def live(report: HealthReport, now: datetime) -> Markup:
    """The small light beside the title."""
    off = "gl-off" if report.status is Status.DOWN else ""
    return Markup('<span class="gl-live {}">{} · {} 更新</span>').format(
        off, "系统异常" if off else "实时", f"{now.astimezone(SHANGHAI):%H:%M:%S}"
    )


def _kpi(title: str, value: str, unit: str, note: Markup | str, tone: str) -> Markup:
    return Markup(
        '<div class="gl-card gl-kpi gl-t-{}"><dt>{}</dt><dd><b>{}</b><span class="gl-unit">{}</span></dd>'
        '<dd><span class="gl-note">{}</span></dd></div>'
    ).format(tone, title, value, unit, note)


def _lost(title: str, number: int | None, unit: str) -> Markup:
    if number == 0:
        return Markup()
    words = Markup('<li class="gl-broken"><span>{}</span><b>{}<small>{}</small></b></li>')
    return words.format(title, number or "?", unit)


def _volume_note(seen: Overview) -> str:
    now, before = seen.posts, seen.posts_before
    if not seen.own:
        return NONE_OWN
    if not before:
        return "上一同长时段没有数据,不作比较"
    if before < _FEW:
        return f"上一同长时段 {before} 条"
    return f"上一同长时段 {count(before)} 条,{(now - before) / before:+.0%}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _share_note(seen: Overview) -> str:
    if not seen.own:
        return NONE_OWN
    if seen.posts < _FEW:
        return "样本太少,比例仅供参考" if seen.posts else "没有数据,不等于没有负面"
    before = _share(seen.negative_before, seen.posts_before)
    if before is None or seen.posts_before < _FEW:
        return "上一同长时段样本不足,不作比较"
    change = (seen.negative / seen.posts - before) * 100
    return f"较上一同长时段 {change:+.0f} 个百分点"


def _readable(report: HealthReport) -> bool:
    return all(check.ok for check in report.checks if check.name == "sources")


def _unwell(report: HealthReport) -> str:
    unwell = [source for source in listened(report) if source.health is not Health.FRESH]
    if not report.sources:
        return "尚未登记来源" if _readable(report) else "采集状态读不到"
    return "、".join(f"{platform(source.platform)}{source.label}" for source in unwell) or _whole(report)


def _whole(report: HealthReport) -> str:
    """Of sources that are all fresh; a listing of one may yet not have been read whole."""
    titles = "、".join(one.title for one in report.incomplete)
    return f"{titles}没有采全,其空白不代表没有声音" if titles else "全部来源采集正常"


def _why(source: SourceOut, now: datetime) -> str:
    again = f"{moment(source.retry_at, now)} 再试" if source.retry_at else ""
    return "；".join(part for part in (source.reason, again) if part) or "—"


def _source(source: SourceOut, now: datetime) -> Markup:
    success = f"最近成功 {ago(source.last_success, now)}" if source.last_success else "从未成功"
    well = source.health in _CALM
    since = "" if well or not source.since else f"自 {moment(source.since, now)}"
    return Markup(
        '<div class="gl-source gl-h-{health}" title="{hint}">'
        '<p><b>{platform}</b><span class="gl-state">{label}</span></p>'
        "<small>{first}</small><small>{second}</small></div>"
    ).format(
        health=source.health.value,
        hint=f"{source.name} · {success} · 累计 {source.posts:,} 条 {source.reason}",
        platform=platform(source.platform),
        label=source.label,
        first=source.reason or source.name,
        second=since or success,
    )


def _lag(lag: Lag) -> Markup:
    tone = "gl-broken" if lag.messages is None else "gl-behind" if lag.messages > 1000 else ""
    value = "读不到" if lag.messages is None else count(lag.messages)
    return Markup('<li class="{}"><span>{}积压</span><b>{}<small>条</small></b></li>').format(
        tone, _GROUPS.get(lag.group, lag.group), value
    )
