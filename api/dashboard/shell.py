"""The frame around every page: who may enter, the bar on top, and what is shown when something breaks.

Owns layout and entry. Pages own their content.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from fastapi import Request
from markupsafe import Markup
from nicegui import Client, ui
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth import SESSION_LOGIN, identify, login_left
from api.faults import arose
from api.parts import ANONYMOUS, Parts, Person
from stream.ports import Unavailable

logger = logging.getLogger(__name__)

_LINKS = (("/", "总览"), ("/search", "搜索"), ("/cases", "预警"), ("/sources", "来源"))
UNREADABLE = "数据暂时读不到,看板保留上次的内容,稍后自动重试。"

_NOWHERE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>没有这个页面 · 观澜</title><link rel="stylesheet" href="/static/guanlan.css">
</head>
<body class="gl-login">
<main class="gl-login-card">
<p class="gl-wordmark">观澜</p>
<h1>没有这个页面</h1>
<p class="gl-muted">地址可能不完整,或页面已不在。</p>
<p><a href="/">回到总览</a></p>
</main>
</body>
</html>"""

_PATIENCE = 12.0
_READERS = ThreadPoolExecutor(32, "dashboard")

Page = Callable[[Request, Person], Awaitable[None]]
T = TypeVar("T")


def entered(parts: Parts, page: Page) -> Callable[[Request], Awaitable[Response | None]]:
    """The page for whoever may see it; everyone else is sent to the login."""

    async def guarded(request: Request) -> Response | None:
        person = identify(parts, request)
        if person is None:
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?to={quote(path)}", status_code=303)
        await page(request, person)
        left = login_left(request, parts.clock())
        if left is not None:
            ui.timer(max(0.0, left.total_seconds()), partial(_close, ui.context.client), once=True)
        return None

    return guarded


def leave(login: str) -> None:
    """Close every open page of this login: whoever is at the screen now need not be who logged in."""
    for client in list(Client.instances.values()):
        if client.request.session.get(SESSION_LOGIN) == login:
            _close(client)


def _close(client: Client) -> None:
    # what stands there goes with its buttons and timers, which would act for a person who is gone
    with client:
        ui.navigate.to("/login")
    client.content.clear()


@contextmanager
def frame(path: str, person: Person) -> Iterator[None]:
    """Bar on top, content in the middle."""
    ui.add_head_html('<link rel="stylesheet" href="/static/guanlan.css"><meta name="referrer" content="same-origin">')
    ui.query("body").classes("gl-page")
    html(_bar(path, person), tag="header").classes("gl-top")
    with ui.element("main").classes("gl-main"):
        yield


def html(content: Markup, tag: str = "div") -> ui.html:
    """Markup on the page as it is: everything in it was escaped when it was made."""
    return ui.html(content, sanitize=False, tag=tag)


def show(element: ui.html, content: Markup) -> None:
    """Give the element this content, sending nothing if it has it already."""
    if element.content != content:
        element.set_content(content)


async def threaded(read: Callable[..., T], *given: object) -> T:
    """Read in a thread; not one of those in which people answer cases, for a store that hangs may hold all of these."""
    return await asyncio.get_running_loop().run_in_executor(_READERS, read, *given)


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """What does not answer before NiceGUI gives the page up is `Unavailable`; its thread ends when it ends."""
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise Unavailable(f"no answer in {_PATIENCE:.0f} s") from None


async def guarded_refresh(refresh: Callable[[], Awaitable[None]], notice: ui.html) -> None:
    """Refresh; while the data cannot be read, keep what is shown and say so."""
    try:
        async with in_time():
            await refresh()
    except Unavailable as error:
        logger.warning("dashboard could not be refreshed: %s", arose(error))
        show(notice, Markup('<p class="gl-warn" role="alert">{}</p>').format(UNREADABLE))
    else:
        show(notice, Markup())


class Wordless(logging.Filter):
    """Takes the words out of what NiceGUI logs of an exception: the class and the place stay, the message may be a
    post's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = "dashboard failed: %s", (arose(record.exc_info[1]),)
            record.exc_info = record.exc_text = None
        return True


def broken(error: Exception) -> None:
    """The page for any failure while a page is built: fixed words, details in the log by place only."""
    logger.error("page failed: %s", arose(error))
    ui.add_head_html('<link rel="stylesheet" href="/static/guanlan.css">')
    html(
        Markup('<main class="gl-main"><div class="gl-card"><p class="gl-empty">{}</p></div></main>').format(
            "页面暂时打不开,请稍后刷新;若一直如此,请联系维护者。"
        )
    )


async def unknown(_: Request, __: Exception) -> HTMLResponse:
    """The page for an address that leads nowhere."""
    return HTMLResponse(_NOWHERE, status_code=404)


def _bar(path: str, person: Person) -> Markup:
    links = Markup().join(
        Markup('<a href="{}"{}>{}</a>').format(to, Markup(' aria-current="page"') if to == path else "", title)
        for to, title in _LINKS
    )
    door = (
        Markup('<a href="/login?to={}">登录</a>').format(path)
        if person is ANONYMOUS
        else Markup('<form method="post" action="/logout"><button type="submit">退出</button></form>')
    )
    duty = " · 守护人" if person.guards else ""
    return Markup(
        '<div class="gl-top-in"><a class="gl-wordmark" href="/">观澜</a>'
        '<nav class="gl-nav" aria-label="主导航">{}</nav>'
        '<form class="gl-quick" action="/search" role="search"><input name="text" type="search" maxlength="500"'
        ' placeholder="搜索全部帖子" aria-label="搜索全部帖子"></form>'
        '<div class="gl-who"><span>{}{}</span>{}</div></div>'
    ).format(links, person.name, duty, door)
