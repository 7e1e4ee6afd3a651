"""A search on s.weibo.com, cut in time and place until the platform shows each piece whole.

Owns slices and their order. Pure. The platform shows fifty pages of a search and no more, so a search that fills them
is asked for again by day, then by hour, then by province, then by city. Does not own the numbers of places
(`weibo_regions`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawlers.spiders.weibo_regions import ANY_CITY, CITIES
from stream.zone import SHANGHAI

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some whole hours of a search in Shanghai time: everywhere, in one province, or in one city of it."""

    start: datetime
    end: datetime
    province: int | None = None
    city: int | None = None

    @property
    def timescope(self) -> str:
        """As the platform wants it: `custom:2026-11-21-9:2026-11-21-10`, the hour without a zero before it."""
        return f"custom:{_hour(self.start)}:{_hour(self.end)}"

    @property
    def region(self) -> str:
        """As the platform wants it; empty for everywhere."""
        return "" if self.province is None else f"custom:{self.province}:{self.city or ANY_CITY}"

    @property
    def rest(self) -> bool:
        """Whether it is a province once more behind its cities, for those whom none of them had."""
        return self.city == ANY_CITY

    def parts(self) -> tuple["Slice", ...]:
        """The next finer slices, the newest first; none when there is nothing finer.

        The last part of a province is the province itself: many accounts name no city, and none finds those apart.
        """
        if self.end - self.start > _DAY:
            return self._cut(_DAY)
        if self.end - self.start > _HOUR:
            return self._cut(_HOUR)
        if self.province is None:
            return tuple(replace(self, province=one) for one in CITIES)
        if self.city is None and CITIES[self.province]:
            return tuple(replace(self, city=one) for one in (*CITIES[self.province], ANY_CITY))
        return ()

    def behind(self) -> tuple["Slice", ...]:
        """The other places of the same hour that come after this one."""
        if self.province is None:
            return ()
        above = replace(self, city=None) if self.city is not None else replace(self, province=None)
        parts = above.parts()
        return parts[parts.index(self) + 1 :] + above.behind()

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

    @property
    def mark(self) -> str:
        """This place, for `resumed`."""
        here = self.here
        return f"{here.start.isoformat()}/{here.end.isoformat()}/{here.province or 0}/{here.city or 0}/{self.page}"

    def resumed(self, mark: str) -> "Spot":
        """A place that another walk has marked, and behind it all that is older; this one where that is no place."""
        try:
            start, end, *numbers = mark.split("/")
            province, city, page = map(int, numbers)
            first = Slice(_moment(start), _moment(end), province or None, city or None)
            behind, oldest = first.behind(), self.slices[-1].start
        except (ValueError, KeyError):  # of a release that cut otherwise
            return self
        if first.start < oldest:
            return self
        older = (Slice(oldest, first.start),) if oldest < first.start else ()
        return Spot((first, *behind, *older), page)


def window(now: datetime, days: int) -> Spot:
    """The whole search: from so many days ago to the end of the present hour."""
    end = now.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0) + _HOUR
    return Spot((Slice(end - timedelta(days=days), end),))


def _hour(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}-{moment.hour}"


def _moment(words: str) -> datetime:
    return datetime.fromisoformat(words).astimezone(SHANGHAI)
