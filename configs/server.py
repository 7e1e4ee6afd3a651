"""The long-running commands `guanlan run` and `guanlan serve`.

Owns what keeps them alive and what ends them. A run's parts belong to `run`, single workers to `working`.
"""

import hmac
import logging
import socket
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from alerts.book import Book
from api.app import create_app
from api.auth import digest
from api.parts import Parts, Person, Role, Sender
from configs import demo, hearing, importing, wiring
from configs.dead import Tally
from configs.duties import Office, keeping
from configs.load import Config, load
from configs.narrate import Say
from configs.run import Run
from configs.turns import in_turn
from configs.watch import Watch
from configs.working import TIMETABLE
from crawlers.state import CrawlState
from models.stories import group
from stream.ports import MessageLog, Misconfigured, PostStore

log = logging.getLogger(__name__)

_PATIENCE = timedelta(minutes=10)


def run_server(config: Config, say: Say, *, report_until: datetime | None = None) -> None:
    """Everything on one machine, until stopped.

    Args:
        report_until: make a battle report for the 24 hours before this as soon as the first crawl is handled.

    Raises:
        Exception: whatever killed a part.
    """
    wiring.check_people(config)
    with _listening(config) as listener, Run(config, say) as run:
        run.thread("watch", Watch(run, say).keep_looking)
        run.thread("first crawl", lambda: _begin(run, say, report_until))
        office = Office(config, run.log, run.store, run.book, run.newsroom, run.crawls, say, run.ended)
        timetable = run.book.turn(TIMETABLE)
        run.thread(TIMETABLE, lambda: in_turn(timetable, lambda: keeping(office, crawl_now=False), run.ended))
        server = _server(create_app(parts(config, run.log, run.store, run.book, run.state)))
        run.thread("usher", lambda: _end_with(run, server))
        say("ready", f"看板与接口 {config.settings.serve.address}    Ctrl-C 停止")
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has shut down
            server.run(sockets=[listener])
        say("stop", "完成手中的批次并提交")
    run.check()


def run_demo(folder: Path, *, corpus: Path | None, shift: bool, fresh: bool, say: Say) -> None:
    """The same on the sandbox, with a battle report as soon as all its posts are handled."""
    path, scene, _ = demo.prepare(folder, corpus=corpus, shift=shift, fresh=fresh, now=wiring.now())
    with demo.outside_world(folder, scene):
        run_server(load(path), say, report_until=demo.window_end(scene))


def serve_only(config: Config) -> None:
    """API and dashboard over parts that other processes feed."""
    wiring.check_people(config)
    with ExitStack() as opened:
        listener = opened.enter_context(_listening(config))
        log, store = wiring.open_log(config), wiring.open_store(config)
        book, state = wiring.open_book(config), wiring.open_state(config)
        for part in (log, store, book, state):
            opened.callback(part.close)
        server = _server(create_app(parts(config, log, store, book, state)))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def parts(config: Config, log: MessageLog, store: PostStore, book: Book, state: CrawlState) -> Parts:
    """What the API is built from."""
    people, senders = config.settings.serve.people, config.settings.serve.senders
    return Parts(
        store=store,
        log=log,
        book=book,
        subjects=config.subjects,
        health=lambda: wiring.source_health(config, state),
        dead=Tally(log),
        group=group,
        keys={digest(p.key.get_secret_value()): Person(p.name, frozenset(map(Role, p.roles))) for p in people},
        clock=wiring.now,
        groups=wiring.GROUPS,
        # the same in every process that has the author key: a login at one holds at all
        storage_secret=hmac.digest(wiring.author_key(config), b"guanlan login cookie", "sha256").hex(),
        open_here=config.settings.serve.open_here,
        senders={digest(s.key.get_secret_value()): Sender(s.name, frozenset(s.sources)) for s in senders},
        take_in=importing.intake_of(config, log, state),
        hooks={"douyin": hearing.douyin(config, log, state)},
    )


def _begin(run: Run, say: Say, report_until: datetime | None) -> None:
    run.crawls.all()
    if report_until is None:
        return
    run.drain(_PATIENCE)
    for spec in run.config.digests:
        if not run.ended.is_set():
            for path in run.newsroom.send(spec, until=report_until).paths:
                say("digest", path)


def _listening(config: Config) -> socket.socket:
    """The address to serve at, taken before anything else is begun.

    Raises:
        Misconfigured: it cannot be had.
    """
    serve = config.settings.serve
    try:
        return socket.create_server(
            (serve.host, serve.port), family=socket.AF_INET6 if ":" in serve.host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise Misconfigured(
            f"{config.path}: serve.host, serve.port: {serve.host}:{serve.port} cannot be had: {error.strerror}"
        ) from None


def _server(app: Any) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))


def _end_with(run: Run, server: uvicorn.Server) -> None:
    """When a part dies, the web server must not go on alone."""
    run.ended.wait()
    server.should_exit = True
