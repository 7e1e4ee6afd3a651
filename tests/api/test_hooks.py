"""Platforms tell by themselves: who may, how much, and what they are answered."""

from collections.abc import Mapping

import pytest

from api.parts import NotGenuine
from stream.ports import Unavailable
from tests.api.room import Room


def test_an_event_reaches_its_hook_as_it_came(api: Room) -> None:
    """Headers in lower case and the body byte for byte, without any key; the hook's answer is the answer."""
    heard: list[tuple[str, bytes]] = []

    def hook(headers: Mapping[str, str], body: bytes) -> Mapping[str, object]:
        heard.append((headers["x-douyin-signature"], body))
        return {"challenge": 12345}

    with api.client(parts=api.opened(hooks={"douyin": hook})) as client:
        answer = client.post("/api/hooks/douyin", content=b' {"a": 1}', headers={"X-Douyin-Signature": "Ab"})
    assert (answer.status_code, answer.json()) == (200, {"challenge": 12345})
    assert heard == [("Ab", b' {"a": 1}')]


@pytest.mark.parametrize(("error", "status"), [(NotGenuine(), 403), (Unavailable("full"), 503)])
def test_what_is_not_kept_is_not_answered_with_200(api: Room, error: Exception, status: int) -> None:
    """A wrong signature is refused; a log that takes nothing has the platform send again."""

    def hook(_headers: Mapping[str, str], _body: bytes) -> Mapping[str, object]:
        raise error

    with api.client(parts=api.opened(hooks={"douyin": hook})) as client:
        assert client.post("/api/hooks/douyin", content=b"{}").status_code == status


def test_strangers_and_floods_are_turned_away(api: Room) -> None:
    """A platform nobody listens to is unknown; more than a megabyte is too much."""
    with api.client() as client:
        assert client.post("/api/hooks/douyin", content=b"{}").status_code == 404
    with api.client(parts=api.opened(hooks={"douyin": lambda _headers, _body: {}})) as client:
        assert client.post("/api/hooks/douyin", content=b"x" * (1024 * 1024 + 1)).status_code == 413
        assert client.get("/api/hooks/douyin").status_code == 405
