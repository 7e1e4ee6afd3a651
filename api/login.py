"""The login page: a key goes in, a signed cookie comes out.

Owns the form and the cookie's content: the key's digest, so that a key taken out of the settings logs its holder out
at once; a number of the login, and when it was. Plain HTML, so that it works before anything else does.
"""

from secrets import token_hex

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth import SESSION_KEY, SESSION_LOGIN, SESSION_SINCE, GivenParts, digest, holder
from api.parts import Parts

router = APIRouter(include_in_schema=False)

_PAGE = Markup("""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>登录 · 观澜</title><link rel="stylesheet" href="/static/guanlan.css">
</head>
<body class="gl-login">
<main class="gl-login-card">
<h1 class="gl-wordmark">观澜</h1>
<p class="gl-muted">观水有术,必观其澜</p>
<form method="post" action="/login">
<input type="hidden" name="to" value="{to}">
<label for="key">访问密钥</label>
<input id="key" name="key" type="password" autocomplete="current-password" autofocus required>
<p class="gl-login-error" role="alert">{error}</p>
<button type="submit">登录</button>
</form>
<p class="gl-muted gl-small">{hint}</p>
</main>
</body>
</html>""")


@router.get("/login")
def form(parts: GivenParts, to: str = "/") -> HTMLResponse:
    """The empty form."""
    return _page(parts, to, "")


@router.post("/login")
async def enter(request: Request, parts: GivenParts) -> Response:
    """Check the key; on to where the person wanted to go, or the form again."""
    async with request.form(max_files=0, max_fields=5) as sent:
        key, to = str(sent.get("key", "")), str(sent.get("to", "/"))
    presented = digest(key.strip())
    if holder(parts.keys, presented) is None:
        return _page(parts, to, "密钥不对。", status=401)
    request.session[SESSION_KEY] = presented
    request.session[SESSION_LOGIN] = token_hex(8)
    request.session[SESSION_SINCE] = parts.clock().isoformat()
    return RedirectResponse(_local(to), status_code=303)


@router.post("/logout")
async def leave(request: Request) -> Response:
    """Forget who was logged in here, on every open page of this login."""
    login = request.session.get(SESSION_LOGIN)
    request.session.clear()
    if login:
        for ended in request.app.state.on_logout:
            ended(login)
    return RedirectResponse("/login", status_code=303)


def _page(parts: Parts, to: str, error: str, *, status: int = 200) -> HTMLResponse:
    hint = "密钥由管理员发放。" if parts.keys else "尚未设置任何密钥:此时看板只能在运行它的这台机器上打开。"
    return HTMLResponse(_PAGE.format(to=_local(to), error=error, hint=hint), status_code=status)


def _local(path: str) -> str:
    """Only a path of this site; anything else leads to the overview."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
