"""ECharts options for the overview: pure functions from counts to the dict ECharts wants.

Owns colours and shapes of charts; `overview` owns the numbers.
"""

from collections.abc import Sequence
from typing import Any

from api.dashboard.overview import Brand, Bucket, RiskCount
from stream.labels import chinese

INK, SLATE, CINNABAR, AMBER, MIST = "#3a6ea5", "#8fa6c0", "#c8452f", "#c98a1b", "#8a94a3"
_LINE = "rgba(138,148,163,.22)"
_FONT = "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif"
_TEXT = {"color": MIST, "fontFamily": _FONT, "fontSize": 12}
_TOOLTIP = {"trigger": "axis", "confine": True, "textStyle": {"fontFamily": _FONT, "fontSize": 12}}


def trend(buckets: Sequence[Bucket]) -> dict[str, Any]:
    """All posts as a quiet area, negative ones as the line to watch."""
    return {
        "animation": False,
        "textStyle": _TEXT,
        "grid": {"left": 8, "right": 22, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"right": 4, "top": 0, "itemWidth": 14, "itemHeight": 8, "textStyle": _TEXT, "icon": "roundRect"},
        "tooltip": _TOOLTIP,
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "data": [bucket.label for bucket in buckets],
            "axisLine": {"lineStyle": {"color": _LINE}},
            "axisTick": {"show": False},
            "axisLabel": {**_TEXT, "hideOverlap": True},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "splitLine": {"lineStyle": {"color": _LINE}},
            "axisLabel": _TEXT,
        },
        "series": [
            _line("全部", [bucket.posts for bucket in buckets], INK, 0.10),
            _line("负面", [bucket.negative for bucket in buckets], CINNABAR, 0.16),
        ],
    }


def brands(rows: Sequence[Brand]) -> dict[str, Any]:
    """One bar a brand: negative, then the rest; the own brand's name stands out."""
    rows = list(reversed(rows))
    return {
        **_bars([row.title for row in rows]),
        "legend": {"right": 4, "top": 0, "itemWidth": 14, "itemHeight": 8, "textStyle": _TEXT, "icon": "roundRect"},
        "grid": {"left": 4, "right": 104, "top": 30, "bottom": 0, "containLabel": True},
        "series": [
            _bar("负面", [row.negative for row in rows], CINNABAR, stack="all"),
            _bar("其余", [_labelled(row) for row in rows], SLATE, stack="all"),
        ],
    }


def risks(rows: Sequence[RiskCount]) -> dict[str, Any]:
    """One bar a risk kind, most frequent on top."""
    rows = list(reversed(rows))
    series = _bar("条数", [row.posts for row in rows], AMBER)
    series["label"] = {**_TEXT, "show": True, "position": "right"}
    return {
        **_bars([chinese(row.risk) for row in rows]),
        "grid": {"left": 4, "right": 34, "top": 4, "bottom": 0, "containLabel": True},
        "series": [series],
    }


def _labelled(row: Brand) -> dict[str, Any]:
    share = f" · 负面 {row.negative / row.posts:.0%}" if row.posts else ""
    label = {**_TEXT, "show": True, "position": "right", "formatter": f"{row.posts}{share}"}
    return {"value": row.posts - row.negative, "label": label}


def _line(name: str, data: list[int], colour: str, opacity: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": data,
        "smooth": 0.25,
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": False,
        "lineStyle": {"width": 2, "color": colour},
        "itemStyle": {"color": colour},
        "areaStyle": {"color": colour, "opacity": opacity},
    }


def _bars(names: list[str]) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": _TEXT,
        "tooltip": {**_TOOLTIP, "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "minInterval": 1, "show": False},
        "yAxis": {
            "type": "category",
            "data": names,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {**_TEXT, "fontSize": 13},
        },
    }


def _bar(name: str, data: Sequence[Any], colour: str, *, stack: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "type": "bar",
        "data": data,
        "barWidth": 12,
        "itemStyle": {"color": colour, "borderRadius": 2},
        **({"stack": stack} if stack else {}),
    }
