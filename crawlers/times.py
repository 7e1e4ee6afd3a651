"""Times as platforms write them, read against the time the page was fetched.

Owns turning one raw value into an aware UTC time with its precision. Wall-clock times without a zone are
Asia/Shanghai. Does not decide what to do with an impossible date; `crawlers.normalize` does.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from stream.zone import SHANGHAI

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of ours a platform's clock may be before its time is not believed."""

_MONTHS = {
    m: n for n, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_LABELS = ("GMT", "UTC", "UT")
"""Zone names that some Chinese feeds write behind Shanghai time."""
_DAYS_AGO = {"今天": 0, "昨天": 1, "前天": 2}
_UNITS = {
    "秒": "seconds",
    "秒钟": "seconds",
    "分": "minutes",
    "分钟": "minutes",
    "小时": "hours",
    "个小时": "hours",
    "天": "days",
    "周": "weeks",
    "星期": "weeks",
}
_LATER = {"下午", "傍晚", "晚上", "pm"}
_HALVES = r"凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|[AaPp]\.?[Mm]\.?(?![A-Za-z])"
_HALF_DAY = re.compile(
    rf"(?P<before>{_HALVES}) ?(?P<h>\d{{1,2}})(?::(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?|[点时])"
    rf"|(?P<H>\d{{1,2}}):(?P<M>\d{{2}})(?::(?P<S>\d{{2}}))? ?(?P<behind>{_HALVES})"
)
_SPOKEN = re.compile(r"(\d{1,2})[点时](\d{1,2})分(?:(\d{1,2})秒)?")


class Precision(StrEnum):
    """The finest unit the page gave."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, aware UTC, and how far to believe it."""

    at: datetime
    precision: Precision
    shifted: bool = False
    """The page called a Shanghai wall-clock time GMT; eight hours were taken off."""

    @property
    def estimated(self) -> bool:
        """Whether the page left the time open by more than a minute, or contradicted itself."""
        return self.shifted or self.precision not in (Precision.SECOND, Precision.MINUTE)


_CLOCK = r"(?P<H>\d{1,2})(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.\d+)?)?|[点时](?![之以]?前))"
_PREFIX = re.compile(r"^(?:(?:最后)?(?:发布|发表|编辑|更新|回复|投诉)?(?:时间)?(?:于)?\s*:?)\s*(?=[\d刚半今昨前A-Z])")
_FORMS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(form)
    for form in (
        # Sat Nov 21 10:03:22 +0800 2026
        r"[A-Z][a-z]{2} (?P<mon>[A-Z][a-z]{2}) (?P<d>\d{1,2}) " + _CLOCK + r" (?P<zone>[+-]\d{4}) (?P<y>\d{4})",
        # Sat, 21 Nov 2026 10:00:00 +0800, RFC 822
        r"(?:[A-Z][a-z]{2}, ?)?(?P<d>\d{1,2}) (?P<mon>[A-Z][a-z]{2}) (?P<y>\d{4}|\d{2}) " + _CLOCK
        + r"(?: (?P<zone>[+-]\d{2}:?\d{2}|[A-Z]{1,4}))?",
        # 2026-11-21T10:00:00+08:00, 2026/11/20 12:30:00, 2026年11月20日 09:30:00, 2026年11月20日09:30
        r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?(?:(?:[T ,]|(?<=日)) ?"
        + _CLOCK
        + r" ?(?P<zone>Z|GMT|UTC|[+-]\d{2}:?\d{2})?)?",
        r"(?P<y>\d{4})年?[-/.]?(?P<m>\d{1,2})月?$",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?)?$",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2}) " + _CLOCK + "$",
        # a year behind it leaves open which is the day: 3/4/2025
        r"(?P<m>\d{1,2})(?:[-/.]|月)(?P<d>\d{1,2})(?![-/.]\d)日?(?: ?" + _CLOCK + r")?(?!\d)",
        r"(?P<day>今天|昨天|前天) ?(?:" + _CLOCK + r")?",
        _CLOCK,
    )
)  # fmt: skip
_DIGITS = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d")
"""Year to minute: as an epoch, twelve digits would be milliseconds of the last century."""
_AGO = re.compile(r"(?P<n>\d{1,6}|半) ?(?P<unit>秒钟?|分钟?|个?小时|天|周|星期)[之以]?前")


def parse_time(raw: Any, fetched_at: datetime) -> Moment | None:
    """The time meant by `raw`, or None when it cannot be understood. Never raises.

    Args:
        raw: epoch seconds, milliseconds or microseconds (number or digits), or any written form.
        fetched_at: aware time of the response, against which `3分钟前`, `今天 10:03` and `11-20` are read.
    """
    try:
        if isinstance(raw, bool):
            return None
        if isinstance(raw, int | float):
            return _epoch(raw)
        if isinstance(raw, str) and len(raw) <= 200:
            return _written(raw, fetched_at)
    except (ValueError, OverflowError):  # 31 February, year 0, a number past the calendar's end
        return None
    return None


def _epoch(number: float) -> Moment:
    for limit, scale in ((10**11, 1), (10**14, 10**3), (10**17, 10**6)):
        if abs(number) < limit:
            return Moment(datetime.fromtimestamp(0, UTC) + timedelta(seconds=number / scale), Precision.SECOND)
    raise OverflowError


def _written(raw: str, fetched_at: datetime) -> Moment | None:
    words = re.sub(r"(?:\s|&nbsp;)+", " ", unicodedata.normalize("NFKC", raw)).strip()
    if re.fullmatch(r"-?\d{9,17}(?:\.\d+)?", words) and len(words) != 14 and not _DIGITS.fullmatch(words):
        return _epoch(float(words) if "." in words else int(words))
    words = re.sub(r"(?<=\d) ?([年月日]) ?(?=\d|$| )", r"\1", _PREFIX.sub("", words))
    words = _HALF_DAY.sub(_whole_day, _SPOKEN.sub(_in_digits, words))
    if words.startswith("刚刚"):
        return Moment(fetched_at.astimezone(UTC), Precision.MINUTE)
    if ago := _AGO.match(words):
        return _relative(ago, fetched_at)
    for form in _FORMS:
        if found := form.match(words):
            return _calendar({k: v for k, v in found.groupdict().items() if v is not None}, fetched_at)
    return None


def _in_digits(said: re.Match[str]) -> str:
    """15点20分 → 15:20."""
    return ":".join(f"{int(part):02}" for part in said.groups() if part)


def _whole_day(said: re.Match[str]) -> str:
    """下午3:05 → 15:05, 下午3点 → 15点."""
    half, hour = said["before"] or said["behind"], int(said["h"] or said["H"])
    if half == "晚上" and hour == 12:  # of the day that ends or of the one that begins
        raise ValueError
    minute, second = said["m"] or said["M"], said["s"] or said["S"]
    return f"{hour_of_day(half, hour):02}" + (f":{minute}" if minute else "点") + (f":{second}" if second else "")


def hour_of_day(half: str, hour: int) -> int:
    """The hour since midnight that one of a half of the day is: 下午 3 → 15; one past 12 has been counted through.

    Programs write the hour after midnight as 上午 12 and as 12 AM.
    """
    later, noon = half.lower().replace(".", "") in _LATER, half == "中午"
    if hour < 12 and (later or (noon and hour < 3)):
        return hour + 12
    return 0 if hour == 12 and not (later or noon) else hour


def _relative(ago: re.Match[str], fetched_at: datetime) -> Moment:
    unit = _UNITS[ago["unit"]]
    half = ago["n"] == "半"
    amount = 0.5 if half else int(ago["n"])
    precision = {"seconds": Precision.SECOND, "minutes": Precision.MINUTE, "hours": Precision.HOUR}.get(
        unit, Precision.DAY
    )
    return Moment((fetched_at - timedelta(**{unit: amount})).astimezone(UTC), precision)


def _calendar(part: dict[str, str], fetched_at: datetime) -> Moment:
    """A time from its named parts; whatever the page left out is taken from the latest moment not after the fetch."""
    local = fetched_at.astimezone(SHANGHAI)
    zone = _zone(part.get("zone", ""))
    clock = (int(part.get("H", 0)), int(part.get("M", 0)), int(part.get("S", 0)))
    if clock[0] == 24 and clock[1:] == (0, 0):
        raise ValueError
    precision = Precision.DAY
    if "H" in part:
        precision = Precision.SECOND if "S" in part else Precision.MINUTE if "M" in part else Precision.HOUR
    latest = fetched_at + CLOCK_SKEW

    if "day" in part or ("m" not in part and "mon" not in part):
        date = local.date() - timedelta(days=_DAYS_AGO.get(part.get("day", ""), 0))
        at = datetime(date.year, date.month, date.day, *clock, tzinfo=SHANGHAI)
        # a page written before midnight and fetched after it still says "today"
        return Moment((at if at <= latest else at - timedelta(days=1)).astimezone(UTC), precision)

    month = _MONTHS[part["mon"].lower()] if part.get("mon", "").lower() in _MONTHS else int(part.get("m", 0))
    if "d" not in part:
        precision = Precision.MONTH
    day = int(part.get("d", 1))
    if "y" not in part:
        return Moment(
            _latest_year(lambda year: datetime(year, month, day, *clock, tzinfo=SHANGHAI), latest),
            precision,
        )
    year = int(part["y"])
    if len(part["y"]) == 2:  # RFC 822 as it first was
        year += 1900 if year >= 70 else 2000
    at = datetime(year, month, day, *clock, tzinfo=zone or SHANGHAI).astimezone(UTC)
    if part.get("zone") in _LABELS and at > latest and at - timedelta(hours=8) <= latest:
        return Moment(at - timedelta(hours=8), precision, shifted=True)
    return Moment(at, precision)


def _latest_year(at: Callable[[int], datetime], latest: datetime) -> datetime:
    year = latest.astimezone(SHANGHAI).year
    for back in range(9):  # 29 February may be eight years away
        try:
            candidate = at(year - back)
        except ValueError:
            continue
        if candidate <= latest:
            return candidate.astimezone(UTC)
    raise ValueError


def _zone(name: str) -> timezone | None:
    if not name:
        return None
    if name == "Z" or name in _LABELS:
        return UTC
    if name in ("CST",):  # China Standard Time in Chinese feeds
        return timezone(timedelta(hours=8))
    sign, digits = (-1 if name[0] == "-" else 1), name[1:].replace(":", "")
    if not digits.isdigit() or len(digits) != 4:
        raise ValueError
    offset = sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return UTC if not offset else timezone(offset)
