"""Weibo's mobile site: keyword search, the posts of a user, long texts, and the page of one post.

Owns m.weibo.cn's shapes: cards, adverts between them, and its refusals. Does not own the posts in them (`weibo_posts`)
nor the HTML inside a text (`weibo_html`).
"""

import json
from collections import defaultdict
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.weibo_html import rich
from crawlers.sandbox.weibo_posts import counts, mblog, skeleton, uid_of, user_of
from crawlers.sandbox.wire import Json, base_url, number, page

SPARED = ("/robots.txt", "/passport.weibo.com/")
_PAGE = 10
_TIMELINE = "107603"
_EMPTY = {"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}
_ADVERTS = (
    "秋冬换新季，满300减50，点击领券[礼物]",
    "新用户下载立领大礼包，手慢无！",
    "本地人都在看的租房好房源，拎包入住~",
)


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spiders may ask of the mobile site, but for comments."""
    timelines = _Timelines(corpus)

    async def search(request: Request) -> Response:
        asked = request.query_params.get("containerid", "")
        if asked.startswith(_TIMELINE):
            return timelines.page(asked, request.query_params.get("since_id", ""), base_url(request))
        if not asked.startswith("100103"):
            return Json(_EMPTY)
        keyword = parse_qs(asked.removeprefix("100103")).get("q", [""])[0]
        found = corpus.search("weibo", keyword) if keyword else ()
        at = number(request, "page", 1)
        here = found[(at - 1) * _PAGE : at * _PAGE]
        if not here:
            return Json(_EMPTY)
        base = base_url(request)
        posts = [mblog(corpus, corpus.entry(position), base) for position in here]
        more = at * _PAGE < len(found)
        info = {
            "containerid": asked,
            "v_p": "42",
            "show_style": 1,
            "total": len(found),
            "page": at + 1 if more else None,
        }
        data = {"cards": _cards(posts, keyword, at, base), "cardlistInfo": info, "showAppTips": 0}
        return Json({"ok": 1, "data": {**data, "scheme": f"sinaweibo://cardlist?containerid={quote(asked)}"}})

    return [
        *_single(corpus),
        Route("/api/container/getIndex", search),
        Route("/passport.weibo.com/{rest:path}", _passport),
    ]


def _single(corpus: Corpus) -> list[Route]:
    """What is asked of one post: the rest of its text, all of it as JSON, its page."""

    async def extend(request: Request) -> Response:
        entry = corpus.by_native("weibo", request.query_params.get("id", ""))
        if entry is None:
            return Json({"ok": 0, "msg": "该微博不存在", "error_type": "alert"})
        return Json({"ok": 1, "data": {"longTextContent": rich(entry.text, base_url(request)), **counts(entry)}})

    async def show(request: Request) -> Response:
        entry = corpus.by_native("weibo", request.query_params.get("id", ""))
        if entry is None:
            return Json({"ok": 0, "msg": "该微博不存在", "error_type": "alert"})
        base = base_url(request)
        return Json({"ok": 1, "data": {**mblog(corpus, entry, base), "text": rich(entry.text, base)}})

    async def detail(request: Request) -> Response:
        entry = corpus.by_native("weibo", request.path_params["native"])
        if entry is None:
            return Response("", 404, media_type="text/html")
        base = base_url(request)
        status = {**mblog(corpus, entry, base), "text": rich(entry.text, base)}
        data = json.dumps([{"status": status, "call": 1}], indent=1).replace("</", "<\\/")
        script = f"<script>var $render_data = {data}[0] || {{}};</script>"
        return page("微博正文", f"<article>{status['text']}</article>{script}")

    return [
        Route("/statuses/extend", extend),
        Route("/statuses/show", show),
        Route("/detail/{native}", detail),
        Route("/status/{native}", detail),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the mobile site says no."""
    base = base_url(request)
    if fault is Fault.LOGIN_REDIRECT:
        back = quote(str(request.url), safe="")
        return RedirectResponse(f"{base}/passport.weibo.com/visitor/visitor?entry=miniblog&a=enter&url={back}", 302)
    if fault is Fault.LOGIN_JSON:
        return Json({"ok": -100, "url": f"{base}/passport.weibo.com/sso/signin?entry=wapsso&source=wapsso"})
    if fault is Fault.VERIFY_CHECK:
        return Json({"ok": 0, "url": f"{base}/security.weibo.com/captcha/geetest?key=1"})
    if fault is Fault.RATE_LIMITED:
        return Json({"ok": 0, "errno": "100005", "msg": "请求过于频繁,歇歇吧"})
    if fault is Fault.NULL:
        return Json({"ok": 1, "data": None})
    return Json(_EMPTY)


async def _passport(_: Request) -> Response:
    return page("Sina Visitor System", "<h1>微博通行证</h1><p>登录</p>")


class _Timelines:
    """Everybody's posts, newest first; made when the first is asked for."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    @cached_property
    def _posts(self) -> dict[str, list[Entry]]:
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for position in self._corpus.search("weibo", EVERYTHING):
            entry = self._corpus.entry(position)
            if entry.author:
                found[str(uid_of(entry.author))].append(entry)
        return found

    def page(self, container: str, cursor: str, base: str) -> Response:
        """A page of a user's posts. Whoever has more than a page of them has pinned the first one above all others."""
        posts = self._posts.get(container.removeprefix(_TIMELINE), [])
        pinned = posts[-1] if len(posts) > _PAGE else None
        if pinned is not None:
            posts = [pinned, *posts[:-1]]
        start = next((index + 1 for index, entry in enumerate(posts) if str(entry.native) == cursor), 0)
        here = posts[start : start + _PAGE]
        if not here:
            return Json(_EMPTY)
        shown = [mblog(self._corpus, entry, base) for entry in here]
        if here[0] is pinned:
            shown[0].update(mblogtype=2, title={"text": "置顶", "base_color": 1})
        info: dict[str, Any] = {"containerid": container, "v_p": "42", "show_style": 1, "total": len(posts)}
        if start + _PAGE < len(posts):
            info["since_id"] = here[-1].native
        data = {"cards": [_card(post) for post in shown], "cardlistInfo": info, "showAppTips": 0}
        return Json({"ok": 1, "data": {**data, "scheme": f"sinaweibo://cardlist?containerid={container}"}})


def _cards(posts: list[dict[str, Any]], keyword: str, at: int, base: str) -> list[dict[str, Any]]:
    """The page's posts among what surrounds them: a group on top, related searches, every third page an advert."""
    cards: list[dict[str, Any]] = [
        {
            "card_type": 11,
            "show_type": 1,
            "card_group": [{"card_type": 4, "desc": f"{keyword}的相关搜索"}, _card(posts[0])],
        },
        *(_card(post) for post in posts[1:]),
    ]
    if at == 1:
        cards.append({"card_type": 11, "card_group": [{"card_type": 10, "user": user_of("热门推荐", base)}]})
    if at % 3 == 1:
        cards.insert(min(3, len(cards)), _card(_advert(at, base)))
    return cards


def _card(post: dict[str, Any]) -> dict[str, Any]:
    return {"card_type": 9, "itemid": f"seqid:{post['id']}", "scheme": post.pop("scheme"), "mblog": post}


def _advert(at: int, base: str) -> dict[str, Any]:
    native = 9_000_000_000_000_000 + at
    text = _ADVERTS[at % len(_ADVERTS)]
    post = skeleton(native, "Sat Nov 21 00:00:00 +0800 2026", rich(text, base), base)
    zero = {"reposts_count": 0, "comments_count": 0, "attitudes_count": 0}
    return {**post, **zero, "user": user_of("品牌推广", base), "mark": f"999_reallog_mark_ad:999|WeiboADNatural_{at}"}
