"""The post store on an Elasticsearch cluster: the adapter of `ports.PostStore` for those who outgrow one machine.

Owns the port and all that is written. What is kept, and which copy of a post is the one, belongs to
`elastic_documents`, reading to `elastic_reading`, what a query means to `elastic_query`, the client and its errors to
`elastic_client`.

A put writes with the times of fetching and judging as the version, refreshes what it wrote, and then looks whether a
post stands in two months; it returns when none does. Until then a search may see such a post twice. It does this for
any number of writers, and a put that was broken off is put right by its repetition.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from stream.codec import Unencodable
from stream.database import now, to_micros
from stream.elastic_client import asking, connect, refused, require_version
from stream.elastic_documents import (
    Document,
    calls,
    delete_action,
    ends_by,
    index_action,
    prepare,
    surplus,
    template,
    to_write,
    wrong_with,
)
from stream.elastic_query import Body, counts, grouping, matching
from stream.elastic_reading import Reading
from stream.elastic_settings import ElasticSettings
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.query import Count, Facet, Hit, Interval, Page, PostQuery, check_forgotten
from stream.records import JudgedPost

_AT_ONCE = 2_000
"""Posts that are looked for in one call."""
_FORGOTTEN_AT_ONCE = 5_000
"""Posts forgotten in one call, so that it ends within its time."""
_ALL: Body = {"match_all": {}}


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
        self._reading = Reading(self._client, settings.prefix)
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
        for judged in sorted(posts, key=lambda one: one.judged_at):
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
            return self._reading.get(id)

    def search(self, query: PostQuery, size: int, after: str = "") -> Page:
        """See `ports.PostStore.search`. Totals are exact up to 10,000, and a page has at most 9,999 hits.

        From the second page on a reader looks at one point in time, as long as this object remembers it and it is
        used every minute; otherwise it goes on with what is there then.
        """
        if size < 1:
            raise ValueError("每页至少要有一条")
        with asking(self._settings):
            return self._reading.page(query, size, after)

    def count(self, query: PostQuery) -> int:
        """See `ports.PostStore.count`."""
        with asking(self._settings):
            return self._reading.count(matching(query))

    def count_by(self, query: PostQuery, by: Facet | Interval, limit: int = 100) -> list[Count]:
        """See `ports.PostStore.count_by`. Posts that name no author are not counted by author.

        Counts are exact. With more than 20,000 values in a shard, one that is rare in most shards may be missing from
        the first `limit`. More than 65,536 hours or days with posts, which the server does not give, are a ValueError.
        """
        with asking(self._settings):
            return counts(by, self._reading.buckets(matching(query), grouping(by, limit)))

    def forget(self, *, before: datetime | None = None, sources: Sequence[str] = (), author: str = "") -> int:
        """See `ports.PostStore.forget`. Whole months are dropped, the rest goes in steps; when interrupted, call it
        again."""
        check_forgotten(before, sources, author)
        with asking(self._settings):
            indices = self._reading.indices()
            if before is None:
                return self._delete(indices, matching(PostQuery(author=author)))
            if sources:
                return self._delete(indices, matching(PostQuery(sources=tuple(sources), until=before)))
            whole = [index for index in indices if ends_by(index, before)]
            dropped = sum(map(self._drop, whole))
            others = [index for index in indices if index not in whole]
            deleted = self._delete(others, matching(PostQuery(until=before)))
            self._delete(others, {"range": {"published": {"lt": to_micros(before)}}})  # tombstones, which do not count
            return dropped + deleted

    def check(self) -> None:
        """See `ports.PostStore.check`."""
        prefix = self._settings.prefix
        with asking(self._settings, starting=True):
            indices = self._inspect()
            if not self._client.indices.exists_index_template(name=prefix):
                raise Misconfigured(f"elastic.prefix: the template {prefix!r} was removed; start again to restore it")
            if not indices:
                return
            self._reading.count(_ALL)
            named = self._reading.named(indices)
            found = self._client.indices.get_settings(index=named, name="index.blocks.*", flat_settings=True)
        for index, blocks in ((index, found[index]["settings"]) for index in found):
            if "true" in blocks.values():
                raise Unavailable(f"{index} is write-protected ({', '.join(blocks)}); see if a disk is full")

    def close(self) -> None:
        """See `ports.PostStore.close`. Points in time end by themselves."""
        self._client.close()

    def _inspect(self) -> list[str]:
        """The months there are; raises Misconfigured unless the server and what it holds can be worked with."""
        require_version(self._client.info()["version"]["number"], self._settings)
        prefix, indices = self._settings.prefix, self._reading.indices()
        if not indices:
            if self._client.indices.exists(index=prefix):
                raise Misconfigured(f"elastic.prefix: {prefix!r} is an index already; choose another prefix")
            return []
        for index, found in self._client.indices.get_mapping(index=self._reading.named(indices)).items():
            if wrong := wrong_with(found["mappings"]):
                raise Misconfigured(f"elastic.prefix: {index} {wrong}; choose another prefix and replay into it")
        return indices

    def _write(self, documents: Sequence[Document]) -> list[str]:
        """Put documents of distinct ids; the ids that were refused."""
        places = {document.id: document.index for document in documents}
        before = self._reading.copies(places, bodies=True)
        written = to_write(documents, before)
        wrong = self._bulk(map(index_action, written))
        self._refresh(places.values())  # of repetitions too: who wrote them may not have lived to do it
        after = self._reading.copies(places) if written else before
        lost = {document.id for document in written}.difference(wrong, (copy.id for copy in after))
        if lost:  # the server still remembers the version that was forgotten a moment ago, and takes ours for an older
            raise Unavailable(f"Elasticsearch has just forgotten {len(lost)} of the posts; put them again")
        if removed := surplus(documents, before, after):
            self._bulk(delete_action(copy, version) for copy, version in removed)
            self._refresh(copy.index for copy, _ in removed)
        return wrong

    def _bulk(self, actions: Iterable[list[Body]]) -> list[str]:
        wrong: list[str] = []
        for operations in calls(actions):
            wrong += refused(self._client.bulk(operations=operations)["items"])
        return wrong

    def _refresh(self, months: Iterable[str]) -> None:
        named = self._reading.named(sorted(set(months)))
        told = self._client.indices.refresh(index=named, ignore_unavailable=True)
        if told["_shards"]["failed"]:
            raise Unavailable("Elasticsearch did not make all posts searchable; put them again")

    def _drop(self, index: str) -> int:
        held = self._reading.count(matching(PostQuery()), index)
        self._client.indices.delete(index=index, ignore_unavailable=True)
        return held

    def _delete(self, indices: Sequence[str], query: Body) -> int:
        deleted = 0
        while indices:
            done = self._client.delete_by_query(
                index=self._reading.named(indices),
                ignore_unavailable=True,
                query=query,
                max_docs=_FORGOTTEN_AT_ONCE,
                conflicts="proceed",
                refresh=True,
            )
            deleted += done["deleted"]
            if done["failures"] or done["timed_out"]:
                raise Unavailable(f"Elasticsearch forgot {deleted} posts, not all; call it again")
            if done["version_conflicts"]:
                raise Unavailable(f"Elasticsearch forgot {deleted} posts, others were just written; call it again")
            if done["deleted"] < _FORGOTTEN_AT_ONCE:
                break
        return deleted
