"""HTML of what the dashboard shows: pure functions from values to markup, escaped by construction.

Owns words and structure; `guanlan.css` owns the looks. Every value enters through `Markup.format`, which escapes it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from markupsafe import Markup, escape

from alerts.masking import mask
from alerts.wording import SHANGHAI, count, duration, moment, platform
from api.dashboard.overview import SPAN_WORDS, Overview, Voice
from api.health import HealthReport, Lag, SourceOut, Status
from stream.query import Hit
from stream.records import Health, Risk, SelfHarm, Sentiment, Subject, chinese

_TONE = {Sentiment.NEGATIVE: " gl-bad", Sentiment.POSITIVE: " gl-good", Sentiment.NEUTRAL: ""}
_GROUPS = {"judge": "研判", "index": "入库", "alert": "预警"}
FEW = 20
"""Below so many posts a share is shown with a warning rather than believed."""


def ago(then: datetime, now: datetime) -> str:
    """How long ago, as a person would say it."""
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return "刚刚"
    if seconds < 3600:
        return f"{int(seconds // 60)} 分钟前"
    if seconds < 86400:
        return f"{int(seconds // 3600)} 小时前"
    return moment(then)


def highlighted(text: str, words: Iterable[str]) -> Markup:
    """The text with these words marked, whatever their case."""
    found = sorted({word for word in words if word}, key=len, reverse=True)
    if not found:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in found), re.IGNORECASE)
    pieces, end = Markup(), 0
    for match in pattern.finditer(text):
        pieces += escape(text[end : match.start()]) + Markup("<mark>{}</mark>").format(match[0])
        end = match.end()
    return pieces + escape(text[end:])


def kpis(seen: Overview) -> Markup:
    """The four figures on top."""
    words = SPAN_WORDS[seen.span]
    open_cases = seen.inbox.open
    sources = seen.health.sources
    fresh = sum(source.health is Health.FRESH for source in sources)
    share = _share(seen.negative, seen.posts)
    return Markup('<dl class="gl-kpis">{}</dl>').format(
        Markup().join(
            (
                _kpi(f"{words}声量", count(seen.posts), "条", _change(seen.posts, seen.posts_before), "blue"),
                _kpi(
                    f"{words}负面占比",
                    "—" if share is None else f"{share:.0%}",
                    f"n = {count(seen.negative)} / {count(seen.posts)}",
                    _share_note(seen),
                    "cinnabar" if share is not None and share >= 0.3 and seen.posts >= FEW else "blue",
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
                    _unwell(sources),
                    "jade" if sources and fresh == len(sources) else "amber",
                ),
            )
        )
    )


def voices(found: Sequence[Voice], subjects: Sequence[Subject], now: datetime) -> Markup:
    """The newest stories, personal data masked: this list hangs on walls."""
    if not found:
        return Markup('<p class="gl-empty">这段时间没有采集到自有品牌的负面帖子。请先看采集健康,再下结论。</p>')
    return Markup().join(
        post(voice.hit, subjects, now, copies=_copies(voice, now), masked=True, words=_aliases(voice.hit, subjects))
        for voice in found
    )


def post(
    hit: Hit,
    subjects: Sequence[Subject],
    now: datetime,
    *,
    copies: str = "",
    masked: bool = False,
    words: Iterable[str] = (),
) -> Markup:
    """One post with the reasons for its judgement."""
    words = list(words)
    said = hit.judged.post

    def shown(text: str) -> Markup:
        return highlighted(mask(text) if masked else text, words)

    titles = {subject.name: subject.title for subject in subjects}
    about = [titles.get(name, name) for name in hit.judged.subjects]
    return Markup(
        '<article class="gl-post"><p class="gl-meta"><span class="gl-plat">{platform}</span>'
        '<time datetime="{iso}" title="{exact}">{ago}</time>{extra}{link}</p>{title}<p class="gl-text">{text}</p>'
        '{quoted}<p class="gl-tags">{tags}</p></article>'
    ).format(
        platform=platform(said.platform),
        iso=said.published_at.isoformat(),
        exact=f"{said.published_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        ago=("约 " if said.published_estimated else "") + ago(said.published_at, now),
        extra=_extra(hit, copies),
        link=_link(said.url),
        title=Markup("<h3>{}</h3>").format(shown(said.title)) if said.title else "",
        text=shown(said.text) + ("……(平台截断)" if said.truncated else ""),
        quoted=Markup('<blockquote class="gl-quoted">{}</blockquote>').format(shown(said.quoted))
        if said.quoted
        else "",
        tags=_tags(hit, about),
    )


def source_strip(report: HealthReport, now: datetime) -> Markup:
    """Every source with its state, the unwell first; a source without news says why and since when."""
    if not report.sources:
        return Markup('<p class="gl-empty">还没有登记任何来源:看板上的空白不代表没有声音。</p>')
    unwell = sum(source.health is not Health.FRESH for source in report.sources)
    words = f"{unwell} 个来源采集不到或不全,其空白不代表没有声音" if unwell else "全部来源采集正常"
    order = sorted(report.sources, key=lambda source: (source.health is Health.FRESH, source.name))
    return Markup(
        '<div class="gl-title"><h2>采集健康</h2><small{}>{}</small>'
        '<a class="gl-more" href="/sources">来源详情</a></div>'
        '<div class="gl-sources" tabindex="0">{}</div>'
    ).format(
        Markup(' class="gl-worry"') if unwell else "", words, Markup().join(_source(source, now) for source in order)
    )


def source_table(report: HealthReport) -> Markup:
    """The same as a table with everything known."""
    rows = Markup().join(
        Markup(
            '<tr class="gl-h-{health}"><td><b>{name}</b></td><td>{platform}</td><td class="gl-state">{label}</td>'
            "<td>{since}</td><td>{reason}</td><td>{success}</td><td>{posts}</td></tr>"
        ).format(
            health=source.health.value,
            name=source.name,
            platform=platform(source.platform),
            label=source.label,
            since=moment(source.since) if source.since else "—",
            reason=source.reason or "—",
            success=moment(source.last_success) if source.last_success else "从未成功",
            posts=f"累计 {source.posts:,} 条",
        )
        for source in report.sources
    )
    return Markup(
        '<table class="gl-table"><thead><tr><th>来源</th><th>平台</th><th>状态</th><th>自何时</th><th>原因</th>'
        "<th>最近成功</th><th>数量</th></tr></thead><tbody>{}</tbody></table>"
    ).format(rows)


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
    return Markup('<ul class="gl-flow">{}{}{}</ul>').format(checks, Markup().join(map(_lag, report.lags)), speed)


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


def _change(now: int, before: int) -> str:
    if not before:
        return "上一同长时段没有数据,不作比较"
    if before < FEW:
        return f"上一同长时段 {before} 条"
    return f"较上一同长时段 {(now - before) / before:+.0%}({count(before)} 条)"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _share_note(seen: Overview) -> str:
    if seen.posts < FEW:
        return "样本太少,比例仅供参考" if seen.posts else "没有数据,不等于没有负面"
    before = _share(seen.negative_before, seen.posts_before)
    if before is None or seen.posts_before < FEW:
        return "上一同长时段样本不足,不作比较"
    change = (seen.negative / seen.posts - before) * 100
    return f"较上一同长时段 {change:+.0f} 个百分点"


def _unwell(found: Sequence[SourceOut]) -> str:
    unwell = [source for source in found if source.health is not Health.FRESH]
    if not found:
        return "尚未登记来源"
    return "、".join(f"{platform(source.platform)}{source.label}" for source in unwell) or "全部来源采集正常"


def _aliases(hit: Hit, subjects: Sequence[Subject]) -> list[str]:
    return [
        word
        for subject in subjects
        if subject.name in hit.judged.subjects
        for word in (subject.title, *subject.aliases)
    ]


def _copies(voice: Voice, now: datetime) -> str:
    return f"另有 {voice.copies} 条同源,最近 {ago(voice.latest, now)}" if voice.copies else ""


def _extra(hit: Hit, copies: str) -> Markup:
    said = hit.judged.post
    bits = [f"作者 {said.author[:6]}" if said.author else "", "转发" if said.parent else ""]
    bits += [
        f"{word} {count(number)}"
        for word, number in (("赞", said.likes), ("评", said.comments), ("转", said.reposts))
        if number
    ]
    spread = Markup('<span class="gl-spread">{}</span>').format(copies) if copies else Markup()
    return Markup().join(Markup("<span>{}</span>").format(bit) for bit in bits if bit) + spread


def _link(url: str) -> Markup:
    if not url.startswith(("https://", "http://")):
        return Markup()
    return Markup('<a class="gl-link" href="{}" target="_blank" rel="noopener noreferrer">原文 ↗</a>').format(url)


def _tags(hit: Hit, about: Sequence[str]) -> Markup:
    said = hit.judged.judgement
    mood = said.sentiment_probs[list(Sentiment).index(said.sentiment)]
    tags = [_tag(chinese(said.sentiment), mood, _TONE[said.sentiment])]
    tags += [_tag(chinese(risk), said.risk_probs[list(Risk).index(risk)], " gl-bad") for risk in said.risks]
    if said.self_harm is not SelfHarm.NONE:
        tags.append(Markup('<span class="gl-tag gl-care">自伤{}</span>').format(chinese(said.self_harm)))
    if said.uncertain:
        tags.append(Markup('<span class="gl-tag gl-doubt" title="模型把握不足,请人工确认">把握不足</span>'))
    tags += [Markup('<span class="gl-tag gl-plain">{}</span>').format(word) for word in (*about, chinese(said.stage))]
    return Markup().join(tags)


def _tag(word: str, probability: float, tone: str) -> Markup:
    return Markup('<span class="gl-tag{}">{}<i>{}</i></span>').format(tone, word, f"{probability:.0%}")


def _source(source: SourceOut, now: datetime) -> Markup:
    success = f"最近成功 {ago(source.last_success, now)}" if source.last_success else "从未成功"
    well = source.health is Health.FRESH
    since = "" if well or not source.since else f"自 {moment(source.since)}"
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
