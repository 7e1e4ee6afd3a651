"""`guanlan work`: one stage as a process of its own, over a folder that others share."""

import os
import shutil
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

from configs import wiring
from configs.load import BUNDLED, load
from stream.codec import encode
from stream.ports import Message
from stream.records import POSTS
from tests.factories import post

CHANNELS = ("risk-desk", "guardians", "guardians-lead")


def test_processes_of_their_own_tell_people_too(tmp_path: Path) -> None:
    """A post that only `work judge` and `work alert` have handled reaches the receiver, and both leave when asked."""
    told: Queue[str] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()
            told.put(self.path)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        serving = Thread(target=receiver.serve_forever)
        serving.start()
        path = folder_of(tmp_path, receiver.server_port)
        log = wiring.open_log(load(path))
        log.append(POSTS, [Message("a", encode(post(text="云汀茶的桂花乌龙里喝出一截钢丝,划破了嘴")))])
        log.close()
        workers = [_work(stage, path) for stage in ("judge", "alert")]
        try:
            assert told.get(timeout=60) == "/risk-desk"
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            endings = [worker.communicate(timeout=60)[1] for worker in workers]
            receiver.shutdown()
            serving.join()
    assert [worker.returncode for worker in workers] == [0, 0], endings


def folder_of(folder: Path, port: int) -> Path:
    """A configuration in a folder, its data there too, its channels at a port of this machine."""
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, folder / file.name)
    (folder / "guanlan.toml").write_text(f'data = "{folder / "data"}"\n', encoding="utf-8")
    (folder / "hook.key").write_text("whsec_" + "YQ" * 16, encoding="ascii")
    with (folder / "rules.toml").open("a", encoding="utf-8") as rules:
        for name in CHANNELS:
            rules.write(f'\n[[channel]]\nname = "{name}"\nurl = "http://127.0.0.1:{port}/{name}"\n')
            rules.write(f'secret = "file:{folder / "hook.key"}"\n')
    return folder / "guanlan.toml"


def _work(stage: str, config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "guanlan", "work", stage, "--config", str(config)],
        stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={name: value for name, value in os.environ.items() if not name.startswith("GUANLAN_")},
    )  # fmt: skip
