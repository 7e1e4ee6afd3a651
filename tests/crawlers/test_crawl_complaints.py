"""Complaint sites end to end: their spiders in a real process against the real sandbox."""

from datetime import timedelta

from crawlers.reports import Outcome
from crawlers.sandbox.heimao import company_id
from crawlers.sandbox.site import Site
from stream.records import post_id
from tests.crawlers.crawling import corpus, crawl, logged, rows, source

LONG = "员工说不知道，店长也不肯出来，" * 20


def test_heimao_complaints_have_their_course(tmp_path):
    """Additions answer their complaint, answered complaints have the time of the answer, finished ones stars."""
    lines = rows("heimao", range(40), LONG, published_at="2026-11-01T10:00:00+08:00")
    lines += rows("heimao", range(50, 53), text="我要找媒体。", parent="heimao7")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        assert crawl([source("heimao", site.base_url)], tmp_path)["heimao"].outcome is Outcome.COMPLETE
    posts = {post.id: post for post in logged(tmp_path)}
    assert len(posts) == 43
    openings = {entry.id: posts[post_id("heimao", str(entry.native))] for entry in served if not entry.parent}
    additions = [post for post in posts.values() if post.parent]
    assert {post.parent for post in additions} == {openings["heimao7"].id}
    assert [post.native_id.rpartition("-")[2] for post in additions] == ["1", "2", "3"]
    assert [post.text for post in additions] == [entry.text for entry in served if entry.parent]
    assert [post.published_at for post in additions] == [entry.published for entry in served if entry.parent]
    answered = [post for post in openings.values() if post.replied_at]
    assert 5 < len(answered) < 35
    for post in answered:
        assert post.replied_at is not None
        assert timedelta(minutes=9) < post.replied_at - post.published_at < timedelta(minutes=611)
    assert {post.rating for post in answered} <= {None, 1, 2, 3, 4, 5}
    assert all(post.rating is None for post in openings.values() if not post.replied_at)
    assert any(post.rating for post in answered)


def test_heimao_company_has_only_its_own_complaints(tmp_path):
    """By its number, and all of them over several pages; the feed has everybody's."""
    lines = rows("heimao", range(23), brand="云汀茶") + rows("heimao", range(30, 34), brand="鹿屿鲜茶")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        feed = source("heimao", site.base_url, keywords=())
        crawl([feed], tmp_path)
        assert len(logged(tmp_path)) == 27
        assert {post.target for post in logged(tmp_path)} == {"云汀茶", "鹿屿鲜茶"}
        number = str(company_id(next(entry for entry in served if entry.brand == "云汀茶")))
        one = source("heimao", site.base_url, name="company", spider="heimao_company", accounts=(number,))
        report = crawl([one], tmp_path)["company"]
    assert (report.outcome, report.posts, report.pages) == (Outcome.COMPLETE, 23, 3)
    assert {post.target for post in logged(tmp_path) if post.source == "company"} == {"云汀茶"}
