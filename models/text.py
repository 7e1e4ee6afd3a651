"""Text as models see it: one normalisation for training, serving, the lexicon and story fingerprints.

Owns what counts as the same text. Does not own HTML or platform markup; `crawlers.normalize` removed that.
"""

import re
import unicodedata

_URL = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+", re.IGNORECASE)
_MENTION = re.compile(r"@[\w\-·]{1,30}")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPEAT = re.compile(r"(\S)\1{3,}")
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """The text as every model reads it: NFKC, lower case, one space at most, links and names reduced to `链接` and `@`.

    A character repeated four times or more is kept three times ("啊啊啊啊啊" → "啊啊啊"). Any string is accepted;
    lone surrogates and invisible characters disappear. Idempotent.
    """
    text = _SURROGATE.sub("", text)
    text = unicodedata.normalize("NFKC", text).lower()
    text = _INVISIBLE.sub("", text)
    text = _MENTION.sub("@", _URL.sub(" 链接 ", text))
    text = _REPEAT.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", text).strip()
