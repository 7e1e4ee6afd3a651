"""Tests of the one normalisation."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from models.text import fold, normalise

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
