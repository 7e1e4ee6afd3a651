"""The one timetable: what happens by the clock while Guanlan runs.

Owns when, never what: each entry calls a function handed in. Times of day are Asia/Shanghai.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from configs.load import Config
from stream.zone import SHANGHAI


@dataclass(frozen=True, slots=True)
class Duties:
    """What the timetable may call; each returns when done and handles its own failures."""

    crawl: Callable[[str], object]
    digest: Callable[[str], object]
    post_mail: Callable[[], object]
    tidy: Callable[[], object]
    make_up: Callable[[], object]


def timetable(config: Config, duties: Duties, *, crawl_now: bool) -> BackgroundScheduler:
    """A scheduler ready to start: every enabled source at its interval (with `crawl_now` the first time at once),
    digests when their hour has settled, mail every minute, tidying at night, and what was missed at once. A job that is
    late runs once, never twice at a time.
    """
    # a crawl that outlasts its interval is no news; the source's health tells what matters
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=SHANGHAI,
        # a thread a source, because whoever waits for its turn must hold up no other; `Crawls` says how many may crawl
        executors={"default": ThreadPoolExecutor(4), "crawls": ThreadPoolExecutor(max(1, len(config.sources)))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for source in config.sources:
        if not source.crawled:
            continue
        scheduler.add_job(
            duties.crawl,
            # jitter keeps a platform from seeing all our crawls on the full minute
            IntervalTrigger(
                seconds=int(source.interval_seconds),
                jitter=int(source.interval_seconds * config.settings.crawl.jitter) or None,
            ),
            args=[source.name],
            id=f"crawl {source.name}",
            **({"next_run_time": datetime.now(SHANGHAI)} if crawl_now else {}),
            executor="crawls",
        )
    for digest in config.digests:
        scheduler.add_job(
            duties.digest,
            CronTrigger(hour=digest.hour, minute=digest.settle_minutes, timezone=SHANGHAI),
            args=[digest.name],
            id=f"digest {digest.name}",
        )
    scheduler.add_job(duties.make_up, id="make up")  # once, at the start
    scheduler.add_job(duties.post_mail, IntervalTrigger(minutes=1), id="post mail")
    scheduler.add_job(duties.tidy, CronTrigger(hour=4, minute=20, timezone=SHANGHAI), id="tidy")
    return scheduler
