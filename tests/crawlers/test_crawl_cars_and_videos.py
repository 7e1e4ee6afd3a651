"""Whole crawls of Douyin's official lists, B站, 懂车帝 and 汽车之家 口碑 against the sandbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.reports import Outcome
from crawlers.sandbox import Fault, Site
from crawlers.sandbox.bilibili import video_name
from crawlers.sandbox.corpus import native_id
from crawlers.sandbox.douyin_own import opaque
from crawlers.sources import Source
from stream.records import post_id
from tests.crawlers.crawling import Options, corpus, crawl, logged, rows, source


def watched(site: Site) -> dict[str, Source]:
    """A source of each kind, by its name."""
    video = video_name(native_id("bilibili", "bilibili0"))
    return {
        "koubei": source("autohome", site.base_url, name="koubei", spider="autohome_koubei"),
        "dongchedi": source("dongchedi", site.base_url, boards=("*",)),
        "bilibili": source("bilibili", site.base_url, posts=(video,)),
        "comments": source(
            "douyin",
            site.base_url,
            name="comments",
            spider="douyin_comments",
            accounts=("*",),
            access_token_env="DOUYIN_TOKEN",
        ),
    }


def hot(site: Site, *keywords: str) -> Source:
    """Douyin's hot lists, listened to for these words."""
    return source("douyin", site.base_url, name="hot", spider="douyin_hot", keywords=keywords)


def lines(replies: int = 30) -> list[dict[str, Any]]:
    """Forty reviews of each kind; one video with replies, the first of them answered by all that are odd."""
    below = [
        line
        for name in ("bilibili", "douyin")
        for line in (
            *rows(name, range(1, replies + 1, 2), parent=f"{name}1"),
            *rows(name, [1, *range(2, replies + 1, 2)], parent=f"{name}0"),
        )
        if line["id"] != line["parent"]
    ]
    return [
        *rows("autohome", range(40), brand="驰野E5", title="提车三个月"),
        *rows("dongchedi", range(40), brand="驰野E5"),
        *(line for name in ("bilibili", "douyin") for line in rows(name, [0], title="云汀茶新品测评")),
        *rows("douyin", [99], title="没有人说话的视频"),
        *below,
    ]


def test_everything_arrives_with_its_stars_and_its_place(tmp_path):
    """All reviews with their stars and cars; the video, its replies and their answers, each below its own."""
    with Site(corpus(tmp_path, lines())) as site:
        reports = crawl(watched(site).values(), tmp_path)
    assert {name: report.outcome for name, report in reports.items()} == dict.fromkeys(reports, Outcome.COMPLETE)
    posts = logged(tmp_path)
    assert len({post.id for post in posts}) == len(posts) == 40 + 40 + 31 + 30
    reviews = [post for post in posts if post.platform in ("autohome", "dongchedi")]
    assert all(post.rating is not None and 1 <= post.rating <= 5 and post.target == "驰野E5" for post in reviews)
    assert {post.text for post in reviews if post.platform == "dongchedi"} == {
        line["text"] for line in rows("dongchedi", range(40))
    }
    replies = [post for post in posts if post.platform == "bilibili"]
    by_text = {post.text.partition("：")[0]: post for post in replies}
    video, first = by_text["第0条"], by_text["第1条"]
    assert (video.parent, first.parent) == ("", post_id("bilibili", video.native_id))
    assert {by_text[f"第{n}条"].parent for n in range(3, 30, 2)} == {post_id("bilibili", first.native_id)}
    assert {post.target for post in replies if post is not video} == {"云汀茶新品测评"}
    comments = [post for post in posts if post.platform == "douyin"]
    by_text = {post.text.partition("：")[0]: post for post in comments}
    assert {post.target for post in comments} == {"云汀茶新品测评"}
    assert {by_text[f"第{n}条"].parent for n in range(3, 30, 2)} == {by_text["第1条"].id}
    assert (
        by_text["第2条"].parent == by_text["第1条"].parent == post_id("douyin", opaque(native_id("douyin", "douyin0")))
    )


def test_only_what_is_new_is_logged_again(tmp_path):
    """An unchanged video costs no more than being listed; more replies bring B站's count, the replies, what they answer
    with its count, and nothing else."""
    with Site(corpus(tmp_path, lines())) as site:
        crawl(watched(site).values(), tmp_path)
        before = len(logged(tmp_path))
        videos = [watched(site)[name] for name in ("bilibili", "comments")]
        reports = crawl(videos, tmp_path)
        assert [(report.pages, report.posts) for report in reports.values()] == [(1, 0), (1, 0)]
    with Site(corpus(tmp_path, lines(replies=32)), site.port) as site:
        crawl(watched(site).values(), tmp_path)
    texts = [post.text.partition("：")[0] for post in logged(tmp_path)[before:]]
    assert sorted(texts) == sorted(["第0条", *["第1条", "第31条", "第32条"] * 2])


def test_an_answer_to_an_old_reply_is_found(tmp_path):
    """Though the newest page of B站's replies is known, one on the next that was answered since is read again."""
    posts = [*rows("bilibili", [0]), *rows("bilibili", range(1, 41), parent="bilibili0")]
    with Site(corpus(tmp_path, posts)) as site:
        assert crawl([watched(site)["bilibili"]], tmp_path)["bilibili"].posts == 41
    with Site(corpus(tmp_path, posts + rows("bilibili", [50], parent="bilibili15")), site.port) as site:
        report = crawl([watched(site)["bilibili"]], tmp_path)["bilibili"]
    assert (report.outcome, report.posts, report.updated) == (Outcome.COMPLETE, 1, 2)  # what has grown is not new
    texts = [post.text.partition("：")[0] for post in logged(tmp_path)[41:]]
    assert sorted(texts) == ["第0条", "第15条", "第50条"]


def test_hot_lists_give_what_names_a_keyword(tmp_path):
    """Words and videos with a keyword become posts once a day, the rest is off topic; a stale token is renewed."""
    posts = [*rows("douyin", [1], title="云汀茶回应"), *rows("douyin", [2], title="某剧大结局")]
    with Site(corpus(tmp_path, posts)) as site:
        report = crawl([hot(site, "云汀")], tmp_path)["hot"]
        assert (report.outcome, report.posts, report.drops) == (Outcome.COMPLETE, 2, {"off_topic": 2})
        assert crawl([hot(site, "云汀")], tmp_path)["hot"].posts == 0
        site.faults.set("douyin", Fault.LOGIN_JSON, times=1)
        assert crawl([hot(site, "云汀")], tmp_path)["hot"].outcome is Outcome.COMPLETE
        site.faults.set("douyin", Fault.EMPTY_200)
        assert crawl([hot(site, "云汀")], tmp_path)["hot"].outcome is Outcome.BLOCKED
    word, video = sorted(logged(tmp_path), key=lambda post: not post.text.startswith("#"))
    assert word.text == "#云汀茶回应#（抖音热点榜第 2 位）"
    assert (word.target, word.author, video.text) == ("热点榜", "", "云汀茶回应")


def circle(site: Site) -> Source:
    """懂车帝's circles."""
    return source("dongchedi", site.base_url, name="circle", spider="dongchedi_circle", boards=("*",))


def test_circle_is_read_down_to_what_nobody_has_answered_since(tmp_path):
    """Posts, comments and answers arrive below each other; later only the post with a new comment is opened again."""
    posts = [*rows("dongchedi", range(33), brand="驰野E5"), *rows("dongchedi", range(100, 112), parent="dongchedi0")]
    posts += rows("dongchedi", [112], parent="dongchedi100")
    with Site(corpus(tmp_path, posts)) as site:
        report = crawl([circle(site)], tmp_path)["circle"]
        assert (report.outcome, report.posts, report.pages) == (Outcome.COMPLETE, 46, 2)
        assert crawl([circle(site)], tmp_path)["circle"].posts == 0
    late = rows("dongchedi", [200], parent="dongchedi5", published_at=datetime.now(UTC).isoformat())
    with Site(corpus(tmp_path, posts + late), site.port) as site:
        asked = site.faults.requests["dongchedi"]
        crawl([circle(site)], tmp_path)
        assert site.faults.requests["dongchedi"] - asked == 4  # two pages of the list, the post, its comments
    found = {post.text.partition("：")[0]: post for post in logged(tmp_path)}
    assert found["第112条"].parent == found["第100条"].id
    assert found["第100条"].parent == found["第0条"].id
    assert found["第200条"].parent == found["第5条"].id
    assert {found[f"第{n}条"].target for n in (0, 100, 112, 200)} == {"驰野E5"}


def test_circle_posts_are_looked_at_again(tmp_path):
    """A day later an edit and a grown count have reached the log, and a post that is gone becomes a tombstone."""
    posts = rows("dongchedi", range(4), brand="驰野E5")
    with Site(corpus(tmp_path, posts)) as site:
        crawl([circle(site)], tmp_path)
    posts[0]["text"] += "补充：已经修好了。"
    posts[1]["likes"] = 40_000
    before = {post.text.partition("：")[0]: post for post in logged(tmp_path)}
    with Site(corpus(tmp_path, posts[:3]), site.port) as site:
        report = crawl([circle(site)], tmp_path, Options(ahead=timedelta(hours=24)))["circle"]
    assert (report.outcome, report.revisited, report.tombstones) == (Outcome.COMPLETE, 4, 1)
    found = {post.id: post for post in logged(tmp_path)[4:]}
    assert found[before["第0条"].id].text.endswith("已经修好了。")
    assert found[before["第1条"].id].likes == 40_000
    assert found[before["第3条"].id].deleted


def test_an_access_token_is_renewed_where_the_refresh_token_is_known(tmp_path):
    """No access token is needed then; a refresh token that the platform refuses is told with what to do about it, and
    a credential may lie in a file."""
    (tmp_path / "refresh").write_text("rft.token\n", encoding="utf-8")
    with Site(corpus(tmp_path, lines())) as site:
        told = replace(watched(site)["comments"], access_token_env="", client_key_env="DOUYIN_KEY")
        well = replace(told, name="well", refresh_token_env=f"file:{tmp_path / 'refresh'}")
        lapsed = replace(told, name="lapsed", refresh_token_env="DOUYIN_SECRET")
        reports = crawl([well, lapsed], tmp_path)
    assert (reports["well"].outcome, reports["well"].posts > 20) == (Outcome.COMPLETE, True)
    assert (reports["lapsed"].outcome, reports["lapsed"].posts) == (Outcome.LOGIN_NEEDED, 0)
    assert "重新授权" in reports["lapsed"].reason


def test_a_review_that_grew_or_was_edited_comes_once(tmp_path):
    """Their lists show all reviews at every crawl: what changed is logged once more when it is due, the rest not."""
    reviews = [line for name in ("autohome", "dongchedi") for line in rows(name, range(3), brand="驰野E5")]
    later = Options(ahead=timedelta(hours=72))
    with Site(corpus(tmp_path, reviews)) as site:
        port, kinds = site.port, ("koubei", "dongchedi")
        crawl([watched(site)[name] for name in kinds], tmp_path)
    before = {post.id: post for post in logged(tmp_path)}
    for grown, edited in (reviews[:2], reviews[3:5]):
        grown["likes"], edited["text"] = 4000, edited["text"] + "追评：已经修好了。"
    with Site(corpus(tmp_path, reviews), port) as site:
        two = [watched(site)[name] for name in kinds]
        soon, reports, again = crawl(two, tmp_path), crawl(two, tmp_path, later), crawl(two, tmp_path, later)
    told = [[(one.outcome, one.posts, one.updated) for one in each.values()] for each in (soon, reports, again)]
    assert told == [[(Outcome.COMPLETE, 0, 0)] * 2, [(Outcome.COMPLETE, 0, 2)] * 2, [(Outcome.COMPLETE, 0, 0)] * 2]
    changed = logged(tmp_path)[len(before) :]
    assert sorted(post.text.endswith("已经修好了。") for post in changed) == [False, False, True, True]
    assert [post.likes for post in changed].count(4000) == 2
    assert all(
        (post.published_at, post.rating) == (before[post.id].published_at, before[post.id].rating) for post in changed
    )
