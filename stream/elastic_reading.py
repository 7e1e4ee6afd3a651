"""Asking an Elasticsearch cluster for posts: searches, pages, and the points in time that pages are taken from.

Owns points in time and where a page ends. Does not own what a query means (`elastic_query`), the driver's errors
(`elastic_client.asking` goes around every call here) or anything that is written (`store_elastic`).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from stream import cursors
from stream.codec import decode_judged
from stream.database import from_micros
from stream.elastic_documents import Copy, patterns, version
from stream.elastic_query import Body, matching, preference, ranked, sort
from stream.highlights import highlighter
from stream.ports import Unavailable
from stream.query import Hit, Page, PostQuery

_COUNTED = 10_000
"""A search counts no further than this; `count` counts all."""
_COPIES = 4
"""Copies of a post that a look at them has room for; more than two take two crashes."""
_NAMED = 50
"""Months whose names fit into an address, of which a server reads no more than 4 KiB."""
_LARGEST_PAGE = 9_999
"""The server hands out 10,000 hits at once, and one is needed to see that there are more."""
_KEPT = "1m"
"""How long a point in time outlives its last use."""
_POINTS = 100
"""Points in time that are remembered."""
_HIT = ["body", "indexed"]


class Reading:
    """Reads the posts behind an alias; for any number of threads.

    Args:
        client: the cluster's.
        alias: of all months.
    """

    def __init__(self, client: Elasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias
        self._points: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, id: str) -> Hit | None:
        """The post with this id; the newest copy while it is being moved to another month, none if that is gone."""
        found = self._ask(query={"term": {"id": id}}, sort=[{"fetched": "desc"}], size=1, source_includes=_HIT)
        return next(_hits(hit for hit in found["hits"]["hits"] if hit["_source"]), None)

    def page(self, query: PostQuery, size: int, after: str) -> Page:
        """A page of hits. Most readers never ask for a second, so a point in time is opened only with that one."""
        size, places = min(size, _LARGEST_PAGE), highlighter(query)
        asked: Body = {
            "query": matching(query),
            "sort": sort(query),
            "size": size + 1,
            "source_includes": _HIT,
            "track_total_hits": _COUNTED,
        }
        if ranked(query):
            # months are compared, so words must be as rare in one as in another
            asked["search_type"] = "dfs_query_then_fetch"
        name = ""
        if after:
            # a reading is named from its second page on, so that none goes on in what another saw a minute ago
            asked["search_after"], name = cursors.read(after, ranked=ranked(query))
            name = name or token_hex(6)
            found = self._go_on(name, preference(query), asked)
        else:
            found = self._ask(preference=preference(query), **asked)
        hits, total = found["hits"]["hits"], found["hits"]["total"]
        following = ""
        if len(hits) > size:
            # a point in time adds a value of its own to the order, which is of no use elsewhere
            following = cursors.write(hits[size - 1]["sort"][: len(asked["sort"])], name, ranked=ranked(query))
            if "pit_id" in found:
                self._remember(name, found["pit_id"])
        return Page(
            hits=tuple(replace(hit, highlights=places(hit.judged.post)) for hit in _hits(hits[:size])),
            after=following,
            total=min(total["value"], _COUNTED),
            total_exact=total["relation"] == "eq",
        )

    def count(self, query: Body, index: str = "") -> int:
        """How many posts match, in all months or one."""
        where = {"index": index} if index else {}
        held: int = self._ask(query=query, size=0, track_total_hits=True, **where)["hits"]["total"]["value"]
        return held

    def buckets(self, query: Body, aggregation: Body) -> list[Body]:
        """The buckets of one aggregation; of a facet with too many values for its shards, those found are counted
        again, so that what is said of them is exact."""
        found = self._aggregated(query, aggregation)
        if found.get("doc_count_error_upper_bound"):
            values = [bucket["key"] for bucket in found["buckets"]]
            found = self._aggregated(query, {"terms": {**aggregation["terms"], "include": values}})
        held: list[Body] = found["buckets"]
        return held

    def copies(self, places: Mapping[str, str], *, bodies: bool = False) -> list[Copy]:
        """What there is of these posts, tombstones too; with their bodies if asked for.

        Args:
            places: the month of each, by id. There the answer is of this moment; in other months, which are mostly
                not even asked, it is what is searchable.
        """
        fields = ["fetched", "sentiment", *(_HIT if bodies else [])]
        found = [*self._there(places, fields), *self._elsewhere(places, fields)]
        return [_copy(hit, hit["_source"]) for hit in found]

    def named(self, indices: Sequence[str]) -> str:
        """These months in an address; instead of so many that they do not fit, the patterns of all."""
        return ",".join(indices if len(indices) <= _NAMED else patterns(self._alias))

    def indices(self) -> list[str]:
        """The months there are."""
        try:
            return sorted(self._client.indices.get_alias(name=self._alias))
        except NotFoundError:
            return []

    def _there(self, places: Mapping[str, str], fields: Sequence[str]) -> list[Body]:
        asked = [{"_index": index, "_id": of_post} for of_post, index in places.items()]
        found: list[Body] = self._client.mget(docs=asked, source_includes=fields)["docs"]
        errors = {one["error"]["type"] for one in found if "error" in one} - {"index_not_found_exception"}
        if errors:
            raise Unavailable(f"Elasticsearch did not find all posts ({', '.join(sorted(errors))})")
        return [one for one in found if one.get("found")]

    def _elsewhere(self, places: Mapping[str, str], fields: Sequence[str]) -> list[Body]:
        own = set(places.values())
        others = [index for index in self.indices() if own != {index}]
        if not others:
            return []
        query, size = {"terms": {"id": list(places)}}, len(places) * _COPIES
        found = self._ask(
            index=self.named(others), query=query, sort=["_doc"], size=size, source_includes=fields, version=True
        )
        return [hit for hit in found["hits"]["hits"] if hit["_index"] != places[hit["_id"]]]

    def _ask(self, **asked: Any) -> Body:
        """A search through the alias, or in a point in time; all shards answer or it fails."""
        if "pit" not in asked:
            asked = {"index": self._alias, "ignore_unavailable": True} | asked
        answer: Body = self._client.search(allow_partial_search_results=False, **asked).body
        return answer

    def _aggregated(self, query: Body, aggregation: Body) -> Body:
        found = self._ask(query=query, size=0, track_total_hits=False, aggregations={"values": aggregation})
        # without any index the server leaves the whole answer out
        answer: Body = found["aggregations"]["values"] if "aggregations" in found else {"buckets": []}
        return answer

    def _go_on(self, name: str, of_query: str, asked: Body) -> Body:
        """A later page of the reading of this name: in its point in time, or else in a new one."""
        with self._lock:
            point = self._points.get(name)
        if point is not None:
            try:
                return self._ask(pit={"id": point, "keep_alive": _KEPT}, **asked)
            except NotFoundError:
                pass  # expired, or one of its months was dropped; the order is the same in a new one
        indices = self.indices()
        if not indices:
            return self._ask(**asked)
        opened = self._client.open_point_in_time(
            index=self.named(indices), ignore_unavailable=True, keep_alive=_KEPT, preference=of_query
        )
        return self._ask(pit={"id": opened["id"], "keep_alive": _KEPT}, **asked)

    def _remember(self, name: str, point: str) -> None:
        """Keep the point in time of a reading here: with many shards it is too long for an address."""
        with self._lock:
            self._points[name] = point
            self._points.move_to_end(name)
            if len(self._points) > _POINTS:
                self._points.popitem(last=False)


def _copy(hit: Body, kept: Body) -> Copy:
    # until 0.3 the version was the time of fetching alone, which is lower than any of today
    least = version(kept["fetched"], deleted="sentiment" not in kept)
    return Copy(hit["_id"], hit["_index"], max(hit["_version"], least), kept.get("body", ""), kept.get("indexed", 0))


def _hits(found: Iterable[Body]) -> Iterator[Hit]:
    for hit in found:
        source = hit["_source"]
        yield Hit(decode_judged(source["body"].encode()), from_micros(source["indexed"]))
