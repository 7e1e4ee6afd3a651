"""What must be forgotten leaves the book: quotes in reports that were sent and that are still owed, and evidence."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.alert import CaseState
from alerts.book import Book
from alerts.desk import Desk
from alerts.figures import Quote
from alerts.report import Digest
from alerts.report_codec import decode, encode
from stream.labels import Risk, Sentiment
from tests.alerts.newsroom import DAY, every, report, said, stored
from tests.alerts.room import RULES, SUBJECTS, Clock, negative, surge, until_another_waits
from tests.factories import NOW, judged, post

BAD = {"sentiment": Sentiment.NEGATIVE}
GOOD = {"sentiment": Sentiment.POSITIVE}
DAYS = timedelta(days=1)


@pytest.fixture(scope="module", name="digest")
def _digest(tmp_path_factory: pytest.TempPathFactory) -> Digest:
    """A report with a quote wherever there can be one; every other post is by a short-lived source."""
    posts = [
        said("m1", "喝出了塑料片,店员态度还差", risks=(Risk.SAFETY,), **BAD),
        said("m2", "杯底有一截钢丝,差点咽下去", risks=(Risk.SAFETY,), source="brief", **BAD),
        said("p1", "桂花乌龙真好喝,这是第二杯了", **GOOD),
        said("p2", "店员特别耐心,下次还来这家", source="brief", **GOOD),
        said("r1", "对手又涨价了,这次是两元", subjects=("luyu",), risks=(Risk.PRICING,), source="brief", **BAD),
        said("c1", "秋桂计划的杯套真好看,集齐了", subjects=("qiugui",), **GOOD),
        said("c2", "秋桂计划的券根本领不到", subjects=("qiugui",), source="brief", **BAD),
    ]
    with stored(tmp_path_factory.mktemp("posts"), posts) as store:
        digest = report(store)
    assert {quote.post for quote in every(digest, Quote)} == {one.post.id for one in posts}
    return digest


def remember(book: Book, digest: Digest, body: str = "") -> None:
    """Keep the report and owe it to somebody."""
    words = {"body": body or encode(digest), "created_at": NOW, "recipients": ["boss@example.invalid"]}
    assert book.open_digest(digest.id, "daily", since=DAY.since, until=DAY.until, **words)


def kept(book: Book, digest: Digest) -> Digest:
    """The report as the book has it now."""
    stored = book.digest(digest.id)
    assert stored is not None
    return decode(stored.body)


def test_a_forgotten_author_is_quoted_in_no_report(book: Book, digest: Digest) -> None:
    """One author after the other leaves with their quotes, the others' and every figure stay."""
    remember(book, digest)
    left = list(every(digest, Quote))
    while left:
        gone = left[0]
        book.forget(author=gone.author)
        left = [quote for quote in left if quote.author != gone.author]
        assert list(every(kept(book, digest), Quote)) == left
        assert gone.text not in book.digest(digest.id).body
    assert kept(book, digest).total == digest.total
    assert [matter.crowd for matter in kept(book, digest).matters] == [matter.crowd for matter in digest.matters]


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_what_two_processes_forget_at_once_is_gone(book: Book, book_url: str, digest: Digest) -> None:
    """The second to take quotes out of a report begins with what the first left, and brings nothing back."""
    remember(book, digest)
    first, second = sorted({quote.author for quote in every(digest, Quote)})[:2]
    with closing(Book(book_url)) as other, ThreadPoolExecutor(1) as pool:
        with book._db.write() as connection:
            book._unquote(connection, [first], lambda quote: quote.author == first)
            forgetting = pool.submit(other.forget, author=second)
            until_another_waits(connection)
        forgetting.result()
    left = [quote for quote in every(digest, Quote) if quote.author not in {first, second}]
    assert list(every(kept(book, digest), Quote)) == left


def test_a_deleted_post_is_quoted_in_no_report(book: Book, digest: Digest) -> None:
    """Its tombstone, among posts that live, takes the quotes of that post alone; seen again it changes nothing."""
    remember(book, digest)
    desk = Desk(RULES, SUBJECTS, book, Clock())
    gone = next(every(digest, Quote))
    for _ in range(2):
        desk([negative("1"), judged("m1", id=gone.post, text="", author="", deleted=True)])
        assert list(every(kept(book, digest), Quote)) == [q for q in every(digest, Quote) if q.post != gone.post]


def test_quotes_of_some_sources_leave_at_their_own_age(book: Book, digest: Digest) -> None:
    """Only those that were published before, and only of the sources named; the report itself stays."""
    remember(book, digest)
    book.forget(before=NOW - timedelta(days=2), sources=["brief"])
    assert kept(book, digest) == digest
    book.forget(before=NOW, sources=["brief", "unheard of"])
    assert {quote.source for quote in every(kept(book, digest), Quote)} == {"weibo"}


def test_what_cannot_be_read_is_not_kept(book: Book, digest: Digest) -> None:
    """A report of another version that speaks of the author loses its whole body; one that does not is left alone."""
    remember(book, digest, body='{"by": "author-m1"}')
    book.forget(author="author-p1")
    assert book.digest(digest.id).body
    book.forget(author="author-m1")
    assert book.digest(digest.id).body == ""


def test_evidence_leaves_at_the_age_of_its_class(book: Book) -> None:
    """Old evidence of the sources named goes, other sources' and what is newer stays."""
    old = {"published_at": NOW - 9 * DAYS}
    Desk([surge(count=1)], SUBJECTS, book, Clock())(
        [negative("1", source="brief", **old), negative("2", source="brief"), negative("3", **old)]
    )
    assert book.forget(before=NOW - DAYS, sources=["brief", "other"]) == 1
    left = {one.post_id for case in book.list_cases(care=False) for one in book.evidence(case.alert.id)}
    assert left == {post("2").id, post("3").id}
    for wrong in ({}, {"before": NOW, "author": "a"}, {"author": "a", "sources": ["brief"]}):
        with pytest.raises(ValueError, match="either"):
            book.forget(**wrong)


def test_a_book_of_an_earlier_version_is_taken_along(tmp_path: Path) -> None:
    """Its evidence has no source and leaves with the standard class, and was in time; new evidence has one."""
    path = tmp_path / "book.db"
    url = f"sqlite:///{path}"
    with closing(Book(url)) as book:
        Desk([surge(count=2)], SUBJECTS, book, Clock())([negative("1", source="brief")])
    with closing(sqlite3.connect(path)) as older:
        older.execute("ALTER TABLE evidence DROP COLUMN source")
        older.execute("ALTER TABLE evidence DROP COLUMN late")
    with closing(Book(url)) as book:
        Desk([surge(count=2)], SUBJECTS, book, Clock())([negative("2", source="brief")])
        assert [case.state for case in book.list_cases(care=False)] == [CaseState.OPEN]
        assert book.forget(before=NOW + DAYS, sources=["brief"]) == 1
        assert book.forget(before=NOW + DAYS) == 1
