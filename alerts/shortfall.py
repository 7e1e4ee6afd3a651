"""What is missing from the figures of each subject: the listings that were not read whole, told to whom they concern.

Owns which listing counts as missing and the sentence about it. Does not own the states (`stream.records`) nor which
listing is listened to for whom (that comes with the health).
"""

from collections import Counter
from collections.abc import Sequence

from alerts.report import Shortfall
from alerts.wording import count, platform
from stream.labels import Health
from stream.records import Coverage, SourceHealth, Subject

ANYBODY = "各主体"
"""For whom a listing counts that may speak of anybody."""

_WORDS = {
    Health.UNAUTHORISED: "无授权",
    Health.LOGIN_NEEDED: "需登录",
    Health.BLOCKED: "被拦截",
    Health.NEVER: "尚未采到",
    Health.STALE: "没有采全",
    Health.GAP: "有缺口",
    Health.CAPPED: "触顶",
}
"""The worst first."""


def shortfalls(sources: Sequence[SourceHealth], subjects: Sequence[Subject]) -> tuple[Shortfall, ...]:
    """Each of these subjects with what is missing of it, in their order; last what concerns them all.

    A subject of which nothing is missing is left out, though it may be concerned by the last.
    """
    labels = _labels(sources)
    missing = [(labels[source.name], row) for source in sources for row in source.coverage if row.state in _WORDS]
    found = [
        (subject.name, subject.title, [one for one in missing if subject.name in one[1].subjects])
        for subject in subjects
    ]
    found.append(("", ANYBODY, [one for one in missing if not one[1].subjects]))
    return tuple(Shortfall(name, title, _said(rows)) for name, title, rows in found if rows)


def _labels(sources: Sequence[SourceHealth]) -> dict[str, str]:
    """What each source is called: its platform, and its own name where several read the same platform."""
    several = Counter(source.platform for source in sources)
    return {
        source.name: platform(source.platform) + (f" {source.name} " if several[source.platform] > 1 else "")
        for source in sources
    }


def _said(rows: Sequence[tuple[str, Coverage]]) -> str:
    grouped: dict[tuple[str, Health], list[Coverage]] = {}
    for state in _WORDS:
        for label, row in rows:
            if row.state is state:
                grouped.setdefault((label, state), []).append(row)
    return "，".join(_of(label, state, listings) for (label, state), listings in grouped.items())


def _of(label: str, state: Health, listings: Sequence[Coverage]) -> str:
    """One source in one state; how much of it was had, where the platform says how much there is."""
    named = [row for row in listings if row.listing]
    said = f"{label}{_WORDS[state]}" + (f" {len(named)} 处" if named else "")
    totals = [(row.got, row.expected) for row in listings if row.expected and row.got < row.expected]
    if len(totals) < len(listings):
        return said
    return f"{said}（见到 {count(sum(got for got, _ in totals))}/{count(sum(total or 0 for _, total in totals))} 条）"
