"""What a person at the terminal is told while Guanlan runs: one line for each thing that happens.

Owns the look of those lines. They go to standard error and never hold a post's text or an author.
"""

from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.text import Text

from stream.zone import SHANGHAI

Say = Callable[[str, str], None]
"""Tells that something happened: a kind (`crawl`, `judge`, …) and a line in Chinese."""

_KINDS = {
    "ready": ("就绪", "bold green"),
    "crawl": ("采集", "cyan"),
    "judge": ("研判", "blue"),
    "alert": ("预警", "bold red"),
    "care": ("守护", "bold magenta"),
    "deliver": ("送达", "yellow"),
    "digest": ("战报", "bold yellow"),
    "migrate": ("迁移", "cyan"),
    "stop": ("停止", "dim"),
}


def narrator() -> Say:
    """A function that prints one line a call."""
    console = Console(stderr=True, highlight=False)

    def say(kind: str, line: str) -> None:
        word, style = _KINDS[kind]
        time = datetime.now(SHANGHAI).strftime("%H:%M:%S")
        console.print(Text.assemble((time, "dim"), "  ", (word, style), "  ", line), soft_wrap=True)

    return say
