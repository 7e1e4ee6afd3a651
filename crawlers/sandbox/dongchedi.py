"""The car site 懂车帝: the owners' reviews of a car series.

Owns dongchedi.com's shapes and its refusals. Whatever opens a thread is also an owner's review of its series.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.koubei import stars
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.wire import Json, base_url, number, page

SPARED = ("/robots.txt", "/login-required")
PLATFORM = "dongchedi"
_REVIEWS = "/motor/pc/car/series/get_review_list"
_REVIEWS_A_PAGE = 15


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spiders may ask of the site."""
    threads = Threads(corpus, PLATFORM)

    async def reviews(request: Request) -> Response:
        found = threads.on(request.query_params.get("series_id", ""))
        end = number(request, "page", 1) * _REVIEWS_A_PAGE
        return _answer(
            {
                "total_count": len(found),
                "has_more": end < len(found),
                "review_list": [_review(opening) for opening in found[end - _REVIEWS_A_PAGE : end]],
            }
        )

    return [Route(_REVIEWS, reviews), Route("/login-required", _login)]


def refuse(fault: Fault, request: Request) -> Response:
    """How the site says no: a page that asks for a login, words about a code, a number, or nothing at all."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/login-required", 302)
    if fault is Fault.LOGIN_JSON:
        return _answer(None, status=1, message="请登录")
    if fault is Fault.VERIFY_CHECK:
        return page("懂车帝", "<p>需要验证码</p>")
    if fault is Fault.RATE_LIMITED:
        return _answer(None, status=10, message="访问过于频繁，请稍后再试")
    if fault is Fault.NULL:
        return _answer(None)
    return _answer({"total_count": 321, "has_more": True, "review_list": []})


def _answer(data: Any, *, status: int = 0, message: str = "success") -> Response:
    return Json({"status": status, "message": message, "data": data})


async def _login(_: Request) -> Response:
    return page("懂车帝", "<p>请登录后继续浏览</p>")


def _review(opening: Entry) -> dict[str, Any]:
    return {
        "gid_str": str(opening.native),
        "content": opening.text,
        "create_time": opening.at,
        "digg_count_en": str(opening.likes),
        "comment_count_en": str(opening.comments),
        "user_info": _user(opening),
        "buy_car_info": {
            "car_name": opening.brand,
            "location": "上海",
            "price": "18.98万",
            "bought_time": f"{opening.published:%Y-%m}",
            "fuel_form": "汽油",
            "consumption": "7.5",
        },
        "score_info": {"score": str(stars(opening)), "appearance_score": "5"},
    }


def _user(entry: Entry) -> dict[str, Any]:
    return {"user_id": str(derive("member", entry.author)) if entry.author else "", "name": entry.author or ""}
