"""A search on s.weibo.com, cut in time and place until the platform shows each piece whole.

Owns slices and their order. Pure. The platform shows fifty pages of a search and no more, so a search that fills them
is asked for again by day, then by hour, then by province.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawlers.times import SHANGHAI

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

PROVINCES = (
    *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54),
    *(61, 62, 63, 64, 65, 71, 81, 82, 100, 400),
)
"""The platform's numbers of provinces; 100 is elsewhere, 400 is abroad."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some whole hours of a search in Shanghai time, everywhere or in one province."""

    start: datetime
    end: datetime
    province: int | None = None

    @property
    def timescope(self) -> str:
        """As the platform wants it: `custom:2026-11-21-9:2026-11-21-10`, the hour without a zero before it."""
        return f"custom:{_hour(self.start)}:{_hour(self.end)}"

    @property
    def region(self) -> str:
        """As the platform wants it; empty for everywhere."""
        return "" if self.province is None else f"custom:{self.province}:1000"

    def parts(self) -> tuple["Slice", ...]:
        """The next finer slices, the newest first; none when there is nothing finer."""
        if self.end - self.start > _DAY:
            return self._cut(_DAY)
        if self.end - self.start > _HOUR:
            return self._cut(_HOUR)
        return tuple(replace(self, province=one) for one in PROVINCES) if self.province is None else ()

    def _cut(self, step: timedelta) -> tuple["Slice", ...]:
        """Pieces that begin at full steps of the clock."""
        made: list[Slice] = []
        start = self.start
        while start < self.end:
            midnight = start.replace(hour=0)
            end = min(self.end, midnight + _DAY if step == _DAY else start + step)
            made.append(Slice(start, end))
            start = end
        return tuple(reversed(made))


@dataclass(frozen=True, slots=True)
class Spot:
    """A page of the first of some slices; the others are still to be searched."""

    slices: tuple[Slice, ...]
    page: int = 1

    @property
    def here(self) -> Slice:
        """The slice that the page is of."""
        return self.slices[0]

    def turned(self) -> "Spot":
        """The next page of the same slice."""
        return replace(self, page=self.page + 1)

    def passed(self) -> "Spot | None":
        """The first page of the next slice; None behind the last."""
        return Spot(self.slices[1:]) if len(self.slices) > 1 else None

    def divided(self) -> "Spot | None":
        """The first page of this slice's newest part; None when it has none."""
        parts = self.here.parts()
        return Spot(parts + self.slices[1:]) if parts else None


def window(now: datetime, days: int) -> Spot:
    """The whole search: from so many days ago to the end of the present hour."""
    end = now.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0) + _HOUR
    return Spot((Slice(end - timedelta(days=days), end),))


def _hour(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}-{moment.hour}"
