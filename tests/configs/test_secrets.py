"""Credentials go to the platform and nowhere else."""

import json
import os
import subprocess
import sys
from pathlib import Path

from configs.load import BUNDLED
from crawlers.platforms import DEMANDS
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.site import Site
from crawlers.sandbox.weibo_open import ACCOUNT
from tests.crawlers.crawling import corpus, rows

SECRETS = {
    "COOKIE": "SUB=5ecre7-session",
    "KEY": "5ecre7-key",
    "SECRET": "5ecre7-secret",
    "TOKEN": "5ecre7-token",
    "REFRESH": "rft.5ecre7-refresh",
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
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {"crawl.db", "log.db"} <= {path.name for path in files}
    for secret in ("5ecre7", "clt.", "act."):  # so begins every token that douyin hands out
        assert secret not in written
        assert not [path.name for path in files if secret.encode() in path.read_bytes()]
