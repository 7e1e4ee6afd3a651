"""Records survive the way to bytes and back, and what does not is named without being quoted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.codec import Undecodable, Unencodable, content, decode_dead, decode_judged, decode_post, encode
from stream.records import DeadLetter, JudgedPost, Judgement, Post
from tests.factories import NOW, judged, post

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
_COUNTS = st.none() | st.integers(0, 1 << 60)
_PROBABILITIES = st.floats(0, 1)

st.register_type_strategy(str, _TEXTS)
posts = st.builds(Post, published_at=_TIMES, fetched_at=_TIMES, likes=_COUNTS, comments=_COUNTS, reposts=_COUNTS)
judgements = st.builds(
    Judgement,
    sentiment_probs=st.tuples(*[_PROBABILITIES] * 3),
    risk_probs=st.tuples(*[_PROBABILITIES] * 10),
    stage_probs=st.tuples(*[_PROBABILITIES] * 6),
    self_harm_probs=st.tuples(*[_PROBABILITIES] * 3),
)
judged_posts = st.builds(JudgedPost, post=posts, judgement=judgements, logged_at=_TIMES, judged_at=_TIMES)
letters = st.builds(DeadLetter, died_at=_TIMES, value=st.binary(max_size=50))


def test_what_a_post_says_has_the_same_bytes_in_every_release() -> None:
    """When it was fetched and since when it is known are no part of it; earlier releases left digests of it."""
    said = post("1", text='他说","known_since":null}')
    again = replace(said, fetched_at=NOW + timedelta(days=1), known_since=NOW)
    assert content(said) == content(again) != content(replace(said, likes=7))
    assert b'"known_since"' not in content(post("1"))
    assert content(said).endswith(b'"replied_at":null}')


@settings(max_examples=50)
@given(posts)
def test_a_post_comes_back(record: Post) -> None:
    """Every post is what it was after the way there and back."""
    assert decode_post(encode(record)) == record


@settings(max_examples=50)
@given(judged_posts)
def test_a_judged_post_comes_back(record: JudgedPost) -> None:
    """Every judged post is what it was, to the last digit of a probability."""
    assert decode_judged(encode(record)) == record


@settings(max_examples=50)
@given(letters)
def test_a_dead_letter_comes_back(record: DeadLetter) -> None:
    """A dead letter carries any bytes."""
    assert decode_dead(encode(record)) == record


@settings(max_examples=50)
@given(st.binary(max_size=60) | st.recursive(st.none() | _TEXTS, st.lists, max_leaves=5).map(msgspec.json.encode))
def test_anything_else_is_undecodable(data: bytes) -> None:
    """No bytes make a decoder raise anything but Undecodable."""
    for decode in (decode_post, decode_judged, decode_dead):
        with pytest.raises(Undecodable):
            decode(data)


def _changed(**fields: object) -> bytes:
    plain = msgspec.to_builtins(post()) | fields
    return msgspec.json.encode({name: value for name, value in plain.items() if value is not ...})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"id":"\xff"}', "not JSON"),
        (b'{"id":"\\ud800"}', "not JSON"),
        (b'{"x":' + b"[" * 100_000, "not JSON"),
        (b"null", "Expected `object`, got `null` at $"),
        (_changed(text=...), "Object missing required field `text` at $"),
        (_changed(likes="secret"), "Expected `int | null`, got `str` at $.likes"),
        (_changed(truncated=1), "Expected `bool`, got `int` at $.truncated"),
        (_changed(published_at="secret"), "Invalid value at $.published_at"),
        (_changed(published_at="2026-11-21T04:00:00"), "time without a zone at $.published_at"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, told: str) -> None:
    """The message gives the path and the types."""
    with pytest.raises(Undecodable) as error:
        decode_post(data)
    assert str(error.value) == told


def chained(error: BaseException | None) -> str:
    """What an error and all that it is chained to say."""
    return "" if error is None else repr(error) + chained(error.__context__)


def test_content_is_never_quoted() -> None:
    """A wrong word does not appear in the error, nor in any error chained to it."""
    data = encode(judged()).replace(b'"sentiment":"neutral"', b'"sentiment":"secret"')
    with pytest.raises(Undecodable) as error:
        decode_judged(data)
    assert str(error.value) == "Invalid value at $.judgement.sentiment"
    assert "secret" not in chained(error.value)


def test_unknown_fields_are_ignored() -> None:
    """What a newer version added does not stop an older one."""
    assert decode_post(_changed(added="later")) == post()


def test_a_lone_surrogate_has_no_bytes() -> None:
    """It is refused by field, without the text."""
    with pytest.raises(Unencodable, match=r"^JudgedPost: lone surrogate at \$\.post\.title$") as error:
        encode(judged(title="secret\ud800"))
    assert "secret" not in chained(error.value)


def test_a_time_without_a_zone_has_no_bytes() -> None:
    """It would come back as another time."""
    with pytest.raises(Unencodable, match=r"\$\.logged_at"):
        encode(replace(judged(), logged_at=NOW.replace(tzinfo=None)))
