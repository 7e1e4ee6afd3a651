"""Weibo's mobile site: the comments under a post, hottest first, for those who are logged in.

Owns the shapes of `comments/hotflow` and `comments/hotFlowChild`, and how they keep back what is said of one post. The
corpus does not tell reposts from comments: whatever answers a post stands here too, under the same id. What a comment
counts beyond the answers that the corpus holds is hidden, as answers are that the platform took away.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.weibo_html import rich
from crawlers.sandbox.weibo_posts import created, mblogid, region_of, user_of
from crawlers.sandbox.wire import Html, Json, base_url, number

_PAGE = 10
_INLINE = 2
"""Answers to a comment that the page shows; the others are folded away."""
_CURSOR = 138_000_000_000_000_000
_AGED = timedelta(days=730)
"""Older than the newest post by more than this, a post keeps its comments back."""
_TOO_OLD = ""
_HIDDEN = {"ok": 0, "message": "由于博主设置，目前内容暂不可见。", "error_code": 20170}


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spider may ask about comments."""

    @cache
    def threads() -> Threads:
        return Threads(corpus, "weibo")

    @cache
    def oldest() -> datetime:
        return corpus.entry(corpus.search("weibo", EVERYTHING)[0]).published - _AGED

    async def hotflow(request: Request) -> Response:
        if not logged_in(request):
            return visitor(request)
        post = corpus.by_native("weibo", request.query_params.get("id", ""))
        if refusal := _kept_back(post, oldest()):
            return refusal
        flow = _flow(post, threads().replies(post)) if post is not None and not post.parent else []
        start = _start(request)
        here = flow[start : start + _PAGE]
        if not here:
            return Json({"ok": 0, "msg": "快来发表你的评论吧"} if not start else {"ok": 0, "msg": "暂无数据"})
        base = base_url(request)
        data = {
            "data": [_comment(top, base, answers) for top, answers in here],
            "total_number": sum(1 + _counted(top, answers) for top, answers in flow),
            "max": (len(flow) + _PAGE - 1) // _PAGE,
            **_onward(start, len(flow)),
            "status": {"comment_manage_info": {"comment_permission_type": -1, "approval_comment_type": 0}},
            "mod": {},
        }
        return Json({"ok": 1, "data": data})

    async def child(request: Request) -> Response:
        if not logged_in(request):
            return visitor(request)
        top = corpus.by_native("weibo", request.query_params.get("cid", ""))
        post = corpus.root(top) if top is not None and top.parent else None
        flow = _flow(post, threads().replies(post)) if post is not None else []
        answers = next((answers for one, answers in flow if one is top), [])
        start = _start(request)
        if top is None or not answers[start:]:
            return Json({"ok": 0, "msg": "暂无数据"})
        base = base_url(request)
        here = [_comment(one, base) for one in answers[start : start + _PAGE]]
        more = {
            "total_number": _counted(top, answers),
            "max": -(-len(answers) // _PAGE),
            **_onward(start, len(answers)),
        }
        return Json({"ok": 1, "data": here, **more, "rootComment": [_comment(top, base, answers)]})

    return [Route("/comments/hotflow", hotflow), Route("/comments/hotFlowChild", child)]


def logged_in(request: Request) -> bool:
    """Whether the request comes with a session; the sandbox takes any."""
    return bool(request.cookies.get("SUB"))


def visitor(request: Request) -> Response:
    """Where everybody else is sent."""
    back = quote(str(request.url), safe="")
    where = f"{base_url(request)}/passport.weibo.com/visitor/visitor?entry=miniblog&a=enter&url={back}&domain=weibo.com"
    return RedirectResponse(where, 302)


def _kept_back(post: Entry | None, oldest: datetime) -> Response | None:
    """How the site says that it shows nobody what was said of this post: by a bare status, or in words."""
    if post is None:
        return None
    if post.published < oldest:
        return Html(_TOO_OLD, 403)
    return None if post.author else Json(_HIDDEN)


def _start(request: Request) -> int:
    """How many stand above the page."""
    return max(0, number(request, "max_id", _CURSOR, least=0, most=2 * _CURSOR) - _CURSOR)


def _onward(start: int, total: int) -> dict[str, int]:
    """Where the next page is, 0 for none; the kind of the cursor flips behind the first."""
    return {"max_id": _CURSOR + start + _PAGE if start + _PAGE < total else 0, "max_id_type": int(start > 0)}


def _flow(post: Entry, replies: list[Entry]) -> list[tuple[Entry, list[Entry]]]:
    """Comments on the post with the answers under each, the most liked first."""
    flow: dict[str, tuple[Entry, list[Entry]]] = {}
    above: dict[str, str] = {}
    for reply in replies:
        top = reply.id if reply.parent == post.id else above.get(reply.parent, reply.id)
        above[reply.id] = top
        if top in flow:
            flow[top][1].append(reply)
        else:
            flow[top] = (reply, [])
    return sorted(flow.values(), key=lambda one: (-one[0].likes, one[0].native))


def _counted(entry: Entry, answers: list[Entry]) -> int:
    return max(len(answers), entry.comments)


def _comment(entry: Entry, base: str, answers: list[Entry] | None = None) -> dict[str, Any]:
    """A comment with the answers that are shown under it; an answer says whom it answers."""
    mid = str(entry.native)
    shown: list[dict[str, Any]] | bool = [_comment(one, base) for one in (answers or ())[:_INLINE]] or False
    text = rich(entry.text, base)
    return {
        "created_at": created(entry.published),
        "id": mid,
        "mid": mid,
        "rootid": mid,
        "floor_number": 1 + entry.native % 900,
        "text": text if answers is not None else f"回复<a href='/n/层主'>@层主</a>:{text}",
        "disable_reply": 0,
        "source": f"来自{region_of(entry.author or '')}",
        "like_count": entry.likes,
        "liked": False,
        "total_number": _counted(entry, answers or []),
        "max_id": 0,
        "bid": mblogid(entry.native),
        "readtimetype": "comment",
        "user": user_of(entry.author or "微博用户", base),
        "comments": shown,
    }
