"""A new source's files, generated into a copy of the project and tried there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawlers.scaffold import scaffold
from stream.ports import Misconfigured

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a new source touches."""
    for folder in ("crawlers", "stream"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    (tmp_path / "tests" / "crawlers").mkdir(parents=True)
    for file in ("pyproject.toml", "tests/__init__.py", "tests/crawlers/crawling.py"):
        shutil.copyfile(ROOT / file, tmp_path / file)
    return tmp_path


def tool(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a Python tool in the copy, which is found before the project itself."""
    environment = {**os.environ, "PYTHONPATH": str(where), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=where, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_what_is_generated_passes_as_it_stands(checkout):
    """The linter finds nothing in the generated files, and their own test passes."""
    made = scaffold("city_board", checkout)
    names = [str(path.relative_to(checkout)) for path in made.files]
    assert names == [
        "crawlers/spiders/city_board.py",
        "crawlers/spiders/city_board_page.py",
        "crawlers/sandbox/city_board.py",
        "tests/crawlers/test_city_board_page.py",
    ]
    for name in ("zz", "abcdefghij_abcdefghij_abcdefgh"):  # lines and imports fit whatever the name
        names += [str(path.relative_to(checkout)) for path in scaffold(name, checkout).files]
    for words in (("ruff", "check"), ("ruff", "format", "--check")):
        linted = tool(checkout, *words, "--no-cache", *names)
        assert linted.returncode == 0, linted.stdout
    tested = tool(checkout, "pytest", "-q", "-p", "no:cacheprovider", names[3])
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert "CityBoardSpider" in made.hints


def test_nothing_is_written_over(checkout):
    """If one of the files is there, none is written."""
    (checkout / "crawlers/sandbox/city_board.py").write_text("mine", encoding="utf-8")
    with pytest.raises(Misconfigured, match="city_board"):
        scaffold("city_board", checkout)
    assert (checkout / "crawlers/sandbox/city_board.py").read_text(encoding="utf-8") == "mine"
    assert not (checkout / "crawlers/spiders/city_board.py").exists()


@pytest.mark.parametrize("name", ["", "City", "1board", "a-b", "../x", "class", "a" * 31, "a__b"])
def test_a_name_must_fit(checkout, name):
    """What could not be a module, or would leave the folder, is refused."""
    with pytest.raises(Misconfigured, match="new-source"):
        scaffold(name, checkout)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    """Files of a source belong beside the others."""
    with pytest.raises(Misconfigured, match="checkout"):
        scaffold("city_board", tmp_path)
