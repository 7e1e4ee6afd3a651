"""Verdicts: what kind of answer a response was, one of four, and what stood in the way.

Owns the vocabulary and the signs that all platforms share (status, redirect target, HTML where JSON was due). A
platform's own error words are read beside its parser. An answer nobody recognises is blocked, never an empty success.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Verdict(StrEnum):
    """The four kinds of answer."""

    OK = "ok"
    BUSINESS_EMPTY = "business_empty"
    """The platform says there is nothing: no result, deleted, past the last page."""
    BLOCKED = "blocked"
    TRANSPORT = "transport"
    """No usable answer arrived: connection, 5xx, a damaged document."""


class Obstacle(StrEnum):
    """What stood between us and the posts."""

    NONE = "none"
    LOGIN = "login"
    CAPTCHA = "captcha"
    RISK_CONTROL = "risk_control"
    RATE_LIMIT = "rate_limit"
    PERMISSION = "permission"
    TOKEN = "token"  # noqa: S105 - the name of an obstacle
    ROBOTS = "robots"
    EMPTY_LIST = "empty_list"
    """An empty list where the platform itself says there are posts."""
    EMPTY_BODY = "empty_body"
    DEPTH = "depth"
    """The platform shows no deeper page, though there is more."""
    UNRECOGNISED = "unrecognised"
    DAMAGED = "damaged"
    OVERSIZE = "oversize"
    SERVER = "server"
    NETWORK = "network"
    ELSEWHERE = "elsewhere"
    """Sent to a host that is not this platform's."""
    GONE = "gone"
    """The address itself no longer exists."""


OBSTACLES = {
    Obstacle.NONE: "",
    Obstacle.LOGIN: "平台要求登录",
    Obstacle.CAPTCHA: "平台要求人机验证",
    Obstacle.RISK_CONTROL: "被平台风控拦截",
    Obstacle.RATE_LIMIT: "请求被平台限频",
    Obstacle.PERMISSION: "接口权限不足",
    Obstacle.TOKEN: "接口凭证无效或过期，请重新授权并更新登记的凭证",
    Obstacle.ROBOTS: "robots.txt 不允许采集",
    Obstacle.EMPTY_LIST: "平台返回空列表，但声称有内容，疑似软拦截",
    Obstacle.EMPTY_BODY: "平台返回空响应，疑似软拦截",
    Obstacle.DEPTH: "平台不提供更深的页",
    Obstacle.UNRECOGNISED: "平台返回了无法识别的内容",
    Obstacle.DAMAGED: "页面内容残缺，无法解析",
    Obstacle.OVERSIZE: "页面超过大小上限",
    Obstacle.SERVER: "平台服务器错误",
    Obstacle.NETWORK: "网络连接失败",
    Obstacle.ELSEWHERE: "被跳转到其他网站",
    Obstacle.GONE: "登记的地址已失效，请更新来源",
}
"""Each obstacle in words for a person."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A verdict with its obstacle."""

    verdict: Verdict
    obstacle: Obstacle = Obstacle.NONE


OK = Reading(Verdict.OK)
EMPTY = Reading(Verdict.BUSINESS_EMPTY)
PERHAPS_EMPTY = Reading(Verdict.BUSINESS_EMPTY, Obstacle.EMPTY_LIST)
"""The platform uses the same words for no results and for a soft block; what else is known must decide."""
TOO_DEEP = Reading(Verdict.BUSINESS_EMPTY, Obstacle.DEPTH)
DAMAGED = Reading(Verdict.TRANSPORT, Obstacle.DAMAGED)
GONE = Reading(Verdict.TRANSPORT, Obstacle.GONE)
"""What is walked does not exist: nobody's posts are gone with it, and the other listings are walked."""


def blocked(obstacle: Obstacle) -> Reading:
    """A refusal of this kind."""
    return Reading(Verdict.BLOCKED, obstacle)


UNRECOGNISED = blocked(Obstacle.UNRECOGNISED)

_LOGIN = re.compile(
    r"passport\.(?:weibo|sina|baidu)|passport\.(?:com|cn)|login\.sina|sso/signin|visitor/visitor|mod=logging&action=login|/passport/|/signin\b|/login\b|微博通行证|"
    r"Sina Visitor System|新浪通行证|微博登录|请先登录",
    re.IGNORECASE,
)
_CAPTCHA = re.compile(
    r"captcha|geetest|userverify|verify_check|rc-verifycenter|waf-jschallenge|security\.weibo|安全验证|人机验证|访问验证",
    re.IGNORECASE,
)
_GONE = re.compile(r"不存在|已被?删除|已下线")
_LINK = re.compile(r"\b(?:href|src|action)\s*=\s*(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b[^<]*(?:<(?!/script)[^<]*)*", re.IGNORECASE)
_RATE = re.compile(r"访问过于频繁|请求过于频繁|访问频繁|操作太频繁|频控|命中风控|前方拥堵")
_STATUS = {
    401: Obstacle.LOGIN,
    403: Obstacle.PERMISSION,
    412: Obstacle.RISK_CONTROL,
    414: Obstacle.RISK_CONTROL,
    418: Obstacle.RISK_CONTROL,
    429: Obstacle.RATE_LIMIT,
    432: Obstacle.RISK_CONTROL,
    456: Obstacle.RISK_CONTROL,
    461: Obstacle.CAPTCHA,
    471: Obstacle.CAPTCHA,
}


def of_status(status: int, location: str = "") -> Reading | None:
    """What the status alone says, or None when the body decides (2xx, and 404 and 410 which each page kind reads)."""
    if 200 <= status < 300 or status in (404, 410):
        return None
    if 300 <= status < 400:
        return blocked(sign(location) or Obstacle.ELSEWHERE)
    if status >= 500 or status == 408:
        return Reading(Verdict.TRANSPORT, Obstacle.SERVER)
    return blocked(_STATUS.get(status, Obstacle.UNRECOGNISED))


def sign(text: str) -> Obstacle | None:
    """The obstacle that an address or a page's first words announce, if any."""
    head = text[:20_000]
    if _LOGIN.search(head):
        return Obstacle.LOGIN
    if _CAPTCHA.search(head):
        return Obstacle.CAPTCHA
    return Obstacle.RATE_LIMIT if _RATE.search(head) else None


def of_non_json(text: str) -> Reading:
    """What arrived where JSON was due: nothing, a refusal, a page, or half a document."""
    words = text.strip()
    if not words:
        return blocked(Obstacle.EMPTY_BODY)
    if words.strip('"').lower() == "blocked":
        return blocked(Obstacle.RISK_CONTROL)
    if words[0] in "{[":
        return DAMAGED
    return blocked(sign(words) or Obstacle.UNRECOGNISED)


def same_site(location: str, page: str) -> bool:
    """Whether a redirect stays on the host it came from, and as private: credentials may travel with the request."""
    try:
        there, here = urlsplit(location), urlsplit(page)
    except ValueError:
        return False
    return there.netloc == here.netloc and there.scheme in ("https", here.scheme)


def of_html(text: str) -> Reading | None:
    """What an HTML page says as a whole, or None when it may be what was asked for."""
    if not text.strip():
        return blocked(Obstacle.EMPTY_BODY)
    if "</html" not in text[-5000:].lower():
        return DAMAGED  # cut on the way; a lenient parser would take half a text for the whole
    return None


def of_strange_html(text: str) -> Reading:
    """What a whole page is that lacks every sign of the page asked for.

    Links do not count, because every page has one to its login; a script may refuse where nothing else is said.
    """
    unlinked = _LINK.sub("", text)
    said = _SCRIPT.sub("", unlinked)
    if obstacle := sign(said):
        return blocked(obstacle)
    if _GONE.search(said[:20_000]):
        return EMPTY
    return blocked(sign(unlinked) or Obstacle.UNRECOGNISED)
