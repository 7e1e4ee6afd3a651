"""Credentials go to the platform and nowhere else."""

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from starlette.testclient import TestClient

from api.app import create_api
from configs import wiring
from configs.load import BUNDLED, load
from configs.server import parts
from crawlers.platforms import DEMANDS
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sandbox.weibo_open import ACCOUNT
from tests.crawlers.crawling import NEWEST, corpus, rows

SECRETS = {
    "COOKIE": "SUB=5ecre7-session",
    "KEY": "5ecre7-key",
    "SECRET": "5ecre7-secret",
    "TOKEN": "5ecre7-token",
    "REFRESH": "rft.5ecre7-refresh",
    "HOOK": "whsec_5ecre7hook5ecre7hook5ecre7hook00",
    "PERSON": "5ecre7-person-5ecre7-person-5ecre7",
}
SESSION = 'access = "authorised_session"\nauthorisation = "合同 7 号"\nauthorised_until = 9999-01-01\n'
SOURCES = {
    "weibo": ("weibo", f'keywords = ["*"]\ncookie_env = "COOKIE"\n{SESSION}'),
    "weibo_search": ("weibo/s.weibo.com", f'keywords = ["*"]\ncookie_env = "file:SESSION_FILE"\n{SESSION}'),
    "weibo_open": ("weibo/api.weibo.com/2", 'access = "official_api"\naccess_token_env = "TOKEN"\n'),
    "douyin": (
        "douyin",
        'keywords = ["*"]\naccess = "official_api"\nclient_key_env = "KEY"\nclient_secret_env = "SECRET"\n',
    ),
    "douyin_comments": (
        "douyin",
        'accounts = ["*"]\naccess = "official_api"\nclient_key_env = "KEY"\nrefresh_token_env = "REFRESH"\n',
    ),
}
"""By spider: where it lives in the sandbox and with what it is read; every access that presents anything."""
FAULTS = (None, Fault.LOGIN_REDIRECT, Fault.HTTP_500)


def guanlan(*words: str, config: Path) -> subprocess.CompletedProcess[str]:
    """A command as a user runs it, credentials in its environment."""
    return subprocess.run(
        [sys.executable, "-m", "guanlan", *words, "--json", "--config", str(config)],
        capture_output=True, text=True, encoding="utf-8", env={**os.environ, **SECRETS}, timeout=300, check=False,
    )  # fmt: skip


def held(path: Path) -> bytes:
    """What a file holds; of a mail also what its parts say, which are encoded."""
    body = path.read_bytes()
    if path.suffix != ".eml":
        return body
    parts = message_from_bytes(body).walk()
    return body + b"".join(bytes(part.get_payload(decode=True) or b"") for part in parts)


def assert_unwritten(data: Path, said: str) -> set[str]:
    """Nothing that was said and no file holds a secret; the names of the files."""
    files = [path for path in data.rglob("*") if path.is_file()]
    for secret in ("5ecre7", "clt.", "act."):  # so begins every token that douyin hands out
        assert secret not in said
        assert not [path.name for path in files if secret.encode() in held(path)]
    return {path.name for path in files}


def answered(config: Path) -> str:
    """What a monitoring system and a person with a key are told over HTTP, wherever they may look."""
    asked = (
        "/metrics",
        "/api/health",
        "/api/posts",
        "/api/export.csv",
        "/api/stats?by=source",
        "/api/alerts",
        "/api/cases",
    )
    settings = load(config)
    with (
        closing(wiring.open_log(settings)) as log,
        closing(wiring.open_store(settings)) as store,
        closing(wiring.open_book(settings)) as book,
        closing(wiring.open_state(settings)) as state,
    ):
        client = TestClient(
            create_api(parts(settings, log, store, book, state)),
            headers={"Authorization": f"Bearer {SECRETS['PERSON']}"},
        )
        answers = {path: client.get(path) for path in asked}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(asked, 200)
    return "".join(answer.text + str(answer.headers) for answer in answers.values())


class Receiver(BaseHTTPRequestHandler):
    """Takes every notice."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_no_credential_is_written_anywhere(tmp_path: Path) -> None:
    """Whatever the platforms answer: databases, reports, health, logs and the terminal hold none of them."""
    presented = {key for demand in DEMANDS.values() for key in (*demand.credentials, *demand.renewing)}
    assert all(any(key in fields for _, fields in SOURCES.values()) for key in presented)
    config = tmp_path / "config" / "guanlan.toml"
    config.parent.mkdir()
    for name in ("subjects.toml", "rules.toml", "digests.toml"):
        (config.parent / name).write_bytes((BUNDLED.parent / name).read_bytes())
    data = tmp_path / "data"
    config.write_text(f'data = "{data}"\n[crawl]\ncontact = "a@example.invalid"\nat_once = 4\n', encoding="utf-8")
    lines = [*rows("weibo", range(12), f"@{ACCOUNT}"), *rows("douyin", range(12))]
    session = tmp_path / "session"
    session.write_text(SECRETS["COOKIE"], encoding="utf-8")
    written = ""
    with Site(corpus(tmp_path, lines)) as site:
        (config.parent / "sources.toml").write_text(
            "\n".join(
                f'[[source]]\nname = "{spider} {fault or "well"}"\nspider = "{spider}"\n'
                f'base_url = "{site.base_url}/{path}"\n{fields}delay_seconds = 0\n'.replace(
                    "SESSION_FILE", str(session)
                )
                for spider, (path, fields) in SOURCES.items()
                for fault in FAULTS
            ),
            encoding="utf-8",
        )
        for fault in FAULTS:
            for platform in ("weibo", "douyin"):
                site.faults.clear(platform) if fault is None else site.faults.set(platform, fault)
            told = guanlan("crawl", *(f"{spider} {fault or 'well'}" for spider in SOURCES), config=config)
            written += told.stdout + told.stderr
            outcomes = {report["source"]: report["outcome"] for report in json.loads(told.stdout)}
            assert (set(outcomes.values()) == {"complete"}) is (fault is None), outcomes
        told = guanlan("crawl", "douyin_comments well", "--dry-run", config=config)
        written += told.stdout + told.stderr
    told = guanlan("sources", config=config)
    assert len(json.loads(told.stdout)) == len(SOURCES) * len(FAULTS)
    written += told.stdout + told.stderr
    assert {"crawl.db", "log.db"} <= assert_unwritten(data, written)


def test_a_run_writes_no_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From crawl to alert and mailed report: topics, store, book, outbox, summary, logs, metrics and API hold none."""
    config = tmp_path / "config" / "guanlan.toml"
    config.parent.mkdir()
    (config.parent / "subjects.toml").write_bytes((BUNDLED.parent / "subjects.toml").read_bytes())
    (config.parent / "digests.toml").write_bytes((BUNDLED.parent / "digests.toml").read_bytes())
    data = tmp_path / "data"
    config.write_text(
        f'data = "{data}"\n[crawl]\ncontact = "a@example.invalid"\n[judge]\nmodel = "lexicon"\n'
        '[serve]\n[[serve.people]]\nname = "p"\nroles = ["guardian"]\nkey = "env:PERSON"\n',
        encoding="utf-8",
    )
    said = "云汀茶恶心,垃圾,态度差,难喝,钢丝划破了嘴,气死了,要投诉"
    a_day_ago = (NEWEST - timedelta(hours=23, minutes=59)).isoformat()  # so that the report has them
    lines = [row for of in ("weibo", "douyin") for row in rows(of, range(3), said, published_at=a_day_ago)]
    read = [SOURCES["weibo"], SOURCES["douyin"]]
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver, Site(corpus(tmp_path, lines)) as site:
        Thread(target=receiver.serve_forever, daemon=True).start()
        (config.parent / "rules.toml").write_text(
            '[[rule]]\nname = "all"\ntitle = "全部"\nseverity = "notice"\nwindow = "1d"\nchannels = ["desk"]\n'
            '[[rule]]\nname = "care"\ntitle = "自伤"\nseverity = "critical"\nself_harm = ["concern", "crisis"]\n'
            'channels = ["desk"]\nacknowledge_within = "15m"\nescalate_to = ["desk"]\n'
            f'[[channel]]\nname = "desk"\nurl = "http://127.0.0.1:{receiver.server_port}/hook"\nsecret = "env:HOOK"\n',
            encoding="utf-8",
        )
        (config.parent / "sources.toml").write_text(
            "\n".join(
                f'[[source]]\nname = "s{n}"\nspider = "{path}"\nbase_url = "{site.base_url}/{path}"\n{fields}'
                "delay_seconds = 0\n"
                for n, (path, fields) in enumerate(read)
            ),
            encoding="utf-8",
        )
        told = guanlan("run", "--once", config=config)
        receiver.shutdown()
    assert told.returncode == 0, told.stderr
    summary = json.loads(told.stdout)
    assert (summary["indexed"], summary["deliveries"]["pending"], len(summary["digests"])) == (6, 0, 1)
    assert summary["deliveries"]["sent"] >= 1
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    heard = answered(config)
    assert all(word in heard for word in ("guanlan_source_health{", "云汀茶"))
    written = assert_unwritten(data, told.stdout + told.stderr + heard)
    assert {"crawl.db", "log.db", "store.db", "book.db"} <= written
    assert any(name.endswith(".eml") for name in written)
