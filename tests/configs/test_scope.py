"""Whom each listing is listened to for."""

from datetime import UTC, datetime

import pytest

from configs.scope import heard_for
from crawlers.sources import Access, Source
from stream.labels import Health, Role
from stream.records import Coverage, SourceHealth, Subject

SUBJECTS = (
    Subject("yunting", "云汀茶", Role.OWN, aliases=("云汀",), excludes=("云汀路",)),
    Subject("luyu", "鹿屿鲜茶", Role.COMPETITOR, keywords=("奶茶",)),
    Subject("qiugui", "秋桂计划", Role.CAMPAIGN),
    Subject("model3", "Model 3", Role.COMPETITOR),
)


@pytest.mark.parametrize(
    ("listing", "keywords", "expected"),
    [
        ("云汀茶", ("云汀茶", "奶茶"), ("yunting",)),
        ("#秋桂计划# 云汀", ("#秋桂计划# 云汀",), ("yunting", "qiugui")),
        ("鹿屿鲜茶", ("鹿屿鲜茶",), ("luyu",)),
        ("秋桂", ("秋桂",), ("qiugui",)),
        ("奶茶", ("云汀茶", "奶茶"), ()),
        ("云汀路", ("云汀路",), ()),
        ("8232", (), ()),
        ("8232", ("云汀", "秋桂"), ("yunting", "qiugui")),
        ("3", ("云汀",), ("yunting",)),
        ("3", (), ()),
        ("云汀茶", (), ("yunting",)),
        ("鹿屿鲜茶", ("云汀",), ("yunting",)),
        ("/hotsearch/sentences/", ("云汀", "奶茶"), ()),
        ("", ("云汀茶",), ("yunting",)),
        ("", (), ()),
    ],
)
def test_a_listing_is_heard_for_whom_its_words_name(listing: str, keywords: tuple[str, ...], expected: tuple[str, ...]):
    """A search for whom it names or is part of; a board for whom its source's keywords or its name name; or anybody."""
    source = Source("a", "weibo", Access.PUBLIC_ROBOTS_OK, keywords=keywords)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    health = SourceHealth("a", "weibo", Health.FRESH, "", now, now, 1, coverage=(Coverage(listing, Health.FRESH),))
    (found,) = heard_for([health], [source], SUBJECTS)
    assert [row.subjects for row in found.coverage] == [expected]
