"""The car forum 汽车之家: a board's list JSON and thread pages; also serves the generic `forum` platform.

Owns club.autohome.com.cn's shapes and its refusals.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads, board_id
from crawlers.sandbox.wire import Json, base_url, html_text, number, page

SPARED = ("/robots.txt", "/safety.autohome.com.cn/")
_REPLIES_A_PAGE = 20
_BY_PUBLISH = "2"


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask of the forum, for one of the two platforms served in this shape."""
    threads = Threads(corpus, platform)
    by_last_reply: dict[str, list[Entry]] = {}

    def ordered(board: str, order: str) -> list[Entry]:
        if order == _BY_PUBLISH:
            return threads.on(board)
        if board not in by_last_reply:
            by_last_reply[board] = sorted(threads.on(board), key=lambda opening: -threads.last(opening).at)
        return by_last_reply[board]

    async def listing(request: Request) -> Response:
        board = request.query_params.get("club_bbs_id", "")
        found = ordered(board, request.query_params.get("club_order_type", "1"))
        size = number(request, "page_size", 50, most=100)
        at = number(request, "page_num", 1)
        base = base_url(request)
        items = [_item(threads, opening, base) for opening in found[(at - 1) * size : at * size]]
        return _answer({"total": len(found), "seriesid": board_id(found[0]) if found else 0, "items": items})

    async def thread(request: Request) -> Response:
        opening = corpus.by_native(platform, str(request.path_params["tid"]))
        if opening is None or request.path_params["hash"] != _hash(opening):
            return Response("", 404, media_type="text/html")
        return page(_title(opening), _thread(threads, opening, request.path_params["page"], base_url(request)))

    return [
        Route("/api/pc/bbs/index/getClubTopicList", listing),
        Route("/bbs/thread/{hash}/{tid:int}-{page:int}.html", thread),
        Route("/safety.autohome.com.cn/{rest:path}", _safety),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the forum says no: a redirect to its check, words, or a list that is empty although it has a total."""
    if fault in (Fault.LOGIN_REDIRECT, Fault.VERIFY_CHECK):
        return RedirectResponse(f"{base_url(request)}/safety.autohome.com.cn/userverify?backurl=1", 302)
    if "/bbs/thread/" in request.url.path:
        return Response(b"", media_type="text/html")
    if fault is Fault.LOGIN_JSON:
        return _answer(None, code=104, message="请先登录")
    if fault is Fault.RATE_LIMITED:
        return page("提示", "<p>访问过于频繁，请稍后再试</p>")
    if fault is Fault.NULL:
        return _answer(None)
    return _answer({"total": 2539, "seriesid": 8232, "items": []})


def _answer(result: Any, *, code: int = 0, message: str = "success") -> Response:
    return Json({"returncode": code, "message": message, "result": result})


async def _safety(_: Request) -> Response:
    return page("安全验证", "<p>请完成验证后继续访问</p>")


def _item(threads: Threads, opening: Entry, base: str) -> dict[str, Any]:
    last = threads.last(opening)
    replies = len(threads.replies(opening))
    return {
        "biz_id": opening.native,
        "pc_url": f"{base}/bbs/thread/{_hash(opening)}/{opening.native}-1.html",
        "title": _title(opening),
        "author_id": _member(opening),
        "author_name": opening.author or "",
        "publish_time": f"{opening.published:%Y/%m/%d %H:%M:%S}",
        "club_topic_lastPostDate": f"{last.published:%Y/%m/%d %H:%M:%S}",
        "reply_count": replies,
        "topic_reply_count": replies,
        "like_count": opening.likes,
        "summary": opening.text.replace("\n", " ")[:50],
        "video_source": "",
        "is_delete": 0,
        "club_delete_flag": 0,
        "club_bbs_id": board_id(opening),
        "club_bbs_type": "c",
        "club_bbs_name": f"{opening.brand}论坛" if opening.brand else "",
        "club_is_poll": 0,
        "club_is_video": 0,
        "club_topic_isPicture": 0,
    }


def _thread(threads: Threads, opening: Entry, at: int, base: str) -> str:
    replies = threads.replies(opening)
    pages = max(1, -(-len(replies) // _REPLIES_A_PAGE))
    first = (at - 1) * _REPLIES_A_PAGE
    floors = [_floor(reply, first + n) for n, reply in enumerate(replies[max(0, first) : first + _REPLIES_A_PAGE], 1)]
    topic = (
        f"topicId: {opening.native}, topicTitle: '{_js(_title(opening))}', topicMemberId: {_member(opening)}, "
        f"topicMemberName: '{_js(opening.author or '')}', topicDelete: 0"
    )
    board = f"bbsId: {board_id(opening)}, bbs: 'c', bbsName: '{_js(opening.brand)}'"
    body = (
        f'<h1 class="post-title">{html_text(_title(opening))}</h1>'
        f'<div class="post-handle-publish">发表于 <strong>{opening.published:%Y-%m-%d %H:%M:%S}</strong></div>'
        f'<div class="post-container"><div class="tz-paragraph">{html_text(opening.text)}</div></div>'
        if at == 1
        else ""
    )
    further = f"{base}/bbs/thread/{_hash(opening)}/{opening.native}-{at + 1}.html"
    following = (
        f'<a class="athm-page__next" href="{further}">下一页</a>'
        if at < pages
        else '<a class="athm-page__next disabled">下一页</a>'
    )
    return (
        f"<script>window['__TOPICINFO__'] = {{{topic}}};window['__BBSINFO__'] = {{{board}}};</script>{body}"
        f'<ul id="js-reply-list-container">{"".join(floors)}</ul>'
        f'<div class="athm-page"><span data-page-count="{pages}">共{pages}页</span>{following}</div>'
    )


def _floor(reply: Entry, number_: int) -> str:
    return (
        f'<li class="js-reply-floor-container" data-floor="{number_}" data-reply-id="{reply.native}" '
        f'data-member-id="{_member(reply)}" data-status="0">'
        f'<div class="reply-top"><a class="name">{html_text(reply.author or "")}</a>'
        f"<span>发表于 <strong>{reply.published:%Y-%m-%d %H:%M:%S}</strong></span></div>"
        f'<div class="reply-detail">{html_text(reply.text)}</div>'
        f'<div class="reply-bottom"><a class="reply-bottom-praise">赞 <strong>{reply.likes}</strong></a></div></li>'
    )


def _title(opening: Entry) -> str:
    return opening.title or opening.text.split("\n", 1)[0][:30]


def _hash(opening: Entry) -> str:
    return f"{derive('thread', opening.platform, opening.id):016x}"


def _member(entry: Entry) -> int:
    return derive("member", entry.author) % 90_000_000 + 10_000_000 if entry.author else 0


def _js(text: str) -> str:
    r"""The inside of a JavaScript string in single quotes."""
    safe = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return safe.replace("</", "<\\/")
