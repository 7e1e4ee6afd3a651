"""`guanlan crawl`: one crawl of named sources in this process.

Owns the row that is printed of a crawl report, and that a source which refused us is let rest. Scrapy is loaded here
and in no other command.
"""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from configs import importing, wiring
from configs.load import Config, known
from configs.register import resting
from crawlers.sources import Source
from crawlers.state import CrawlState
from stream.ports import Misconfigured

USER_AGENT = "Guanlan/{version} (public-opinion monitor; {contact})"


def crawl_sources(
    config: Config, names: Sequence[str], *, force: bool = False
) -> tuple[list[dict[str, Any]], list[str]]:
    """Crawl each once, all that they hold of new. One that may not be crawled, or not as configured, stops no other.

    Args:
        config: everything a user has said.
        names: of sources.
        force: crawl also those that are let rest after a refusal.

    Returns:
        A row a crawl, and a sentence a source that is let rest.

    Raises:
        Misconfigured: a name is unknown, or `crawl.contact` is missing.
    """
    named = chosen(config, names)
    fetched, imported = [s for s in named if not s.imported], [s for s in named if s.imported]
    agent = user_agent(config) if fetched else ""
    log, state = wiring.open_log(config), wiring.open_state(config)
    try:
        reports = importing.scan(config, [source for source in imported if source.crawled], log, state)
        refused = {} if force else {s.name: why for s in fetched if s.crawled and (why := _resting(s, state))}
        fetched = [source for source in fetched if source.name not in refused]
        if not fetched:
            return [asdict(report) for report in reports], list(refused.values())
        from crawlers.crawl import run_crawl  # noqa: PLC0415 (Scrapy is heavy, and files need none of it)

        reports += run_crawl(
            fetched,
            log,
            state,
            author_key=wiring.author_key(config),
            user_agent=agent,
        )
    finally:
        state.close()
        log.close()
    return [asdict(report) for report in reports], list(refused.values())


def chosen(config: Config, names: Sequence[str]) -> list[Source]:
    """The sources of these names, in the order of `sources.toml`.

    Raises:
        Misconfigured: a name is unknown.
    """
    known(config.path.parent / "sources.toml", "source.name", names, [source.name for source in config.sources])
    return [source for source in config.sources if source.name in names]


def user_agent(config: Config) -> str:
    """How we introduce ourselves to a site.

    Raises:
        Misconfigured: nobody can be reached.
    """
    contact = config.settings.crawl.contact
    if not contact:
        raise Misconfigured(f"{config.path}: crawl.contact: say how a site's operator can reach you")
    return USER_AGENT.format(version=version("guanlan"), contact=contact)


def _resting(source: Source, state: CrawlState) -> str:
    """Why a source is let rest; empty if a crawl may begin now."""
    now = wiring.now()
    breaker = state.breakers.admit(source.name, now)
    return resting(breaker, now) if breaker else ""
