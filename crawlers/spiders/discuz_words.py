"""What Discuz! X says, in its pages and its mobile interface alike: a post's own words, a notice, a time.

Owns what belongs to the software and not to the author: quotes, edit marks, notices about hidden words and attachments,
noise against copying, and the sentences in which it refuses. Pure; raises nothing whatever the document is.
"""

import re
from dataclasses import dataclass

from parsel import Selector

from crawlers.documents import attribute
from crawlers.verdict import EMPTY, GONE, Obstacle, Reading, blocked, sign
from crawlers.xmltext import printable

_NOT_WORDS = (
    ".quote, blockquote, i.pstatus, .pstatus, .locked, .attach_nopermission, ignore_js_op, .attach_popup, .tip, "
    "font.jammer, .jammer, script, style"
)
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BANNED = re.compile(r"屏蔽|被禁止|被删除")
_BARE = re.compile(r"提示\s*[:：]\s*(?:作者被禁止或删除\s*内容自动屏蔽|该帖被管理员或版主屏蔽)|此帖仅作者可见")
"""What stands in place of a post where nothing around it says so, as in the mobile interface."""
_GONE = re.compile(r"不存在|已被?删除|正在被审核|nonexistence")
_LOGIN = re.compile(r"先登录|登录后|to_login|login_nopermission")
_RANK = re.compile(r"阅读权限|thread_nopermission|readperm")
_PERMISSION = re.compile(r"没有权限|无权|nopermission|权限不足|mobile_is_closed|RSS Disabled", re.IGNORECASE)
_FLOOD = re.compile(r"过于频繁|太快|\d+\s*秒(?:内|后)|flood")


@dataclass(frozen=True, slots=True)
class Message:
    """What a post says."""

    words: str
    """Its own words as HTML; empty where there are none to see."""
    hidden: bool = False
    """Words are shown to others only."""
    banned: bool = False
    """The board blotted it out."""


def read_message(body: Selector) -> Message:
    """The author's own words in the element around a post."""
    said = "".join(body.css("::text").getall()).strip()
    bare = bool(_BARE.fullmatch(said))
    notices = said if bare else " ".join("".join(node.css("::text").getall()) for node in body.css(".locked"))
    for node in body.css(_NOT_WORDS):
        _cut(node)
    for node in body.css("[style]"):
        if _UNSEEN.search(attribute(node, "style")):
            _cut(node)
    banned = bool(_BANNED.search(notices))
    shown = "".join(body.css("::text").getall()).strip() or body.css("img")
    return Message(
        words=body.get() if shown and not bare else "",
        hidden=bool(notices) and not banned,
        banned=banned,
    )


def refusal(said: str, code: str = "") -> tuple[Reading, bool]:
    """What kind of answer a notice is, and whether it is about this one thread's reading rank only.

    Args:
        said: the sentence.
        code: the name that the mobile interface gives it, such as `to_login//1`.
    """
    both = f"{said} {code}"
    if _LOGIN.search(both):
        return blocked(Obstacle.LOGIN), False
    if _RANK.search(both):
        return blocked(Obstacle.PERMISSION), True
    if _GONE.search(both):
        return EMPTY, False
    if _PERMISSION.search(both):
        return blocked(Obstacle.PERMISSION), False
    if _FLOOD.search(both):
        return blocked(Obstacle.RATE_LIMIT), False
    return blocked(sign(both) or Obstacle.UNRECOGNISED), False


def no_board(reading: Reading) -> Reading:
    """Of a board's list: that something does not exist is said of the board."""
    return GONE if reading == EMPTY else reading


def when(node: Selector) -> str:
    """The time in an element: the exact one of its `title`, unless that has the day only and the text the minute."""
    text = " ".join("".join(node.css("::text").getall()).split())
    exact = (node.css("[title]::attr(title)").get() or "").strip()
    return text if not exact or (":" not in exact and ":" in text) else exact


def _cut(node: Selector) -> None:
    """Take an element out of its page; what stands behind it stays."""
    element = node.root
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail or ""
    before = element.getprevious()
    if before is None:
        parent.text = printable((parent.text or "") + tail)
    else:
        before.tail = printable((before.tail or "") + tail)
    parent.remove(element)
