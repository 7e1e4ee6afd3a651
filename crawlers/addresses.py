"""Addresses and native ids: the two things a post may be known by.

Owns what counts as the same page and as a usable id. Does not fetch anything.
"""

import re
from collections.abc import Container
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"(?:utm_.*|spm|scm|sld|refer_flag|from|from_source|source|share_.*|sharer?|s?_?token|access[-_]token|session_?id|jsessionid|"
    r"phpsessid|sig|sign|signature|ts|rs|_t|_wv|callback|timestamp|wm|luicode|lfid|featurecode|mstoken|a_bogus|x-bogus|ticket|"
    r"pvareaid|vt|isappinstalled|jumpfrom|wfr|ref|referer|tracking.*|gclid|fbclid)",
    re.IGNORECASE,
)
_SESSION = re.compile(r"sid|fid", re.IGNORECASE)
"""Parameters of a session, unless they hold a plain number: then they name a story or a board."""
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST = 2000


def clean_id(raw: Any) -> str:
    """The native id as a string, exactly; empty when `raw` cannot be one.

    Huge integers keep every digit. A float has already lost digits beyond 2^53 and is then refused.
    """
    if isinstance(raw, bool):
        return ""
    if isinstance(raw, int):
        return str(raw) if raw >= 0 and raw.bit_length() <= 512 else ""
    if isinstance(raw, float):
        return str(int(raw)) if 0 < raw < 2**53 and raw.is_integer() else ""
    if not isinstance(raw, str):
        return ""
    words = raw.strip()
    return "" if len(words) > 200 or _UNFIT.search(words) else words


def canonical_url(raw: Any, within: str = "") -> str:
    """The lasting http(s) address of `raw`: no fragment, no credentials, no tracking or session parameters.

    Args:
        raw: absolute, protocol-relative, or (with `within`) relative.
        within: the page it stood on.

    Returns:
        The address, or empty when there is none.
    """
    if not isinstance(raw, str) or len(raw) > _LONGEST or not raw.strip():
        return ""
    try:
        parts = urlsplit(urljoin(within or "https://", raw.strip()))
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:  # an address like http://[oops
        return ""
    if parts.scheme not in ("http", "https") or not host or _UNFIT.search(host):
        return ""
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    query = sorted(
        (k, v)
        for k, v in parse_qsl(parts.query, keep_blank_values=True, errors="replace")
        if not _TRACKING.fullmatch(k) and not (_SESSION.fullmatch(k) and not re.fullmatch("[0-9]+", v))
    )
    words = _UNFIT.sub("", parts.path).rstrip(";")  # an empty parameter, which `urljoin` drops too
    path = quote(words or "/", safe="/%:@!$&'()*+,;=-._~")
    return urlunsplit((parts.scheme, host, path, urlencode(query, errors="replace"), ""))


def unwrap(raw: Any) -> str:
    """The outer address in a `sinaurl?u=…` link, or the address itself; empty when it is no http(s) address."""
    if not isinstance(raw, str):
        return ""
    found = re.search(r"/sinaurl\?(?:[^#]*&)?u(?:rl)?=([^&#]+)", raw)
    inner = (unquote(found[1], errors="replace") if found else raw).strip()
    return inner if re.fullmatch(r"https?://[^\s<>\"']{1,1900}", inner) else ""


def is_web(url: str) -> bool:
    """Whether an address can be asked for as it stands: http or https, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an address like http://[oops, or h.example:port
        return False


def host_of(url: str) -> str:
    """Host and port of an address; empty when it has none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def followed(raw: Any, within: str, hosts: Container[str]) -> str:
    """The whole address that a page gave for another page, session parameters kept, if its host is one of `hosts`."""
    if not isinstance(raw, str) or len(raw) > _LONGEST or not raw.strip() or _UNFIT.search(raw.strip()):
        return ""
    try:
        target = urljoin(within, raw.strip())
        sound = urlsplit(target).scheme in ("http", "https") and urlsplit(target).username is None
    except ValueError:
        return ""
    return target if sound and host_of(target) in hosts else ""


class Sites:
    """The hosts of publishers: whatever shares the registered name of one of some addresses or hosts.

    `news.example.com.cn` and `m.example.com.cn` are one publisher's. A number, or a name without a dot, is only itself.
    """

    def __init__(self, *addresses: str) -> None:
        self._sites = tuple(filter(None, (_site(host_of(one) or one.lower()) for one in addresses)))

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and any(host == site or host.endswith(f".{site}") for site in self._sites)


def _site(host: str) -> str:
    if ":" in host or re.fullmatch(r"[\d.]+|[^.]*", host):
        return host
    parts = host.split(".")
    wide = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in ("com", "net", "org", "gov", "edu", "ac", "co")
    return ".".join(parts[-3 if wide else -2 :])
