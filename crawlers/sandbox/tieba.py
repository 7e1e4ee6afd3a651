"""百度贴吧 in its server-rendered pages: a bar's list, a thread's floors, the comments on a floor.

Owns tieba.baidu.com's shapes and its refusals. The list lies in an HTML comment, as it does there. An answer to an
answer is a comment on that floor; a floor shows its first few comments, the rest have pages of their own.
"""

import json
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Replies, Threads
from crawlers.sandbox.wire import Html, base_url, html_text, number, page

SPARED = ("/robots.txt", "/passport.baidu.com/", "/wappass.baidu.com/")
_THREADS_A_PAGE = 50
_FLOORS_A_PAGE = 30
_COMMENTS_A_PAGE = 10
_SHOWN = 3
_CUT = 40


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask of the site."""
    threads, replies = Threads(corpus, platform), Replies(corpus, platform)

    async def bar(request: Request) -> Response:
        found = sorted(threads.on(request.query_params.get("kw", "")), key=lambda opening: -threads.last(opening).at)
        first = number(request, "pn", 0, least=0)
        shown = found[first : first + _THREADS_A_PAGE]
        now = max((threads.last(opening).published for opening in found), default=None)
        rows = "".join(_row(opening, len(threads.replies(opening)), now or opening.published) for opening in shown)
        following = '<a class="next pagination-item ">下一页&gt;</a>' if first + _THREADS_A_PAGE < len(found) else ""
        name = found[0].brand if found else ""
        return page(
            f"{name}吧-百度贴吧",
            f'<a class="card_title_fname">{html_text(name)}吧</a>'
            f'<code><!-- <ul id="thread_list">{rows}</ul> --></code><div id="frs_list_pager">{following}</div>',
        )

    async def thread(request: Request) -> Response:
        opening = replies.openings.get(request.path_params["tid"])
        if opening is None:
            return page("贴吧404", "<p>贴子不存在或已被删除</p>")
        floors = [opening, *replies.below[opening.native]]
        at = number(request, "pn", 1)
        pages = -(-len(floors) // _FLOORS_A_PAGE)
        before = (at - 1) * _FLOORS_A_PAGE
        shown = "".join(
            _floor(floor, nth, [] if nth == 1 else replies.below[floor.native])
            for nth, floor in enumerate(floors[before : before + _FLOORS_A_PAGE], before + 1)
        )
        counts = f'<span class="red">{len(threads.replies(opening))}</span>回复贴，共<span class="red">{pages}</span>页'
        title = html_text(_title(opening))
        return page(
            _title(opening),
            f'<a class="card_title_fname">{html_text(opening.brand)}吧</a><h3 class="core_title_txt">{title}</h3>'
            f'<ul><li class="l_reply_num">{counts}</li></ul>{shown}',
        )

    async def comments(request: Request) -> Response:
        found = replies.below.get(number(request, "pid", 0, least=0, most=10**18), [])
        before = (number(request, "pn", 1) - 1) * _COMMENTS_A_PAGE
        pages = -(-len(found) // _COMMENTS_A_PAGE)
        rows = "".join(_comment(comment) for comment in found[before : before + _COMMENTS_A_PAGE])
        last = f'<li class="lzl_li_pager"><a href="#{pages}">尾页</a></li>' if pages > 1 else ""
        return Html(rows + last)

    return [
        Route("/f", bar),
        Route("/p/comment", comments),
        Route("/p/{tid:int}", thread),
        Route("/passport.baidu.com/{rest:path}", _wall),
        Route("/wappass.baidu.com/{rest:path}", _wall),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """The way to the login or to the check, the check itself, one word, or nothing."""
    base = base_url(request)
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base}/passport.baidu.com/v2/?login&tpl=tb", 302)
    if fault is Fault.VERIFY_CHECK:
        return RedirectResponse(f"{base}/wappass.baidu.com/static/captcha/tuxing.html?ak=1", 302)
    if fault is Fault.LOGIN_JSON:
        return page("百度安全验证", "<p>请完成下方验证后继续操作</p>")
    if fault is Fault.RATE_LIMITED:
        return Response("blocked", media_type="text/html")
    return page("百度贴吧", '<code></code><div id="frs_list_pager"></div>') if fault is Fault.NULL else Html("")


async def _wall(_: Request) -> Response:
    return page("百度安全验证", "<p>请完成下方验证后继续操作</p>")


def _row(opening: Entry, answers: int, now: datetime) -> str:
    field = {
        "id": opening.native,
        "author_name": opening.author or "",
        "author_nickname": None,
        "author_portrait": _portrait(opening),
        "first_post_id": _post_number(opening),
        "reply_num": answers,
        "is_top": None,
    }
    return (
        f'<li class="j_thread_list clearfix thread_item_box" data-tid="{opening.native}" data-field="{_json(field)}">'
        f'<span class="threadlist_rep_num center_text">{answers}</span><div class="threadlist_title">'
        f'<a href="/p/{opening.native}" class="j_th_tit">{html_text(_title(opening))}</a></div>'
        f'<span class="tb_icon_author"><a class="frs-author-name">{html_text(opening.author or "")}</a></span>'
        f'<span class="is_show_create_time">{_coarse(opening.published, now)}</span>'
        f'<div class="threadlist_abs">{html_text(opening.text[:_CUT])}</div></li>'
    )


def _floor(post: Entry, nth: int, comments: list[Entry]) -> str:
    field: dict[str, Any] = {
        "author": {"user_id": 1, "user_name": "", "portrait": _portrait(post), "user_nickname": post.author or ""},
        "content": {
            "post_id": _post_number(post) if nth == 1 else post.native,
            "post_no": nth,
            "comment_num": len(comments),
        },
    }
    shown = "".join(_comment(comment) for comment in comments[:_SHOWN])
    return (
        f'<div class="l_post j_l_post l_post_bright" data-field="{_json(field)}">'
        f'<div class="d_post_content j_d_post_content">{html_text(post.text)}<img class="BDE_Smiley" src="e.png"></div>'
        f'<div class="post-tail-wrap"><span>IP属地:福建</span><span class="tail-info">{nth}楼</span>'
        f'<span class="tail-info">{post.published:%Y-%m-%d %H:%M}</span></div><ul>{shown}</ul></div>'
    )


def _comment(post: Entry) -> str:
    field = {"spid": post.native, "showname": post.author or "", "user_name": "", "portrait": _portrait(post)}
    when = post.published
    return (
        f'<li class="lzl_single_post" data-field="{_json(field)}">'
        f'<span class="lzl_content_main">回复 <a class="at">某人</a> :{html_text(post.text)}</span>'
        f'<span class="lzl_time">{when.year}-{when.month}-{when.day} {when:%H:%M}</span></li>'
    )


def _coarse(when: datetime, now: datetime) -> str:
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when.month}-{when.day}" if when.year == now.year else f"{when:%Y-%m}"


def _portrait(post: Entry) -> str:
    return f"tb.1.{derive('portrait', post.author):016x}?t=1700000000" if post.author else ""


def _post_number(opening: Entry) -> int:
    """The number of the floor that opens a thread, which is not the thread's."""
    return 150_000_000_000 + derive("floor", opening.id) % 10**9


def _title(opening: Entry) -> str:
    return opening.title or opening.text.split("\n", 1)[0][:30]


def _json(field: dict[str, Any]) -> str:
    return escape(json.dumps(field), quote=True)
