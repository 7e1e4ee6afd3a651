"""Stories: which posts are copies of one another, so that 500 reposts are not 500 voices.

Owns the sketch of a text (`fingerprint`, pure, made where a post is judged) and the partition of sketches into
stories (`group`, the same whatever the order). Which text of a post is sketched is `judge`'s affair.

The sketch is a min-hash of character pairs (Broder 1997), 8 bits for each of 48 hash functions (Li and König 2010);
candidates meet in 12 bands of 4 and are joined when half of their hashes agree.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from models.text import normalise

_HASHES = 48
_BAND = 4
_AGREE = 26
"""Of 48: two sketches this alike are one story; a Jaccard similarity of the character pairs of about 0.54."""
_WINDOW = 48
"""How many neighbours of a crowded band each sketch is compared with; copies that crowd are also chained."""
_SHORTEST = 10
"""Fewer words than this say too little to be alike; they are one story only when they are the same."""
_REMARK = 20
_LONGEST = 2_000
_EXACT, _SKETCH = "x", "m"
_SKETCHED = 1 + _HASHES * 4 // 3

_CHAIN = re.compile(r"//\s*@\s*:?")
_HASHTAG = re.compile(r"#[^#\n]{1,60}#")
_EMOTICON = re.compile(r"\[[^\[\]\s]{1,8}\]")
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
    a repost joins the story it passes on. A hashtag stays when almost nothing else does.
    """
    own, *chain = _CHAIN.split(normalise(text))
    said = _strip(own)
    if chain and len(said) < _REMARK:
        said = max(said, _strip(chain[-1]), key=len)
    return said


def generic(text: str) -> bool:
    """Whether a text is only what a platform writes for someone who passes a post on, such as "转发微博"."""
    return _WORDLESS.sub("", normalise(text)) in _GENERIC


def fingerprint(text: str) -> str:
    """A sketch of what the text says; equal or similar texts have sketches that `group` brings together.

    Pure and never empty, for any string. At most 65 characters of ASCII.
    """
    said = words(text)
    if len(said) < _SHORTEST:
        alone = said or _WORDLESS.sub("", normalise(text)) or normalise(text)
        return _EXACT + blake2b(alone.encode(), digest_size=10).hexdigest()
    codes = np.frombuffer(said[:_LONGEST].encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    pairs = (codes[:-1] << np.uint64(21)) ^ codes[1:]
    pairs *= np.uint64(0x9E3779B97F4A7C15)
    pairs ^= pairs >> np.uint64(29)
    least = np.multiply.outer(_FACTORS, pairs).min(axis=1)
    return _SKETCH + urlsafe_b64encode((least >> np.uint64(20)).astype(np.uint8).tobytes()).decode()


def group(fingerprints: Sequence[str]) -> list[int]:
    """The story of each: same number, same story. Numbers count up from 0 in order of first appearance.

    The partition depends on the set of fingerprints only, not on their order. Two sketches are joined when enough
    hashes agree, and so on through chains of copies; exact fingerprints only with their equals.

    Raises:
        ValueError: a sketch that `fingerprint` did not make.
    """
    distinct = sorted(set(fingerprints))
    stories = {print_: number for number, print_ in enumerate(distinct)}
    sketched = [print_ for print_ in distinct if print_.startswith(_SKETCH)]
    if len(sketched) > 1:
        first = stories[sketched[0]]
        if any(len(print_) != _SKETCHED for print_ in sketched):
            raise ValueError("not a fingerprint: a sketch of the wrong length")
        sketches = np.frombuffer(b"".join(urlsafe_b64decode(p[1:]) for p in sketched), dtype=np.uint8)
        for number, root in enumerate(_components(sketches.reshape(len(sketched), _HASHES))):
            stories[sketched[number]] = first + root
    numbers: dict[int, int] = {}
    return [numbers.setdefault(stories[print_], len(numbers)) for print_ in fingerprints]


def _strip(text: str) -> str:
    text = _EMOTICON.sub("", text)
    said = _WORDLESS.sub("", _HASHTAG.sub("", text).replace("链接", ""))
    if len(said) < _SHORTEST:
        said = _WORDLESS.sub("", text.replace("链接", ""))
    return "" if said in _GENERIC else said


def _components(sketches: npt.NDArray[np.uint8]) -> list[int]:
    """Connected components of the pairs that share a band and agree enough; for each sketch the least of its own."""
    least = np.arange(len(sketches))
    for column in range(0, _HASHES, _BAND):
        band = np.ascontiguousarray(sketches[:, column : column + _BAND]).view("<u4").ravel()
        order = np.argsort(band, kind="stable")
        crowd = band[order]
        for distance in range(1, min(_WINDOW, len(order))):
            (places,) = np.nonzero(crowd[distance:] == crowd[:-distance])
            if not len(places):
                break
            left, right = order[places], order[places + distance]
            apart = least[left] != least[right]
            left, right = left[apart], right[apart]
            alike = (sketches[left] == sketches[right]).sum(axis=1) >= _AGREE
            _join(least, left[alike], right[alike])
    joined: list[int] = least.tolist()
    return joined


def _join(least: npt.NDArray[np.int64], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> None:
    """Bring both ends of every pair under the least of both; `least` is flat before and after."""
    while len(left):
        one, other = least[left], least[right]
        np.minimum.at(least, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(least, least[least]):
            least[:] = least[least]
        apart = least[left] != least[right]
        left, right = left[apart], right[apart]
