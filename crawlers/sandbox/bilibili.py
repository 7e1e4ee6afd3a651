"""B站: videos, the replies below them by time, and the answers to a reply.

Owns api.bilibili.com's shapes and its refusals. A post without a parent is a video; its number is also its BV name.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Replies
from crawlers.sandbox.wire import Json, base_url, number, page

SPARED = ("/robots.txt", "/passport.bilibili.com/")
PLATFORM = "bilibili"
_MOST = 20
_SHOWN = 3
_FIRST_REPLY = 280_000_000_000


def video_name(native: int) -> str:
    """The BV name of a video; on the site it hides the number, here it shows it."""
    return f"BV1{native:09d}"


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spider may ask of the site."""
    replies = Replies(corpus, PLATFORM)

    def reply(entry: Entry, video: Entry) -> dict[str, Any]:
        answers = replies.below[entry.native]
        return {
            **_reply(entry, video, replies),
            "count": len(answers),
            "rcount": len(answers),
            "replies": [_reply(answer, video, replies) for answer in answers[:_SHOWN]] or None,
        }

    async def view(request: Request) -> Response:
        asked = request.query_params.get("aid") or request.query_params.get("bvid", "").removeprefix("BV1")
        video = corpus.by_native(PLATFORM, asked)
        if video is None or video.native not in replies.openings:
            return _answer(None, code=-404, message="啥都木有")
        below = replies.below[video.native]
        return _answer(_video(video, len(below) + sum(len(replies.below[one.native]) for one in below)))

    async def listing(request: Request) -> Response:
        video = corpus.by_native(PLATFORM, request.query_params.get("oid", ""))
        if video is None or request.query_params.get("type") != "1":
            return _answer(None, code=12009, message="评论主体的type不合法")
        found = replies.below[video.native][::-1]
        at, size = number(request, "pn", 1), number(request, "ps", _MOST, most=_MOST)
        shown = [reply(entry, video) for entry in found[(at - 1) * size : at * size]]
        paged = {"num": at, "size": size, "count": len(found), "acount": len(found)}
        return _answer({"page": paged, "replies": shown or None, "upper": {"top": None}})

    async def thread(request: Request) -> Response:
        video = corpus.by_native(PLATFORM, request.query_params.get("oid", ""))
        top = corpus.by_native(PLATFORM, str(number(request, "root", 0, most=10**15) - _FIRST_REPLY))
        if video is None or top is None:
            return _answer(None, code=-404, message="啥都木有")
        found = replies.below[top.native]
        at, size = number(request, "pn", 1), number(request, "ps", _MOST, most=_MOST)
        shown = [_reply(entry, video, replies) for entry in found[(at - 1) * size : at * size]]
        paged = {"num": at, "size": size, "count": len(found)}
        return _answer({"page": paged, "replies": shown or None, "root": reply(top, video)})

    return [
        Route("/x/web-interface/view", view),
        Route("/x/v2/reply", listing),
        Route("/x/v2/reply/reply", thread),
        Route("/passport.bilibili.com/{rest:path}", _passport),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the site says no: its codes, one of them with a status of its own, or replies it counts and keeps."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/passport.bilibili.com/login", 302)
    if fault is Fault.LOGIN_JSON:
        return _answer(None, code=-101, message="账号未登录")
    if fault is Fault.VERIFY_CHECK:
        return _answer(None, code=-352, message="-352")
    if fault is Fault.RATE_LIMITED:
        return _answer(None, code=-412, message="request was banned", status=412)
    if fault is Fault.NULL:
        return _answer(None)
    return _answer({"page": {"num": 1, "size": 20, "count": 347, "acount": 512}, "replies": None})


def _answer(data: Any, *, code: int = 0, message: str = "0", status: int = 200) -> Response:
    return Json({"code": code, "message": message, "ttl": 1, "data": data}, status)


async def _passport(_: Request) -> Response:
    return page("哔哩哔哩", "<p>请先登录</p>")


def _member(entry: Entry) -> int:
    return derive("member", entry.author) % 900_000_000 if entry.author else 0


def _video(entry: Entry, count: int) -> dict[str, Any]:
    return {
        "bvid": video_name(entry.native),
        "aid": entry.native,
        "title": entry.title or entry.text.split("\n", 1)[0][:30],
        "desc": entry.text,
        "pubdate": entry.at,
        "ctime": entry.at,
        "owner": {"mid": _member(entry), "name": entry.author or ""},
        "stat": {"aid": entry.native, "view": 0, "reply": count, "like": entry.likes, "share": entry.reposts},
        "tname": "日常",
        "duration": 60,
    }


def _reply(entry: Entry, video: Entry, replies: Replies) -> dict[str, Any]:
    root, parent = replies.root.get(entry.native), replies.parent.get(entry.native)
    return {
        "rpid": _FIRST_REPLY + entry.native,
        "oid": video.native,
        "type": 1,
        "mid": _member(entry),
        "root": _FIRST_REPLY + root.native if root else 0,
        "parent": _FIRST_REPLY + parent.native if parent else 0,
        "count": 0,
        "rcount": 0,
        "like": entry.likes,
        "ctime": entry.at,
        "member": {"mid": str(_member(entry)), "uname": entry.author or "", "sex": "保密", "sign": ""},
        "content": {"message": entry.text, "at_name_to_mid": {}, "pictures": []},
        "replies": None,
        "reply_control": {"time_desc": "刚刚发布"},
        "invisible": False,
    }
