"""The page at `/sources`: everything known of every source, and the pipeline behind them.

Owns its layout; the figures are `api.health`'s.
"""

from fastapi import Request
from markupsafe import Markup
from nicegui import ui

from api.dashboard import coverage, figures
from api.dashboard.shell import entered, frame, guarded_refresh, html, show, threaded
from api.health import examine
from api.parts import Parts, Person

_EVERY = 10.0


def register(parts: Parts) -> None:
    """Put the page on NiceGUI."""

    async def page(_: Request, person: Person) -> None:
        with frame("/sources", person):
            with ui.element("div").classes("gl-head"):
                html(Markup("<h1>来源与流水线</h1>"))
                with ui.element("div").classes("gl-right"):
                    live = html(Markup())
            notice = html(Markup())
            with ui.element("section").classes("gl-card"):
                overall = html(Markup())
                table = html(Markup())
            with ui.element("section").classes("gl-card"):
                html(
                    Markup("<h2>各主体的数据是否完整</h2><small>{}</small>").format("触顶、缺口与拦截,都按主体说明")
                ).classes("gl-title")
                whole = html(Markup())
            with ui.element("section").classes("gl-card"):
                covered = html(Markup())
                listings = html(Markup())
            with ui.element("section").classes("gl-card"):
                html(Markup("<h2>处理流水线</h2><small>各读者组未处理的条数</small>")).classes("gl-title")
                flow = html(Markup())

        async def refresh() -> None:
            report = await threaded(examine, parts)
            show(live, figures.live(report, report.checked_at))
            words = Markup("<h2>采集来源</h2><small>{}</small>").format(report.message)
            show(overall, Markup('<div class="gl-title">{}</div>').format(words))
            show(table, figures.source_table(report))
            show(whole, coverage.subjects(report, parts.subjects))
            words = Markup("<h2>各列表的覆盖</h2><small>{}</small>").format(coverage.summary(report))
            show(covered, Markup('<div class="gl-title">{}</div>').format(words))
            show(listings, coverage.table(report, parts.subjects))
            show(flow, figures.flow(report, None))

        async def refreshed() -> None:
            await guarded_refresh(refresh, notice)

        await refreshed()
        ui.timer(_EVERY, refreshed, immediate=False)

    ui.page("/sources", title="来源 · 观澜", response_timeout=15)(entered(parts, page))
