"""`guanlan crawl`: one crawl of named sources in this process.

Owns the row that is printed of a crawl report. Scrapy is loaded here and in no other command.
"""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from configs import wiring
from configs.load import Config, known
from crawlers.crawl import run_crawl
from crawlers.sources import Source
from stream.ports import Misconfigured

USER_AGENT = "Guanlan/{version} (public-opinion monitor; {contact})"


def crawl_sources(config: Config, names: Sequence[str]) -> list[dict[str, Any]]:
    """Crawl each once, all that they hold of new.

    Raises:
        Misconfigured: a name is unknown, a source may not be crawled, or `crawl.contact` is missing.
    """
    known(config.path.parent / "sources.toml", "source.name", names, [source.name for source in config.sources])
    chosen: list[Source] = [source for source in config.sources if source.name in names]
    contact = config.settings.crawl.contact
    if not contact:
        raise Misconfigured(f"{config.path}: crawl.contact: say how a site's operator can reach you")
    for source in chosen:
        wiring.check_source(source)
    log, state = wiring.open_log(config), wiring.open_state(config)
    try:
        reports = run_crawl(
            chosen,
            log,
            state,
            author_key=wiring.author_key(config),
            user_agent=USER_AGENT.format(version=version("guanlan"), contact=contact),
        )
    finally:
        state.close()
        log.close()
    return [asdict(report) for report in reports]
