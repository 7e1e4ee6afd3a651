"""The way to an Elasticsearch cluster: its client, and its errors in the words of the ports.

Owns the connection and the translation of every driver error. Does not own what is asked
(`elastic_query`), what is kept (`elastic_documents`) or the port (`store_elastic`). Works with the client's majors 8
and 9: a server refuses a client that is newer than itself, so whoever installs Guanlan chooses the one that fits.
"""

import logging
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    SSLError,
    TransportError,
    UnsupportedProductError,
)

from stream.elastic_settings import ElasticSettings
from stream.ports import Misconfigured, Rejected, Unavailable

_OLDEST = 8
"""The oldest major of the server that is spoken to."""
_PREFIX = re.compile(r"[a-z][a-z0-9_-]*")
_CONTENT = frozenset(
    {
        "document_parsing_exception",
        "illegal_argument_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
    }
)
"""Errors of a bulk item that lie in the document itself; whatever else happens to an item may pass."""


def connect(settings: ElasticSettings) -> Elasticsearch:
    """A client for these settings; nothing is sent yet.

    Raises:
        Misconfigured: an address, the prefix or the certificate file cannot be used.
    """
    transport = logging.getLogger("elastic_transport")  # what it warns of is raised, too
    transport.setLevel(max(logging.ERROR, transport.level))
    if not settings.urls:
        raise Misconfigured("elastic.urls: give at least one address, such as https://host:9200")
    if not _PREFIX.fullmatch(settings.prefix):
        raise Misconfigured("elastic.prefix: begin with a small letter, go on with small letters, digits, - and _")
    options: dict[str, Any] = {}
    if settings.ca is not None:
        try:
            options["ssl_context"] = ssl.create_default_context(cafile=settings.ca)
        except OSError:
            raise Misconfigured(f"elastic.ca: {settings.ca} is no readable file of certificates (PEM)") from None
    try:
        return Elasticsearch(
            list(settings.urls),
            api_key=settings.api_key or None,
            request_timeout=settings.timeout,
            # the worker owns repetition; here every node is only asked once
            max_retries=len(settings.urls) - 1,
            retry_on_status=(),
            retry_on_timeout=False,
            **options,
        )
    except (ValueError, TypeError):
        raise Misconfigured(f"elastic.urls: {settings.hosts()}: write addresses as https://host:9200") from None


@contextmanager
def asking(settings: ElasticSettings, *, starting: bool = False) -> Iterator[None]:
    """Calls of the client in this block raise the errors of the ports.

    The driver's own errors quote documents and are not chained.
    """
    try:
        yield
    except (ApiError, TransportError) as error:
        raise translate(error, settings, starting=starting) from None


def translate(error: ApiError | TransportError, settings: ElasticSettings, *, starting: bool = False) -> Exception:
    """The port's error for a driver's. What only a person can mend is Misconfigured at start, and Unavailable later:
    messages wait until it is mended."""
    for_person = Misconfigured if starting else Unavailable
    where = f"Elasticsearch at {settings.hosts()}"
    for kind, found, sentence in (
        (SSLError, for_person, f"elastic.ca: {where} shows no trusted certificate; name its authority or use http://"),
        (ConnectionTimeout, Unavailable, f"{where} did not answer within {settings.timeout:g} s"),
        (TransportError, Unavailable, f"{where} cannot be reached; check elastic.urls and that it runs"),
        (UnsupportedProductError, for_person, f"elastic.urls: what answers at {settings.hosts()} is not Elasticsearch"),
    ):
        if isinstance(error, kind):
            return found(sentence)
    assert isinstance(error, ApiError)
    return _of_answer(error.meta.status, _kinds(error.body), for_person, where)


def _of_answer(status: int, kinds: Sequence[str], for_person: type[Exception], where: str) -> Exception:
    told = f"{status} {'/'.join(kinds)}".strip()
    if "too_many_buckets_exception" in kinds:
        return ValueError("时间范围太大,分不了这么细;请缩短时间,或按天统计")
    if status in (406, 415) or "media_type_header_exception" in kinds:
        return for_person(f"{where} refuses this version of the package elasticsearch; install the server's major")
    if status in (401, 403):
        needed = "monitor and manage_index_templates, and all on the indices of elastic.prefix"
        return for_person(f"elastic.api_key: {where} does not accept it ({told}); it needs {needed}")
    if status in (404, 408, 429) or status >= 500:
        return Unavailable(f"{where} cannot do this now ({told})")
    if for_person is Misconfigured:
        return Misconfigured(f"{where} refuses the template of elastic.prefix, shards, replicas and refresh ({told})")
    return Rejected(f"{where} refuses this ({told})")


def require_version(number: str, settings: ElasticSettings) -> None:
    """Raise Misconfigured for a server that is too old."""
    if int(number.partition(".")[0]) < _OLDEST:
        raise Misconfigured(f"Elasticsearch at {settings.hosts()} is {number}; upgrade it to {_OLDEST} or later")


def refused(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ids that a bulk call will never take, from its items.

    An item that was older than what is there (409), or deleted already, is as it should be.

    Raises:
        Unavailable: some item may be taken later.
    """
    ids: list[str] = []
    later: set[str] = set()
    for item in items:
        ((action, result),) = item.items()
        status, kind = result["status"], (result.get("error") or {}).get("type", "")
        if status < 300 or status == 409 or (action == "delete" and status == 404):
            continue
        if status == 400 and kind in _CONTENT:
            ids.append(result["_id"])
        else:
            later.add(f"{status} {kind}")
    if later:
        raise Unavailable(f"Elasticsearch did not take all posts ({', '.join(sorted(later))})")
    return ids


def _kinds(body: object) -> tuple[str, ...]:
    """The types of an error and of its causes; the rest of a body may quote content."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ()
    causes = [error, error.get("caused_by"), *(error.get("root_cause") or ())]
    found = [cause["type"] for cause in causes if isinstance(cause, dict) and isinstance(cause.get("type"), str)]
    return tuple(dict.fromkeys(found))
