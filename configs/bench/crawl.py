"""Crawling speed: posts a second from the sandbox's pages to the log, beside Scrapy's own benchmark on this machine.

Owns that comparison. The site runs in a process of its own; delays are off, as they are only for a site of one's own.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from configs import wiring
from configs.crawling import crawl_sources
from configs.demo import outside_world, prepare
from configs.load import Config, load
from stream.ports import Unavailable

_PAGES = re.compile(r"Crawled \d+ pages \(at (\d+) pages/min\)")


def crawl(config: Config, number: int) -> dict[str, Any]:  # noqa: ARG001 - a measure takes both
    """Crawl `number` posts of one platform's search into an empty log.

    Returns:
        Posts parsed and appended a second; pages a second of `scrapy bench`, which parses links and keeps nothing.

    Raises:
        Unavailable: the sandbox or `scrapy bench` did not run.
    """
    with tempfile.TemporaryDirectory(prefix="guanlan-bench-") as scratch:
        corpus, folder = Path(scratch, "posts.jsonl"), Path(scratch, "demo")
        corpus.write_text("\n".join(_line(at) for at in range(number)), encoding="utf-8")
        path, scene, _ = prepare(folder, corpus=corpus, shift=False, fresh=False, now=wiring.now())
        with outside_world(folder, scene):
            began = time.perf_counter()
            report = crawl_sources(load(path), ["weibo"])[0][0]
            took = time.perf_counter() - began
    rate = report["posts"] / took
    pages = _scrapy_bench()
    return {
        "posts": report["posts"],
        "outcome": str(report["outcome"]),
        "crawled_per_second": round(rate),
        "listing_pages_per_second": round(report["pages"] / took, 1),
        "scrapy_bench_pages_per_second": round(pages, 1),
    }


def _line(at: int) -> str:
    when = wiring.now().replace(microsecond=0) - timedelta(minutes=at)
    text = f"第{at}位顾客说：云汀茶的桂花乌龙今天排队{at % 50}分钟，店员态度还行，就是杯盖有点漏。"
    return json.dumps(
        {
            "platform": "weibo",
            "id": f"b{at}",
            "author": f"顾客{at % 997}",
            "text": text,
            "published_at": when.isoformat(),
        },
        ensure_ascii=False,
    )


def _scrapy_bench() -> float:
    """Pages a second, the last that it tells."""
    ran = subprocess.run(
        [sys.executable, "-m", "scrapy", "bench"], capture_output=True, text=True, check=False, timeout=120
    )
    told = _PAGES.findall(ran.stderr)
    if not told:
        raise Unavailable("scrapy bench told no figure")
    return int(told[-1]) / 60
