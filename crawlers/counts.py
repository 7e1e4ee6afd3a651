"""Numbers as platforms write them: `1.2万`, `100万+`, `3亿`, `1,234`, `转发`.

Owns reading a count. Does not decide which number is a like and which a comment.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Any

_UNITS = {"": 1, "百": 100, "千": 10**3, "k": 10**3, "万": 10**4, "萬": 10**4, "w": 10**4, "m": 10**6}
_UNITS |= {"亿": 10**8, "億": 10**8}
_NUMBER = re.compile(
    r"(?<![\w.,-])(\d{1,18}(?:,\d{3})*|\d{1,3}(?:,\d{3})+)(\.\d{1,6})?\s*([百千]?)([千万萬亿億kwm]?)", re.IGNORECASE
)
_LABEL = re.compile(r"(?:转发|评论|赞|点赞|收藏|分享|回复|喜欢|抢首赞|抢沙发)$")
_CEILING = 2**63 - 1


def parse_count(raw: Any) -> int | None:  # noqa: PLR0911 - a table
    """The count meant by `raw`, never negative and at most 2^63-1; None when the page does not say.

    A bare label (`转发`, `评论`, `赞`) is how platforms write zero. `100万+` is its lower bound.
    """
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int):
        return raw if 0 <= raw <= _CEILING else None
    if isinstance(raw, float):
        return int(raw) if 0 <= raw < 2**53 else None  # NaN compares false
    if not isinstance(raw, str) or len(raw) > 60:
        return None
    words = unicodedata.normalize("NFKC", raw).strip()
    if _LABEL.fullmatch(words):
        return 0
    # a label may stand before the number: "转发 3", "评论3"
    found = _NUMBER.search(re.sub(r"^[一-鿿]+[::\s]*", "", words))
    if found is None:
        return None
    whole, fraction, times, unit = found.groups()
    value = int(Decimal(whole.replace(",", "") + (fraction or "")) * _UNITS[times] * _UNITS[unit.lower()])
    return value if value <= _CEILING else None
