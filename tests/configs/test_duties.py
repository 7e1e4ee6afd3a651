"""Retention: what is past its class leaves the store, and nothing else does."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from configs import wiring
from configs.duties import tidy
from configs.load import BUNDLED, load
from configs.settings import RetentionTable
from crawlers.sources import Retention
from stream.query import PostQuery
from tests.factories import judged


def test_posts_leave_after_the_days_of_their_sources_class(tmp_path: Path) -> None:
    """A source of the short class keeps its posts for short_days, the others for posts_days."""
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
        store.put(
            [
                judged(f"{source}-{days}", source=source, published_at=wiring.now() - timedelta(days=days))
                for source, days in ages
            ]
        )
        tidy(config, log, store, book)
        left = store.search(PostQuery(), 10, "").hits
    assert {(hit.judged.post.source, hit.judged.post.native_id) for hit in left} == {
        ("brief", "brief-5"),
        ("usual", "usual-20"),
    }
