"""Weibo's other ways in, end to end: their spiders in a real process against the real sandbox."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from crawlers.reports import Outcome
from crawlers.sandbox import weibo_comments, weibo_search
from crawlers.sandbox.corpus import Corpus
from crawlers.sandbox.faults import Fault, Setting
from crawlers.sandbox.site import Site
from crawlers.sandbox.weibo_open import ACCOUNT
from crawlers.sandbox.weibo_posts import city_of, region_of, uid_of
from crawlers.sources import Access, Source
from stream.labels import Health
from stream.records import post_id
from tests.crawlers.crawling import BLOCKS, NEWEST, Options, corpus, crawl, health, logged, rows, source

LONG = "员工说不知道，店长也不肯出来，" * 20
_HOSTS = {"weibo_search": "/s.weibo.com", "weibo_hot": "/weibo.com", "weibo_open": "/api.weibo.com/2"}


def way(spider: str, base_url: str, **fields: Any) -> Source:
    """A source that goes this way, with what the spider demands."""
    session = {"access": Access.AUTHORISED_SESSION, "authorisation": "合同 7 号", "authorised_until": date(2099, 1, 1)}
    defaults: dict[str, Any] = {
        "name": spider,
        "spider": spider,
        "base_url": f"{base_url}/weibo{_HOSTS.get(spider, '')}",
        **({**session, "cookie_env": "WEIBO_COOKIE"} if spider in ("weibo_comments", "weibo_search") else {}),
        **({"access": Access.OFFICIAL_API, "access_token_env": "WEIBO_TOKEN"} if spider == "weibo_open" else {}),
    }
    return replace(source("weibo", base_url), **{**defaults, **fields})


def native(served: Corpus, id: str) -> str:
    """The wire id of a line."""
    return str(next(entry.native for entry in served if entry.id == id))


def ago(hours: float) -> str:
    """A publish time so long before the newest."""
    return (NEWEST - timedelta(hours=hours)).isoformat()


def test_timelines_go_back_as_far_as_asked_and_the_pinned_post_stops_none(tmp_path):
    """Two accounts' posts of the last days, long texts whole; the old pinned one does not end the walk before them."""
    mine = [row for n in range(35) for row in rows("weibo", [n], LONG, author="云汀茶官方", published_at=ago(35 - n))]
    old = [row for n in range(40, 60) for row in rows("weibo", [n], author="云汀茶官方", published_at=ago(24 * n))]
    others = rows("weibo", range(70, 73), author="鹿屿鲜茶官方") + rows("weibo", range(80, 90), author="路人")
    served = corpus(tmp_path, mine + old + others)
    with Site(served) as site:
        accounts = tuple(str(uid_of(name)) for name in ("云汀茶官方", "鹿屿鲜茶官方"))
        one = way("weibo_user", site.base_url, accounts=accounts, days=3)
        report = crawl([one], tmp_path)["weibo_user"]
        again = crawl([one], tmp_path)["weibo_user"]
    found = {post.id: post for post in logged(tmp_path)}
    wanted = {entry.id: post_id("weibo", str(entry.native)) for entry in served}
    assert report.outcome is Outcome.COMPLETE
    assert {wanted[row["id"]] for row in mine + others[:3]} <= found.keys()
    assert found[wanted["weibo59"]].published_at < NEWEST - timedelta(days=50)  # the pinned one
    assert len(found) < 3 + 35 + 1 + 10  # and no more than one page beyond the bound
    assert all(not post.truncated and post.author for post in found.values())
    assert {found[wanted[row["id"]]].text for row in mine} == {row["text"] for row in mine}
    assert (again.posts, again.pages) == (0, 2)


def test_comments_arrive_under_their_post_with_the_answers_that_are_folded(tmp_path):
    """All comments over several pages, and all answers over theirs; those that are counted and hidden are told."""
    lines = rows("weibo", [1]) + rows("weibo", [2]) + rows("weibo", range(10, 45), parent="weibo1")
    threads = {"weibo20": range(50, 55), "weibo40": range(60, 85), "weibo44": range(90, 92)}
    lines += [row for parent, numbers in threads.items() for row in rows("weibo", numbers, parent=parent)]
    lines[2] |= {"comments": 4}  # the first comment counts four answers that nobody is shown
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        posts = (native(served, "weibo1"), native(served, "weibo2"))
        one = way("weibo_comments", site.base_url, posts=posts)
        report = crawl([one], tmp_path)["weibo_comments"]
        again = crawl([one], tmp_path)["weibo_comments"]
    found = logged(tmp_path)
    all_answers, pages = 35 + 5 + 25 + 2, 4 + 1 + 3 + 1
    assert (report.outcome, report.posts, len(found)) == (Outcome.COMPLETE, all_answers, all_answers)
    told = {one.listing: (one.got, one.expected, one.pages, one.truncated) for one in report.coverage}
    assert told == {posts[0]: (all_answers, all_answers + 4, pages, 1), posts[1]: (0, None, 1, 0)}
    assert {post.parent for post in found} == {post_id("weibo", posts[0])}
    texts = {entry.native: entry.text for entry in served}
    assert all(post.text == texts[int(post.native_id)] for post in found)
    assert all(post.author and not post.quoted for post in found)
    # threads that have not grown are not asked for again, and what is known of them is told again
    assert (again.posts, {one.listing: (one.got, one.pages, one.truncated) for one in again.coverage}) == (
        0,
        {posts[0]: (all_answers, 4, 1), posts[1]: (0, 1, 0)},
    )


def test_a_thread_that_grows_is_read_again_and_a_cap_leaves_the_rest_for_later(tmp_path):
    """One answer more brings its thread back, nothing else; a thread that our cap cuts short holds up no other."""
    lines = rows("weibo", [1]) + rows("weibo", range(10, 13), parent="weibo1")
    lines += [row for n in (10, 11, 12) for row in rows("weibo", range(10 * n, 10 * n + 4), parent=f"weibo{n}")]
    many = rows("weibo", range(200, 230), parent="weibo12")  # the most liked comment's, in the first place
    bound = {"max_pages": 3}
    served = corpus(tmp_path, lines + many)
    reports = []
    for _ in range(3):
        with Site(served) as site:
            one = way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),), **bound)
            reports.append(crawl([one], tmp_path)["weibo_comments"])
    assert [(one.outcome, one.coverage[0].pages, one.coverage[0].truncated) for one in reports] == [
        (Outcome.CAPPED, 3, 1),
        (Outcome.COMPLETE, 3, 1),
        (Outcome.COMPLETE, 1, 1),
    ]
    served = corpus(tmp_path, lines + many + rows("weibo", [300], "新", parent="weibo10"))
    with Site(served) as site:
        one = way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),))
        report = crawl([one], tmp_path)["weibo_comments"]
    assert (report.posts, report.coverage[0].pages) == (1, 2)


def test_a_comment_that_is_liked_more_comes_once(tmp_path):
    """Every crawl is shown all comments: a grown count is logged when the comment's look is due, the others are not."""
    lines = rows("weibo", [1]) + rows("weibo", range(10, 14), parent="weibo1", published_at=ago(0))
    later = Options(ahead=timedelta(hours=2))
    reports, port = [], 0
    for likes, when in ((10, Options()), (9000, Options()), (9000, later), (9000, later)):
        lines[2]["likes"] = likes
        served = corpus(tmp_path, lines)
        with Site(served, port) as site:
            port = site.port
            one = way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),))
            reports.append(crawl([one], tmp_path, when)["weibo_comments"])
    assert [(report.posts, report.updated) for report in reports] == [(4, 0), (0, 0), (0, 1), (0, 0)]
    *first, grown = logged(tmp_path)
    (was,) = (post for post in first if post.id == grown.id)
    assert (was.likes, grown.likes, grown.text, grown.parent) == (10, 9000, was.text, was.parent)


def test_a_refusal_among_the_threads_is_told_and_healed(tmp_path):
    """Every way of saying no, at the first folded thread: blocked, nothing remembered, and all of it next time."""
    lines = rows("weibo", [1]) + rows("weibo", range(10, 12), parent="weibo1")
    lines += rows("weibo", range(20, 25), parent="weibo10")
    served = corpus(tmp_path, lines)
    with ExitStack() as stack:
        sites = {fault: stack.enter_context(Site(served)) for fault in BLOCKS}
        post = native(served, "weibo1")
        sources = [way("weibo_comments", site.base_url, name=fault, posts=(post,)) for fault, site in sites.items()]
        for fault, site in sites.items():
            site.faults.set("weibo", fault, after=1)
        reports = crawl(sources, tmp_path)
        for name, one in health(sources, tmp_path).items():
            assert (name, one.health in (Health.BLOCKED, Health.LOGIN_NEEDED)) == (name, True)
            assert (name, reports[name].verdicts) == (name, {"ok": 1, "blocked": 1})
            assert (name, reports[name].coverage[0].got, reports[name].posts) == (name, 4, 4)
        for site in sites.values():
            site.faults.clear("weibo")
        healed = crawl(sources, tmp_path, Options(ahead=timedelta(days=2)))
    assert {(one.outcome, one.posts, one.coverage[0].got) for one in healed.values()} == {(Outcome.COMPLETE, 3, 7)}


def test_new_comments_are_found_wherever_they_stand(tmp_path):
    """The hottest stand first, so a new one is on the last page; the second crawl has it, and nothing twice."""
    lines = rows("weibo", [1]) + rows("weibo", range(10, 40), parent="weibo1")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        crawl([way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),))], tmp_path)
    served = corpus(tmp_path, lines + rows("weibo", [90], "新", parent="weibo1", likes=0))
    with Site(served) as site:
        one = way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),))
        report = crawl([one], tmp_path)["weibo_comments"]
    assert (report.outcome, report.posts) == (Outcome.COMPLETE, 1)
    assert logged(tmp_path)[-1].text.endswith("新")


def test_one_post_that_keeps_its_comments_back_holds_up_no_other(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """An old and a hidden one are told as refused, the third is read; all of them, or a true refusal, is a block."""
    lines = rows("weibo", [1], published_at=ago(24 * 900)) + rows("weibo", [2], author="") + rows("weibo", [3])
    lines += [row for n in (1, 2, 3) for row in rows("weibo", range(10 * n, 10 * n + 3), parent=f"weibo{n}")]
    served = corpus(tmp_path, lines)
    old, hidden, shown = (native(served, f"weibo{n}") for n in (1, 2, 3))
    with Site(served) as site:

        def comments(name: str, *posts: str) -> Source:
            return way("weibo_comments", site.base_url, name=name, posts=posts, concurrency=1)

        one, none = comments("one", old, hidden, shown), comments("none", old, hidden)
        reports = crawl([one, none], tmp_path)
        told = health([one, none], tmp_path)
        site.faults.set("weibo", Fault.HTTP_432, after=1)
        block = crawl([comments("block", old, shown)], tmp_path)["block"]
        site.faults.clear("weibo")
        monkeypatch.setattr(weibo_comments, "_TOO_OLD", "<html><title>安全验证</title></html>")
        check = crawl([comments("check", old, shown)], tmp_path)["check"]
    report = reports["one"]
    assert (report.outcome, report.posts, report.verdicts) == (Outcome.CAPPED, 3, {"ok": 1, "blocked": 2})
    assert {row.listing: (row.state, row.got) for row in report.coverage} == {
        old: (Health.BLOCKED, 0),
        hidden: (Health.BLOCKED, 0),
        shown: (Health.FRESH, 3),
    }
    assert (told["one"].health, told["one"].retry_at) == (Health.CAPPED, None)
    assert told["one"].reason.startswith(f"「{old}」「{hidden}」：")
    assert (told["none"].health, {row.state for row in told["none"].coverage}) == (Health.BLOCKED, {Health.BLOCKED})
    assert told["none"].retry_at
    assert [one.outcome for one in (reports["none"], block, check)] == [Outcome.BLOCKED] * 3
    assert ("风控" in block.reason, "人机验证" in check.reason) == (True, True)


def test_comments_that_are_gone_are_not_taken_for_none(tmp_path):
    """A post that had comments and has none is told as refused; what is new below another post is taken."""
    lines = rows("weibo", [1, 2]) + rows("weibo", [10], parent="weibo1") + rows("weibo", [20], parent="weibo2")
    for left in (lines, [*lines[:2], lines[3], *rows("weibo", [21], parent="weibo2")]):
        served = corpus(tmp_path, left)
        posts = (native(served, "weibo1"), native(served, "weibo2"))
        with Site(served) as site:
            report = crawl([way("weibo_comments", site.base_url, posts=posts)], tmp_path)["weibo_comments"]
    assert (report.outcome, report.posts) == (Outcome.CAPPED, 1)
    assert [row.state for row in report.coverage] == [Health.BLOCKED, Health.FRESH]


def test_comments_without_a_login_say_so(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A session that the platform does not know is sent to the passport: login needed, never no comments."""
    served = corpus(tmp_path, rows("weibo", [1]) + rows("weibo", range(10, 15), parent="weibo1"))
    with Site(served) as site:
        # the sandbox knows no cookie but SUB, and this one has another name
        one = way("weibo_comments", site.base_url, posts=(native(served, "weibo1"),), cookie_env="DOUYIN_KEY")
        crawl([one], tmp_path)
        assert health([one], tmp_path)["weibo_comments"].health is Health.LOGIN_NEEDED
    assert not logged(tmp_path)


def test_search_brings_posts_whole_with_what_they_forward(tmp_path):
    """Words of long posts whole, of reposts apart from the root's; counts, author and parent as on the mobile site."""
    lines = rows("weibo", range(12)) + rows("weibo", [20], LONG) + rows("weibo", [30, 31], parent="weibo3", likes=0)
    lines += rows("weibo", [40], parent="gone") + rows("weibo", [50], published_at=ago(24 * 8))
    lines += [{**row, "text": ""} for row in rows("weibo", [60], brand="云汀茶")]
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        desk = way("weibo_search", site.base_url)
        reports = crawl([desk, source("weibo", site.base_url)], tmp_path)
        again = crawl([desk], tmp_path)["weibo_search"]
    assert reports["weibo_search"].outcome is Outcome.COMPLETE
    assert reports["weibo_search"].drops == {"no_text": 1}  # a video and no words
    posts = logged(tmp_path)
    by_desk = {post.id: post for post in posts if post.source == "weibo_search"}
    by_phone = {post.id: post for post in posts if post.source == "weibo"}
    assert len(by_desk) == 16  # the one of last week is not among them
    for one, post in by_desk.items():
        other = by_phone[one]
        assert (post.text, post.quoted, post.author) == (other.text, other.quoted, other.author)
        assert (post.likes, post.comments, post.reposts) == (other.likes, other.comments, other.reposts)
        assert not post.truncated
        assert abs(post.published_at - other.published_at) < timedelta(minutes=1, seconds=5)
        assert post.parent in (other.parent, "")  # a root that is gone has no id there
    assert sum(bool(post.parent) for post in by_desk.values()) == 2
    assert (again.posts, again.pages) == (0, 1)


def test_a_part_does_not_take_the_place_of_the_whole(tmp_path):
    """The search has a long text whole; the mobile site, whose page of it is damaged, adds nothing and asks again."""
    with Site(corpus(tmp_path, rows("weibo", range(3)) + rows("weibo", [20], LONG))) as site:
        crawl([way("weibo_search", site.base_url)], tmp_path)
        phone = source("weibo", site.base_url, concurrency=1)
        take, asked = site.faults.take, count()
        site.faults.take = lambda platform: Setting(Fault.MALFORMED) if next(asked) == 1 else take(platform)
        reports = [crawl([phone], tmp_path)["weibo"] for _ in range(2)]
    assert [(one.bad, one.posts, one.known) for one in reports] == [({"weibo detail: damaged": 1}, 3, 1), ({}, 1, 3)]
    assert [post.truncated for post in logged(tmp_path)] == [False] * 8


def people(province: str, city: int) -> Iterator[str]:
    """Names of authors who live there by their profiles."""
    return (name for name in map("人{}".format, count()) if (region_of(name), city_of(name)) == (province, city))


def living(numbers: range, city: int, text: str = "") -> list[dict[str, Any]]:
    """Posts of one hour from one city of 浙江, a higher number being newer."""
    hour = (NEWEST - timedelta(hours=2)).replace(minute=0, second=0)
    return [
        row
        for n, author in zip(numbers, people("浙江", city), strict=False)
        for row in rows("weibo", [n], text, author=author, published_at=(hour + timedelta(seconds=n)).isoformat())
    ]


@pytest.fixture(name="small_pages")
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two posts on a page of the search, so that a hundred fill its fifty pages."""
    monkeypatch.setattr(weibo_search, "_PAGE", 2)


@pytest.mark.usefixtures("small_pages")
def test_a_search_that_fills_its_pages_is_cut_until_all_is_seen(tmp_path):
    """More than fifty pages in some days, one day, one hour and one province of it: each post once, nothing capped.

    Nor do the slices together meet a cap, unless the source sets one.
    """
    lines = [row for n in range(10) for row in rows("weibo", [n], published_at=ago(30 + n))]
    lines += [row for city in (1, 5, 7) for row in living(range(100 * city, 100 * city + 40), city)]
    with Site(corpus(tmp_path, lines)) as site:
        one = way("weibo_search", site.base_url, days=3, max_pages=None)
        report = crawl([one], tmp_path)["weibo_search"]
        assert report.pages > 50
        assert (report.outcome, report.posts) == (Outcome.COMPLETE, 130)
        assert [(row.state, row.got) for row in report.coverage] == [(Health.FRESH, 130)]
        again = crawl([one], tmp_path)["weibo_search"]
        assert (again.outcome, again.posts, again.pages) == (Outcome.COMPLETE, 0, 1)


@pytest.mark.usefixtures("small_pages")
def test_the_pages_of_all_slices_count_where_the_source_says_how_many(tmp_path):
    """The number in the register is of a whole crawl, so that one page is enough for a look: the newest posts."""
    lines = rows("weibo", range(100), published_at=ago(2)) + rows("weibo", range(100, 104), published_at=ago(1))
    with Site(corpus(tmp_path, lines)) as site:
        sources = [way("weibo_search", site.base_url, name=str(most), days=1, max_pages=most) for most in (1, 8)]
        reports = crawl(sources, tmp_path)
    assert [(reports[most].outcome, reports[most].pages) for most in ("1", "8")] == [
        (Outcome.CAPPED, 1),
        (Outcome.CAPPED, 8),
    ]
    assert reports["1"].posts == 2


@pytest.mark.usefixtures("small_pages")
def test_a_keyword_that_fills_its_pages_leaves_the_day_to_the_others(tmp_path):
    """Keywords take turns: of the day's twenty requests the quiet one among them gets all that it needs."""
    lines = rows("weibo", range(100), "热闹", published_at=ago(2)) + rows("weibo", range(200, 206), "安静")
    with Site(corpus(tmp_path, lines)) as site:
        bound = {"max_pages": None, "requests_per_day": 20, "concurrency": 1}
        one = way("weibo_search", site.base_url, days=1, keywords=("热闹", "桂花", "安静", "今天"), **bound)
        report = crawl([one], tmp_path)["weibo_search"]
    assert (report.outcome, report.pages) == (Outcome.CAPPED, 20)
    assert "预算" in report.reason
    quiet = report.coverage[2]
    assert (quiet.listing, quiet.state, quiet.got) == ("安静", Health.FRESH, 6)


@pytest.mark.usefixtures("small_pages")
def test_a_search_goes_on_where_it_was_stopped(tmp_path):
    """Refused halfway through its slices: the next crawl reads the top, jumps to the place, and has everything."""
    lines = [row for n in range(60) for row in rows("weibo", [n], published_at=ago(2 + n))]
    served = corpus(tmp_path, lines + rows("weibo", range(100, 140), published_at=ago(1)))
    with Site(served) as site:
        one = way("weibo_search", site.base_url, days=3)
        site.faults.set("weibo", Fault.HTTP_432, after=40)
        stopped = crawl([one], tmp_path)["weibo_search"]
        site.faults.clear("weibo")
        report = crawl([one], tmp_path, Options(ahead=timedelta(minutes=1)))["weibo_search"]
    assert (stopped.outcome, report.outcome) == (Outcome.BLOCKED, Outcome.COMPLETE)
    assert stopped.posts + report.posts == len(logged(tmp_path)) == 100
    assert report.pages < 20
    assert report.coverage[0].got >= 100


@pytest.mark.usefixtures("small_pages")
def test_capped_only_where_the_finest_slice_overflows(tmp_path):
    """One city in one hour with more than is shown, and many who name no city: what is left is told."""
    lines = living(range(104), 5, "一城") + living(range(200, 220), 1000, "无城")
    lines += living(range(220, 300), 7, "无城") + living(range(300, 306), 1000, "无城")
    with Site(corpus(tmp_path, lines)) as site:
        one = way("weibo_search", site.base_url, days=1, keywords=("一城", "无城"))
        report = crawl([one], tmp_path)["weibo_search"]
        assert health([one], tmp_path)["weibo_search"].health is Health.CAPPED
    assert report.outcome is Outcome.CAPPED
    assert {row.listing: (row.state, row.got) for row in report.coverage} == {
        "一城": (Health.CAPPED, 100),
        "无城": (Health.CAPPED, 100),  # the oldest of those without a city are on no page
    }


def test_a_search_that_finds_nothing_where_there_was_something_is_blocked(tmp_path):
    """Copies are not folded away; that days in which we have seen posts hold none is not believed, older ones are."""
    copies = [{**row, "text": "云汀茶，一模一样的话"} for row in rows("weibo", range(3))]
    with Site(corpus(tmp_path, copies)) as site:
        first = crawl([way("weibo_search", site.base_url, keywords=("云汀茶", "鹿屿"))], tmp_path)["weibo_search"]
    with Site(corpus(tmp_path, rows("weibo", [2], "半糖"))) as site:
        one = way("weibo_search", site.base_url, keywords=("云汀茶",), revisits=0)
        report = crawl([one], tmp_path)["weibo_search"]
        later = crawl([one], tmp_path, Options(ahead=timedelta(days=8)))["weibo_search"]
    assert (first.outcome, first.posts) == (Outcome.COMPLETE, 3)
    assert (report.outcome, later.outcome) == (Outcome.BLOCKED, Outcome.COMPLETE)


def test_one_keyword_that_falls_silent_does_not_keep_back_the_others(tmp_path):
    """A search that shows nothing where it had posts is called blocked alone; what the other finds is read."""
    keywords = ("云汀茶", "鹿屿")
    with Site(corpus(tmp_path, rows("weibo", range(3), "云汀茶") + rows("weibo", range(10, 12), "鹿屿好喝"))) as site:
        first = crawl([way("weibo_search", site.base_url, keywords=keywords)], tmp_path)["weibo_search"]
    with Site(corpus(tmp_path, rows("weibo", range(10, 14), "鹿屿好喝"))) as site:
        one = way("weibo_search", site.base_url, keywords=keywords, revisits=0)
        report = crawl([one], tmp_path)["weibo_search"]
    assert (first.outcome, first.posts) == (Outcome.COMPLETE, 5)
    assert (report.outcome, report.posts) == (Outcome.CAPPED, 2)
    assert {row.listing: row.state for row in report.coverage} == {"云汀茶": Health.BLOCKED, "鹿屿": Health.FRESH}


def test_what_is_hot_is_kept_only_where_it_is_about_us(tmp_path):
    """A matter that names a keyword, once a day with its rank; adverts and other matters are counted apart."""
    lines = rows("weibo", range(5), "#云汀茶异物#") + rows("weibo", range(5, 12), "#今天降温#")
    with Site(corpus(tmp_path, lines)) as site:
        one = way("weibo_hot", site.base_url, keywords=("云汀", "鹿屿"))
        report = crawl([one], tmp_path)["weibo_hot"]
        again = crawl([one], tmp_path)["weibo_hot"]
    (post,) = logged(tmp_path)
    assert (post.text, post.target, post.author) == ("#云汀茶异物#（微博热搜第 2 位）", "热搜", "")
    assert (report.outcome, report.drops) == (Outcome.COMPLETE, {"advert": 1, "off_topic": 2})
    assert (again.outcome, again.posts) == (Outcome.COMPLETE, 0)


def test_the_open_platform_tells_who_speaks_of_us(tmp_path):
    """Mentions with long texts whole, comments on our posts and comments that mention us, each with its post."""
    lines = rows("weibo", [1], author=ACCOUNT) + rows("weibo", [2])
    lines += rows("weibo", range(10, 35), f"@{ACCOUNT} {LONG}") + rows("weibo", range(40, 70), parent="weibo1")
    lines += rows("weibo", [80], f"@{ACCOUNT} 来看", parent="weibo2")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        report = crawl([way("weibo_open", site.base_url)], tmp_path)["weibo_open"]
    posts = {post.id: post for post in logged(tmp_path)}
    assert (report.outcome, report.posts, len(posts)) == (Outcome.COMPLETE, 56, 56)
    parents = {one: post_id("weibo", native(served, one)) for one in ("weibo1", "weibo2")}
    for entry in served:
        if entry.id not in ("weibo1", "weibo2"):
            post = posts[post_id("weibo", str(entry.native))]
            assert (post.text, post.published_at, post.truncated) == (entry.text.strip(), entry.published, False)
            assert post.parent == parents.get(entry.parent, "")


def test_a_token_that_has_run_out_is_a_login(tmp_path):
    """The error object decides, not the status it comes under."""
    with Site(corpus(tmp_path, rows("weibo", [1], f"@{ACCOUNT}"))) as site:
        one = way("weibo_open", site.base_url)
        site.faults.set("weibo", Fault.LOGIN_JSON)
        assert crawl([one], tmp_path)["weibo_open"].outcome is Outcome.LOGIN_NEEDED
        site.faults.set("weibo", Fault.RATE_LIMITED)
        assert "限频" in crawl([replace(one, name="other")], tmp_path)["other"].reason


def test_posts_are_looked_at_again_wherever_they_were_found(tmp_path):
    """Hours later a grown count is seen, and a post that is gone becomes a tombstone; comments are left as they are."""
    lines = rows("weibo", range(2), f"@{ACCOUNT}") + rows("weibo", range(7, 9)) + rows("weibo", [10], author=ACCOUNT)
    lines += rows("weibo", [20], parent="weibo10")
    ways = ("weibo_search", "weibo_open", "weibo_user")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        accounts = tuple(str(uid_of(f"某人{n}")) for n in range(2))
        first = crawl([way(one, site.base_url, accounts=accounts) for one in ways], tmp_path)
    before = len(logged(tmp_path))
    gone, grown = native(served, "weibo0"), native(served, "weibo1")
    with Site(corpus(tmp_path, [{**lines[1], "likes": 5_000}, *lines[2:]])) as site:
        sources = [way(one, site.base_url, accounts=accounts) for one in ways]
        crawl(sources, tmp_path, Options(ahead=timedelta(hours=4)))
        crawl(sources, tmp_path, Options(ahead=timedelta(hours=6)))  # a status alone is believed the second time
    assert {report.outcome for report in first.values()} == {Outcome.COMPLETE}
    again = logged(tmp_path)[before:]
    for one in ways:
        mine = [post for post in again if post.source == one]
        assert [(post.native_id, post.likes) for post in mine if not post.deleted and post.likes == 5_000] == [
            (grown, 5_000)
        ]
        assert {post.native_id for post in mine if post.deleted} == {gone}


def test_days_that_nobody_looked_at_are_a_gap(tmp_path):
    """Crawled again after ten days, three days back: what was posted in the days between is told to be missing."""
    mine = {"author": "云汀茶官方"}
    lines = rows("weibo", range(3), **mine)
    later = [*lines, *rows("weibo", range(10, 12), published_at=ago(-9 * 24), **mine)]
    bound = {"accounts": (str(uid_of("云汀茶官方")),), "days": 3, "revisits": 0}
    ways = ("weibo_user", "weibo_search")
    with Site(corpus(tmp_path, lines)) as site:
        crawl([way(one, site.base_url, **bound) for one in ways], tmp_path)
    with Site(corpus(tmp_path, later)) as site:
        sources = [way(one, site.base_url, **bound) for one in ways]
        reports = crawl(sources, tmp_path, Options(ahead=timedelta(days=10)))
    # the timeline's page goes on to the posts that are known, so it has met them; the search ends with its window
    assert {name: one.coverage[0].state for name, one in reports.items()} == {
        "weibo_user": Health.FRESH,
        "weibo_search": Health.GAP,
    }
