"""The sandbox as B站, 汽车之家 口碑, 懂车帝, and Douyin's interfaces for a video's owner."""

import re
from typing import Any

import pytest
from parsel import Selector

from crawlers.sandbox.bilibili import video_name
from crawlers.sandbox.corpus import native_id
from tests.crawlers.served import TIME, Serve, many

OWN, APP = {"access-token": "act.x"}, {"access-token": "clt.x"}


def thread(platform: str) -> list[dict[str, Any]]:
    """A post with 24 replies; five answers below the first of them, the last of which answers an answer."""
    posts = [*many(platform, range(1), brand="驰野E5", title="新品测评"), *many(platform, range(1, 25), parent="0")]
    return [*posts, *many(platform, range(25, 29), parent="1"), *many(platform, range(29, 30), parent="28")]


def test_bilibili_video_replies_and_threads(serve: Serve) -> None:
    """A video by either name; replies newest first with three answers shown, all of them in the thread."""
    site = serve(thread("bilibili"))
    aid = native_id("bilibili", "0")
    video = site.get("/bilibili/x/web-interface/view", params={"bvid": video_name(aid)}).json()["data"]
    assert video == site.get("/bilibili/x/web-interface/view", params={"aid": aid}).json()["data"]
    assert (video["aid"], video["title"], video["stat"]["reply"]) == (aid, "新品测评", 29)
    assert re.fullmatch(r"BV\w{10}", video["bvid"])
    query = {"type": 1, "oid": aid, "pn": 2, "ps": 20, "sort": 0}
    data = site.get("/bilibili/x/v2/reply", params=query).json()["data"]
    assert data["page"] == {"num": 2, "size": 20, "count": 24, "acount": 24}
    assert [one["content"]["message"] for one in data["replies"]] == [f"第{n}条" for n in range(4, 0, -1)]
    first = data["replies"][-1]
    assert (first["rcount"], first["parent"], len(first["replies"])) == (5, 0, 3)
    assert data["replies"][0]["replies"] is None
    query = {"type": 1, "oid": aid, "root": first["rpid"], "pn": 1, "ps": 4}
    below = site.get("/bilibili/x/v2/reply/reply", params=query).json()["data"]
    last = site.get("/bilibili/x/v2/reply/reply", params={**query, "pn": 2}).json()["data"]["replies"][0]
    assert [one["parent"] for one in below["replies"]] == [first["rpid"]] * 4
    assert (last["root"], last["parent"]) == (first["rpid"], below["replies"][-1]["rpid"])
    assert site.get("/bilibili/x/v2/reply", params={**query, "pn": 9}).json()["data"]["replies"] is None
    assert site.get("/bilibili/x/web-interface/view", params={"bvid": "BV1000000000"}).json()["code"] == -404
    assert site.get("/bilibili/x/v2/reply", params={"type": 12, "oid": aid}).json()["code"] == 12009


@pytest.mark.parametrize("platform", ["autohome", "forum"])
def test_koubei_list(serve: Serve, platform: str) -> None:
    """Reviews by page with their stars as text; answers in the forum are none."""
    site = serve([*many(platform, range(23), brand="驰野E5"), *many(platform, range(23, 24), parent="0")])
    query = {"seriesId": "驰野E5", "pageIndex": 2, "pageSize": 20}
    answer = site.get(f"/{platform}/pc/series/list", params=query).json()
    result = answer["result"]
    assert (answer["returncode"], result["seriesname"], result["rowcount"], result["pagecount"]) == (0, "驰野E5", 23, 2)
    assert [one["contents"][0]["content"] for one in result["list"]] == ["第2条", "第1条", "第0条"]
    assert re.fullmatch(r"[1-5]\.\d\d", result["list"][0]["averageScore"])
    assert result["list"][0]["posttime"] == "2026-11-21"


def test_dongchedi_reviews(serve: Serve) -> None:
    """Fifteen a page whatever one asks for, counts as text, stars in hundredths."""
    site = serve(many("dongchedi", range(20), brand="驰野E5"))
    query = {"series_id": "驰野E5", "page": 2, "count": 50}
    data = site.get("/dongchedi/motor/pc/car/series/get_review_list", params=query).json()["data"]
    assert (data["total_count"], data["has_more"], len(data["review_list"])) == (20, False, 5)
    review = data["review_list"][0]
    assert (review["content"], review["digg_count_en"], len(review["gid_str"])) == ("第4条", "4", 19)
    assert 100 <= int(review["score_info"]["score"]) <= 500


def test_dongchedi_circle(serve: Serve) -> None:
    """The latest answered first, by how long ago; a post's own answer, its comments by cursor with theirs inside."""
    site = serve([*many("dongchedi", range(30, 61), brand="驰野E5", published_at=TIME.format(0)), *thread("dongchedi")])
    text = site.get("/dongchedi/community/驰野E5").text
    first = Selector(text)
    assert first.css("title::text").get() == "驰野E5车友圈_1/2页_懂车帝"
    assert "共 32 条内容" in text
    cards = first.css("section.community-card")
    assert len(cards) == 30
    assert len(Selector(site.get("/dongchedi/community/驰野E5/2").text).css("section.community-card")) == 2
    native = str(native_id("dongchedi", "0"))
    assert cards[0].css("a::attr(href)").get() == f"http://127.0.0.1:1234/dongchedi/ugc/article/{native}"
    assert re.search(r"(刚刚|\d+(分钟|小时|天)前)回复$", "".join(cards[0].css("::text").getall()))
    detail = site.get("/dongchedi/motor/pc/ugc/detail/common", params={"group_id": native}).json()["data"]
    assert (detail["group_id_str"], detail["thread_title"], detail["comment_count"]) == (native, "新品测评", 29)
    query = {"group_id": native, "count": 10, "cursor": 0}
    data = site.get("/dongchedi/motor/pc/ugc/detail/comment_list", params=query).json()["data"]
    assert (data["total_count"], data["cursor"], data["has_more"]) == (24, 10, True)
    assert len(data["comment_data"][0]["reply_data"]["reply_list"]) == 5
    gone = site.get("/dongchedi/motor/pc/ugc/detail/common", params={"group_id": "1"}).json()
    assert gone == {"status": 0, "message": "success", "data": {}}


def test_douyin_own_videos_and_comments(serve: Serve) -> None:
    """Opaque ids lead from videos to comments to answers, by cursor; without the account's token a number says no."""
    site = serve(thread("douyin"))
    asked = "/douyin/video/list/", {"open_id": "*", "cursor": 0, "count": 20}
    refused = site.get(asked[0], params=asked[1], headers=APP).json()
    assert (refused["data"]["error_code"], refused["extra"]["error_code"]) == (2190008, 2190008)
    (video,) = site.get(asked[0], params=asked[1], headers=OWN).json()["data"]["list"]
    assert (video["title"], video["statistics"]["comment_count"]) == ("新品测评", 29)
    assert re.fullmatch(r"@[\w+/]+=*", video["item_id"])
    assert site.get(asked[0], params={"open_id": "别人"}, headers=OWN).json()["data"]["list"] == []
    query = {"open_id": "*", "item_id": video["item_id"], "cursor": 20, "count": 20}
    data = site.get("/douyin/item/comment/list/", params=query, headers=OWN).json()["data"]
    assert (data["cursor"], data["has_more"], [one["content"] for one in data["list"]][-1]) == (24, False, "第1条")
    comment = data["list"][-1]
    assert (comment["reply_comment_total"], comment["digg_count"]) == (5, 1)
    query = {"open_id": "*", "item_id": video["item_id"], "comment_id": comment["comment_id"], "count": 50}
    answers = site.get("/douyin/item/comment/reply/list/", params=query, headers=OWN).json()["data"]["list"]
    assert [one["content"] for one in answers] == [f"第{n}条" for n in range(25, 30)]
    for wrong in ("@!", "", comment["comment_id"]):
        query = {"open_id": "*", "item_id": wrong}
        assert site.get("/douyin/item/comment/list/", params=query, headers=OWN).json()["data"]["error_code"] == 2100005


def test_douyin_hot_lists(serve: Serve) -> None:
    """With the app's token only; the most liked first."""
    site = serve(many("douyin", range(60), title="云汀茶回应"))
    words = site.get("/douyin/hotsearch/sentences/", headers=APP).json()["data"]
    assert (words["active_time"], len(words["list"])) == ("2026-11-21 10:59:22", 50)
    assert words["list"][0]["sentence"] == "云汀茶回应"
    videos = site.get("/douyin/data/extern/billboard/hot_video/", headers=APP).json()["data"]["list"]
    assert [(one["rank"], one["digg_count"]) for one in videos[:2]] == [(1, 59), (2, 58)]
    assert site.get(videos[0]["share_url"]).status_code == 200
    assert site.get("/douyin/hotsearch/sentences/", headers=OWN).json()["data"]["error_code"] == 2190008
