"""A run: alone in its folder, patient with receivers, ended by the death of a part."""

import queue
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.desk import Desk
from configs import wiring
from configs.load import BUNDLED, Config, load
from configs.once import run_once
from configs.run import Run
from configs.settings import ChannelTable, ServeTable
from configs.watch import Watch
from stream.codec import encode
from stream.ports import Message, Misconfigured
from stream.query import PostQuery
from stream.records import POSTS
from tests.alerts.room import SUBJECTS, negative, surge
from tests.factories import judged, post


def quiet(kind: str, line: str) -> None:
    """Tell nobody."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The bundled configuration over an empty folder with a guardian, its channels on a port where nobody listens."""
    secret = tmp_path / "hook.key"
    secret.write_text("whsec_" + "YQ" * 16, encoding="ascii")
    bundled = load(BUNDLED)
    channels = tuple(
        ChannelTable.model_validate({"name": name, "url": "http://127.0.0.1:9/hook", "secret": f"file:{secret}"})
        for name in ("risk-desk", "guardians", "guardians-lead")
    )
    guardian = {"name": "周宁", "roles": ["guardian"], "key": f"file:{secret}"}
    serve = ServeTable.model_validate({"people": [guardian]})
    settings = bundled.settings.model_copy(update={"data": tmp_path / "data", "serve": serve})
    return replace(bundled, settings=settings, channels=channels)


def test_a_second_run_in_the_same_folder_is_refused(config: Config) -> None:
    """Two runs would take each other's claims for dead; the second is told so, and may begin when the first ends."""
    first = Run(config, quiet)
    with first, pytest.raises(Misconfigured, match="another run"):
        Run(config, quiet)
    with Run(config, quiet):
        pass


def test_a_receiver_that_is_down_holds_up_nothing_but_its_notices(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts are judged and indexed and the report is made; the notice stays due."""
    monkeypatch.setattr("configs.once.TELLING", timedelta(seconds=1))
    with Run(config, quiet) as run:
        said = post("1", text="云汀茶里喝到钢丝,划破了嘴,去医院了")
        run.log.append(POSTS, [Message(said.id, encode(said))])
        run.drain(timedelta(seconds=30))
    summary = run_once(config, quiet)
    assert summary["indexed"] == 1
    assert summary["alerts"] == summary["deliveries"]["pending"] == 1
    assert len(summary["digests"]) == 1


def test_a_run_from_cron_tidies_once_a_day(config: Config) -> None:
    """Who runs `--once` by a clock may never be up at night: it lets go of what is past retention at its end."""
    counted = []
    with closing(wiring.open_store(config)) as store:
        for _ in range(2):
            store.put([judged("1", published_at=wiring.now() - timedelta(days=400))])
            run_once(config, quiet)
            counted.append(store.count(PostQuery()))
    assert counted == [0, 1]


def test_a_message_that_is_no_post_dies_alone(config: Config) -> None:
    """Rubbish on the log becomes a dead letter; the posts around it pass."""
    with Run(config, quiet) as run:
        good = [post(str(number), text=f"第 {number} 杯") for number in range(3)]
        messages = [Message(one.id, encode(one)) for one in good]
        run.log.append(
            POSTS, [messages[0], Message("bad", b"\xff not json"), Message("odd", b'{"text": 1}'), *messages[1:]]
        )
        run.drain(timedelta(seconds=30))
        assert run.log.size("dead") == 2
        assert all(run.store.get(one.id) for one in good)


def test_a_part_that_dies_ends_the_run(config: Config) -> None:
    """Half a pipeline never looks like a quiet day: the run ends and says why."""

    def die() -> None:
        raise RuntimeError("gone")

    with Run(config, quiet) as run:
        run.thread("part", die)
        assert run.ended.wait(10)
        with pytest.raises(RuntimeError, match="gone"):
            run.check()


def test_a_run_waits_for_what_it_began(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that takes longer than anybody likes to wait finds log and stores open when it comes to its end."""
    join = threading.Thread.join
    # as if whatever waits with a limit had waited for all of it
    monkeypatch.setattr(threading.Thread, "join", lambda self, timeout=None: join(self) if timeout is None else None)
    finish = threading.Event()
    with Run(config, quiet) as run:

        def long_batch() -> None:
            run.ended.wait()
            finish.wait()
            run.log.append(POSTS, [Message("last", b"{}")])

        run.thread("long batch", long_batch)
        threading.Timer(0.5, finish.set).start()
    run.check()


def test_the_watch_waits_for_a_book_that_is_away(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only looks never ends a run; what was raised meanwhile is said once the book is back."""
    monkeypatch.setattr("configs.watch._EVERY_SECONDS", 0.01)
    said: queue.Queue[str] = queue.Queue()
    with Run(config, quiet) as run:
        watch = Watch(run, lambda kind, line: said.put(kind))
        book = sqlite3.connect(config.settings.data / "book.db", isolation_level=None)
        with closing(book):
            book.execute("ALTER TABLE cases RENAME TO elsewhere")
            run.thread("watch", watch.keep_looking)
            assert not run.ended.wait(0.5)
            book.execute("ALTER TABLE elsewhere RENAME TO cases")
        Desk([surge(count=1)], SUBJECTS, run.book, wiring.now)([negative("1", published_at=wiring.now())])
        assert said.get(timeout=10) == "alert"


def test_crawls_that_begin_at_once_share_one_author_key(config: Config) -> None:
    """Whoever comes first makes the key, whole; everybody else reads it."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: wiring.author_key(config), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert [path.name for path in config.settings.data.glob("author.key*")] == ["author.key"]
