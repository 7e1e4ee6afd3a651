"""Rows of files as people export them: encodings, delimiters, workbooks, and everything that can be wrong."""

import json
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlers import tables
from crawlers.layouts import Layout
from crawlers.tables import Broken, Row, read_rows

LAYOUT = Layout(id=("工单号",), text=("问题描述",))
CSV = "工单号,问题描述\r\n1,喝出钢丝\r\n2,等了一小时\r\n"


def rows(path: Path, layout: Layout = LAYOUT) -> list[tuple[int, Any]]:
    """Number and words of each row; None where it could not be read."""
    return [(row.number, row.values and row.values.get("问题描述")) for row in read_rows(path, layout)]


def file(folder: Path, body: bytes | str, name: str = "a.csv") -> Path:
    """A file with these contents."""
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


def workbook(folder: Path, *lines: list[Any], sheet: str = "", **more: list[list[Any]]) -> Path:
    """A workbook whose first sheet has these rows."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = sheet or "Sheet1"
    for line in lines:
        first.append(line)
    for title, inner in more.items():
        made = book.create_sheet(title)
        for line in inner:
            made.append(line)
    path = folder / "a.xlsx"
    book.save(path)
    book.close()
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_is_known_by_its_bytes(tmp_path, encoding):
    """UTF-8 with and without mark, GB18030 and UTF-16 give the same rows with the numbers a person counts."""
    assert rows(file(tmp_path, CSV.encode(encoding))) == [(2, "喝出钢丝"), (3, "等了一小时")]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_delimiter_is_known_by_the_columns(tmp_path, delimiter):
    """Whichever gives the mapped columns; a table with one column needs none."""
    assert len(rows(file(tmp_path, CSV.replace(",", delimiter)))) == 2
    assert rows(file(tmp_path, "问题描述\n好\n"), Layout(text=("问题描述",))) == [(2, "好")]


def test_numbers_that_a_worksheet_cannot_hold_are_told_from_those_it_can(tmp_path):
    """Excel keeps fifteen digits: a longer number that ends in zeros has lost its own, and is written as a float."""
    numbers = [2026112100000120, 2026112100000123, 202611210000120, "2026112100000120"]
    path = workbook(tmp_path, ["工单号", "问题描述"], *([number, "话"] for number in numbers))
    read = [row.values and row.values["工单号"] for row in read_rows(path, Layout(text=("问题描述",)))]
    assert read == ["2026112100000120.0", *numbers[1:]]


def test_the_header_may_stand_further_down(tmp_path):
    """Below a title and empty rows, or where the layout says; again at the top of a page it is no row."""
    body = "热线导出,\n,\n 工 单号 ,问题描述\n1,一\n,,\n工单号,问题描述\n2,二\n"
    layout = Layout(id=("工 单号",), text=("问题描述",))
    assert rows(file(tmp_path, body.replace("\n工单号", "\n工 单号")), layout) == [(4, "一"), (7, "二")]
    twice = "工单号,问题描述\n工单号,问题描述\n1,一\n"
    assert rows(file(tmp_path, twice), Layout(text=("问题描述",), header=2)) == [(3, "一")]
    with pytest.raises(Broken, match="问题描述"):
        rows(file(tmp_path, twice), Layout(text=("问题描述",), header=3))


def test_missing_columns_are_named(tmp_path):
    """The message names what is lacking, as the layout writes it; an optional column may be lacking."""
    path = file(tmp_path, "工单号,内容\n1,一\n")
    with pytest.raises(Broken, match="找不到列:问题描述"):
        rows(path)
    layout = Layout(text=("内容",), title=("标题",), optional=("title",))
    assert [row.values for row in read_rows(path, layout)] == [{"工单号": "1", "内容": "一"}]


def test_quotes_hold_rows_together(tmp_path):
    """Line breaks, delimiters and doubled quotes inside a quoted cell; a quote in mid-word is a character."""
    body = '工单号,问题描述\n1,"第一行\n第二行,还有""引号"""\n2,5" 的杯子\n="003",="04"\n'
    assert rows(file(tmp_path, body)) == [(2, '第一行\n第二行,还有"引号"'), (4, '5" 的杯子'), (5, "04")]


def test_a_quote_in_mid_word_takes_no_other_row(tmp_path):
    """One that begins no cell is a character of its line, also above a row that has quotes of its own."""
    body = '工单号,问题描述\n1,屏幕5"坏了\n2,"第一行\n第二行"\n3,好\n'
    assert rows(file(tmp_path, body)) == [(2, '屏幕5"坏了'), (3, "第一行\n第二行"), (5, "好")]


def test_a_bad_row_costs_no_other(tmp_path):
    """A quote that nobody closes, a cell too many, damaged bytes, a line without end: each is one row, no more."""
    body = f'工单号,问题描述\n1,"没有关\n2,好\n3,多,一格\n4,{"长" * 1_100_000}\n5,好\n'.encode()
    body += b"6,\xff\xfe\xe4\xb8\n7," + "好".encode() * 100 + b"\n"
    assert [(number, words and words[:1]) for number, words in rows(file(tmp_path, body))] == [
        (2, None),
        (3, "好"),
        (4, None),
        (5, None),
        (6, "好"),
        (7, None),
        (8, "好"),
    ]


def test_json_lines_and_documents(tmp_path):
    """An object a line or one document; inner objects by dotted names; a line that is no object loses only itself."""
    lines = [{"工单号": 2**70, "问题描述": "一", "user": {"Name": "某"}}, {"问题描述": "二"}]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n{bad\n5\n"
    found = list(read_rows(file(tmp_path, "\ufeff" + body, "a.jsonl"), LAYOUT))
    assert found[0] == Row(1, {"工单号": 2**70, "问题描述": "一", "user.name": "某"})
    assert [(row.number, row.values is None) for row in found[1:]] == [(2, False), (4, True), (5, True)]
    assert rows(file(tmp_path, json.dumps(lines), "a.json")) == [(1, "一"), (2, "二")]
    pretty = json.dumps({"data": {"rows": [*lines, 5]}, "total": 3}, indent=1)
    nested = Layout(text=("问题描述",), records="data.rows")
    assert rows(file(tmp_path, pretty, "a.json"), nested) == [(1, "一"), (2, "二"), (3, None)]
    answers = "\n".join(json.dumps({"data": {"rows": [line]}}) for line in lines)
    assert rows(file(tmp_path, answers, "a.jsonl"), nested) == [(1, "一"), (2, "二")]
    with pytest.raises(Broken, match="没有记录列表「rows」"):
        rows(file(tmp_path, "{\n}", "a.json"), Layout(text=("问题描述",), records="rows"))


@pytest.mark.parametrize("damaged", ['{"问题描述":"断', "{" + "长" * 1_100_000])
def test_a_damaged_first_line_costs_no_other(tmp_path, damaged):
    """As anywhere else in a file of an object a line."""
    body = f'{damaged}\n{{"问题描述":"二"}}\n{{"问题描述":"三"}}\n'
    assert rows(file(tmp_path, body, "a.jsonl")) == [(1, None), (2, "二"), (3, "三")]


def test_a_document_is_read_as_one_however_its_lines_are_broken(tmp_path):
    """Its last record may fill a line of its own; a document that breaks off is refused as a whole."""
    records = '{"问题描述":"一"},\n{"问题描述":"二"}\n'
    assert rows(file(tmp_path, f"[\n{records}]", "a.json")) == [(1, "一"), (2, "二")]
    nested = Layout(text=("问题描述",), records="data")
    assert rows(file(tmp_path, f'{{"data":[\n{records}]}}', "a.json"), nested) == [(1, "一"), (2, "二")]
    for body in (f"[\n{records}", f'{{"data":[\n{records}'):
        with pytest.raises(Broken, match="没有记录列表"):
            rows(file(tmp_path, body, "a.json"), nested)


def test_workbooks(tmp_path):
    """Titles above the header, empty rows, typed cells, formulas as last seen; the sheet that the layout names."""
    moment = datetime(2026, 11, 21, 10, 3)  # noqa: DTZ001 - as Excel has it
    path = workbook(
        tmp_path,
        ["热线导出"],
        [],
        ["工单号", "问题描述", "时间"],
        [1, "一", moment],
        [None, None],
        ["=1+1", "#N/A", 45983.5],
    )
    found = list(read_rows(path, LAYOUT))
    assert [(row.number, row.values) for row in found] == [
        (4, {"工单号": 1, "问题描述": "一", "时间": moment}),
        (6, {"工单号": None, "问题描述": None, "时间": 45983.5}),
    ]
    path = workbook(tmp_path, ["id", "问题描述"], [1, "第一行_x000D_\n第二行"])
    assert rows(path, Layout(text=("问题描述",))) == [(2, "第一行\n第二行")]
    path = workbook(tmp_path, ["别的"], 热线=[["工单号", "问题描述"], [1, "一"]])
    assert rows(path, Layout(text=("问题描述",), sheet="热线")) == [(2, "一")]
    with pytest.raises(Broken, match="没有工作表「旧」"):
        rows(path, Layout(text=("问题描述",), sheet="旧"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "空的"),
        (b"\xef\xbb\xbf \r\n", "空的"),
        (b"PK\x03\x04 and nothing", "工作簿已损坏"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "另存为"),
        (b"%PDF-1.4", "另存为"),
        ("<html><table><tr><td>工单号</td></tr></table>".encode("gbk"), "网页"),
    ],
)
def test_what_cannot_be_read_is_told_in_chinese(tmp_path, body, said):
    """Empty, cut, of another kind: one sentence that says what to do and holds nothing of the contents."""
    with pytest.raises(Broken, match=said):
        rows(file(tmp_path, body))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("body", [CSV, '{"问题描述": "一"}\n'])
def test_an_encoding_that_the_file_does_not_have_is_told(tmp_path, encoding, body):
    """Where a layout names one that begins with a mark, and the file has none."""
    with pytest.raises(Broken, match="文件编码"):
        rows(file(tmp_path, body), replace(LAYOUT, encoding=encoding))


def test_hostile_workbooks_are_refused(tmp_path, monkeypatch):
    """One that unpacks to more than fits, one with a document type of its own, one with a part that is no XML."""
    sound = workbook(tmp_path, ["工单号", "问题描述"], [1, "一"]).read_bytes()

    def changed(part: str, body: bytes) -> Path:
        path = tmp_path / "b.xlsx"
        with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(path, "w") as new:
            for one in old.infolist():
                new.writestr(one.filename, body if one.filename == part else old.read(one))
        return path

    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'
    with pytest.raises(Broken, match="文档类型"):
        rows(changed("xl/worksheets/sheet1.xml", bomb))
    with pytest.raises(Broken, match="损坏"):
        rows(changed("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"))
    with pytest.raises(Broken, match="损坏"):
        rows(changed("xl/workbook.xml", b"no xml"))
    with pytest.raises(Broken, match="损坏"):
        rows(file(tmp_path, sound[: len(sound) // 2], "c.xlsx"))
    monkeypatch.setattr("crawlers.workbooks._UNPACKED", 100)
    with pytest.raises(Broken, match="过大"):
        rows(tmp_path / "a.xlsx")
    monkeypatch.setattr(tables, "LARGEST", 10)
    with pytest.raises(Broken, match="超过"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_large_file_is_read_row_by_row(tmp_path, name):
    """Ten megabytes pass through a few hundred kilobytes of memory."""
    line = '{"工单号": "1", "问题描述": "%s"}\n' if name == "a.jsonl" else "1,%s\n"
    head = "" if name == "a.jsonl" else "工单号,问题描述\n"
    path = file(tmp_path, head + (line % ("话" * 3000)) * 1100, name)
    assert path.stat().st_size > 9_000_000
    tracemalloc.start()
    assert sum(1 for _ in read_rows(path, LAYOUT)) == 1100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000  # the pieces by which the encoding is looked for


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=100).map(lambda text: f"工单号,问题描述\n{text}".encode(errors="replace")),
    )
)
def test_any_bytes_are_rows_or_broken(tmp_path, body):
    """No file makes it raise anything else, and row numbers never go back."""
    try:
        numbers = [row.number for row in read_rows(file(tmp_path, body), LAYOUT)]
    except Broken:
        return
    assert numbers == sorted(numbers)
