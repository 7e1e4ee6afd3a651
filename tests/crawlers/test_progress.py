"""How far interrupted walks had come, and what unchanged pages are known by."""

import sqlite3
from datetime import UTC, datetime

from scrapy.http import Request, TextResponse

from crawlers.items import PostItem
from crawlers.pages import Entry
from crawlers.progress import Mark
from crawlers.reports import Tally
from crawlers.spiders.tieba import TiebaSpider
from crawlers.spiders.trail import Trail
from crawlers.spiders.walk import Walk
from crawlers.state import CrawlState
from crawlers.validators import Validator, validator
from tests.crawlers.crawling import source
from tests.crawlers.forum_documents import TIEBA_THREAD, tieba_comment

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def test_a_mark_outlives_the_process_and_goes_with_the_walk(state):
    """Marks of one listing add up, another listing's stay apart, and a finished walk leaves nothing."""
    state.progress.save("a", [Mark("云汀", 2, 10, ("1", "2"), 10), Mark("云汀", 3, 20, ("3",), 10)])
    state.progress.save("a", [Mark("秋桂", "1:4567", 9, ("9",), 10)])
    assert state.progress.of("a", "云汀", 10) == Mark("云汀", 3, 20, page_size=10)
    assert state.progress.of("a", "秋桂", 10).next == "1:4567"
    assert state.progress.among("a", "云汀", ["1", "3", "9", "x"]) == {"1", "3"}
    assert sorted(state.progress.passed("a", "云汀")) == ["1", "2", "3"]
    state.progress.clear("a", "云汀")
    assert state.progress.of("a", "云汀", 10) is None
    assert state.progress.passed("a", "云汀") == []
    assert state.progress.of("a", "秋桂", 10)


def test_a_page_number_means_nothing_among_pages_of_another_size(state, tmp_path):
    """After `page_size` was changed an interrupted walk begins at the top, and so it does from a mark without one."""
    state.progress.save("a", [Mark("云汀", 4, 30, ("1",), 10)])
    assert state.progress.of("a", "云汀", 20) is None
    state.progress.clear("a", "云汀")
    assert state.progress.passed("a", "云汀") == []
    earlier = sqlite3.connect(tmp_path / "crawl.db")
    earlier.execute("INSERT INTO marks VALUES ('a', '云汀', '4', 30)")
    earlier.commit()
    earlier.close()
    assert state.progress.of("a", "云汀", 10) is None


def test_thousands_of_entries_lie_above_a_mark(state):
    """More than SQLite takes in one statement."""
    keys = tuple(str(n) for n in range(3000))
    state.progress.save("a", [Mark("x", 301, 3000, keys)])
    assert state.progress.among("a", "x", keys) == set(keys)


def test_only_pages_had_whole_are_gone_on_from():
    """A page with a detail still on its way holds the mark up; when it has come, the mark jumps over all."""
    trail = Trail()
    trail.stride(2, 10, ["a", "b"], {"b"})
    assert list(trail.marks("x")) == []
    trail.stride(3, 20, ["c"], set())
    trail.had("c")
    assert list(trail.marks("x")) == []
    trail.had("a")
    assert list(trail.marks("x")) == [Mark("x", 3, 20, ("a", "b", "c"))]
    assert list(trail.marks("x")) == []


def test_nothing_below_a_hole_is_gone_on_from():
    """A page that could not be read keeps the mark above it, whatever comes after."""
    trail = Trail()
    trail.stride(2, 10, [], set())
    trail.hole()
    trail.stride(4, 30, [], set())
    assert [mark.next for mark in trail.marks("x")] == [2]


def test_what_hangs_on_an_entry_holds_the_mark_up():
    """A thread whose floors' comments are still on their way is not passed, though all its own pages were had."""
    trail = Trail()
    trail.stride(2, 10, ["a", "b"], set())
    trail.had("b")
    trail.hang("a", ["a/1@14", "a/2@9"])
    trail.had("a")
    trail.had("a/2@9")
    assert list(trail.marks("x")) == []
    trail.had("a/1@14")
    assert list(trail.marks("x")) == [Mark("x", 2, 10, ("a", "b", "a/1@14", "a/2@9"))]


def test_a_floor_whose_comments_were_not_read_is_not_passed(state):
    """A 贴吧 thread came whole but the comments on its third floor did not: no mark until they have."""
    spider = TiebaSpider(
        source=source("tieba", "https://site.example", boards=("云汀茶",)),
        tally=Tally("tieba", "tieba", NOW),
        state=state,
        clock=lambda: NOW,
        environ={},
    )
    walk = Walk("云汀茶", revisited=False)
    address = "https://site.example/tieba/p/9070000001"
    thread = Entry("9070000001@18", PostItem("tieba", native_id="9070000001"), detail=address)
    walk.trail.stride(2, 1, [thread.key], set())
    walk.pending = 1
    page = TIEBA_THREAD.replace(">13<", ">1<")
    made = list(spider.on_detail(TextResponse(address, body=page.encode()), thread, walk))
    (comments,) = (one for one in made if isinstance(one, Request))
    assert not any(isinstance(one, Mark) for one in made)
    assert walk.pending == 1
    answer = TextResponse(comments.url, body=tieba_comment(150711111115, "也顶").encode())
    made = list(spider.on_detail(answer, **comments.cb_kwargs))
    assert [one.next for one in made if isinstance(one, Mark)] == [2]


def test_an_earlier_mark_is_not_lost_for_a_shorter_one():
    """Until a walk has reached where the last one stopped it saves nothing; then all of it at once."""
    trail = Trail(mark=Mark("x", 50, 490))
    trail.stride(2, 10, ["a"], {"a"})
    assert list(trail.marks("x")) == []
    trail.mark = None
    trail.stride(49, 500, [], set())
    assert list(trail.marks("x")) == [Mark("x", 49, 500, ("a",))]


def test_validators_come_back_as_headers_and_leave_no_address(state, tmp_path):
    """Kept per source and address; the file holds no address, since a query may hold a credential."""
    address = "https://site.example/list?access_token=sehrgeheim"
    state.validators.keep("a", address, Validator('"abc"', "Sat, 21 Nov 2026 02:00:00 GMT"))
    assert dict(state.validators.of("a", address).headers) == {
        "If-None-Match": '"abc"',
        "If-Modified-Since": "Sat, 21 Nov 2026 02:00:00 GMT",
    }
    assert not state.validators.of("b", address).headers
    assert not state.validators.of("a", address + "&page=2").headers
    state.validators.drop("a", address)
    assert not state.validators.of("a", address).headers
    for file in tmp_path.glob("crawl.db*"):
        assert b"sehrgeheim" not in file.read_bytes()


def test_a_page_without_validators_forgets_the_old_ones(state):
    """A site that stops giving them is read in full again."""
    state.validators.keep("a", "x", Validator('"abc"'))
    state.validators.keep("a", "x", Validator())
    assert not state.validators.of("a", "x").headers


def test_hostile_validators_are_not_sent_back():
    """Line breaks, other alphabets and endless values never become a header of ours."""
    assert not validator("a\r\nCookie: x", "今天").headers
    assert not validator("x" * 1001, "").headers


def test_a_memory_of_an_earlier_release_gets_the_new_tables(tmp_path):
    """A file without these tables is opened and completed, and keeps what it had."""
    first = CrawlState(tmp_path / "crawl.db")
    first.remember_posts("a", [("1", True)])
    first.close()
    connection = sqlite3.connect(tmp_path / "crawl.db")
    for table in ("marks", "passed", "validators", "revisits"):
        connection.execute(f"DROP TABLE {table}")
    connection.commit()
    connection.close()
    again = CrawlState(tmp_path / "crawl.db")
    assert again.known_posts("a", ["1"]) == {"1"}
    assert again.progress.of("a", "x", 10) is None
    again.close()
