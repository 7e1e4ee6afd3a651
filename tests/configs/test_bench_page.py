"""The page of figures: every table in its own place, with what was promised of it and of nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from configs.bench.page import write
from stream.ports import Misconfigured

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
PLACES = """before
<!-- bench store -->
old
<!-- end -->
between
<!-- bench store elastic -->
<!-- end -->
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with two places."""
    path = tmp_path / "performance.md"
    path.write_text(PLACES, encoding="utf-8")
    return path


def test_a_table_replaces_the_one_before_and_leaves_the_rest(page: Path) -> None:
    """What was measured stands once in its place, with its circumstances; the other places are as they were."""
    write(page, "store", {"put_per_second": 5000}, now=NOW, note="A note.")
    told = page.read_text(encoding="utf-8")
    assert "old" not in told
    assert told.startswith("before")
    assert told.endswith("elastic -->\n<!-- end -->\n")
    assert "`guanlan bench store`, 2026-11-22 12:00 Asia/Shanghai" in told
    assert "A note." in told


@pytest.mark.parametrize(
    ("name", "figure", "verdict"),
    [
        ("store", {"put_per_second": 4000}, "≥ 4000 ✓"),
        ("store", {"put_per_second": 3999}, "≥ 4000 ✗"),
        ("store", {"search_p95_ms": 50.1}, "≤ 50 ✗"),
        ("store elastic", {"put_per_second": 10}, ""),
    ],
)
def test_a_figure_stands_beside_its_promise(page: Path, name: str, figure: dict[str, float], verdict: str) -> None:
    """A promise is shown as kept or not; of the store on somebody's servers none is made."""
    write(page, name, figure, now=NOW, note="")
    ((key, value),) = figure.items()
    assert f"| {key} | {value} | {verdict} |" in page.read_text(encoding="utf-8")


def test_a_page_without_the_place_is_refused(page: Path) -> None:
    """The page of another benchmark is not written to."""
    with pytest.raises(Misconfigured, match="bench crawl"):
        write(page, "crawl", {}, now=NOW, note="")
