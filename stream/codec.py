"""Records to bytes and back: JSON, validated on the way in.

Owns the wire form on the log and in the store. Unknown fields are ignored, so that an older process can read what a
newer one wrote. No error here carries a piece of the content: a path, a type, nothing more.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from stream.records import DeadLetter, JudgedPost, Post

_SAFE = re.compile(
    r"(?P<what>Expected `[^`]*`(?:, got `[^`]*`)?|Object missing required field `[^`]*`)?.*?"
    r"(?: - at `(?P<path>\$[^`]*)`)?",
    re.DOTALL,
)
"""What of a msgspec message may be told: type names, the record's own field names and the path. The rest, such as
the value of a wrong enum, is content."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_R = TypeVar("_R", Post, JudgedPost, DeadLetter)

_encoder = msgspec.json.Encoder()
_posts = msgspec.json.Decoder(Post)
_judged = msgspec.json.Decoder(JudgedPost)
_dead = msgspec.json.Decoder(DeadLetter)


class Undecodable(ValueError):
    """These bytes are not the record they should be; the message names the field, never what stood there."""


class Unencodable(ValueError):
    """This record breaks its own promise and has no bytes; the message names the field, never what stood there."""


def encode(record: Post | JudgedPost | DeadLetter) -> bytes:
    """The record as JSON.

    Raises:
        Unencodable: a text holds a lone surrogate, or a time has no zone.
    """
    for path, time in _times(record):
        if time.tzinfo is None:
            raise Unencodable(f"{type(record).__name__}: time without a zone at {path}")
    try:
        return _encoder.encode(record)
    except UnicodeEncodeError:
        where = _surrogate(record, "$")
    raise Unencodable(f"{type(record).__name__}: lone surrogate at {where}")


def decode_post(data: bytes) -> Post:
    """The post in these bytes; raises Undecodable."""
    return _decode(_posts, data)


def content(post: Post) -> bytes:
    """What the post says, whenever it was fetched; the same bytes in every release, for they tell versions apart."""
    bare = replace(post, fetched_at=_NEVER, known_since=None)
    return encode(bare).replace(b',"known_since":null', b"", 1)  # of 0.9; within a text the marks would be escaped


def decode_judged(data: bytes) -> JudgedPost:
    """The judged post in these bytes; raises Undecodable."""
    return _decode(_judged, data)


def decode_dead(data: bytes) -> DeadLetter:
    """The dead letter in these bytes; raises Undecodable."""
    return _decode(_dead, data)


def _decode(decoder: msgspec.json.Decoder[_R], data: bytes) -> _R:
    reason = "not JSON"
    try:
        record = decoder.decode(data)
    except msgspec.ValidationError as error:
        reason = _reason(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    else:
        naive = [path for path, time in _times(record) if time.tzinfo is None]
        if not naive:
            return record
        reason = f"time without a zone at {naive[0]}"
    # raised outside the handlers: the driver's error may quote the content, and would be chained to ours
    raise Undecodable(reason)


def _reason(message: str) -> str:
    found = _SAFE.fullmatch(message)
    assert found is not None  # every part is optional
    return f"{found['what'] or 'Invalid value'} at {found['path'] or '$'}"


def _times(record: Post | JudgedPost | DeadLetter) -> tuple[tuple[str, datetime], ...]:
    if isinstance(record, Post):
        return _post_times(record, "$")
    if isinstance(record, DeadLetter):
        return (("$.died_at", record.died_at),)
    return (
        *_post_times(record.post, "$.post"),
        ("$.logged_at", record.logged_at),
        ("$.judged_at", record.judged_at),
    )


def _post_times(post: Post, path: str) -> tuple[tuple[str, datetime], ...]:
    times = {name: getattr(post, name) for name in ("published_at", "fetched_at", "replied_at", "known_since")}
    return tuple((f"{path}.{name}", time) for name, time in times.items() if time is not None)


def _surrogate(value: object, path: str) -> str:
    return next(_surrogates(msgspec.to_builtins(value), path), path)


def _surrogates(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _surrogates(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _surrogates(inner, f"{path}[{position}]")
