"""Replay: history judged again, for the store alone."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from configs import wiring
from configs.load import BUNDLED, Config, load
from configs.replay import replay
from configs.settings import JudgeTable
from stream.codec import encode
from stream.ports import Message, Misconfigured
from stream.query import PostQuery
from stream.records import JUDGED, POSTS, JudgedPost
from tests.factories import NOW, judged

LATER = NOW + timedelta(days=3650)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The bundled configuration over an empty folder, judged by the lexicon."""
    bundled = load(BUNDLED)
    changed = {"data": tmp_path, "judge": JudgeTable(model="lexicon")}
    return replace(bundled, settings=bundled.settings.model_copy(update=changed))


@pytest.fixture
def history(config: Config) -> list[JudgedPost]:
    """Posts that an older model took for harmless: on the log, in the store, and seen by the desk."""
    old = [
        judged(str(n), text=f"云汀茶里喝到钢丝,划破了嘴,第 {n} 次", subjects=("yunting",), revision="old-1")
        for n in range(6)
    ]
    with closing(wiring.open_log(config)) as log, closing(wiring.open_store(config)) as store:
        log.append(POSTS, [Message(one.post.id, encode(one.post)) for one in old])
        log.append(JUDGED, [Message(one.post.id, encode(one)) for one in old])
        store.put(old)
        with closing(wiring.open_book(config)) as book:
            wiring.open_desk(config, book)(old)
            assert book.alert_count() == 0
    return old


def test_a_newer_judgement_reaches_the_store_and_nobody_is_woken(config: Config, history: list[JudgedPost]) -> None:
    """What would have raised an alert today is in the store, found by its new risk; book, `judged` and groups stay."""
    told = replay(config, POSTS, "second_look", None)
    assert (told["read"], told["put"]) == (6, 6)
    with closing(wiring.open_store(config)) as store:
        for one in history:
            hit = store.get(one.post.id)
            assert hit is not None
            assert hit.judged.judgement.revision != "old-1"
            assert "safety" in hit.judged.judgement.risks
            assert hit.judged.logged_at == one.logged_at
        assert store.count(PostQuery()) == 6
    with closing(wiring.open_book(config)) as book:
        assert book.alert_count() == 0
        assert not any(book.delivery_counts().values())
    with closing(wiring.open_log(config)) as log:
        assert log.size(JUDGED) == 6
        assert log.lag(POSTS, "judge") == log.lag(JUDGED, "alert") == 6


def test_the_older_judgement_that_comes_late_does_not_return(config: Config, history: list[JudgedPost]) -> None:
    """An index worker that repeats its batch after the replay changes nothing."""
    replay(config, POSTS, "second_look", None)
    with closing(wiring.open_store(config)) as store:
        store.put(history)
        assert store.count(PostQuery(text="钢丝")) == 6
        hits = store.search(PostQuery(), 10).hits
    assert all(hit.judged.judgement.revision != "old-1" for hit in hits)


def test_a_replay_goes_on_where_it_stopped(config: Config, history: list[JudgedPost]) -> None:
    """The same name reads only what it has not read; another name begins at the beginning."""
    assert replay(config, POSTS, "one", None)["read"] == 6
    with closing(wiring.open_log(config)) as log:
        log.append(POSTS, [Message("bad", b"not json"), Message(history[0].post.id, encode(history[0].post))])
    assert replay(config, POSTS, "one", None) == {
        "topic": POSTS, "group": "one", "read": 2, "put": 1, "unreadable": 1, "refused": 0,
    }  # fmt: skip
    assert replay(config, POSTS, "two", LATER) == {
        "topic": POSTS, "group": "two", "read": 8, "put": 0, "unreadable": 0, "refused": 0,
    }  # fmt: skip


def test_what_was_forgotten_stays_forgotten(config: Config, history: list[JudgedPost]) -> None:
    """The log still has an author's posts for a while; judging again does not bring them back."""
    with closing(wiring.open_store(config)) as store:
        assert store.forget(author="a1") == 6
    assert replay(config, POSTS, "again", None)["put"] == 0
    with closing(wiring.open_store(config)) as store:
        assert store.count(PostQuery()) == 0


def test_a_lost_store_is_filled_from_the_judgements(config: Config, history: list[JudgedPost]) -> None:
    """`--topic judged` puts every post back as it was judged."""
    with closing(wiring.open_store(config)) as store:
        store.forget(author="a1")
    assert replay(config, JUDGED, "refill", None)["put"] == 6
    with closing(wiring.open_store(config)) as store:
        hit = store.get(history[0].post.id)
    assert hit is not None
    assert hit.judged == history[0]


def test_a_replay_never_takes_a_workers_place(config: Config) -> None:
    """Under a worker's name it would eat what that worker has still to do."""
    with pytest.raises(Misconfigured, match="alert"):
        replay(config, JUDGED, "alert", None)
