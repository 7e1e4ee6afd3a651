"""`guanlan forget`: what a person said leaves every part, and nothing brings it back."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.desk import Desk
from configs import wiring
from configs.forgetting import forget
from configs.load import Config
from configs.replay import replay
from configs.run import Run
from configs.settings import JudgeTable
from crawlers.normalize import pseudonym
from stream.codec import encode
from stream.labels import Risk, Sentiment
from stream.ports import Message, Misconfigured
from stream.query import PostQuery
from stream.records import JUDGED, POSTS, JudgedPost, Post
from tests.alerts.newsroom import report
from tests.alerts.room import care, surge
from tests.alerts.test_forgetting import remember
from tests.configs.test_command import guanlan
from tests.configs.test_run import config as channelled  # noqa: F401 — a fixture
from tests.configs.test_run import quiet
from tests.factories import NOW, judged

PERSON = 7_700_123_456
EARLIER = NOW - timedelta(hours=2)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def config(channelled: Config) -> Config:  # noqa: F811
    """A configuration with an author key, judged by the lexicon."""
    settings = channelled.settings.model_copy(update={"judge": JudgeTable(model="lexicon")})
    rules = surge(count=1, sentiments=(), channels=("risk-desk",)), care(escalate_to=("guardians-lead",))
    changed = replace(channelled, settings=settings, rules=rules)
    wiring.author_key(changed)
    return changed


@pytest.fixture
def said(config: Config) -> list[JudgedPost]:
    """Two posts of the person and one of another, on the log and, but for the person's second, in the store."""
    who = pseudonym("weibo", PERSON, wiring.author_key(config))
    bad: dict[str, Any] = {"sentiment": Sentiment.NEGATIVE, "risks": (Risk.SAFETY,), "subjects": ("yunting",)}
    said = [
        judged(native, author=author, text=f"云汀茶里喝到{thing},划破了嘴", published_at=EARLIER, **bad)
        for native, author, thing in (("1", who, "钢丝"), ("2", who, "塑料片"), ("3", "another", "一只小虫"))
    ]
    with (
        closing(wiring.open_log(config)) as log,
        closing(wiring.open_store(config)) as store,
        closing(wiring.open_state(config)) as state,
    ):
        log.append(POSTS, [Message(one.post.id, encode(one.post)) for one in said])
        log.append(JUDGED, [Message(one.post.id, encode(one)) for one in said])
        store.put([said[0], said[2]])
        state.revisits.plan("weibo", [(one.post, (), "") for one in said])
    return said


def held(config: Config) -> set[str]:
    """Native ids of the posts in the store."""
    with closing(wiring.open_store(config)) as store:
        return {hit.judged.post.native_id for hit in store.search(PostQuery(), 10).hits}


def crawled(config: Config, *posts: Post) -> None:
    """Log these and let every worker read to the end."""
    with Run(config, quiet) as run:
        run.log.append(POSTS, [Message(one.id, encode(one)) for one in posts])
        run.drain(timedelta(seconds=30))


def test_posts_evidence_quotes_and_second_looks_leave(config: Config, said: list[JudgedPost]) -> None:
    """Found by the id that the platform gives, with the key of the crawls; what another said stays."""
    with closing(wiring.open_book(config)) as book, closing(wiring.open_store(config)) as store:
        Desk(config.rules, config.subjects, book, wiring.now)(said)
        digest = report(store)
        remember(book, digest)
        body = book.digest(digest.id).body
    assert said[0].post.text in body
    told = forget(config, "weibo", f" {PERSON}\n")
    assert told == {"platform": "weibo", "posts": 1, "tombstones": 2, "evidence": 2, "unread": 6}
    assert held(config) == {"3"}
    with closing(wiring.open_book(config)) as book, closing(wiring.open_state(config)) as state:
        left = {one.post_id for case in book.list_cases(care=False) for one in book.evidence(case.alert.id)}
        assert left == {said[2].post.id}
        assert said[0].post.text not in book.digest(digest.id).body
        assert [state.revisits.of("weibo", native) is None for native in ("1", "2", "3")] == [True, True, False]
    again = forget(config, "weibo", str(PERSON))
    assert (again["posts"], again["evidence"]) == (0, 0)


def test_nothing_brings_a_forgotten_post_back(config: Config, said: list[JudgedPost]) -> None:
    """Not a worker that is late, a crawl that reads it again, a replay, nor the refill of a store that was lost."""
    forget(config, "weibo", str(PERSON))
    crawled(config)
    assert held(config) == {"3"}
    crawled(config, *(replace(one.post, fetched_at=LATER, likes=9) for one in said))
    assert held(config) == {"3"}
    replay(config, POSTS, "second_look", None)
    for file in config.settings.data.glob("store.db*"):
        file.unlink()
    replay(config, JUDGED, "refill", None)
    assert held(config) == {"3"}


def test_evidence_of_a_late_alert_worker_leaves_when_asked_again(config: Config, said: list[JudgedPost]) -> None:
    """The command says how much was unread; asked again afterwards it takes what came of it, and has nothing unread."""
    assert forget(config, "weibo", str(PERSON))["unread"] == 6
    crawled(config)
    told = forget(config, "weibo", str(PERSON))
    assert told["evidence"] > 0
    assert told["unread"] == 0
    assert forget(config, "weibo", str(PERSON))["evidence"] == 0


def test_without_the_key_of_the_crawls_nobody_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and a sentence with the missing file, no new key, and never the id; it may come by standard input."""
    monkeypatch.delenv("GUANLAN_AUTHOR_KEY", raising=False)
    told = guanlan("forget", "weibo", "-", "--json", given=f"{PERSON}\n", data=tmp_path)
    assert told.returncode == 2
    assert "author.key" in told.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "author.key").write_text("0" * 64, encoding="ascii")
    done = guanlan("forget", "weibo", "-", "--json", given=f"{PERSON}\n", data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"tombstones": 0' in done.stdout
    for one in (told, done):
        assert str(PERSON) not in one.stdout + one.stderr


@pytest.mark.parametrize(
    ("platform", "author", "named"),
    [("wiebo", "7", "PLATFORM"), (str(PERSON), "weibo", "PLATFORM"), ("weibo", "0", "AUTHOR_ID")],
)
def test_a_slip_of_the_pen_is_no_success(config: Config, platform: str, author: str, named: str) -> None:
    """An unknown platform, swapped words or nobody's id are refused: zero posts would look like success."""
    with pytest.raises(Misconfigured, match=named) as refused:
        forget(config, platform, author)
    assert str(PERSON) not in str(refused.value)
