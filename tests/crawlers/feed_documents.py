"""Feeds, sitemaps and articles with invented values, and with the defects that publishers are known for."""

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>
<title>滚动新闻</title><link>https://news.example.cn/</link><lastBuildDate>Sat, 21 Nov 2026 02:00:00 GMT</lastBuildDate>
<item><title><![CDATA[云汀茶<b>回应</b> & 致歉]]></title>
<link>https://news.example.cn/2026/11-21/1000001.shtml?utm_source=rss&amp;spm=a1&amp;id=7</link>
<guid isPermaLink="false">x-1000001</guid><pubDate>Sat, 21 Nov 2026 09:00:00 +0800</pubDate>
<dc:creator>示例日报</dc:creator><slash:comments>3</slash:comments><media:title>图</media:title>
<description><![CDATA[摘要在此…]]></description></item>
<item><title>有全文的一条</title><link>https://news.example.cn/2026/11-21/1000002.shtml</link>
<pubDate>Sat, 21 Nov 2026 08:00:00 +0800</pubDate><description>摘要</description>
<content:encoded><![CDATA[<p>第一段。</p><p>第二段&nbsp;完。</p>]]></content:encoded></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example.cn/x/"><title>t</title>
<updated>2026-11-21T02:00:00Z</updated>
<entry><id>tag:a.example.cn,2026:1</id><link rel="self" href="self.xml"/><link href="1.html"/>
<title type="text">3 &lt; 5 &amp; 更多</title><published>2026-11-21T09:00:00+08:00</published>
<updated>2026-11-21T09:30:00+08:00</updated><author><name>某报</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>你好<b>吗</b></p><p>很好</p></div></content></entry>
<entry><id>https://a.example.cn/x/2.html</id><title type="html">&lt;b&gt;粗&lt;/b&gt;体</title>
<updated>2026-11-21T01:00:00Z</updated><summary>短</summary></entry></feed>"""

RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://r.example.cn/"><title>要闻</title><link>https://r.example.cn/</link></channel>
<item rdf:about="https://r.example.cn/1.html"><title>一</title><link>https://r.example.cn/1.html</link>
<d:date>2026-11-21T09:00:00+08:00</d:date><description>话</description></item></rdf:RDF>"""

JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "home_page_url": "https://j.example.cn/",
    "items": [
        {
            "id": 1,
            "url": "/1.html",
            "title": "3 < 5",
            "content_text": "a < b\n第二行",
            "date_published": "2026-11-21T09:00:00+08:00",
            "authors": [{"name": "某人"}],
        },
        {"id": "https://j.example.cn/2.html", "external_url": "https://j.example.cn/2.html", "summary": "只有摘要"},
    ],
}

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://news.example.cn/a/1.html?from=sitemap</loc><n:news><n:publication><n:name>示例新闻</n:name>
<n:language>zh-cn</n:language></n:publication><n:publication_date>2026-11-21T09:00:00+08:00</n:publication_date>
<n:title>标题 &amp; 其他</n:title></n:news></url>
<url><loc>https://news.example.cn/a/2.html</loc><lastmod>2026-11-20</lastmod></url>
<url><loc>https://news.example.cn/a/3.html</loc><lastmod>2019-01-01</lastmod></url>
<url><loc>https://news.example.cn/about.html</loc></url>
<url><loc>https://other.example.org/4.html</loc><lastmod>2026-11-20</lastmod></url>
<url><lastmod>2026-11-20</lastmod></url></urlset>"""

INDEX = """<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://news.example.cn/s-2009.xml</loc><lastmod>2009-01-01</lastmod></sitemap>
<sitemap><loc>https://news.example.cn/s-yesterday.xml</loc><lastmod>2026-11-20T00:00:00Z</lastmod></sitemap>
<sitemap><loc>https://news.example.cn/s-today.xml.gz</loc><lastmod>2026-11-21T01:00:00Z</lastmod></sitemap>
<sitemap><loc>https://elsewhere.example.org/s.xml</loc></sitemap></sitemapindex>"""

FIRST = "示例网11月21日电 云汀茶门店的桂花乌龙中喝出钢丝，当地市场监管部门已介入调查。"
SECOND = "企业称将配合调查，并向消费者道歉。消费者李女士表示，她在门店购买后发现杯中有异物。"
_NAV = '<div class="nav"><a href="/">首页</a><a href="/china/">国内</a><a href="/finance/">财经</a></div>'
_MORE = (
    '<div class="recommend"><h3>相关阅读</h3><ul>'
    + "".join(f'<li><a href="/r/{n}.shtml">与这篇文章无关的推荐标题之{n}</a></li>' for n in range(6))
    + '</ul></div><div class="footer"><p>本网站所刊载信息，不代表本社观点。未经授权禁止转载。</p></div>'
)


def article(body: str, head: str = "") -> str:
    """A whole page around an article's markup."""
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>云汀茶回应-示例网</title>{head}</head>'
        f"<body>{_NAV}{body}{_MORE}</body></html>"
    )


ARTICLE = article(
    '<div class="main"><h1>云汀茶回应</h1><div class="time">2026年11月21日 10:03 来源：示例日报 <a>参与互动</a></div>'
    f'<div class="left_zw"><p>　　{FIRST}</p><p>　　{SECOND}</p></div><div class="ed">【责任编辑：某某】</div></div>'
)

ROBOTS = """User-agent: *
Disallow: /admin/

Sitemap: https://news.example.cn/sitemap.xml
sitemap : https://m.news.example.cn/news.xml.gz # 新闻
Sitemap: https://elsewhere.example/sitemap.xml
Sitemap: https://news.example.cn/sitemap.xml
"""
