"""docs/reliability.md: what was done, and what came of it, as a page with a section for each set-up.

Owns the words. The figures are those of the run that wrote the section.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from tests.chaos.run import Row

_HEAD = """# Reliability: faults and outcomes

Written by `make chaos` (`tests/chaos`), which runs Guanlan as real processes — `guanlan work
judge|index|alert|schedule` and `guanlan serve` — and breaks something while posts flow. A process that ends is started
again a moment later, as systemd does. The posts are invented, and come in two ways:

- every fifth is shown by the sandbox site, which goes on growing; the timetable (`work schedule`) has it crawled by
  `guanlan crawl` in a process of its own, again and again;
- the others are handed over by a feeder that stands in for many crawls: it appends to the log what they would, posts
  that are fetched again with other words, come in the wrong order, are deleted and restored.

Kills come at random moments, in a random order. At least three of four hit a process that has done something since it
was started (column *at work*: the feeder has handed over posts, the crawl has asked for pages, the worker's group has
committed, the timetable has begun a crawl, the API has answered); others hit it while it starts.

After each fault the stand comes to rest by itself, and then everything since the beginning of the run is counted
again:

- **store**: every post that was handed over or shown by the site stands there exactly once, as it was last fetched,
  with the judgement, subjects and fingerprint that judging it directly gives; deleted posts are gone, restored ones are
  back. What should have come of the site's posts is what a crawl into a folder of its own makes of them, which nobody
  kills; only the moment of reading may differ;
- **book**: alerts, their evidence, cases and deliveries are those of an undisturbed run of the same rules on the same
  posts, each once;
- **deliveries**: each is settled as sent, and the receiver has a receipt for its id; nobody else was told anything. A
  notice may arrive twice when the sender dies between sending and settling; it then carries the same id, by which the
  receiver drops it (column *repeats*);
- **reports**: each battle report that was due is made once and owed to each recipient once; what is settled is mailed;
- **log**: every group has committed up to the end, no message is dead, and there are at least as many judgements as
  messages with posts;
- **API**: `/api/health` says that all is well, the crawled source included.

Seconds include coming to rest; like repeats and retries they depend on what else the machine was doing. What is right
does not.
"""
NOTES = {
    "Files": "Log, store and book are SQLite files, on a small disk of their own where one may be mounted.",
    "Servers": """Log and store are on noida-db, a small local server that speaks
Kafka's and Elasticsearch's protocols, the store behind a front that can refuse; the book is on PostgreSQL itself, where
that is installed; what crawls remember is in a file, as always. Two judges share the work.

Three things differ from real brokers: the stand-in never notices that a member of a group has died, or does not come
when partitions are shared out, so the run removes such members from their group, which brokers do when the session ends
(15 s); workers are killed between two such sharings, not in the midst of one; and the stand-in is stopped in order
rather than killed, since what it acknowledges is on its disk only then. Surviving a power cut of the servers is theirs
to promise (`replication`, `min.insync.replicas`, replicas of indices); the same adapters' tests run against real
servers given by `GUANLAN_TEST_KAFKA` and `GUANLAN_TEST_ELASTIC`.""",
}
"""The sections, in order, and what is to be known of each."""
_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """What a page says of each set-up, by the section's name."""
    _, *found = _SECTION.split(page)
    return {name: text.strip("\n") for name, text in zip(found[::2], found[1::2], strict=True)}


def whole(told: Mapping[str, str]) -> str:
    """The page of these sections."""
    return "\n".join([_HEAD, *(f"## {name}\n\n{told[name]}\n" for name in NOTES if name in told)])


def section(name: str, rows: Sequence[Row], *, posts: int, seed: int, at: datetime) -> str:
    """What a run on one set-up came to."""
    kills = sum((row.kills for row in rows), Counter[str]())
    at_work = sum((row.at_work for row in rows), Counter[str]())
    each = "; ".join(f"{kind} {number}, {at_work[kind]} at work" for kind, number in sorted(kills.items()))
    right = sum(not row.verdict.wrong for row in rows)
    lines = [
        NOTES[name],
        "",
        (
            f"One run on {at:%Y-%m-%d}: {posts:,} posts, {kills.total()} processes killed ({each}), seed {seed};"
            f" **{right} of {len(rows)} faults left everything right**."
        ),
        "",
        (
            "| fault | killed | at work | ended by themselves | retries told | versions handed over | on the site |"
            " posts in store | alerts | deliveries | repeats | seconds | outcome |"
        ),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        found = row.verdict
        outcome = "; ".join(found.wrong) or "all right"
        lines.append(
            f"| {row.fault} | {row.kills.total()} | {row.at_work.total()} | {row.ended} | {row.complaints} |"
            f" {row.poured:,} | {row.shown:,} | {found.posts:,} | {found.alerts:,} | {found.deliveries:,} |"
            f" {found.repeats} | {row.seconds:.0f} | {outcome} |"
        )
    return "\n".join(lines)
