"""The drill: a good crawl, then each refusal at each source, each flipping that source's health within one crawl."""

import shutil
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path

from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sources import Source
from stream.records import Health
from tests.crawlers.crawling import crawl, health, logged

Blocks = Mapping[str, Mapping[Fault, Health]]
"""By the source's name: what its platform does, and what must be said of the source then."""


def drill(site: Site, folder: Path, sources: Iterable[Source], blocks: Blocks) -> None:
    """Refuse in rounds, all sources at once, each round from the memory of the first good crawl."""
    by_name = {one.name: one for one in sources}
    platforms = {one.name: one.base_url.removeprefix(site.base_url).split("/")[1] for one in by_name.values()}
    crawl(by_name.values(), folder)
    assert {one.health for one in health(by_name.values(), folder).values()} == {Health.FRESH}
    posts = len(logged(folder))
    good = folder / "good"
    shutil.copytree(folder, good, ignore=lambda _, names: [name for name in names if not name.startswith("crawl.db")])
    for round_ in zip_longest(*([(name, *one) for one in of.items()] for name, of in blocks.items())):
        for path in good.iterdir():
            shutil.copy(path, folder)
        refused = [one for one in round_ if one is not None]
        for name, fault, _ in refused:
            site.faults.set(platforms[name], fault)
        crawl([by_name[name] for name, _, _ in refused], folder)
        found = health(by_name.values(), folder)
        for name, fault, expected in refused:
            assert found[name].health is expected, f"{name} at {fault}: {found[name].health}"
            assert found[name].reason
            site.faults.clear(platforms[name])
    assert len(logged(folder)) == posts
