"""What all platforms of the sandbox answer with: JSON the way Chinese platforms write it, HTML, numbers from a query.

Owns bytes on the wire that no platform claims for itself. Does not own any platform's fields.
"""

import json
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse


class Json(JSONResponse):
    r"""JSON with every character outside ASCII as `\uXXXX`, which also carries a lone surrogate unharmed."""

    def render(self, content: Any) -> bytes:
        """The bytes of `content`."""
        return json.dumps(content, separators=(",", ":")).encode()


class Html(HTMLResponse):
    """An HTML page in UTF-8; a lone surrogate becomes a question mark, as it would in a browser's source view."""

    def render(self, content: Any) -> bytes:
        """The bytes of `content`."""
        return str(content).encode("utf-8", "replace")


def base_url(request: Request) -> str:
    """Where the platform is mounted as the client sees it, without a slash at the end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def number(request: Request, name: str, default: int, *, least: int = 1, most: int = 1_000_000_000) -> int:
    """A whole number of the query, within bounds; the default where it is absent or no number."""
    try:
        return max(least, min(most, int(request.query_params.get(name, default))))
    except ValueError:
        return default


def html_text(text: str) -> str:
    """Plain text as HTML, line breaks kept."""
    return escape(text, quote=False).replace("\n", "<br />")


def page(title: str, body: str) -> Html:
    """A whole small page."""
    return Html(
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body>{body}</body></html>"
    )
