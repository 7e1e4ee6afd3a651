"""`make chaos`: break everything there is, print what came of it, and write docs/reliability.md.

    python -m tests.chaos [--posts 20000] [--kills 50] [--only embedded|cluster] [--page PATH]

Loopback only. Exits with 1 when something was lost, doubled or wrong.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tests.chaos.page import NOTES, section, sections, whole
from tests.chaos.run import Row, cluster, embedded

_PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_SECONDS = 60
_PATIENCE = 1800.0
Only = StrEnum("Only", {"EMBEDDED": "embedded", "CLUSTER": "cluster"})


def main(
    *,
    posts: Annotated[int, typer.Option(min=100, help="Posts for each set-up.")] = 20_000,
    kills: Annotated[int, typer.Option(min=1, help="How often each process is killed, one by one.")] = 50,
    seconds: Annotated[int, typer.Option(min=4, help="How long the longest outage lasts.")] = _SECONDS,
    seed: int = 20261121,
    only: Annotated[Only | None, typer.Option(help="One set-up; the page keeps what it says of the other.")] = None,
    page: Path = _PAGE,
) -> None:
    """Break everything there is."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # however it is ended, it ends what it began
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runs: dict[Only, Callable[..., Iterator[Row]]] = {Only.EMBEDDED: embedded, Only.CLUSTER: cluster}
    wrong = False
    for (kind, run), name in zip(runs.items(), NOTES, strict=True):
        if only not in (None, kind):
            continue
        rows: list[Row] = []
        for row in run(posts, kills, seconds, seed=seed, patience=_PATIENCE):
            rows.append(row)
            wrong = wrong or bool(row.verdict.wrong)
            typer.echo(_line(row))
        told = sections(page.read_text(encoding="utf-8")) if page.exists() else {}  # another run may have written
        told[name] = section(name, rows, posts=posts, seed=seed, at=datetime.now(UTC))
        page.write_text(whole(told), encoding="utf-8")
    sys.exit(wrong)


def _line(row: Row) -> str:
    found = row.verdict
    told = (
        f"{row.parts}: {row.fault}: {row.kills.total()} killed ({row.at_work.total()} at work),"
        f" {row.ended} ended by themselves, {row.complaints} retries, {row.poured} handed over,"
        f" {row.shown} on the site, {found.posts} posts, {found.alerts} alerts, {found.deliveries} deliveries,"
        f" {found.repeats} repeats, {row.seconds:.0f} s: "
    )
    return told + ("; ".join(found.wrong) or "all right")


typer.run(main)
