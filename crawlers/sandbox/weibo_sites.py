"""Weibo's sites under one roof: the mobile site at the top, each other host under its own name.

Owns which host answers what. Does not own any host's shapes.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox import weibo, weibo_comments, weibo_hot, weibo_open, weibo_search
from crawlers.sandbox.corpus import Corpus
from crawlers.sandbox.faults import Fault

SPARED = weibo.SPARED


def routes(corpus: Corpus) -> list[Route]:
    """Everything Weibo's spiders may ask for."""
    return [
        *weibo.routes(corpus),
        *weibo_comments.routes(corpus),
        *weibo_search.routes(corpus),
        *weibo_hot.routes(corpus),
        *weibo_open.routes(corpus),
    ]


def refuse(fault: Fault, request: Request) -> Response:
    """How the host that was asked says no; the hot list and the comments do it as the mobile site does."""
    if "/api.weibo.com/" in request.url.path:
        return weibo_open.refuse(fault, request)
    if "/s.weibo.com/weibo" in request.url.path:
        return weibo_search.refuse(fault, request)
    return weibo.refuse(fault, request)
