"""docs/reliability.md: what was done, and what came of it, as a page.

Owns the words. The figures are those of the run.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from tests.chaos.run import Row

_HEAD = """# Reliability: faults and outcomes

Written by `make chaos` (`tests/chaos`), which runs Guanlan as real processes — a feeder that hands over posts as a
crawl does, `guanlan work judge|index|alert`, `guanlan serve` — and breaks something while posts flow. A process that
ends is started again a moment later, as systemd does; nothing else is helped along. After each fault the stand comes to
rest by itself, and then everything since the beginning of the run is counted again:

- **store**: every post stands there exactly once, as it was last fetched, with the judgement, subjects and fingerprint
  that judging it directly gives; deleted posts are gone, restored ones are back;
- **book**: alerts, their evidence, cases and deliveries are those of an undisturbed run of the same rules, each once;
- **deliveries**: each is settled as sent, and the receiver has a receipt for its id; nobody else was told anything. A
  notice may arrive twice when the sender dies between sending and settling; it then carries the same id, by which the
  receiver drops it (column *repeats*);
- **log**: every group has committed up to the end, no message is dead, and none was judged less than once;
- **API**: `/api/health` says that all is well.
"""
_FOOT = """
The cluster here is [noida-db](https://pypi.org/project/noida-db/), a small local server that speaks Kafka's and
Elasticsearch's protocols, behind a front that can refuse; PostgreSQL is the real one. Two things differ from real
brokers: the stand-in never notices that a member of a group has died, so the run removes killed members from their
group, which brokers do when the session ends (30 s); and it is stopped in order rather than killed, since what it
acknowledges is on its disk only then. Durability across a power cut of the servers is theirs to promise
(`replication`, `min.insync.replicas`, replicas of indices); the same adapters run against real servers with
`GUANLAN_TEST_KAFKA` and `GUANLAN_TEST_ELASTIC`.
"""


def written(rows: Sequence[Row], *, posts: int, seed: int, at: datetime) -> str:
    """The page of a run."""
    kills = sum(row.kills for row in rows)
    right = sum(not row.verdict.wrong for row in rows)
    lines = [
        _HEAD,
        (
            f"The figures below are of one run on {at:%Y-%m-%d}: {posts:,} posts for each of the set-ups, {kills}"
            f" processes killed, seed {seed}; **{right} of {len(rows)} faults left everything right**. Seconds include"
            " coming to rest; like repeats and retries they depend on what else the machine was doing. What is right"
            " does not.\n"
        ),
    ]
    for parts, some in groupby(rows, lambda row: row.parts):
        lines += [
            f"## {parts}\n",
            (
                "| fault | killed | ended by themselves | retries told | versions handed over | posts in store |"
                " alerts | deliveries | repeats | seconds | outcome |"
            ),
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
        ]
        for row in some:
            found = row.verdict
            outcome = "; ".join(found.wrong) or "all right"
            lines.append(
                f"| {row.fault} | {row.kills} | {row.ended} | {row.complaints} | {row.poured:,} | {found.posts:,} |"
                f" {found.alerts:,} | {found.deliveries:,} | {found.repeats} | {row.seconds:.0f} | {outcome} |"
            )
        lines.append("")
    return "\n".join([*lines[:-1], _FOOT])
