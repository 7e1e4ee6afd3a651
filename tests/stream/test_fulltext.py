"""What people type in the search box, and what is taken for a word."""

import re
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import fulltext
from stream.fulltext import And, Expression, Not, Or, Phrase, parse, tokens


def _p(words: str) -> Phrase:
    return Phrase(tuple(words.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("云汀茶喝出异物", "云 汀 茶 喝 出 异 物"),
        ("iPhone15手机", "iphone15 手 机"),
        ("拨打１２３１５!", "拨 打 12315"),
        ("Ｈｅｌｌｏ, world_2", "hello world 2"),
        ("𠮷野家", "𠮷 野 家"),
        ("北の国", "北 の 国"),
        ("①℃ ﬁne", "1 c fine"),
        ("😀,。!? \ud800\x00", ""),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    """Han by character, letters and digits by run, width and case folded, the rest dropped."""
    assert tokens(text) == expected.split()


@given(st.text())
def test_tokens_of_any_string(text: str) -> None:
    """No string is refused, and no token is empty or holds what an index would split at or a query would quote."""
    assert all(token and not re.search(r"[\s\x00-/:-@\[-`{-\x7f]", token) for token in tokens(text))


@given(st.text(st.sampled_from("云茶aZ9 ,。!?“”《》()—…😀～·\n\u3000") | st.characters(max_codepoint=0x1FAFF)))
def test_the_short_way_is_the_long_way(text: str) -> None:
    """Texts that are spared NFKC have the tokens they would have had with it."""
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    assert tokens(text) == fulltext._TOKEN.findall(whole)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("云汀", _p("云 汀")),
        ("云汀 异物", And((_p("云 汀"), _p("异 物")))),
        ("云汀　异物", And((_p("云 汀"), _p("异 物")))),
        ("云汀 AND 异物", And((_p("云 汀"), _p("异 物")))),
        ("云汀 ＡＮＤ 异物", And((_p("云 汀"), _p("异 物")))),
        ("a OR b c", Or((_p("a"), And((_p("b"), _p("c")))))),
        ("(a OR b) c", And((Or((_p("a"), _p("b"))), _p("c")))),
        ("（a OR b）c", And((Or((_p("a"), _p("b"))), _p("c")))),
        ("a NOT b", And((_p("a"), Not(_p("b"))))),
        ("a AND NOT NOT b", And((_p("a"), Not(Not(_p("b")))))),
        ("NOT (a b)", Not(And((_p("a"), _p("b"))))),
        ('"hello world" x', And((_p("hello world"), _p("x")))),
        ("“桂花 乌龙”", _p("桂 花 乌 龙")),
        ("＂桂花 乌龙＂", _p("桂 花 乌 龙")),
        ('"a OR b"', _p("a or b")),
        ("and or not", And((_p("and"), _p("or"), _p("not")))),
        ("12315-热线", _p("12315 热 线")),
        ("#秋桂计划#", _p("秋 桂 计 划")),
    ],
)
def test_parse(text: str, expected: Expression) -> None:
    """A space is AND, NOT binds before AND before OR, quotes and widths are forgiving, only capitals are operators."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "空"),
        ("   ", "空"),
        ('"云汀', "引号"),
        ("(云汀", "少了一个右括号"),
        ("云汀)", "多了一个右括号"),
        ("()", "右括号前面"),
        ("云汀 OR", "没有写完"),
        ("NOT", "没有写完"),
        ("OR 云汀", "OR 前面"),
        ("云汀 AND AND 茶", "AND 前面"),
        ("云汀 😀", "只有符号"),
        ('""', "只有符号"),
        ("NOT " * 40 + "茶", "嵌套太深"),
        ("(" * 40 + "茶" + ")" * 40, "嵌套太深"),
        ("茶 " * 65, "太多"),
        ("茶" * 200, "太长"),
    ],
)
def test_what_cannot_be_understood(text: str, told: str) -> None:
    """The person is told in Chinese what is wrong."""
    with pytest.raises(ValueError, match=told):
        parse(text)


@given(st.text(st.sampled_from('云茶ab ()"“ANDORT😀')) | st.text())
def test_any_query_is_parsed_or_refused(text: str) -> None:
    """Nothing typed raises anything but ValueError."""
    with suppress(ValueError):
        parse(text)
