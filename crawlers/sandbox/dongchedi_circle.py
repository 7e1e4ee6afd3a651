"""The car site 懂车帝: circles in their server-rendered pages, posts with their comments; beside the reviews.

Owns these shapes and their refusals. Unlike the rest of the sandbox it tells the time by how long ago something was, so
it looks at the clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox import dongchedi
from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Replies, Threads
from crawlers.sandbox.wire import Json, base_url, html_text, number, page

_PAGE = 30


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def routes(corpus: Corpus, clock: Callable[[], datetime] = now) -> list[Route]:
    """Everything the circle's spider may ask of the site."""
    threads, replies = Threads(corpus, dongchedi.PLATFORM), Replies(corpus, dongchedi.PLATFORM)

    async def circle(request: Request) -> Response:
        board, at = request.path_params["board"], request.path_params.get("page", 1)
        found = sorted(threads.on(board), key=lambda one: -threads.last(one).at)
        pages = max(1, -(-len(found) // _PAGE))
        name = found[0].brand if found else ""
        base, moment = base_url(request), clock()
        cards = [_card(one, threads.last(one), base, moment) for one in found[(at - 1) * _PAGE : at * _PAGE]]
        body = f'<a href="/passport">登录</a><p>共 {len(found)} 条内容</p>{"".join(cards)}'
        return page(f"{name}车友圈_{at}/{pages}页_懂车帝", body)

    async def post(request: Request) -> Response:
        opening = corpus.by_native(dongchedi.PLATFORM, request.query_params.get("group_id", ""))
        if opening is None or opening.native not in replies.openings:
            return _answer({})
        return _answer(_post(opening, len(threads.replies(opening))))

    async def comments(request: Request) -> Response:
        native = number(request, "group_id", 0, most=10**19)
        found = replies.below[native]
        cursor = number(request, "cursor", 0, least=0)
        end = cursor + number(request, "count", 10, most=10)
        shown = [{**_comment(one), "reply_data": _answers(replies.below[one.native])} for one in found[cursor:end]]
        return _answer(
            {
                "total_count": len(found),
                "has_more": end < len(found),
                "cursor": min(end, len(found)),
                "comment_data": shown,
            }
        )

    return [
        Route("/community/{board}", circle),
        Route("/community/{board}/{page:int}", circle),
        Route("/motor/pc/ugc/detail/common", post),
        Route("/motor/pc/ugc/detail/comment_list", comments),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How a circle's page says no; everything else refuses as the reviews do."""
    if "/community/" not in request.url.path:
        return dongchedi.refuse(fault, request)
    if fault is Fault.LOGIN_JSON:
        return page("懂车帝", '<script>location.href="/login-required"</script>请登录')
    if fault is Fault.RATE_LIMITED:
        return page("懂车帝", "<p>访问过于频繁，请稍后再试</p>")
    if fault is Fault.NULL:
        return page("懂车帝", "<p></p>")
    if fault is Fault.EMPTY_200:
        return page("车友圈_1/11页_懂车帝", "<p>共 321 条内容</p>")
    return dongchedi.refuse(fault, request)


def _answer(data: Any) -> Response:
    return Json({"status": 0, "message": "success", "data": data})


def _ago(then: datetime, moment: datetime) -> str:
    seconds = max(0, int((moment - then).total_seconds()))
    for length, word in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= length:
            return f"{seconds // length}{word}前"
    return "刚刚"


def _card(opening: Entry, last: Entry, base: str, moment: datetime) -> str:
    return (
        f'<section class="community-card"><a href="{base}/ugc/article/{opening.native}">'
        f"{html_text(_title(opening))}</a><span>{html_text(opening.author or '')}</span>"
        f"<span>{_ago(last.published, moment)}回复</span></section>"
    )


def _title(opening: Entry) -> str:
    return opening.title or opening.text.split("\n", 1)[0][:30]


def _profile(entry: Entry) -> dict[str, Any]:
    return {"user_id": str(derive("member", entry.author)) if entry.author else "", "name": entry.author or ""}


def _post(opening: Entry, comments: int) -> dict[str, Any]:
    return {
        "group_id_str": str(opening.native),
        "thread_title": opening.title,
        "motor_title": opening.text,
        "content": "",
        "content_publish_time": opening.at,
        "created_time": opening.at,
        "comment_count": comments,
        "digg_count": opening.likes,
        "image_urls": [],
        "video_play_info": "",
        "operation_status": 0,
        "visibility_level": 40,
        "motor_profile_info": _profile(opening),
        "motor_car_info": {"source_desc": "", "motor_name": opening.brand, "series_name": opening.brand},
    }


def _comment(entry: Entry) -> dict[str, Any]:
    return {
        "comment_id_str": str(entry.native),
        "profile_info": _profile(entry),
        "text": entry.text,
        "create_time": entry.at,
        "digg_count": entry.likes,
    }


def _answers(found: list[Entry]) -> dict[str, Any]:
    return {"reply_list": [_comment(one) for one in found]}
