"""A PostQuery in the query language of Elasticsearch, and what its aggregations say.

Owns the translation, pure in both directions. Does not own the mapping (`elastic_documents`) or the calls
(`store_elastic`).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from stream.database import from_micros, to_micros
from stream.fulltext import And, Expression, Not, Or, parse
from stream.query import Count, Facet, Interval, Order, PostQuery
from stream.zone import SHANGHAI

Body = dict[str, Any]
"""A piece of the JSON that Elasticsearch is sent, or answers with."""

_ZONE = "+08:00"
"""Asia/Shanghai as the whole of Guanlan takes it. The server's own `Asia/Shanghai` knows the summer times of before
1992 and would begin those days an hour off."""
_POSTS: Body = {"exists": {"field": "sentiment"}}
"""Whatever was judged: tombstones are not (`elastic_documents`)."""
_EXACT = 20_000
"""Values of a facet that each shard reports; with no more than that in a shard, they are all there are."""
_LONGEST = 100
"""Characters of a word that is indexed as it is."""


def matching(query: PostQuery) -> Body:
    """The posts a query asks for; scored only if it is `ranked`.

    Raises:
        ValueError: the words cannot be understood; the message is fit for a user.
    """
    conditions: list[Body] = [_POSTS]
    conditions += [{"terms": {str(field): list(values)}} for field, values in query.conditions()]
    if query.since is not None or query.until is not None:
        since = {} if query.since is None else {"gte": to_micros(query.since)}
        until = {} if query.until is None else {"lt": to_micros(query.until)}
        conditions.append({"range": {"published": since | until}})
    scored: list[Body] = []
    if query.text.strip():
        (scored if ranked(query) else conditions).append(_words(parse(query.text)))
    return {"bool": {"filter": conditions} | ({"must": scored} if scored else {})}


def ranked(query: PostQuery) -> bool:
    """Whether hits come best match first."""
    return query.order is Order.RELEVANCE and bool(query.text.strip())


def sort(query: PostQuery) -> list[Body]:
    """The order of hits; all values but the score are unique together."""
    newest: list[Body] = [{"published": {"order": "desc"}}, {"id": {"order": "desc"}}]
    return [{"_score": {"order": "desc"}}, *newest] if ranked(query) else newest


def preference(query: PostQuery) -> str:
    """A name for the copies of the shards to ask: the same for the same query, since copies differ in their scores."""
    return "q" + blake2b(repr(query).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def indexed(words: Sequence[str]) -> str:
    """Tokens of `fulltext` as the index is given them, with spaces between.

    The server's whitespace tokenizer would cut a word of more than 255 characters in two, so a long one is replaced by
    its hash, here and in queries alike.
    """
    return " ".join(word if len(word) <= _LONGEST else blake2b(word.encode()).hexdigest() for word in words)


def grouping(by: Facet | Interval, limit: int) -> Body:
    """The aggregation that counts posts per value."""
    if isinstance(by, Interval):
        return {
            "date_histogram": {
                "field": "published_at",
                "calendar_interval": str(by),
                "time_zone": _ZONE,
                "min_doc_count": 1,
            }
        }
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": str(by), "size": limit, "shard_size": max(limit, _EXACT), "order": order}}


def counts(by: Facet | Interval, buckets: Sequence[Body]) -> list[Count]:
    """The answer to `grouping`."""
    if isinstance(by, Interval):
        return [
            Count(from_micros(bucket["key"] * 1000).astimezone(SHANGHAI).isoformat(), bucket["doc_count"])
            for bucket in buckets
        ]
    return [Count(bucket["key"], bucket["doc_count"]) for bucket in buckets]


def _words(expression: Expression) -> Body:
    if isinstance(expression, And):
        return {"bool": {"must": [_words(part) for part in expression.parts]}}
    if isinstance(expression, Or):
        return {"bool": {"should": [_words(part) for part in expression.parts], "minimum_should_match": 1}}
    if isinstance(expression, Not):
        return {"bool": {"must_not": [_words(expression.part)]}}
    return {"match_phrase": {"words": indexed(expression.tokens)}}
