"""A publisher's site: feeds of every format, sitemaps, and the articles they point to.

Owns the shapes, the defects that Chinese feeds are known for, and the refusals. `/rss/`: a BOM, control characters,
dates that are missing or in local form, an item published again; `/old/`: GB2312 by declaration, Shanghai time called
GMT, relative links, bare ampersands; `/moved/` and `/gone/`: 301 and 410. A channel of the site is a keyword of the
corpus; `all` is all.
"""

import gzip
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.wire import Json, base_url, html_text, page

SPARED = ("/robots.txt", "/login")
WINDOW = 30
"""Items of a feed."""
_SUMMARY = 60
_LINES = 6
"""Paragraphs of an article's page; longer articles go on at `…_2.shtml`."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def routes(corpus: Corpus) -> list[Route]:
    """Everything the spiders may ask of the site."""

    def serving(made: Callable[[Sequence[Entry], str], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def feed(request: Request) -> Response:
            channel = request.path_params["channel"]
            found = corpus.search("news", EVERYTHING if channel == "all" else channel)
            return made([corpus.entry(at) for at in found[:WINDOW]], base_url(request))

        return feed

    async def moved(request: Request) -> Response:
        return RedirectResponse(f"{base_url(request)}/rss/{request.path_params['channel']}.xml", 301)

    async def index(request: Request) -> Response:
        return _xml(_index([corpus.entry(at) for at in corpus.search("news", EVERYTHING)[:1]], base_url(request)))

    async def sitemap(request: Request) -> Response:
        made = _sitemap([corpus.entry(at) for at in corpus.search("news", EVERYTHING)], base_url(request))
        return Response(gzip.compress(made.encode(errors="replace"), mtime=0), media_type="application/x-gzip")

    async def article(request: Request) -> Response:
        entry = corpus.by_native("news", str(request.path_params["native"]))
        if entry is None or request.path_params["day"] != f"{entry.published:%Y-%m-%d}":
            return Response("", 404, media_type="text/html")
        number = int(request.path_params.get("page", 1))
        if number > max(1, _pages(entry)) or (number == 1 and "page" in request.path_params):
            return Response("", 404, media_type="text/html")
        return page(f"{_title(entry)}-观水新闻网", _article(entry, number))

    return [
        Route("/rss/{channel}.xml", serving(lambda entries, base: _xml(_rss(entries, base)))),
        Route("/moved/{channel}.xml", moved),
        Route("/gone/{channel}.xml", _gone),
        Route("/old/{channel}.xml", serving(lambda entries, base: _xml(_old(entries, base), "gb18030"))),
        Route("/rdf/{channel}.xml", serving(lambda entries, base: _xml(_rdf(entries, base)))),
        Route("/atom/{channel}.xml", serving(lambda entries, base: _xml(_atom(entries, base)))),
        Route("/feed/{channel}.json", serving(lambda entries, base: Json(_json(entries, base)))),
        Route("/sitemap.xml", index),
        Route("/sitemap-news.xml.gz", sitemap),
        Route("/login", _login),
        Route("/{day}/{native:int}.shtml", article),
        Route("/{day}/{native:int}_{page:int}.shtml", article),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """A redirect, pages of HTML with a status of 200, or a feed without items."""
    if fault is Fault.LOGIN_REDIRECT:
        return RedirectResponse(f"{base_url(request)}/login?back=1", 302)
    said = {
        Fault.VERIFY_CHECK: ("安全验证", "请完成安全验证后继续访问"),
        Fault.LOGIN_JSON: ("登录", "请先登录"),
        Fault.RATE_LIMITED: ("提示", "访问过于频繁，请稍后再试"),
    }.get(fault)
    if said:
        return page(said[0], f"<p>{said[1]}</p>")
    if fault is Fault.NULL or request.url.path.endswith(".shtml"):
        return Response(b"", media_type="text/html")
    if request.url.path.endswith(".json"):
        return Json(_json([], base_url(request)))
    return _xml(_sitemap([], "") if "sitemap" in request.url.path else _rss([], ""))


async def _login(_: Request) -> Response:
    return page("登录", "<p>请先登录</p>")


async def _gone(_: Request) -> Response:
    return Response("", 410, media_type="text/html")


def address(entry: Entry, base: str) -> str:
    """Where an article can be read."""
    return f"{base}/{entry.published:%Y-%m-%d}/{entry.native}.shtml"


def _xml(text: str, encoding: str = "utf-8") -> Response:
    # no charset in the header: the declaration speaks for itself
    return Response(text.encode(encoding, "replace"), headers={"content-type": "application/xml"})


def _rss(entries: Sequence[Entry], base: str) -> str:
    """RSS 2.0 with a summary, CDATA, and the click-counting parameters that feed addresses come with.

    It begins with a BOM, holds characters that no XML may, and has its oldest item on top once more, as if it were new.
    """
    again = [(one, f"<pubDate>{_rfc822(entries[0].published)} +0800</pubDate>") for one in entries[1:][-1:]]
    items = "".join(
        f"<item><title><![CDATA[{_title(one)}\x0b]]></title><link>{address(one, base)}?utm_source=rss&amp;spm=a1</link>"
        f"<guid>{address(one, base)}</guid>{dated}<dc:creator>{escape(one.author or '')}</dc:creator>"
        f"<description><![CDATA[\x08{_summary(one)}]]></description></item>"
        for one, dated in [*again, *((one, _dated(one)) for one in entries)]
    )
    return (
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>滚动新闻</title><link>{base}/</link>{items}</channel></rss>"
    )


def _old(entries: Sequence[Entry], base: str) -> str:
    """As a publisher's old system writes it: nothing in it is quite what it says."""
    items = "".join(
        f"<item><title>{escape(_title(one))} & 更多</title><link>{address(one, '.')}</link>"
        f"<pubDate>{_rfc822(one.published)} GMT</pubDate><author>{escape(one.author or '')}</author>"
        f"<description>{escape(html_text(_summary(one)))}&nbsp;</description></item>"
        for one in entries
    )
    built = _rfc822(entries[0].published) if entries else ""
    return (
        '\n<?xml version="1.0" encoding="gb2312"?>\n<rss version="0.91"><channel>'
        f"<title>国内 & 国际</title><link>{base}/</link><lastBuildDate>{built} GMT</lastBuildDate><ttl>10</ttl>{items}"
        "</channel></rss>"
    )


def _rdf(entries: Sequence[Entry], base: str) -> str:
    items = "".join(
        f'<item rdf:about="{address(one, base)}"><title>{escape(_title(one))}</title><link>{address(one, base)}</link>'
        f"<description>{escape(_summary(one))}</description><dc:date>{one.published.isoformat()}</dc:date>"
        f"<dc:creator>{escape(one.author or '')}</dc:creator></item>"
        for one in entries
    )
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    about = f'<channel rdf:about="{base}/"><title>要闻</title><link>{base}/</link></channel>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF {spaces}>{about}{items}</rdf:RDF>'


def _atom(entries: Sequence[Entry], base: str) -> str:
    """Atom with the whole article in it."""
    items = "".join(
        f"<entry><id>tag:news.example,2026:{one.native}</id><title>{escape(_title(one))}</title>"
        f'<link rel="alternate" href="{address(one, ".")}"/><published>{one.published.isoformat()}</published>'
        f"<updated>{one.published.isoformat()}</updated><author><name>{escape(one.author or '')}</name></author>"
        f'<content type="html">{escape(_paragraphs(one))}</content></entry>'
        for one in entries
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}/">'
        f"<title>全文</title><id>{base}/</id>{items}</feed>"
    )


def _json(entries: Sequence[Entry], base: str) -> dict[str, Any]:
    """JSON Feed with the whole article in it."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "全文",
        "home_page_url": f"{base}/",
        "items": [
            {
                "id": str(one.native),
                "url": address(one, base),
                "title": _title(one),
                "content_html": _paragraphs(one),
                "date_published": one.published.isoformat(),
                "authors": [{"name": one.author or ""}],
            }
            for one in entries
        ],
    }


def _index(newest: Sequence[Entry], base: str) -> str:
    changed = newest[0].published.isoformat() if newest else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{base}/sitemap-2009.xml</loc><lastmod>2009-12-31</lastmod></sitemap>"
        f"<sitemap><loc>{base}/sitemap-news.xml.gz</loc><lastmod>{changed}</lastmod></sitemap></sitemapindex>"
    )


def _sitemap(entries: Sequence[Entry], base: str) -> str:
    urls = "".join(
        f"<url><loc>{address(one, base)}</loc><news:news><news:publication><news:name>观水新闻网</news:name>"
        f"<news:language>zh-cn</news:language></news:publication><news:publication_date>{one.published.isoformat()}"
        f"</news:publication_date><news:title>{escape(_title(one))}</news:title></news:news></url>"
        for one in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )


def _article(entry: Entry, number: int) -> str:
    """A page of an article as news sites frame it: ways on above it, more to read and the imprint below."""
    more = "".join(f'<li><a href="/r/{n}.shtml">与这篇文章无关的推荐标题之{n}</a></li>' for n in range(1, 7))
    return (
        '<div class="nav"><a href="/">首页</a><a href="/china/">国内</a><a href="/finance/">财经</a></div>'
        f'<div class="content_maincontent_more"><h1 class="content_left_title">{html_text(_title(entry))}</h1>'
        f'<div class="content_left_time">{entry.published:%Y年%m月%d日 %H:%M:%S} '
        f'来源：{html_text(entry.author or "观水新闻网")} <a href="#cmt">参与互动</a></div>'
        f'<div class="left_zw">{_paragraphs(entry, number)}</div>{_ways(entry, number)}'
        '<div class="adEditor">【责任编辑:某某】</div></div>'
        f'<div class="recommend"><h3>相关阅读</h3><ul>{more}</ul></div>'
        '<div class="footer"><p>本网站所刊载信息，不代表本社观点。未经授权禁止转载、摘编、复制及建立镜像。</p></div>'
    )


def _lines(entry: Entry) -> list[str]:
    return [line for line in entry.text.split("\n") if line.strip()]


def _pages(entry: Entry) -> int:
    return -(-len(_lines(entry)) // _LINES)


def _paragraphs(entry: Entry, number: int = 0) -> str:
    """All of an article's paragraphs, or those of one page."""
    lines = _lines(entry)
    return "".join(
        f"<p>{html_text(line)}</p>" for line in (lines[(number - 1) * _LINES : number * _LINES] if number else lines)
    )


def _ways(entry: Entry, number: int) -> str:
    """The pager below a page of several."""
    pages = _pages(entry)
    if pages < 2:
        return ""
    names = [f"{entry.native}{f'_{at}' if at > 1 else ''}.shtml" for at in range(1, pages + 1)]
    links = "".join(f'<a href="{name}">{at}</a>' for at, name in enumerate(names, 1))
    return f'<div class="pager">{links}<a href="{names[min(number, pages - 1)]}">下一页</a></div>'


def _summary(entry: Entry) -> str:
    words = entry.text.replace("\n", " ").replace("]]>", "")
    return words[:_SUMMARY] + "..." if len(words) > _SUMMARY else words


def _title(entry: Entry) -> str:
    return (entry.title or entry.text.split("\n", 1)[0][:30]).replace("]]>", "")


def _dated(entry: Entry) -> str:
    """When an item was published: as RFC 822 wants it, as a clock in Shanghai shows it, or not at all."""
    forms = (f"{_rfc822(entry.published)} +0800", f"{entry.published:%Y-%m-%d %H:%M:%S}", "")
    said = forms[entry.native % len(forms)]
    return f"<pubDate>{said}</pubDate>" if said else ""


def _rfc822(moment: datetime) -> str:
    """`Sat, 21 Nov 2026 10:00:00`, in English whatever the locale, the zone left to the caller."""
    return f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S}"
