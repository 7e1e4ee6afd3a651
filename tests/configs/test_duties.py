"""Retention: what is past its class leaves store and book, and nothing else does."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alerts.desk import Desk
from configs import wiring
from configs.duties import tidy
from configs.load import BUNDLED, load
from configs.settings import RetentionTable
from crawlers.sources import Retention
from stream.query import PostQuery
from tests.alerts.room import surge
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
