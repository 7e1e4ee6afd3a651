"""Imports: an operator's file, read to items, each row with its number or the reason why nothing came of it.

Owns `Read`, what every reader of files gives, and what a cell means once the layout has said which column it stands in.
Does not write to the log (`intake`) nor watch a folder (`inbox`).
"""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from crawlers.addresses import clean_id
from crawlers.items import PostItem
from crawlers.layouts import LAYOUTS, Layout
from crawlers.normalize import DropReason, pseudonym
from crawlers.sources import Source
from crawlers.tables import Row, read_rows, tidy
from crawlers.times import hour_of_day

_NOTHING = frozenset(("", "-", "--", "/", "\\", "无", "空", "null", "none", "nan", "n/a", "#n/a", "\\n"))
_JOINED = {"text": "\n", "title": " ", "quoted": "\n"}
_TIMES = ("published", "replied")
_CLOCK = re.compile(r"\s*(?:上午|下午|凌晨|早上|中午|晚上|[AP]M)?\s*\d{1,2}[:：]\d{2}", re.IGNORECASE)
_NUMBER = re.compile(r"^\s*(-?\d{1,9}(?:\.\d{1,6})?)\s*(?:分|星|颗星|stars?|points?|/\s*\d+)?\s*$", re.IGNORECASE)
_WORDS = {word: number for number, words in enumerate(("零〇", "一", "二两", "三", "四", "五")) for word in words}
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Excel's day numbers of 1954 and 2119."""
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall-clock time, as everything in a worksheet
_SPOILED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+|\d{16,}\.0")
"""A number that has lost its last digits: as Excel writes one of more than eleven, or a float beyond 2^53."""
_HALF_DAY = re.compile(
    r"(上午|下午|凌晨|早上|中午|晚上|AM|PM)\s*(\d{1,2})(:\d{2}(?::\d{2})?)|(\d{1,2})(:\d{2}(?::\d{2})?)\s*(AM|PM)", re.I
)


@dataclass(frozen=True, slots=True)
class Read:
    """One row of a file."""

    number: int
    """Row, line or element, from 1, as a person counts it in the file."""
    item: PostItem | DropReason
    spoiled: bool = False
    """Its id or author stood there in scientific notation, the same for many rows, and does not count."""


Reader = Callable[[Path, Source, bytes], Iterator[Read]]
"""From a file, its source and the key of author pseudonyms to its rows; raises `tables.Broken` or OSError."""


def layout_of(source: Source) -> Layout:
    """What the source says of its columns, else what is known of this kind of export."""
    return source.layout or LAYOUTS[source.spider]


def read_table(path: Path, source: Source, author_key: bytes) -> Iterator[Read]:
    """The rows of a CSV, JSON or Excel file laid out as the source says."""
    return items(read_rows(path, layout_of(source)), source, author_key)


def items(rows: Iterable[Row], source: Source, author_key: bytes) -> Iterator[Read]:
    """Records as items."""
    layout = layout_of(source)
    above: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for row in rows:
        if row.values is None:
            yield Read(row.number, DropReason.MALFORMED)
            continue
        cells = {name: _cell(name, named, row.values) for name, named in layout.columns()}
        for name in layout.fill_down:
            cells[name] = above[name] = cells[name] or above.get(name, "")
        spoiled = [name for name in ("id", "author") if _SPOILED.fullmatch(cells.get(name, ""))]
        cells.update(dict.fromkeys(spoiled, ""))
        if not cells["text"] and not cells.get("title"):
            yield Read(row.number, DropReason.NO_TEXT)
            continue
        item = _item(cells, layout, source.label)
        if not clean_id(item.native_id):
            said = _said(item, author_key)
            seen[said] += 1
            # people without a name who say the same are still as many as the rows they fill
            again = f"-{seen[said]}" if seen[said] > 1 and item.author in (None, "") else ""
            item = replace(item, native_id=said + again)
        yield Read(row.number, item, spoiled=bool(spoiled))


def _item(cells: Mapping[str, str], layout: Layout, platform: str) -> PostItem:
    return PostItem(
        platform=platform,
        native_id=cells.get("id") or None,
        url=cells.get("url"),
        text=cells["text"],
        title=cells.get("title"),
        published=_moment(cells.get("published", ""), layout.time_format),
        author=cells.get("author") or None,
        target=cells.get("target"),
        quoted=cells.get("quoted"),
        store=cells.get("store"),
        rating=rating(cells.get("rating", ""), layout.rating_best),
        score=number(cells.get("score", "")),
        replied=_moment(cells.get("replied", ""), layout.time_format),
        likes=cells.get("likes"),
        comments=cells.get("comments"),
        reposts=cells.get("reposts"),
        is_html=False,
    )


def _said(item: PostItem, author_key: bytes) -> str:
    """A stable id for a row that has none: a hash of what it says, by whom as a pseudonym, when and where."""
    who = pseudonym(item.platform, item.author, author_key)
    what = (item.text, item.title, item.published, who, item.store, item.rating, item.score, item.target)
    words = json.dumps(what, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return blake2b(words, digest_size=12).hexdigest()


def _cell(name: str, columns: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """What a field's columns hold, as text; empty when they hold nothing."""
    filled = [words for column in columns if (words := _text(values.get(tidy(column)), alone=len(columns) == 1))]
    if name in _TIMES:  # the day in one column, the hour in the next
        return " ".join(filled[:2] if len(filled) > 1 and _CLOCK.match(filled[1]) else filled[:1])
    if name not in _JOINED:
        return filled[0] if filled else ""
    return _JOINED[name].join(filled)


def _text(value: Any, *, alone: bool) -> str:
    """A cell as text: whole numbers without a point, dates year first, what stands for nothing empty."""
    if isinstance(value, str):
        words = value.strip()
        return "" if words.casefold() in _NOTHING else words
    # not a number is how a table that knows only numbers writes an empty cell
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, list):
        return "\n".join(
            words for one in value[:100] if not isinstance(one, list) and (words := _text(one, alone=alone))
        )
    if isinstance(value, int):
        return str(value) if value.bit_length() < 512 else ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return _date(value, alone=alone)


def _date(value: Any, *, alone: bool) -> str:
    """A date as a worksheet types it; beside a column with the hours it is the day alone."""
    if isinstance(value, datetime):
        moment = (value + timedelta(milliseconds=500)).replace(microsecond=0)  # Excel keeps days as floats
        day_only = not alone and moment.tzinfo is None and moment.time() == time(0)
        return str(moment.date().isoformat() if day_only else moment.isoformat(" "))
    return str(value.isoformat())[:19] if isinstance(value, (date, time)) else ""


def number(words: str) -> float | None:
    """The number a cell means: `9`, `9分`, `4.5 / 5`; None when it means none."""
    found = _NUMBER.match(unicodedata.normalize("NFKC", words))
    return float(found[1]) if found else None


def rating(words: str, best: float) -> float | None:
    """Stars on the scale 0 to 5: a number out of `best`, `★★★☆☆`, `五星`; None when the cell gives none."""
    if stars := words.count("★") + words.count("⭐"):
        return float(stars) if stars <= 5 else None
    if found := re.fullmatch(rf"([{''.join(_WORDS)}])(颗)?(星|分)(好评|差评|中评)?", words):
        return float(_WORDS[found[1]])
    given = number(words)
    return None if given is None or not 0 <= given <= best else given * 5 / best


def _moment(words: str, form: str) -> str:
    """A time as `times.parse_time` reads it: day numbers of Excel, half-day words and the layout's own form undone."""
    words = unicodedata.normalize("NFKC", words).strip()
    if form:
        try:
            return datetime.strptime(words, form).isoformat(" ")  # noqa: DTZ007 - or with a zone, if the form has one
        except ValueError:
            return words
    if re.fullmatch(r"\d{5}(?:\.\d+)?", words) and _FIRST_SERIAL <= float(words) < _LAST_SERIAL:
        moment = _DAY_ZERO + timedelta(days=float(words)) + timedelta(milliseconds=500)
        return moment.replace(microsecond=0).isoformat(" ")
    # `parse_time` reads them too, but the ids of rows without one are made of what stands here
    return _HALF_DAY.sub(_hours, words)


def _hours(found: re.Match[str]) -> str:
    half, hour, rest = found.group(1, 2, 3) if found[1] else found.group(6, 4, 5)
    return f"{hour_of_day(half, int(hour)):02d}{rest}"
