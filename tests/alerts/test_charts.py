"""The trend picture: small, sharp, and drawn without touching matplotlib's global state."""

import struct
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image

from alerts.charts import HEIGHT, WIDTH, trend_png
from alerts.report import Line, Trend
from stream.zone import SHANGHAI
from tests.factories import NOW

HOURS = 48
SINCE = NOW - timedelta(hours=HOURS)


def trend(first: int | None = 0, rivals: int = 2, height: int = 9) -> Trend:
    """Two days of waves; the own brand first."""
    wave = tuple((hour * 7) % (height + 1) for hour in range(HOURS))
    lines = [Line("云汀茶", wave, tuple(posts + 3 for posts in wave), own=True)]
    lines += [Line(f"鹿屿鲜茶{n}", wave[::-1], wave, own=False) for n in range(rivals)]
    begin = None if first is None else SINCE + timedelta(hours=first)
    return Trend(SINCE, SINCE + timedelta(hours=24), begin, tuple(lines))


@pytest.mark.parametrize(
    "drawn", [trend(), trend(rivals=0), trend(rivals=5, height=99_999), trend(first=20), trend(None)]
)
def test_the_picture_is_a_small_png_at_double_density(drawn: Trend) -> None:
    """Whatever is drawn stays under 60 kB and has two pixels for each of the mail's, each way."""
    png = trend_png(drawn)
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (2 * WIDTH, 2 * HEIGHT)
    assert len(png) < 60_000


def test_every_name_stands_above_the_picture_whole() -> None:
    """Many or long names take rows of their own: none is cut off at the right edge."""
    png = trend_png(trend(rivals=5))
    picture = Image.open(BytesIO(png)).convert("RGB")
    edge = picture.crop((2 * WIDTH - 8, 0, 2 * WIDTH, 120))
    assert edge.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("ends", [0, 6, 12, 18])
def test_the_hour_at_the_right_edge_stands_whole(ends: int) -> None:
    """Where a window ends at an hour that is written, its label is not cut at the picture's edge."""
    until = datetime(2026, 11, 21, ends, tzinfo=SHANGHAI)
    split, since = until - timedelta(hours=24), until - timedelta(hours=HOURS)
    picture = Image.open(BytesIO(trend_png(replace(trend(), since=since, split=split, first=since)))).convert("RGB")
    hours = picture.crop((2 * WIDTH - 8, 2 * HEIGHT - 60, 2 * WIDTH, 2 * HEIGHT))
    assert hours.getextrema() == ((255, 255),) * 3
    assert picture.crop((2 * WIDTH - 70, 2 * HEIGHT - 60, 2 * WIDTH - 8, 2 * HEIGHT)).getextrema()[0][0] < 200


def test_a_name_with_dollars_is_no_formula() -> None:
    """Two dollars in a brand's name draw as they are."""
    wave = (1,) * HOURS
    drawn = Trend(SINCE, SINCE + timedelta(hours=24), SINCE, (Line("x^_$$", wave, wave, own=True),))
    assert trend_png(drawn).startswith(b"\x89PNG")


def test_the_own_negative_line_is_seen() -> None:
    """Red pixels stand where the own brand has negative posts, and none without any."""

    def red(png: bytes) -> int:
        pixels = Image.open(BytesIO(png)).convert("RGB").tobytes()
        return sum(
            r > 180 and g < 90 and b < 90 for r, g, b in zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
        )

    calm = Trend(SINCE, NOW - timedelta(hours=24), SINCE, (Line("鹿屿鲜茶", (1,) * HOURS, (1,) * HOURS, own=False),))
    assert red(trend_png(trend())) > 1000
    assert red(trend_png(calm)) == 0


def test_the_same_trend_is_the_same_picture() -> None:
    """A mail made again has the same bytes."""
    assert trend_png(trend()) == trend_png(trend())


def test_matplotlib_is_not_loaded_until_a_picture_is_drawn_and_pyplot_never() -> None:
    """A server that never draws does not pay for it, and no global figure or font list is changed."""
    script = (
        "import sys; from alerts import charts, mailer, digest; assert 'matplotlib' not in sys.modules;"
        "from tests.alerts.test_charts import trend; charts.trend_png(trend()); assert 'matplotlib' in sys.modules;"
        "assert 'matplotlib.pyplot' not in sys.modules and 'mpl_font' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
