"""Stories: which posts are copies of one another, so that 500 reposts are not 500 voices.

Owns the sketch of a text (`fingerprint`, pure, made where a post is judged) and the partition of sketches into
stories (`Stories` one at a time, `group` many at once: the same whatever the order). Which text of a post is sketched
is `judge`'s affair.

The sketch is a min-hash of character pairs (Broder 1997), 8 bits for each of 48 hash functions (Li and König 2010);
candidates meet in 12 bands of 4 and are joined when half of their hashes agree.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from operator import eq
from struct import Struct

import numpy as np

from models.text import EMOTICON, names_apart, normalise

_HASHES = 48
_BAND = 4
_BANDS = Struct(f"<{_HASHES // _BAND}I")
_AGREE = 26
"""Of 48: two sketches this alike are one story; a Jaccard similarity of the character pairs of about 0.54."""
_SHORTEST = 10
"""Fewer words than this, hashtags left out, are too few to be alike: they are one story only when they are the same."""
_REMARK = 20
_LONGEST = 2_000
_EXACT, _SKETCH = "x", "m"

_CHAIN = re.compile(r"//\s*@\s*:?")
_HASHTAG = re.compile(r"#[^#\n]{1,60}#")
_WORDLESS = re.compile(r"[\W_]+")
_GENERIC = frozenset(
    (
        "转发微博",
        "转发",
        "轻转发",
        "快转微博",
        "转发了",
        "转",
        "转转",
        "repost",
        "分享图片",
        "分享视频",
        "分享",
        "链接",
        "收到",
        "原文转发",
    )
)
_FACTORS = np.frombuffer(b"".join(blake2b(bytes([n]), digest_size=8).digest() for n in range(_HASHES)), "<u8") | 1


def words(text: str) -> str:
    """What a text says once names, links, emoji, punctuation, hashtags and the repost chain are gone.

    Empty when that is nothing, or only what a platform writes by itself ("转发微博"). What stands before a chain
    ("…//@user:…") counts when it is more than a passing remark; otherwise the root does, at the chain's end, so that
    a repost joins the story it passes on. A hashtag stays when almost nothing else does, and so does a name that nobody
    can tell from the words behind it (`names_apart`).
    """
    return _said(text)[0]


def generic(text: str) -> bool:
    """Whether a text is only what a platform writes for someone who passes a post on, such as "转发微博"."""
    return _WORDLESS.sub("", normalise(text)) in _GENERIC


def fingerprint(text: str) -> str:
    """A sketch of what the text says; equal or similar texts have sketches that `group` brings together.

    Pure and never empty, for any string. At most 65 characters of ASCII.
    """
    said, enough = _said(text)
    if not enough:
        alone = said or _WORDLESS.sub("", normalise(text)) or normalise(text)
        return _EXACT + blake2b(alone.encode(), digest_size=10).hexdigest()
    codes = np.frombuffer(said[:_LONGEST].encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    pairs = (codes[:-1] << np.uint64(21)) ^ codes[1:]
    pairs *= np.uint64(0x9E3779B97F4A7C15)
    pairs ^= pairs >> np.uint64(29)
    least = np.multiply.outer(_FACTORS, pairs).min(axis=1)
    return _SKETCH + urlsafe_b64encode((least >> np.uint64(20)).astype(np.uint8).tobytes()).decode()


class Stories:
    """The stories of all fingerprints so far: one more joins, founds or brings together stories, nothing is regrouped.

    The partition depends on the set of fingerprints only, not on their order: two sketches are joined when they meet
    in a band and enough hashes agree, and so on through chains of copies; exact fingerprints only with their equals.
    About 1.1 KB of memory for each different sketch. Not safe to share between threads.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._sketches: list[bytes] = []
        self._least: list[int] = []
        """Towards the least number of the same story (union-find)."""
        self._met: dict[int, int | list[list[int]]] = {}
        """Band → who is there: mostly one; else several, those of one story together, so that a crowd is asked once."""

    def add(self, fingerprint: str) -> int:
        """The number of its story: that of the first fingerprint the story had; a repeat changes nothing.

        When two stories turn out to be one, the lower number stays.

        Raises:
            ValueError: a sketch that `fingerprint` did not make.
        """
        number = self._numbers.get(fingerprint)
        if number is None:
            sketch = _sketch(fingerprint)
            number = self._numbers[fingerprint] = len(self._least)
            self._least.append(number)
            self._sketches.append(sketch)
            for band, hashes in enumerate(_BANDS.unpack(sketch) if sketch else ()):
                key = band << 32 | hashes
                there = self._met.setdefault(key, number)
                if there != number:
                    self._met[key] = self._join(number, [[there]] if isinstance(there, int) else there)
        return self._story(number)

    def _join(self, number: int, crowd: list[list[int]]) -> list[list[int]]:
        """Join it to whom it is like in a band; the crowd with it, one list a story as far as they are known."""
        own, others = [number], []
        for told in crowd:
            one, other = self._story(number), self._story(told[0])
            if one == other or any(self._alike(number, member) for member in told):
                self._least[max(one, other)] = min(one, other)
                few, own = sorted((own, told), key=len)
                own += few
            else:
                others.append(told)
        return [own, *others]

    def _alike(self, one: int, other: int) -> bool:
        agreed: int = sum(map(eq, self._sketches[one], self._sketches[other]))
        return agreed >= _AGREE

    def _story(self, number: int) -> int:
        while (least := self._least[number]) != number:
            self._least[number] = self._least[least]  # halve the way for whoever asks next
            number = least
        return number


def group(fingerprints: Sequence[str]) -> list[int]:
    """The story of each: same number, same story. Numbers count up from 0 in order of first appearance.

    The partition is that of Stories, whatever the order.

    Raises:
        ValueError: a sketch that `fingerprint` did not make.
    """
    stories = Stories()
    for print_ in fingerprints:
        stories.add(print_)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(stories.add(print_), len(numbers)) for print_ in fingerprints]


def _sketch(fingerprint: str) -> bytes:
    """The hashes of a sketch; of an exact fingerprint none."""
    if not fingerprint.startswith(_SKETCH):
        return b""
    sketch = urlsafe_b64decode(fingerprint[1:])
    if len(sketch) != _HASHES:
        raise ValueError("not a fingerprint: a sketch of the wrong length")
    return sketch


def _said(text: str) -> tuple[str, bool]:
    """The words, and whether without hashtags there are enough of them to be like others."""
    own, *chain = _CHAIN.split(normalise(names_apart(text)))
    said = _strip(own)
    if chain and len(said[0]) < _REMARK:
        said = max(said, _strip(chain[-1]), key=lambda each: len(each[0]))
    return said


def _strip(text: str) -> tuple[str, bool]:
    text = EMOTICON.sub("", text)
    said = _WORDLESS.sub("", _HASHTAG.sub("", text).replace("链接", ""))
    enough = len(said) >= _SHORTEST
    if not enough:
        said = _WORDLESS.sub("", text.replace("链接", ""))
    return "" if said in _GENERIC else said, enough
