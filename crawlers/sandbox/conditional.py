"""Entity tags, as a web server in front of a site gives them: an unchanged page is not sent twice.

Owns the tag and the 304. Knows no platform; which platforms have it is said where they are mounted (`app`).
"""

from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOT_MODIFIED = 304


class Tagged:
    """A platform's application whose good answers carry an `ETag` made from their bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with 304 and no body if the client has the page already."""
        start: Message = {}
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await finish()

        async def finish() -> None:
            body = b"".join(parts)
            if start["status"] == 200 and scope["method"] == "GET":
                tag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
                headers = MutableHeaders(scope=start)
                headers["ETag"] = tag
                if Headers(scope=scope).get("If-None-Match") == tag:
                    start["status"] = _NOT_MODIFIED
                    del headers["Content-Length"]
                    body = b""
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, keep)
