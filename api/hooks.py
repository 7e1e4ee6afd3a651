"""What platforms tell by themselves, such as a new comment on the company's own account.

Owns the request's size and its answers. Whether an event is genuine and what it means is known to whoever handed in
`Parts.hooks`. An answer of 200 is given only when the message log has what was told.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.auth import GivenParts
from api.faults import Fault
from api.intake import body
from api.parts import NotGenuine
from stream.ports import Unavailable

router = APIRouter(tags=["intake"])

LARGEST = 1024 * 1024
"""Bytes of one event."""


@router.post("/hooks/{platform}", summary="接收平台推送的事件")
async def hear(platform: Annotated[str, Path(max_length=50)], request: Request, parts: GivenParts) -> JSONResponse:
    """An event as the platform sends it, signed as it signs. Needs no key: the signature is the key."""
    hook = parts.hooks.get(platform)
    if hook is None:
        raise Fault(404, "没有这个地址。")
    sent = await body(request, LARGEST)
    try:
        answer = await run_in_threadpool(hook, dict(request.headers), sent)
    except NotGenuine:
        raise Fault(403, "签名不符。") from None
    except Unavailable:
        raise Fault(503, "暂时无法保存,请稍后原样重发。") from None
    return JSONResponse(dict(answer))
