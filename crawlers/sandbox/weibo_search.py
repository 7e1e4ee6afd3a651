"""Weibo's desktop search: HTML pages of ten, fifty at most, for those who are logged in.

Owns s.weibo.com's shapes: its cards, its pager, the slices of time and place it takes, how it folds copies, and its
refusals.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox.corpus import Corpus, Entry
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.weibo_comments import logged_in, visitor
from crawlers.sandbox.weibo_html import LONG, is_long, searched
from crawlers.sandbox.weibo_posts import city_of, mblog, mblogid, native_of, region_of, uid_of
from crawlers.sandbox.wire import Html, Json, base_url, number
from stream.zone import SHANGHAI

_BEFORE = "/s.weibo.com"
_PAGE, _PAGES = 10, 50
_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(\d{1,2})")
_PROVINCES = {
    "北京": "11", "上海": "31", "江苏": "32", "浙江": "33", "福建": "35", "山东": "37", "河南": "41", "湖北": "42",
    "湖南": "43", "广东": "44", "四川": "51", "陕西": "61",
}  # fmt: skip
_EMPTY = '<div class="card card-no-result s-pt20b40"><p>抱歉，未找到相关结果。</p></div>'


_GONE = {"ok": 0, "message": "该微博不存在", "error_type": "alert"}


def _now() -> datetime:
    return datetime.now(UTC)


def routes(corpus: Corpus, clock: Callable[[], datetime] = _now) -> list[Route]:
    """The search, and long texts as the desktop site has them; times read as they would at `clock`."""

    @lru_cache(maxsize=64)
    def found(keyword: str, timescope: str, region: str, nodup: str) -> Sequence[int]:
        start, end = _span(timescope)
        hits = corpus.search("weibo", keyword) if keyword else ()
        here = [at for at in hits if _within(corpus.entry(at), start, end) and _lives(corpus.entry(at), region)]
        if nodup == "1":
            return here
        newest = {corpus.entry(at).text: at for at in reversed(here)}
        return [at for at in here if newest[corpus.entry(at).text] == at]

    async def search(request: Request) -> Response:
        if not logged_in(request):
            return visitor(request)
        asked = request.query_params
        hits = found(*(asked.get(name, "") for name in ("q", "timescope", "region", "nodup")))
        at, pages = number(request, "page", 1), min(_PAGES, -(-len(hits) // _PAGE))
        here = [corpus.entry(hit) for hit in hits[(at - 1) * _PAGE : at * _PAGE]] if at <= pages else []
        cards = [_card(corpus, entry, asked.get("q", ""), clock(), base_url(request)) for entry in here]
        return _page("".join(cards) + _pager(at, pages, request) if cards else _EMPTY)

    async def long_text(request: Request) -> Response:
        entry = corpus.by_native("weibo", native_of(request.query_params.get("id", "")))
        if entry is None:
            return Json(_GONE, 400)
        words = {"longTextContent": searched(entry.text, ""), "longTextContent_raw": entry.text, "isMarkdown": False}
        return Json({"ok": 1, "data": words if is_long(entry.text) else {}})

    async def show(request: Request) -> Response:
        entry = corpus.by_native("weibo", native_of(request.query_params.get("id", "")))
        if entry is None:
            return Json(_GONE, 400)
        post = mblog(corpus, entry, base_url(request))
        whole = {"longTextContent_raw": entry.text} if is_long(entry.text) else {}
        also = {"id": entry.native, "idstr": post["id"], "mblogid": post["bid"], "text_raw": entry.text, "isAd": 0}
        return Json({**post, **also, **whole, "ok": 1})

    return [
        Route(f"{_BEFORE}/weibo", search),
        Route(f"{_BEFORE}/ajax/statuses/show", show),
        Route(f"{_BEFORE}/ajax/statuses/longtext", long_text),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the search says no: a visit to the passport, a page for nobody, a check, or a page without its contents."""
    if fault is Fault.LOGIN_REDIRECT:
        return visitor(request)
    if fault is Fault.LOGIN_JSON:
        return _page(_EMPTY, login=False)
    if fault is Fault.VERIFY_CHECK:
        return Html("<!DOCTYPE html><html><head><title>安全验证</title></head><body>geetest</body></html>")
    if fault is Fault.RATE_LIMITED:
        return Html("", 414)
    return _page("")


def _page(body: str, *, login: bool = True) -> Response:
    config = f"$CONFIG['islogin'] = '{int(login)}'; $CONFIG['uid']='1000000001';"
    return Html(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>微博搜索</title><script>{config}</script></head>'
        f'<body><div class="m-wrap"><div id="pl_feedlist_index">{body}</div></div></body></html>'
    )


def _pager(at: int, pages: int, request: Request) -> str:
    if pages < 2:
        return ""

    def link(page: int) -> str:
        return escape(f"{request.url.path}?{request.url.include_query_params(page=page).query}")

    items = "".join(
        f'<li class="{"cur" if page == at else ""}"><a href="{link(page)}">第{page}页</a></li>'
        for page in range(1, pages + 1)
    )
    before = f'<a class="prev" href="{link(at - 1)}">上一页</a>' if at > 1 else ""
    behind = f'<a class="next" href="{link(at + 1)}">下一页</a>' if at < pages else ""
    return (
        f'<div class="m-page"><div>{before}<span class="list"><a class="pagenum">第{at}页</a>'
        f'<ul class="s-scroll" node-type="feed_list_page_morelist">{items}</ul></span>{behind}</div></div>'
    )


def _card(corpus: Corpus, entry: Entry, keyword: str, now: datetime, base: str) -> str:
    name = escape(entry.author or "微博用户")
    uid = uid_of(entry.author or "微博用户")
    host = base.partition(":")[2]
    home, where = f"{host}/{uid}", f"{host}/{uid}/{mblogid(entry.native)}?refer_flag=1001030103_"
    return (
        f'<div class="card-wrap" action-type="feed_list_item" mid="{entry.native}"><div class="card">'
        f'<div class="card-feed"><div class="avator"><a href="{home}"><img src="{base}/img/a.jpg"></a></div>'
        f'<div class="content" node-type="like"><div class="info"><div class="menu s-fr"></div>'
        f'<div><a href="{home}?refer_flag=1001030103_" class="name" nick-name="{name}">{name}</a></div></div>'
        f'<div class="from"><a href="{where}" target="_blank">\n  {_when(entry.published, now)}\n</a> &nbsp;来自 '
        f'<a rel="nofollow">微博网页版</a></div>{_text(entry, keyword, name)}{_forwarded(corpus, entry, host, now)}'
        f'</div></div><div class="card-act"><ul>'
        f'<li><a action-type="feed_list_forward"> {entry.reposts or "转发"}</a></li>'
        f'<li><a action-type="feed_list_comment"> {entry.comments or "评论"}</a></li><li>'
        f'<a action-type="feed_list_like"><button class="woo-like-main"><span class="woo-like-count">'
        f"{entry.likes or '赞'}</span></button></a></li></ul></div></div></div><!--/card-wrap-->"
    )


def _text(entry: Entry, keyword: str, name: str) -> str:
    """The words; a long text stands twice, cut and whole. A post that is a video only has none."""
    if not entry.text:
        return '<div class="thumbnail"><video-player></video-player></div>'

    def words(node: str, inner: str) -> str:
        return f'<p class="txt" node-type="{node}" nick-name="{name}"> {inner}</p>'

    if not is_long(entry.text):
        return words("feed_list_content", f"{searched(entry.text, keyword)}\u200b")
    unfold = '...<a action-type="fl_unfold">展开<i class="wbicon">c</i></a>'
    fold = '<a action-type="fl_fold">收起<i class="wbicon">d</i></a>'
    short = words("feed_list_content", searched(entry.text[: LONG - 10], keyword) + unfold)
    return short + words("feed_list_content_full", searched(entry.text, keyword) + fold)


def _forwarded(corpus: Corpus, entry: Entry, host: str, now: datetime) -> str:
    root = corpus.root(entry) if entry.parent else None
    if root is None:
        return '<div class="card-comment"><p>抱歉，此微博已被作者删除。</p></div>' if entry.parent else ""
    name = escape(root.author or "微博用户")
    like = f'<a action-type="feed_list_like" action-data="mid={root.native}">{root.likes or "赞"}</a>'
    return (
        f'<div class="card-comment"><div node-type="feed_list_forwardContent"><a href="{host}/1" nick-name="{name}">'
        f'@{name}</a><p class="txt" node-type="feed_list_content">{searched(root.text, "")}</p></div>'
        f'<p class="from"><a href="{host}/1/{mblogid(root.native)}">{_when(root.published, now)}</a></p>'
        f'<ul class="act s-fr"><li><a>转发 {root.reposts}</a></li><li><a>评论 {root.comments}</a></li>'
        f"<li>{like}</li></ul></div>"
    )


def _when(published: datetime, now: datetime) -> str:
    """The time as the site shows it: the closer, the vaguer."""
    local, ago = now.astimezone(SHANGHAI), now - published
    if timedelta(0) <= ago < timedelta(hours=1):
        return (
            f"{int(ago.total_seconds())}秒前"
            if ago < timedelta(minutes=1)
            else f"{int(ago.total_seconds()) // 60}分钟前"
        )
    if local.date() == published.date():
        return f"今天{published:%H:%M}"
    day = f"{published.month:02d}月{published.day:02d}日 {published:%H:%M}"
    return day if local.year == published.year else f"{published.year}年{day}"


def _span(timescope: str) -> tuple[datetime | None, datetime | None]:
    """From and until; what cannot be read is no limit."""
    start, _, end = timescope.removeprefix("custom:").partition(":")
    return _moment(start), _moment(end)


def _moment(word: str) -> datetime | None:
    found = _MOMENT.fullmatch(word)
    if found is None:
        return None
    year, month, day, hour = map(int, found.groups())
    return datetime(year, month, day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def _within(entry: Entry, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= entry.published) and (end is None or entry.published < end)


def _lives(entry: Entry, region: str) -> bool:
    """Whether an author's profile names this place; who has none is elsewhere, and many name a province only."""
    province, _, city = region.removeprefix("custom:").partition(":")
    if not province:
        return True
    lives = _PROVINCES[region_of(entry.author)] if entry.author else "100"
    return province == lives and (city in ("", "1000") or city == str(city_of(entry.author or "")))
