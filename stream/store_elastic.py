"""The post store on an Elasticsearch cluster: the adapter of `ports.PostStore` for those who outgrow one machine.

Owns the port: bulks, pages and cursors. What is kept, and which copy of a post is the one, belongs to
`elastic_documents`, what a query means to `elastic_query`, the client and its errors to `elastic_client`.

A put writes with the time of fetching as the version, refreshes what it wrote, and then looks whether a post stands in
two months; it returns when none does. Until then a search may see such a post twice. It does this for any number of
writers, and a put that was broken off is put right by its repetition.
"""

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from elasticsearch import NotFoundError

from stream.codec import Unencodable, decode_judged
from stream.database import from_micros, now, to_micros
from stream.elastic_client import ElasticSettings, asking, connect, refused, require_version
from stream.elastic_documents import (
    Copy,
    Document,
    delete_action,
    ends_by,
    index_action,
    prepare,
    surplus,
    template,
    to_write,
    wrong_with,
)
from stream.elastic_query import Body, counts, grouping, matching, preference, ranked, sort
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.query import Count, Facet, Hit, Interval, Page, PostQuery
from stream.records import JudgedPost

_COUNTED = 10_000
"""A search counts no further than this; `count` counts all."""
_AT_ONCE = 500
"""Posts in one bulk call."""
_COPIES = 4
"""Copies of a post that a look at them has room for; more than two take two crashes."""
_FORGOTTEN_AT_ONCE = 5_000
"""Posts forgotten in one call, so that it ends within its time."""
_LARGEST_PAGE = 9_999
"""The server hands out 10,000 hits at once, and one is needed to see that there are more."""
_KEPT = "1m"
"""How long a point in time outlives its last use."""
_POINTS = 100
"""Points in time that are remembered."""
_BODY = ["body", "indexed"]

_Cursor = tuple[bool, list[float | int | str]]
"""Whether hits were ranked, and the sort values of the last."""


class ElasticStore:
    """A `PostStore` in an Elasticsearch cluster, for as many threads, processes and machines as like.

    Args:
        settings: where and how.
        clock: gives `Hit.indexed_at`.

    Raises:
        Misconfigured: the settings cannot work, or what is there was written by another version.
        Unavailable: the cluster cannot be reached.
    """

    def __init__(self, settings: ElasticSettings, *, clock: Callable[[], datetime] = now) -> None:
        self._settings = settings
        self._clock = clock
        self._client = connect(settings)
        self._points: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        try:
            with asking(settings, starting=True):
                self._inspect()
                self._client.indices.put_index_template(**template(settings))
        except BaseException:
            self._client.close()
            raise

    def put(self, posts: Sequence[JudgedPost]) -> None:
        """See `ports.PostStore.put`. A repetition changes nothing, `indexed_at` included."""
        documents: dict[str, Document] = {}
        wrong: list[str] = []
        indexed = self._clock()
        for judged in posts:
            try:
                document = prepare(judged, self._settings.prefix, indexed)
            except Unencodable:
                wrong.append(judged.post.id)
                continue
            other = documents.get(document.id)
            if other is None or document.version >= other.version:
                documents[document.id] = document
        remaining = iter(documents.values())
        while some := list(islice(remaining, _AT_ONCE)):
            with asking(self._settings):
                wrong += self._write(some)
        if wrong:
            raise Rejected(f"{len(wrong)} posts cannot be stored", wrong)

    def get(self, id: str) -> Hit | None:
        """See `ports.PostStore.get`."""
        with asking(self._settings):
            found = self._ask(query={"term": {"id": id}}, sort=[{"fetched": "desc"}], size=1, source_includes=_BODY)
        return next(_hits(found["hits"]["hits"]), None)

    def search(self, query: PostQuery, size: int, after: str = "") -> Page:
        """See `ports.PostStore.search`. Totals are exact up to 10,000, and a page has at most 9,999 hits.

        From the second page on a reader looks at one point in time, as long as this object remembers it and it is
        used every minute; otherwise it goes on with what is there then.
        """
        if size < 1:
            raise ValueError("每页至少要有一条")
        size = min(size, _LARGEST_PAGE)
        asked: Body = {
            "query": matching(query),
            "sort": sort(query),
            "size": size + 1,
            "source_includes": _BODY,
            "track_total_hits": _COUNTED,
        }
        if ranked(query):
            # months are compared, so words must be as rare in one as in another
            asked["search_type"] = "dfs_query_then_fetch"
        if after:
            asked["search_after"] = _decoded(after, ranked=ranked(query))
        with asking(self._settings):
            found = self._go_on(after, query, asked) if after else self._ask(preference=preference(query), **asked)
        hits, total = found["hits"]["hits"], found["hits"]["total"]
        following = ""
        if len(hits) > size:
            # a point in time adds a value of its own to the order, which is of no use elsewhere
            following = _encoded(hits[size - 1]["sort"][: len(asked["sort"])], ranked=ranked(query))
            if "pit_id" in found:
                self._remember(following, found["pit_id"])
        return Page(
            hits=tuple(_hits(hits[:size])),
            after=following,
            total=min(total["value"], _COUNTED),
            total_exact=total["relation"] == "eq",
        )

    def count(self, query: PostQuery) -> int:
        """See `ports.PostStore.count`."""
        return self._count(matching(query))

    def count_by(self, query: PostQuery, by: Facet | Interval, limit: int = 100) -> list[Count]:
        """See `ports.PostStore.count_by`. Posts that name no author are not counted by author.

        Facets of up to 20,000 values in a shard are exact. Hours of more than seven years are a ValueError.
        """
        asked = {"values": grouping(by, limit)}
        with asking(self._settings):
            found = self._ask(query=matching(query), size=0, track_total_hits=False, aggregations=asked)
        # without any index the server leaves the whole answer out
        return counts(by, found["aggregations"]["values"]["buckets"]) if "aggregations" in found else []

    def forget(self, *, before: datetime | None = None, author: str = "") -> int:
        """See `ports.PostStore.forget`. Whole months are dropped; otherwise in steps. When interrupted, call it
        again."""
        if (before is None) == (not author):
            raise ValueError("forget takes either before or author")
        forgotten = 0
        with asking(self._settings):
            indices = self._indices()
            if before is None:
                return self._delete(indices, {"term": {"author": author}})
            for index in [index for index in indices if ends_by(index, before)]:
                held = self._count({"match_all": {}}, index)
                self._client.indices.delete(index=index, ignore_unavailable=True)
                forgotten += held
                indices.remove(index)
            return forgotten + self._delete(indices, {"range": {"published": {"lt": to_micros(before)}}})

    def check(self) -> None:
        """See `ports.PostStore.check`."""
        prefix = self._settings.prefix
        with asking(self._settings, starting=True):
            self._inspect()
            if not self._client.indices.exists_index_template(name=prefix):
                raise Misconfigured(f"elastic.prefix: the template {prefix!r} was removed; start again to restore it")
            self._count({"match_all": {}})
            blocks = self._client.indices.get_settings(index=f"{prefix}-*", name="index.blocks.*", flat_settings=True)
        for index, found in blocks.items():
            if "true" in found["settings"].values():
                raise Unavailable(f"{index} is write-protected ({', '.join(found['settings'])}); see if a disk is full")

    def close(self) -> None:
        """See `ports.PostStore.close`. Points in time end by themselves."""
        self._client.close()

    def _inspect(self) -> None:
        """Raise Misconfigured unless the server and what it holds can be worked with."""
        require_version(self._client.info()["version"]["number"], self._settings)
        prefix = self._settings.prefix
        for index, found in self._client.indices.get_mapping(index=prefix, ignore_unavailable=True).items():
            if index == prefix:
                raise Misconfigured(f"elastic.prefix: {prefix!r} is an index already; choose another prefix")
            if wrong := wrong_with(found["mappings"]):
                raise Misconfigured(f"elastic.prefix: {index} {wrong}; choose another prefix and replay into it")

    def _write(self, documents: Sequence[Document]) -> list[str]:
        """Put documents of distinct ids; the ids that were refused."""
        ids = [document.id for document in documents]
        before = self._copies(ids, "fetched", "body")
        written = to_write(documents, before)
        wrong = self._bulk(line for document in written for line in index_action(document))
        after = self._copies(ids, "fetched") if written else before
        self._bulk(line for copy, version in surplus(documents, before, after) for line in delete_action(copy, version))
        return wrong

    def _bulk(self, lines: Iterable[Body]) -> list[str]:
        operations = list(lines)
        if not operations:
            return []
        return refused(self._client.bulk(operations=operations, refresh=True)["items"])

    def _copies(self, ids: Sequence[str], *fields: str) -> list[Copy]:
        """What is searchable of these posts, wherever it is."""
        found = self._ask(
            query={"terms": {"id": ids}}, sort=["_doc"], size=len(ids) * _COPIES, source_includes=list(fields)
        )
        return [
            Copy(hit["_id"], hit["_index"], hit["_source"]["fetched"], hit["_source"].get("body", ""))
            for hit in found["hits"]["hits"]
        ]

    def _ask(self, **asked: Any) -> Body:
        """A search through the alias, or in a point in time; all shards answer or it fails."""
        if "pit" not in asked:
            asked = {"index": self._settings.prefix, "ignore_unavailable": True} | asked
        return self._client.search(allow_partial_search_results=False, **asked).body

    def _go_on(self, after: str, query: PostQuery, asked: Body) -> Body:
        """The page after a cursor."""
        with self._lock:
            point = self._points.get(after)
        if point is not None:
            try:
                return self._ask(pit={"id": point, "keep_alive": _KEPT}, **asked)
            except NotFoundError:
                pass  # expired, or one of its months was dropped; the order is the same in a new one
        indices = self._indices()
        if not indices:
            return self._ask(**asked)
        opened = self._client.open_point_in_time(
            index=",".join(indices), ignore_unavailable=True, keep_alive=_KEPT, preference=preference(query)
        )
        return self._ask(pit={"id": opened["id"], "keep_alive": _KEPT}, **asked)

    def _remember(self, cursor: str, point: str) -> None:
        """Keep the point in time of a cursor here: with many shards it is too long for an address."""
        with self._lock:
            self._points[cursor] = point
            self._points.move_to_end(cursor)
            if len(self._points) > _POINTS:
                self._points.popitem(last=False)

    def _count(self, query: Body, index: str = "") -> int:
        with asking(self._settings):
            asked = {"index": index} if index else {}
            found = self._ask(query=query, size=0, track_total_hits=True, **asked)
        held: int = found["hits"]["total"]["value"]
        return held

    def _indices(self) -> list[str]:
        """The months there are."""
        try:
            return sorted(self._client.indices.get_alias(name=self._settings.prefix))
        except NotFoundError:
            return []

    def _delete(self, indices: Sequence[str], query: Body) -> int:
        deleted = 0
        while indices:
            done = self._client.delete_by_query(
                index=",".join(indices),
                ignore_unavailable=True,
                query=query,
                max_docs=_FORGOTTEN_AT_ONCE,
                conflicts="proceed",
                refresh=True,
            )
            deleted += done["deleted"]
            if done["failures"] or done["timed_out"]:
                raise Unavailable(f"Elasticsearch forgot {deleted} posts, not all; call it again")
            if done["version_conflicts"] and not done["deleted"]:
                raise Unavailable(f"Elasticsearch forgot {deleted} posts, others are being written; call it again")
            if done["deleted"] + done["version_conflicts"] < _FORGOTTEN_AT_ONCE and not done["version_conflicts"]:
                break
        return deleted


def _hits(found: Iterable[Body]) -> Iterable[Hit]:
    for hit in found:
        source = hit["_source"]
        yield Hit(decode_judged(source["body"].encode()), from_micros(source["indexed"]))


def _encoded(values: Sequence[float | int | str], *, ranked: bool) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((ranked, values))).decode().rstrip("=")


def _decoded(cursor: str, *, ranked: bool) -> list[float | int | str]:
    try:
        data = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        of_ranked, values = msgspec.json.decode(data, type=_Cursor)
        kinds = [float, int, str] if ranked else [int, str]
        if of_ranked is ranked and [type(value) for value in values] == kinds:
            return values
    except (binascii.Error, UnicodeEncodeError, UnicodeDecodeError, msgspec.DecodeError):
        pass  # whatever was wrong with it, the person can only start again
    raise ValueError("翻页标记无效,请从第一页重新开始")
