"""The SQLite store keeps the contract, and what only it can get wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from stream import store_sqlite, store_tables
from stream.codec import Undecodable, encode
from stream.labels import Risk, Sentiment
from stream.ports import Misconfigured, Unavailable
from stream.query import Count, Facet, Hit, Interval, Order, PostQuery
from stream.records import JudgedPost
from stream.store_sqlite import SqliteStore
from stream.store_tables import prepare, unpack
from tests.factories import NOW, judged
from tests.stream.contract_store import LATER, StoreContract, StoreSite, assert_answers, pages, tombstone
from tests.stream.test_codec import judged_posts
from tests.stream.test_store_packing import deflated

MIDNIGHT = NOW.replace(hour=0, minute=0)


def _as_of_version_2(path: Path) -> None:
    with closing(sqlite3.connect(path)) as earlier:
        earlier.executescript(
            "DROP TABLE kinds; DROP TABLE kinds_of_rows; DROP TABLE kinds_of_days;"
            "CREATE INDEX posts_by_time ON posts (published); CREATE TABLE vocabulary (field TEXT, value TEXT);"
            "PRAGMA user_version=2"
        )


class TestSqliteStore(StoreContract):
    """The contract on a file."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> StoreSite:
        """A store in a folder of its own."""
        path = tmp_path / "store.db"
        return StoreSite(
            open=lambda: SqliteStore(path, clock=lambda: LATER),
            timed=lambda clock: SqliteStore(path, clock=clock),
            code=(
                "from pathlib import Path\nfrom stream.store_sqlite import SqliteStore\n"
                f"store = SqliteStore(Path({str(path)!r}))"
            ),
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An open store."""
    with closing(SqliteStore(tmp_path / "store.db", clock=lambda: LATER)) as store:
        yield store


def test_what_is_replaced_leaves_nothing_behind(store: SqliteStore) -> None:
    """After many versions of a post, moved and rewritten, the index holds one entry; none when deleted."""
    for n in range(10):
        store.put([judged(text=f"第{n}版", fetched_at=NOW + timedelta(n), published_at=NOW + timedelta(minutes=7 * n))])
    with store._database.write() as connection:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        assert connection.execute("SELECT count(*) FROM words WHERE words MATCH '第'").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (1,)
    store.put([tombstone(fetched_at=NOW + timedelta(20))])
    with store._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM words WHERE words MATCH '第 OR 版'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)


def test_forgotten_words_leave_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the index nor a freed page holds a word of a forgotten author, be the post removed now or before; the
    words of others are found as before."""
    monkeypatch.setattr(store_sqlite, "_PAGES_AT_ONCE", 1)
    path = tmp_path / "store.db"
    others = [judged(str(n), author="b", text=" ".join(f"word{n}of{i}" for i in range(40))) for n in range(100)]
    with closing(SqliteStore(path)) as store:
        for start in range(0, 100, 10):
            store.put(others[start : start + 10])
            store.put([judged(f"v{start}", author="victim", text=f"名字 zyxsecret{start}")])
    assert path.read_bytes().count(b"zyxsecret") > 1
    with closing(SqliteStore(path)) as store:
        store.put([tombstone("v0", fetched_at=LATER)])
        assert store.forget(author="victim") == 9
        assert_answers(store, others, PostQuery(text="word7of7 OR word93of1"))
    assert b"zyxsecret" not in path.read_bytes()


@pytest.mark.parametrize("query", [PostQuery(), PostQuery(text="奶茶"), PostQuery(platforms=("weibo",))])
def test_totals_stop_counting(store: SqliteStore, query: PostQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its limit a page says that its total is a lower bound; count does not, and pages go on."""
    monkeypatch.setattr(store_sqlite, "_COUNTED", 5)
    posts = [judged(str(n), published_at=NOW + timedelta(minutes=n)) for n in range(12)]
    store.put(posts[:5])
    assert store.search(query, 2).total_exact
    store.put(posts[5:])
    page = store.search(query, 2)
    assert (page.total, page.total_exact, store.count(query)) == (5, False, 12)
    assert pages(store, query, 5) == [one.post.id for one in reversed(posts)]


def test_only_the_newest_are_ranked(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the best of the newest come, so that a common word does not take a second."""
    monkeypatch.setattr(store_sqlite, "_COUNTED", 3)
    posts = [judged(str(n), text="奶茶" * (4 - n), published_at=NOW + timedelta(hours=n)) for n in range(4)]
    store.put(posts)
    found = pages(store, PostQuery(text="奶茶", order=Order.RELEVANCE), 2)
    assert found == [one.post.id for one in posts[1:]]


@pytest.mark.parametrize("gone", [False, True])
def test_a_ranked_page_is_not_disturbed_by_other_posts(store: SqliteStore, gone: bool) -> None:
    """What arrives between two pages changes how rare a word is, and so every score; still no match is hidden and none
    comes twice. A post that went while its page was read does not end the reading."""
    posts = [judged(str(n), published_at=NOW - timedelta(seconds=n), author=f"a{n}") for n in range(31)]
    store.put(posts)
    query = PostQuery(text="奶茶", order=Order.RELEVANCE)
    page = store.search(query, 10)
    found = [hit.judged for hit in page.hits]
    while page.after:
        if gone:
            store.forget(author=found[-1].post.author)
        else:
            store.put([judged(f"other {len(found)}", text="下雨了" * len(found))])
        page = store.search(query, 10, page.after)
        found += [hit.judged for hit in page.hits]
    assert found == posts


@pytest.mark.parametrize("edited", [False, True])
def test_a_ranked_reading_goes_on_in_its_own_order(store: SqliteStore, edited: bool) -> None:
    """What arrives between two pages may turn round which of two words is the rarer one, and with it the order; of the
    posts that were there none is left out and none comes twice, but for one that no longer matches."""
    posts = [judged(str(n), text=("奶茶" if n % 2 else "咖啡") + "好喝" * (n // 2)) for n in range(30)]
    store.put([*posts, *(judged(f"coffee {n}", text="咖啡") for n in range(5))])
    query = PostQuery(text="奶茶 OR 咖啡", order=Order.RELEVANCE)
    page = store.search(query, 10)
    found = [hit.judged.post.id for hit in page.hits]
    left = {one.post.id for one in posts} - set(found)
    if edited:
        gone = next(one for one in posts if one.post.id in left)
        store.put([judged(gone.post.native_id, text="白水", fetched_at=LATER)])
        left.remove(gone.post.id)
    store.put([judged(f"tea {n}", text="奶茶奶茶") for n in range(300)])
    while page.after:
        page = store.search(query, 10, page.after)
        found += [hit.judged.post.id for hit in page.hits]
    assert len(found) == len(set(found)) == 35 - edited
    assert left <= set(found)


def test_a_ranked_reading_goes_on_when_its_ranking_is_forgotten(store: SqliteStore) -> None:
    """A cursor serves after other searches and a restart; with another query it leads to none but matches."""
    store.put([judged(str(n), text="奶茶" * (n + 1)) for n in range(9)])
    query = PostQuery(text="奶茶", order=Order.RELEVANCE)
    whole = pages(store, query, 9)
    page = store.search(query, 2)
    for n in range(11):
        store.search(PostQuery(text=f"奶茶 NOT 水{n}", order=Order.RELEVANCE), 2)
    rest = store.search(query, 9, page.after)
    assert [hit.judged.post.id for hit in rest.hits] == whole[2:]
    assert store.search(PostQuery(text="咖啡", order=Order.RELEVANCE), 9, page.after).hits == ()


@pytest.mark.parametrize("year", [1, 9999])
def test_no_time_is_too_far(store: SqliteStore, year: int) -> None:
    """A post of any year that a datetime can say is found and counted."""
    one = judged(published_at=datetime(year, 6, 1, tzinfo=UTC))
    store.put([one, judged("2")])
    for query in (PostQuery(), PostQuery(text="奶茶"), PostQuery(text="NOT 咖啡")):
        assert len(pages(store, query, 1)) == store.count(query) == 2
        assert len(store.count_by(query, Interval.DAY)) == 2


def test_counts_are_exact_to_the_ends(store: SqliteStore) -> None:
    """By words, by their absence, by a filter or by nothing: the same counts, to the ends of an odd stretch of time."""
    posts = [judged(str(n), published_at=NOW - timedelta(minutes=17 * n), text="茶" * (n % 3)) for n in range(40)]
    store.put(posts)
    odd = {"since": NOW - timedelta(minutes=17 * 30, seconds=1), "until": NOW - timedelta(minutes=17 * 2)}
    spoken = (PostQuery(text=text, **odd) for text in ("茶", "NOT 茶"))
    for query in (*spoken, PostQuery(**odd), PostQuery(platforms=("weibo", "no"), **odd), PostQuery(text="茶")):
        assert_answers(store, posts, query)


@pytest.mark.parametrize("minutes", [0, 1, 10, 1439])
def test_whole_days_are_counted_like_their_posts(store: SqliteStore, minutes: int) -> None:
    """Over several days, begun at midnight in UTC or a little beside it, every count is exact; also after changes."""
    posts = [judged(str(n), published_at=MIDNIGHT + timedelta(hours=7 * n, minutes=n % 3)) for n in range(14)]
    store.put(posts)
    for n in (3, 7):
        posts[n] = judged(
            str(n), published_at=MIDNIGHT + timedelta(hours=9 * n), fetched_at=LATER, risks=(Risk.SAFETY,)
        )
    store.put(posts)
    since = MIDNIGHT + timedelta(minutes=minutes)
    for query in (
        PostQuery(since=since, until=since + timedelta(days=3)),
        PostQuery(since=since, risks=(Risk.SAFETY,)),
        PostQuery(text="NOT 咖啡", until=since + timedelta(days=2)),
    ):
        assert_answers(store, posts, query)


def test_forgetting_more_than_one_transaction_holds(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many are forgotten in several steps, all of them."""
    monkeypatch.setattr(store_sqlite, "_AT_ONCE", 3)
    store.put([judged(str(n)) for n in range(9)])
    assert store.forget(before=LATER) == 9
    assert store.count(PostQuery()) == 0


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_release_is_taken_along(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store written before there were kinds, or tombstones, opens with all its posts, counts them by every field,
    takes tombstones, and opens again."""
    monkeypatch.setattr(store_tables, "_AT_ONCE", 4)  # some are left over
    path = tmp_path / "store.db"
    others = [
        judged(str(n), subjects=("a", "b")[: n % 3], risks=tuple(Risk)[: n % 4], published_at=NOW - timedelta(hours=n))
        for n in range(2, 7)
    ]
    with closing(SqliteStore(path)) as store:
        store.put([judged(), *others])
    _as_of_version_2(path)
    if version == 1:
        with closing(sqlite3.connect(path)) as first:
            first.executescript("DROP TABLE tombstones; PRAGMA user_version=1")
    for _ in range(2):
        with closing(SqliteStore(path)) as store:
            store.put([tombstone(fetched_at=LATER), judged()])
            assert_answers(store, others, PostQuery())
            assert_answers(store, others, PostQuery(text="奶茶", risks=(Risk.QUALITY,)))


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A store with a document that cannot be read is not half of the next version: what is there stays there."""
    path = tmp_path / "store.db"
    with closing(SqliteStore(path)) as store:
        store.put([judged()])
    _as_of_version_2(path)
    with closing(sqlite3.connect(path)) as earlier:
        earlier.execute("UPDATE documents SET body = x'07'")
        earlier.commit()
    with pytest.raises(Undecodable):
        SqliteStore(path)
    with closing(sqlite3.connect(path)) as earlier:
        names = {name for (name,) in earlier.execute("SELECT name FROM sqlite_master")}
        assert {"vocabulary", "posts_by_time"} <= names
        assert "kinds" not in names
        assert earlier.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_post_packed_by_an_earlier_release_is_known(tmp_path: Path) -> None:
    """It is read as it is, and putting it again is a repetition."""
    path = tmp_path / "store.db"
    with closing(SqliteStore(path, clock=lambda: NOW)) as store:
        store.put([judged()])
    with closing(sqlite3.connect(path)) as earlier:
        earlier.execute("UPDATE documents SET body = ?", (deflated(encode(judged())),))
        earlier.execute("PRAGMA user_version=3")
        earlier.commit()
    with closing(SqliteStore(path, clock=lambda: LATER)) as store:
        store.put([judged()])
        assert store.get(judged().post.id) == Hit(judged(), NOW)


def test_what_is_gone_leaves_no_kind_behind(store: SqliteStore) -> None:
    """Forgotten, deleted and moved posts are counted nowhere, and what was packed and counted of them goes too."""
    store.put([judged(str(n), published_at=NOW - timedelta(hours=n)) for n in range(3)])
    store.put([judged("0", published_at=NOW - timedelta(hours=9), fetched_at=LATER, sentiment=Sentiment.POSITIVE)])
    store.put([tombstone("1", fetched_at=LATER)])
    assert store.count_by(PostQuery(), Facet.SENTIMENT) == [Count("neutral", 1), Count("positive", 1)]
    assert store.forget(before=LATER) == 2
    with store._database.read() as connection:
        for table in ("kinds_of_rows", "kinds_of_days"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_a_file_of_a_later_release_is_refused(tmp_path: Path) -> None:
    """What this program does not know it does not touch; the sentence says what to do."""
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as later:
        later.execute("PRAGMA user_version=99")
    with pytest.raises(Misconfigured, match=r"store\.db: written by another version .* \(99, not 4\): use"):
        SqliteStore(path)


def test_a_locked_file_is_unavailable(tmp_path: Path) -> None:
    """Another process that keeps the write lock makes put Unavailable; searches go on."""
    path = tmp_path / "store.db"
    with closing(SqliteStore(path, busy_seconds=0.01)) as store, closing(SqliteStore(path)) as other:
        with other._database.write(), pytest.raises(Unavailable):
            store.put([judged()])
        store.put([judged()])
        with other._database.write():
            assert store.count(PostQuery()) == 1


def test_a_log_is_no_store(tmp_path: Path) -> None:
    """A file that is no database is refused."""
    (tmp_path / "store.db").write_bytes(b"something else" * 1000)
    with pytest.raises(Misconfigured, match=r"store\.db"):
        SqliteStore(tmp_path / "store.db")


@pytest.mark.parametrize("order", list(Order))
def test_a_page_has_hits(store: SqliteStore, order: Order) -> None:
    """A page without room is a mistake of the caller."""
    with pytest.raises(ValueError, match="每页"):
        store.search(PostQuery(order=order), 0)


@settings(max_examples=40)
@given(judged_posts)
def test_documents_are_packed_whole(one: JudgedPost) -> None:
    """What is stored is the post as it was judged, whatever it holds."""
    assert unpack(prepare(one).body) == one


_natives = st.sampled_from("123456")
_texts = st.text(st.sampled_from("云汀茶ab1 ,。"), max_size=8)
_minutes = st.integers(0, 40)
_TICK = timedelta(minutes=97)
"""Between the times at which posts are published: all in all some days, and the hours within them."""
_words = st.sampled_from(
    [
        "",
        "云",
        "云汀",
        "茶 a",
        "a OR 茶",
        "NOT 云",
        "云 NOT 茶",
        "NOT (云 OR a1)",
        '"a b"',
        "NOT 云 OR 茶",
        "汀茶 OR NOT a",
    ]
)


class StoreMachine(RuleBasedStateMachine):
    """A store against a dictionary."""

    path: Path

    def __init__(self) -> None:
        super().__init__()
        self.store = SqliteStore(self.path)
        self.store.forget(before=NOW + timedelta(days=9))
        self.posts: dict[str, JudgedPost] = {}
        self.gone: dict[str, JudgedPost] = {}

    @rule(natives=st.lists(_natives, max_size=4), fetched=_minutes, text=_texts, title=_texts, likes=st.integers(0, 1))
    def put(self, natives: list[str], fetched: int, text: str, title: str, likes: int) -> None:
        """Posts fetched at some minute; all else follows from post and minute, or equal would mean different."""
        made = []
        for native in natives:
            turn = int(native) + fetched
            made.append(
                judged(
                    native,
                    text=text,
                    title=title,
                    likes=likes,
                    fetched_at=NOW + timedelta(minutes=fetched),
                    published_at=NOW + turn * 7 % 31 * _TICK,
                    author=f"a{turn % 3}" if turn % 3 else "",
                    platform="weibo",
                    sentiment=list(Sentiment)[turn % 3],
                    risks=tuple(Risk)[: turn % 3],
                    subjects=("own", "rival")[: turn % 3],
                    fingerprint=f"f{turn % 2}",
                )
            )
        self.store.put(made)
        for one in made:
            old, gone = self.posts.get(one.post.id), self.gone.get(one.post.id)
            if old is not None and one.post.fetched_at < old.post.fetched_at:
                continue
            if gone is not None and one.post.fetched_at <= gone.post.fetched_at:
                continue
            self.posts[one.post.id] = one
            self.gone.pop(one.post.id, None)

    @rule(native=_natives, fetched=_minutes, published=_minutes)
    def delete(self, native: str, fetched: int, published: int) -> None:
        """A post is seen to be gone at some minute."""
        one = tombstone(native, fetched_at=NOW + timedelta(minutes=fetched), published_at=NOW + published * _TICK)
        self.store.put([one])
        old = self.posts.get(one.post.id) or self.gone.get(one.post.id)
        if old is None or (old.post.fetched_at, old.post.deleted) < (one.post.fetched_at, True):
            self.posts.pop(one.post.id, None)
            self.gone[one.post.id] = one

    @rule(author=st.sampled_from(["a1", "a2"]))
    def forget(self, author: str) -> None:
        """An author goes."""
        gone = [name for name, one in self.posts.items() if one.post.author == author]
        assert self.store.forget(author=author) == len(gone)
        for name in gone:
            del self.posts[name]

    @rule(ticks=st.integers(0, 10))
    def forget_before(self, ticks: int) -> None:
        """The old go."""
        time = NOW + ticks * _TICK
        self.gone = {name: one for name, one in self.gone.items() if one.post.published_at >= time}
        gone = [name for name, one in self.posts.items() if one.post.published_at < time]
        assert self.store.forget(before=time) == len(gone)
        for name in gone:
            del self.posts[name]

    @rule(
        text=_words,
        sentiments=st.lists(st.sampled_from(Sentiment), max_size=2).map(tuple),
        risks=st.lists(st.sampled_from(list(Risk)[:3]), max_size=2).map(tuple),
        author=st.sampled_from(["", "", "a1"]),
        since=st.none() | _minutes,
        until=st.none() | _minutes,
    )
    def ask(
        self,
        *,
        text: str,
        sentiments: tuple[Sentiment, ...],
        risks: tuple[Risk, ...],
        author: str,
        since: int | None,
        until: int | None,
    ) -> None:
        """Any question has the obvious answer."""
        query = PostQuery(text=text, sentiments=sentiments, risks=risks, author=author)
        if since is not None:
            query = replace(query, since=NOW + since * _TICK)
        if until is not None:
            query = replace(query, until=NOW + until * _TICK)
        assert_answers(self.store, list(self.posts.values()), query)

    def teardown(self) -> None:
        """Ask for all there is, then leave."""
        assert_answers(self.store, list(self.posts.values()), PostQuery())
        self.store.close()


def test_any_sequence_of_calls(tmp_path: Path) -> None:
    """Whatever is put, forgotten and asked in whatever order, the store answers as a dictionary would."""
    machine = type("Machine", (StoreMachine,), {"path": tmp_path / "store.db"})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=12))
