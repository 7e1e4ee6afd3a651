"""The sandbox as Douyin's open platform, the complaint site and the car forum."""

import re
from typing import Any

from parsel import Selector

from tests.crawlers.served import TIME, Serve, many

CREDENTIALS = {"client_key": "key", "client_secret": "secret", "grant_type": "client_credential"}
BODY = "我于昨天充值300元，客服承诺3天退款却一直拖延。\n" * 4


def test_douyin_wants_a_token(serve: Serve) -> None:
    """Without a token the search refuses by number; with one it answers in the doubly nested form."""
    site = serve(many("douyin", range(3)))
    url = "/douyin/dy_open_api/v2/search/video/"
    assert site.get(url, params={"keyword": "*"}).json()["err_no"] == 28001003
    refused = site.post("/douyin/oauth/client_token/", json={**CREDENTIALS, "client_secret": ""}).json()
    assert refused["data"]["error_code"] != 0
    given = site.post("/douyin/oauth/client_token/", json=CREDENTIALS).json()
    assert given["message"] == "success"
    assert given["data"]["expires_in"] == 7200
    token = given["data"]["access_token"]
    assert token.startswith("clt.")
    answer = site.get(url, params={"keyword": "*"}, headers={"access-token": token}).json()
    assert (answer["err_no"], answer["data"]["error_code"]) == (0, 0)
    video = answer["data"]["data"]["video_list"][0]
    assert len(video["item_id"]) == 19
    assert (video["title"], video["nickname"]) == ("第2条", "用户2")
    assert isinstance(video["create_time"], int)
    assert video["link"] == f"http://127.0.0.1:1234/douyin/video/{video['item_id']}"
    assert site.get(video["link"]).status_code == 200


def test_douyin_cursor_and_count(serve: Serve) -> None:
    """A page holds at most twenty, the cursor moves by what was given, and the last page says so."""
    site = serve(many("douyin", range(45)))
    token = site.post("/douyin/oauth/client_token/", json=CREDENTIALS).json()["data"]["access_token"]
    cursor, titles, pages = 0, [], 0
    while True:
        params = {"keyword": "*", "count": 50, "cursor": cursor}
        answer = site.get("/douyin/dy_open_api/v2/search/video/", params=params, headers={"access-token": token}).json()
        data = answer["data"]["data"]
        titles += [video["title"] for video in data["video_list"]]
        cursor, pages = data["cursor"], pages + 1
        if not data["has_more"]:
            break
    assert pages == 3
    assert titles == [f"第{n}条" for n in range(44, -1, -1)]


def test_complaint_lists(serve: Serve) -> None:
    """Lists are paged as asked, cut the text, mark the keyword, and name the platform's own fields."""
    posts = many("heimao", range(23), brand="云汀茶", title="云汀茶不退款", text=BODY)
    posts += many("heimao", range(1), id="x", text="别家")
    site = serve(posts)
    data = site.get("/heimao/api/index/s", params={"keywords": "云汀茶", "page": 3}).json()["result"]["data"]
    assert data["pager"] == {"current": 3, "next": 3, "page_amount": 3, "page_size": 10, "item_count": 23}
    assert len(data["lists"]) == 3
    main, author = data["lists"][0]["main"], data["lists"][0]["author"]
    assert main["title"] == '<span class="code-red">云汀茶</span>不退款'
    assert main["cotitle"] == '<span class="code-red">云汀茶</span>'
    assert main["summary"].endswith("...")
    assert (main["cost"], main["appeal"], main["issue"]) == ("300", "退款", "退款问题")
    assert re.fullmatch(r"173\d{8}", main["sn"])
    assert main["timestamp"].isdigit()
    assert main["url"].startswith(f"//127.0.0.1:1234/heimao/complaint/view/{main['sn']}/?sld=")
    assert author["title"] == "用户2"
    feed = site.get("/heimao/api/index/feed", params={"type": 1, "page_size": 50}).json()
    assert feed["result"]["status"]["code"] == 0
    assert len(feed["result"]["data"]["lists"]) == 24
    beyond = site.get("/heimao/api/index/s", params={"keywords": "云汀茶", "page": 4}).json()["result"]["data"]
    assert beyond["lists"] == []
    wrapped = site.get("/heimao/api/index/feed", params={"callback": "jQuery1_1"}).text
    assert wrapped.startswith("try{jQuery1_1({")
    assert wrapped.endswith(");}catch(e){};")


def test_complaint_page(serve: Serve) -> None:
    """The page has the whole text in the step that opened the complaint, and rows labelled in words."""
    site = serve(many("complaint", range(1), brand="云汀茶", title="不退款", text=BODY.strip()))
    main = site.get("/complaint/api/index/s", params={"keywords": "*"}).json()["result"]["data"]["lists"][0]["main"]
    page = Selector(site.get("http:" + main["url"]).text)
    assert page.css("h1.article::text").get() == "不退款"
    assert page.css(".ts-q-user .u-date::text").get() == "发布于 2026年11月21日 10:00:22"
    rows = ["".join(row.css("::text").getall()) for row in page.css("ul.ts-q-list li")]
    assert f"投诉编号：{main['sn']}" in rows
    assert "投诉对象：云汀茶" in rows
    assert "涉诉金额：300元" in rows
    opening = next(item for item in page.css(".ts-d-item") if item.css(".u-status::text").get() == "发起投诉")
    words = opening.css(".ts-reply p")
    assert words[0].css("::text").get("").startswith("@黑猫消费者服务平台：")
    assert "".join(words[1].css("::text").getall()) == BODY.strip().replace("\n", "")
    assert site.get("/complaint/complaint/view/17300000000/").status_code == 404


def forum_posts() -> list[dict[str, Any]]:
    """Two boards; the older thread has 23 answers, one of them to an answer; one answer's thread is unknown."""
    posts = many("autohome", range(25), brand="驰野E5")
    posts[0] |= {"title": "互联断了, 'X30'</script>", "text": "半年\n一断"}
    for post in posts[1:24]:
        post["parent"] = "0"
    posts[5]["parent"] = "4"
    posts[24] |= {"parent": "gone", "text": "没头没尾"}
    return [*posts, {**posts[0], "id": "m7", "brand": "驰野M7", "title": "自驾", "published_at": TIME.format(10)}]


def test_board_lists(serve: Serve) -> None:
    """A board shows its threads, by last answer or by publish time; an answer without its thread opens one."""
    site = serve(forum_posts())

    def listed(board: str, **params: Any) -> dict[str, Any]:
        query = {"_appid": "club", "club_bbs_id": board, "page_num": 1, "page_size": 50, **params}
        answer = site.get("/autohome/api/pc/bbs/index/getClubTopicList", params=query).json()
        assert answer["returncode"] == 0
        return answer["result"]

    everything = listed("*", club_order_type=2)
    assert everything["total"] == 3
    assert [item["title"] for item in everything["items"]] == ["没头没尾", "自驾", "互联断了, 'X30'</script>"]
    assert [item["title"] for item in listed("*", club_order_type=1)["items"]][1].startswith("互联")
    item = listed("驰野M7")["items"][0]
    assert isinstance(item["biz_id"], int)
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:1234/autohome/bbs/thread/[0-9a-f]{{16}}/{item['biz_id']}-1\.html", item["pc_url"]
    )
    assert item["publish_time"] == "2026/11/21 10:10:22"
    assert (item["is_delete"], item["reply_count"]) == (0, 0)
    assert listed(str(item["club_bbs_id"]))["items"] == [item]
    assert listed("*", page_size=2, page_num=2, club_order_type=2)["items"][0]["reply_count"] == 23
    assert listed("*", page_num=9)["items"] == []


def test_thread_pages(serve: Serve) -> None:
    """The first page has the topic as a JavaScript literal and the body, both have floors, the last no next link."""
    site = serve(forum_posts())
    params = {"club_bbs_id": "驰野E5", "club_order_type": 2}
    url = site.get("/autohome/api/pc/bbs/index/getClubTopicList", params=params).json()["result"]["items"][1]["pc_url"]
    text = site.get(url).text
    first = Selector(text)
    assert "window['__TOPICINFO__'] = {topicId: " in text
    assert r"topicTitle: '互联断了, \'X30\'<\/script>'" in text
    assert first.css("h1.post-title::text").get() == "互联断了, 'X30'</script>"
    assert first.css("div.post-handle-publish strong::text").get() == "2026-11-21 10:00:22"
    assert first.css("div.post-container ::text").getall() == ["半年", "一断"]
    assert first.css("span[data-page-count]::attr(data-page-count)").get() == "2"
    second = Selector(site.get(first.css("a.athm-page__next::attr(href)").get("")).text)
    floors = first.css("ul#js-reply-list-container > li") + second.css("ul#js-reply-list-container > li")
    assert [floor.attrib["data-floor"] for floor in floors] == [str(n) for n in range(1, 24)]
    assert [floor.css(".reply-detail::text").get() for floor in floors] == [f"第{n}条" for n in range(1, 24)]
    assert floors[0].css(".reply-top strong::text").get() == "2026-11-21 10:01:22"
    assert floors[0].attrib["data-status"] == "0"
    assert floors[0].css(".reply-bottom-praise strong::text").get() == "1"
    assert len({floor.attrib["data-reply-id"] for floor in floors}) == 23
    assert second.css("a.athm-page__next.disabled")
    assert not second.css("h1.post-title")
    assert site.get(re.sub(r"thread/[0-9a-f]{16}", "thread/" + "0" * 16, url)).status_code == 404
