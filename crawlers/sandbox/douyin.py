"""Douyin's open platform: a client token, and the official keyword search for videos.

Owns open.douyin.com's shapes and its refusals, the one for a stale token among them. Does not serve comments: the
platform gives those to a video's owner only (`douyin_own`).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.wire import Json, base_url, html_text, number, page

SPARED = ("/robots.txt", "/oauth/", "/passport/")
_MOST = 20
_SECONDS_A_DAY = 86_400
_TOKEN_INVALID = 28001003
_RATE_LIMITED = 28003017


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spider may ask of the open platform."""
    issued: set[str] = set()

    async def token(request: Request) -> Response:
        try:
            asked = await request.json()
        except ValueError:
            asked = None
        if not isinstance(asked, dict) or asked.get("grant_type") != "client_credential":
            return _no_token("grant_type 错误")
        key, secret = asked.get("client_key"), asked.get("client_secret")
        if not (isinstance(key, str) and key and isinstance(secret, str) and secret):
            return _no_token("client_key 或 client_secret 不能为空")
        made = f"clt.{derive('token', key, secret, size=16):032x}"
        issued.add(made)
        data = {"access_token": made, "expires_in": 7200, "error_code": 0, "description": ""}
        return Json({"data": data, "message": "success"})

    async def search(request: Request) -> Response:
        if request.headers.get("access-token") not in issued:
            return _error(_TOKEN_INVALID, "access_token 无效")
        keyword = request.query_params.get("keyword", "")
        found = corpus.search("douyin", keyword) if keyword else ()
        days = number(request, "publish_time", 0, least=0)
        if days:
            found = _recent(corpus, found, days)
        cursor = number(request, "cursor", 0, least=0)
        end = cursor + number(request, "count", 10, most=_MOST)
        base = base_url(request)
        data = {
            "cursor": min(end, len(found)),
            "has_more": end < len(found),
            "search_id": f"{derive('search', keyword):020d}",
            "video_list": [_video(corpus.entry(position), base) for position in found[cursor:end]],
        }
        return _answer({"error_code": 0, "data": data})

    async def video(request: Request) -> Response:
        entry = corpus.by_native("douyin", request.path_params["native"])
        if entry is None:
            return Response("", 404, media_type="text/html")
        return page("抖音", f"<h1>{html_text(entry.title or entry.text)}</h1><p>{html_text(entry.text)}</p>")

    return [
        Route("/oauth/client_token/", token, methods=["POST"]),
        Route("/oauth/stable_client_token/", token, methods=["POST"]),
        Route("/dy_open_api/v2/search/video/", search),
        Route("/video/{native}", video),
        Route("/passport/{rest:path}", _passport),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the open platform says no; `verify_check` is the shape its web search uses."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/passport/web/login/", 302)
    if fault is Fault.LOGIN_JSON:
        return _error(_TOKEN_INVALID, "access_token 无效")
    if fault is Fault.RATE_LIMITED:
        return _error(_RATE_LIMITED, "操作太频繁，请稍后再试")
    if fault is Fault.VERIFY_CHECK:
        info = {"search_nil_type": "verify_check", "search_nil_item": "verify_check", "is_load_more": "first_flush"}
        nothing = {"status_code": 0, "data": [], "has_more": 0, "cursor": 0}
        return Json({**nothing, "search_nil_info": {**info, "text_type": 9}})
    if fault is Fault.NULL:
        return _answer({"error_code": 0, "data": None})
    return Response(b"", media_type="application/json")


def _video(entry: Entry, base: str) -> dict[str, Any]:
    counts = {"digg_count": entry.likes, "comment_count": entry.comments, "share_count": entry.reposts, "play_count": 0}
    return {
        "item_id": str(entry.native),
        "title": entry.title or entry.text,
        "cover": f"{base}/img/cover.jpg",
        "create_time": entry.at,
        "nickname": entry.author or "",
        "avatar": f"{base}/img/avatar.jpg",
        "statistics": counts,
        "link": f"{base}/video/{entry.native}",
        "high_quality_text": entry.text if entry.title else "",
    }


def _recent(corpus: Corpus, found: Any, days: int) -> list[int]:
    """Those of the last days, counted back from the newest of them: a corpus may be years old."""
    if not found:
        return []
    since = corpus.entry(found[0]).at - days * _SECONDS_A_DAY
    return [position for position in found if corpus.entry(position).at >= since]


def _answer(data: dict[str, Any], err_no: int = 0, err_msg: str = "") -> Response:
    log_id = f"20261121{derive('log', str(err_no), err_msg):024d}"
    return Json({"err_no": err_no, "err_msg": err_msg, "log_id": log_id, "data": data})


def _error(err_no: int, err_msg: str) -> Response:
    return _answer({"error_code": err_no}, err_no, err_msg)


def _no_token(description: str) -> Response:
    data = {"access_token": "", "expires_in": 0, "error_code": 2190004, "description": description}
    return Json({"data": data, "message": "error"})


async def _passport(_: Request) -> Response:
    return page("抖音登录", "<p>请先登录，再继续搜索吧</p>")
