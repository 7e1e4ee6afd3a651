"""The trend picture of a report: posts an hour, the own brand's negative ones in front.

Owns pixels. matplotlib is imported when the first picture is drawn, because a server that only answers queries should
not carry it; figures are objects of their own, nothing touches pyplot's global state.
"""

import math
from datetime import datetime, timedelta
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from alerts.report import Line, Trend
from stream.zone import SHANGHAI

WIDTH, HEIGHT = 592, 264
"""In CSS pixels; the PNG has twice as many each way, for sharp screens."""

INK, MUTED, GRID, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#ffffff"
RED, BLUE = "#c8322b", "#3e5c76"
RIVALS = ("#b08d57", "#6b9080", "#8d7b9c", "#9aa5b1")
"""A rival's colour by its place in the report; the fifth is the first again."""

_SCALE = 2
_ROW = 0.075
"""Height of a row of names, of the picture's."""
_POINT = 72 / 96


def trend_png(trend: Trend) -> bytes:
    """A PNG of `WIDTH` × `HEIGHT` CSS pixels at double density, under 60 kB.

    Lines of posts an hour: the own brand's negative ones (filled) and all, the rivals' negative ones. The window
    before is shaded, and what was never collected is hatched: it is not a zero.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see the module's docstring
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(WIDTH / 96, HEIGHT / 96), dpi=96 * _SCALE, facecolor=PAPER)
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.052, 0.12, 0.935, 0.76))
    _plot(axes, trend)
    canvas.draw()
    return _png(canvas)


def _plot(axes: Any, trend: Trend) -> None:
    own = [line for line in trend.lines if line.own]
    rivals = [line for line in trend.lines if not line.own]
    hours = max((len(line.all) for line in trend.lines), default=1)
    blind = hours if trend.first is None else int((trend.first - trend.since) / timedelta(hours=1))
    # a line over hours that were never collected would say "nobody complained"
    x = [hour + 0.5 if hour >= blind else math.nan for hour in range(hours)]
    split = (trend.split - trend.since) / timedelta(hours=1)
    handles = []
    for place, line in enumerate(rivals):
        colour = RIVALS[place % len(RIVALS)]
        handles += axes.plot(x, line.negative, color=colour, lw=1.1, label=f"{_plain(line.title)} 负面", zorder=3)
    for line in own:
        handles = [
            *axes.plot(x, line.negative, color=RED, lw=1.8, label=f"{_plain(line.title)} 负面", zorder=5),
            *axes.plot(x, line.all, color=BLUE, lw=1.2, label=f"{_plain(line.title)} 全部", zorder=4),
            *handles,
        ]
        axes.fill_between(x, line.negative, color=RED, alpha=0.13, lw=0, zorder=2)
        _mark_peak(axes, line, x)
    top = max((max(line.all if line.own else line.negative, default=0) for line in trend.lines), default=0)
    _frame(axes, trend, hours, top)
    _shade(axes, split, blind)
    _legend(axes, handles)


def _plain(title: str) -> str:
    """A name as it is: between two dollars matplotlib would read a formula."""
    return title.replace("$", r"\$")


def _legend(axes: Any, handles: list[Any]) -> None:
    """The names above the picture, in as many rows as they need; the picture makes room for these."""
    left, bottom, width, height = axes.get_position().bounds
    for rows in range(1, len(handles) + 1):
        legend = axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(-0.012, 1.0),
            ncols=math.ceil(len(handles) / rows),
            frameon=False,
            prop=_font(13),
            labelcolor=INK,
            handlelength=1.3,
            handletextpad=0.5,
            columnspacing=1.3,
            borderaxespad=0.2,
        )
        if legend.get_window_extent().width <= axes.figure.bbox.width:
            axes.set_position((left, bottom, width, height - (rows - 1) * _ROW))
            return


def _mark_peak(axes: Any, line: Line, x: list[float]) -> None:
    """Write the worst hour's number at its point."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    worst = max(line.negative, default=0)
    if worst < 3:
        return
    hour = line.negative.index(worst)
    axes.plot([x[hour]], [worst], "o", ms=4, color=RED, mec=PAPER, mew=1, zorder=7)
    axes.annotate(
        str(worst),
        (x[hour], worst),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=RED,
        fontproperties=_font(14, bold=True),
        path_effects=[withStroke(linewidth=3, foreground=PAPER)],
        zorder=8,
    )


def _frame(axes: Any, trend: Trend, hours: int, top: int) -> None:
    """Ground, grid and hours."""
    axes.set_xlim(0, hours)
    axes.set_ylim(0, max(top * 1.18, 4))
    axes.set_facecolor(PAPER)
    ticks = [hour for hour in range(hours + 1) if _local(trend, hour).hour % 6 == 0]
    axes.set_xticks(ticks)
    labels = axes.set_xticklabels([_hour(trend, hour) for hour in ticks], fontproperties=_font(12.5))
    if ticks and ticks[-1] == hours:
        labels[-1].set_ha("right")  # centred at the right edge, half of it would lie outside the picture
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.tick_params(axis="both", length=0, pad=4, labelcolor=MUTED)
    for label in axes.get_yticklabels():
        label.set_fontproperties(_font(12.5))
    axes.grid(visible=True, axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#9aa5b1")


def _shade(axes: Any, split: float, blind: int) -> None:
    """The window before, and what was never collected."""
    ceiling = axes.get_ylim()[1]
    axes.axvspan(0, split, color="#f5f7fa", lw=0, zorder=0)
    axes.axvline(split, color="#cbd2d9", lw=0.8, zorder=1)
    words = {"va": "top", "color": MUTED, "fontproperties": _font(12.5), "zorder": 6}
    if blind < split:
        axes.text(blind + 0.35, ceiling * 0.97, "上期", **words)
    axes.text(max(split, blind) + 0.35, ceiling * 0.97, "本期" if blind < axes.get_xlim()[1] else "", **words)
    if blind:
        axes.axvspan(0, blind, facecolor="none", edgecolor="#cbd2d9", hatch="////", lw=0, zorder=1)
    if blind >= 3:
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 2}
        axes.text(blind / 2, ceiling / 2, "无数据", ha="center", bbox=box, **{**words, "va": "center"})


def _hour(trend: Trend, hour: int) -> str:
    """Midnight carries its date, other hours the hour."""
    local = _local(trend, hour)
    return f"{local.month}/{local.day}" if local.hour == 0 else f"{local.hour}时"


def _local(trend: Trend, hour: int) -> datetime:
    return (trend.since + timedelta(hours=hour)).astimezone(SHANGHAI)


def _font(pixels: float, *, bold: bool = False) -> Any:
    """A face with Han glyphs; its file is named rather than registered, so no global list of fonts changes."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    weight = "Bold" if bold else "Regular"
    return FontProperties(fname=_fonts() / f"NotoSansCJKsc-{weight}.otf", size=pixels * _POINT)


def _fonts() -> Path:
    """The folder of the `mpl-font` package; importing that package would import pyplot and change its settings."""
    spec = find_spec("mpl_font")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "fonts" / "noto"


def _png(canvas: Any) -> bytes:
    """The canvas in 64 colours: a chart has few, and a mail is carried by phones."""
    from PIL import Image  # noqa: PLC0415

    out = BytesIO()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
