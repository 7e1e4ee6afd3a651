"""`python -m tests.api.served FOLDER`: the whole application over a small scene, on a free port of this machine.

A process of its own, because NiceGUI keeps one dashboard a process. Prints its address, serves until stopped.
"""

import socket
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import uvicorn

from api.app import create_app
from stream.labels import Health, Risk, SelfHarm, Sentiment
from stream.records import Coverage
from tests.api.room import Room, room, source
from tests.factories import NOW, judged


def seed(made: Room) -> None:
    """One incident with reposts, one rival, one person at risk, one blocked source."""
    words = "在云汀茶喝出钢丝<script>alert(1)</script>电话13812345678"
    incident = judged(
        "1",
        text=words,
        sentiment=Sentiment.NEGATIVE,
        risks=(Risk.SAFETY,),
        published_at=NOW - timedelta(hours=2),
    )
    reposts = [
        judged(
            f"r{n}",
            text="转发微博",
            quoted=words,
            parent=incident.post.id,
            sentiment=Sentiment.NEGATIVE,
            risks=(Risk.SAFETY,),
            published_at=NOW - timedelta(minutes=10 + n),
        )
        for n in range(5)
    ]
    quiet = judged("q", text="测试:需要关怀", sentiment=Sentiment.NEGATIVE, self_harm=SelfHarm.CRISIS)
    made.put(incident, *reposts, quiet, judged("l", subjects=("luyu",), text="鹿屿鲜茶很好喝"))
    unread = Coverage("云汀茶", Health.BLOCKED, got=4, expected=900, pages=1, subjects=("own",))
    made.sources.append(replace(source("douyin", Health.BLOCKED, "连续三次空白页,已停止访问"), coverage=(unread,)))


def main() -> None:
    """Serve the scene in the folder named on the command line."""
    with room(Path(sys.argv[1])) as made, socket.socket() as listening:
        seed(made)
        listening.bind(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)  # noqa: T201 the caller reads it
        uvicorn.Server(uvicorn.Config(create_app(made.parts), log_level="warning")).run([listening])


if __name__ == "__main__":
    main()
