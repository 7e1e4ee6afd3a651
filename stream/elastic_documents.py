"""What the Elasticsearch store keeps: the mapping, a judged post as a document, and which copy of a post is the one.

Owns the template and the decisions of a put, all pure. Does not own the calls (`store_elastic`) or what a query
looks like (`elastic_query`).

A post lives in the index of its month, so that old months leave whole. Versions are kept within one index only, so
when the time of a post is corrected across a month two copies meet; `surplus` decides which goes, in the same way
whoever asks.

Of a post that was deleted the id, the version and the month are kept, and nothing else: a document without a
judgement, which no query finds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from stream.codec import Unencodable, decode_judged, encode
from stream.database import from_micros, to_micros
from stream.elastic_query import indexed
from stream.elastic_settings import ElasticSettings
from stream.fulltext import tokens
from stream.records import JudgedPost

VERSION = 1
"""Of the mapping and of `fulltext.tokens`; months of another version are refused at start."""
_MONTH = re.compile(r"-(\d{4})\.(\d{2})$")
_LINES = 1_000
_BYTES = 8 << 20
"""Of one bulk call; a server takes 100 MiB at most, and holds in memory what it has taken."""
_LONGEST_ID = 512
"""Bytes; a limit of the server, which refuses a whole call for one longer id."""
_ORDERS = 11
"""Bits of a version that tell copies of one fetch apart; the others hold the microseconds of fetching until 2112."""
_TOMBSTONE = (1 << _ORDERS) - 1
_LATEST = (1 << 63 - _ORDERS) - 2
"""The last microsecond of fetching: a version is a positive long, and the server adds one when it deletes by query."""

_KEYWORD: Mapping[str, Any] = {"type": "keyword"}
_LONG: Mapping[str, Any] = {"type": "long"}
_PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "id": _KEYWORD,
    # microseconds since 1970: `date` knows milliseconds only, `date_nanos` no year before 1970
    "published": _LONG,
    "fetched": _LONG,
    "indexed": {"type": "long", "index": False, "doc_values": False},
    # for histograms alone
    "published_at": {"type": "date", "format": "strict_date_optional_time"},
    "platform": _KEYWORD,
    "source": _KEYWORD,
    "subject": _KEYWORD,
    "sentiment": _KEYWORD,
    "risk": _KEYWORD,
    "stage": _KEYWORD,
    "self_harm": _KEYWORD,
    "fingerprint": _KEYWORD,
    "author": _KEYWORD,
    # three values, title, text and quoted words, as tokens; no phrase is long enough to cross the gap between them
    "words": {"type": "text", "analyzer": "whitespace", "position_increment_gap": 1000},
    # the record as `codec` writes it
    "body": {"type": "keyword", "index": False, "doc_values": False},
}


@dataclass(frozen=True, slots=True)
class Document:
    """A judged post made ready."""

    id: str
    index: str
    version: int
    fields: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """A document as found in an index."""

    id: str
    index: str
    version: int
    body: str = field(default="", repr=False)
    """Empty where it was not asked for, and of a tombstone."""
    indexed: int = field(default=0, compare=False)
    """Where its body stands here: since when it is searchable, in microseconds."""


def template(settings: ElasticSettings) -> dict[str, Any]:
    """The index template of all months: arguments of `indices.put_index_template`."""
    return {
        "name": settings.prefix,
        "index_patterns": patterns(settings.prefix),
        "priority": 500,
        "template": {
            "settings": {
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
                "refresh_interval": settings.refresh,
                # what was forgotten may be put again at once, with the version it had
                "gc_deletes": "0s",
                "codec": "best_compression",
            },
            "mappings": {
                "dynamic": "strict",
                "_meta": {"version": VERSION},
                "properties": {name: dict(spec) for name, spec in _PROPERTIES.items()},
            },
            "aliases": {settings.prefix: {}},
        },
    }


def patterns(prefix: str) -> list[str]:
    """What the names of all months match; a digit after the dash keeps apart the prefixes `a` and `a-b`."""
    return [f"{prefix}-{digit}*" for digit in range(10)]


def wrong_with(mapping: Mapping[str, Any]) -> str:
    """Why an index with this mapping cannot be used; empty when it can."""
    found = mapping.get("_meta", {}).get("version")
    if found != VERSION:
        return f"has version {found} of the mapping, not {VERSION}"
    properties = mapping.get("properties", {})
    for name, spec in _PROPERTIES.items():
        for key in ("type", "analyzer"):
            if properties.get(name, {}).get(key) != spec.get(key):
                return f"keeps {name} in another way"
    return ""


def month(prefix: str, published: datetime) -> str:
    """The index of a post published then."""
    time = published.astimezone(UTC)
    return f"{prefix}-{time.year:04}.{time.month:02}"


def ends_by(index: str, time: datetime) -> bool:
    """Whether the whole month of an index lies before a time."""
    found = _MONTH.search(index)
    if found is None:
        return False
    years, months = int(found[1]), int(found[2])
    at = time.astimezone(UTC)
    return (years, months) < (at.year, at.month)


def version(fetched: int, waited: int = 0, *, deleted: bool = False) -> int:
    """What the server compares: of two documents of a post the higher stays, whoever writes last.

    The newer fetch is higher; of one fetch the tombstone, or else the later judgement. Judgements that waited equally
    long, within two hundredths, are equal here: `to_write` tells those apart, unless two writers meet.

    Args:
        fetched: the time of fetching, in microseconds.
        waited: from fetching to judging, in microseconds.
        deleted: whether it is a tombstone.
    """
    waited = max(0, waited) // 1_000
    coarse = max(0, waited.bit_length() - 7)  # seven leading bits, and how many others there are
    return fetched << _ORDERS | (_TOMBSTONE if deleted else min((coarse << 6) + (waited >> coarse), _TOMBSTONE - 1))


def prepare(judged: JudgedPost, prefix: str, now: datetime) -> Document:
    """The document of a judged post.

    Raises:
        Unencodable: it has no bytes, its id does not fit, or it was fetched before 1970, or after 2112 and not deleted.
    """
    post, judgement = judged.post, judged.judgement
    body = encode(judged).decode()
    if not 0 < len(post.id.encode()) <= _LONGEST_ID:
        raise Unencodable("JudgedPost: empty or too long at $.post.id")
    fetched = to_micros(post.fetched_at)
    if post.deleted:  # one that is to stay for good says the year 9999; nothing is newer than the last that fits
        fetched = min(fetched, _LATEST)
    if not 0 <= fetched <= _LATEST:
        raise Unencodable("JudgedPost: before 1970 or after 2112 at $.post.fetched_at")
    kept: dict[str, Any] = {"id": post.id, "published": to_micros(post.published_at), "fetched": fetched}
    index = month(prefix, from_micros(kept["published"]))
    if post.deleted:
        return Document(post.id, index, version(fetched, deleted=True), kept)
    fields = kept | {
        "indexed": to_micros(now),
        "published_at": post.published_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "platform": post.platform,
        "source": post.source,
        "subject": list(judged.subjects),
        "sentiment": str(judgement.sentiment),
        "risk": [str(risk) for risk in judgement.risks],
        "stage": str(judgement.stage),
        "self_harm": str(judgement.self_harm),
        "fingerprint": judged.fingerprint,
        "words": [indexed(tokens(text)) for text in (post.title, post.text, post.quoted)],
        "body": body,
    }
    if post.author:
        fields["author"] = post.author
    return Document(post.id, index, version(fetched, to_micros(judged.judged_at) - fetched), fields)


def to_write(documents: Iterable[Document], found: Sequence[Copy]) -> list[Document]:
    """Those that change anything: not older than what is there, no older judgement of the same fetch, and no
    repetition, which was searchable before."""
    copies: dict[str, list[Copy]] = {}
    for copy in found:
        copies.setdefault(copy.id, []).append(copy)
    written = []
    for document in documents:
        same = Copy(document.id, document.index, document.version, document.fields.get("body", ""))
        known = copies.get(document.id, ())
        if same not in known and all(copy.version <= document.version and not _later(copy, document) for copy in known):
            written.append(_searchable_since(document, known))
    return written


def _searchable_since(document: Document, known: Iterable[Copy]) -> Document:
    """With the time from which on the same fetch was searchable, if it was: it may only have been judged again."""
    fetch = document.version >> _ORDERS
    times = [copy.indexed for copy in known if copy.body and copy.version >> _ORDERS == fetch]
    if not times or not document.fields.get("body"):
        return document
    return replace(document, fields=document.fields | {"indexed": min(times)})


def _later(copy: Copy, document: Document) -> bool:
    """Whether a copy of the same version as a document was judged after it."""
    if copy.version != document.version or not copy.body:
        return False
    return _judged_at(copy.body) > _judged_at(document.fields["body"])


def _judged_at(body: str) -> datetime:
    return decode_judged(body.encode()).judged_at


def surplus(documents: Iterable[Document], before: Iterable[Copy], after: Iterable[Copy]) -> list[tuple[Copy, int]]:
    """The copies to be removed after a put, each with the version of the one that stays.

    The highest version stays. Of equal ones the one just put does, before what was there; two that were put at the
    same moment by two writers are told apart by name, so that both writers keep the same one.
    """
    old = {(copy.id, copy.index) for copy in before}
    own = {(document.id, document.index) for document in documents}

    def rank(copy: Copy) -> tuple[int, bool, str]:
        place = (copy.id, copy.index)
        return copy.version, place in own or place not in old, copy.index

    copies: dict[str, list[Copy]] = {}
    for copy in after:
        copies.setdefault(copy.id, []).append(copy)
    removed = []
    for several in copies.values():
        stays = max(several, key=rank)
        removed += [(copy, stays.version) for copy in several if copy is not stays]
    return removed


def index_action(document: Document) -> list[dict[str, Any]]:
    """The two lines of a bulk call that write a document unless a newer one is there."""
    return [{"index": _versioned(document.index, document.id, document.version)}, document.fields]


def delete_action(copy: Copy, version: int) -> list[dict[str, Any]]:
    """The line of a bulk call that removes a copy unless it has become newer than `version` meanwhile."""
    return [{"delete": _versioned(copy.index, copy.id, version)}]


def calls(actions: Iterable[list[dict[str, Any]]]) -> Iterator[list[Any]]:
    """The lines of bulk calls, encoded: those of an action stay together, and few enough go into one call."""
    lines: list[Any] = []  # the client's types know of no line that is JSON already
    size = 0
    for action in actions:
        encoded = [msgspec.json.encode(line) for line in action]
        more = sum(map(len, encoded))
        if lines and (len(lines) + len(encoded) > _LINES or size + more > _BYTES):
            yield lines
            lines, size = [], 0
        lines += encoded
        size += more
    if lines:
        yield lines


def _versioned(index: str, of_post: str, version: int) -> dict[str, Any]:
    return {"_index": index, "_id": of_post, "version": version, "version_type": "external_gte"}
