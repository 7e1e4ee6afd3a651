"""Where words stand is told by the same tokens that find them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.fulltext import placed, tokens
from stream.highlights import highlighter
from stream.query import Part, PostQuery, Span
from tests.factories import post


@pytest.mark.parametrize(
    ("text", "said", "marked"),
    [
        ("云汀", "我在云汀茶喝出异物,云汀说退", ["云汀", "云汀"]),
        ("云汀 汀茶", "我在云汀茶", ["云汀茶"]),
        ('"new york"', "New-York, york new", ["New-York"]),
        ("iphone", "ＩＰＨＯＮＥ和iphones", ["ＩＰＨＯＮＥ"]),
        ("cafe\u0301", "Cafe\u0301好", ["Cafe\u0301"]),
        ("㎏", "5 ㎏ KG", ["㎏", "KG"]),
        ("茶 NOT 异物", "茶,没有异物", ["茶"]),
        ("NOT 茶", "茶", []),
        ("NOT (异物 NOT 茶)", "茶", ["茶"]),
        ("异物 OR 茶", "茶", ["茶"]),
        ("かﾞ", "か\u3099 か が", ["か\u3099", "が"]),
        ("", "茶", []),
    ],
)
def test_where_words_stand(text: str, said: str, marked: list[str]) -> None:
    """Words that are sought are marked as they are written, whole, in order; those after NOT are not."""
    spans = highlighter(PostQuery(text=text))(post(text=said))
    assert [said[span.start : span.end] for span in spans] == marked
    assert {span.part for span in spans} <= {Part.TEXT}


def test_every_part_has_its_own_places() -> None:
    """Title, text and quoted words each count from their own beginning, and no phrase runs from one into another."""
    spans = highlighter(PostQuery(text="茶 OR 题茶"))(post(title="标题", text="茶", quoted="好茶"))
    assert spans == (Span(Part.TEXT, 0, 1), Span(Part.QUOTED, 1, 2))


_MARKS = st.text(st.sampled_from("aｱﾞeﾟ\u0301\u0327\u0345\u1100\u1161\u11a8\u09c7\u09beİßﷺ茶 ｶ㎏ΐςΣ한"), max_size=8)


@settings(max_examples=300)
@example("α\u0345\u0301")
@given(st.text(max_size=30) | _MARKS)
def test_tokens_have_their_places(text: str) -> None:
    """The tokens told with places are the tokens of the text, in rising places within it, whatever folding does."""
    found = placed(text)
    assert [token for token, _, _ in found] == tokens(text)
    assert all(0 <= start < end <= len(text) for _, start, end in found)
    assert [start for _, start, _ in found] == sorted(start for _, start, _ in found)
    for token, start, end in found:
        assert token in "".join(tokens(text[start:end]))
