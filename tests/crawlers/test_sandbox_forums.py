"""The sandbox as a Discuz! board and as 贴吧."""

import json
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from tests.crawlers.served import Serve


def forum_posts(platform: str) -> list[dict[str, Any]]:
    """23 threads of one board; the oldest has 23 answers, the last of which is the newest post of all."""
    made = [
        {
            "platform": platform,
            "id": f"t{n}",
            "author": f"用户{n}",
            "title": f"标题{n}",
            "text": f"第{n}帖\n<正文>",
            "brand": "云汀茶",
            "published_at": f"2026-11-20T{n:02}:05:09+08:00",
        }
        for n in range(23)
    ]
    answers = [
        {
            **made[0],
            "id": f"a{n}",
            "title": "",
            "text": f"第{n}楼",
            "parent": "t0",
            "published_at": f"2026-11-21T{n:02}:00:00+08:00",
        }
        for n in range(23)
    ]
    return made + answers


@pytest.mark.parametrize(("folder", "charset"), [("", "utf-8"), ("/gbk", "gbk")])
def test_discuz_pages(serve: Serve, folder: str, charset: str) -> None:
    """Both charsets are declared by the page alone; the thread answered last is the first; posts are numbered apart."""
    site = serve(forum_posts("discuz"))

    def fetch(query: str) -> Selector:
        answer = site.get(f"/discuz{folder}/forum.php?{query}")
        assert answer.headers["content-type"] == "text/html"
        assert f"charset={charset}".encode() in answer.content
        return Selector(answer.content.decode(charset))

    board = fetch("mod=forumdisplay&fid=*")
    rows = board.css("tbody[id^=normalthread_]")
    assert len(rows) == 20
    assert rows[0].css("a.xst::text").get() == "标题0"
    assert rows[0].css("td.num a::text").get() == "23"
    assert rows[1].css("td.by em span::text").get() == "2026-11-20"
    assert board.css(".pg a.nxt")
    assert not fetch("mod=forumdisplay&fid=*&page=2").css(".pg a.nxt")
    tid = rows[0].attrib["id"].partition("_")[2]
    first = fetch(f"mod=viewthread&tid={tid}")
    posts = first.css("#postlist > div")
    assert [post.css("[id^=postnum] em::text").get() for post in posts[:3]] == ["楼主", "沙发", "板凳"]
    assert posts[0].css("[id^=authorposton] span::attr(title)").get() == "2026-11-20 00:05:09"
    assert "第0帖" in "".join(posts[0].css(".t_f ::text").getall())
    third = fetch(f"mod=viewthread&tid={tid}&page=3")
    assert len(third.css("#postlist > div")) == 4
    assert not third.css(".pg a.nxt")
    assert "不存在" in "".join(fetch("mod=viewthread&tid=1").css("#messagetext ::text").getall())


def test_discuz_feed_and_mobile_interface(serve: Serve) -> None:
    """The twenty newest threads as RSS; the same threads and posts as JSON, all numbers as strings."""
    site = serve(forum_posts("discuz"))
    feed = etree.fromstring(site.get("/discuz/forum.php?mod=rss&fid=*").content)
    assert [item.findtext("title") for item in feed.iterfind("channel/item")][:2] == ["标题22", "标题21"]
    assert len(feed.findall("channel/item")) == 20
    assert feed.findtext("channel/item/pubDate") == "Fri, 20 Nov 2026 22:05:09 +0800"
    gbk = site.get("/discuz/gbk/forum.php?mod=rss&fid=*").content
    assert b'encoding="gbk"' in gbk
    assert "标题22" in gbk.decode("gbk")
    board = site.get("/discuz/api/mobile/index.php?version=4&module=forumdisplay&fid=*&page=2").json()["Variables"]
    assert (board["forum"]["threadcount"], board["page"], len(board["forum_threadlist"])) == ("23", "2", 3)
    first = site.get("/discuz/api/mobile/index.php?version=4&module=forumdisplay&fid=*").json()["Variables"]
    row = first["forum_threadlist"][0]
    assert (row["subject"], row["replies"]) == ("标题0", "23")
    thread = site.get(f"/discuz/api/mobile/index.php?version=4&module=viewthread&tid={row['tid']}&page=3").json()
    assert [post["message"] for post in thread["Variables"]["postlist"]] == ["第19楼", "第20楼", "第21楼", "第22楼"]
    gone = site.get("/discuz/api/mobile/index.php?version=4&module=viewthread&tid=1").json()
    assert gone["Message"]["messageval"] == "thread_nonexistence"


def test_tieba_pages(serve: Serve) -> None:
    """A bar's list lies in a comment; floors have their data escaped; comments beyond the first stand apart."""
    posts = forum_posts("tieba")
    posts += [{**posts[-1], "id": f"c{n}", "text": f"第{n}评", "parent": "a5"} for n in range(12)]
    posts += [
        {**posts[-1], "id": "cc", "text": "评论的评论", "parent": "c1", "published_at": "2026-11-21T23:00:00+08:00"}
    ]
    site = serve(posts)
    bar = site.get("/tieba/f", params={"kw": "*", "ie": "utf-8", "pn": 0}).text
    assert not Selector(bar).css("li.j_thread_list")
    rows = Selector(bar.replace("<!--", "").replace("-->", "")).css("li.j_thread_list")
    assert len(rows) == 23
    assert json.loads(rows[0].attrib["data-field"])["reply_num"] == 36
    assert [row.css(".is_show_create_time::text").get() for row in rows[:2]] == ["11-20", "11-20"]
    assert not Selector(bar).css("a.next")
    tid = rows[0].attrib["data-tid"]
    thread = Selector(site.get(f"/tieba/p/{tid}").text)
    floors = thread.css("div.l_post")
    assert len(floors) == 24
    content = json.loads(floors[6].attrib["data-field"])["content"]
    assert (content["post_no"], content["comment_num"]) == (7, 13)
    assert len(floors[6].css("li.lzl_single_post")) == 3
    address = f"/tieba/p/comment?tid={tid}&pid={content['post_id']}&pn="
    found = [len(Selector(site.get(address + page).text).css("li.lzl_single_post")) for page in ("1", "2")]
    assert found == [10, 3]
    assert thread.css(".l_reply_num .red::text").getall() == ["36", "1"]
    assert "贴子不存在" in site.get("/tieba/p/1").text
