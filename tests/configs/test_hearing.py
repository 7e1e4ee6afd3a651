"""Douyin's events from the wire to the log: genuine ones once, others not at all."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from hashlib import sha1
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts.book import Book
from api.app import create_api
from api.parts import NotGenuine
from configs import hearing
from configs.load import BUNDLED, Config, load
from configs.server import parts
from crawlers.state import CrawlState
from stream.codec import decode_post
from stream.log_sqlite import SqliteLog
from stream.ports import MessageLog
from stream.records import POSTS, Post, post_id
from stream.store_sqlite import SqliteStore

SOURCE = """
[[source]]
name = "{name}"
spider = "douyin_comments"
access = "official_api"
enabled = {enabled}
accounts = ["{account}"]
keywords = ["云汀茶"]
access_token_env = "DOUYIN_TOKEN"
client_secret_env = "DOUYIN_SECRET"
purpose = "客户评论"
assessment = "官方接口"
"""
ENVIRON = {"DOUYIN_SECRET": "app-secret"}
Hear = Callable[[Mapping[str, str], bytes], Mapping[str, object]]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "guanlan.toml").write_text(f'data = "{tmp_path.as_posix()}/data"\n', encoding="utf-8")
    return tmp_path


def config(folder: Path, *sources: str) -> Config:
    """The bundled configuration with these sources."""
    (folder / "sources.toml").write_text("".join(sources), encoding="utf-8")
    return load(folder / "guanlan.toml")


def source(name: str = "own", account: str = "open-1", enabled: str = "true") -> str:
    """A table of sources.toml."""
    return SOURCE.format(name=name, account=account, enabled=enabled)


@pytest.fixture(name="log")
def _log(folder: Path) -> Iterator[MessageLog]:
    (folder / "data").mkdir()
    with closing(SqliteLog(folder / "data" / "log.db")) as log:
        yield log


@pytest.fixture(name="state")
def _state(folder: Path, log: MessageLog) -> Iterator[CrawlState]:
    with closing(CrawlState(folder / "data" / "crawl.db")) as state:
        yield state


def posts(log: MessageLog) -> list[Post]:
    """What the log has."""
    with closing(log.reader(POSTS, "test")) as reader:
        return [decode_post(record.value) for record in reader.poll(100, 0)]


def event(comment: str, account: str = "open-1", words: str = "喝出钢丝") -> bytes:
    """A comment on the account."""
    content = {"comment_id": comment, "comment_user_id": "u1", "content": words, "create_time": 1763690000}
    told = {"event": "item_comment_reply", "to_user_id": account, "content": json.dumps(content)}
    return json.dumps(told).encode()


def sent(hear: Hear, body: bytes, secret: str = "app-secret") -> Mapping[str, object]:
    """An event as the platform signs it."""
    return hear({"x-douyin-signature": sha1(secret.encode() + body).hexdigest()}, body)


def test_a_comment_is_logged_once(folder: Path, log: MessageLog, state: CrawlState) -> None:
    """Sent twice, logged once, before the answer; a crawl may still complete it."""
    hear = hearing.douyin(config(folder, source()), log, state, environ=ENVIRON)
    assert sent(hear, event("@a")) == {}
    (post,) = posts(log)
    assert (post.id, post.source, post.text, post.target) == (post_id("douyin", "@a"), "own", "喝出钢丝", "云汀茶")
    assert post.author
    sent(hear, event("@a"))
    assert log.size(POSTS) == 1
    assert state.known_posts("own", ["@a"], cut=True) == {"@a"}
    assert state.known_posts("own", ["@a"]) == set()


def test_the_platform_is_answered_its_challenge(folder: Path, log: MessageLog, state: CrawlState) -> None:
    """The address is taken into use only by who knows the secret."""
    hear = hearing.douyin(config(folder, source()), log, state, environ=ENVIRON)
    body = b'{"event":"verify_webhook","client_key":"","content":{"challenge":12345}}'
    assert sent(hear, body) == {"challenge": 12345}
    for headers in ({}, {"x-douyin-signature": "0" * 40}):
        with pytest.raises(NotGenuine):
            hear(headers, body)
    assert log.size(POSTS) == 0


def test_each_account_hears_its_own(folder: Path, log: MessageLog, state: CrawlState) -> None:
    """Two accounts under one app: the event goes to the source of the account it is about."""
    hear = hearing.douyin(config(folder, source(), source("second", "open-2")), log, state, environ=ENVIRON)
    sent(hear, event("@a", "open-2"))
    sent(hear, event("@b", "open-1"))
    assert [post.source for post in posts(log)] == ["second", "own"]


@pytest.mark.parametrize("environ", [{}, {"DOUYIN_SECRET": " "}])
def test_nobody_listens_without_a_secret(
    folder: Path, log: MessageLog, state: CrawlState, environ: dict[str, str]
) -> None:
    """An empty secret makes no signature; a source that is switched off hears nothing."""
    body = event("@a")
    for made in (
        hearing.douyin(config(folder, source()), log, state, environ=environ),
        hearing.douyin(config(folder, source(enabled="false")), log, state, environ=ENVIRON),
    ):
        for secret in ("", "app-secret"):
            with pytest.raises(NotGenuine):
                sent(made, body, secret)
    assert log.size(POSTS) == 0


def test_what_tells_of_no_comment_is_answered_and_left(folder: Path, log: MessageLog, state: CrawlState) -> None:
    """Other events and comments without words would not become better by being sent again."""
    hear = hearing.douyin(config(folder, source()), log, state, environ=ENVIRON)
    assert sent(hear, b'{"event": "im_receive_msg", "content": {}}') == {}
    assert sent(hear, event("@a", words=" ")) == {}
    assert log.size(POSTS) == 0


def test_the_served_api_listens(
    folder: Path, log: MessageLog, state: CrawlState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `guanlan serve` puts together hears Douyin at its address."""
    monkeypatch.setenv("DOUYIN_SECRET", "app-secret")
    made = config(folder, source())
    body = event("@a")
    signature = sha1(b"app-secret" + body).hexdigest()
    with closing(SqliteStore(folder / "store.db")) as store, closing(Book(f"sqlite:///{folder / 'book.db'}")) as book:
        api = create_api(parts(made, log, store, book, state))
        with TestClient(api) as client:
            answer = client.post("/api/hooks/douyin", content=body, headers={"X-Douyin-Signature": signature})
    assert (answer.status_code, answer.json(), log.size(POSTS)) == (200, {}, 1)
