"""Douyin's open platform: an account's own videos, the comments below them, and the hot lists.

Owns these shapes and their refusals. A post without a parent is a video; the account `*` has made them all, any other
has made what is signed with its name. Ids are opaque here, as on the platform, and other than those of the search.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox import douyin
from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Replies
from crawlers.sandbox.wire import Json, base_url, number

_OWN = ("/video/list/", "/item/comment/list/", "/item/comment/reply/list/")
_HOT = ("/hotsearch/sentences/", "/data/extern/billboard/hot_video/")
_TOKEN_INVALID = 2190008
_NO_SUCH_VIDEO = 2100005
_REFRESH_LAPSED = 10010
_RATE_LIMITED = 2190020
_LINES = 50
_PREFIX = b"\xfb\xff"


def opaque(native: int) -> str:
    """A native id as the platform writes it for the video's owner."""
    return "@" + base64.b64encode(_PREFIX + native.to_bytes(8, "big")).decode()


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spiders may ask beside the search."""
    replies = Replies(corpus, "douyin")

    def asked_for(request: Request, name: str) -> Entry | None:
        return corpus.by_native("douyin", str(_native(request.query_params.get(name, ""))))

    async def videos(request: Request) -> Response:
        account = request.query_params.get("open_id", "")
        made = [one for one in replies.openings.values() if account in (EVERYTHING, one.author or "")]
        return _page(request, [_video(one, _comments(replies, one), base_url(request)) for one in made], most=20)

    async def comments(request: Request) -> Response:
        video = asked_for(request, "item_id")
        if video is None or video.native not in replies.openings:
            return _refused(_NO_SUCH_VIDEO, "参数不合法")
        found = replies.below[video.native][::-1]
        return _page(request, [_comment(one, len(replies.below[one.native])) for one in found], most=50)

    async def answers(request: Request) -> Response:
        comment = asked_for(request, "comment_id")
        if comment is None:
            return _refused(_NO_SUCH_VIDEO, "参数不合法")
        return _page(request, [_comment(one, 0) for one in replies.below[comment.native]], most=20)

    made = max((one.published for one in corpus), default=None)

    async def sentences(_: Request) -> Response:
        lines = [
            {"sentence": one.title or one.text.split("\n", 1)[0][:20], "hot_level": 10_000 - rank}
            for rank, one in enumerate(_hottest(replies.openings))
        ]
        return _answer({"active_time": f"{made:%Y-%m-%d %H:%M:%S}" if made else "", "list": lines})

    async def hot_videos(request: Request) -> Response:
        base = base_url(request)
        lines = [
            {"rank": rank, "share_url": f"{base}/video/{one.native}", **_told(one)}
            for rank, one in enumerate(_hottest(replies.openings), 1)
        ]
        return _answer({"list": lines})

    own = [Route("/oauth/refresh_token/", _refresh, methods=["POST"])]
    own += [
        Route(path, _with_token("act.", serve)) for path, serve in zip(_OWN, (videos, comments, answers), strict=True)
    ]
    return own + [
        Route(path, _with_token("clt.", serve)) for path, serve in zip(_HOT, (sentences, hot_videos), strict=True)
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How these interfaces say no; the rest refuses as the search does."""
    if not request.url.path.endswith(_OWN + _HOT):
        return douyin.refuse(fault, request)
    if fault is Fault.LOGIN_JSON:
        return _refused(_TOKEN_INVALID, "access_token 过期，请刷新或重新授权")
    if fault is Fault.RATE_LIMITED:
        return _refused(_RATE_LIMITED, "操作太频繁，请稍后再试")
    if fault is Fault.NULL:
        return Json({"data": None, "extra": None})
    return douyin.refuse(fault, request)


async def _refresh(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode("latin-1")))
    asked = [form.get(name, "") for name in ("grant_type", "client_key", "refresh_token")]
    if asked[0] != "refresh_token" or not asked[1] or not asked[2].startswith("rft."):
        lapsed = {"error_code": _REFRESH_LAPSED, "description": "refresh_token 过期"}
        return Json({"data": lapsed, "message": "error"})
    data = {"access_token": f"act.{derive('act', *asked):016x}", "expires_in": 1_296_000, "refresh_token": asked[2]}
    return Json({"data": {**data, "refresh_expires_in": 2_592_000, "error_code": 0}, "message": "success"})


def _with_token(kind: str, serve: Any) -> Any:
    async def guarded(request: Request) -> Response:
        if not request.headers.get("access-token", "").startswith(kind):
            return _refused(_TOKEN_INVALID, "access_token 无效")
        return await serve(request)  # type: ignore[no-any-return]

    return guarded


def _native(written: str) -> int:
    try:
        return int.from_bytes(base64.b64decode(written.removeprefix("@"), validate=True)[len(_PREFIX) :], "big")
    except (binascii.Error, ValueError):
        return 0


def _page(request: Request, found: Sequence[Mapping[str, Any]], *, most: int) -> Response:
    cursor = number(request, "cursor", 0, least=0)
    end = cursor + number(request, "count", 10, most=most)
    return _answer({"cursor": min(end, len(found)), "has_more": end < len(found), "list": list(found[cursor:end])})


def _answer(data: Mapping[str, Any], code: int = 0, description: str = "") -> Response:
    said = {"error_code": code, "description": description}
    extra = {**said, "sub_error_code": 0, "sub_description": "", "logid": f"20261121{derive('log', str(code)):024d}"}
    return Json({"data": {**said, **data}, "extra": extra})


def _refused(code: int, description: str) -> Response:
    return _answer({}, code, description)


def _hottest(openings: Mapping[int, Entry]) -> list[Entry]:
    return sorted(openings.values(), key=lambda one: (-one.likes, one.native))[:_LINES]


def _comments(replies: Replies, video: Entry) -> int:
    below = replies.below[video.native]
    return len(below) + sum(len(replies.below[one.native]) for one in below)


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "title": entry.title or entry.text,
        "author": entry.author or "",
        "hot_value": 100 * entry.likes,
        "digg_count": entry.likes,
        "comment_count": entry.comments,
        "play_count": 1000 * entry.likes,
        "hot_words": entry.brand,
    }


def _video(entry: Entry, comments: int, base: str) -> dict[str, Any]:
    return {
        "item_id": opaque(entry.native),
        "title": entry.title or entry.text,
        "create_time": entry.at,
        "is_top": False,
        "share_url": f"{base}/video/{entry.native}",
        "statistics": {"comment_count": comments, "digg_count": entry.likes, "share_count": entry.reposts},
    }


def _comment(entry: Entry, answers: int) -> dict[str, Any]:
    return {
        "comment_id": opaque(entry.native),
        "comment_user_id": f"{derive('open_id', entry.author):016x}" if entry.author else "",
        "content": entry.text,
        "create_time": entry.at,
        "digg_count": entry.likes,
        "reply_comment_total": answers,
        "top": False,
    }
