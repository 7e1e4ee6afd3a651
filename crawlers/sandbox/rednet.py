"""红网百姓呼声: list JSON and one message with its official answer.

Owns rapi.rednet.cn's shapes. How it refuses nobody has written down, so it refuses as any JSON interface behind a
checkpoint does.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.wire import Json, base_url, html_text, page

SPARED = ("/robots.txt", "/login")
_TYPES = ("投诉", "求助", "咨询", "建议")
_OFFICE = "某市场监管局"
_MOST = 100


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask of the board."""

    async def index(request: Request) -> Response:
        asked = await request.json()
        at, size = _whole(asked.get("page"), 1), min(_MOST, _whole(asked.get("page_num"), 10))
        found = corpus.search(platform, str(asked.get("search") or EVERYTHING))
        entries = [corpus.entry(here) for here in found[(at - 1) * size : at * size]]
        return _answer({"total": len(found), "rows": [_row(corpus, entry) for entry in entries]})

    async def detail(request: Request) -> Response:
        entry = corpus.by_native(platform, request.query_params.get("id", ""))
        if entry is None:
            return _answer(None, status="0", msg="留言不存在")
        words = "".join(f"<p>{html_text(line)}</p>" for line in entry.text.split("\n"))
        answered = corpus.answered(entry)
        reply = {"content": "<p>已转相关部门核实处理。</p>", "reply_time": _written(answered), "name": _OFFICE}
        replies = [reply] if answered else []
        return _answer({**_row(corpus, entry), "content": f"<div>{words}</div>", "reply": replies, "comment": []})

    return [
        Route("/front/msg/index", index, methods=["POST"]),
        Route("/front/msg/detail", detail),
        Route("/login", _login),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """Words, a way to the login, a check, or a list that is empty although it has a total."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/login?back=1", 302)
    if fault is Fault.VERIFY_CHECK:
        return page("安全验证", "<p>请完成验证后继续访问</p>")
    said = {Fault.LOGIN_JSON: "请先登录", Fault.RATE_LIMITED: "请求过于频繁，请稍后再试"}.get(fault)
    if said:
        return _answer(None, status="0", msg=said)
    return _answer(None if fault is Fault.NULL else {"total": 37, "rows": []})


def _answer(data: Any, *, status: str = "1", msg: str = "success") -> Response:
    return Json({"status": status, "msg": msg, "data": data})


async def _login(_: Request) -> Response:
    return page("登录", "<p>请先登录</p>")


def _whole(given: Any, default: int) -> int:
    return given if isinstance(given, int) and given > 0 else default


def _written(when: datetime | None) -> str | None:
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else None


def _row(corpus: Corpus, entry: Entry) -> dict[str, Any]:
    answered = corpus.answered(entry)
    return {
        "id": entry.native,
        "title": entry.title or entry.text.split("\n", 1)[0][:24],
        "created_at": _written(entry.published),
        "type_name": _TYPES[derive("type", entry.id) % len(_TYPES)],
        "nickname": entry.author or "网友",
        "city_id": "430100",
        "area_id": "430102",
        "is_reply": 1 if answered else 0,
        "reply_name": _OFFICE if answered else "",
        "reply_time": _written(answered),
        "click_num": entry.likes,
    }
