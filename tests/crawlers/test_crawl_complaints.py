"""Complaint sites end to end: their spiders in a real process against the real sandbox."""

from dataclasses import replace
from datetime import timedelta

from crawlers.reports import Outcome
from crawlers.sandbox.heimao import company_id
from crawlers.sandbox.site import Site
from stream.records import post_id
from tests.crawlers.crawling import Options, corpus, crawl, logged, rows, source

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


def test_message_boards_arrive_whole(tmp_path):
    """Every message of both boards with its words, its time and the time of the official answer."""
    when = "2026-11-01T10:00:00+08:00"
    lines = rows("rednet", range(33), published_at=when) + rows("peopleboard", range(33), published_at=when)
    lines[0]["published_at"] = "2026-11-20T10:00:00+08:00"
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        sources = [source("rednet", site.base_url, keywords=()), source("peopleboard", site.base_url, boards=("*",))]
        reports = crawl(sources, tmp_path)
        assert {report.outcome for report in reports.values()} == {Outcome.COMPLETE}
        again = crawl(sources, tmp_path)
    posts = {post.id: post for post in logged(tmp_path)}
    assert len(posts) == len(logged(tmp_path)) == 66
    for entry in served:
        post = posts[post_id(entry.platform, str(entry.native))]
        assert post.text == entry.text
        assert post.published_at == entry.published
        assert post.replied_at == served.answered(entry)
        assert post.author
        assert not post.truncated
    assert all(report.posts == 0 and report.pages == 1 for report in again.values())


def test_peopleboard_without_a_signature_has_the_newest_titles(tmp_path):
    """Where the list wants a signature the public file is read: titles, told as cut, and the crawl as capped."""
    with Site(corpus(tmp_path, rows("peopleboard", range(33), title="没人管"))) as site:
        one = source("peopleboard", site.base_url, boards=("*",))
        one = replace(one, base_url=f"{one.base_url}/signed")
        for expected in (20, 0):
            report = crawl([one], tmp_path)["peopleboard"]
            assert (report.outcome, report.posts) == (Outcome.CAPPED, expected)
    assert {(post.text, post.truncated) for post in logged(tmp_path)} == {("没人管", True)}


def test_an_answer_that_comes_a_week_later_is_seen(tmp_path):
    """What nobody has answered after three days is looked at again after seven; what is settled then, no more."""
    names = ("rednet", "heimao", "peopleboard")
    lines = [line for name in names for line in rows(name, range(12), LONG)]

    def sources(site):
        made = [source(name, site.base_url, keywords=(), revisits=100) for name in names]
        return [replace(one, boards=("*",)) if one.name == "peopleboard" else one for one in made]

    with Site(corpus(tmp_path, lines)) as site:
        crawl(sources(site), tmp_path)
        reports = crawl(sources(site), tmp_path, Options(ahead=timedelta(hours=73)))
        assert {report.revisited for report in reports.values()} == {12}
    before = logged(tmp_path)
    assert len(before) == 36
    served = corpus(tmp_path, lines + rows("weibo", [60_000]))  # time has passed
    with Site(served) as site:
        reports = crawl(sources(site), tmp_path, Options(ahead=timedelta(days=7, hours=1)))
        assert {report.revisited for report in reports.values()} == {12}
        late = crawl(sources(site), tmp_path, Options(ahead=timedelta(days=14, hours=1)))
    answered = {post_id(entry.platform, str(entry.native)) for entry in served if served.answered(entry)}
    again = {post.id: post for post in logged(tmp_path)[36:]}
    assert {known for known, post in again.items() if post.replied_at} == answered
    assert {known.partition("-")[0] for known in answered} == set(names)
    assert late["rednet"].revisited == 12 - sum(known.startswith("rednet") for known in answered)
    for name in ("heimao", "peopleboard"):  # an answer waits for its appraisal
        assert late[name].revisited == 12 - sum(
            post.rating is not None for post in again.values() if post.platform == name
        )
        assert 0 < late[name].revisited < 12


def test_a_second_look_goes_by_the_link_that_the_list_gave(tmp_path):
    """Where a complaint's page opens to the site's own links alone, each look finds it; no post has the link."""
    lines = rows("heimao", range(3), LONG)
    for hours, added in ((0, ""), (6, "还没有人回复。"), (24, "昨天道歉了。")):
        lines[1]["text"] += added
        with Site(corpus(tmp_path, lines)) as site:
            report = crawl([source("heimao", site.base_url)], tmp_path, Options(ahead=timedelta(hours=hours)))["heimao"]
        assert (report.outcome, report.revisited, report.tombstones) == (Outcome.COMPLETE, 3 if hours else 0, 0)
        assert logged(tmp_path)[-1].text.endswith(added or LONG)
    assert len(logged(tmp_path)) == 3 + 2
    assert not any("sld" in post.url for post in logged(tmp_path))


def test_an_answer_that_comes_later_is_seen(tmp_path):
    """Complaints are looked at again, and the time of an answer given since reaches the log."""
    names = ("rednet", "heimao")
    lines = [line for name in names for line in rows(name, range(40), LONG)]
    with Site(corpus(tmp_path, lines)) as site:
        crawl([source(name, site.base_url, keywords=()) for name in names], tmp_path)
    before = logged(tmp_path)
    assert len(before) == 80
    assert not any(post.replied_at for post in before)
    served = corpus(tmp_path, lines + rows("weibo", [9990]))  # time has passed
    with Site(served) as site:
        sources = [source(name, site.base_url, keywords=(), revisits=100) for name in names]
        crawl(sources, tmp_path, Options(ahead=timedelta(hours=4)))
    answered = {
        post_id(entry.platform, str(entry.native)): served.answered(entry)
        for entry in served
        if entry.platform in names and served.answered(entry)
    }
    assert len({known.partition("-")[0] for known in answered}) == 2
    again = {post.id: post for post in logged(tmp_path)[80:]}
    assert {known: post.replied_at for known, post in again.items() if post.replied_at} == answered
    texts = {post.id: (post.text, post.published_at) for post in before}
    assert all((again[known].text, again[known].published_at) == texts[known] for known in answered)
