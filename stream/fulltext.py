"""The words of a search: what `PostQuery.text` means, the same in every store.

Owns tokens and the query language. Does not own matching: an adapter translates the tree into its own index, which
it fills with the same `tokens`.

A Han character (kana too) is a token of its own, so a Han word is a phrase of one-character tokens and matches as a
substring. A run of letters and digits is one token and matches whole. Width and case do not count (NFKC, folded),
nor does punctuation, in texts and in words alike.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"[\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W_\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_PLAIN = re.compile(
    r"[\x00-\x7f\u2014\u2018\u2019\u201c\u201d\u3000-\u3002\u3008-\u3011\u4e00-\u9fff\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
    r"\U0001f300-\U0001faff]*"
)
"""Nearly all that people write in Chinese: characters that NFKC leaves alone, or turns into others that are no token
either. A text of nothing else needs no NFKC, which would take as long as finding the tokens."""
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "「": '"', "」": '"', "『": '"', "』": '"'})
_PIECE = re.compile(r'"(?P<quoted>[^"]*)"|(?P<sign>[()"])|(?P<word>[^\s()"]+)')
_MOST_WORDS = 64
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Phrase:
    """These tokens one after the other; one of them is a word."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever `part` does not match."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """What all of `parts` (two or more) match."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any of `parts` (two or more) matches."""

    parts: tuple["Expression", ...]


Expression = Phrase | Not | And | Or


def tokens(text: str) -> list[str]:
    """The tokens of a text or of a word, in order. Any string is accepted; only letters, digits and Han remain."""
    return _TOKEN.findall(_folded(text))


def placed(text: str) -> list[tuple[str, int, int]]:
    """The tokens of a text with the place of each in it: the first character, and the one after the last.

    Where folding makes one character of several, or several of one, a token takes all of them.
    """
    folded = _folded(text)
    starts: Sequence[int] = range(len(text))
    ends: Sequence[int] = range(1, len(text) + 1)
    if not _PLAIN.fullmatch(text):
        starts, ends = _origins(text)
    return [(found[0], starts[found.start()], ends[found.end() - 1]) for found in _TOKEN.finditer(folded)]


def parse(text: str) -> Expression:
    """The expression of a query: words and "quoted phrases", AND (or a space), OR, NOT, parentheses.

    NOT binds closest, then AND, then OR. The operators are written in capitals.

    Raises:
        ValueError: with a sentence in Chinese for the person who typed it.
    """
    pieces = list(_pieces(text))
    if not pieces:
        raise ValueError("搜索词是空的")
    if sum(isinstance(piece, Phrase) for piece in pieces) > _MOST_WORDS:
        raise ValueError(f"搜索词太多,最多 {_MOST_WORDS} 个")
    parser = _Parser(pieces)
    expression = parser.either(0)
    if parser.next() is not None:
        raise ValueError("多了一个右括号")
    return expression


class _Parser:
    """Recursive descent over pieces; a method a level of precedence."""

    def __init__(self, pieces: list[Phrase | str]) -> None:
        self._pieces = pieces
        self._at = 0

    def next(self) -> Phrase | str | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None

    def either(self, depth: int) -> Expression:
        parts = [self.all(depth)]
        while self.next() == "OR":
            self._at += 1
            parts.append(self.all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all(self, depth: int) -> Expression:
        parts = [self.one(depth)]
        while self.next() not in ("OR", ")", None):
            if self.next() == "AND":
                self._at += 1
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise ValueError(f"括号或 NOT 嵌套太深,最多 {_DEEPEST} 层")
        piece = self.next()
        self._at += 1
        if isinstance(piece, Phrase):
            return piece
        if piece == "NOT":
            return Not(self.one(depth + 1))
        if piece == "(":
            inner = self.either(depth + 1)
            if self.next() != ")":
                raise ValueError("少了一个右括号")
            self._at += 1
            return inner
        if piece is None:
            raise ValueError("搜索式没有写完,末尾缺少搜索词")
        if piece == ")":
            raise ValueError("右括号前面缺少搜索词")
        raise ValueError(f"{piece} 前面缺少搜索词")


def _pieces(text: str) -> Iterator[Phrase | str]:
    # folding would hide the capitals of the operators, so here only widths are made equal
    for found in _PIECE.finditer(unicodedata.normalize("NFKC", text.translate(_QUOTES))):
        if found["sign"] == '"':
            raise ValueError("引号没有成对")
        if found["sign"]:
            yield found["sign"]
        elif found["word"] in ("AND", "OR", "NOT"):
            yield found["word"]
        else:
            words = tuple(tokens(found["quoted"] or found["word"] or ""))
            if not words:
                raise ValueError("有一个搜索词只有符号,没有文字或数字")
            if len(words) > _MOST_WORDS * 2:
                raise ValueError(f"有一个搜索词太长,最多 {_MOST_WORDS * 2} 个字")
            yield Phrase(words)


def _folded(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _origins(text: str) -> tuple[list[int], list[int]]:
    """For each character of the folded text, where in the text the characters begin and end that it is made of."""
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        end, piece = at + 1, _folded(text[at])
        while end < len(text) and not _PLAIN.fullmatch(following := text[end]):
            longer = _folded(text[at : end + 1])
            apart = longer == piece + _folded(following)
            if apart and not unicodedata.combining(unicodedata.normalize("NFKD", following)[0]):
                break
            end, piece = end + 1, longer
        starts += [at] * len(piece)
        ends += [end] * len(piece)
        at = end
    return starts, ends
