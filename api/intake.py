"""Rows that another system pushes to us: hotline notes, chats, reviews, surveys.

Owns the request's size and shape, and who may push where. What the rows mean is the source's layout, known to whoever
handed in `Parts.take_in`. An answer of 200 is given only when the message log has the rows.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.auth import GivenParts, digest, holder
from api.faults import Fault
from api.parts import NoSuchSource, Parts, Receipt
from stream.ports import Unavailable

router = APIRouter(tags=["intake"])

LARGEST = 8 * 1024 * 1024
"""Bytes of one request."""
MOST = 10_000
"""Rows of one request."""


class DroppedRow(BaseModel):
    """A row that became no post."""

    row: int = Field(title="第几条", description="从 1 数起,不计空行。")
    reason: str = Field(title="原因代码")
    message: str = Field(title="原因")


class ReceiptOut(BaseModel):
    """What came of a push; sending the same again changes nothing."""

    taken: int = Field(title="新写入条数")
    known: int = Field(title="此前已有且未变的条数")
    dropped: list[DroppedRow] = Field(title="舍弃的条目", description="至多列出前一千条。")


@router.post("/sources/{name}/rows", summary="推送自有渠道的数据")
async def push(name: Annotated[str, Path(max_length=200)], request: Request, parts: GivenParts) -> ReceiptOut:
    """Rows as a JSON array of objects, one object, or an object a line (JSONL), with the columns that the source's
    layout names. Needs a sender's key in `Authorization: Bearer`.
    """
    _allowed(parts, request, name)
    rows = await run_in_threadpool(parsed, await body(request, LARGEST))
    if not rows:
        raise Fault(422, "没有任何条目:请发送 JSON 数组,或每行一个 JSON 对象。")
    if len(rows) > MOST:
        raise Fault(413, f"一次最多 {MOST} 条,请分批发送。")
    return _out(await run_in_threadpool(_take, parts, name, rows))


def parsed(body: bytes) -> list[object]:
    """The rows of a body; a line that is no JSON is None, so that rows keep their numbers."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Fault(422, "请求体不是 UTF-8 文本。") from None
    whole = _value(text)
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict):
        return [whole]
    lines = text.split("\n") if text.startswith("{") or "\n" in text else []
    return [_value(line) for line in lines if line.strip()]


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def body(request: Request, largest: int) -> bytes:
    """The whole body, given up as soon as it is larger.

    Raises:
        Fault: 413.
    """
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > largest:
            raise Fault(413, f"请求体超过 {largest // 1024**2} MB,请分批发送。")
    return bytes(read)


def _allowed(parts: Parts, request: Request, name: str) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    found = holder(parts.senders, digest(key.strip())) if scheme.lower() == "bearer" and key.strip() else None
    if found is None:
        raise Fault(401, "推送需要密钥:请在 Authorization 头中提供推送方的密钥。")
    if name not in found.sources:
        raise Fault(403, "这把密钥不能向该来源推送。")


def _take(parts: Parts, name: str, rows: list[object]) -> Receipt:
    if parts.take_in is None:
        raise Fault(404, "没有这个来源。")
    try:
        return parts.take_in(name, rows)
    except NoSuchSource:
        raise Fault(404, "没有这个来源,或它已停用。") from None
    except Unavailable:
        raise Fault(503, "暂时无法保存,请稍后原样重发。") from None


def _out(receipt: Receipt) -> ReceiptOut:
    dropped = [DroppedRow(row=number, reason=reason, message=said) for number, reason, said in receipt.dropped]
    return ReceiptOut(taken=receipt.taken, known=receipt.known, dropped=dropped)
