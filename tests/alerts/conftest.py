"""Where a book may live: a SQLite file, and a PostgreSQL server where one can be had.

`GUANLAN_TEST_POSTGRES` names a server (a URL of a database whose user may create databases); otherwise one is started
from the local installation, and without one the PostgreSQL half is skipped, visibly.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from alerts.book import Book

_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def book_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty book."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/book.db"
        return
    server: URL = request.getfixturevalue("postgres")
    name = f"guanlan_test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def book(book_url: str) -> Iterator[Book]:
    """An empty book, on each database."""
    made = Book(book_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A server."""
    if given := os.environ.get("GUANLAN_TEST_POSTGRES"):
        yield make_url(given)
        return
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/nowhere")]
    if not found[-1].exists():
        pytest.skip("no PostgreSQL here: install its server or set GUANLAN_TEST_POSTGRES")
    programs = found[-1].parent
    # the server refuses to run as root
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="guanlan-postgres-"))
    shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quick = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    try:
        _call(programs, user, "initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "--no-sync")
        _call(programs, user, "pg_ctl", "-D", f"{folder}/data", "-o", quick, "-l", f"{folder}/log", "-w", "start")
        yield make_url(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
        _call(programs, user, "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _call(programs: Path, user: str, name: str, *words: str) -> None:
    subprocess.run([programs / name, *words], user=user, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)
