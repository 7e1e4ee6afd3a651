"""The FastAPI application: the API under `/api`, metrics, login, and the dashboard around them.

Owns how they are put together. Nothing exists until `create_app` is called. NiceGUI keeps one dashboard a process,
so `create_app` is called once a process; `create_api` as often as one likes.
"""

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from api import cases, export, faults, health, hooks, intake, login, metrics, posts
from api.auth import LOGIN_LASTS, viewer
from api.parts import Parts


def create_api(parts: Parts) -> FastAPI:
    """API, metrics and login without the dashboard."""
    app = FastAPI(title="观澜", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.state.on_logout = []
    app.add_middleware(
        SessionMiddleware,
        secret_key=parts.storage_secret,
        session_cookie="guanlan",
        max_age=int(LOGIN_LASTS.total_seconds()),
        same_site="lax",
    )
    faults.install(app)

    @app.get("/metrics")
    async def scrape(request: Request) -> Response:
        viewer(request, parts)
        return Response(await run_in_threadpool(metrics.exposition, parts), media_type=metrics.CONTENT_TYPE)

    app.include_router(login.router)
    app.mount("/api", _api(parts))
    return app


def create_app(parts: Parts) -> FastAPI:
    """The whole application; the dashboard answers every path that nothing else does."""
    from api import dashboard  # noqa: PLC0415 NiceGUI is heavy and wanted by no other command

    app = create_api(parts)
    dashboard.install(app, parts)
    return app


def _api(parts: Parts) -> FastAPI:
    # an application of its own, so that an unknown path or method under /api is answered by it and not by a page
    api = FastAPI(
        title="观澜 API",
        version="1",
        description="帖子检索、统计、预警与处置、系统健康。用 Authorization: Bearer 密钥,或看板的登录。",
        docs_url=None,  # its pages would fetch scripts from a CDN
        redoc_url=None,
        responses=faults.PROBLEMS,
    )
    api.state.parts = parts
    faults.install(api)
    for router in (posts.router, export.router, cases.router, health.router, intake.router, hooks.router):
        api.include_router(router)
    return api
