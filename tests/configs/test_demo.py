"""The demo, from a platform's page to a person who is told: one run of the bundled posts, looked at from all sides."""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from configs.demo import prepare
from configs.run import alone
from crawlers.sandbox.site import BUNDLED
from stream.ports import Misconfigured
from stream.query import PostQuery
from stream.store_sqlite import SqliteStore


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """The folder, the summary and the terminal's lines of `guanlan run --demo --once --json`."""
    data = tmp_path_factory.mktemp("demo")
    real = {"GUANLAN_DATA": str(data.parent / "real"), "GUANLAN_MAIL__SMTP_HOST": "mail.invalid"}
    ran = subprocess.run(
        [sys.executable, "-m", "guanlan", "run", "--demo", "--once", "--json", "--data", str(data)],
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("GUANLAN_")} | real,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return data, json.loads(ran.stdout), ran.stderr


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The bundled posts."""
    with gzip.open(BUNDLED, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_every_post_arrives_once(run: tuple[Path, dict[str, Any], str], rows: list[dict[str, Any]]) -> None:
    """What the platforms hold is crawled, judged and indexed, each post once and none lost."""
    _, summary, _ = run
    assert summary["posts"] == summary["judged"] == summary["indexed"] == len(rows)
    assert summary["dead"] == 0
    wanted = {platform: sum(row["platform"] == platform for row in rows) for platform in {r["platform"] for r in rows}}
    assert {name: source["posts"] for name, source in summary["sources"].items()} == wanted
    assert {source["health"] for source in summary["sources"].values()} == {"fresh"}


def test_invented_posts_stay_out_of_a_real_installation(run: tuple[Path, dict[str, Any], str]) -> None:
    """Data folder and mail server of the environment, as a container has them, are named and left alone."""
    data, summary, told = run
    assert not (data.parent / "real").exists()
    assert all(Path(mail).is_relative_to(data) for mail in summary["digests"])
    for name in ("GUANLAN_DATA", "GUANLAN_MAIL__SMTP_HOST"):
        assert f"{name} is not used" in told


def test_alerts_reach_their_receivers(run: tuple[Path, dict[str, Any], str]) -> None:
    """Every alert was delivered and its signature accepted; guardians heard of people, the desk of brands."""
    data, summary, _ = run
    assert summary["alerts"] > 0
    assert summary["deliveries"] == {"sent": summary["alerts"], "failed": 0, "pending": 0}
    receipts = [json.loads(line) for line in (data / "received.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(receipts) == summary["alerts"]
    assert not any(receipt["repeat"] for receipt in receipts)
    assert {receipt["channel"] for receipt in receipts} == {"risk-desk", "guardians"}


def test_the_battle_report_lies_in_the_outbox(run: tuple[Path, dict[str, Any], str]) -> None:
    """One mail, in HTML and text, about the own brand and the incident."""
    _, summary, _ = run
    (path,) = summary["digests"]
    mail = message_from_bytes(Path(path).read_bytes(), policy=policy.default)
    assert "云汀茶战报" in mail["Subject"]
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    for told in (html.get_content(), plain.get_content()):
        assert "钢丝" in told
        assert "鹿屿鲜茶" in told


def test_the_summary_has_its_shape(run: tuple[Path, dict[str, Any], str]) -> None:
    """The JSON object that programs read: latency of every stage in milliseconds, seconds of the whole."""
    _, summary, _ = run
    assert summary["seconds"] > 0
    for stage in ("fetched_logged", "logged_judged", "judged_indexed"):
        latency = summary["stage_latency_ms"][stage]
        assert 0 <= latency["p50"] <= latency["p95"] <= latency["p99"]


def test_nothing_said_or_owned_leaks(run: tuple[Path, dict[str, Any], str], rows: list[dict[str, Any]]) -> None:
    """The terminal shows no words of a post, no author and no key; the book holds no author's name."""
    data, _, lines = run
    for row in rows:
        assert row["text"][:12] not in lines
        assert not row.get("author") or row["author"] not in lines
    for name in ("author.key", "hooks.key", "guardian.key"):
        assert (data / name).read_text(encoding="ascii") not in lines
        assert (data / name).stat().st_mode & 0o077 == 0
    names = {row["author"].encode() for row in rows if row.get("author") and len(row["author"]) > 3}
    for database in ("log.db", "store.db", "book.db", "crawl.db"):
        held = (data / database).read_bytes()
        # a name may also be spoken of in a text; as a field of its own it never stands anywhere
        assert not [name for name in names if b'"author":"' + name in held], database


def test_a_second_run_tells_nothing_twice(run: tuple[Path, dict[str, Any], str]) -> None:
    """Run again over the same folder: nothing new is crawled, raised, sent or reported."""
    data, summary, _ = run
    again = subprocess.run(
        [sys.executable, "-m", "guanlan", "run", "--demo", "--once", "--json", "--data", str(data)],
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("GUANLAN_")},
    )  # fmt: skip
    second = json.loads(again.stdout)
    for key in ("posts", "judged", "indexed", "alerts", "deliveries", "digests"):
        assert second[key] == summary[key], key
    with sqlite3.connect(data / "book.db") as book:
        assert book.execute("SELECT count(*) FROM digests").fetchone() == (1,)
    book.close()


def test_any_corpus_runs_whatever_its_platforms(tmp_path: Path) -> None:
    """A file of one platform, with its own times, is crawled whole and stays, however old; its bad lines are told."""
    rows = [
        {"platform": "complaint", "id": str(number), "author": None, "text": f"第{number}次投诉,噪音扰民",
         "published_at": "2024-01-02T03:04:05+08:00"}
        for number in range(3)
    ]  # fmt: skip
    corpus = tmp_path / "posts.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    corpus.write_text("\n".join((*lines[:1], "{", *lines[1:], "[]")), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "guanlan", "run", "--demo", "--once", "--json", "--keep-times",
         "--corpus", str(corpus), "--data", str(tmp_path / "data")],
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=True,
    )  # fmt: skip
    summary = json.loads(ran.stdout)
    assert summary["sources"] == {"complaint": {"posts": 3, "health": "fresh"}}
    assert summary["indexed"] == 3
    with closing(SqliteStore(tmp_path / "data" / "store.db")) as store:
        assert store.count(PostQuery()) == 3
    assert summary["dropped_lines"] == {"not JSON": [2], "not a JSON object": [5]}
    assert "posts.jsonl: 1 dropped: not JSON (line 2)" in ran.stderr


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"[1]", "line 1: not a JSON object"),
        (b"\xff\xfe", "line 1: not JSON"),
        (b"", "no posts"),
        (b'{"platform": "weibo", "id": "1", "text": "a", "published_at": "2026-01-01 10:00:00"}', "published_at"),
    ],
)
def test_a_corpus_that_cannot_be_served_is_refused_before_anything_is_made(
    tmp_path: Path, content: bytes, named: str
) -> None:
    """The refusal names the line and the field, as the sandbox itself would, and leaves no folder behind."""
    corpus = tmp_path / "posts.jsonl"
    corpus.write_bytes(content)
    with pytest.raises(Misconfigured, match=named):
        prepare(tmp_path / "data", corpus=corpus, shift=False, fresh=True, now=datetime.now(UTC))
    assert not (tmp_path / "data").exists()


def test_a_gzip_file_cut_off_or_spoilt_is_refused(tmp_path: Path) -> None:
    """Neither the end of a file nor garbage inside it ends in anything but a sentence."""
    whole = BUNDLED.read_bytes()
    corpus = tmp_path / "posts.jsonl.gz"
    for content in (whole[: len(whole) // 2], whole[:2000] + b"\xff" * 500 + whole[2500:], b"plain"):
        corpus.write_bytes(content)
        with pytest.raises(Misconfigured, match="--corpus"):
            prepare(tmp_path / "data", corpus=corpus, shift=True, fresh=False, now=datetime.now(UTC))


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file where the folder should be, or a scene cut off by a crash, is a sentence and no traceback."""
    (tmp_path / "file").touch()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "scene.json").write_text('{"corpus": "', encoding="utf-8")
    for name in ("file", "torn"):
        with pytest.raises(Misconfigured, match=name):
            prepare(tmp_path / name, corpus=None, shift=True, fresh=False, now=datetime.now(UTC))


def test_a_running_demo_is_left_alone(tmp_path: Path) -> None:
    """Nothing is emptied or begun in a folder where another run is at work."""
    now = datetime.now(UTC)
    prepare(tmp_path, corpus=None, shift=True, fresh=False, now=now)
    (tmp_path / "log.db").touch()
    for fresh in (False, True):
        with alone(tmp_path), pytest.raises(Misconfigured, match=tmp_path.name):
            prepare(tmp_path, corpus=None, shift=True, fresh=fresh, now=now)
    assert (tmp_path / "log.db").exists()
