"""The house: which rooms there are, who may import whom, and which outside library belongs where."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "stream": set(),
    "crawlers": {"stream"},
    "models": {"stream"},
    "alerts": {"stream"},
    "api": {"stream", "alerts"},
    "configs": {"stream", "crawlers", "models", "alerts", "api"},
    "guanlan": {"stream", "configs"},
}
OUTSIDE = {
    "scrapy": "crawlers",
    "starlette": ("crawlers/sandbox", "api", "configs/outside.py"),
    "msgspec": ("stream", "crawlers/state.py", "alerts/report_codec.py"),
    "opencc": "models/text.py",
    "openpyxl": "crawlers/workbooks.py",
    "trafilatura": "crawlers/spiders/article_page.py",
    "ahocorasick_rs": "models",
    "onnxruntime": "models",
    "tokenizers": "models",
    "torch": "models",
    "transformers": "models",
    "sqlalchemy": "alerts",
    "jinja2": "alerts",
    "matplotlib": ("alerts", "models/evaluate.py"),
    "mpl_font": "alerts",
    "standardwebhooks": ("alerts", "configs/outside.py"),
    "httpx": ("alerts", "configs"),
    "fastapi": "api",
    "nicegui": "api",
    "prometheus_client": "api",
    "pydantic": ("api", "configs"),
    "pydantic_settings": "configs",
    "apscheduler": "configs/timetable.py",
    "typer": (
        "guanlan.py",
        "configs/collecting.py",
        "configs/measuring.py",
        "configs/operating.py",
        "configs/terminal.py",
    ),
    "kafka": (
        "stream/log_kafka.py",
        "stream/log_kafka_cluster.py",
        "stream/log_kafka_connection.py",
        "stream/log_kafka_reader.py",
    ),
    "elasticsearch": ("stream/elastic_client.py", "stream/elastic_reading.py"),
    "backports": "stream/store_packing.py",
    "compression": "stream/store_packing.py",
}
VAGUE = {"utils", "util", "common", "helpers", "base", "core", "manager", "misc"}


def modules() -> list[Path]:
    """Every module of the product."""
    return [ROOT / "guanlan.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level names a module imports, anywhere in it, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import"
            yield (node.module or "").split(".")[0], node.lineno


def test_rooms_import_only_the_rooms_below_them() -> None:
    """Data flows one way: no room imports a sibling or a room above it."""
    wrong = []
    for path in modules():
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        wrong += [
            f"{path}:{line}: {name}"
            for name, line in imports(path)
            if name in ROOMS and name not in ROOMS[room] | {room}
        ]
    assert not wrong


@pytest.mark.parametrize("library", sorted(OUTSIDE))
def test_a_library_is_used_only_where_it_belongs(library: str) -> None:
    """Each outside library has one room (or module), so that replacing it is one room's affair."""
    places = OUTSIDE[library] if isinstance(OUTSIDE[library], tuple) else (OUTSIDE[library],)
    wrong = []
    for path in modules():
        here = path.relative_to(ROOT).as_posix()
        if not any(here == place or here.startswith(f"{place}/") for place in places):
            wrong += [f"{here}:{line}" for name, line in imports(path) if name == library]
    assert not wrong


def test_the_top_level_is_the_architecture() -> None:
    """`ls` shows the seven rooms and the front door; there is no eighth package and nothing with a vague name."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(ROOMS) - {"guanlan"} | {"tests"}
    assert not [path for path in modules() if path.stem in VAGUE]


def test_every_module_says_what_it_owns() -> None:
    """Each module opens with a docstring and stays small enough to read in one sitting."""
    for path in modules():
        source = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(source)), path
        assert source.count("\n") <= 300, f"{path} has more than 300 lines"


def test_only_known_python_is_needed() -> None:
    """Everything that is imported is the standard library, a room, or a library with a declared home."""
    declared = set(OUTSIDE) | {
        "dateparser",
        "lxml",
        "markupsafe",
        "onnx",
        "PIL",
        "numpy",
        "parsel",
        "rich",
        "uvicorn",
        "w3lib",
        "twisted",
        "itemadapter",
        "itemloaders",
    }
    unknown = (
        {name for path in modules() for name, _ in imports(path)} - declared - set(ROOMS) - sys.stdlib_module_names
    )
    assert not unknown
