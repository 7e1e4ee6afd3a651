"""Posts for the sandbox to serve, and what serves them."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

TIME = "2026-11-21T10:{:02d}:22+08:00"
Serve = Callable[[list[dict[str, Any]]], TestClient]


def many(platform: str, numbers: range, **fields: Any) -> list[dict[str, Any]]:
    """Posts a minute apart, the newest with the highest number."""
    return [
        {
            "platform": platform,
            "id": str(n),
            "author": f"用户{n}",
            "text": f"第{n}条",
            "published_at": TIME.format(n),
            "likes": n,
            **fields,
        }
        for n in numbers
    ]
