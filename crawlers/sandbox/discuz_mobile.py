"""The mobile interface of a Discuz! X board: the same threads and posts as JSON, under the same numbers.

Owns `api/mobile`'s shapes and refusals.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads, board_id
from crawlers.sandbox.wire import Json, html_text, number

_THREADS_A_PAGE = 20
_POSTS_A_PAGE = 10
BLOTTED = "该帖被管理员或版主屏蔽"
"""What stands in place of the words of a post that a moderator took away."""


def mobile(corpus: Corpus, platform: str, threads: Threads, request: Request) -> Response:
    """`forumdisplay` or `viewthread`."""
    asked, at = request.query_params, number(request, "page", 1)
    if asked.get("module") == "forumdisplay":
        return _answer(_board(threads, asked.get("fid", ""), at))
    opening = corpus.by_native(platform, asked.get("tid", ""))
    if asked.get("module") != "viewthread" or opening is None or corpus.root(opening) is not opening:
        return _notice("thread_nonexistence", "抱歉，指定的主题不存在或已被删除或正在被审核")
    return _answer(_thread(threads, opening, at))


def mobile_refusal(fault: Fault) -> Response:
    """Notices by their names, or a board that is empty although it has a total."""
    if fault is Fault.LOGIN_JSON:
        return _notice("to_login//1", "抱歉，您尚未登录，没有权限访问该版块")
    if fault is Fault.RATE_LIMITED:
        return _notice("post_flood_ctrl", "抱歉，您的操作过于频繁，请 60 秒后再试")
    if fault is Fault.NULL:
        return Json({"error": "mobile_is_closed"})
    return _answer({"forum": {"fid": "2", "threads": "100"}, "forum_threadlist": [], "tpp": str(_THREADS_A_PAGE)})


def post_number(post: Entry, *, first: bool) -> int:
    """The number of a post, which counts apart from threads; the one that opens a thread has one too."""
    return derive("pid", post.platform, post.id) % 10**9 if first else post.native


def user_number(post: Entry) -> int:
    """The number of a post's author; 0 for nobody."""
    return derive("user", post.author) % 10**7 + 1 if post.author else 0


def _answer(variables: dict[str, Any]) -> Response:
    message = {"messageval": "", "messagestr": ""}
    return Json({"Version": "4", "Charset": "UTF-8", "Variables": variables, "Message": message})


def _notice(code: str, said: str) -> Response:
    return Json({"Version": "4", "Charset": "UTF-8", "Message": {"messageval": code, "messagestr": said}})


def _board(threads: Threads, fid: str, at: int) -> dict[str, Any]:
    found = sorted(threads.on(fid), key=lambda opening: -threads.last(opening).at)
    name = found[0].brand if found else ""
    return {
        "forum": {"fid": fid, "name": name, "threads": str(len(found)), "threadcount": str(len(found))},
        "forum_threadlist": [
            {
                "tid": str(opening.native),
                "readperm": "0",
                "author": opening.author or "",
                "authorid": str(user_number(opening)),
                "subject": html_text(opening.title or opening.text.split("\n", 1)[0][:30]),
                "dateline": f'<span title="{opening.published:%Y-%m-%d}">昨天&nbsp;12:30</span>',
                "dbdateline": str(opening.at),
                "dblastpost": str(threads.last(opening).at),
                "views": "9",
                "replies": str(len(threads.replies(opening))),
                "displayorder": "0",
            }
            for opening in found[(at - 1) * _THREADS_A_PAGE : at * _THREADS_A_PAGE]
        ],
        "page": str(at),
        "tpp": str(_THREADS_A_PAGE),
    }


def _thread(threads: Threads, opening: Entry, at: int) -> dict[str, Any]:
    posts = [opening, *threads.replies(opening)]
    before = (at - 1) * _POSTS_A_PAGE
    return {
        "thread": {
            "tid": str(opening.native),
            "fid": str(board_id(opening)),
            "subject": html_text(opening.title or opening.text.split("\n", 1)[0][:30]),
            "replies": str(len(posts) - 1),
        },
        "postlist": [
            {
                "pid": str(post_number(post, first=nth == 0)),
                "tid": str(opening.native),
                "first": "1" if nth == 0 else "0",
                "author": post.author or "",
                "authorid": str(user_number(post)),
                "dateline": "半小时前",
                "dbdateline": str(post.at),
                "message": f"提示: <em>{BLOTTED}</em>" if post.text == BLOTTED else html_text(post.text),
                "number": str(nth + 1),
            }
            for nth, post in enumerate(posts[before : before + _POSTS_A_PAGE], before)
        ],
        "ppp": str(_POSTS_A_PAGE),
    }
