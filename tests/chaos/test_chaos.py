"""A small chaos run, so that every change meets some of it; `make chaos` is the whole one."""

from tests.chaos import faults
from tests.chaos.run import disturb, on_files, on_servers

_PATIENCE = 120.0


def test_files_survive_kills_and_a_full_disk() -> None:
    """Every process killed at least once, a deaf receiver, no room to write: nothing is lost, doubled or told twice."""
    with on_files() as (stand, mounted):
        full = faults.full_disk(1) if mounted else faults.quota(1)
        plan = [(faults.kills(len(stand.kinds)), 200), (faults.deaf_receiver(1), 50), (full, 100)]
        rows = list(disturb(stand, "files", plan, seed=1, patience=_PATIENCE))
    assert [row.verdict.wrong for row in rows] == [()] * len(plan)
    assert rows[0].kills == len(stand.kinds)
    assert rows[-1].verdict.posts > 200
    assert rows[-1].verdict.deliveries > 0


def test_servers_survive_a_store_that_refuses() -> None:
    """The feeder and a judge killed, half of each bulk call rejected, no connection to the store: the same."""
    with on_servers() as (stand, servers):
        plan = [
            (faults.kills(2), 100),
            (faults.half_rejected(servers.front, 1), 50),
            (faults.store_refuses(servers.front, 1), 50),
        ]
        rows = list(disturb(stand, "servers", plan, seed=1, patience=_PATIENCE))
    assert [row.verdict.wrong for row in rows] == [()] * len(plan)
    assert servers.front.rejected > 0
