"""Tests of the one normalisation."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from models.text import AT, fold, names_apart, normalise

ANY = st.text(alphabet=st.characters(), max_size=200) | st.text(
    alphabet="，！？：；（）…～ #@[]//a啊\ud800\u200b１Ａ㎡", max_size=60
)
HIDDEN = {
    chr(code)
    for first, last in (
        (0xAD, 0xAD),
        (0x200B, 0x200F),
        (0x2028, 0x202E),
        (0x2060, 0x2064),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
    )
    for code in range(first, last + 1)
}


def test_one_form_for_what_reads_the_same() -> None:
    """Width, case, invisible characters, links, names and long repeats do not make another text."""
    assert normalise("ＡＢＣ！！ 好\u200b吃啊啊啊啊啊啊") == normalise("abc!! 好吃啊啊啊")
    assert normalise("看 https://t.cn/a1 @小明 \n 说") == "看 链接 @ 说"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://t.cn/A6abc，12315投诉了", "链接 ,12315投诉了"),
        ("https://t.cn/A6abc？s了算了", "链接 ?s了算了"),
        ("好看http://t.cn/x//@李四:原文", "好看 链接 //@:原文"),
        ("www.a.cn/x/ //＠李四：原文", "链接 //@:原文"),
        ("http://t.cn/x//y/@z", "链接"),
        ("ｈｔｔｐ：／／ｔ．ｃｎ／ａ 看", "链接 看"),
    ],
)
def test_a_link_ends_where_words_begin(text: str, read: str) -> None:
    """Neither what follows a full-width comma nor a repost mark belongs to the link before it."""
    assert normalise(text) == read


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("看 @云汀茶奶茶里喝出蟑螂了 @小明", "看  云汀茶奶茶里喝出蟑螂了 @小明"),
        ("＠妈妈我不想活了[泪]！http://t.cn/a", " 妈妈我不想活了[泪]! 链接 "),
        ("@小明 @云汀茶", "@小明 @云汀茶"),
        ("@云汀茶官方旗舰店，好喝", "@云汀茶官方旗舰店，好喝"),
        ("@sagacitysalmon_2010 好", "@sagacitysalmon_2010 好"),
        ("好//@一个名字很长很长很长的人:好", "好//@一个名字很长很长很长的人:好"),
        ("好//  @一个名字很长很长很长的人:好", "好//  @一个名字很长很长很长的人:好"),
        ("没有名字，Ａ", "没有名字，Ａ"),
    ],
)
def test_words_right_behind_a_name_come_apart_from_it(text: str, apart: str) -> None:
    """More Chinese than a name has, or a mention that is all there is, is heard; names and other texts stay."""
    assert names_apart(text) == apart


@given(ANY)
def test_any_text_has_its_names_apart(text: str) -> None:
    """No string raises, one without a mention stays, and no other character is read as `@`."""
    made = names_apart(text)
    assert made == text or AT.search(text)
    assert ("@" in fold(text)) == bool(AT.search(text))


def test_traditional_characters_read_as_simplified_ones_by_words() -> None:
    """A post reads the same in either script; a character that Simplified keeps in some words is kept in these."""
    assert fold("這家酒店的髮廊，後來關門了") == "这家酒店的发廊,后来关门了"
    assert fold("乾淨 乾隆 皇后 \x00後") == "干净 乾隆 皇后 \x00后"


@given(ANY)
def test_fold_is_nfkc_and_lower_case_without_what_cannot_be_seen(text: str) -> None:
    """The shortcut for common punctuation changes nothing but the script of Han characters, and no string raises."""
    visible = "".join(c for c in text if not "\ud800" <= c <= "\udfff")
    seen = (c for c in unicodedata.normalize("NFKC", visible).lower() if c not in HIDDEN)
    assert fold(text) == OpenCC("t2s").convert("".join(seen))
    fold(text).encode()


@given(ANY)
def test_normalise_leaves_at_most_one_space_and_three_repeats(text: str) -> None:
    """What models read is tidy whatever came in."""
    made = normalise(text)
    assert made == made.strip()
    assert "  " not in made
    assert not any(len(set(made[i : i + 4])) == 1 for i in range(len(made) - 3) if not made[i].isspace())
