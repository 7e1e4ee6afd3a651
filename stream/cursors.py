"""Where a page of hits ended, as a word that whoever reads on hands back.

Owns how that is written down, for every store, and what is said of a word that is none. Does not own where pages end.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec

REFUSED = "翻页标记无效,请从第一页重新开始"
"""Whatever was wrong with it, the person can only start again."""

Values = list[float | int | str]
"""What the last hit was sorted by: its score if hits were ranked, when it was published, its id."""
_cursors: msgspec.json.Decoder[tuple[bool, Values, str]] = msgspec.json.Decoder(tuple[bool, Values, str])


def write(values: Sequence[float | int | str], name: str, *, ranked: bool) -> str:
    """The cursor of a page that ended there, in the reading of this name; letters, digits, `-` and `_`."""
    return base64.urlsafe_b64encode(msgspec.json.encode((ranked, values, name))).decode().rstrip("=")


def read(cursor: str, *, ranked: bool) -> tuple[Values, str]:
    """What `write` was given; raises ValueError for any other word and for a cursor of the other order."""
    try:
        data = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        of_ranked, values, name = _cursors.decode(data)
    except (binascii.Error, UnicodeEncodeError, UnicodeDecodeError, msgspec.DecodeError):
        raise ValueError(REFUSED) from None
    kinds = [float, int, str] if ranked else [int, str]
    if of_ranked is not ranked or [type(value) for value in values] != kinds:
        raise ValueError(REFUSED)
    return values, name
