"""Weibo's mobile site: keyword search, long texts, and the page of one post.

Owns m.weibo.cn's shapes: cards, `mblog`, adverts between them, and its refusals. Does not own the HTML inside a text
(`weibo_html`).
"""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry, derive, native_id
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.weibo_html import is_long, listed, rich
from crawlers.sandbox.wire import Json, base_url, number, page

SPARED = ("/robots.txt", "/passport.weibo.com/")
_PAGE = 10
_EMPTY = {"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REGIONS = ("浙江", "广东", "江苏", "上海", "北京", "四川", "湖北", "山东", "福建", "湖南", "河南", "陕西")
_PHONES = ("澄星X30", "澄星X30 Pro", "Android客户端", "微博网页版", "微博视频号", "")
_MEDIA = ("新闻", "日报", "晚报", "早报", "观察", "视频", "资讯")
_REGIONS_SINCE = 2022
_ADVERTS = (
    "秋冬换新季，满300减50，点击领券[礼物]",
    "新用户下载立领大礼包，手慢无！",
    "本地人都在看的租房好房源，拎包入住~",
)


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spider may ask of the mobile site."""

    async def search(request: Request) -> Response:
        asked = request.query_params.get("containerid", "")
        if not asked.startswith("100103"):
            return Json(_EMPTY)
        keyword = parse_qs(asked.removeprefix("100103")).get("q", [""])[0]
        found = corpus.search("weibo", keyword) if keyword else ()
        at = number(request, "page", 1)
        here = found[(at - 1) * _PAGE : at * _PAGE]
        if not here:
            return Json(_EMPTY)
        base = base_url(request)
        posts = [_mblog(corpus, corpus.entry(position), base) for position in here]
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

    async def extend(request: Request) -> Response:
        entry = corpus.by_native("weibo", request.query_params.get("id", ""))
        if entry is None:
            return Json({"ok": 0, "msg": "该微博不存在", "error_type": "alert"})
        return Json({"ok": 1, "data": {"longTextContent": rich(entry.text, base_url(request)), **_counts(entry)}})

    async def detail(request: Request) -> Response:
        entry = corpus.by_native("weibo", request.path_params["native"])
        if entry is None:
            return Response("", 404, media_type="text/html")
        base = base_url(request)
        status = {**_mblog(corpus, entry, base), "text": rich(entry.text, base)}
        data = json.dumps([{"status": status, "call": 1}], indent=1).replace("</", "<\\/")
        script = f"<script>var $render_data = {data}[0] || {{}};</script>"
        return page("微博正文", f"<article>{status['text']}</article>{script}")

    return [
        Route("/api/container/getIndex", search),
        Route("/statuses/extend", extend),
        Route("/detail/{native}", detail),
        Route("/status/{native}", detail),
        Route("/passport.weibo.com/{rest:path}", _passport),
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
        cards.append({"card_type": 11, "card_group": [{"card_type": 10, "user": _user("热门推荐", base)}]})
    if at % 3 == 1:
        cards.insert(min(3, len(cards)), _card(_advert(at, base)))
    return cards


def _card(post: dict[str, Any]) -> dict[str, Any]:
    return {"card_type": 9, "itemid": f"seqid:{post['id']}", "scheme": post.pop("scheme"), "mblog": post}


def _advert(at: int, base: str) -> dict[str, Any]:
    native = 9_000_000_000_000_000 + at
    text = _ADVERTS[at % len(_ADVERTS)]
    post = _skeleton(native, "Sat Nov 21 00:00:00 +0800 2026", rich(text, base), base)
    zero = {"reposts_count": 0, "comments_count": 0, "attitudes_count": 0}
    return {**post, **zero, "user": _user("品牌推广", base), "mark": f"999_reallog_mark_ad:999|WeiboADNatural_{at}"}


def _mblog(corpus: Corpus, entry: Entry, base: str) -> dict[str, Any]:
    """One post as section `mblog` of the search shows it, with what it reposts."""
    post = _own(entry, base)
    if entry.parent:
        root = corpus.root(entry)
        post["raw_text"] = entry.text
        post["retweeted_status"] = _deleted(entry, base) if root is None else _own(root, base)
        post["retweeted_status"].pop("scheme")
    return post


def _own(entry: Entry, base: str) -> dict[str, Any]:
    published = entry.published
    post = _skeleton(entry.native, _created(published), listed(entry.text, entry.native, base), base)
    post.update(_counts(entry))
    post["textLength"] = len(entry.text.encode("gb18030", "replace"))
    post["isLongText"] = is_long(entry.text)
    post["user"] = _user(entry.author, base) if entry.author else None
    post["source"] = _PHONES[derive("phone", entry.author or entry.id) % len(_PHONES)]
    if published.year >= _REGIONS_SINCE and entry.author:
        post["region_name"] = "发布于 " + _REGIONS[derive("region", entry.author) % len(_REGIONS)]
    return post


def _deleted(repost: Entry, base: str) -> dict[str, Any]:
    """The root of a repost that the corpus does not hold: its id is known, its author and words are not."""
    native = native_id("weibo", repost.parent)
    text = f'抱歉，此微博已被作者删除。查看帮助：<a data-url="http://t.cn/help" href="{base}/help">网页链接</a>'
    return {**_skeleton(native, _created(repost.published), text, base), "user": None, "deleted": "1", "pic_num": 0}


def _skeleton(native: int, created: str, text: str, base: str) -> dict[str, Any]:
    mid, bid = str(native), _mblogid(native)
    return {
        "visible": {"type": 0, "list_id": 0},
        "created_at": created,
        "id": mid,
        "mid": mid,
        "bid": bid,
        "can_edit": False,
        "text": text,
        "favorited": False,
        "pic_ids": [],
        "pic_num": 0,
        "is_paid": False,
        "mblogtype": 0,
        "isLongText": False,
        "edit_config": {"edited": False},
        "scheme": f"{base}/status/{bid}?mblogid={bid}",
    }


def _counts(entry: Entry) -> dict[str, int | str]:
    return {
        "reposts_count": _shown(entry.reposts),
        "comments_count": _shown(entry.comments),
        "attitudes_count": _shown(entry.likes),
    }


def _shown(count: int) -> int | str:
    return f"{count // 10_000}万+" if count >= 1_000_000 else count


def _user(name: str, base: str) -> dict[str, Any]:
    uid = 1_000_000_000 + derive("user", "weibo", name) % 6_900_000_000
    followers = derive("followers", name) % 30_000
    kind = 2 if "官方" in name or "客服" in name else 3 if name.endswith(_MEDIA) else -1
    return {
        "id": uid,
        "screen_name": name,
        "profile_url": f"{base}/u/{uid}?uid={uid}",
        "statuses_count": derive("statuses", name) % 9_000,
        "verified": kind >= 0,
        "verified_type": kind,
        "description": "",
        "gender": "fm"[uid % 2],
        "urank": uid % 48,
        "mbrank": uid % 7,
        "follow_count": uid % 900,
        "followers_count": f"{followers / 10_000:.1f}万" if followers >= 10_000 else str(followers),
        "avatar_hd": f"{base}/img/avatar.jpg",
    }


def _created(moment: datetime) -> str:
    """`Sat Nov 21 10:03:22 +0800 2026`, in English whatever the locale."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:02d} {moment:%H:%M:%S} +0800 {moment.year:04d}"


def _mblogid(native: int) -> str:
    """The short id of desktop links: groups of seven digits from the right, each in base 62."""
    groups: list[str] = []
    while native:
        native, group = divmod(native, 10_000_000)
        word = ""
        while group:
            group, digit = divmod(group, 62)
            word = _BASE62[digit] + word
        groups.append(word.rjust(4, "0") if native else word)
    return "".join(reversed(groups))
