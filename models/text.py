"""Text as models see it: one normalisation for training, serving, the lexicon and story fingerprints.

Owns what counts as the same text. Does not own HTML or platform markup; `crawlers.normalize` removed that.
"""

import re
import unicodedata
from functools import cache

from opencc import OpenCC

LINK = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+", re.IGNORECASE)
_MENTION = re.compile(r"@[\w\-·]{1,30}")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPEAT = re.compile(r"(\S)\1{3,}")
# what NFKC makes of them; replaced first because NFKC takes its slow path for a text that holds any
_PUNCTUATION = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？：；（）…～　")
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """The text with one form for each character: NFKC, lower case, Simplified, no lone surrogates, nothing invisible.

    Names, links and spaces stay, so a brand can still be found in `@brand`.
    """
    text = _SURROGATE.sub("", text)
    for wide, narrow in _PUNCTUATION:
        text = text.replace(wide, narrow)
    return str(_simplifier().convert(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text).lower())))


@cache
def _simplifier() -> OpenCC:
    # one post in forty has Traditional characters: the network has hardly seen them, the lexicon's words have none
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """The text as every model reads it: folded, one space at most, links and names reduced to `链接` and `@`.

    A character repeated four times or more is kept three times ("啊啊啊啊啊" → "啊啊啊"). Any string is accepted.
    """
    text = _MENTION.sub("@", LINK.sub(" 链接 ", fold(text)))
    text = _REPEAT.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", text).strip()
