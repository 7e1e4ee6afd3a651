"""人民网领导留言板: the list of an office's messages, and the file of its newest titles.

Owns liuyan.people.com.cn's shapes and its refusals. Under `/signed` the list wants a signature, as parts of the real
board do, and only the files are open. An office is a board of the corpus.
"""

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.wire import Json, base_url, page

SPARED = ("/robots.txt", "/login")
_A_PAGE = 10
_A_FILE = 20
_DOMAINS = ("城建", "交通", "企业", "医疗", "其他")


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask of the board."""
    threads = Threads(corpus, platform)

    async def messages(request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        found = threads.on(asked.get("fid", ""))
        last = int(asked.get("lastItem", "0"))
        # numbers do not grow with time here, so "older than this" is what follows it, or the one just below it
        places = {entry.native: n for n, entry in enumerate(found)}
        after = places[last] + 1 if last in places else places.get(last - 1, 0)
        return _answer([_message(corpus, entry) for entry in found[after : after + _A_PAGE]])

    async def newest(request: Request) -> Response:
        base = base_url(request)
        titles = [
            {
                "threadUrl": f"{base}/threads/content?tid={entry.native}",
                "subject": _title(entry),
                "forumName": _office(entry),
                "dateline": f"{entry.published:%Y-%m-%d %H:%M}",
            }
            for entry in threads.on(request.path_params["fid"])[:_A_FILE]
        ]
        return Response(f"IndexThreads({bytes(Json(titles).body).decode()})", media_type="application/javascript")

    return [
        Route("/threads/queryThreadsList", messages, methods=["POST"]),
        Route("/new_threads_{fid}.jsonp", newest),
        Route("/signed/threads/queryThreadsList", _unsigned, methods=["POST"]),
        Route("/signed/new_threads_{fid}.jsonp", newest),
        Route("/login", _login),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """Words, a way to the login, a check, or nothing at all from an office that has messages."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/login?back=1", 302)
    if fault is Fault.VERIFY_CHECK:
        return page("安全验证", "<p>请完成验证后继续访问</p>")
    said = {Fault.LOGIN_JSON: "请先登录", Fault.RATE_LIMITED: "请求过于频繁，请稍后再试"}.get(fault)
    if said:
        return Json({"result": "error", "success": False, "msg": said})
    return _answer(None if fault is Fault.NULL else [])


def _answer(data: Any) -> Response:
    return Json({"result": "success", "success": True, "responseData": data})


async def _unsigned(_: Request) -> Response:
    return Json({"code": "SN0006", "msg": "数据格式错误"})


async def _login(_: Request) -> Response:
    return page("登录", "<p>请先登录</p>")


def _message(corpus: Corpus, entry: Entry) -> dict[str, Any]:
    answered = corpus.answered(entry)
    return {
        "tid": entry.native,
        "subject": _title(entry),
        "content": entry.text,
        "nickName": entry.author or "网友",
        "dateline": entry.at,
        "threadsCheckTime": entry.at + 60,
        "forumName": _office(entry),
        "typeName": "投诉/求助",
        "domainName": _DOMAINS[derive("domain", entry.id) % len(_DOMAINS)],
        "stateInfo": "已办理" if answered else "待回复",
        "answerContent": "您好，来信收悉，已转相关部门办理。" if answered else None,
        "answerDateline": round(answered.timestamp()) if answered else None,
        "answerOrganization": "某市场监管局" if answered else None,
        "grade": derive("grade", entry.id) % 11 / 2 if answered and derive("graded", entry.id) % 2 else None,
    }


def _title(entry: Entry) -> str:
    return entry.title or entry.text.split("\n", 1)[0][:24]


def _office(entry: Entry) -> str:
    return f"{entry.brand}所在市市委书记" if entry.brand else "某市市委书记"
