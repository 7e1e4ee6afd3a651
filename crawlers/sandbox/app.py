"""The sandbox's application: every platform under its own path, and the control that makes one misbehave.

Owns the mounts and `/control`. Does not own any platform's shapes, nor how it is run (`site`).
"""

from dataclasses import dataclass
from types import NoneType
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from crawlers.sandbox import (
    autohome,
    bilibili,
    discuz,
    dongchedi,
    dongchedi_circle,
    douyin,
    douyin_own,
    heimao,
    koubei,
    news,
    peopleboard,
    rednet,
    tieba,
    weibo_sites,
)
from crawlers.sandbox.conditional import Tagged
from crawlers.sandbox.corpus import PLATFORMS, Corpus
from crawlers.sandbox.faults import SLOW_SECONDS, Fault, Faults, Refuse, Spoilt
from crawlers.sandbox.wire import Json, base_url

NO_FAULT = "none"
_TAGGED = ("forum", "news", "peopleboard")
"""Sites of plain files behind a web server, which gives them entity tags."""
_ROBOTS = "User-agent: *\nAllow: /\n"


def app(corpus: Corpus) -> Starlette:
    """A site that serves `corpus`; `app.state.faults` does in Python what `POST /control` does over HTTP.

    `POST /control` takes `{"platform", "fault", "times"?, "seconds"?, "after"?}`; the fault `none` (or null) clears. It
    answers, as does `GET /control`, with the state of every platform and the choices.
    """
    faults = Faults(PLATFORMS)

    def answer() -> Response:
        return Json({"platforms": faults.state(), "faults": [NO_FAULT, *Fault]})

    async def state(_: Request) -> Response:
        return answer()

    async def control(request: Request) -> Response:
        try:
            _obey(_Order.read(await request.json()), faults)
        except ValueError as error:
            return Json({"error": str(error), "platforms": PLATFORMS, "faults": [NO_FAULT, *Fault]}, 400)
        return answer()

    def mount(platform: str, routes: list[Route], refuse: Refuse, spared: tuple[str, ...]) -> Mount:
        router = Router([Route("/robots.txt", _robots), *routes])
        spoilt = Spoilt(router, platform, faults, refuse, spared)
        return Mount(f"/{platform}", Tagged(spoilt) if platform in _TAGGED else spoilt)

    routes: list[BaseRoute] = [
        Route("/robots.txt", _site_robots),
        Route("/control", state, methods=["GET"]),
        Route("/control", control, methods=["POST"]),
        mount("weibo", weibo_sites.routes(corpus), weibo_sites.refuse, weibo_sites.SPARED),
        mount("douyin", [*douyin.routes(corpus), *douyin_own.routes(corpus)], douyin_own.refuse, douyin.SPARED),
        *(mount(name, heimao.routes(corpus, name), heimao.refuse, heimao.SPARED) for name in ("heimao", "complaint")),
        *(
            mount(name, [*autohome.routes(corpus, name), *koubei.routes(corpus, name)], koubei.refuse, autohome.SPARED)
            for name in ("autohome", "forum")
        ),
        mount("rednet", rednet.routes(corpus, "rednet"), rednet.refuse, rednet.SPARED),
        mount("peopleboard", peopleboard.routes(corpus, "peopleboard"), peopleboard.refuse, peopleboard.SPARED),
        mount("tieba", tieba.routes(corpus, "tieba"), tieba.refuse, tieba.SPARED),
        mount("discuz", discuz.routes(corpus, "discuz"), discuz.refuse, discuz.SPARED),
        mount("bilibili", bilibili.routes(corpus), bilibili.refuse, bilibili.SPARED),
        mount(
            "dongchedi",
            [*dongchedi.routes(corpus), *dongchedi_circle.routes(corpus)],
            dongchedi_circle.refuse,
            dongchedi.SPARED,
        ),
        mount("news", news.routes(corpus), news.refuse, news.SPARED),
    ]
    made = Starlette(routes=routes)
    made.state.faults = faults
    return made


async def _robots(_: Request) -> Response:
    return PlainTextResponse(_ROBOTS)


async def _site_robots(request: Request) -> Response:
    return PlainTextResponse(f"{_ROBOTS}Sitemap: {base_url(request)}/news/sitemap.xml\n")


@dataclass(frozen=True, slots=True)
class _Order:
    """The body of `POST /control`, each value of the right type."""

    platform: str
    fault: str
    times: int | None
    seconds: float
    after: int

    @classmethod
    def read(cls, given: object) -> "_Order":
        match given:
            case {"platform": str(platform), "fault": str() | None as fault, **rest}:
                times: Any = rest.pop("times", None)
                seconds: Any = rest.pop("seconds", None)
                after: Any = rest.pop("after", None)
                whole = type(times) in (int, NoneType) and type(after) in (int, NoneType)
                if not rest and whole and type(seconds) in (int, float, NoneType):
                    slow = SLOW_SECONDS if seconds is None else seconds
                    return cls(platform, fault or NO_FAULT, times, slow, after or 0)
        raise ValueError(
            "send platform and fault as strings, if need be times and after (whole) and seconds (a number)"
        )


def _obey(order: _Order, faults: Faults) -> None:
    if order.fault == NO_FAULT:
        faults.clear(order.platform)
    else:
        faults.set(order.platform, order.fault, order.times, order.seconds, order.after)
