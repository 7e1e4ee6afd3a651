"""The dashboard: NiceGUI pages on the same application.

Owns how NiceGUI is put on the app. One a process, because NiceGUI is. Nothing here is fetched from elsewhere:
NiceGUI serves its own scripts and fonts, and `guanlan.css` uses what the reader's system has.
"""

import logging
from pathlib import Path

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.staticfiles import StaticFiles

from api.dashboard import case_pages, overview_page, search_page, source_page
from api.dashboard.shell import Wordless, broken, leave, unknown
from api.parts import Parts

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14263f"/>'
    '<path d="M5 13q5.5-6 11 0t11 0M5 20q5.5-6 11 0t11 0" fill="none" stroke="#fff" stroke-width="2.6"'
    ' stroke-linecap="round"/><circle cx="24" cy="8" r="3" fill="#e06a52"/></svg>'
)


def install(app: FastAPI, parts: Parts) -> None:
    """Add the pages and their assets; every path that the app does not know goes to the dashboard from now on."""
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    for pages in (overview_page, search_page, case_pages, source_page):
        pages.register(parts)
    app.state.on_logout.append(leave)
    nicegui_app.on_page_exception(broken)
    nicegui_app.add_exception_handler(404, unknown)
    logging.getLogger("nicegui").addFilter(Wordless())
    ui.run_with(
        app,
        title="观澜",
        favicon=_ICON,
        language="zh-CN",
        dark=None,
        tailwind=False,
        storage_secret=parts.storage_secret,
        show_welcome_message=False,
    )
