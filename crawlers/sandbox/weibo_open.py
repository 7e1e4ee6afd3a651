"""Weibo's open platform: mentions of one account, and comments on it, for whoever has a token.

Owns the shapes and error numbers of api.weibo.com/2. The token's account is the tea shop's own.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.weibo_html import LONG, is_long
from crawlers.sandbox.weibo_posts import counts, created, user_of
from crawlers.sandbox.wire import Json, base_url, number

ACCOUNT = "云汀茶官方"
"""Whose token every token is."""
_MOST = 200
_BEFORE = "/api.weibo.com/2"


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spider may ask of the interface."""

    @cache
    def listed() -> dict[str, list[Entry]]:
        """What each list holds, newest first: who answers is a comment here, everybody else a post."""
        posts = [corpus.entry(position) for position in corpus.search("weibo", EVERYTHING)]
        mention = [entry for entry in posts if f"@{ACCOUNT}" in entry.text]
        answers = [(entry, corpus.root(entry)) for entry in posts if entry.parent]
        return {
            "statuses/mentions": [entry for entry in mention if not entry.parent],
            "comments/to_me": [entry for entry, root in answers if root is not None and root.author == ACCOUNT],
            "comments/mentions": [entry for entry in mention if entry.parent],
        }

    def listing(name: str, key: str, shown: Callable[[Entry, str], dict[str, Any]]) -> Route:
        async def answer(request: Request) -> Response:
            if refused := _unauthorised(request):
                return refused
            found = listed()[name]
            size, at = number(request, "count", 50, most=_MOST), number(request, "page", 1)
            here = [shown(entry, base_url(request)) for entry in found[(at - 1) * size : at * size]]
            cursors = {"hasvisible": False, "previous_cursor": 0, "next_cursor": 0}
            return Json({key: here, **cursors, "total_number": len(found)})

        return Route(f"{_BEFORE}/{name}.json", answer)

    def comment(entry: Entry, base: str) -> dict[str, Any]:
        root = corpus.root(entry)
        return {**_said(entry, base, entry.text), "status": _status(root, base) if root else None}

    async def show(request: Request) -> Response:
        if refused := _unauthorised(request):
            return refused
        entry = corpus.by_native("weibo", request.query_params.get("id", ""))
        if entry is None:
            return _error(20101, "target weibo does not exist!", request, 400)
        return Json({**_status(entry, base_url(request)), "longText": {"longTextContent": entry.text}})

    return [
        listing("statuses/mentions", "statuses", _status),
        listing("comments/to_me", "comments", comment),
        listing("comments/mentions", "comments", comment),
        Route(f"{_BEFORE}/statuses/show.json", show),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the interface says no: by a number, under a status that says less."""
    if fault in (Fault.LOGIN_JSON, Fault.LOGIN_REDIRECT):
        return _error(21327, "expired_token", request, 403)
    if fault is Fault.VERIFY_CHECK:
        return _error(10014, "Insufficient app permissions!", request, 403)
    if fault is Fault.RATE_LIMITED:
        return _error(10023, "User requests out of rate limit!", request, 403)
    key = "statuses" if "statuses" in request.url.path else "comments"
    return Json({key: None if fault is Fault.NULL else [], "total_number": 12})


def _unauthorised(request: Request) -> Response | None:
    given = request.headers.get("authorization", "")
    if given.startswith("OAuth2 ") and given.removeprefix("OAuth2 ").strip():
        return None
    return _error(21332, "invalid_access_token", request, 400)


def _error(number: int, words: str, request: Request, status: int) -> Response:
    path = request.url.path.partition("/api.weibo.com")[2]
    return Json({"error": words, "error_code": number, "request": path}, status)


def _status(entry: Entry, base: str) -> dict[str, Any]:
    """A post, its text plain and cut at 140 characters."""
    cut = {"isLongText": True} if is_long(entry.text) else {}
    text = f"{entry.text[:LONG]}...全文" if cut else entry.text
    return {**_said(entry, base, text), **counts(entry), **cut}


def _said(entry: Entry, base: str, text: str) -> dict[str, Any]:
    return {
        "created_at": created(entry.published),
        "id": entry.native,
        "mid": str(entry.native),
        "idstr": str(entry.native),
        "text": text,
        "source": '<a href="http://app.weibo.com/" rel="nofollow">微博</a>',
        "user": user_of(entry.author or "微博用户", base),
    }
