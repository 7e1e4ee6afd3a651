"""Tidying: what is past its class, or was deleted, leaves store and book, and nothing else does."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.desk import Desk
from alerts.digest import Window
from alerts.figures import Quote
from alerts.mailroom import publish
from alerts.report_codec import decode
from configs import wiring
from configs.duties import keeping, tidy, tidy_if_missed
from configs.load import BUNDLED, load
from configs.settings import RetentionTable
from crawlers.sources import Retention
from stream.labels import Risk, Sentiment
from stream.ports import Message
from stream.query import PostQuery
from stream.records import POSTS, Post
from tests.alerts.newsroom import SPEC, every, report, said
from tests.alerts.room import Clock, surge
from tests.configs.test_reporting import Parts
from tests.factories import judged


def test_posts_leave_after_the_days_of_their_sources_class(tmp_path: Path) -> None:
    """A source of the short class keeps posts and evidence for short_days, the others for posts_days."""
    bundled = load(BUNDLED)
    keep = RetentionTable(posts_days=100, short_days=10)
    sources = (
        replace(bundled.sources[0], name="brief", retention=Retention.SHORT),
        replace(bundled.sources[0], name="usual", retention=Retention.STANDARD),
    )
    settings = bundled.settings.model_copy(update={"data": tmp_path, "retention": keep})
    config = replace(bundled, settings=settings, sources=sources)
    ages = {("brief", 5), ("brief", 20), ("usual", 20), ("usual", 200)}
    with (
        closing(wiring.open_log(config)) as log,
        closing(wiring.open_store(config)) as store,
        closing(wiring.open_book(config)) as book,
    ):
        posts = [
            judged(f"{source}-{days}", source=source, published_at=wiring.now() - timedelta(days=days))
            for source, days in ages
        ]
        store.put(posts)
        Desk([surge(count=1, sentiments=(), roles=(), platforms=("weibo",))], (), book, wiring.now)(posts)
        tidy(config, log, store, book)
        left = store.search(PostQuery(), 10, "").hits
        alerts = [case.alert.id for case in book.list_cases(care=False)]
        evidence = {one.post_id for alert in alerts for one in book.evidence(alert)}
    assert evidence == {hit.judged.post.id for hit in left}
    assert {(hit.judged.post.source, hit.judged.post.native_id) for hit in left} == {
        ("brief", "brief-5"),
        ("usual", "usual-20"),
    }


def test_a_post_deleted_while_a_report_was_made_is_quoted_no_more(tmp_path: Path) -> None:
    """The desk learns of the deletion before the report is made and the store after: tidying takes the quote out."""
    bundled = load(BUNDLED)
    config = replace(bundled, settings=bundled.settings.model_copy(update={"data": tmp_path}))
    now = wiring.now()
    window = Window(now - timedelta(days=1), now)
    complaint = {"sentiment": Sentiment.NEGATIVE, "published_at": now - timedelta(hours=2), "fetched_at": now}
    gone = said("1", "店员态度差极了,还不给小票", risks=(Risk.SERVICE,), **complaint)
    stays = said("2", "店员又在聊天,等了半个钟头", risks=(Risk.SERVICE,), **complaint)
    tombstone = replace(gone, post=Post.tombstone(gone.post.id, gone.post.published_at, now))
    with (
        closing(wiring.open_log(config)) as log,
        closing(wiring.open_store(config)) as store,
        closing(wiring.open_book(config)) as book,
    ):
        store.put([gone, stays])
        Desk((), (), book, wiring.now)([tombstone])
        publish(book, SPEC, window, lambda: report(store, window=window), now)
        assert book.quoted(now) == {gone.post.id, stays.post.id}
        store.put([tombstone])
        tidy(config, log, store, book)
        (kept,) = book.digests()
    assert {quote.post for quote in every(decode(kept.body), Quote)} == {stays.post.id}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Open parts of a configuration that crawls and reports nothing."""
    bundled = load(BUNDLED)
    settings = bundled.settings.model_copy(update={"data": tmp_path})
    with ExitStack() as opened:
        yield Parts(replace(bundled, settings=settings, sources=(), digests=()), opened)


def test_what_nobody_has_read_yet_stays_on_the_log(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was off for longer than the log's days has its unread posts still, and lets go of the others."""
    monkeypatch.setattr(wiring, "now", Clock(wiring.now() + timedelta(days=40)))
    parts.log.append(POSTS, [Message(f"{n}", b"{}") for n in range(3)])
    with closing(parts.log.reader(POSTS, "judge")) as reader:
        for done in (2, 1):
            reader.poll(done, 0)
            reader.commit()
            tidy(parts.config, parts.log, parts.store, parts.book)
            assert parts.log.size(POSTS) == parts.log.lag(POSTS, "judge") == (1 if done == 2 else 0)


def test_a_missed_tidying_is_made_up_for_once_a_day(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the hour: the first time, and when the last is more than a day ago; not at every start."""
    clock = Clock(wiring.now())
    monkeypatch.setattr(wiring, "now", clock)
    left = []
    for hours in (0, 23, 2):
        clock.pass_(hours=hours)
        parts.store.put([judged("1", published_at=wiring.now() - timedelta(days=400))])
        tidy_if_missed(parts.config, parts.log, parts.store, parts.book)
        left.append(parts.store.count(PostQuery()))
    assert left == [0, 1, 0]


def test_a_start_makes_up_for_a_missed_tidying(parts: Parts) -> None:
    """A machine that is off every night lets go of what is past retention when it is switched on."""
    parts.store.put([judged("1", published_at=wiring.now() - timedelta(days=400))])
    with keeping(parts.office(), crawl_now=False):
        end = time.monotonic() + 30
        while not (parts.config.settings.data / "tidied").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
    assert parts.store.count(PostQuery()) == 0
