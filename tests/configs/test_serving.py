"""Several `guanlan serve` over the same data: whoever is let in at one is let in at all."""

from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_api
from configs import wiring
from configs.load import BUNDLED, Config, load
from configs.server import parts

ASKED = "/api/alerts"


def served(config: Config, opened: ExitStack) -> TestClient:
    """The API as a `guanlan serve` of its own gives it."""
    log, store = wiring.open_log(config), wiring.open_store(config)
    book, state = wiring.open_book(config), wiring.open_state(config)
    for part in (log, store, book, state):
        opened.enter_context(closing(part))
    return TestClient(create_api(parts(config, log, store, book, state)))


@pytest.mark.parametrize(("other_key", "answer"), [("k" * 32, 200), ("x" * 32, 401)])
def test_a_login_holds_at_every_serve_that_has_the_author_key(
    other_key: str, answer: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cookie of one process opens the next, behind a balancer or after a restart; under another key it is none."""
    monkeypatch.setenv("SOMEBODYS_KEY", "a-long-key")
    monkeypatch.setenv("GUANLAN_SERVE__PEOPLE", '[{"name": "周宁", "roles": ["guardian"], "key": "env:SOMEBODYS_KEY"}]')
    config = load(BUNDLED)
    with ExitStack() as opened:
        clients = []
        for number, key in enumerate(("k" * 32, other_key)):
            monkeypatch.setenv("GUANLAN_AUTHOR_KEY", key)
            settings = config.settings.model_copy(update={"data": tmp_path / str(number)})
            clients.append(served(replace(config, settings=settings), opened))
        one, other = clients
        assert other.get(ASKED).status_code == 401
        assert one.post("/login", data={"key": "a-long-key"}, follow_redirects=False).status_code == 303
        other.cookies = one.cookies
        assert (one.get(ASKED).status_code, other.get(ASKED).status_code) == (200, answer)
