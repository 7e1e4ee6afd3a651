"""Faults: how a platform of the sandbox is told to misbehave, and the ways of misbehaving that all of them share.

Owns the list of faults, which is set where, and mangled bytes. Does not own the shapes of a platform's refusals:
each platform's module brings its own, and what it does not bring it cannot do.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(StrEnum):
    """What can go wrong at a platform; each answers it in its own shape."""

    EMPTY_200 = "empty_200"
    LOGIN_REDIRECT = "login_redirect"
    LOGIN_JSON = "login_json"
    VERIFY_CHECK = "verify_check"
    RATE_LIMITED = "rate_limited"
    HTTP_418 = "http_418"
    HTTP_429 = "http_429"
    HTTP_432 = "http_432"
    HTTP_456 = "http_456"
    HTTP_500 = "http_500"
    SLOW = "slow"
    MALFORMED = "malformed"
    WRONG_CHARSET = "wrong_charset"
    HUGE = "huge"
    HTML = "html"
    NULL = "null"


SLOW_SECONDS = 5.0

Refuse = Callable[[Fault, Request], Response]
"""A platform's own answer to the faults that have a shape of their own."""

_STATUS = {
    Fault.HTTP_418: 418,
    Fault.HTTP_429: 429,
    Fault.HTTP_432: 432,
    Fault.HTTP_456: 456,
    Fault.HTTP_500: 500,
}
_HUGE = b" " * (12 * 1024 * 1024)
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>系统繁忙</title></head>"
    "<body><h1>系统繁忙，请稍后再试</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A fault in force: for `times` more requests, or until cleared when None; `seconds` is how slow is slow.

    It begins when `after` more requests have been answered as they should.
    """

    fault: Fault
    times: int | None = None
    seconds: float = SLOW_SECONDS
    after: int = 0


class Faults:
    """Which platform has which fault now, and how many requests each has had."""

    def __init__(self, platforms: tuple[str, ...]) -> None:
        self.platforms = platforms
        self.requests = dict.fromkeys(platforms, 0)
        self._set: dict[str, Setting] = {}

    def set(
        self,
        platform: str,
        fault: Fault | str,
        times: int | None = None,
        seconds: float = SLOW_SECONDS,
        after: int = 0,
    ) -> None:
        """Answer the platform's next requests with a fault.

        Raises:
            ValueError: no such platform or fault, or a number makes no sense; the message has the choices.
        """
        self._known(platform)
        if fault not in set(Fault):
            raise ValueError(f"fault must be one of {', '.join(Fault)}")
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more, or absent")
        if not 0 <= seconds <= 600:
            raise ValueError("seconds must be between 0 and 600")
        if after < 0:
            raise ValueError("after must be 0 or more")
        self._set[platform] = Setting(Fault(fault), times, seconds, after)

    def clear(self, platform: str) -> None:
        """Let the platform answer as it should.

        Raises:
            ValueError: no such platform.
        """
        self._known(platform)
        self._set.pop(platform, None)

    def take(self, platform: str) -> Setting | None:
        """Count a request and say how to spoil it, using up one of its times."""
        self.requests[platform] += 1
        now = self._set.get(platform)
        if now is not None and now.after:
            self._set[platform] = replace(now, after=now.after - 1)
            return None
        if now is not None and now.times is not None:
            if now.times > 1:
                self._set[platform] = replace(now, times=now.times - 1)
            else:
                del self._set[platform]
        return now

    def state(self) -> dict[str, dict[str, str | int | None]]:
        """For each platform its fault, the times left, and the requests it has had."""
        state: dict[str, dict[str, str | int | None]] = {}
        for platform in self.platforms:
            now = self._set.get(platform)
            state[platform] = {
                "fault": now.fault.value if now else None,
                "times": now.times if now else None,
                "requests": self.requests[platform],
            }
        return state

    def _known(self, platform: str) -> None:
        if platform not in self.platforms:
            raise ValueError(f"platform must be one of {', '.join(self.platforms)}")


class Spoilt:
    """A platform's application with its faults in front; requests under `spared` paths are never touched."""

    def __init__(self, app: ASGIApp, platform: str, faults: Faults, refuse: Refuse, spared: tuple[str, ...]) -> None:
        self._app = app
        self._platform = platform
        self._faults = faults
        self._refuse = refuse
        self._spared = spared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, spoilt or not."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        setting = None if path.startswith(self._spared) else self._faults.take(self._platform)
        if setting is None:
            await self._app(scope, receive, send)
            return
        if setting.fault is Fault.SLOW:
            await asyncio.sleep(setting.seconds)
            await self._app(scope, receive, send)
            return
        if setting.fault in _MANGLED:
            response = _MANGLED[setting.fault](*await _collect(self._app, scope, receive))
        elif setting.fault in _STATUS:
            response = Response("", _STATUS[setting.fault], media_type="text/html")
        elif setting.fault is Fault.HTML:
            response = Response(_MAINTENANCE, media_type="text/html")
        else:
            response = self._refuse(setting.fault, Request(scope, receive))
        await response(scope, receive, send)


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[bytes, str]:
    parts: list[bytes] = []
    kind = "text/html"

    async def keep(message: Message) -> None:
        nonlocal kind
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"text/html").decode()
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return b"".join(parts), kind


def _malformed(body: bytes, kind: str) -> Response:
    return Response(body[: len(body) * 2 // 3], media_type=kind)


def _wrong_charset(body: bytes, kind: str) -> Response:
    """GB18030 bytes under a header that says UTF-8."""
    text = body.decode()
    if "json" in kind:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return Response(
        text.encode("gb18030", "replace"), headers={"content-type": f"{kind.partition(';')[0]}; charset=utf-8"}
    )


def _huge(body: bytes, kind: str) -> Response:
    """The right answer, with more than ten megabytes of nothing behind it."""
    return Response(body + _HUGE, media_type=kind)


_MANGLED: Mapping[Fault, Callable[[bytes, str], Response]] = {
    Fault.MALFORMED: _malformed,
    Fault.WRONG_CHARSET: _wrong_charset,
    Fault.HUGE: _huge,
}
