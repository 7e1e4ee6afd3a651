"""Child processes of a run: other `guanlan` commands, on a leash.

Owns starting, reading and stopping them. The leash is the child's standard input: when this process dies, however it
dies, the pipe closes and the child leaves (`hold_leash` is the child's end).
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


class Child:
    """One `guanlan WORDS…` process. Its standard output is read here, its standard error is ours."""

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 — our own program, arguments as a list
            # -P: else a file of the folder we were started in would be run in place of a module of its name
            [sys.executable, "-P", "-m", "guanlan", *words, "--leash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is ours to pass on, once and in order
        )

    def first_line(self, timeout: float) -> str | None:
        """The first line it prints, or None if it ended or `timeout` seconds passed before."""
        assert self._process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(
            target=lambda out: lines.put(out.readline()), args=(self._process.stdout,), daemon=True
        ).start()
        try:
            return lines.get(timeout=timeout) or None
        except queue.Empty:
            return None

    def finish(self) -> tuple[int, str]:
        """Wait until it ends; its exit code and all it printed."""
        assert self._process.stdout is not None
        printed = self._process.stdout.read()
        code = self._process.wait()
        self._close()
        return code, printed

    def stop(self, patience: float = 10.0) -> None:
        """Ask it to leave; after `patience` seconds it is killed."""
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def hold_leash() -> None:
    """In a child: leave as on SIGTERM when the parent is gone; die at once if that takes longer than 10 seconds."""

    def watch() -> None:
        sys.stdin.read()
        threading.Timer(10.0, os._exit, (1,)).start()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="leash", daemon=True).start()
