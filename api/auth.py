"""Who is asking: bearer keys, the dashboard's login cookie, and what an analyst is kept from.

Owns identity and the one place where self-harm posts are taken out of a query. Keys are known only as SHA-256
digests; the audit of what a guardian looks at is written by whoever shows it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from api.faults import Fault
from api.parts import ANONYMOUS, Parts, Person, Sender
from stream.labels import SelfHarm
from stream.query import PostQuery

SESSION_KEY = "key"
SESSION_LOGIN = "login"
SESSION_SINCE = "since"
LOGIN_LASTS = timedelta(hours=12)
_Holder = TypeVar("_Holder", Person, Sender)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def digest(key: str) -> str:
    """How a key is kept and compared: lower-case SHA-256 hex. Keys are long random strings, so no salt is needed."""
    return sha256(key.encode()).hexdigest()


def holder(keys: Mapping[str, _Holder], presented: str) -> _Holder | None:
    """Whose key has this digest; looks at every key, so that the time says nothing."""
    found: _Holder | None = None
    for known, one in keys.items():
        if hmac.compare_digest(known.encode(), presented.encode()):
            found = one
    return found


def identify(parts: Parts, connection: HTTPConnection) -> Person | None:
    """Who sent this request, or None. A wrong bearer key is nobody, whatever the cookie says.

    Without keys, or where `open_here`, anyone on this machine is the anonymous analyst; the Host must then name this
    machine too, so that a web page elsewhere cannot reach in through a name that resolves to the loopback address.
    """
    keys = parts.keys
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if key:
        return holder(keys, digest(key.strip())) if scheme.lower() == "bearer" else None
    if presented := connection.session.get(SESSION_KEY):
        return holder(keys, str(presented))
    unlocked = parts.open_here or not keys
    if unlocked and connection.client and _loopback(connection.client.host) and _loopback(_host(connection.headers)):
        return ANONYMOUS
    return None


def login_left(connection: HTTPConnection, now: datetime) -> timedelta | None:
    """How long the login behind this request still holds; None where nobody logged in."""
    since = connection.session.get(SESSION_SINCE)
    return LOGIN_LASTS - (now - datetime.fromisoformat(since)) if since else None


def visible(query: PostQuery, person: Person) -> PostQuery:
    """The query as this person may ask it: for everyone but guardians it holds no self-harm post.

    Raises:
        Fault: 403 for someone else who asks for such posts alone; other posts would be no answer.
    """
    return query if person.guards else ordinary(query)


def ordinary(query: PostQuery) -> PostQuery:
    """The query without self-harm posts.

    Raises:
        Fault: 403 when it asks for nothing else.
    """
    if only_care(query):
        raise Fault(403, "自伤相关的帖子只有守护人能看,且不能导出。")
    return replace(query, self_harm=(SelfHarm.NONE,))


def only_care(query: PostQuery) -> bool:
    """Whether it asks for self-harm posts alone."""
    return bool(query.self_harm) and SelfHarm.NONE not in query.self_harm


def parts(request: Request) -> Parts:
    """The parts of the app that serves this request."""
    found: Parts = request.app.state.parts
    return found


def viewer(request: Request, parts: Annotated[Parts, Depends(parts)]) -> Person:
    """The person asking.

    Raises:
        Fault: 401 for nobody; 403 for a change asked for by a page of another site.
    """
    person = identify(parts, request)
    if person is None:
        raise Fault(401, "请先登录,或在 Authorization 头中提供有效的访问密钥。")
    if request.method not in _SAFE and not _same_origin(request.headers):
        raise Fault(403, "不接受其他网站发起的修改。")
    return person


GivenParts = Annotated[Parts, Depends(parts)]
Viewer = Annotated[Person, Depends(viewer)]


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _host(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:  # no name of any machine
        return ""


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
