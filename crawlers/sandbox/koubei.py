"""汽车之家 口碑: the owners' reviews of a car series, beside the forum; also on the generic `forum` platform.

Owns the shape of the review list and of its refusals. The corpus has no reviews of its own: whatever opens a thread on
a board is also an owner's review of that series, with stars that depend on its id alone.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox import autohome
from crawlers.sandbox.corpus import Corpus, Entry, derive
from crawlers.sandbox.faults import Fault
from crawlers.sandbox.threads import Threads
from crawlers.sandbox.wire import Json, number

_LISTS = "/pc/series/list"
_MOST = 20


def routes(corpus: Corpus, platform: str) -> list[Route]:
    """Everything the spider may ask, for one of the two platforms served in this shape."""
    threads = Threads(corpus, platform)

    async def listing(request: Request) -> Response:
        found = threads.on(request.query_params.get("seriesId", ""))
        size = number(request, "pageSize", _MOST, most=_MOST)
        at = number(request, "pageIndex", 1)
        result = {
            "seriesname": found[0].brand if found else "",
            "rowcount": len(found),
            "pagecount": -(-len(found) // size),
            "pageindex": at,
            "list": [_review(opening) for opening in found[(at - 1) * size : at * size]],
        }
        return Json({"returncode": 0, "message": "", "result": result})

    return [Route(_LISTS, listing)]


def refuse(fault: Fault, request: Request) -> Response:
    """The forum's refusals; an emptied list of reviews still counts them."""
    if fault is Fault.EMPTY_200 and request.url.path.endswith(_LISTS):
        result = {"seriesname": "", "rowcount": 321, "pagecount": 17, "pageindex": 1, "list": []}
        return Json({"returncode": 0, "message": "", "result": result})
    return autohome.refuse(fault, request)


def stars(entry: Entry) -> int:
    """Hundredths of a star, from 1.00 to 5.00."""
    return 100 + derive("stars", entry.platform, entry.id) % 401


def _review(opening: Entry) -> dict[str, Any]:
    return {
        "Koubeiid": opening.native,
        "showId": f"01k{derive('koubei', opening.platform, opening.id):016x}",
        "username": opening.author or "",
        "userid": derive("member", opening.author) % 90_000_000 + 10_000_000 if opening.author else 0,
        "posttime": f"{opening.published:%Y-%m-%d}",
        "specname": opening.title,
        "carname": opening.brand,
        "buyprice": "18.98",
        "boughtDate": f"{opening.published:%Y年%-m月}",
        "buyplace": "上海",
        "distance": 5000,
        "actual_oil_consumption": "12.5",
        "averageScore": f"{stars(opening) / 100:.2f}",
        "helpfulcount": opening.likes,
        "commentcount": opening.comments,
        "viewcount": 100 * opening.likes,
        "contents": [{"structuredname": "最满意", "content": opening.text}],
        "piclist": [],
        "photoCount": 0,
    }
