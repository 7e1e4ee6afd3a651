"""Events that Douyin's open platform pushes: genuine or not, and what they tell."""

import json
from hashlib import sha1
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.douyin_events import Event, genuine, read_event
from crawlers.items import PostItem
from tests.crawlers.video_documents import douyin_comment

SECRET = "app-secret"


def event(content: Any, name: str = "item_comment_reply", **more: Any) -> bytes:
    """The body of an event."""
    told = {"event": name, "client_key": "key", "from_user_id": "u1", "to_user_id": "open-1", "content": content}
    return json.dumps({**told, "log_id": "2026", **more}).encode()


def read(body: bytes) -> Event:
    """The event of a body, on an account of a tea brand."""
    return read_event(body, platform="douyin", about="云汀茶")


def test_only_who_knows_the_secret_makes_the_signature():
    """SHA-1 of secret and body as they came, in either case; any other body, secret or signature is refused."""
    body = event({"challenge": 1})
    right = sha1(SECRET.encode() + body).hexdigest()
    assert genuine(body, right, SECRET)
    assert genuine(body, f" {right.upper()} ", SECRET)
    assert not genuine(body + b" ", right, SECRET)
    assert not genuine(body, right, "other")
    assert not genuine(body, "", SECRET)
    assert not genuine(body, "é", SECRET)
    assert not genuine(body, sha1(body).hexdigest(), "")


def test_a_challenge_is_given_back_as_it_came():
    """Only to the event that asks for it."""
    assert read(event({"challenge": 12345}, "verify_webhook")).challenge == 12345
    assert read(event('{"challenge": "12345"}', "verify_webhook")).challenge == "12345"
    assert read(event({"challenge": 12345}, "other")).challenge is None
    assert read(event({"challenge": [1]}, "verify_webhook")).challenge is None


@pytest.mark.parametrize("wrap", [lambda content: content, json.dumps])
def test_a_comment_comes_whole(wrap):
    """Content as an object or as text; who it is about, what it answers, and what the account is about."""
    comment = douyin_comment(reply_to_item_id="@9Vxx/+a==", reply_to_comment_id="", at_user_id="")
    found = read(event(wrap(comment)))
    assert (found.name, found.accounts) == ("item_comment_reply", {"u1", "open-1"})
    assert found.item == PostItem(
        platform="douyin",
        native_id="@9Vww/+==",
        text="喝出一根钢丝[捂脸]",
        published=1763690000,
        author="u1",
        target="云汀茶",
        parent="@9Vxx/+a==",
        likes=6,
        comments=0,
        is_html=False,
    )
    answer = read(event(wrap({**comment, "reply_to_comment_id": "@d"}))).item
    assert answer is not None
    assert answer.parent == "@d"


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"\xff", b'{"content": "{"}', b'{"event": "im_receive_msg"}'])
def test_what_is_no_comment_tells_none(body):
    """Other events, and bytes that are none."""
    assert read(body).item is None


@given(st.binary(max_size=200), st.text(), st.text())
def test_any_bytes_are_an_event_or_none(body, signature, secret):
    """Nothing raises."""
    read(body)
    genuine(body, signature, secret.encode("utf-8", "replace").decode())
