"""Excel workbooks: rows of cells, read one at a time, with nothing in the file trusted.

Owns the limits that keep a hostile archive from filling the memory. Formulas give the value Excel last saw.
"""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from crawlers.tables import Broken

_UNPACKED = 1024**3
"""Bytes of all parts of a workbook together."""
_COLUMNS = 200
_ROWS = 1_048_576
_DIGITS = 15
"""Digits of a number that Excel keeps; those behind them are zeros, whatever was typed."""
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
_DAMAGE = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, zipfile.BadZipFile)
"""What openpyxl lets out when a part of the archive is not what it should be."""


def read_workbook(path: Path, sheet: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """Numbered rows of one worksheet, the first where `sheet` is empty; cells as openpyxl types them.

    Raises:
        Broken: not a whole workbook, too large unpacked, or without that worksheet.
    """
    _safe(path)
    # opened here, because openpyxl leaves what it cannot read open
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations that are not read
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (*_DAMAGE, ParseError, SyntaxError, InvalidFileException):
            raise Broken("工作簿已损坏,无法打开") from None
        try:
            yield from _rows(book, sheet)
        finally:
            book.close()


def _rows(book: Any, sheet: str) -> Iterator[tuple[int, Sequence[Any]]]:
    if sheet and sheet not in book.sheetnames:
        raise Broken(f"工作簿中没有工作表「{sheet}」")
    chosen = book[sheet] if sheet else next(iter(book.worksheets), None)
    if chosen is None:
        raise Broken("工作簿中没有工作表")
    chosen.reset_dimensions()  # what the file claims of its size is often wrong
    try:
        for number, cells in enumerate(chosen.iter_rows(max_row=_ROWS, max_col=_COLUMNS, values_only=True), 1):
            yield number, [_read(cell) for cell in _filled(cells)]
    except (*_DAMAGE, ParseError, SyntaxError):
        raise Broken("工作表已损坏,后面的行读不出来") from None


def _read(cell: Any) -> Any:
    if isinstance(cell, str):  # some exporters write a line's end as _x000D_, which is part of no one's words
        return None if cell in _ERRORS else unescape(cell).replace("\r\n", "\n")
    if isinstance(cell, int) and len(digits := str(abs(cell))) > _DIGITS and not digits[_DIGITS:].strip("0"):
        return f"{cell}.0"  # as a float is written, which is what it has been
    return cell


def _filled(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells up to the last that holds anything."""
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]


def _safe(path: Path) -> None:
    """Refuse archives that unpack to more than they should, and parts with a document type of their own."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > _UNPACKED:
                raise Broken("工作簿解压后过大,请拆分后再导入")
            for part in archive.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(4096).upper():
                            raise Broken("工作簿含有不允许的文档类型声明")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        raise Broken("工作簿已损坏或加了密码,无法打开") from None
