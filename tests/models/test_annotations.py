"""Annotations find their posts again, and hold nothing of them."""

import re
from pathlib import Path

import pytest

from models import annotations
from stream.labels import Risk


def test_a_post_is_found_again_by_what_was_read_of_it() -> None:
    """Case, width and names do not matter, nor what comes after the part that was shown; the words do."""
    told = "客服 @小王 说不退 iPhone" + "，等了三天" * 50
    assert annotations.mark(told) == annotations.mark(told.replace("iPhone", "ＩＰＨＯＮＥ") + "后来退了")
    assert annotations.mark(told) != annotations.mark(told.replace("不退", "可以退"))


@pytest.mark.parametrize(
    "line", ["00\tnegative\tuse\tnone", "00\tangry\tuse\tnone\t", "00\tnegative\tuse\tnone\tquality,speed"]
)
def test_a_line_that_is_no_annotation_is_named(tmp_path: Path, line: str) -> None:
    """A column too few, or a word that the taxonomy does not have."""
    path = tmp_path / "annotations.tsv"
    path.write_text(f"ff\tpositive\tuse\tnone\t\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        annotations.read(path)


def test_the_shipped_file_tells_marks_and_words_of_the_taxonomy_only() -> None:
    """No post can be read out of it, and none is annotated twice."""
    lines = annotations.FILE.read_text(encoding="utf-8").splitlines()
    found = annotations.read()
    assert len(found) == len(lines) > 10_000
    assert all(re.fullmatch("[0-9a-f]{16}", mark) for mark in found)
    assert {risk for each in found.values() for risk in each["risks"]} == set(Risk)
