"""Where the Elasticsearch cluster is and how it keeps posts.

Owns the settings. Imports no driver, so that reading a configuration needs none; `elastic_client` checks them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ElasticSettings:
    """Where the cluster is and how it keeps posts."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    urls: tuple[str, ...] = field(repr=False)
    """Nodes of one cluster, `https://host:9200`; each is tried once a call."""
    api_key: str = field(default="", repr=False)
    """With the cluster privileges `monitor` and `manage_index_templates`, and `all` on the indices."""
    ca: Path | None = None
    """The certificate authority of the cluster as a PEM file; none means those the system trusts."""
    prefix: str = "guanlan"
    """Name of the alias and the template; indices are `prefix-YYYY.MM`."""
    shards: int = 1
    """Of each month to come; a month that exists keeps its number."""
    replicas: int = 1
    """Of each month to come."""
    refresh: str = "30s"
    """How often the server makes writes searchable by itself (`index.refresh_interval`) in months to come. A put
    does not wait for it: it refreshes what it wrote, so a long interval only saves work."""
    timeout: float = 30.0
    """Seconds a call may take at each node."""

    def hosts(self) -> str:
        """The addresses without user names and passwords, for messages."""
        return ", ".join(urlsplit(url).netloc.rpartition("@")[2] or "?" for url in self.urls)
