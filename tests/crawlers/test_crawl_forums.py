"""Forums end to end: their spiders in a real process against the real sandbox."""

from dataclasses import replace
from datetime import timedelta

from crawlers.reports import CrawlReport, Outcome
from crawlers.sandbox.discuz_mobile import BLOTTED
from crawlers.sandbox.site import Site
from crawlers.sources import Source
from stream.records import post_id
from tests.crawlers.crawling import Options, corpus, crawl, logged, rows, source


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


def test_a_look_at_a_thread_begins_at_its_end(tmp_path):
    """A feed tells of no answers: a day later those of the last pages are read, back to a known page, and counted."""
    lines = rows("discuz", range(3), brand="云汀茶") + rows("discuz", range(40, 75), parent="discuz2")
    with Site(corpus(tmp_path, lines)) as site:
        crawl([source("discuz", site.base_url, spider="discuz_rss", boards=("*",))], tmp_path)
    first = logged(tmp_path)
    assert len(first) == 38
    with Site(corpus(tmp_path, lines + rows("discuz", range(80, 100), parent="discuz2"))) as site:
        one = source("discuz", site.base_url, spider="discuz_rss", boards=("*",))
        report = crawl([one], tmp_path, Options(ahead=timedelta(days=1)))["discuz"]
        # the feed, three threads, and of the long one pages 6, 5 and 4, which is where the known answers end,
        # and 3, because nothing on it is new
        assert site.faults.requests["discuz"] == 1 + 3 + 4
    assert (report.outcome, report.posts, report.revisited, report.updated) == (Outcome.COMPLETE, 20, 3, 1)
    later = logged(tmp_path)[38:]
    assert [post.comments for post in later if not post.parent] == [55]
    assert {post.text[:5] for post in later if post.parent} == {f"第{n}条：今"[:5] for n in range(80, 100)}


def test_discuz_floors_that_a_moderator_blots_out_are_forgotten(tmp_path):
    """In pages and in the mobile form: known floors and threads become tombstones, once, when their thread grows or is
    looked at again; a floor that was blotted out before anybody read it is a counted drop."""
    lines = rows("discuz", range(3), brand="云汀茶") + rows("discuz", range(40, 48), parent="discuz2")
    lines += rows("discuz", range(50, 53), parent="discuz1")
    blot = {"text": BLOTTED}

    def read(*blotted: int, more: tuple[int, ...] = (), ahead: int = 0) -> dict[str, CrawlReport]:
        served = [line | blot if line["id"] in {f"discuz{n}" for n in blotted} else line for line in lines]
        with Site(corpus(tmp_path, served + rows("discuz", more, parent="discuz2"))) as site:
            sources = [source("discuz", site.base_url, name=name, spider=name, boards=("*",)) for name in forms]
            return crawl(sources, tmp_path, Options(ahead=timedelta(hours=ahead)))

    forms = ("discuz", "discuz_mobile")
    swept = (40, 41, 42, 43, 44)
    first = read(47)
    assert {(one.posts, one.tombstones, one.drops["deleted"]) for one in first.values()} == {(13, 0, 1)}
    grown = read(47, *swept, more=(60,))
    assert {(one.outcome, one.posts, one.tombstones) for one in grown.values()} == {(Outcome.COMPLETE, 1, 5)}
    looked = read(47, *swept, 0, 51, more=(60,), ahead=24)
    assert {(one.outcome, one.posts, one.tombstones) for one in looked.values()} == {(Outcome.COMPLETE, 0, 2)}
    alive = {post.id: post for post in logged(tmp_path) if not post.deleted}
    stones = [post for post in logged(tmp_path) if post.deleted]
    assert len(stones) == len({(stone.source, stone.id) for stone in stones}) == 2 * 7
    assert {alive[stone.id].text[:4] for stone in stones} == {f"第{n}条：今"[:4] for n in (*swept, 0, 51)}
    assert all(stone.published_at == alive[stone.id].published_at and not stone.author for stone in stones)


def test_tieba_arrives_whole(tmp_path):
    """Threads, floors on two pages, comments shown and folded: each once, under what it answers."""
    lines = rows("tieba", range(60), brand="云汀茶") + rows("tieba", range(100, 135), parent="tieba3")
    lines += rows("tieba", range(200, 203), parent="tieba101") + rows("tieba", range(300, 325), parent="tieba102")
    served = corpus(tmp_path, lines)
    with Site(served) as site:
        one = source("tieba", site.base_url, boards=("*",))
        assert crawl([one], tmp_path)["tieba"].outcome is Outcome.COMPLETE
    posts = {post.native_id: post for post in logged(tmp_path)}
    assert len(posts) == len(logged(tmp_path)) == len(lines)
    natives = {entry.id: str(entry.native) for entry in served}
    for entry in served:
        post = posts[str(entry.native)]
        assert post.text == entry.text
        assert post.published_at == entry.published.replace(second=0)
        assert post.author
        assert not post.truncated
        assert post.parent == (post_id("tieba", natives[entry.parent]) if entry.parent else "")
    more = lines + rows("tieba", [400], parent="tieba102")
    with Site(corpus(tmp_path, more)) as site:
        report = crawl([source("tieba", site.base_url, boards=("*",), revisits=0)], tmp_path)["tieba"]
        # two pages of the bar, two of the thread, and three of comments on the one floor that has a new one
        assert (report.posts, report.outcome, site.faults.requests["tieba"]) == (1, Outcome.COMPLETE, 7)
