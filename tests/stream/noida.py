"""A local server that speaks the wire protocols of Kafka and Elasticsearch, for tests: the PyPI package `noida-db`.

One for the whole run (the `noida` fixture of `conftest`), or one of a test's own that it may kill and start again on
the same ports (`Noida(folder)`). What it keeps is in its folder.
"""

import importlib.util
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

_ADDRESS = re.compile(r"^\s+(kafka|elasticsearch)\s+(?:http://)?127\.0\.0\.1:(\d+)\s*$")
_SECONDS = 30.0


class Noida:
    """The server in a process of its own, on loopback ports that the kernel chose.

    Args:
        folder: where it keeps its data; exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {"kafka": 0, "elasticsearch": 0}
        self._process: subprocess.Popen[str] | None = None

    @property
    def kafka(self) -> str:
        """The address for Kafka clients, `host:port`."""
        return f"127.0.0.1:{self._ports['kafka']}"

    @property
    def elastic(self) -> str:
        """The address for Elasticsearch clients, a URL."""
        return f"http://127.0.0.1:{self._ports['elasticsearch']}"

    def start(self) -> None:
        """Start and return when both ports answer; after the first time on the same ports again."""
        assert self._process is None, "it is running"
        options = [option for name, port in self._ports.items() for option in (f"--{name}-port", str(port))]
        with (self._folder / "errors.txt").open("a") as errors:
            self._process = subprocess.Popen(
                [str(_binary()), "start", "--data-dir", str(self._folder), "--only", ",".join(self._ports), *options],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._ports = self._announced(self._process)
        for port in self._ports.values():
            socket.create_connection(("127.0.0.1", port), timeout=_SECONDS).close()

    def stop(self) -> None:
        """End it in order: what it holds is on disk afterwards. Harmless when it is not running."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(kill=True)

    def _announced(self, process: subprocess.Popen[str]) -> dict[str, int]:
        """The ports that it says it listens on; a server that says nothing in time is killed."""
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        found: dict[str, int] = {}
        try:
            assert process.stdout is not None
            while len(found) < len(self._ports):
                line = process.stdout.readline()
                if not line:
                    self.kill()
                    pytest.fail(f"noida-db did not start: {(self._folder / 'errors.txt').read_text()}")
                if match := _ADDRESS.match(line):
                    found[match[1]] = int(match[2])
        finally:
            timer.cancel()
        return {name: found[name] for name in self._ports}

    def _end(self, *, kill: bool) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def _binary() -> Path:
    """The server itself, not the Python script that starts it and would leave it behind."""
    spec = importlib.util.find_spec("noida_db")
    if spec is None or spec.origin is None:
        pytest.skip("no local Kafka and Elasticsearch here: pip install noida-db")
    path = Path(spec.origin).parent / "noida-db"
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path
