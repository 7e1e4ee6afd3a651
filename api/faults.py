"""How the API says no: one answer shape, fixed sentences, and an id that leads to the log.

Owns `Fault`, `Problem` and the handlers. No sentence here repeats what was sent or what an exception said; only
`query_faults` passes one on, because a store writes its ValueError for people.
"""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream.ports import Unavailable

logger = logging.getLogger(__name__)

_STATUS = {404: "没有这个地址。", 405: "这个地址不接受这种请求方法。"}


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    message: str = Field(title="说明")
    fields: list[str] = Field(default=[], title="有问题的参数")
    id: str = Field(default="", title="编号", description="在服务日志中可凭此编号查找;为空表示不是服务端的问题。")


PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": words}
    for status, words in {
        401: "未登录",
        403: "无权",
        404: "不存在",
        422: "参数有误",
        500: "服务出错",
        503: "暂不可用",
    }.items()
}


class Fault(Exception):
    """A refusal with a status and a sentence for a person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def arose(error: BaseException) -> str:
    """The class of an error and the place it came from; never its message, which may hold a post's words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"


def report(scope: Scope, error: Exception) -> str:
    """Write the failure to the log, without anything that was sent, and return the id that finds it there."""
    incident = secrets.token_hex(4)
    route = getattr(scope.get("route"), "path", "?")
    logger.error("request failed id=%s route=%s error=%s", incident, route, arose(error))
    return incident


def install(app: FastAPI) -> None:
    """Give the app these answers for everything that can go wrong."""
    app.add_exception_handler(Fault, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(LastResort)


def answer(status: int, message: str, *, fields: list[str] | None = None, id: str = "") -> JSONResponse:
    """A problem as a response."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    problem = Problem(message=message, fields=fields or [], id=id)
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers)


@contextmanager
def query_faults() -> Iterator[None]:
    """Around a store's search: what it could not understand of the query becomes a 422 with the store's sentence."""
    try:
        yield
    except ValueError as error:
        if type(error) is not ValueError:  # a subclass is a fault of ours, not the store's word to the user
            raise
        raise Fault(422, str(error)) from None


class LastResort:
    """Turns any other exception into a fixed answer and one log line, before a server prints its text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and answer for whatever was not answered for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 the boundary truly is anything
            incident = report(scope, error)
            if started:  # only a broken connection tells the reader that the body is not whole
                raise RuntimeError(f"answer {incident} was cut short") from None
            await answer(500, "服务内部出错,请把编号告诉维护者。", id=incident)(scope, receive, send)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Fault)
    return answer(error.status, error.message)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = sorted({".".join(str(step) for step in problem["loc"][1:]) or "body" for problem in error.errors()})
    return answer(422, f"参数有误:{'、'.join(fields)}。", fields=fields)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    return answer(503, "数据暂时读不到,请稍后再试。", id=report(request.scope, error))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    response = answer(error.status_code, _STATUS.get(error.status_code, "请求无法处理。"))
    response.headers.update(error.headers or {})
    return response
