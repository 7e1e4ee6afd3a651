"""Masking of personal data in texts that leave the store: alerts, digests, exports, notes.

Owns the patterns of Chinese personal data. Keeps enough of each to tell two apart (138****5678) and nothing that
reaches a person. Rather too much than too little: a figure of the same shape is masked too. Order numbers stay, they
mean nothing outside the shop. Does not find people's names.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

_GAP: Final = r"[ \-‐-―·.•_]{0,2}"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_HAN: Final = r"\u4e00-\u9fff"


def _digits(low: int, high: int) -> str:
    return rf"\d(?:{_GAP}\d){{{low - 1},{high - 1}}}"


def _ends(group: int, first: int, last: int) -> Callable[[re.Match[str]], str]:
    """Replace all but the first and last characters of a group, gaps left out."""

    def masked(found: re.Match[str]) -> str:
        plain = "".join(character for character in found[group] if character.isalnum())
        return f"{plain[:first]}****{plain[-last:]}"

    return masked


_EMAIL: Final = r"([a-z0-9][a-z0-9._%+\-]{0,63})@([a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,4})"

# account names after what they are: 微信号:abc_123, vx abc123, QQ 12345678
_IS: Final = r"\s{0,2}(?:是|为|[:：=])?\s{0,2}"
_WECHAT: Final = (
    rf"((?:微信|薇信|威信|v信|(?<![a-z])(?:wechat|weixin|vx|wx))(?:号码|号|id)?{_IS})"
    r"([a-z0-9][a-z0-9_\-]{5,19})(?![a-z0-9_\-])"
)
_QQ: Final = rf"((?:(?<![a-z])qq|扣扣|企鹅)(?:号码|号|群)?{_IS})(\d{{5,12}})(?!\d)"

# resident identity number: 18 places with a date of birth inside
_RESIDENT: Final = (
    rf"(?<!\d)[1-9]{_GAP}{_digits(5, 5)}{_GAP}(?:1{_GAP}[89]|2{_GAP}0){_GAP}{_digits(2, 2)}{_GAP}"
    rf"(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:[012]{_GAP}\d|3{_GAP}[01]){_GAP}{_digits(3, 3)}{_GAP}[\dx]"
    r"(?!\d)"
)
_MOBILE: Final = rf"(?<![\da-z])(?:\+?{_GAP}86{_GAP})?(1{_GAP}[3-9]{_GAP}{_digits(9, 9)})(?!{_GAP}\d)(?![a-z])"
# eleven digits on end are a mobile whatever stands beside them: 加V13812345678, 13812345678 2025年买的
_MOBILE_SOLID: Final = r"(?<!\d)(?:(?:00)?86)?(1[3-9]\d{9})(?!\d)"
_BANK_CARD: Final = rf"(?<![\da-z])[3-6]{_GAP}{_digits(15, 18)}(?!\d)"
# with area code; 400 and 800 lines and short numbers are the companies' own and stay
_LANDLINE: Final = r"(?<!\d)[(（]?0(?:10|2\d|[3-9]\d{2})[)）]?[ \-‐-―]{0,2}[2-9]\d{2,3}[ \-‐-―]?\d{4}(?!\d)"
# new energy included; a digit near the front tells plates from words
_PLATE: Final = (
    rf"[{_PROVINCES}][a-hj-np-z][ ·•.\-]?(?=[a-z]{{0,4}}\d)"
    r"(?:[a-hj-np-z0-9]{5,6}|[a-hj-np-z0-9]{4}[学警挂港澳])(?![a-z0-9])"
)
# from the road, village or estate on, when the number of a house, building, unit or room follows; which branch of a
# chain (中山路3号店) is no one's home
_ADDRESS: Final = (
    rf"([{_HAN}]{{2,10}}(?:路|街|大道|巷|弄|胡同|小区|花园|公寓|家园|新村|苑|村))"
    rf"(?: {{0,2}}[{_HAN}a-z]{{0,8}}? {{0,2}}[\da-z一二三四五六七八九十百零\-]{{1,8}} {{0,2}}"
    r"(?:号楼|号院|号|弄|栋|幢|座|楼|层|单元|室|户|组)){1,6}(?: {0,2}\d{2,5}(?!\d))?(?![店线门铺窗])"
)
_UNIT: Final = r"[\da-z一二三四五六七八九十]{1,4} {0,2}单元\s{0,2}"
_ROOM: Final = (
    rf"(?<![\da-z])\d{{1,4}} {{0,2}}(?:号楼|栋|幢|座)\s{{0,2}}(?:{_UNIT})?\d{{2,5}}(?: {{0,2}}(?:室|户))?(?!\d)"
)

_PATTERNS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # what is longer and surer comes first; a phone before a card, for 138 1234 5678 has gaps as cards do
        (_EMAIL, lambda found: f"{found[1][0]}***@{found[2]}"),
        (_WECHAT, lambda found: f"{found[1]}{found[2][0]}****"),
        (_QQ, lambda found: f"{found[1]}{found[2][:2]}****"),
        (_RESIDENT, _ends(0, 3, 2)),
        (_MOBILE, _ends(1, 3, 4)),
        (_MOBILE_SOLID, _ends(1, 3, 4)),
        (_BANK_CARD, _ends(0, 4, 4)),
        (_LANDLINE, _ends(0, 3, 2)),
        (_PLATE, lambda found: f"{found[0][:2]}****"),
        (_ADDRESS, lambda found: f"{found[1][:2]}****"),
        (_ROOM, lambda _: "****"),
    )
)


def mask(text: str) -> str:
    """The text with phones, ids, cards, plates, mail, account names and addresses masked. Any string is accepted.

    Full-width forms are found too. Only what is masked changes; every other character stays as it was, and masking
    twice gives the same as masking once.
    """
    # one character in, one character out, so that places found in the narrow form hold in the original
    narrow = "".join(_narrow(character) for character in text)
    cuts = sorted(_cuts(narrow))
    parts, end = [], 0
    for since, until, instead in cuts:
        parts += [text[end:since], instead]
        end = until
    return "".join([*parts, text[end:]])


def _cuts(narrow: str) -> Iterator[tuple[int, int, str]]:
    taken = narrow
    for pattern, replace in _PATTERNS:
        for found in pattern.finditer(taken):
            yield found.start(), found.end(), replace(found)
        taken = pattern.sub(lambda found: "\0" * len(found[0]), taken)


def _narrow(character: str) -> str:
    if character < "\u2000":
        return character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character
