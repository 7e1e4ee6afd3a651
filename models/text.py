"""Text as models see it: one normalisation for training, serving, the lexicon and story fingerprints.

Owns what counts as the same text. Does not own HTML or platform markup; `crawlers.normalize` removed that.
"""

import re
import unicodedata
from functools import cache

from opencc import OpenCC

LINK = re.compile(r"(?:https?://|www\.)(?:(?!//\s*[@＠])[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])+", re.IGNORECASE)
"""A link, up to Chinese or a repost chain (`//@name:`). Folding makes an end of it, a full-width comma, part of it."""
AT = re.compile("[@＠﹫]")
EMOTICON = re.compile(r"\[[^\[\]\s]{1,8}\]")
_MENTION = re.compile(r"@[\w\-·]{1,30}")
_RUN = re.compile(r"(?<!//)(?<!// )@([\w\-·]+)")
"""A mention and what is written on to it; the names of a repost chain end by themselves."""
SPEAKER = re.compile(r"@([\w\-·]+):")
"""Who is passed on or answered: `//@name:…`, `回复@name:…`. A name ends for certain only there."""
HAN = "[\u4e00-\u9fff]"
"""A Chinese character, as part of a pattern."""
_LONG_NAME = 8
"""Of 18,000 real posts with mentions, nine in ten have no name with more Chinese characters than this."""
_SHORT_NAME = 4
"""No cry and no complaint has room in this many characters together with a name."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPEAT = re.compile(r"(\S)\1{3,}")
# what NFKC makes of them; replaced first because NFKC takes its slow path for a text that holds any
_PUNCTUATION = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？：；（）…～　")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]")


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
    text = _MENTION.sub("@", _unlinked(text))
    text = _REPEAT.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", text).strip()


def names_apart(text: str) -> str:
    """The text with a space for the `@` of each mention that swallowed words; one without any is returned as it is.

    Chinese has no spaces, and nobody can tell where in `@云汀茶奶茶里喝出蟑螂了` the name ends. A mention did when it
    has more Chinese characters than names have, or when it is all that is said and has room for more than a name.
    """
    if not AT.search(text):
        return text
    plain = _SPACE.sub(" ", _unlinked(text))
    rest, mentions = _RUN.subn("", EMOTICON.sub("", plain))
    alone = mentions == 1 and not _WORD.search(rest.replace("链接", ""))
    longest = _SHORT_NAME if alone else _LONG_NAME
    apart = _RUN.sub(lambda run: f" {run[1]}" if len(re.findall(HAN, run[1])) > longest else run[0], plain)
    return text if apart == plain else apart


def _unlinked(text: str) -> str:
    # before folding, while a full-width comma still ends a link; and after, when a full-width link has become one
    return LINK.sub(" 链接 ", fold(LINK.sub(" 链接 ", text)))
