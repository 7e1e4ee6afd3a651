"""The page about sources says what is there."""

import re
from dataclasses import fields
from pathlib import Path

from crawlers.platforms import DEMANDS, Access
from crawlers.sources import Source
from crawlers.verdict import Verdict
from stream.labels import Health

PAGE = (Path(__file__).parent.parent.parent / "docs" / "sources.md").read_text(encoding="utf-8")


def test_every_spider_has_its_row():
    """Whoever adds a spider says what it reads, what the operator must have, and what is not possible; no row is left
    of one that is gone.
    """
    table = PAGE.partition("## Every platform")[2]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(DEMANDS)


def test_every_key_and_every_word_is_explained():
    """Each key of the register, each access mode, verdict and health state stands on the page."""
    words = [one.name for one in fields(Source)] + [*Access, *Verdict, *Health]
    assert [word for word in words if f"`{word}`" not in PAGE] == []
