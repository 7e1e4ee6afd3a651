"""From one machine to a cluster: everything goes along, once, and nobody is woken for what was told."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from configs import migrate_log, wiring
from configs.dead import letters
from configs.load import BUNDLED, Config, load
from configs.migrate import migrate
from configs.run import Run
from configs.settings import BookTable, ChannelTable, JudgeTable, LogTable, StoreTable
from stream.codec import encode
from stream.elastic_settings import ElasticSettings
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Message, Misconfigured, Unavailable
from stream.query import PostQuery
from stream.records import JUDGED, POSTS
from tests.factories import NOW, post
from tests.stream.noida import Noida

_numbers = count(1)
POSTS_THERE = 30


def quiet(kind: str, line: str) -> None:
    """Tell nobody."""


@pytest.fixture
def source(tmp_path: Path) -> Config:
    """One machine at rest: posts judged, indexed and evaluated, an alert, a dead letter, a tombstone;
    three posts are still to be judged."""
    bundled = load(BUNDLED)
    (tmp_path / "hook.key").write_text("whsec_" + "YQ" * 16, encoding="ascii")
    names = ("risk-desk", "guardians", "guardians-lead")
    hook = {"url": "http://127.0.0.1:9/", "secret": f"file:{tmp_path / 'hook.key'}"}
    channels = tuple(ChannelTable.model_validate({"name": name, **hook}) for name in names)
    changed = {"data": tmp_path / "data", "judge": JudgeTable(model="lexicon")}
    config = replace(bundled, settings=bundled.settings.model_copy(update=changed), channels=channels)
    posts = [post(str(n), text=f"云汀茶里喝到钢丝,第 {n} 次") for n in range(POSTS_THERE)]
    gone = post("0", text="", deleted=True, fetched_at=NOW + timedelta(minutes=1))
    with Run(config, quiet) as run:
        run.log.append(POSTS, [Message("bad", b"not json"), *(Message(one.id, encode(one)) for one in [*posts, gone])])
        run.drain(timedelta(seconds=60))
        run.book.look_at_posts(["weibo-1"], "守护人", NOW)
    with closing(wiring.open_log(config)) as log:
        late = [post(f"late{n}", text="云汀茶好喝") for n in range(3)]
        log.append(POSTS, [Message(one.id, encode(one)) for one in late])
    return config


@pytest.fixture
def target(source: Config, noida: Noida, postgres: object, tmp_path: Path) -> Iterator[Config]:
    """An empty cluster with the same data folder."""
    from sqlalchemy import URL, create_engine, text

    assert isinstance(postgres, URL)
    name = f"migrated{next(_numbers)}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    (tmp_path / "book.url").write_text(
        postgres.set(database=name).render_as_string(hide_password=False), encoding="utf-8"
    )
    changed = {
        "log": LogTable(kafka=KafkaSettings(bootstrap=noida.kafka, partitions=2, replication=1, prefix=f"{name}.")),
        "store": StoreTable(elastic=ElasticSettings(urls=(noida.elastic,), prefix=name, replicas=0)),
        "book": BookTable.model_validate({"url": f"file:{tmp_path / 'book.url'}"}),
    }
    yield replace(source, settings=source.settings.model_copy(update=changed))
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def test_everything_goes_along_and_work_goes_on(source: Config, target: Config) -> None:
    """Counts agree; the cluster then judges just what was left, raises nothing anew, and knows what was deleted."""
    with closing(wiring.open_book(source)) as book:
        alerts, deliveries = book.alert_count(), book.delivery_counts()
    rows = {row["part"]: row for row in migrate(source, target, quiet)}
    assert all(row["ok"] for row in rows.values())
    assert rows["left for judge"]["here"] == 3
    assert rows["left for alert"]["here"] == 0
    assert rows["log posts"]["here"] == POSTS_THERE + 5
    assert rows["store posts"]["here"] == POSTS_THERE - 1
    assert not (source.settings.data / "migrating.json").exists()
    with Run(target, quiet) as run:
        assert run.book.delivery_counts() == deliveries
        run.drain(timedelta(seconds=60))
        assert run.store.count(PostQuery()) == POSTS_THERE - 1 + 3
        assert run.log.size(JUDGED) == rows["log judged"]["here"] + 3
        assert run.book.alert_count() == alerts
        run.store.put([replace(hit.judged, post=post("0")) for hit in run.store.search(PostQuery(), 1).hits])
        assert run.store.get(post("0").id) is None
        assert len(letters(run.log)) == 1
        run.book.look_at_posts(["weibo-2"], "守护人", NOW)  # a number of its own in the audit
        assert run.book.counts()["audit"] == rows["book audit"]["here"] + 1


def test_a_migration_goes_on_where_it_was_broken_off(
    source: Config, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off between two batches, and after writing a batch without remembering it, it ends with nothing lost."""
    monkeypatch.setattr(migrate_log, "_BATCH", 7)
    with pytest.raises(Unavailable, match="pulled"):
        migrate(source, target, _pulled("检索库"))
    assert (source.settings.data / "migrating.json").exists()
    with closing(wiring.open_log(target)) as log:
        log.append(POSTS, [Message("again", b"not json")])  # as a batch repeated after a crash would be
    rows = {row["part"]: row for row in migrate(source, target, quiet)}
    assert all(row["ok"] for row in rows.values())
    assert rows["log posts"]["here"] == rows["log posts"]["there"] + 1


def test_an_old_place_that_worked_meanwhile_is_told_at_once(source: Config, target: Config) -> None:
    """Its groups have moved on from where the cluster's stand: one sentence says so, and what to do."""
    with pytest.raises(Unavailable, match="pulled"):
        migrate(source, target, _pulled("检索库"))
    with Run(source, quiet) as run:
        run.drain(timedelta(seconds=60))
    told: list[str] = []
    with pytest.raises(Misconfigured, match=r"judge, index, alert moved.*migrating\.json.*empty target"):
        migrate(source, target, lambda _, line: told.append(line))
    assert not told, "nothing was copied"


def test_what_an_earlier_release_began_is_refused(source: Config, target: Config) -> None:
    """It did not write down where the old groups stood; one sentence says what to do."""
    with pytest.raises(Unavailable, match="pulled"):
        migrate(source, target, _pulled("检索库"))
    path = source.settings.data / "migrating.json"
    mark = json.loads(path.read_text(encoding="utf-8"))
    mark["stood"] = list(mark.pop("places"))
    path.write_text(json.dumps(mark), encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"migrating\.json.*another release's.*empty target"):
        migrate(source, target, quiet)


def test_what_is_not_empty_is_refused(source: Config, target: Config) -> None:
    """A cluster that holds anything is left alone, and the sentence says what it holds."""
    migrate(source, target, quiet)
    with pytest.raises(Misconfigured, match=r"log posts: 35.*store: 29.*book alerts"):
        migrate(source, target, quiet)


def test_two_places_of_one_kind_are_refused(source: Config, target: Config) -> None:
    """There is nothing to migrate from a cluster, nor to one machine; the sentence names the key."""
    with pytest.raises(Misconfigured, match=r"log\.kafka"):
        migrate(source, source, quiet)
    with pytest.raises(Misconfigured, match="one machine"):
        migrate(target, target, quiet)


def _pulled(line: str) -> Callable[[str, str], None]:
    def say(kind: str, told: str) -> None:
        if told == line:
            raise Unavailable("pulled")

    return say
