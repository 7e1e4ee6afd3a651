"""A board that runs Discuz! X: its pages and its feed; the mobile interface is `discuz_mobile`.

Owns the templates' shapes and the software's refusals. Under `/gbk` the same board speaks GBK, as old ones do. A post
with a parent is an answer in its thread. One that says nothing but `BLOTTED` is shown as a moderator leaves it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry
from crawlers.sandbox.discuz_mobile import BLOTTED, mobile, mobile_refusal, post_number, user_number
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.wire import base_url, html_text, number

SPARED = ("/robots.txt", "/member.php", "/gbk/member.php")
_THREADS_A_PAGE = 20
_POSTS_A_PAGE = 10
_FEED = 20
_CUT = 60
_SAID: Mapping[Fault, str] = {
    Fault.LOGIN_JSON: "抱歉，您需要先登录才能继续本操作",
    Fault.RATE_LIMITED: "抱歉，您的操作过于频繁，请 60 秒后再试",
}
_FLOORS = ("楼主", "沙发", "板凳", "地板")


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the three spiders may ask of the board, in both charsets."""
    threads = Threads(corpus, platform)

    async def forum(request: Request) -> Response:
        asked = request.query_params
        fid, at = asked.get("fid", ""), number(request, "page", 1)
        charset = _charset(request)
        match asked.get("mod"):
            case "forumdisplay":
                return _page(_board(threads, fid, at), charset)
            case "rss":
                return _feed(threads.on(fid)[:_FEED], base_url(request) + _folder(request), charset)
            case "viewthread":
                opening = corpus.by_native(platform, asked.get("tid", ""))
                if opening is not None and corpus.root(opening) is opening:
                    return _page(_thread(threads, opening, at), charset)
        return _page(_notice("抱歉，指定的主题不存在或已被删除或正在被审核"), charset)

    async def api(request: Request) -> Response:
        return mobile(corpus, platform, threads, request)

    return [
        Route(folder + path, endpoint)
        for folder in ("", "/gbk")
        for path, endpoint in (("/forum.php", forum), ("/api/mobile/index.php", api), ("/member.php", _login))
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """Notices, the way to the login, a challenge, or a board that suddenly has no threads."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/member.php?mod=logging&action=login", 302)
    if fault is Fault.VERIFY_CHECK:
        challenge = "<script>document.cookie='c=1';location.reload()</script>"
        return Response(f"<html><head>{challenge}</head></html>", media_type="text/html")
    if "/api/mobile/" in request.url.path:
        return mobile_refusal(fault)
    if said := _SAID.get(fault):
        return _page(_notice(said), "utf-8")
    if fault is Fault.NULL or request.query_params.get("mod") == "viewthread":
        return Response(b"", media_type="text/html")
    feed = request.query_params.get("mod") == "rss"
    return _feed([], "", "utf-8") if feed else _page('<table id="threadlisttableid"></table>', "utf-8")


async def _login(_: Request) -> Response:
    return _page('<form id="loginform_1" action="member.php?mod=logging&action=login"></form>', "utf-8")


def _folder(request: Request) -> str:
    return "/gbk" if "/gbk/" in request.url.path else ""


def _charset(request: Request) -> str:
    return "gbk" if _folder(request) else "utf-8"


def _page(body: str, charset: str) -> Response:
    """A page in its charset, which the header leaves to the page to say."""
    text = (
        f'<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}" />'
        f'<title>某论坛</title></head><body><a href="member.php?mod=logging&amp;action=login">登录</a>{body}'
        "</body></html>"
    )
    encoding = "gb18030" if charset == "gbk" else charset
    return Response(text.encode(encoding, "replace"), headers={"content-type": "text/html"})


def _notice(said: str) -> str:
    return f'<div id="messagetext" class="alert_error"><p>{said}</p></div>'


def _board(threads: Threads, fid: str, at: int) -> str:
    found = sorted(threads.on(fid), key=lambda opening: -threads.last(opening).at)
    shown = found[(at - 1) * _THREADS_A_PAGE : at * _THREADS_A_PAGE]
    pages = -(-len(found) // _THREADS_A_PAGE)
    rows = "".join(_row(threads, opening) for opening in shown)
    return f'<table id="threadlisttableid"><tbody id="separatorline"></tbody>{rows}</table>{_pager(at, pages)}'


def _row(threads: Threads, opening: Entry) -> str:
    replies, last = len(threads.replies(opening)), threads.last(opening)
    return (
        f'<tbody id="normalthread_{opening.native}"><tr><th class="common">'
        f'<a href="thread-{opening.native}-1-1.html" class="s xst">{html_text(_title(opening))}</a></th>'
        f'<td class="by"><cite>{_author(opening)}</cite><em><span>{_day(opening.published)}</span></em></td>'
        f'<td class="num"><a class="xi2">{replies}</a><em>{replies * 7 + 3}</em></td>'
        f'<td class="by"><cite>{_author(last)}</cite><em><a><span>{_minute(last.published)}</span></a></em></td>'
        "</tr></tbody>"
    )


def _thread(threads: Threads, opening: Entry, at: int) -> str:
    posts = [opening, *threads.replies(opening)]
    first = (at - 1) * _POSTS_A_PAGE
    floors = "".join(_floor(post, first + n) for n, post in enumerate(posts[first : first + _POSTS_A_PAGE]))
    return (
        f'<span id="thread_subject">{html_text(_title(opening))}</span>'
        f'<div class="hm ptn"><span class="xg1">查看:</span> <span class="xi1">{len(posts) * 7}</span>'
        f'<span class="xg1">回复:</span> <span class="xi1">{len(posts) - 1}</span></div>'
        f'<div id="postlist">{floors}</div>'
        f"{_pager(at, -(-len(posts) // _POSTS_A_PAGE))}"
    )


def _floor(post: Entry, nth: int) -> str:
    pid = post_number(post, first=nth == 0)
    floor = _FLOORS[nth] if nth < len(_FLOORS) else str(nth + 1)
    exact = f"{_day(post.published)} {post.published:%H:%M:%S}"
    edited = f'<i class="pstatus"> 本帖最后由 某人 于 {_minute(post.published)} 编辑 </i>'
    body = f'<td class="t_f" id="postmessage_{pid}">{edited}{html_text(post.text)}</td>'
    if post.text == BLOTTED:
        body = f'<td class="pcb"><div class="locked">提示: <em>{BLOTTED}</em></div></td>'
    return (
        f'<div id="post_{pid}"><table id="pid{pid}"><tr><td><div class="authi">{_author(post)}</div></td><td>'
        f'<em id="authorposton{pid}">发表于 <span title="{exact}">半小时前</span></em>'
        f'<a id="postnum{pid}"><em>{floor}</em><sup>#</sup></a><table><tr>{body}</tr></table></td></tr></table></div>'
    )


def _feed(openings: list[Entry], base: str, charset: str) -> Response:
    items = "".join(
        f"<item><title>{_xml(_title(opening))}</title>"
        f"<link>{_xml(f'{base}/forum.php?mod=viewthread&tid={opening.native}')}</link>"
        f"<description><![CDATA[{escape(opening.text[:_CUT])} ...]]></description>"
        f"<category>{_xml(opening.brand)}</category><author>{_xml(opening.author or '')}</author>"
        f"<pubDate>{format_datetime(opening.published)}</pubDate></item>"
        for opening in openings
    )
    text = f'<?xml version="1.0" encoding="{charset}"?><rss version="2.0"><channel>{items}</channel></rss>'
    encoding = "gb18030" if charset == "gbk" else charset
    return Response(text.encode(encoding, "replace"), headers={"content-type": "application/xml"})


def _pager(at: int, pages: int) -> str:
    following = '<a class="nxt">下一页</a>' if at < pages else ""
    return f'<div class="pg"><strong>{at}</strong><label><span title="共 {pages} 页"></span></label>{following}</div>'


def _author(post: Entry) -> str:
    if not post.author:
        return "匿名"
    return f'<a href="space-uid-{user_number(post)}.html" class="xw1">{html_text(post.author)}</a>'


def _title(opening: Entry) -> str:
    return opening.title or opening.text.split("\n", 1)[0][:30]


def _day(when: datetime) -> str:
    return f"{when.year}-{when.month}-{when.day}"


def _minute(when: datetime) -> str:
    return f"{_day(when)} {when:%H:%M}"


def _xml(text: str) -> str:
    """Text in XML, without the characters that XML does not know."""
    return escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text))
