"""Rows of a file that an operator exported: CSV and JSON in any encoding Chinese systems write, and workbooks.

Owns bytes to numbered rows, one at a time, however large the file. Does not know what a column means (`layouts`,
`imports`). A bad row is a row without values; a file that cannot be read at all is Broken.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from crawlers.documents import encoding_of
from crawlers.layouts import Layout

LARGEST = 500 * 1024 * 1024
"""Bytes of a file beyond which it is not read."""
_LARGEST_JSON = 32 * 1024 * 1024
"""Bytes of a JSON document that is not one record a line; it is read whole."""
_LONGEST = 1_000_000
"""Characters of a line."""
_SPAN = 500
"""Lines over which one quoted row may run."""
_HEAD = 60
"""Rows among which the column names are looked for."""
_DELIMITERS = ",\t;|"
_BLANK = "\ufeff \t\r\n"


class Broken(ValueError):
    """The file as a whole cannot be read; the message is a Chinese sentence that names columns, never contents."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record."""

    number: int
    """Line or row in the file, from 1, as a person finds it there."""
    values: Mapping[str, Any] | None = field(repr=False)
    """By column name, tidied; None where the record cannot be read."""


def read_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """The records of a file, in its order; empty rows are none.

    Raises:
        Broken: too large, of no known format, in no known encoding, or without the columns of the layout.
        OSError: it cannot be opened.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise Broken(f"文件超过 {LARGEST // 1024**2} MB,请拆分后再导入")
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00\xef\xbb\xbf\xff\xfe \r\n\t"):
        raise Broken("文件是空的")
    if head.startswith(b"PK\x03\x04"):
        from crawlers.workbooks import read_workbook  # noqa: PLC0415 - openpyxl is heavy and only for workbooks

        yield from with_columns(read_workbook(path, layout.sheet), layout)
        return
    if head.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
        raise Broken("不支持这种文件格式,请另存为 .xlsx、.csv 或 .jsonl")
    encoding = layout.encoding or encoding_of(path)
    try:
        # replaced bytes are found again below, and only their rows are lost
        with path.open(encoding=encoding, errors="replace", newline="") as text:
            start = text.read(4096).lstrip(_BLANK)
        if re.match(r"<(?:!doctype|html|table|\?xml|meta)", start, re.IGNORECASE):
            raise Broken("文件其实是网页,请用 Excel 打开后另存为 .xlsx")
        yield from _json(path, encoding, layout) if start.startswith(("{", "[")) else _csv(path, encoding, layout)
    except UnicodeError:  # not every codec replaces: to UTF-16 a file without its mark is nothing at all
        raise Broken("文件编码与 layout.encoding 不符,请改正或删去这一项") from None


def tidy(name: Any) -> str:
    """A column's name as it is compared: one line, full-width letters as plain ones, capitals small."""
    return " ".join(unicodedata.normalize("NFKC", str(name)).split()).casefold() if name is not None else ""


def with_columns(rows: Iterable[tuple[int, Sequence[Any]]], layout: Layout, *, strict: bool = False) -> Iterator[Row]:
    """Rows of cells as records, once the row with the column names has been found.

    Args:
        rows: with their numbers in the file.
        layout: whose columns are looked for.
        strict: a row with more cells than there are names is damaged, since nobody knows which cell is which.

    Raises:
        Broken: there is no row with the column names.
    """
    source = iter(rows)
    head = list(islice(source, max(_HEAD, layout.header)))
    at, names = _header(head, layout)
    for number, cells in chain(head[at + 1 :], source):
        yield from _record(number, cells, names, strict=strict)


def _record(number: int, cells: Sequence[Any], names: Sequence[str], *, strict: bool) -> Iterator[Row]:
    if _blank(cells):
        return
    if tidy(cells[0]) == names[0] and [tidy(cell) for cell in cells] == names:  # the names again, atop a page
        return
    if any(isinstance(cell, str) and "\ufffd" in cell for cell in cells) or (
        strict and not _blank(cells[len(names) :])
    ):
        yield Row(number, None)
        return
    values: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and name not in values:
            values[name] = cell
    yield Row(number, values)


def _header(head: Sequence[tuple[int, Sequence[Any]]], layout: Layout) -> tuple[int, list[str]]:
    """The place of the row with the column names in `head`, and the names."""
    nearest: list[str] | None = None
    for at, (number, cells) in enumerate(head):
        names = [tidy(cell) for cell in cells]
        lacking = missing(names, layout)
        if not lacking and layout.header in (0, number):
            return at, names
        if number == layout.header:
            nearest = lacking
            break
        if nearest is None or len(lacking) < len(nearest):
            nearest = lacking
    raise Broken(f"找不到列:{'、'.join(nearest or missing([], layout))}")


def missing(names: Iterable[str], layout: Layout) -> list[str]:
    """The columns that these tidied names lack, one a field, as the layout writes them."""
    there = set(names)
    return [
        named[0]
        for key, named in layout.columns()
        if key not in layout.optional and not any(tidy(column) in there for column in named)
    ]


def _blank(cells: Sequence[Any]) -> bool:
    return not any(cell is not None and str(cell).strip() for cell in cells)


def _lines(file: IO[str]) -> Iterator[str]:
    """Lines with their ends; of one that is too long only its beginning, with the mark of damage."""
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST and not line.endswith(("\n", "\r")):
            while (rest := file.readline(_LONGEST)) and not rest.endswith(("\n", "\r")):
                pass
            line = line[:100] + "\ufffd\n"
        yield line


def _csv(path: Path, encoding: str, layout: Layout) -> Iterator[Row]:
    delimiters = layout.delimiter or _DELIMITERS
    trouble: Broken | None = None
    for delimiter in delimiters:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            rows = with_columns(_cells(_lines(file), delimiter), layout, strict=True)
            try:
                first = next(rows, None)
            except Broken as error:
                trouble = trouble or error
                continue
            if first is not None:
                yield first
                yield from rows
            return
    assert trouble is not None  # there is at least one delimiter
    raise trouble


def _cells(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV with their first line; a quote that nobody closes costs its own line and no other."""
    waiting: list[str] = []
    number = 0
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        number += 1
        taken = [line.replace("\x00", "")]
        opened = line.count('"') % 2 == 1 and not _plain(taken[0], delimiter)  # a quote in mid-word opens nothing
        while opened and len(taken) <= _SPAN:
            further = waiting.pop(0) if waiting else next(lines, None)
            if further is None:
                break
            taken.append(further.replace("\x00", ""))
            opened ^= further.count('"') % 2 == 1
        if opened:
            yield number, ["\ufffd"]
            waiting = taken[1:] + waiting
            continue
        reader = csv.reader(taken, delimiter=delimiter)
        done = 0
        try:
            for row in reader:
                yield number + done, [_formula(cell) for cell in row]
                done = reader.line_num
        except csv.Error:  # a cell longer than the reader takes
            yield number + done, ["\ufffd"]
        number += len(taken) - 1


def _plain(line: str, delimiter: str) -> bool:
    """Whether the quotes of a line are ordinary characters: none begins a cell."""
    return not any(cell.lstrip(" ").startswith('"') for cell in line.split(delimiter))


def _formula(cell: str) -> str:
    """What Excel would show for a cell written `="0123"`; other cells as they are."""
    found = re.fullmatch(r'="([^"]*)"', cell)
    return found[1] if found else cell


def _json(path: Path, encoding: str, layout: Layout) -> Iterator[Row]:
    """One record a line, or one document."""
    large = path.stat().st_size > _LARGEST_JSON
    lines = _filled(path, encoding)
    first = next(lines, (1, ""))[1]
    by_line = _fits(first, layout.records)
    document = None if by_line or large else _loaded(path.read_bytes().decode(encoding, "replace"))
    # where neither can be read, the first line may be damaged alone
    if by_line or (document is None and first[:1] == "{" and any(_fits(line, layout.records) for _, line in lines)):
        for number, line in _filled(path, encoding):
            yield from records(number, _loaded(line), layout.records)
        return
    if large:
        raise Broken(f"JSON 文档超过 {_LARGEST_JSON // 1024**2} MB,请改为每行一条 (.jsonl)")
    if layout.records and isinstance(document, dict):
        document = _inside(document, layout.records)
    if not isinstance(document, list):
        raise Broken(f"JSON 中没有记录列表{f'「{layout.records}」' if layout.records else ''}")
    for number, one in enumerate(document, 1):
        yield from records(number, one)


def _filled(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        for number, line in enumerate(_lines(file), 1):
            if bare := line.strip(_BLANK):
                yield number, bare


def _fits(line: str, within: str) -> bool:
    """Whether a line is a record, or holds a list of them."""
    value = _parsed(line)
    return isinstance(value, dict) and (not within or _inside(value, within) is not None)


def _loaded(text: str) -> Any:
    return None if "\ufffd" in text else _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.strip(_BLANK))
    except (ValueError, RecursionError):
        return None


def records(number: int, value: Any, within: str = "") -> Iterator[Row]:
    """A JSON value as records: an object is one, unless it holds a list at the path `within`; inner objects by dotted
    names."""
    inner = _inside(value, within) if within and isinstance(value, dict) else None
    if isinstance(inner, list):
        for one in inner:
            yield Row(number, flat(one) if isinstance(one, dict) else None)
    else:
        yield Row(number, flat(value) if isinstance(value, dict) else None)


def flat(value: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Tidied dotted names to plain values."""
    made: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < 5:
            made.update(flat(inner, f"{before}{tidy(key)}.", depth + 1))
        else:
            made[f"{before}{tidy(key)}"] = inner
    return made


def _inside(value: Any, path: str) -> list[Any] | None:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None
