"""One line of a corpus: a JSON object, and fields of the right type or the reason why not.

Owns the types of fields. Which fields a post has, and what the whole file must hold, is `corpus`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1900, 3000)  # moved to any time near ours they stay within the calendar


class BadLine(ValueError):
    """Why a line cannot be served; names the field, never what stands in it."""


def fields(line: bytes) -> dict[str, Any]:
    """The line's object.

    Raises:
        BadLine: it is none; so do all functions here.
    """
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine("not JSON") from None
    if not isinstance(given, dict):
        raise BadLine("not a JSON object")
    return given


def word(given: Mapping[str, Any], name: str) -> str:
    """A string; empty where the field is null or missing."""
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f"{name} must be a string or null")
    return value


def count(given: Mapping[str, Any], name: str) -> int:
    """A count; zero where the field is null or missing."""
    value = given.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLine(f"{name} must be a whole number, zero or more")
    return value


def moment(given: Mapping[str, Any], name: str) -> int:
    """A time as epoch seconds."""
    value = given.get(name)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.year not in _YEARS:
        raise BadLine(f"{name} must be an ISO time with its offset, such as 2026-11-21T10:03:22+08:00")
    return round((at - EPOCH).total_seconds())
