"""A mailroom that is killed: run as a program, it delivers a report in forked children that die at a chosen line.

Prints, for each line at which a child died, what was left after a second, undisturbed run.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from alerts.book import Book
from alerts.mailer import OutboxMailer, render
from alerts.mailroom import Mailroom, publish
from alerts.report import Digest
from stream.retry import Backoff
from tests.alerts.newsroom import COMPOSED, DAY, SPEC, report, stored

SENDER = "guanlan@example.invalid"
WATCHED = ("mailroom.py", "attempts.py", "mailer.py", "book_digests.py", "book_outbox.py")


def deliver(folder: Path, digest: Digest) -> None:
    """One run of the timetable: compose and owe the report, then deliver what is due."""
    book = Book(f"sqlite:///{folder / 'book.db'}")
    try:
        book.release_claims()
        publish(book, SPEC, DAY, lambda: digest, COMPOSED)
        outbox = OutboxMailer(folder / "outbox")
        listed = {SPEC.name: SPEC.recipients}
        Mailroom(book, outbox, SENDER, lambda: COMPOSED, recipients=listed, backoff=Backoff()).deliver_due()
    finally:
        book.close()


def dies_at(line: int, folder: Path, digest: Digest) -> bool:
    """Deliver in a child that is killed at the `line`-th line it runs of the watched files; False if it got through."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if Path(frame.f_code.co_filename).name not in WATCHED or "/alerts/" not in frame.f_code.co_filename:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        deliver(folder, digest)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def left_in(folder: Path) -> dict[str, object]:
    """What a user could see: digests, mails and their states, and the outbox byte for byte."""
    book = Book(f"sqlite:///{folder / 'book.db'}")
    try:
        digests = [digest.body for digest in book.digests()]
        states = {str(state): number for state, number in book.mail_counts().items()}
    finally:
        book.close()
    outbox = {file.name: file.read_bytes().decode() for file in sorted((folder / "outbox").iterdir())}
    return {"digests": digests, "mails": states, "outbox": outbox}


def main(folder: Path, step: int) -> None:
    """Kill at every `step`-th line until a child gets through."""
    with stored(folder, []) as store:
        digest = report(store)
    render(digest, sender=SENDER, recipient="x@example.invalid")  # so that no child compiles the templates
    line, alive = 1, False
    while not alive:
        place = folder / str(line)
        place.mkdir()
        alive = not dies_at(line, place, digest)
        deliver(place, digest)
        sys.stdout.write(json.dumps({"line": line, "killed": not alive, "left": left_in(place)}) + "\n")
        line += step


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
