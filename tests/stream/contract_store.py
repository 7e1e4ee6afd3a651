"""What every PostStore must do. A test module of an adapter subclasses StoreContract and gives it a `site`."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest

from stream.fulltext import And, Expression, Not, Or, parse, tokens
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import PostStore, Rejected
from stream.query import Count, Facet, Interval, Order, Part, PostQuery
from stream.records import JudgedPost, post_id
from tests.factories import NOW, judged
from tests.stream.child import child

LATER = NOW + timedelta(hours=1)
_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class StoreSite:
    """A place with one store in it."""

    open: Callable[[], PostStore]
    """Another handle on the same store, as another process would have; its clock stands at LATER."""
    timed: Callable[[Callable[[], datetime]], PostStore]
    """Such a handle with a clock of its own."""
    code: str
    """Python that defines `store`, such a handle, in a child process."""


def has(one: JudgedPost, expression: Expression) -> bool:
    """Whether the words of a query match, the slow and obvious way."""
    if isinstance(expression, Not):
        return not has(one, expression.part)
    if isinstance(expression, And):
        return all(has(one, part) for part in expression.parts)
    if isinstance(expression, Or):
        return any(has(one, part) for part in expression.parts)
    words, size = list(expression.tokens), len(expression.tokens)
    fields = [tokens(text) for text in (one.post.title, one.post.text, one.post.quoted)]
    return any(field[at : at + size] == words for field in fields for at in range(len(field)))


def matches(one: JudgedPost, query: PostQuery) -> bool:
    """Whether a post fulfils a query, the slow and obvious way."""
    post, judgement = one.post, one.judgement
    return (
        (not query.text.strip() or has(one, parse(query.text)))
        and (not query.platforms or post.platform in query.platforms)
        and (not query.sources or post.source in query.sources)
        and (not query.subjects or bool(set(one.subjects) & set(query.subjects)))
        and (not query.sentiments or judgement.sentiment in query.sentiments)
        and (not query.risks or bool(set(judgement.risks) & set(query.risks)))
        and (not query.stages or judgement.stage in query.stages)
        and (not query.self_harm or judgement.self_harm in query.self_harm)
        and (not query.fingerprint or one.fingerprint == query.fingerprint)
        and (not query.author or post.author == query.author)
        and (query.since is None or post.published_at >= query.since)
        and (query.until is None or post.published_at < query.until)
    )


def values(one: JudgedPost, by: Facet | Interval) -> tuple[str, ...]:
    """Under what a post is counted."""
    post, judgement = one.post, one.judgement
    if isinstance(by, Interval):
        local = post.published_at.astimezone(_SHANGHAI).replace(minute=0, second=0, microsecond=0)
        return ((local if by is Interval.HOUR else local.replace(hour=0)).isoformat(),)
    return {
        Facet.PLATFORM: (post.platform,),
        Facet.SOURCE: (post.source,),
        Facet.SUBJECT: one.subjects,
        Facet.SENTIMENT: (str(judgement.sentiment),),
        Facet.RISK: tuple(map(str, judgement.risks)),
        Facet.STAGE: (str(judgement.stage),),
        Facet.SELF_HARM: (str(judgement.self_harm),),
        Facet.FINGERPRINT: (one.fingerprint,),
        Facet.AUTHOR: (post.author,) if post.author else (),
    }[by]


def pages(store: PostStore, query: PostQuery, size: int) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    after = ""
    while True:
        page = store.search(query, size, after)
        assert len(page.hits) <= size
        found += [hit.judged.post.id for hit in page.hits]
        after = page.after
        if not after:
            return found


def assert_answers(store: PostStore, posts: Sequence[JudgedPost], query: PostQuery) -> None:
    """The store holds exactly these posts, as far as this query shows."""
    expected = [one for one in posts if matches(one, query)]
    newest = sorted(expected, key=lambda one: (one.post.published_at, one.post.id), reverse=True)
    assert pages(store, query, 3) == [one.post.id for one in newest]
    by_score = pages(store, replace(query, order=Order.RELEVANCE), 3)
    assert Counter(by_score) == Counter(one.post.id for one in expected)
    page = store.search(query, 2)
    assert [hit.judged for hit in page.hits] == newest[:2]
    assert (page.total, page.total_exact, store.count(query)) == (len(expected), True, len(expected))
    for by in (*Facet, *Interval):
        counted = Counter(value for one in expected for value in values(one, by))
        order = sorted(counted.items(), key=(lambda c: c) if isinstance(by, Interval) else (lambda c: (-c[1], c[0])))
        assert store.count_by(query, by) == [Count(*count) for count in order], by


class StoreContract:
    """The promises of `ports.PostStore`."""

    @pytest.fixture
    def site(self) -> StoreSite:
        """Given by the adapter's test class."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, site: StoreSite) -> Iterator[PostStore]:
        """An open store."""
        with closing(site.open()) as store:
            yield store

    def test_what_was_put_is_there(self, site: StoreSite, store: PostStore) -> None:
        """Every field comes back, by this handle and another, with the time it became searchable."""
        one = judged(
            risks=(Risk.SAFETY, Risk.ABUSE), likes=3, quoted="//@某人:看看", title="题", url="https://x/?a=1&b=2"
        )
        store.put([one])
        with closing(site.open()) as other:
            for handle in (store, other):
                hit = handle.get(one.post.id)
                assert hit is not None
                assert (hit.judged, hit.indexed_at) == (one, LATER)
                assert handle.search(PostQuery(), 10).hits == (hit,)
        assert store.get("weibo-0") is None

    def test_newer_wins_in_any_order(self, site: StoreSite) -> None:
        """Whatever the order of three fetches of a post, with a repetition, the newest is what is left."""
        fetches = [
            judged(
                text=f"第{n}次 茶",
                likes=n,
                fetched_at=NOW + timedelta(minutes=n),
                published_at=NOW - timedelta(minutes=20 * (n % 2)),
                sentiment=list(Sentiment)[n],
                risks=(Risk.PRICING,) * (n % 2),
            )
            for n in range(3)
        ]
        for number, order in enumerate(permutations([*fetches, fetches[0]])):
            own = [_renamed(one, f"order {number}") for one in order]
            last = _renamed(fetches[2], f"order {number}")
            with closing(site.open()) as store:
                for one in own:
                    store.put([one])
                assert_answers(store, [last], PostQuery(author=f"order {number}"))
                assert_answers(store, [last], PostQuery(author=f"order {number}", text="第2次"))
                assert_answers(store, [], PostQuery(author=f"order {number}", text="第1次 OR 第0次"))

    def test_newer_wins_within_one_put(self, store: PostStore) -> None:
        """The same holds for a post that stands several times in one call."""
        old, new = judged(text="旧"), judged(text="新", fetched_at=LATER)
        store.put([new, old, old])
        assert_answers(store, [new], PostQuery())

    def test_equal_overwrites(self, store: PostStore) -> None:
        """A post put again with the same times is what was put last, and searches see only that."""
        first, second = judged(sentiment=Sentiment.NEGATIVE), judged(sentiment=Sentiment.POSITIVE, revision="test-2")
        store.put([first])
        store.put([second])
        assert_answers(store, [second], PostQuery())
        assert store.count(PostQuery(sentiments=(Sentiment.NEGATIVE,))) == 0

    def test_the_later_judgement_of_a_fetch_stays(self, site: StoreSite) -> None:
        """A post judged again has the same fetch time: whatever order the two arrive in, alone or together, the later
        judgement is left; a newer fetch wins over both."""
        for number, order in enumerate(permutations(range(3))):
            who = f"order {number}"
            one = judged("j", platform=who, author=who, sentiment=Sentiment.NEGATIVE)
            again = replace(judged("j", platform=who, author=who, revision="test-2"), judged_at=LATER)
            newer = judged("j", platform=who, author=who, fetched_at=NOW + timedelta(seconds=1), revision="test-3")
            three = (one, again, newer)
            with closing(site.open()) as store:
                for at in order:
                    store.put([three[at]])
                assert_answers(store, [newer], PostQuery(author=who))
                who += " of two"
                early, late = (
                    replace(each, post=replace(each.post, id=f"{each.post.id}-2", author=who)) for each in (one, again)
                )
                for at in order[:2]:
                    store.put([early, late] if at else [late, early])
                    store.put([early])
                assert_answers(store, [late], PostQuery(author=who))

    def test_a_repetition_keeps_the_time_of_the_first(self, site: StoreSite) -> None:
        """A batch put again after a crash does not look as if it had been indexed late."""
        times = iter([NOW, LATER])
        with closing(site.timed(lambda: next(times))) as store:
            store.put([judged()])
            store.put([judged()])
            hit = store.get(judged().post.id)
        assert hit is not None
        assert hit.indexed_at == NOW

    def test_a_post_judged_again_keeps_the_time_it_was_stored(self, site: StoreSite) -> None:
        """A new model's judgement of the same fetch takes the old one's place and does not look as if the post had been
        slow; a new fetch has a time of its own."""
        times = iter([NOW, LATER, LATER + timedelta(days=1)])
        with closing(site.timed(lambda: next(times))) as store:
            for one in (judged(), replace(judged(), judged_at=LATER), judged(fetched_at=LATER)):
                store.put([one])
                hit = store.get(one.post.id)
                assert hit is not None
                assert hit.judged == one
                fresh = one.post.fetched_at == LATER
                assert hit.indexed_at == (LATER + timedelta(days=1) if fresh else NOW)
                assert hit.judged_again is (one.judged_at == LATER and not fresh)

    def test_two_judgements_at_once(self, site: StoreSite) -> None:
        """The later judgement of a fetch is left when two processes put both at the same moment, whoever is last."""
        early = [judged(str(n), author="both") for n in range(8)]
        late = [replace(judged(str(n), author="both", revision="test-2"), judged_at=LATER) for n in range(8)]
        together = threading.Barrier(2)

        def write(posts: list[JudgedPost]) -> None:
            with closing(site.open()) as store:
                for one in posts:
                    together.wait(30)
                    store.put([one])

        threads = [threading.Thread(target=write, args=(posts,)) for posts in (early, late)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with closing(site.open()) as store:
            assert_answers(store, late, PostQuery(author="both"))

    def test_a_tombstone_takes_the_post_away(self, site: StoreSite, store: PostStore) -> None:
        """Nothing finds, shows or counts a deleted post any more, by its words neither; its neighbour stays."""
        one, other = judged(title="题", quoted="转发的话", risks=(Risk.SAFETY,)), judged("2")
        store.put([one, other])
        gone = tombstone(fetched_at=LATER)
        store.put([gone])
        with closing(site.open()) as again:
            for handle in (store, again):
                assert handle.get(one.post.id) is None
                assert_answers(handle, [other], PostQuery())
                for text in ("奶茶", "题 OR 转发", "NOT 咖啡"):
                    assert_answers(handle, [other], PostQuery(text=text))
        store.put([gone])
        assert store.forget(author="a1") == 1
        assert_answers(store, [], PostQuery())

    def test_a_tombstone_keeps_no_words(self, store: PostStore) -> None:
        """Whatever a tombstone carries itself is not found either, and a first one leaves nothing to see."""
        store.put([judged(text="奶茶", deleted=True), judged("2", text="咖啡")])
        assert store.get(judged().post.id) is None
        assert_answers(store, [judged("2", text="咖啡")], PostQuery(text="奶茶 OR 咖啡"))

    def test_only_a_newer_copy_comes_back(self, store: PostStore) -> None:
        """Older copies and equal ones stay away, whenever they come; a post that was restored is there again."""
        fetches = [judged(text=f"第{n}次", fetched_at=NOW + timedelta(minutes=n)) for n in range(4)]
        gone = tombstone(fetched_at=NOW + timedelta(minutes=2))
        for order in permutations([*fetches[:3], gone]):
            store.put(order[:2])
            for one in order[2:]:
                store.put([one])
            assert_answers(store, [], PostQuery())
            store.put([fetches[3]])
            assert_answers(store, [fetches[3]], PostQuery(text="第3次"))
            store.put([gone, fetches[0]])
            assert_answers(store, [fetches[3]], PostQuery())
            store.forget(before=LATER)

    def test_a_tombstone_for_good(self, store: PostStore) -> None:
        """One that says it was seen at the end of time is kept like any other: no copy of the post comes back, until
        the tombstone itself is forgotten."""
        gone = tombstone(fetched_at=datetime(9999, 1, 1, tzinfo=UTC))
        store.put([judged(), judged("2")])
        for one in (gone, judged(), judged(fetched_at=LATER), gone):
            store.put([one])
            assert store.get(gone.post.id) is None
            assert_answers(store, [judged("2")], PostQuery())
        assert store.forget(before=LATER) == 1
        store.put([judged()])
        assert_answers(store, [judged()], PostQuery())

    def test_a_tombstone_may_be_dated_otherwise(self, store: PostStore) -> None:
        """A page that is gone tells no time, so its tombstone may stand months after the post; it works as well."""
        old = judged(published_at=NOW - timedelta(days=70))
        gone = tombstone(fetched_at=LATER, published_at=LATER)
        for puts in ([old, gone], [gone, old]):
            for one in puts:
                store.put([one])
            assert store.get(old.post.id) is None
            assert_answers(store, [], PostQuery())
        back = judged(published_at=NOW - timedelta(days=70), fetched_at=LATER + timedelta(minutes=1))
        store.put([back])
        assert_answers(store, [back], PostQuery())

    def test_forgotten_tombstones_hold_nothing_back(self, store: PostStore) -> None:
        """Forgetting by time takes tombstones of before with it, and does not count them."""
        store.put([tombstone(fetched_at=LATER), judged("2")])
        assert store.forget(before=LATER) == 1
        store.put([judged()])
        assert_answers(store, [judged()], PostQuery())

    def test_hits_tell_where_the_words_stand(self, store: PostStore) -> None:
        """Every hit of a search for words names their places, in either order; without words there are none."""
        store.put([judged(title="云汀", text="在云汀茶喝出异物", quoted="好喝的茶")])
        for order in Order:
            (hit,) = store.search(PostQuery(text="云汀 (茶 OR 异物) NOT 咖啡", order=order), 5).hits
            assert [(span.part, span.start, span.end) for span in hit.highlights] == [
                (Part.TITLE, 0, 2),
                (Part.TEXT, 1, 4),
                (Part.TEXT, 6, 8),
                (Part.QUOTED, 3, 4),
            ]
        assert store.search(PostQuery(), 5).hits[0].highlights == ()

    def test_what_cannot_be_stored_is_rejected_alone(self, store: PostStore) -> None:
        """A post with a lone surrogate is refused by id, its neighbours are stored."""
        bad, good = judged("1", text="\ud800"), judged("2")
        with pytest.raises(Rejected) as refused:
            store.put([bad, good])
        assert refused.value.ids == (bad.post.id,)
        assert_answers(store, [good], PostQuery())

    @pytest.mark.parametrize(
        "query",
        [
            {"platforms": ("weibo",)},
            {"platforms": ("weibo", "heimao")},
            {"sources": ("投诉",)},
            {"subjects": ("luyu", "qiugui")},
            {"sentiments": (Sentiment.NEGATIVE,)},
            {"risks": (Risk.SAFETY, Risk.ABUSE)},
            {"stages": (Stage.USE,)},
            {"self_harm": (SelfHarm.CONCERN, SelfHarm.CRISIS)},
            {"author": "a1"},
            {"fingerprint": "f1"},
            {"since": NOW - timedelta(minutes=90)},
            {"until": NOW - timedelta(minutes=90)},
            {"since": NOW - timedelta(minutes=100), "until": NOW - timedelta(minutes=50)},
            {"platforms": ("weibo",), "risks": (Risk.SAFETY,), "text": "茶", "since": NOW - timedelta(hours=5)},
            {"platforms": ("nowhere",)},
            {"platforms": ("weibo' OR 1=1 --", '"')},
            {"text": "茶 NOT 云汀", "subjects": ("yunting",)},
            {"text": "NOT 云汀", "until": NOW - timedelta(minutes=50)},
            {"since": NOW - timedelta(minutes=50), "until": NOW - timedelta(minutes=52)},
            {"text": "NOT 云汀", "since": NOW - timedelta(minutes=50), "until": NOW - timedelta(minutes=52)},
            {"since": NOW - timedelta(minutes=50), "until": NOW - timedelta(minutes=50)},
        ],
    )
    def test_filters(self, store: PostStore, query: dict[str, Any]) -> None:
        """Each condition alone and some together find what they should, in pages, counts and facets; a stretch of time
        that ends before it begins holds nothing."""
        posts = _variety()
        store.put(posts)
        assert_answers(store, posts, PostQuery(**query))

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("云汀茶", "ab"),
            ("汀", "ab"),
            ("汀茶 异物", "a"),
            ("茶云", ""),
            ("iphone", "c"),
            ("ＩＰＨＯＮＥ", "c"),
            ("phone", ""),
            ("15", ""),
            ("iphone16pro屏幕", ""),
            ("12315", "a"),
            ('"new york"', "d"),
            ('"york new"', ""),
            ("york new", "d"),
            ("异物 OR 屏幕", "ac"),
            ("茶 NOT 异物", "b"),
            ("NOT 茶", "cd"),
            ("NOT (茶 OR york)", "c"),
            ("转发的话", "b"),
            ("标题", "d"),
            ("标题New", ""),
            ("云汀茶 AND (异物 OR 转发) AND NOT 屏幕", "ab"),
            ("self", "d"),
            ("NOT self", "abc"),
            ("  ", "abcd"),
            ("platform:weibo", ""),
        ],
    )
    def test_words(self, store: PostStore, text: str, found: str) -> None:
        """Han as substrings, Latin as whole words, phrases in order and within one field."""
        texts = {
            "a": {"text": "我在云汀茶喝出异物,打了12315"},
            "b": {"text": "云汀茶,好喝", "quoted": "转发的话"},
            "c": {"text": "iPhone 16的屏幕"},
            "d": {"text": "New York City, self service", "title": "标题"},
        }
        posts = {name: judged(name, **fields) for name, fields in texts.items()}
        store.put(list(posts.values()))
        assert set(pages(store, PostQuery(text=text), 10)) == {posts[name].post.id for name in found}
        assert_answers(store, list(posts.values()), PostQuery(text=text))

    def test_best_match_first(self, store: PostStore) -> None:
        """A short text full of the word comes before a long one that mentions it; equal ones newest first."""
        for n in range(5):
            store.put([judged(f"far {n}", text="别的话" * 5)])
        dense, thin = judged("1", text="奶茶奶茶奶茶"), judged("2", text="今天喝了奶茶,然后" + "走了很远的路" * 20)
        old = judged("3", text="奶茶奶茶奶茶", published_at=NOW - timedelta(days=1))
        store.put([thin, old, dense])
        query = PostQuery(text="奶茶", order=Order.RELEVANCE)
        assert pages(store, query, 1) == [dense.post.id, old.post.id, thin.post.id]

    def test_same_time_by_id(self, store: PostStore) -> None:
        """Posts of one time come by falling id, across pages too."""
        posts = [judged(str(n)) for n in range(20)]
        store.put(posts[::2])
        store.put(posts[1::2])
        assert_answers(store, posts, PostQuery())
        assert_answers(store, posts, PostQuery(text="奶茶"))

    def test_a_page_is_not_disturbed_by_newer_posts(self, store: PostStore) -> None:
        """What arrives between two pages neither repeats nor hides a post."""
        posts = [judged(str(n), published_at=NOW - timedelta(seconds=n)) for n in range(6)]
        store.put(posts)
        first = store.search(PostQuery(), 3)
        store.put([judged("new", published_at=LATER)])
        second = store.search(PostQuery(), 3, first.after)
        assert [hit.judged for hit in first.hits + second.hits] == posts

    @pytest.mark.parametrize("cursor", ["x", "!!", "W10", "云", "\ud800", "bnVsbA", "A" * 1000])
    @pytest.mark.parametrize("order", list(Order))
    def test_a_bad_cursor_is_told(self, store: PostStore, cursor: str, order: Order) -> None:
        """A cursor that is none is the caller's mistake, in words for a user."""
        with pytest.raises(ValueError, match="翻页"):
            store.search(PostQuery(text="茶", order=order), 3, cursor)

    def test_a_cursor_of_the_other_order_is_told(self, store: PostStore) -> None:
        """A cursor belongs to the order it came from."""
        store.put([judged(str(n)) for n in range(3)])
        after = store.search(PostQuery(text="茶"), 1).after
        with pytest.raises(ValueError, match="翻页"):
            store.search(PostQuery(text="茶", order=Order.RELEVANCE), 1, after)

    @pytest.mark.parametrize("text", ['"', "(", "OR", "😀"])
    def test_bad_words_are_told(self, store: PostStore, text: str) -> None:
        """Words that cannot be understood are a ValueError everywhere."""
        query = PostQuery(text=text)
        for ask in (
            lambda: store.search(query, 1),
            lambda: store.count(query),
            lambda: store.count_by(query, Facet.RISK),
        ):
            with pytest.raises(ValueError, match=r"[\u4e00-\u9fff]"):
                ask()

    def test_intervals_begin_at_midnight_in_shanghai(self, store: PostStore) -> None:
        """A day ends at 16:00 UTC; days without posts are left out; times before 1970 count too."""
        times = [
            datetime(2026, 1, 1, 15, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 1, 1, 16, 0, tzinfo=UTC),
            datetime(2026, 1, 5, 16, 30, tzinfo=UTC),
            datetime(1969, 12, 31, 15, 30, tzinfo=UTC),
        ]
        store.put([judged(str(n), published_at=time) for n, time in enumerate(times)])
        days = ["1969-12-31", "2026-01-01", "2026-01-02", "2026-01-06"]
        assert store.count_by(PostQuery(), Interval.DAY, limit=1) == [Count(f"{d}T00:00:00+08:00", 1) for d in days]
        assert store.count_by(PostQuery(since=times[2]), Interval.HOUR) == [Count("2026-01-06T00:00:00+08:00", 1)]

    def test_facets_are_limited(self, store: PostStore) -> None:
        """Only the first `limit` values, by falling count and then by value."""
        store.put([judged(str(n), subjects=("c", "b")[: n + 1], platform="p") for n in range(2)])
        assert store.count_by(PostQuery(), Facet.SUBJECT, 1) == [Count("c", 2)]
        store.put([judged("9", subjects=("b",))])
        assert store.count_by(PostQuery(), Facet.SUBJECT, 2) == [Count("b", 2), Count("c", 2)]

    def test_forget_before(self, store: PostStore) -> None:
        """What was published before a time is gone from everything, what was published then is not."""
        posts = [judged(str(n), published_at=NOW + timedelta(hours=n)) for n in range(4)]
        store.put(posts)
        assert store.forget(before=NOW + timedelta(hours=2)) == 2
        assert store.get(posts[0].post.id) is None
        assert_answers(store, posts[2:], PostQuery())
        assert_answers(store, posts[2:], PostQuery(text="奶茶"))

    def test_forget_author(self, store: PostStore) -> None:
        """All posts of an author are gone, and nobody else's; they can be put again."""
        posts = [judged(str(n), author=f"a{n % 2}") for n in range(6)]
        store.put(posts)
        assert store.forget(author="a0") == 3
        assert store.forget(author="a0") == 0
        assert_answers(store, posts[1::2], PostQuery(text="奶茶"))
        store.put(posts[:1])
        assert_answers(store, [posts[0], *posts[1::2]], PostQuery())

    def test_forget_before_of_some_sources(self, store: PostStore) -> None:
        """Only what these sources collected leaves; tombstones stay, so that nothing comes back."""
        posts = [judged(str(n), source=f"s{n % 3}", published_at=NOW + timedelta(hours=n)) for n in range(6)]
        gone = replace(judged("gone").post, text="", title="", deleted=True)
        store.put([*posts, replace(judged("gone"), post=gone)])
        assert store.forget(before=NOW + timedelta(hours=4), sources=["s0", "s1"]) == 3
        assert_answers(store, [posts[2], posts[4], posts[5]], PostQuery())
        store.put([judged("gone")])
        assert store.get(gone.id) is None

    def test_forget_needs_one_of_two(self, store: PostStore) -> None:
        """Neither or both is a mistake, and forgets nothing."""
        store.put([judged()])
        for wrong in ({}, {"before": LATER, "author": "a1"}, {"author": "a1", "sources": ["s"]}):
            with pytest.raises(ValueError, match="either"):
                store.forget(**wrong)
        assert store.count(PostQuery()) == 1

    def test_put_survives_kill(self, site: StoreSite, store: PostStore) -> None:
        """What put returned for is found after the process was killed with SIGKILL."""
        code = f"{site.code}\nfrom tests.factories import judged\nstore.put([judged('1')])"
        with child(code):
            pass
        assert_answers(store, [judged("1")], PostQuery(text="奶茶"))

    def test_reading_while_writing(self, store: PostStore) -> None:
        """Threads search while another puts; every answer is a whole batch, never a part of one."""
        batches = [[judged(f"{b}-{n}", text=f"奶茶 {b}") for n in range(10)] for b in range(12)]
        done = threading.Event()
        seen: list[tuple[int, int]] = []

        def look() -> None:
            while not done.is_set():
                page = store.search(PostQuery(text="奶茶"), 200)
                seen.append((len(page.hits), page.total))

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for batch in batches:
            store.put(batch)
        done.set()
        for thread in threads:
            thread.join()
        assert seen
        assert all(hits == total and hits % 10 == 0 for hits, total in seen)

    def test_nothing_to_put(self, store: PostStore) -> None:
        """An empty put does nothing."""
        store.put([])
        assert_answers(store, [], PostQuery())

    def test_check_passes(self, store: PostStore) -> None:
        """A store in order passes its check."""
        store.check()


def tombstone(native: str = "1", **fields: Any) -> JudgedPost:
    """What is put for a post that is gone."""
    return judged(native, text="", author="", subjects=(), deleted=True, **fields)


def _renamed(one: JudgedPost, author: str) -> JudgedPost:
    return replace(one, post=replace(one.post, author=author, id=post_id("weibo", author)))


def _variety() -> list[JudgedPost]:
    """Posts that differ in everything one can ask for."""
    return [
        judged(
            str(n),
            platform=("weibo", "heimao", "douyin")[n % 3],
            source=("微博", "投诉", "视频")[n % 3],
            text=("云汀茶里有异物", "鹿屿鲜茶不错", "今天下雨")[n % 3] + str(n),
            subjects=((), ("yunting",), ("yunting", "qiugui"), ("luyu",))[n % 4],
            sentiment=list(Sentiment)[n % 3],
            risks=((), (Risk.SAFETY,), (Risk.ABUSE, Risk.SAFETY), (Risk.PRICING,))[n % 4],
            stage=list(Stage)[n % 6],
            self_harm=list(SelfHarm)[n % 3 if n > 8 else 0],
            author=("a1", "a2", "")[n % 3],
            fingerprint=f"f{n % 4}",
            published_at=NOW - timedelta(minutes=n * 17),
        )
        for n in range(14)
    ]
