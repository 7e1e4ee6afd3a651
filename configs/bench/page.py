"""The page of figures: each benchmark writes its own table into it, and leaves the rest alone.

Owns the tables' shape and what was promised. The page holds a pair of marks a benchmark: `<!-- bench store -->` and
`<!-- end -->`.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stream.ports import Misconfigured
from stream.zone import SHANGHAI

_PROMISED: Mapping[str, Mapping[str, str]] = {
    "cluster": {"cluster_to_embedded": "≥ 0.7", "kafka_append_per_second": "≥ 5000"},
    "scale": {"two_to_one": "≥ 1.7", "long_to_short": "≤ 1.1"},
    "store": {
        "put_per_second": "≥ 4000",
        "put_per_second_last_tenth": "≥ 4000",
        "search_p95_ms": "≤ 50",
        "count_by_p95_ms": "≤ 150",
        "gigabytes": "≤ 1.2",
    },
    "crawl": {"crawled_per_second": "≥ 300"},
    "classify": {
        "student_to_plain": "≥ 60",
        "student_time_to_bare": "≤ 1.3",
        "first_judgement_seconds": "≤ 2",
        "peak_mib": "≤ 400",
    },
}
"""By place on the page: what is promised of a figure. Of somebody's servers nothing is."""


def write(path: Path, name: str, row: Mapping[str, Any], *, now: datetime, note: str) -> None:
    """Put the table of one benchmark in the place of this name on the page.

    Raises:
        Misconfigured: the page cannot be read, or has no place for it.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"--page: {path}: {error.strerror}") from None
    place = re.compile(rf"(<!-- bench {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise Misconfigured(f"--page: {path} has no lines <!-- bench {name} --> and <!-- end -->")
    told = table(name, row, now=now, note=note)
    path.write_text(place.sub(lambda found: found[1] + told + found[2], page), encoding="utf-8")


def table(name: str, row: Mapping[str, Any], *, now: datetime, note: str) -> str:
    """The figures with what was promised, and the circumstances."""
    lines = ["", "| figure | measured | promised |", "|---|---|---|"]
    promised = _PROMISED.get(name, {})
    lines += [f"| {key} | {value} | {_verdict(promised.get(key, ''), value)} |" for key, value in row.items()]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    where = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}, load average at the end {load}"
    )
    at = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    said = f"`guanlan bench {name.partition(' ')[0]}`, {at} Asia/Shanghai; {where}.{' ' + note if note else ''}"
    return "\n".join([*lines, "", said, "", ""])


def _verdict(promised: str, value: Any) -> str:
    if not promised:
        return ""
    sign, _, bound = promised.partition(" ")
    kept = value >= float(bound) if sign == "≥" else value <= float(bound)
    return f"{promised} {'✓' if kept else '✗'}"
