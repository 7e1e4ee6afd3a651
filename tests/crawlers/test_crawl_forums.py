"""Forums end to end: their spiders in a real process against the real sandbox."""

from dataclasses import replace

from crawlers.reports import Outcome
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sources import Source
from stream.records import Health, post_id
from tests.crawlers.crawling import corpus, crawl, logged, rows, source
from tests.crawlers.drill import drill


def forum(platform: str) -> list[dict[str, object]]:
    """Threads enough for two pages of the board, one of them with three pages of answers."""
    return rows(platform, range(25), brand="云汀茶") + rows(platform, range(40, 65), parent=f"{platform}3")


def boards(base_url: str, **spiders: str) -> list[Source]:
    """One source for each form of the same board, in both charsets."""
    made = [
        source("discuz", base_url, spider=spider, name=f"{name}{folder}", boards=("*",))
        for name, spider in spiders.items()
        for folder in ("", "/gbk")
    ]
    return [replace(one, base_url=one.base_url + one.name[one.name.find("/") :] * ("/" in one.name)) for one in made]


def test_discuz_arrives_whole_in_each_form(tmp_path):
    """Every thread and answer once, under the same ids in every form and charset, and next time only what is new."""
    lines = forum("discuz")
    served = corpus(tmp_path, lines)
    topic = next(str(entry.native) for entry in served if entry.id == "discuz3")
    with Site(served) as site:
        sources = boards(site.base_url, pages="discuz", mobile="discuz_mobile")
        reports = crawl(sources, tmp_path)
    assert {report.outcome for report in reports.values()} == {Outcome.COMPLETE}
    first = logged(tmp_path)
    for one in sources:
        posts = {post.native_id: post for post in first if post.source == one.name}
        assert len(posts) == reports[one.name].posts == len(lines)
        for entry in served:
            post = posts[f"{topic}-{entry.native}" if entry.parent else str(entry.native)]
            assert (post.text, post.published_at) == (entry.text, entry.published)
            assert post.author
            assert not post.truncated
            assert post.parent == (post_id("discuz", topic) if entry.parent else "")
    with Site(corpus(tmp_path, lines + rows("discuz", [70], parent="discuz9"))) as site:
        reports = crawl(boards(site.base_url, pages="discuz", mobile="discuz_mobile"), tmp_path)
    assert {(report.posts, report.outcome) for report in reports.values()} == {(1, Outcome.COMPLETE)}
    answers = [post.source for post in logged(tmp_path)[len(first) :] if "第70条" in post.text]
    assert sorted(answers) == sorted(reports)


def test_discuz_feed_shows_the_newest_threads(tmp_path):
    """Twenty threads, whole; when more than twenty came between two crawls, that is a gap."""
    lines = forum("discuz")
    with Site(corpus(tmp_path, lines)) as site:
        reports = crawl(boards(site.base_url, feed="discuz_rss"), tmp_path)
    assert {(report.posts, report.outcome) for report in reports.values()} == {(20, Outcome.COMPLETE)}
    assert not any(post.truncated or post.parent for post in logged(tmp_path))
    with Site(corpus(tmp_path, lines + rows("discuz", range(100, 130)))) as site:
        reports = crawl(boards(site.base_url, feed="discuz_rss"), tmp_path)
    assert {(report.posts, report.outcome) for report in reports.values()} == {(20, Outcome.GAP)}


DISCUZ = {
    Fault.EMPTY_200: Health.BLOCKED,
    Fault.LOGIN_REDIRECT: Health.LOGIN_NEEDED,
    Fault.LOGIN_JSON: Health.LOGIN_NEEDED,
    Fault.VERIFY_CHECK: Health.BLOCKED,
    Fault.RATE_LIMITED: Health.BLOCKED,
    Fault.NULL: Health.BLOCKED,
    Fault.HTML: Health.BLOCKED,
    Fault.HTTP_429: Health.BLOCKED,
}
BLOCKS = {"discuz": DISCUZ, "mobile": DISCUZ, "feed": DISCUZ}


def test_each_refusal_of_a_forum_is_told(tmp_path):
    """Login, challenge, limit, silence: each flips health within one crawl, and nothing is taken for no threads."""
    with Site(corpus(tmp_path, rows("discuz", range(5)))) as site:
        sources = [
            source("discuz", site.base_url, spider=spider, name=name, boards=("*",))
            for name, spider in (("discuz", "discuz"), ("mobile", "discuz_mobile"), ("feed", "discuz_rss"))
        ]
        drill(site, tmp_path, sources, BLOCKS)
