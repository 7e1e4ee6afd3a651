"""The switch to a cluster: the same run, its log on Kafka and its store on Elasticsearch."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from configs import dead, wiring
from configs.load import BUNDLED, Config, load
from configs.run import Run
from configs.settings import ChannelTable, LogTable, StoreTable
from stream.codec import encode
from stream.elastic_settings import ElasticSettings
from stream.log_kafka_settings import KafkaSettings
from stream.ports import Message, Misconfigured
from stream.query import PostQuery
from stream.records import POSTS
from tests.factories import post
from tests.stream.noida import Noida


@pytest.fixture
def config(tmp_path: Path, noida: Noida) -> Config:
    """The bundled configuration with its log and store on the local server."""
    (tmp_path / "hook.key").write_text("whsec_" + "YQ" * 16, encoding="ascii")
    bundled = load(BUNDLED)
    channels = tuple(
        ChannelTable.model_validate(
            {"name": name, "url": "http://127.0.0.1:9/", "secret": f"file:{tmp_path / 'hook.key'}"}
        )
        for name in ("risk-desk", "guardians", "guardians-lead")
    )
    kafka = KafkaSettings(bootstrap=noida.kafka, partitions=2, replication=1, prefix="wired.")
    elastic = ElasticSettings(urls=(noida.elastic,), prefix="wired", replicas=0)
    changed = {"data": tmp_path / "data", "log": LogTable(kafka=kafka), "store": StoreTable(elastic=elastic)}
    return replace(bundled, settings=bundled.settings.model_copy(update=changed), channels=channels)


def test_posts_run_through_kafka_into_elasticsearch(config: Config) -> None:
    """Judged, indexed and evaluated as on one machine, and rubbish dies alone there too."""
    posts = [post(str(number), text=f"云汀茶里喝到钢丝,第 {number} 次") for number in range(40)]
    messages = [Message(one.id, encode(one)) for one in posts]
    with Run(config, lambda kind, line: None) as run:
        run.log.append(POSTS, [*messages[:20], Message("bad", b"not json"), *messages[20:]])
        run.drain(timedelta(seconds=60))
        assert run.store.count(PostQuery(text="钢丝", subjects=("yunting",))) == len(posts)
        assert run.log.size("dead") == 1
        assert run.book.alert_count() > 0
    (row,) = dead.waiting(config)
    assert dead.content(config, row["number"]) == b"not json"
    assert dead.drop(config, [row["number"]]) == 1
    assert dead.waiting(config) == []


def test_a_written_secret_is_refused(config: Config) -> None:
    """Passwords and keys are named; one that stands in the file, an address included, stops the start."""
    settings = config.settings
    kafka = replace(settings.log.kafka, password="hunter2")  # type: ignore[type-var]
    elastic = settings.store.elastic
    assert elastic is not None
    for opening, key, changed in (
        (wiring.open_log, r"log\.kafka\.password", {"log": LogTable(kafka=kafka)}),
        (wiring.open_store, r"elastic\.api_key", {"store": StoreTable(elastic=replace(elastic, api_key="hunter2"))}),
        (
            wiring.open_store,
            r"elastic\.urls: .*elastic_api_key",
            {"store": StoreTable(elastic=replace(elastic, urls=("http://u:hunter2@127.0.0.1:9200",)))},
        ),
    ):
        with pytest.raises(Misconfigured, match=key) as refused:
            opening(replace(config, settings=settings.model_copy(update=changed)))
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["log_kafka", "store_elastic"])
def test_a_driver_that_is_not_installed_is_named(config: Config, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever switches to a cluster without its extra is told how to get it."""
    monkeypatch.setitem(sys.modules, f"stream.{name}", None)  # as if it could not be imported
    opening = {"log_kafka": wiring.open_log, "store_elastic": wiring.open_store}[name]
    with pytest.raises(Misconfigured, match=rf"{name.replace('_', '.')}: .* pip install '\.\[cluster\]'"):
        opening(config)


def test_the_shipped_cluster_configuration_switches_all_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `cluster.toml` nothing stays on one machine unsaid: without the book's address nothing starts."""
    with pytest.raises(Misconfigured, match=r"book\.url: .*BOOK_URL"):
        load(BUNDLED.with_name("cluster.toml"))
    monkeypatch.setenv("BOOK_URL", "postgresql+psycopg://guanlan@db/guanlan")
    settings = load(BUNDLED.with_name("cluster.toml")).settings
    assert settings.log.kafka is not None
    assert settings.store.elastic is not None
    assert settings.book.url is not None
