"""The Elasticsearch store keeps the contract, and what only it can get wrong.

The server is the local stand-in, or a real one given by GUANLAN_TEST_ELASTIC (the address, with user and password in
it if it wants them); on that, each test removes what it made.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import (
    ApiError,
    ConnectionError,  # noqa: A004 — the driver's name
    ConnectionTimeout,
    Elasticsearch,
    SerializationError,
    SSLError,
    UnsupportedProductError,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from stream import elastic_documents, elastic_reading, store_elastic
from stream.elastic_client import connect, refused, translate
from stream.elastic_documents import (
    Copy,
    Document,
    ends_by,
    index_action,
    prepare,
    surplus,
    template,
    to_write,
    wrong_with,
)
from stream.elastic_query import grouping, indexed, matching, sort
from stream.elastic_settings import ElasticSettings
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured, Rejected, Unavailable
from stream.query import Count, Facet, Interval, Order, PostQuery
from stream.records import JudgedPost
from stream.store_elastic import ElasticStore
from tests.factories import NOW, judged
from tests.stream.contract_store import LATER, StoreContract, StoreSite, assert_answers, pages
from tests.stream.test_store_sqlite import StoreMachine

pytestmark = pytest.mark.live
OCTOBER = datetime(2026, 10, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> str:
    """A server."""
    given = os.environ.get("GUANLAN_TEST_ELASTIC", "")
    return given or request.getfixturevalue("noida").elastic


@pytest.fixture
def client(address: str) -> Iterator[Elasticsearch]:
    """A client of the test's own."""
    with closing(Elasticsearch(address, request_timeout=30)) as client:
        yield client


@pytest.fixture
def place(address: str, client: Elasticsearch, request: pytest.FixtureRequest) -> Iterator[ElasticSettings]:
    """Settings with a prefix of this test's own; what was made there is removed afterwards."""
    name = re.sub("[^a-z0-9]+", "-", request.node.nodeid.rpartition("::")[2].lower())[:60]
    place = ElasticSettings((address,), prefix=f"guanlan-test-{os.getpid()}-{name}".rstrip("-"), replicas=0)
    yield place
    found = client.indices.get(index=f"{place.prefix}*")
    if names := [name for name in found if re.fullmatch(rf"{re.escape(place.prefix)}(-\d{{4}}\.\d{{2}})?", name)]:
        client.indices.delete(index=names)
    client.options(ignore_status=404).indices.delete_index_template(name=place.prefix)


@pytest.fixture
def store(place: ElasticSettings) -> Iterator[ElasticStore]:
    """An open store."""
    with closing(ElasticStore(place, clock=lambda: LATER)) as store:
        yield store


class TestElasticStore(StoreContract):
    """The contract on a server."""

    @pytest.fixture
    def site(self, place: ElasticSettings) -> StoreSite:
        """A prefix of its own."""
        return StoreSite(
            open=lambda: ElasticStore(place, clock=lambda: LATER),
            timed=lambda clock: ElasticStore(place, clock=clock),
            code=(
                "from stream.elastic_settings import ElasticSettings\nfrom stream.store_elastic import ElasticStore\n"
                f"store = ElasticStore(ElasticSettings({place.urls!r}, prefix={place.prefix!r}, replicas=0))"
            ),
        )


def months(client: Elasticsearch, place: ElasticSettings) -> list[tuple[str, str]]:
    """Every document there is, as its month and id."""
    found = client.search(index=f"{place.prefix}-*", size=1000)["hits"]["hits"]
    return sorted((hit["_index"].removeprefix(f"{place.prefix}-"), hit["_id"]) for hit in found)


# one id, one index


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3,), (2, 1), (1, 2)], ids=str)
def test_a_corrected_time_moves_the_post(
    sizes: tuple[int, ...], store: ElasticStore, place: ElasticSettings, client: Elasticsearch
) -> None:
    """Whatever the order of fetches that date a post in different months, one by one or together in a call, it stands
    once, where the newest says; also after a repetition."""
    for number, order in enumerate(permutations(range(3))):
        fetches = [
            judged(
                str(number),
                author=f"order {number}",
                fetched_at=NOW + timedelta(minutes=n),
                published_at=(NOW, OCTOBER, datetime(2025, 12, 31, tzinfo=UTC))[n],
            )
            for n in range(3)
        ]
        coming = iter([fetches[n] for n in order])
        for size in sizes:
            store.put(list(islice(coming, size)))
        store.put([fetches[order[0]]])
        assert_answers(store, [fetches[2]], PostQuery(author=f"order {number}"))
        assert [month for month, one in months(client, place) if one == fetches[2].post.id] == ["2025.12"]


def test_an_equal_fetch_moves_the_post_back_and_forth(store: ElasticStore) -> None:
    """The last of equal fetches is kept, also when each dates the post in another month."""
    for time in (NOW, OCTOBER, NOW, NOW, OCTOBER):
        one = judged(published_at=time)
        store.put([one, judged("2")])
        assert_answers(store, [one, judged("2")], PostQuery())


@pytest.mark.parametrize("again", ["old", "new"])
def test_a_move_broken_off_is_put_right(
    again: str, store: ElasticStore, place: ElasticSettings, client: Elasticsearch
) -> None:
    """A crash between writing to one month and removing from another leaves two copies until the next put."""
    old, new = judged(published_at=NOW), judged(published_at=OCTOBER, fetched_at=LATER)
    lines = [line for one in (old, new) for line in index_action(prepare(one, place.prefix, NOW))]
    client.bulk(operations=lines, refresh=True)
    assert len(months(client, place)) == 2
    hit = store.get(new.post.id)
    assert hit is not None
    assert hit.judged == new
    store.put([{"old": old, "new": new}[again]])
    assert months(client, place) == [("2026.10", new.post.id)]
    assert_answers(store, [new], PostQuery())


def test_two_writers_at_once(place: ElasticSettings, client: Elasticsearch) -> None:
    """Two processes that put fetches of the same posts at the same time leave the newest, once."""
    fetches = [
        [
            judged(str(n), fetched_at=NOW + timedelta(minutes=writer + n % 2), published_at=(NOW, OCTOBER)[writer])
            for n in range(12)
        ]
        for writer in range(2)
    ]
    together = threading.Barrier(2)

    def write(posts: list[JudgedPost]) -> None:
        with closing(ElasticStore(place)) as store:
            for one in posts:
                together.wait(30)
                store.put([one])

    threads = [threading.Thread(target=write, args=(posts,)) for posts in fetches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert months(client, place) == sorted(("2026.10", one.post.id) for one in fetches[1])


@pytest.mark.parametrize(
    "newer",
    [
        replace(judged(revision="test-2"), judged_at=judged().judged_at + timedelta(minutes=10)),
        judged(deleted=True),
    ],
    ids=["judged again", "deleted"],
)
def test_who_writes_last_does_not_win(address: str, place: ElasticSettings, newer: JudgedPost) -> None:
    """A writer that looked before a later judgement, or a tombstone, of the same fetch was put, and writes after it,
    does not take its place."""
    front = Front(address)
    with (
        front.open() as url,
        closing(ElasticStore(replace(place, urls=(url,)))) as late,
        closing(ElasticStore(place)) as other,
    ):
        front.answer = lambda path, body: other.put([newer]) if path.startswith("/_bulk") else None
        late.put([judged()])
        assert_answers(other, [] if newer.post.deleted else [newer], PostQuery())


_places = st.sampled_from(["p-2026.10", "p-2026.11", "p-2026.12"])
_versions = st.integers(0, 2)


@given(
    st.lists(
        st.builds(Copy, st.just("1"), _places, _versions),
        max_size=3,
        unique_by=lambda copy: copy.index,
    ),
    st.tuples(_places, _versions),
)
def test_two_writers_keep_the_same_copy(before: list[Copy], other: tuple[str, int]) -> None:
    """Two puts at the same moment each see both new copies; both keep the same one, so that one is left."""
    mine, theirs = (Document("1", index, version, {}) for index, version in (("p-2026.10", 1), other))
    before = [copy for copy in before if copy.index not in (mine.index, theirs.index)]
    after = [*before, Copy("1", mine.index, mine.version)]
    if theirs.index != mine.index:
        after.append(Copy("1", theirs.index, theirs.version))
    gone = [{copy.index for copy, _ in surplus([one], before, after)} for one in (mine, theirs)]
    assert gone[0] == gone[1]
    assert len(gone[0]) == len(after) - 1


def test_only_what_changes_is_written() -> None:
    """A repetition and an older fetch are not sent; an equal one that differs is."""
    first, second = (prepare(judged(likes=n), "p", NOW) for n in (1, 2))
    here = Copy(first.id, first.index, first.version, first.fields["body"], first.fields["indexed"])
    assert to_write([first], [here]) == []
    assert to_write([second], [here]) == [second]
    assert to_write([second], [replace(here, version=here.version + 1, index="p-2026.10")]) == []
    assert to_write([first], [replace(here, index="p-2026.10")]) == [first]
    gone = prepare(judged(deleted=True), "p", NOW)
    assert to_write([gone], [here]) == [gone]
    buried = Copy(gone.id, gone.index, gone.version)
    assert to_write([gone, first], [buried]) == []


_fetches = st.timedeltas(timedelta(days=-20_000), timedelta(days=30_000)).map(lambda age: NOW + age)
_waits = st.timedeltas(timedelta(0), timedelta(days=700))


@given(st.tuples(_fetches, _fetches), st.tuples(_waits, _waits), st.booleans(), st.booleans())
def test_versions_are_in_the_order_of_copies(
    fetches: tuple[datetime, datetime], waits: tuple[timedelta, timedelta], gone: bool, also: bool
) -> None:
    """The newer fetch is higher, however long a judgement waited; of one fetch the tombstone; else the judgement that
    waited longer is not lower, and is higher if by more than two hundredths and a millisecond."""

    def version(fetched: datetime, waited: timedelta, *, deleted: bool = False) -> int:
        one = judged(fetched_at=fetched, deleted=deleted)
        return prepare(replace(one, judged_at=fetched + waited), "p", NOW).version

    (old, new), (wait, longer) = sorted(fetches), sorted(waits)
    assert version(old, longer, deleted=gone) < version(new, wait, deleted=also) or old == new
    assert version(old, wait, deleted=True) > version(old, longer) >= version(old, wait) >= 0
    assert version(old, wait) < version(old, wait * 1.02 + timedelta(milliseconds=1))
    assert version(new, longer, deleted=True) < 1 << 63


def test_what_an_earlier_version_wrote_gives_way(
    store: ElasticStore, place: ElasticSettings, client: Elasticsearch
) -> None:
    """Documents whose version is the time of fetching alone are replaced, moved and held to be newer by that time."""
    old = [judged(str(n), fetched_at=NOW + timedelta(minutes=n % 2)) for n in range(4)]
    lines = [index_action(prepare(one, place.prefix, NOW)) for one in old]
    for (action, kept), one in zip(lines, old, strict=True):
        action["index"]["version"] = kept["fetched"]
        assert kept["id"] == one.post.id
    client.bulk(operations=[line for action in lines for line in action], refresh=True)
    store.put([judged(str(n), likes=9, published_at=(NOW, OCTOBER)[n // 2]) for n in range(4)])
    expected = [judged("0", likes=9), old[1], judged("2", likes=9, published_at=OCTOBER), old[3]]
    assert_answers(store, expected, PostQuery())
    assert len(months(client, place)) == 4


def test_a_repetition_is_searchable(store: ElasticStore, place: ElasticSettings, client: Elasticsearch) -> None:
    """What a put wrote that died before it made it searchable is so after its repetition."""
    lines = index_action(prepare(judged(), place.prefix, NOW))
    client.bulk(operations=lines)
    assert store.count(PostQuery()) == 0
    store.put([judged()])
    assert_answers(store, [judged()], PostQuery())


def test_more_posts_than_one_call_takes(store: ElasticStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large put goes in several calls, some with one post, and leaves out none."""
    monkeypatch.setattr(store_elastic, "_AT_ONCE", 4)
    monkeypatch.setattr(elastic_documents, "_LINES", 6)
    posts = [judged(str(n), published_at=(NOW, OCTOBER)[n % 2]) for n in range(9)]
    store.put(posts)
    assert_answers(store, posts, PostQuery())


def test_more_months_than_an_address_holds(
    store: ElasticStore, place: ElasticSettings, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Months whose names are too many are asked by a pattern: put, moved, paged, forgotten, checked, opened again."""
    monkeypatch.setattr(elastic_reading, "_NAMED", 1)
    times = NOW, OCTOBER, datetime(2025, 12, 31, tzinfo=UTC)
    posts = [judged(str(n), author=f"a{n % 2}", published_at=times[n % 3]) for n in range(9)]
    store.put(posts)
    moved = judged("0", author="a0", published_at=OCTOBER, fetched_at=LATER)
    store.put([moved])
    assert_answers(store, [moved, *posts[1:]], PostQuery())
    assert [month for month, one in months(client, place) if one == moved.post.id] == ["2026.10"]
    assert sorted(pages(store, PostQuery(), 2)) == sorted(one.post.id for one in posts)
    assert store.forget(author="a1") == 4
    store.check()
    with closing(ElasticStore(place)) as other:
        assert other.forget(before=NOW) == 4
        assert other.count(PostQuery()) == 1


def test_a_bulk_call_is_no_longer_than_a_server_takes() -> None:
    """Long posts go in calls of few, also one that is longer by itself; lines and their actions stay together."""
    short, long = [{"index": {}}, {"words": "x" * 1_000}], [{"index": {}}, {"words": "x" * (9 << 20)}]
    sizes = [[len(line) > 20 for line in lines] for lines in elastic_documents.calls([short, long, short, short])]
    assert sizes == [[False, True], [False, True], [False, True, False, True]]
    several = [[{"delete": {}}]] * 1_001
    assert [len(lines) for lines in elastic_documents.calls(several)] == [1_000, 1]


def test_what_was_not_made_searchable_is_put_again(address: str, place: ElasticSettings) -> None:
    """A refresh that failed on some shard is not taken for done."""
    front, answer = Front(address), {"_shards": {"total": 2, "successful": 1, "failed": 1}}
    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        front.answer = lambda path, body: (200, answer) if "_refresh" in path else None
        with pytest.raises(Unavailable, match="searchable"):
            store.put([judged()])
        front.answer = lambda path, body: None
        store.put([judged()])
        assert store.count(PostQuery()) == 1


def test_months_that_cannot_hold_a_post_are_not_asked(address: str, place: ElasticSettings) -> None:
    """A put into the only month searches nothing; one into one of two searches the other, before and after."""
    searched: list[str] = []
    front = Front(address, lambda path, body: searched.append(path.split("?")[0]) if "_search" in path else None)
    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        store.put([judged("1"), judged("2")])
        assert searched == []
        store.put([judged("3", published_at=OCTOBER)])
        assert searched == [f"/{place.prefix}-2026.11/_search"] * 2


def test_a_look_that_fails_is_no_answer(address: str, place: ElasticSettings) -> None:
    """A put that cannot see what is there is Unavailable, and writes nothing."""
    front = Front(address)

    def failing(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        if not path.startswith("/_mget"):
            return None
        error = {"type": "unavailable_shards_exception"}
        return 200, {"docs": [{"_index": "x", "_id": judged().post.id, "error": error}]}

    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        front.answer = failing
        with pytest.raises(Unavailable, match="unavailable_shards_exception"):
            store.put([judged()])
        front.answer = lambda path, body: None
        assert store.count(PostQuery()) == 0


def test_any_sequence_of_calls(place: ElasticSettings) -> None:
    """Whatever is put, forgotten and asked in whatever order, the store answers as a dictionary would."""

    class Machine(StoreMachine):
        def __init__(self) -> None:
            super(StoreMachine, self).__init__()
            self.store = ElasticStore(place)
            self.store.forget(before=NOW + timedelta(days=9))
            self.posts, self.gone = {}, {}

    run_state_machine_as_test(Machine, settings=settings(max_examples=12, stateful_step_count=8))


# reading


def test_later_pages_are_of_one_moment(place: ElasticSettings, store: ElasticStore) -> None:
    """From its second page on a reader sees no change; one elsewhere, or after the point in time ended, goes on."""
    posts = [judged(str(n), published_at=NOW - timedelta(days=n * 9)) for n in range(8)]
    store.put(posts)
    second = store.search(PostQuery(), 2, store.search(PostQuery(), 2).after)
    store.put([replace(one, fingerprint="changed", post=replace(one.post, fetched_at=LATER)) for one in posts])
    third = store.search(PostQuery(), 2, second.after)
    assert [hit.judged for hit in third.hits] == posts[4:6]
    with closing(ElasticStore(place)) as other:
        again = other.search(PostQuery(), 2, second.after)
        assert [hit.judged.fingerprint for hit in again.hits] == ["changed", "changed"]
        assert [hit.judged.post.id for hit in again.hits] == [one.post.id for one in posts[4:6]]
        other._client.close_point_in_time(id=list(store._reading._points.values())[-1])
    last = store.search(PostQuery(), 2, third.after)
    assert [hit.judged.post.id for hit in last.hits] == [one.post.id for one in posts[6:]]
    assert last.after == ""


def test_a_new_reading_goes_on_in_no_point_in_time_of_another(store: ElasticStore) -> None:
    """Its pages may end where those of an older one ended; it still finds nothing that was forgotten meanwhile."""
    posts = [judged(str(n), author=f"a{n % 5}", published_at=NOW - timedelta(hours=n)) for n in range(12)]
    store.put(posts)
    after = ""
    for _ in range(5):
        after = store.search(PostQuery(), 2, after).after
    assert store.forget(author="a4") == 2
    found = pages(store, PostQuery(), 4)
    assert found == [one.post.id for one in posts if one.post.author != "a4"]


def test_best_match_across_months(store: ElasticStore) -> None:
    """How rare a word is counts in all months together: a month full of it does not make it worth less."""
    store.put([judged(f"far {n}", text="奶茶" + "别的话" * 5) for n in range(6)])
    dense, thin = judged("1", text="奶茶奶茶奶茶"), judged("2", text="奶茶" + "走了很远的路" * 9, published_at=OCTOBER)
    store.put([dense, thin])
    found = pages(store, PostQuery(text="奶茶", order=Order.RELEVANCE), 3)
    assert (found[0], found[-1]) == (dense.post.id, thin.post.id)


@pytest.mark.parametrize(("order", "everywhere"), [(Order.NEWEST, False), (Order.RELEVANCE, True)])
def test_scores_are_asked_for_all_months(order: Order, everywhere: bool, address: str, place: ElasticSettings) -> None:
    """Best match first costs the server a look at all months beforehand; newest first does not."""
    front, seen = Front(address), list[str]()
    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        store.put([judged()])
        front.answer = lambda path, body: seen.append(path)
        assert len(store.search(PostQuery(text="奶茶", order=order), 1).hits) == 1
    (path,) = seen
    assert ("search_type=dfs_query_then_fetch" in path) is everywhere
    assert "allow_partial_search_results=false" in path


@pytest.mark.parametrize("query", [PostQuery(), PostQuery(text="奶茶", order=Order.RELEVANCE)])
def test_totals_stop_counting(store: ElasticStore, query: PostQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its limit a page says that its total is a lower bound; count does not, and pages go on."""
    monkeypatch.setattr(elastic_reading, "_COUNTED", 5)
    posts = [judged(str(n), published_at=NOW + timedelta(minutes=n)) for n in range(12)]
    store.put(posts[:5])
    assert store.search(query, 2).total_exact
    store.put(posts[5:])
    page = store.search(query, 2)
    assert (page.total, page.total_exact, store.count(query)) == (5, False, 12)
    assert pages(store, query, 5) == [one.post.id for one in reversed(posts)]


def test_pages_larger_than_the_server_gives(store: ElasticStore) -> None:
    """A page has at most so many hits as the server hands out; one without room is a mistake of the caller."""
    store.put([judged()])
    assert len(store.search(PostQuery(), 1_000_000).hits) == 1
    with pytest.raises(ValueError, match="每页"):
        store.search(PostQuery(), 0)


def test_long_words_match_whole(store: ElasticStore) -> None:
    """A run of letters longer than the server's tokens is one word all the same."""
    one = judged(text="x" * 255 + "tail 好")
    store.put([one])
    for text in ("x" * 255 + "tail", "X" * 255 + "TAIL 好"):
        assert pages(store, PostQuery(text=text), 1) == [one.post.id]
    for text in ("tail", "x" * 255):
        assert pages(store, PostQuery(text=text), 1) == []
    assert indexed(["a" * 100, "茶"]) == "a" * 100 + " 茶"


@pytest.mark.parametrize("year", [1, 9999])
def test_no_time_is_too_far(store: ElasticStore, year: int) -> None:
    """A post of any year that a datetime can say is found and counted."""
    one = judged(published_at=datetime(year, 6, 1, tzinfo=UTC))
    store.put([one, judged("2")])
    assert_answers(store, [one, judged("2")], PostQuery())


# forgetting and refusing


def test_whole_months_are_dropped(store: ElasticStore, place: ElasticSettings, client: Elasticsearch) -> None:
    """Forgetting by time drops the months before it, and of its own month only the posts before it."""
    posts = [judged(str(n), published_at=time) for n, time in enumerate([OCTOBER, NOW, NOW + timedelta(hours=1)])]
    store.put(posts)
    assert store.forget(before=posts[2].post.published_at) == 2
    assert list(client.indices.get(index=f"{place.prefix}-*")) == [f"{place.prefix}-2026.11"]
    assert_answers(store, posts[2:], PostQuery())


@pytest.mark.parametrize(
    ("time", "whole"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), True),
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 1, 7, 0, tzinfo=timezone(timedelta(hours=8))), False),
        (datetime(2027, 1, 1, tzinfo=UTC), True),
        (datetime(2025, 12, 1, tzinfo=UTC), False),
    ],
)
def test_a_month_that_is_over(time: datetime, whole: bool) -> None:
    """A month (UTC) is dropped only if all of it lies before the time, and only if it is one."""
    assert ends_by("p-2026.10", time) is whole
    assert not ends_by("p-old", time)


def test_forgetting_in_steps(store: ElasticStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many are forgotten in several calls, all of them, in all months."""
    monkeypatch.setattr(store_elastic, "_FORGOTTEN_AT_ONCE", 3)
    store.put([judged(str(n), published_at=(NOW, OCTOBER)[n % 2]) for n in range(9)])
    assert store.forget(author="a1") == 9
    assert store.count(PostQuery()) == 0


def test_what_the_server_refuses_is_rejected_alone(
    store: ElasticStore, place: ElasticSettings, client: Elasticsearch
) -> None:
    """Posts that do not fit the mapping or its limits are refused by id, the others of the call are taken."""
    wrong, good, elsewhere = judged("1"), judged("2", author=""), judged("3", published_at=OCTOBER)
    store.put([elsewhere])
    narrow = template(place)["template"]
    del narrow["mappings"]["properties"]["author"]
    client.indices.delete_index_template(name=place.prefix)  # or it would be merged into the narrow mapping
    client.indices.create(index=f"{place.prefix}-2026.11", mappings=narrow["mappings"], aliases=narrow["aliases"])
    long = judged("4", id="weibo-" + "x" * 512)
    ancient, future = (judged(str(year), fetched_at=datetime(year, 1, 1, tzinfo=UTC)) for year in (1969, 2113))
    with pytest.raises(Rejected) as found:
        store.put([wrong, good, replace(elsewhere, fingerprint="new"), long, ancient, future])
    assert set(found.value.ids) == {one.post.id for one in (wrong, long, ancient, future)}
    assert months(client, place) == [("2026.10", elsewhere.post.id), ("2026.11", good.post.id)]
    assert store.count(PostQuery(fingerprint="new")) == 1


@pytest.mark.parametrize(
    ("item", "ids"),
    [
        ({"index": {"_id": "1", "status": 201}}, []),
        ({"index": {"_id": "1", "status": 409, "error": {"type": "version_conflict_engine_exception"}}}, []),
        ({"delete": {"_id": "1", "status": 404, "result": "not_found"}}, []),
        ({"index": {"_id": "1", "status": 400, "error": {"type": "document_parsing_exception"}}}, ["1"]),
        ({"index": {"_id": "1", "status": 400, "error": {"type": "mapper_parsing_exception"}}}, ["1"]),
        ({"index": {"_id": "1", "status": 400, "error": {"type": "strict_dynamic_mapping_exception"}}}, ["1"]),
        ({"index": {"_id": "1", "status": 400, "error": {"type": "illegal_argument_exception"}}}, ["1"]),
        # the cluster has no room for more shards: nothing is wrong with the post
        ({"index": {"_id": "1", "status": 400, "error": {"type": "validation_exception"}}}, None),
        ({"index": {"_id": "1", "status": 403, "error": {"type": "cluster_block_exception"}}}, None),
        ({"index": {"_id": "1", "status": 404, "error": {"type": "index_not_found_exception"}}}, None),
        ({"index": {"_id": "1", "status": 429, "error": {"type": "es_rejected_execution_exception"}}}, None),
        ({"index": {"_id": "1", "status": 503, "error": {"type": "unavailable_shards_exception"}}}, None),
    ],
)
def test_every_item_is_read(item: dict[str, Any], ids: list[str] | None) -> None:
    """An item is as it should be, never to be taken, or to be put again."""
    fine = {"index": {"_id": "0", "status": 200}}
    if ids is None:
        with pytest.raises(Unavailable, match=str(next(iter(item.values()))["status"])):
            refused([fine, item])
    else:
        assert refused([fine, item]) == ids


# errors and starting


@dataclass
class Front:
    """A server in front of the real one: it passes calls on, or answers them itself."""

    address: str
    answer: Callable[[str, bytes], tuple[int, dict[str, Any]] | None] = lambda path, body: None
    """Status and JSON for a path and a body; None passes the call on."""
    headers: dict[str, str] = field(default_factory=lambda: {"X-Elastic-Product": "Elasticsearch"})

    def passed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The answer of the real server."""
        with closing(HTTPConnection(urlsplit(self.address).netloc.rpartition("@")[2], timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()

    @contextmanager
    def open(self) -> Iterator[str]:
        """Its address, with the user and password of the real one."""
        front, real = self, urlsplit(self.address)
        if real.scheme == "https":
            pytest.skip("what stands in front of the server speaks plain HTTP; give GUANLAN_TEST_ELASTIC as http://")

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                given = front.answer(self.path, body)
                if given is None:
                    status, content = front.passed_on(self.command, self.path, dict(self.headers), body)
                else:
                    status, content = given[0], json.dumps(given[1]).encode()
                self.send_response(status)
                for name, value in front.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Connection", "close")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{''.join(real.netloc.rpartition('@')[:2])}127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_half_a_bulk_refused_for_now(address: str, place: ElasticSettings, client: Elasticsearch) -> None:
    """A server that is too busy for half of a bulk makes the put Unavailable; put again, all are there once."""
    front = Front(address)
    posts = [judged(str(n)) for n in range(6)]

    def half(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        if not path.startswith("/_bulk"):
            return None
        lines = body.splitlines(keepends=True)
        taken = client.bulk(operations=[json.loads(line) for line in lines[: len(lines) // 2]], refresh=True).body
        busy = {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
        names = [json.loads(line)["index"]["_id"] for line in lines[len(lines) // 2 :: 2]]
        return 200, {"errors": True, "items": [*taken["items"], *({"index": {"_id": name, **busy}} for name in names)]}

    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        front.answer = half
        with pytest.raises(Unavailable, match="429 es_rejected_execution_exception"):
            store.put(posts)
        assert store.count(PostQuery()) == 3
        front.answer = lambda path, body: None
        store.put(posts)
        assert_answers(store, posts, PostQuery())


def test_what_was_just_forgotten_is_put_again(address: str, place: ElasticSettings) -> None:
    """A version conflict with a post that is no longer there is not taken for a newer one."""
    front = Front(address)

    def conflict(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        if not path.startswith("/_bulk"):
            return None
        error = {"type": "version_conflict_engine_exception"}
        return 200, {"errors": True, "items": [{"index": {"_id": judged().post.id, "status": 409, "error": error}}]}

    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        front.answer = conflict
        with pytest.raises(Unavailable, match="put them again"):
            store.put([judged()])
        front.answer = lambda path, body: None
        store.put([judged()])
        assert store.count(PostQuery()) == 1


_FAILED_FORGET = {"deleted": 1, "failures": [{"status": 500}], "timed_out": False, "version_conflicts": 0}


@pytest.mark.parametrize(
    "answer",
    [
        _FAILED_FORGET,
        {**_FAILED_FORGET, "failures": [], "version_conflicts": 1},
        {**_FAILED_FORGET, "failures": [], "timed_out": True},
    ],
)
def test_forgetting_in_part_is_told(answer: dict[str, Any], address: str, place: ElasticSettings) -> None:
    """What delete_by_query could not delete is not passed over: call it again."""
    front = Front(address)
    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        store.put([judged()])
        front.answer = lambda path, body: (200, answer) if "_delete_by_query" in path else None
        with pytest.raises(Unavailable, match="call it again"):
            store.forget(author="a1")


def test_a_server_that_went_away(address: str, place: ElasticSettings) -> None:
    """Every call of a store whose server is gone is Unavailable, and says where it should be."""
    with Front(address).open() as url:
        store = ElasticStore(replace(place, urls=(url,)))
    with closing(store):
        for call in (
            lambda: store.put([judged()]),
            lambda: store.get("weibo-1"),
            lambda: store.search(PostQuery(), 1),
            lambda: store.count(PostQuery()),
            lambda: store.count_by(PostQuery(), Facet.RISK),
            lambda: store.forget(author="a1"),
            store.check,
        ):
            with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
                call()


def test_doubtful_counts_are_counted_again(address: str, place: ElasticSettings) -> None:
    """When shards hold too many values to report them all, the values found are counted exactly."""
    front = Front(address)
    asked: list[dict[str, Any]] = []

    def doubtful(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        if b"aggregations" not in body:
            return None
        asked.append(json.loads(body)["aggregations"]["values"]["terms"])
        if len(asked) > 1:
            return None
        values = {"buckets": [{"key": "b", "doc_count": 1}], "doc_count_error_upper_bound": 7}
        return 200, {"aggregations": {"values": values}}

    with front.open() as url, closing(ElasticStore(replace(place, urls=(url,)))) as store:
        store.put([judged(str(n), subjects=("a", "b")[n % 2 :]) for n in range(4)])
        front.answer = doubtful
        assert store.count_by(PostQuery(), Facet.SUBJECT, 1) == [Count("b", 4)]
    assert asked == [grouping(Facet.SUBJECT, 1)["terms"], {**grouping(Facet.SUBJECT, 1)["terms"], "include": ["b"]}]


def test_the_other_node_is_asked(address: str, place: ElasticSettings) -> None:
    """With two addresses, one that is dead does no harm."""
    with Front(address).open() as dead:
        pass
    with closing(ElasticStore(replace(place, urls=(dead, address)))) as store:
        for n in range(3):
            store.put([judged(str(n))])
        assert store.count(PostQuery()) == 3


def _meta(status: int) -> ApiResponseMeta:
    return ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "h", 9200))


def _told(status: int, kind: str = "", **more: Any) -> ApiError:
    return ApiError("message with content", _meta(status), {"error": {"type": kind, "reason": "content", **more}})


_BUCKETS = _told(400, "search_phase_execution_exception", caused_by={"type": "too_many_buckets_exception"})


@pytest.mark.parametrize(
    ("error", "later", "at_start", "names"),
    [
        (ConnectionError("content"), Unavailable, Unavailable, "elastic.urls"),
        (ConnectionTimeout("content"), Unavailable, Unavailable, "30 s"),
        (SerializationError("content"), Unavailable, Unavailable, "elastic.urls"),
        (SSLError("content"), Unavailable, Misconfigured, "elastic.ca"),
        (UnsupportedProductError("content", _meta(200), {}), Unavailable, Misconfigured, "not Elasticsearch"),
        (_told(401, "security_exception"), Unavailable, Misconfigured, "elastic.api_key"),
        (_told(403, "security_exception"), Unavailable, Misconfigured, "elastic.api_key"),
        (_told(400, "media_type_header_exception"), Unavailable, Misconfigured, "package elasticsearch"),
        (ApiError("content", _meta(406), "content"), Unavailable, Misconfigured, "package elasticsearch"),
        (_told(404, "index_not_found_exception"), Unavailable, Unavailable, "404 index_not_found"),
        (_told(429, "circuit_breaking_exception"), Unavailable, Unavailable, "429 circuit_breaking"),
        (_told(500), Unavailable, Unavailable, "500"),
        (_told(503, "search_phase_execution_exception"), Unavailable, Unavailable, "503 search_phase"),
        (ApiError("content", _meta(502), "<html>content"), Unavailable, Unavailable, "502"),
        (_told(400, "illegal_argument_exception"), Rejected, Misconfigured, "400 illegal_argument"),
        (ApiError("content", _meta(413), None), Rejected, Misconfigured, "413"),
        (_BUCKETS, ValueError, ValueError, "缩短"),
    ],
)
def test_errors_are_translated(error: ApiError, later: type[Exception], at_start: type[Exception], names: str) -> None:
    """Each of the driver's errors is one of the ports', in a sentence that names what to do and quotes nothing."""
    place = ElasticSettings(("https://user:secret@host:9200",), api_key="secret")
    for starting, kind in ((False, later), (True, at_start)):
        found = translate(error, place, starting=starting)
        assert type(found) is kind
        assert names in str(found)
        assert "content" not in str(found)
        assert "secret" not in str(found) + repr(place)


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ((401, {"error": {"type": "security_exception"}, "status": 401}), "elastic.api_key"),
        ((400, {"error": {"type": "media_type_header_exception"}, "status": 400}), "package elasticsearch"),
        ((200, {"version": {"number": "7.17.29"}}), "7.17.29; upgrade"),
    ],
)
def test_a_server_that_cannot_be_used(answer: tuple[int, dict[str, Any]], names: str, place: ElasticSettings) -> None:
    """Wrong credentials and wrong versions are told at start, in a sentence that names what to do."""
    with Front("", lambda path, body: answer).open() as url, pytest.raises(Misconfigured, match=names):
        ElasticStore(replace(place, urls=(url,)))


def test_an_address_of_something_else(place: ElasticSettings) -> None:
    """A web server that is no Elasticsearch is told at start; an address where nothing is, is Unavailable."""
    with Front("", lambda path, body: (200, {}), {}).open() as url, pytest.raises(Misconfigured, match="not Elastic"):
        ElasticStore(replace(place, urls=(url,)))
    with pytest.raises(Unavailable, match=r"cannot be reached; check elastic\.urls"):
        ElasticStore(replace(place, urls=(url,)))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"urls": ()}, "elastic.urls"),
        ({"urls": ("host:9200",)}, "elastic.urls"),
        ({"urls": ("http://host",)}, "elastic.urls"),
        ({"prefix": "*"}, "elastic.prefix"),
        ({"prefix": "Posts"}, "elastic.prefix"),
        ({"ca": Path("nowhere.pem")}, "elastic.ca"),
        ({"ca": Path(__file__)}, "elastic.ca"),
    ],
)
def test_settings_that_cannot_work(changes: dict[str, Any], names: str) -> None:
    """What can be seen without a server is told without one."""
    with pytest.raises(Misconfigured, match=names):
        connect(replace(ElasticSettings(("https://127.0.0.1:9200",)), **changes)).close()


def test_an_incompatible_mapping(place: ElasticSettings, client: Elasticsearch) -> None:
    """Months of another version, or with a field kept otherwise, are refused at start."""
    given = template(place)["template"]
    assert wrong_with(given["mappings"]) == ""
    for change in ({"_meta": {"version": 0}}, {"properties": {"id": {"type": "text"}}}, {"_meta": {}}):
        index = f"{place.prefix}-2026.09"
        client.indices.create(index=index, mappings={**given["mappings"], **change}, aliases=given["aliases"])
        with pytest.raises(Misconfigured, match=index):
            ElasticStore(place)
        client.indices.delete(index=index)
    client.indices.create(index=place.prefix)
    with pytest.raises(Misconfigured, match="is an index already"):
        ElasticStore(place)


def test_months_are_made_as_set(place: ElasticSettings, client: Elasticsearch) -> None:
    """Shards, copies and the time of refreshing are those of the settings, in each month that is made from then on."""
    with closing(ElasticStore(replace(place, shards=2, replicas=0, refresh="45s"))) as store:
        store.put([judged()])
    index = f"{place.prefix}-2026.11"
    made = client.indices.get_settings(index=index, flat_settings=True)[index]["settings"]
    found = {name: made[f"index.{name}"] for name in ("number_of_shards", "number_of_replicas", "refresh_interval")}
    assert found == {"number_of_shards": "2", "number_of_replicas": "0", "refresh_interval": "45s"}


def test_check_sees_what_is_in_the_way(store: ElasticStore, place: ElasticSettings, client: Elasticsearch) -> None:
    """A month that takes no writes is Unavailable, a template that was removed Misconfigured."""
    store.put([judged()])
    index = f"{place.prefix}-2026.11"
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    with pytest.raises(Unavailable, match=f"{index} is write-protected"):
        store.check()
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    store.check()
    client.indices.delete_index_template(name=place.prefix)
    with pytest.raises(Misconfigured, match="template"):
        store.check()


# what is sent


_JUDGED = {"exists": {"field": "sentiment"}}


def _phrase(words: str) -> dict[str, Any]:
    return {"match_phrase": {"words": words}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (PostQuery(), {"bool": {"filter": [_JUDGED]}}),
        (PostQuery(order=Order.RELEVANCE, text=" "), {"bool": {"filter": [_JUDGED]}}),
        (PostQuery(text="云汀茶"), {"bool": {"filter": [_JUDGED, _phrase("云 汀 茶")]}}),
        (
            PostQuery(text="云汀茶", order=Order.RELEVANCE),
            {"bool": {"filter": [_JUDGED], "must": [_phrase("云 汀 茶")]}},
        ),
        (
            PostQuery(text='异物 OR "New York" NOT 茶', platforms=("weibo",), order=Order.RELEVANCE),
            {
                "bool": {
                    "filter": [_JUDGED, {"terms": {"platform": ["weibo"]}}],
                    "must": [
                        {
                            "bool": {
                                "should": [
                                    _phrase("异 物"),
                                    {"bool": {"must": [_phrase("new york"), {"bool": {"must_not": [_phrase("茶")]}}]}},
                                ],
                                "minimum_should_match": 1,
                            }
                        }
                    ],
                }
            },
        ),
        (
            PostQuery(
                platforms=("weibo", "douyin"),
                sources=("投诉",),
                subjects=("yunting",),
                sentiments=(Sentiment.NEGATIVE,),
                risks=(Risk.SAFETY, Risk.ABUSE),
                stages=(Stage.USE,),
                self_harm=(SelfHarm.CRISIS,),
                fingerprint="f",
                author="a",
                since=datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
                until=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
            ),
            {
                "bool": {
                    "filter": [
                        _JUDGED,
                        {"terms": {"platform": ["weibo", "douyin"]}},
                        {"terms": {"source": ["投诉"]}},
                        {"terms": {"subject": ["yunting"]}},
                        {"terms": {"sentiment": ["negative"]}},
                        {"terms": {"risk": ["safety", "abuse"]}},
                        {"terms": {"stage": ["use"]}},
                        {"terms": {"self_harm": ["crisis"]}},
                        {"terms": {"fingerprint": ["f"]}},
                        {"terms": {"author": ["a"]}},
                        {"range": {"published": {"gte": 1, "lt": 1_000_000}}},
                    ]
                }
            },
        ),
    ],
)
def test_queries(query: PostQuery, expected: dict[str, Any]) -> None:
    """What the server is asked for a query."""
    assert matching(query) == expected


def test_orders() -> None:
    """Newest by time and id; the score before them when there are words to score."""
    newest = [{"published": {"order": "desc"}}, {"id": {"order": "desc"}}]
    assert sort(PostQuery()) == sort(PostQuery(text="茶")) == sort(PostQuery(order=Order.RELEVANCE)) == newest
    assert sort(PostQuery(text="茶", order=Order.RELEVANCE)) == [{"_score": {"order": "desc"}}, *newest]


def test_groupings() -> None:
    """Facets by falling count, then value; intervals that begin on the hour and at midnight in Asia/Shanghai."""
    assert grouping(Facet.SELF_HARM, 3) == {
        "terms": {"field": "self_harm", "size": 3, "shard_size": 20_000, "order": [{"_count": "desc"}, {"_key": "asc"}]}
    }
    assert grouping(Interval.DAY, 3) == {
        "date_histogram": {
            "field": "published_at",
            "calendar_interval": "day",
            "time_zone": "+08:00",
            "min_doc_count": 1,
        }
    }


def test_a_document() -> None:
    """What is kept of a post, in the month (UTC) of its publishing; nothing that the mapping does not name."""
    document = prepare(judged(title="题", text="好茶", quoted="New York", published_at=OCTOBER), "p", LATER)
    assert (document.index, document.version) == ("p-2026.10", 1_795_233_600_000_000 << 11)
    kept = dict(document.fields)
    assert json.loads(kept.pop("body"))["post"]["text"] == "好茶"
    assert kept == {
        "id": judged().post.id,
        "published": 1_793_491_199_999_999,
        "fetched": 1_795_233_600_000_000,
        "indexed": 1_795_237_200_000_000,
        "published_at": "2026-10-31T23:59:59.999+00:00",
        "platform": "weibo",
        "source": "weibo",
        "subject": ["own"],
        "sentiment": "neutral",
        "risk": [],
        "stage": "use",
        "self_harm": "none",
        "fingerprint": judged().post.id,
        "author": "a1",
        "words": ["题", "好 茶", "new york"],
    }
    gone = prepare(judged(deleted=True, published_at=OCTOBER), "p", LATER)
    assert (gone.id, gone.index, gone.version) == (document.id, document.index, document.version | 2047)
    assert gone.fields == {name: kept[name] for name in ("id", "published", "fetched")}
    mappings = template(ElasticSettings(("http://h:1",)))["template"]["mappings"]
    assert mappings["dynamic"] == "strict"
    assert set(document.fields) == set(mappings["properties"])
