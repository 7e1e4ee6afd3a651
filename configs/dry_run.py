"""`guanlan crawl --dry-run`: what a source gives now, shown and not kept.

Owns the throw-away log and memory it is read into, and the rows that are printed. The crawl itself is the one that
runs every day, on the first page of each listing; texts are masked as in exports and authors are pseudonyms of this
run's own. A source that is switched off, forbidden or let rest is not read this way either.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alerts.masking import mask
from configs import wiring
from configs.crawling import chosen, user_agent
from configs.load import Config
from configs.register import held_back
from crawlers.budgets import Spent
from crawlers.reports import CrawlReport
from crawlers.sources import Source
from crawlers.state import CrawlState
from stream.codec import decode_post
from stream.log_sqlite import SqliteLog
from stream.records import POSTS, Post
from stream.zone import SHANGHAI

_WIDEST = 60


def look(config: Config, names: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Read the first page of every listing of these sources, and keep nothing.

    Returns:
        A row a source: how it went, what was dropped and why, and its posts; and a sentence a source not read.

    Raises:
        Misconfigured: a name is unknown, `crawl.contact` is missing, or a source is not configured soundly.
    """
    agent = user_agent(config)
    wanted, refused, spent = [], [], []
    memory = config.settings.data / "crawl.db"
    kept = CrawlState(memory) if memory.exists() else None
    try:
        for source in chosen(config, names):
            if why := _unfit(source, kept):
                refused.append(why)
                continue
            wiring.check_source(source)
            wanted.append(replace(source, max_pages=1, revisits=0))
        spent = kept.budgets.spent() if kept else []
    finally:
        if kept:
            kept.close()
    return (_read(wanted, agent, spent) if wanted else []), refused


def _unfit(source: Source, kept: CrawlState | None) -> str:
    if source.imported:
        return f"{source.name}:读的是文件,没有可试采的页面"
    if not source.crawled:
        return f"{source.name}:已停用,不采集"
    return held_back(source, kept, wiring.now()) if kept else ""


def _read(sources: Sequence[Source], agent: str, spent: Sequence[tuple[str, Spent]]) -> list[dict[str, Any]]:
    from crawlers.crawl import run_crawl  # noqa: PLC0415 (Scrapy is heavy)

    with TemporaryDirectory(prefix="guanlan-") as folder:
        log, state = SqliteLog(Path(folder) / "log.db"), CrawlState(Path(folder) / "crawl.db")
        try:
            state.budgets.begin_with(spent)  # a day's budget that is used up stays so
            reports = run_crawl(
                sources, log, state, author_key=secrets.token_bytes(32), user_agent=agent, log_attempts=1
            )
            posts = _logged(log)
        finally:
            state.close()
            log.close()
    return [_row(report, [post for post in posts if post.source == report.source]) for report in reports]


def _logged(log: SqliteLog) -> list[Post]:
    reader = log.reader(POSTS, "dry_run")
    try:
        found: list[Post] = []
        while records := reader.poll(1000, 0):
            found.extend(decode_post(record.value) for record in records)
        return found
    finally:
        reader.close()


def _row(report: CrawlReport, posts: Sequence[Post]) -> dict[str, Any]:
    return {
        "source": report.source,
        "platform": report.platform,
        "outcome": report.outcome,
        "reason": report.reason,
        "pages": report.pages,
        "drops": dict(report.drops),
        "doubts": dict(report.doubts),
        "verdicts": dict(report.verdicts),
        "bad": dict(report.bad),
        "posts": [_shown(post) for post in posts],
    }


def _shown(post: Post) -> dict[str, Any]:
    return {
        "native_id": post.native_id,
        "published_at": post.published_at.astimezone(SHANGHAI).isoformat(),
        "published_estimated": post.published_estimated,
        "author": post.author,
        "title": mask(post.title),
        "text": mask(post.text),
        "quoted": mask(post.quoted),
        "target": post.target,
        "parent": post.parent,
        "likes": post.likes,
        "comments": post.comments,
        "reposts": post.reposts,
        "rating": post.rating,
        "replied_at": post.replied_at.astimezone(SHANGHAI).isoformat() if post.replied_at else None,
        "truncated": post.truncated,
        "url": post.url,
    }


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """The same as tables for the terminal: one of posts a source, with a line of what was counted under it."""
    from rich.console import Console  # noqa: PLC0415 (JSON needs no tables)
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    for row in rows:
        table = Table("发布时间", "编号", "作者", "赞/评/转", "正文", title=f"{row['source']} · {row['platform']}")
        for post in row["posts"]:
            words = " ".join(f"{post['title']} {post['text'] or post['quoted']}".split())
            counts = "/".join(
                "-" if post[name] is None else str(post[name]) for name in ("likes", "comments", "reposts")
            )
            marks = "~" * post["published_estimated"] + "…" * post["truncated"]
            table.add_row(
                marks + post["published_at"][:16].replace("T", " "),
                escape(post["native_id"]),
                post["author"][:8],
                counts,
                escape(words[:_WIDEST]),
            )
        console.print(table)
        console.print(
            f"{len(row['posts'])} 条 · 列表 {row['pages']} 页 · 应答 {_counts(row['verdicts'])} · "
            f"舍弃 {_counts(row['drops'])} · 时间存疑 {_counts(row['doubts'])} · {row['outcome']} {row['reason']}",
            markup=False,
        )


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.items()) or "无"
