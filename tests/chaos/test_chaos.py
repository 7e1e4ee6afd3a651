"""A small chaos run, so that every change meets some of it; `make chaos` is the whole one, on servers too."""

from tests.chaos import faults
from tests.chaos.run import disturb, on_files


def test_files_survive_kills_and_a_full_disk() -> None:
    """Crawl and workers killed at their work, then no room to write: nothing is lost, doubled or told twice."""
    killed = ("crawl", "judge0", "index", "alert")
    with on_files() as (stand, mounted):
        full = faults.full_disk(1) if mounted else faults.quota(1)
        plan = [(faults.kills(killed, 1), 120), (full, 60)]
        rows = list(disturb(stand, "files", plan, seed=1, patience=120.0))
    assert [row.verdict.wrong for row in rows] == [()] * len(plan)
    assert rows[0].kills == dict.fromkeys(killed, 1)
    assert rows[-1].shown == 37
    assert rows[-1].verdict.posts > 140
    assert rows[-1].verdict.deliveries > 0
