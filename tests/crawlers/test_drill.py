"""The drill: every refusal the sandbox knows, at every spider, is told as one within a crawl and heals by itself."""

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from crawlers.platforms import DEMANDS, FILES, Access
from crawlers.sandbox.corpus import PLATFORMS, Corpus
from crawlers.sandbox.site import Site
from crawlers.sandbox.weibo_open import ACCOUNT
from crawlers.sandbox.weibo_posts import uid_of
from crawlers.sources import Source
from crawlers.state import CrawlState
from stream.labels import Health
from stream.records import Post
from tests.crawlers.crawling import BLOCKS, Options, corpus, crawl, health, logged, rows, source

SPIDERS = [name for name, demand in DEMANDS.items() if demand.accesses != FILES and demand.platform in PLATFORMS]
SESSION = {"access": Access.AUTHORISED_SESSION, "authorisation": "合同 7 号", "authorised_until": date(9999, 1, 1)}
LATER = timedelta(days=2)
"""Longer than any breaker stays open."""
PATIENT = Options(timeout_seconds=60)
"""So many sources at once are slow on a busy machine, and that is no refusal."""


def native(served: Corpus, id: str) -> str:
    """The wire id of a line."""
    return str(next(entry.native for entry in served if entry.id == id))


def ways(served: Corpus) -> dict[str, dict[str, Any]]:
    """What a spider's source needs beyond what `source` gives, by spider; every other walks `*`."""
    session, token = {"cookie_env": "WEIBO_COOKIE", **SESSION}, {"access": Access.OFFICIAL_API}
    return {
        "weibo_user": {"accounts": tuple(str(uid_of(f"某人{n}")) for n in range(7))},
        "weibo_comments": {"posts": (native(served, "weibo3"),), **session},
        "weibo_search": {"path": "/weibo/s.weibo.com", **session},
        "weibo_hot": {"path": "/weibo/weibo.com"},
        "weibo_open": {"path": "/weibo/api.weibo.com/2", "access_token_env": "WEIBO_TOKEN", **token},
        "douyin_comments": {"access_token_env": "DOUYIN_TOKEN", **token},
        "feed": {"feeds": ("/news/rss/all.xml",)},
        "sitemap": {"feeds": ("/news/sitemap.xml",)},
        "bilibili": {"posts": (native(served, "bilibili3"),)},
    }


def made(spider: str, base_url: str, served: Corpus) -> Source:
    """A spider's source at one of the sites."""
    platform, fields = DEMANDS[spider].platform, ways(served).get(spider, {})
    everything = {"boards": ("*",), "accounts": ("*",), "keywords": ("*",), "revisits": 0, "concurrency": 1}
    fields["feeds"] = tuple(base_url + path for path in fields.get("feeds", ()))
    base_url += fields.pop("path", f"/{platform}")
    return replace(source(platform, ""), **{**everything, **fields}, name=spider, spider=spider, base_url=base_url)


def remember(path: Path, copies: dict[str, list[str]]) -> None:
    """Let sources have crawled what another has."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if "source" not in columns:
                continue
            own = {"source", "id"} if table == "reports" else {"source"}
            kept = ", ".join(name for name in columns if name not in own)
            connection.executemany(
                f"INSERT INTO {table} (source, {kept}) SELECT ?, {kept} FROM {table} WHERE source = ?",
                [(name, original) for original, names in copies.items() for name in names],
            )


def _apart(post: Post) -> Post:
    """A post without where and when it was had."""
    return replace(post, url="", source="", fetched_at=post.published_at, known_since=None)


def test_every_refusal_at_every_spider(tmp_path):
    """Blocked within one crawl, never "no news"; left alone until its time; then one crawl makes it well again."""
    lines = [(*rows(name, range(6), f"@{ACCOUNT}"), *rows(name, range(6, 9), parent=f"{name}3")) for name in PLATFORMS]
    served = corpus(tmp_path, [line for of in lines for line in of])
    with ExitStack() as stack:
        sites = {fault: stack.enter_context(Site(served)) for fault in BLOCKS}
        well = [made(name, sites[BLOCKS[0]].base_url, served) for name in SPIDERS]
        crawl(well, tmp_path, PATIENT)
        assert {name: one.health for name, one in health(well, tmp_path).items()} == dict.fromkeys(
            SPIDERS, Health.FRESH
        )
        posts = len(logged(tmp_path))
        assert {post.source for post in logged(tmp_path)} >= set(SPIDERS) - {"weibo_hot", "douyin_hot"}

        drilled = [
            replace(made(name, site.base_url, served), name=f"{name} {fault}")
            for name in SPIDERS
            for fault, site in sites.items()
        ]
        remember(tmp_path / "crawl.db", {name: [f"{name} {fault}" for fault in BLOCKS] for name in SPIDERS})
        for fault, site in sites.items():
            for platform in PLATFORMS:
                site.faults.set(platform, fault)
        reports = crawl(drilled, tmp_path, PATIENT)
        now = datetime.now(UTC)
        for name, found in health(drilled, tmp_path, now).items():
            told = (name, found.health in (Health.BLOCKED, Health.LOGIN_NEEDED), bool(found.reason), bool(found.since))
            assert told == (name, True, True, True)
            assert reports[name].verdicts.get("blocked"), name
            assert {row.state for row in found.coverage} & {Health.BLOCKED, Health.LOGIN_NEEDED}, name
            assert now < found.retry_at <= now + LATER, name
        assert len(logged(tmp_path)) == posts

        for site in sites.values():
            for platform in PLATFORMS:
                site.faults.clear(platform)
        state = CrawlState(tmp_path / "crawl.db")
        try:
            assert all(state.breakers.admit(one.name, now) for one in drilled)
            assert not any(state.breakers.admit(one.name, now + LATER) for one in drilled)
        finally:
            state.close()
        probed = drilled[:: len(BLOCKS) + 1]  # each spider and each refusal in turn
        crawl(probed, tmp_path, replace(PATIENT, ahead=LATER))
        healed = health(probed, tmp_path, now + LATER).values()
        assert {(one.health, one.retry_at) for one in healed} == {(Health.FRESH, None)}
    # every site here has a port of its own, so what is known by its address is another post there; what is known by its
    # number and looked at in a list has another address, and nothing else that is new
    had = {_apart(post) for post in logged(tmp_path)[:posts]}
    assert {post.platform for post in logged(tmp_path)[posts:] if _apart(post) not in had} <= {"news", "dongchedi"}
