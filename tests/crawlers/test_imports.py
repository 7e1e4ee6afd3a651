"""What cells mean: notes, reviews and surveys as posts, by a layout whose every key is checked."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.imports import Read, items, number, rating
from crawlers.items import PostItem
from crawlers.layouts import LAYOUTS, MAPPED, Layout, problem
from crawlers.normalize import Drop, DropReason, normalize
from crawlers.sources import Access, Source
from crawlers.tables import Row, flat, records
from stream.records import Post

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LAYOUT = Layout(
    id=("工单号",),
    text=("问题描述", "补充"),
    title=("类型",),
    published=("日期", "时间"),
    author=("手机号",),
    store=("门店",),
    rating=("评分",),
    score=("NPS",),
    replied=("首次回复",),
    optional=("score",),
    fill_down=("store",),
)
SOURCE = Source("hotline", "inbox", Access.OPERATOR_EXPORT, layout=LAYOUT)


def read(*values: dict[str, Any] | None, source: Source = SOURCE, key: bytes = b"k") -> list[Read]:
    """Rows 1, 2, … of these cells."""
    return list(items((Row(n, v if v is None else flat(v)) for n, v in enumerate(values, 1)), source, key))


def post(cells: dict[str, Any], source: Source = SOURCE) -> Post:
    """What becomes of one row."""
    (one,) = read({"问题描述": "话", **cells} if source is SOURCE else cells, source=source)
    assert isinstance(one.item, PostItem)
    made = normalize(one.item, NOW, source=source.name, author_key=b"k")
    assert isinstance(made, Post)
    return made


def test_a_hotline_note_becomes_a_post():
    """Every mapped field arrives where it belongs, and the caller only as a pseudonym."""
    made = post(
        {
            "工单号": 20261121001,
            "问题描述": "喝出钢丝 <b>很生气",
            "补充": "要求退款",
            "类型": "投诉",
            "日期": "2026/11/21",
            "时间": "下午 3:05",
            "手机号": 13812345678,
            "门店": "人民路店",
            "评分": "1星",
            "NPS": "3分",
            "首次回复": "2026-11-21 16:00",
        }
    )
    assert (made.platform, made.source, made.native_id) == ("owned", "hotline", "20261121001")
    assert (made.text, made.title) == ("喝出钢丝 <b>很生气\n要求退款", "投诉")
    assert made.published_at == datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
    assert made.replied_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert (made.store, made.rating, made.score) == ("人民路店", 1.0, 3.0)
    assert made.author
    assert "138" not in made.author


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (datetime(2026, 11, 21), time(15, 5), "07:05:00"),  # noqa: DTZ001 - as Excel has it
        (date(2026, 11, 21), None, "16:00:00"),
        (datetime(2026, 11, 21, 15, 4, 59, 999_600), None, "07:05:00"),  # noqa: DTZ001
        ("2026-11-21 15:05:00", "", "07:05:00"),
        ("2026年11月21日", "15:05", "07:05:00"),
        ("2026年11月21日", "15：05", "07:05:00"),
        (46347.628472, None, "07:05:00"),
        ("46347.628472", None, "07:05:00"),
        (1795244700, None, "07:05:00"),
        ("2026/11/21", "凌晨 12:05", "16:05:00"),
        ("2026/11/21 3:05 PM", None, "07:05:00"),
        ("2026-11-21 上午10:05:30", "备注", "02:05:30"),
        ("2026/11/21 下午 15:20:00", None, "07:20:00"),
        ("2026/11/21", "晚上 20:05", "12:05:00"),
        ("2026/11/21", "下午 12:05", "04:05:00"),
        ("2026/11/21", "中午 12:05", "04:05:00"),
        ("2026/11/21", "中午 1:05", "05:05:00"),
        ("2026-11-21T15:05:00+08:00", None, "07:05:00"),
    ],
)
def test_dates_as_sheets_and_people_write_them(day, clock, expected):
    """Typed cells, text, day numbers, half-days, the hours in a column of their own: all Shanghai's."""
    assert post({"日期": day, "时间": clock}).published_at.strftime("%H:%M:%S") == expected


def test_a_layout_s_own_time_format():
    """Day first, where the layout says so; what does not fit it is told as unreadable."""
    source = replace(SOURCE, layout=Layout(text=("t",), published=("d",), time_format="%d/%m/%Y %H:%M"))
    assert post({"t": "话", "d": "03/02/2026 10:00"}, source).published_at == datetime(2026, 2, 3, 2, tzinfo=UTC)
    assert post({"t": "话", "d": "first of May"}, source).published_estimated


@pytest.mark.parametrize(
    ("cell", "best", "expected"),
    [
        ("4.5", 5, 4.5),
        ("4.5分", 5, 4.5),
        ("★★★☆☆", 5, 3.0),
        ("五星", 5, 5.0),
        ("两颗星", 5, 2.0),
        ("一星差评", 5, 1.0),
        ("8", 10, 4.0),
        ("80/100", 100, 4.0),
        ("6", 5, None),
        ("-1", 5, None),
        ("好评", 5, None),
        ("", 5, None),
        ("nan", 5, None),
    ],
)
def test_ratings(cell, best, expected):
    """Numbers out of the layout's best, stars drawn or written; what is no rating is none."""
    assert rating(cell, best) == expected


def test_scores():
    """A survey's answer as a number, whatever word follows it."""
    assert [number(cell) for cell in ("9", "９分", "-3", "7 points", "满意", "")] == [9, 9, -3, 7, None, None]


def test_what_stands_for_nothing_is_nothing():
    """Dashes, 无, NULL and Excel's errors leave a field empty; in the words they leave nothing to keep."""
    made = post({"工单号": "-", "手机号": "无", "门店": "NULL", "评分": "--", "首次回复": "N/A"})
    assert (made.author, made.store, made.rating, made.replied_at) == ("", "", None, None)
    assert len(made.native_id) == 24
    assert [one.item for one in read({"问题描述": "无", "补充": "/"}, {"问题描述": float("nan")}, None)] == [
        DropReason.NO_TEXT,
        DropReason.NO_TEXT,
        DropReason.MALFORMED,
    ]


def test_merged_cells_mean_what_stood_above():
    """Only of the fields that the layout names."""
    found = [
        one.item
        for one in read(
            {"问题描述": "一", "门店": "甲", "评分": 5}, {"问题描述": "二"}, {"问题描述": "三", "门店": "乙"}
        )
    ]
    assert [(item.store, item.rating) for item in found if isinstance(item, PostItem)] == [
        ("甲", 5),
        ("甲", None),
        ("乙", None),
    ]


def test_rows_without_a_number_are_known_by_what_they_say():
    """The same row again is the same post; another author, time or shop another; nobody's twins count as they are."""

    def ids(*cells: dict[str, Any], key: bytes = b"k") -> list[str]:
        return [
            one.item.native_id
            for one in read(*({"问题描述": "好", **c} for c in cells), key=key)
            if isinstance(one.item, PostItem)
        ]

    assert ids({"手机号": 1}) == ids({"手机号": 1})
    assert (
        len({*ids({"手机号": 1}, {"手机号": 2}, {"手机号": 1, "日期": "2026-11-21"}, {"手机号": 1, "门店": "甲"})}) == 4
    )
    assert ids({"手机号": 1}, {"手机号": 1})[0] == ids({"手机号": 1}, {"手机号": 1})[1]
    first, second = ids({}, {})
    assert (first, second) == (ids({})[0], f"{first}-2")
    # a number that anybody could try all of must not be found out from the id
    assert ids({"手机号": 1}) != ids({"手机号": 1}, key=b"other")


@pytest.mark.parametrize("spoiled", ["2.02611E+17", "2e+17", 2.02611e17, float(2**53), "9007199254740992.0"])
def test_a_number_in_scientific_notation_is_nobodys(spoiled):
    """Rows whose ids or authors Excel has rounded to one are as many as they say, told, and by nobody in particular."""
    found = read(*({"工单号": spoiled, "问题描述": words, "手机号": spoiled} for words in "一二三"))
    ids = [one.item.native_id for one in found if isinstance(one.item, PostItem)]
    assert (len(set(ids)), [one.spoiled for one in found]) == (3, [True] * 3)
    assert not [one for one in found if isinstance(one.item, PostItem) and one.item.author]
    plain = [{"问题描述": words} for words in "一二三"]
    assert ids == [one.item.native_id for one in read(*plain) if isinstance(one.item, PostItem)]


@pytest.mark.parametrize("whole", ["202611210000000001", 202611210000000001, 20261121001.0, "E12", "2E7A", "1.5"])
def test_a_number_that_kept_its_digits_is_an_id(whole):
    """Whatever is not in scientific notation counts as it stands."""
    (one,) = read({"工单号": whole, "问题描述": "话", "手机号": whole})
    assert isinstance(one.item, PostItem)
    assert (one.item.native_id, one.spoiled) == (str(whole).removesuffix(".0"), False)
    assert one.item.author


def test_the_complaint_export_of_diansubao():
    """The saved answer of its list: who complained, and by which phone, is read by nobody."""
    answer = {
        "curr_page": "1",
        "pw_rec_list": [
            {
                "id": "88",
                "title": "某平台不退款",
                "company_name": "某平台",
                "intro": "买了三天不发货",
                "remark": "已处理",
                "cdate": "2026-11-20",
                "post_time": "2026-11-20 10:00:00",
                "back_time": "2026-11-20 12:00:00",
                "name": "张某",
                "mobile": "13812345678",
                "idcard": "110101199003070000",
                "article_link": "https://www.example.cn/88.html",
            }
        ],
    }
    source = Source("dsb", "diansubao", Access.OPERATOR_EXPORT)
    (one,) = items(records(1, answer, LAYOUTS["diansubao"].records), source, b"k")
    assert isinstance(one.item, PostItem)
    made = normalize(one.item, NOW, source="dsb", author_key=b"k")
    assert isinstance(made, Post)
    assert (made.platform, made.native_id, made.target, made.quoted) == ("diansubao", "88", "某平台", "已处理")
    assert (made.published_at.hour, made.replied_at and made.replied_at.hour) == (2, 4)
    assert not {word for word in ("张某", "138", "1101") if word in repr(made)}


@pytest.mark.parametrize(
    "cells",
    [
        {"id": "a", "entName": "某公司", "content": "预付卡不退", "res": "双方和解", "endtime": "2026-11-20"},
        {"企业名称": "某公司", "投诉问题": "预付卡不退", "处理结果": "双方和解", "办结时间": date(2026, 11, 20)},
    ],
)
def test_the_export_of_12315(cells):
    """By the names of its interface or of its sheets."""
    made = post(cells, Source("m", "12315", Access.OPERATOR_EXPORT))
    assert (made.platform, made.target, made.text, made.quoted) == ("12315", "某公司", "预付卡不退", "双方和解")
    assert (made.published_at, made.published_estimated) == (datetime(2026, 11, 19, 16, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        (Layout(), "layout.text"),
        (Layout(text=("a",), store=(" ",)), "layout.store"),
        (Layout(text=("a",), optional=("store",)), "layout.optional"),
        (Layout(text=("a",), optional=("text",)), "layout.optional"),
        (Layout(text=("a",), fill_down=("colour",)), "layout.fill_down"),
        (Layout(text=("a",), rating_best=0), "layout.rating_best"),
        (Layout(text=("a",), header=-1), "layout.header"),
        (Layout(text=("a",), delimiter=",,"), "layout.delimiter"),
        (Layout(text=("a",), encoding="latin-1"), "layout.encoding"),
        (Layout(text=("a",), encoding="klingon"), "layout.encoding"),
        (Layout(text=("a",), time_format="%H:%M"), "layout.time_format"),
        (Layout(text=("a",), time_format="%"), "layout.time_format"),
    ],
)
def test_a_wrong_layout_is_refused_by_its_key(layout, key):
    """At the start, with the key first in the sentence."""
    assert (problem(layout) or "").startswith(f"{key} ")


def test_sound_layouts_pass():
    """The one above, and those that are known."""
    assert [problem(layout) for layout in (LAYOUT, *LAYOUTS.values())] == [None, None, None]


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.datetimes(), st.dates(), st.times(),
    st.lists(st.text(max_size=3), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["\ud83d", "上午99:99", "99999.9", "★" * 9, "9" * 400, 10**400, "2026-02-31"]),
)  # fmt: skip


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(MAPPED), CELL))
def test_any_cells_are_a_post_or_a_drop(cells):
    """Whatever stands in them, nothing raises, and a post has an id."""
    layout = Layout(**{name: (name,) for name in MAPPED}, optional=("id",))  # type: ignore[arg-type]
    (one,) = read(cells, source=replace(SOURCE, layout=layout))
    if isinstance(one.item, PostItem):
        made = normalize(one.item, NOW, source="s", author_key=b"k")
        assert isinstance(made, Drop) or made.native_id
