"""What arrived for a request: a body with a verdict, a move, or nothing.

Owns reading Scrapy's responses and failures. Does not own what a page holds.
"""

from typing import Any
from urllib.parse import urljoin

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Request, Response

from crawlers.documents import Document, decode
from crawlers.validators import CONDITIONAL, Validator, validator
from crawlers.verdict import Obstacle, Reading, Verdict, blocked, of_status, same_site

_REDIRECTS = 3


class Stopped(IgnoreRequest):
    """Not sent: an earlier answer of this source said stop."""


class OutOfReach(IgnoreRequest):
    """Not sent: nobody answered when the site was asked what it allows."""


def opened(response: Response) -> tuple[Document, Reading | None]:
    """The body as text, and a reading where the status alone decides."""
    return decode(response.body, _header(response, "Content-Type")), of_status(
        response.status, _header(response, "Location")
    )


def moved(response: Response, hops: int) -> Request | None:
    """The next request if the platform merely moved the page; a redirect to a login or another host is not followed."""
    location = _header(response, "Location")
    if not (300 <= response.status < 400 and location and hops < _REDIRECTS):
        return None
    reading = of_status(response.status, location)
    try:
        target = urljoin(response.url, location)
    except ValueError:  # an address like http://[oops
        return None
    if reading is None or reading.obstacle is not Obstacle.ELSEWHERE or not same_site(target, response.url):
        return None
    request = response.request
    assert request is not None  # Scrapy sets it before any callback
    onward = request.replace(url=target, meta={}, cb_kwargs={**request.cb_kwargs, "hops": hops + 1})
    for name in CONDITIONAL:  # what was asked of one address is no question to another
        onward.headers.pop(name, None)
    return onward


def validator_of(response: Response) -> Validator:
    """What the same address may be asked with next time."""
    return validator(_header(response, "ETag"), _header(response, "Last-Modified"))


def missing(failure: Any) -> Reading | None:
    """Why nothing arrived; None when we did not ask because we had been told to stop."""
    if failure.check(Stopped):
        return None
    if failure.check(DownloadCancelledError):
        return Reading(Verdict.TRANSPORT, Obstacle.OVERSIZE)
    if failure.check(OutOfReach):
        return Reading(Verdict.TRANSPORT, Obstacle.NETWORK)
    if failure.check(IgnoreRequest):  # robots.txt is the only other one to refuse a request
        return blocked(Obstacle.ROBOTS)
    return Reading(Verdict.TRANSPORT, Obstacle.NETWORK)


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")
