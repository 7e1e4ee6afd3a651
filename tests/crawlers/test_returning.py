"""A second look: at a long thread its end first, back to what is known; and what a list says is deleted."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from scrapy.http import Request, TextResponse

from crawlers.normalize import DropReason
from crawlers.reports import Outcome, Tally
from crawlers.revisits import Visit
from crawlers.spiders.autohome import AutohomeSpider
from crawlers.spiders.discuz import DiscuzMobileSpider, DiscuzSpider
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.returning import TAIL, Returning
from crawlers.spiders.tieba import TiebaSpider
from crawlers.spiders.walk import Fetched, Walk
from crawlers.state import CrawlState
from tests import factories
from tests.crawlers.crawling import source
from tests.crawlers.documents import autohome_board
from tests.crawlers.forum_documents import discuz_post, discuz_thread, discuz_words

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def spider_of(kind: type[ListingSpider], state: CrawlState) -> ListingSpider:
    """A spider that sends nothing."""
    one = source("discuz", "https://site.example", spider=kind.name, boards=("2",))
    return kind(source=one, tally=Tally("discuz", "discuz", NOW), state=state, clock=lambda: NOW, environ={})


def visit(url: str = "https://site.example/thread") -> Visit:
    """A known thread, due."""
    return Visit(replace(factories.post("123456"), platform="discuz", url=url), NOW)


def floor(page: int) -> str:
    """A page of the thread with one answer of its own."""
    number = str(9000 + page)
    return discuz_thread(discuz_post(number, "7", discuz_words(number, f"第{page}页")), more=True, pages=PAGES)


PAGES = 30


def look(state: CrawlState, *, broken: int = 0) -> tuple[list[int], list[str], Tally]:
    """Which further pages a look asks for, whose answers it takes, and what is told; page `broken` is a refusal."""
    spider = spider_of(DiscuzSpider, state)
    returning = Returning(spider)
    body = discuz_thread(discuz_post("9001", "楼主", discuz_words("9001", "开头")), more=True, pages=PAGES)
    waiting, asked, taken = (
        list(returning.on_page(TextResponse("https://site.example/", body=body.encode()), visit())),
        [],
        [],
    )
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Fetched):
            taken.append(one.item.native_id)
        elif isinstance(one, Request):
            page = int(one.url.rpartition("=")[2])
            asked.append(page)
            status = 403 if page == broken else 200
            response = TextResponse(one.url, status=status, body=floor(page).encode(), request=one)
            waiting += returning.on_further(response, **one.cb_kwargs)
    return asked, taken, spider.tally


def test_from_the_end_to_what_is_known(state):
    """Answers of page 26 are in the log: pages 30 to 26 are read, and the new answers taken in their order."""
    state.remember_posts("discuz", [("123456-9026", True)])
    asked, taken, tally = look(state)
    assert asked == [30, 29, 28, 27, 26]
    assert taken == ["123456", "123456-9027", "123456-9028", "123456-9029", "123456-9030"]
    assert tally.outcome is Outcome.COMPLETE


def test_a_look_is_bounded_and_says_so(state):
    """Of a thread that grew by more, the last pages are read; what lies between is told as left."""
    asked, taken, tally = look(state)
    assert asked == list(range(30, 30 - TAIL, -1))
    assert len(taken) == 1 + TAIL
    assert tally.outcome is Outcome.CAPPED


def test_a_look_that_breaks_off_takes_nothing_of_the_end(state):
    """A refusal halfway: the opening post counts, the rest is left to the next look, which has no hole to find."""
    state.remember_posts("discuz", [("123456-9026", True)])
    asked, taken, tally = look(state, broken=28)
    assert (asked, taken) == ([30, 29, 28], ["123456"])
    assert tally.outcome is Outcome.BLOCKED


def test_a_list_that_says_deleted_buries_what_we_have(state):
    """汽车之家 flags a deleted topic on its board: one that is in the log gets a tombstone, another is counted."""
    board = json.dumps(autohome_board()).encode()
    for known in (False, True):
        spider = spider_of(AutohomeSpider, state)
        walk = Walk("8232", revisited=False)
        made = list(spider.on_page(TextResponse("https://site.example/", body=board), walk, 1))
        stones = [one.item for one in made if isinstance(one, Fetched) and one.item.deleted]
        assert [stone.native_id for stone in stones] == ["117000002"] * known
        assert spider.tally.drops[DropReason.DELETED] == 1
        state.remember_posts("discuz", [("117000002", True)])


def test_where_further_pages_are(state):
    """Each forum's own address of a thread's seventh page."""
    club = visit("https://site.example/bbs/thread/0a1b2c3d4e5f6071/117000001-1.html")
    assert [
        entry.detail
        for kind, one in (
            (DiscuzSpider, visit()),
            (DiscuzMobileSpider, visit()),
            (TiebaSpider, visit()),
            (AutohomeSpider, club),
        )
        if (entry := spider_of(kind, state).thread_page(one, 7))
    ] == [
        "https://site.example/discuz/forum.php?mod=viewthread&tid=123456&page=7",
        "https://site.example/discuz/api/mobile/index.php?version=4&module=viewthread&tid=123456&page=7",
        "https://site.example/discuz/p/123456?pn=7",
        "https://site.example/bbs/thread/0a1b2c3d4e5f6071/117000001-7.html",
    ]
