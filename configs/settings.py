"""The keys of `guanlan.toml`, typed, with `GUANLAN_*` environment variables over them.

Owns names, types, defaults and bounds. Does not read files (`load` does) nor open anything (`wiring` does). A secret
is never written in the file: it is named as `env:NAME` or `file:PATH` and fetched once.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stream.elastic_settings import ElasticSettings
from stream.log_kafka_settings import KafkaSettings


def _fetch(value: SecretStr) -> SecretStr:
    kind, _, name = value.get_secret_value().partition(":")
    if kind == "env":
        if name not in os.environ:
            raise ValueError(f"环境变量 {name} 没有设置 (the environment variable is not set)")
        return _said(os.environ[name], f"环境变量 {name}")
    if kind == "file":
        try:
            return _said(Path(name).read_text(encoding="utf-8"), f"文件 {name}")
        except OSError as error:
            raise ValueError(f"读不到文件 {name} ({error.strerror})") from error
    raise ValueError("a secret is named, not written: use env:NAME or file:PATH")


def _said(secret: str, where: str) -> SecretStr:
    """What stands there, without the blanks around it; an empty key would open the door to whoever gives none."""
    said = secret.strip()
    if not said:
        raise ValueError(f"{where} 是空的 (the secret is empty)")
    return SecretStr(said)


_CENTURY = 36_500
"""Days; further back there is nothing to keep, and dates end."""

Secret = Annotated[SecretStr, AfterValidator(_fetch)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogTable(_Table):
    """`[log]`: the road between rooms; on Kafka where `[log.kafka]` is given."""

    keep_days: int = Field(30, ge=1, le=_CENTURY)
    kafka: KafkaSettings | None = None
    kafka_password: Secret | None = None


class StoreTable(_Table):
    """`[store]`: the judged posts; on Elasticsearch where `[store.elastic]` is given."""

    elastic: ElasticSettings | None = None
    elastic_api_key: Secret | None = None


class BookTable(_Table):
    """`[book]`: alerts, cases, deliveries, digests and mails."""

    url: Secret | None = None


class JudgeTable(_Table):
    """`[judge]`: who judges."""

    model: str = "student"
    threads: int = Field(2, ge=1, le=64)


class WorkTable(_Table):
    """`[work]`: the three worker loops."""

    batch: int = Field(500, ge=1, le=10_000)
    poll_seconds: float = Field(1.0, gt=0, le=60)
    dead_limit: int = Field(100, ge=1)


class CrawlTable(_Table):
    """`[crawl]`: how we present ourselves, and how many crawls run at once."""

    contact: str = ""
    at_once: int = Field(2, ge=1, le=16)
    jitter: float = Field(0.1, ge=0, le=0.5)


class PersonTable(_Table):
    """`[[serve.people]]`: somebody who may ask the API; guardians alone see self-harm signals."""

    name: str
    roles: tuple[Literal["analyst", "guardian"], ...]
    key: Secret


class SenderTable(_Table):
    """`[[serve.senders]]`: a system that may push rows to some sources, and look at nothing."""

    name: str
    sources: tuple[str, ...]
    key: Secret


class ServeTable(_Table):
    """`[serve]`: the API and the dashboard."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field("", pattern=r"^(https?://[^\s/]\S*)?$")
    people: tuple[PersonTable, ...] = ()
    senders: tuple[SenderTable, ...] = ()
    open_here: bool = False

    @property
    def address(self) -> str:
        """How people reach the dashboard, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


class ChannelTable(_Table):
    """`[[channel]]` of rules.toml: a signed JSON webhook."""

    name: str
    url: str
    secret: Secret


class MailTable(_Table):
    """`[mail]`: without `smtp_host` mails are written to `<data>/outbox`."""

    sender: str = "guanlan@localhost"
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_starttls: bool = True
    smtp_user: str = ""
    smtp_password: Secret | None = None


class RetentionTable(_Table):
    """`[retention]`: how long a post stays in the store."""

    posts_days: int = Field(365, ge=1, le=_CENTURY)
    short_days: int = Field(90, ge=1, le=_CENTURY)


class Settings(BaseSettings):
    """The keys of `guanlan.toml`; `GUANLAN_SERVE__PORT=9000` sets `serve.port`."""

    model_config = SettingsConfigDict(env_prefix="GUANLAN_", env_nested_delimiter="__", extra="forbid", frozen=True)

    data: Path = Path("data")
    log: LogTable = LogTable()
    store: StoreTable = StoreTable()
    book: BookTable = BookTable()
    judge: JudgeTable = JudgeTable()
    work: WorkTable = WorkTable()
    crawl: CrawlTable = CrawlTable()
    serve: ServeTable = ServeTable()
    mail: MailTable = MailTable()
    retention: RetentionTable = RetentionTable()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; nothing else is read."""
        return env_settings, init_settings
