"""A cluster that cannot be used is refused at start, in one sentence that names what to do."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from configs import wiring
from configs.load import BUNDLED, Config, load
from configs.settings import LogTable, StoreTable
from stream.elastic_documents import template
from stream.elastic_settings import ElasticSettings
from stream.log_kafka import KafkaLog
from stream.log_kafka_settings import KafkaSettings, Security
from stream.ports import Misconfigured, Unavailable
from tests.alerts.test_mailer import certificate
from tests.stream.noida import Noida
from tests.stream.test_log_kafka import old_broker

KAFKA, ELASTIC = "refused.", "refused"
KEY = "c2VjcmV0OmtleQ=="


@dataclass(frozen=True)
class Place:
    """What a case may use."""

    noida: Noida
    opened: ExitStack
    """Closed after the case."""

    def answering(self, status: int, answer: dict[str, Any], **headers: str) -> str:
        """The address of a web server that always says this."""
        return self.opened.enter_context(web_server(status, answer, headers))

    def kafka(self, **change: Any) -> Config:
        """A configuration with its log on Kafka."""
        settings = KafkaSettings(bootstrap=self.noida.kafka, partitions=1, replication=1, prefix=KAFKA)
        return configured(log=LogTable(kafka=replace(settings, **change)))

    def elastic(self, *urls: str, prefix: str = ELASTIC) -> Config:
        """A configuration with its store on Elasticsearch."""
        settings = ElasticSettings(urls=urls or (self.noida.elastic,), prefix=prefix, replicas=0)
        return configured(store=StoreTable(elastic=settings))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is enough to see that nobody is there."""
    monkeypatch.setitem(KafkaLog.__init__.__kwdefaults__, "seconds", 1.0)  # type: ignore[arg-type]  # it has some


def configured(**tables: object) -> Config:
    """The bundled configuration with some tables of its own."""
    bundled = load(BUNDLED)
    return replace(bundled, settings=bundled.settings.model_copy(update=tables))


@contextmanager
def web_server(
    status: int, answer: dict[str, Any], headers: dict[str, str], tls: SSLContext | None = None
) -> Iterator[str]:
    """Serve one answer, to whoever has the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert tls is None or self.headers["Authorization"] == f"ApiKey {KEY}"
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def password_refused(place: Place) -> Config:
    """Brokers that do not take the password, which is the text of this file."""
    bootstrap = place.opened.enter_context(old_broker())
    settings = KafkaSettings(bootstrap, security=Security.SASL_PLAINTEXT, user="u")
    table = LogTable.model_validate({"kafka": settings, "kafka_password": f"file:{__file__}"})
    return configured(log=table)


def other_topics(place: Place) -> Config:
    """Topics made with one partition, settings that want two."""
    settings = place.kafka().settings.log.kafka
    assert settings is not None
    KafkaLog(settings).close()
    return place.kafka(partitions=2)


def lost_topic(place: Place) -> Config:
    """Topics that are to be on more brokers than there are cannot be created."""
    return place.kafka(prefix="refused-missing.", replication=3)


def other_mapping(place: Place) -> Config:
    """A month that was written by something else."""
    prefix = f"{ELASTIC}-mapping"
    given = template(ElasticSettings((place.noida.elastic,), prefix=prefix))["template"]
    with closing(Elasticsearch(place.noida.elastic)) as client:
        mappings = {**given["mappings"], "properties": {"id": {"type": "text"}}}
        client.indices.create(index=f"{prefix}-2026.09", mappings=mappings, aliases=given["aliases"])
    return place.elastic(prefix=prefix)


_PRODUCT = {"X_Elastic_Product": "Elasticsearch"}


def test_key_and_authority_are_used(tmp_path: Path) -> None:
    """Behind TLS a cluster is asked with the key, when the authority is named; else the sentence names that setting."""
    written, private = certificate(tmp_path)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(written, private)
    (tmp_path / "key").write_text(KEY, encoding="ascii")
    with web_server(200, {"version": {"number": "7.17.29"}}, _PRODUCT, context) as url:
        for ca, told in ((written, "is 7.17.29; upgrade it"), (None, r"elastic\.ca: .* no trusted certificate")):
            given = {"elastic": ElasticSettings((url,), ca=ca), "elastic_api_key": f"file:{tmp_path / 'key'}"}
            with pytest.raises(Misconfigured, match=told):
                wiring.open_store(configured(store=StoreTable.model_validate(given)))


def answer(status: int, kind: str) -> Callable[[Place], Config]:
    """A cluster that refuses every call in this way."""
    return lambda p: p.elastic(p.answering(status, {"error": {"type": kind}, "status": status}, **_PRODUCT))


@pytest.mark.parametrize(
    ("case", "error", "told"),
    [
        (lambda p: p.kafka(bootstrap="127.0.0.1:1"), Unavailable, "check that it runs, kafka.bootstrap and kafka.secu"),
        (lambda p: p.kafka(bootstrap="kafka"), Misconfigured, "kafka.bootstrap: write host:port"),
        (password_refused, Misconfigured, "correct kafka.user and kafka.password"),
        (lambda p: p.kafka(security=Security.SSL), Misconfigured, "set kafka.security to what the listener speaks"),
        (lambda p: p.kafka(bootstrap=p.opened.enter_context(old_broker())), Misconfigured, "too old: upgrade the bro"),
        (other_topics, Misconfigured, "set kafka.partitions to that"),
        (lost_topic, Misconfigured, "fewer brokers than kafka.replication: lower it or add brokers"),
        (lambda p: p.elastic("http://127.0.0.1:1"), Unavailable, "check elastic.urls and that it runs"),
        (lambda p: p.elastic("elastic"), Misconfigured, "write addresses as https://host:9200"),
        (lambda p: p.elastic(p.answering(200, {})), Misconfigured, "elastic.urls: what answers at"),
        (answer(401, "security_exception"), Misconfigured, "elastic.api_key"),
        (answer(400, "media_type_header_exception"), Misconfigured, "install the server's major"),
        (
            lambda p: p.elastic(p.answering(200, {"version": {"number": "7.17.29"}}, **_PRODUCT)),
            Misconfigured,
            "is 7.17.29; upgrade it to 8 or later",
        ),
        (other_mapping, Misconfigured, "choose another prefix and replay into it"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_what_cannot_be_used_is_refused_at_start(
    noida: Noida, case: Callable[[Place], Config], error: type[Exception], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong addresses, bad credentials, missing topics, another mapping, an old server: one line, and what to do; the
    drivers say nothing beside it."""
    with ExitStack() as opened:
        config = case(Place(noida, opened))
        opening = wiring.open_log if config.settings.log.kafka else wiring.open_store
        with pytest.raises(error) as refused:
            opening(config)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not caplog.records
