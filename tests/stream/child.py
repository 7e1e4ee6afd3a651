"""Another process for a test: runs some lines, says so, and then waits to be killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has run `code` and waits; killed with SIGKILL at the end of the block."""
    lines = f"{code}\nprint('done', flush=True)\nimport sys\nsys.stdin.read()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", lines], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def run_together(codes: list[str]) -> None:
    """Run each of these in a process of its own, all at once, to the end."""
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=_ROOT) for code in codes]
    assert [process.wait(60) for process in processes] == [0] * len(codes)
