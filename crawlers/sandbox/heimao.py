"""The complaint site 黑猫投诉: list JSON and the page of one complaint; also serves the generic `complaint` platform.

Owns tousu.sina.com.cn's shapes and its refusals. What the corpus does not say of a complaint (demands, kind of issue,
sum of money) is read out of its words, so that the platform's labelled rows are never empty talk. A post with a parent
is what the complainant added to that complaint. Like some recent ones, a complaint's page opens to
the site's own links alone.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.wire import Json, base_url, html_text, number, page

SPARED = ("/robots.txt", "/passport.weibo.com/")
_SUMMARY = 60
_STATUS: Mapping[int, str] = {3: "待分配", 4: "处理中", 6: "已回复", 7: "已完成"}
_SITE = "黑猫消费者服务平台"
_APPEALS = ("退款", "道歉", "赔偿", "换货", "解释", "维修", "补发", "注销", "整改")
_ISSUES: Mapping[str, str] = {
    "异物": "食品安全",
    "发霉": "食品安全",
    "虚假": "虚假宣传",
    "不退": "退款问题",
    "退款": "退款问题",
    "态度": "服务态度",
    "乱扣": "乱收费",
    "多收": "乱收费",
    "泄露": "个人信息泄露",
    "骚扰": "个人信息泄露",
    "没到": "发货问题",
    "没收到": "发货问题",
}
_ANSWER = "您好，已收到您的反馈，我们会尽快核实处理。"
_MONEY = re.compile(r"(\d{1,6}(?:\.\d{1,2})?)\s*[元块]")


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask of the site, for one of the two platforms served in this shape."""

    threads = Threads(corpus, platform)
    companies = {str(company_id(opening)): opening.brand for opening in reversed(threads.on(EVERYTHING))}
    companies[EVERYTHING] = EVERYTHING

    def listing(request: Request, found: Sequence[Entry], *, keyword: str = "", name: str = "lists") -> Response:
        size = number(request, "page_size", 10, most=100)
        at = number(request, "page", 1)
        pages = -(-len(found) // size)
        base = base_url(request)
        lists = [
            _listed(opening, keyword, base, corpus.answered(opening)) for opening in found[(at - 1) * size : at * size]
        ]
        pager = {
            "current": at,
            "next": min(at + 1, pages),
            "page_amount": pages,
            "page_size": size,
            "item_count": len(found),
        }
        return _answer({name: lists, "pager": pager}, callback=request.query_params.get("callback", ""))

    async def feed(request: Request) -> Response:
        return listing(request, threads.on(EVERYTHING))

    async def search(request: Request) -> Response:
        keyword = request.query_params.get("keywords", "")
        return listing(request, threads.on(keyword), keyword=keyword)

    async def received(request: Request) -> Response:
        brand = companies.get(request.query_params.get("couid", ""))
        found = [opening for opening in threads.on(EVERYTHING) if brand in (opening.brand, EVERYTHING)]
        return listing(request, found, name="complaints")

    async def view(request: Request) -> Response:
        opening = corpus.by_native(platform, request.path_params["sn"])
        known = opening is not None and corpus.root(opening) is opening
        if opening is None or not known or request.query_params.get("sld") != _sld(opening):
            return Response("", 404, media_type="text/html")
        return page(f"{_title(opening)}_黑猫投诉", _detail(opening, threads.replies(opening), corpus.answered(opening)))

    return [
        Route("/api/index/feed", feed),
        Route("/api/index/s", search),
        Route("/api/company/received_complaints", received),
        Route("/complaint/view/{sn}/", view),
        Route("/passport.weibo.com/{rest:path}", _passport),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the site says no; a complaint's page knows only the login redirect, the check and the empty page."""
    base = base_url(request)
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base}/passport.weibo.com/sso/signin?entry=tousu", 302)
    if fault is Fault.VERIFY_CHECK:
        return page("安全验证", '<div class="geetest_panel sec-captcha">请完成验证</div>')
    if "/complaint/view/" in request.url.path:
        return Response(b"", media_type="text/html")
    pager = {"current": 1, "next": 2, "page_amount": 40, "page_size": 10, "item_count": 400}
    return {
        Fault.LOGIN_JSON: _answer([], code=10017, msg="请先登录"),
        Fault.RATE_LIMITED: _answer([], code=10019, msg="页面不存在"),
        Fault.NULL: _answer(None),
    }.get(fault, _answer({"lists": [], "pager": pager}))


def _answer(data: Any, *, code: int = 0, msg: str = "succ", callback: str = "") -> Response:
    stamp = "Sat Nov 21 10:00:00 +0800 2026"
    answer = Json({"result": {"status": {"code": code, "msg": msg}, "timestamp": stamp, "data": data}})
    if not callback:
        return answer
    return Response(f"try{{{callback}({bytes(answer.body).decode()});}}catch(e){{}};", media_type="text/javascript")


async def _passport(_: Request) -> Response:
    return page("新浪通行证", "<p>请先登录新浪账号</p>")


def _listed(entry: Entry, keyword: str, base: str, answered: datetime | None) -> dict[str, Any]:
    sn = str(entry.native)
    words = entry.text.replace("\n", " ")
    main: dict[str, Any] = {
        "id": sn[3:],
        "sn": sn,
        "title": _highlight(_title(entry), keyword),
        "cotitle": _highlight(entry.brand, keyword),
        "couid": str(company_id(entry)),
        "summary": words[:_SUMMARY] + "..." if len(words) > _SUMMARY else words,
        "appeal": _appeal(entry),
        "issue": _issue(entry),
        "cost": _cost(entry),
        "status": _status(entry, answered),
        "timestamp": str(entry.at),
        "url": f"//{base.partition('://')[2]}/complaint/view/{sn}/?sld={_sld(entry)}",
        "upvote_amount": entry.likes,
        "share_amount": entry.reposts,
        "comment_amount": entry.comments,
        "evaluate_u": None,
        "uid": str(derive("user", entry.author or entry.id) % 10**10),
    }
    author = {"title": entry.author or "匿名", "uid": "0", "avatar": f"{base}/img/avatar.png", "wb_profile": ""}
    return {"main": main, "author": {**author, "gender": "", "location": ""}}


def _detail(entry: Entry, additions: Sequence[Entry], answered: datetime | None) -> str:
    published = entry.published
    author, brand = html_text(entry.author or "匿名"), html_text(entry.brand)
    status = _status(entry, answered)
    rows = [
        f"<li><label>投诉编号：</label>{entry.native}</li>",
        f'<li><label>投诉对象：</label><a href="/company/view/?couid={company_id(entry)}">{brand}</a></li>',
        f"<li>投诉问题：{_issue(entry)}</li>",
        f"<li>投诉要求：{_appeal(entry)}</li>",
        f"<li>涉诉金额：{_cost(entry)}元</li>" if _cost(entry) else "",
        f"<li>投诉进度：<b>{_STATUS[status]}</b></li>",
    ]
    address = f"@{_SITE}：我要投诉{brand}"
    steps = [(published, _step(author, published, "发起投诉", f"<p>{address}</p><p>{html_text(entry.text)}</p>"))]
    assigned = published + timedelta(minutes=2)
    steps.append((assigned, _step(_SITE, assigned, "已分配商家" if status != 3 else "等待分配商家", "")))
    if answered:
        steps.append((answered, _step(brand or "商家", answered, "回复投诉", f"<p>{_ANSWER}</p>")))
    for addition in additions:
        words = f"<p>{html_text(addition.text)}</p>"
        steps.append((addition.published, _step(author, addition.published, "补充投诉", words)))
    newest_first = "".join(words for _, words in sorted(steps, key=lambda step: step[0], reverse=True))
    stars = f'<span class="star{_stars(entry)}"></span>'
    appraisal = "".join(f"<li>{about}：{stars}</li>" for about in ("服务态度", "处理速度", "满意度"))
    closing = f'<div class="ts-d-pj"><ul>{appraisal}</ul></div>'
    return (
        f'<div class="ts-d-l"><div class="ts-d-question"><h1 class="article">{html_text(_title(entry))}</h1>'
        f'<div class="ts-q-user"><span class="u-name">{author}</span>'
        f'<span class="u-date">发布于 {published:%Y年%m月%d日 %H:%M:%S}</span></div>'
        f'<ul class="ts-q-list">{"".join(rows)}</ul></div>'
        f'<div class="ts-d-steplist">{newest_first}</div>{closing if status == 7 else ""}</div>'
    )


def _step(who: str, when: datetime, status: str, body: str) -> str:
    reply = f'<div class="ts-d-cont"><div class="ts-reply">{body}</div></div>' if body else ""
    return (
        f'<div class="ts-d-item"><div class="ts-d-user"><span class="u-name">{who}</span>'
        f'<span class="u-date">{when:%m-%d %H:%M:%S}</span><span class="u-status">{status}</span></div>{reply}</div>'
    )


def _highlight(text: str, keyword: str) -> str:
    safe = html_text(text)
    return safe if keyword in ("", EVERYTHING) else safe.replace(keyword, f'<span class="code-red">{keyword}</span>')


def _title(entry: Entry) -> str:
    return entry.title or entry.text.split("\n", 1)[0][:24]


def company_id(entry: Entry) -> int:
    """The number of the company a complaint is about."""
    return 6_000_000_000 + derive("company", entry.brand) % 900_000_000


def _sld(entry: Entry) -> str:
    """What the site puts into its links to a complaint's page."""
    return f"{derive('sld', str(entry.native), size=16):032x}"


def _appeal(entry: Entry) -> str:
    return ",".join(word for word in _APPEALS if word in entry.text) or "解释"


def _issue(entry: Entry) -> str:
    return next((issue for word, issue in _ISSUES.items() if word in entry.text), "其他问题")


def _cost(entry: Entry) -> str:
    money = _MONEY.search(entry.text)
    return money.group(1) if money else ""


def _status(entry: Entry, answered: datetime | None) -> int:
    later = derive("status", entry.id) % 2
    return (6, 7)[later] if answered else (3, 4)[later]


def _stars(entry: Entry) -> int:
    return derive("stars", entry.id) % 5 + 1
