"""The sandbox as the complaint sites beside 黑猫's lists: steps, companies, and the two message boards."""

from pathlib import Path
from typing import Any

from parsel import Selector

from crawlers.documents import parse_json
from crawlers.sandbox.heimao import company_id
from tests.crawlers.crawling import corpus
from tests.crawlers.served import Serve


def many(platform: str, count: int, **more: Any) -> list[dict[str, Any]]:
    """Complaints an hour apart, the newest with the highest number."""
    return [
        {
            "platform": platform,
            "id": f"{platform}{n}",
            "author": f"用户{n}",
            "text": f"第{n}条\n退款",
            "published_at": f"2026-11-{n // 24 + 1:02}T{n % 24:02}:00:00+08:00",
            **more,
        }
        for n in range(count)
    ]


def test_heimao_steps_are_newest_first(serve: Serve, tmp_path: Path) -> None:
    """The complaint at the bottom, then the site, the company's answer if there is one, and what was added later;
    the page opens to the list's link alone."""
    posts = many("heimao", 40, brand="云汀茶")
    posts += [{**many("heimao", 40)[-1], "id": "later", "parent": "heimao5", "text": "还没退"}]
    site = serve(posts)
    served = corpus(tmp_path, posts)
    feed = site.get("/heimao/api/index/feed", params={"page_size": 100}).json()["result"]["data"]["lists"]
    links = {row["main"]["sn"]: row["main"]["url"].partition("/heimao")[2] for row in feed}
    assert len(links) == 40
    for entry in served:
        bare = site.get(f"/heimao/complaint/view/{entry.native}/")
        assert bare.status_code == 404
        if entry.parent:
            continue
        found = site.get(f"/heimao{links[str(entry.native)]}")
        steps = Selector(found.text).css(".ts-d-item")
        said = [step.css(".u-status::text").get() for step in steps]
        assert said[-1] == "发起投诉"
        assert ("回复投诉" in said) == (served.answered(entry) is not None)
        assert ("补充投诉" in said) == (entry.id == "heimao5")
        if answered := served.answered(entry):
            step = steps[said.index("回复投诉")]
            assert step.css(".u-name::text").get() == "云汀茶"
            assert step.css(".u-date::text").get() == f"{answered:%m-%d %H:%M:%S}"


def test_heimao_company_list(serve: Serve, tmp_path: Path) -> None:
    """A company's complaints stand under a name of their own."""
    posts = [*many("heimao", 3, brand="云汀茶"), {**many("heimao", 1)[0], "id": "x", "brand": "别家"}]
    number = company_id(next(iter(corpus(tmp_path, posts))))
    answer = serve(posts).get("/heimao/api/company/received_complaints", params={"couid": number, "type": 1}).json()
    data = answer["result"]["data"]
    assert {row["main"]["cotitle"] for row in data["complaints"]} == {"云汀茶"}
    assert data["pager"]["item_count"] == 3
    assert "lists" not in data


def test_rednet_shapes(serve: Serve, tmp_path: Path) -> None:
    """The list by keyword with its total, a message with or without an answer, one that is not there."""
    posts = many("rednet", 30)
    site, served = serve(posts), corpus(tmp_path, posts)
    asked = {"search": "第2", "page": 2, "page_num": 5}
    data = site.post("/rednet/front/msg/index", json=asked).json()["data"]
    assert (data["total"], len(data["rows"])) == (11, 5)
    for entry in served:
        message = site.get("/rednet/front/msg/detail", params={"id": entry.native}).json()
        assert message["status"] == "1"
        words = f"<div><p>{entry.text.replace(chr(10), '</p><p>')}</p></div>"
        assert message["data"]["content"] == words
        answered = served.answered(entry)
        times = [reply["reply_time"] for reply in message["data"]["reply"]]
        assert times == ([f"{answered:%Y-%m-%d %H:%M:%S}"] if answered else [])
    assert site.get("/rednet/front/msg/detail?id=1").json()["status"] == "0"


def test_peopleboard_shapes(serve: Serve) -> None:
    """Ten messages after a number, a file of titles in its callback, and a board that wants signatures."""
    site = serve(many("peopleboard", 23))
    asked = {"fid": "*", "state": "1", "lastItem": "0"}
    rows: list[dict[str, Any]] = []
    while found := site.post("/peopleboard/threads/queryThreadsList", data=asked).json()["responseData"]:
        rows += found
        asked["lastItem"] = str(found[-1]["tid"])
    assert [row["content"] for row in rows] == [f"第{n}条\n退款" for n in range(22, -1, -1)]
    assert {row["answerDateline"] is None for row in rows} == {True, False}
    wrapped = site.get("/peopleboard/new_threads_*.jsonp").text
    assert wrapped.startswith("IndexThreads([")
    newest = parse_json(wrapped)
    assert len(newest) == 20
    assert set(newest[0]) == {"threadUrl", "subject", "forumName", "dateline"}
    assert site.post("/peopleboard/signed/threads/queryThreadsList", data=asked).json()["code"] == "SN0006"
    assert site.get("/peopleboard/signed/new_threads_*.jsonp").text.count("subject") == 20
