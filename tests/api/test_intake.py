"""Rows pushed over HTTP: who may, what is answered, and that nothing is promised before the log has it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from starlette.testclient import TestClient

from api import intake
from api.auth import digest
from api.parts import NoSuchSource, Receipt, Sender
from stream.ports import Unavailable
from tests.api.room import ANALYST, GUARDIAN, Room

KEY, OTHER = "sender-key", "other-sender-key"
SENDERS = {
    digest(KEY): Sender("客服系统", frozenset({"hotline", "gone"})),
    digest(OTHER): Sender("问卷系统", frozenset({"survey"})),
}
PATH = "/api/sources/hotline/rows"


@dataclass
class Taken:
    """What was handed on, and what is answered to it."""

    rows: list[tuple[str, list[object]]] = field(default_factory=list)
    away: bool = False

    def __call__(self, name: str, rows: Sequence[object]) -> Receipt:
        """As the composition root's function does."""
        if name == "gone":
            raise NoSuchSource(name)
        if self.away:
            raise Unavailable("log.db: SQLITE_FULL")
        self.rows.append((name, list(rows)))
        return Receipt(len(rows) - 1, 1, ((2, "no_text", "没有正文"),))


@pytest.fixture(name="taken")
def _taken() -> Taken:
    return Taken()


def client(api: Room, taken: Taken | None, key: str = KEY) -> TestClient:
    """A system with this key."""
    return api.client(key, parts=api.opened(senders=SENDERS, take_in=taken))


def test_rows_are_handed_on_and_answered(api: Room, taken: Taken) -> None:
    """An array, lines and one object arrive as rows in order, a bad line keeping its place; drops come with reasons."""
    sent = client(api, taken)
    answer = sent.post(PATH, json=[{"text": "一"}, {"text": ""}, 5])
    assert answer.status_code == 200
    assert answer.json() == {
        "taken": 2,
        "known": 1,
        "dropped": [{"row": 2, "reason": "no_text", "message": "没有正文"}],
    }
    sent.post(PATH, content='\ufeff{"text": "一"}\n\n{bad\n{"text": "二"}\n'.encode())
    sent.post(PATH, content=json.dumps({"text": "一", "user": {"id": 2**70}}, indent=1).encode())
    assert [rows for _, rows in taken.rows] == [
        [{"text": "一"}, {"text": ""}, 5],
        [{"text": "一"}, None, {"text": "二"}],
        [{"text": "一", "user": {"id": 2**70}}],
    ]


@pytest.mark.parametrize("key", ["", "wrong", ANALYST, GUARDIAN])
def test_only_a_sender_s_key_opens(api: Room, taken: Taken, key: str) -> None:
    """Neither no key, nor the key of somebody who may look, nor a login; not even where the API is open here."""
    assert client(api, taken, key).post(PATH, json=[{}]).status_code == 401
    logged_in = api.client(parts=api.opened(senders=SENDERS, take_in=taken))
    logged_in.post("/login", data={"key": ANALYST})
    assert logged_in.post(PATH, json=[{}]).status_code == 401
    unlocked = api.client(parts=api.opened(keys={}, senders=SENDERS, take_in=taken))
    assert unlocked.post(PATH, json=[{}]).status_code == 401
    assert not taken.rows


def test_a_sender_looks_at_nothing_and_pushes_nowhere_else(api: Room, taken: Taken) -> None:
    """Its key reads no post, logs nobody in, and is for the sources it names."""
    sent = client(api, taken)
    assert sent.get("/api/posts").status_code == 401
    assert sent.get("/metrics").status_code == 401
    assert sent.post("/login", data={"key": KEY}).status_code == 401
    refused = sent.post("/api/sources/survey/rows", json=[{}])
    assert (refused.status_code, refused.json()["message"]) == (403, "这把密钥不能向该来源推送。")
    assert sent.post("/api/sources/gone/rows", json=[{}]).status_code == 404
    assert client(api, None).post(PATH, json=[{}]).status_code == 404
    assert not taken.rows


def test_what_cannot_be_taken_is_refused_before_anything_is(
    api: Room, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at all, no text, no JSON, too many rows, too many bytes: a sentence, and not one row handed on."""
    sent = client(api, taken)
    for body in (b"", b"[]", b"\xff\xfe\x00", b"hello", b"5"):
        assert sent.post(PATH, content=body).status_code == 422, body
    monkeypatch.setattr(intake, "MOST", 2)
    monkeypatch.setattr(intake, "LARGEST", 100)
    assert sent.post(PATH, json=[{}, {}, {}]).status_code == 413
    large = sent.post(PATH, json=[{"text": "x" * 200}])
    assert (large.status_code, "x" not in large.json()["message"]) == (413, True)
    assert not taken.rows


def test_a_log_that_is_away_is_told(api: Room, taken: Taken) -> None:
    """503, to be sent again as it was; never a promise."""
    taken.away = True
    answer = client(api, taken).post(PATH, json=[{"text": "一"}])
    assert (answer.status_code, answer.json()["message"]) == (503, "暂时无法保存,请稍后原样重发。")


def test_nesting_without_end_is_no_row(api: Room, taken: Taken) -> None:
    """Brackets that exhaust a parser are refused like anything that is no JSON."""
    assert client(api, taken).post(PATH, content=b"[" * 200_000).status_code == 422
