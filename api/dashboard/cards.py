"""HTML of posts: pure functions from values to markup, escaped by construction.

Owns the words and structure of a post's card; `guanlan.css` owns the looks. Every value enters through
`Markup.format`, which escapes it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from unicodedata import east_asian_width as wide

from markupsafe import Markup, escape

from alerts.masking import mask
from alerts.voices import spreads
from alerts.wording import count, moment, platform
from api.dashboard.overview import NONE_OWN, OURS, Voice
from stream.labels import Risk, SelfHarm, Sentiment, Stage, chinese
from stream.query import Hit, Part
from stream.records import Subject
from stream.zone import SHANGHAI

_CUT_TEXT, _CUT_QUOTED = 6, 2
"""Lines that stay of a long post on the search page until it is unfolded, as in `guanlan.css`."""
_WIDE = 76
"""Han characters in a line of the widest card; in a narrower one a post has more lines, never fewer."""
_UNFOLD = Markup('<details class="gl-unfold"><summary><span>展开全文</span><span>收起</span></summary></details>')

_TONE = {Sentiment.NEGATIVE: " gl-bad", Sentiment.POSITIVE: " gl-good", Sentiment.NEUTRAL: ""}


def ago(then: datetime, now: datetime) -> str:
    """How long ago, as a person would say it."""
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return "刚刚"
    if seconds < 3600:
        return f"{int(seconds // 60)} 分钟前"
    if seconds < 86400:
        return f"{int(seconds // 3600)} 小时前"
    return moment(then, now)


def highlighted(text: str, words: Iterable[str]) -> Markup:
    """The text with these words marked, whatever their case."""
    found = sorted({word for word in words if word}, key=len, reverse=True)
    if not found:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in found), re.IGNORECASE)
    return marked(text, (match.span() for match in pattern.finditer(text)))


def marked(text: str, places: Iterable[tuple[int, int]]) -> Markup:
    """The text with these places marked, which come in order and without overlap."""
    pieces, done = Markup(), 0
    for start, end in places:
        pieces += escape(text[done:start]) + Markup("<mark>{}</mark>").format(text[start:end])
        done = end
    return pieces + escape(text[done:])


def voices(found: Sequence[Voice], subjects: Sequence[Subject], now: datetime) -> Markup:
    """The newest stories, personal data masked: this list hangs on walls."""
    if not any(subject.role in OURS for subject in subjects):
        return Markup('<p class="gl-empty">{}。</p>').format(NONE_OWN)
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
    """One post with the reasons for its judgement; marked is what was searched for, or else `words`."""
    words = list(words)
    said = hit.judged.post

    def shown(part: Part) -> Markup:
        text: str = getattr(said, part)
        if masked or not hit.highlights:
            return highlighted(mask(text) if masked else text, words)
        return marked(text, ((span.start, span.end) for span in hit.highlights if span.part is part))

    titles = {subject.name: subject.title for subject in subjects}
    about = [titles.get(name, name) for name in hit.judged.subjects]
    long = _lines(said.text) > _CUT_TEXT or _lines(said.quoted) > _CUT_QUOTED
    return Markup(
        '<article class="gl-post{long}"><p class="gl-meta"><span class="gl-plat">{platform}</span>'
        '<time datetime="{iso}" title="{exact}">{ago}</time>{extra}{link}</p>{title}<p class="gl-text">{text}</p>'
        '{quoted}{unfold}<p class="gl-tags">{tags}</p></article>'
    ).format(
        platform=platform(said.platform),
        iso=said.published_at.isoformat(),
        exact=f"{said.published_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        ago=("约 " if said.published_estimated else "") + ago(said.published_at, now),
        extra=_extra(hit, copies),
        link=_link(said.url),
        title=Markup("<h3>{}</h3>").format(shown(Part.TITLE)) if said.title else "",
        text=shown(Part.TEXT) + ("……(平台截断)" if said.truncated else ""),
        quoted=Markup('<blockquote class="gl-quoted">{}</blockquote>').format(shown(Part.QUOTED))
        if said.quoted
        else "",
        long=" gl-long" if long else "",
        unfold=_UNFOLD if long else "",
        tags=_tags(hit, about),
    )


def _lines(text: str) -> int:
    """How many lines it takes at least; a Latin letter is half as wide as a Han character."""
    widths = (sum(2 if wide(letter) in "WF" else 1 for letter in line) for line in text.split("\n"))
    return sum(max(1, ceil(width / (2 * _WIDE))) for width in widths)


def _aliases(hit: Hit, subjects: Sequence[Subject]) -> list[str]:
    return [
        word
        for subject in subjects
        if subject.name in hit.judged.subjects
        for word in (subject.title, *subject.aliases)
    ]


def _copies(voice: Voice, now: datetime) -> str:
    least = "" if voice.whole else "至少"
    return f"{least}另有 {voice.copies} 条同源,最近 {ago(voice.latest, now)}" if voice.copies else ""


def _extra(hit: Hit, copies: str) -> Markup:
    said = hit.judged.post
    bits = [
        f"作者 {said.author[:6]}" if said.author else "",
        "转发" if spreads(said) else "回复" if said.parent else "",
    ]
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
    # beside the name of a brand, a stage of 无关 would read as if the post were not about it
    stages = [] if said.stage is Stage.NONE else [chinese(said.stage)]
    tags += [Markup('<span class="gl-tag gl-plain">{}</span>').format(word) for word in (*about, *stages)]
    return Markup().join(tags)


def _tag(word: str, probability: float, tone: str) -> Markup:
    return Markup('<span class="gl-tag{}">{}<i>{}</i></span>').format(tone, word, f"{probability:.0%}")
