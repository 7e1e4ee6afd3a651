"""A crawler's end of the pipeline as a process of its own that may be killed: lines of a file onto the log.

    python -m tests.chaos.feed CONFIG LINES PROGRESS

Like a crawl it goes on where it was, and hands over again what it does not know to have arrived. Ends on SIGTERM.
"""

import signal
import sys
import time
from pathlib import Path

from configs import wiring
from configs.load import load
from stream.codec import decode_post
from stream.ports import Message, Unavailable
from stream.records import POSTS

_AT_ONCE = 100


def feed(config: Path, lines: Path, progress: Path) -> None:
    """Append what is in the file, and what is added to it."""
    log = wiring.open_log(load(config))
    at = int(progress.read_text(encoding="ascii")) if progress.exists() else 0
    with lines.open("rb") as given:
        given.seek(at)
        while True:
            some = [line for line in (given.readline() for _ in range(_AT_ONCE)) if line.endswith(b"\n")]
            at += sum(map(len, some))
            given.seek(at)  # a line that is being written is read again when it is whole
            if not some:
                time.sleep(0.05)
                continue
            posts = [line.rstrip(b"\n") for line in some]
            while True:
                try:
                    log.append(POSTS, [Message(decode_post(value).id, value) for value in posts])
                except Unavailable as error:
                    sys.stderr.write(f"the log took nothing: {error}\n")
                    sys.stderr.flush()
                    time.sleep(0.2)
                else:
                    break
            draft = progress.with_suffix(".draft")
            draft.write_text(str(at), encoding="ascii")
            draft.replace(progress)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    feed(*map(Path, sys.argv[1:4]))
