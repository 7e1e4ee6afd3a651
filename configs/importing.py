"""What comes to us instead of being fetched: drop folders, a file named on the command line, rows pushed over HTTP.

Owns where drop folders lie (`<data>/inbox/<source>`) and what an import answers. Reading and remembering belong to
`crawlers`.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from api.parts import NoSuchSource, Receipt
from configs import wiring
from configs.load import Config, known
from crawlers import inbox
from crawlers.imports import items
from crawlers.intake import Intake
from crawlers.layouts import LAYOUTS
from crawlers.ledger import Ledger
from crawlers.platforms import Access
from crawlers.reports import CrawlReport, Outcome, Tally
from crawlers.sources import Source
from crawlers.state import CrawlState
from crawlers.tables import records
from stream.ports import MessageLog, Misconfigured
from stream.retry import Backoff

log = logging.getLogger(__name__)


def drop_folder(config: Config, source: Source) -> Path:
    """Where files of this source are put."""
    return wiring.folder(config) / "inbox" / source.name


def scan(config: Config, sources: Sequence[Source], message_log: MessageLog, state: CrawlState) -> list[CrawlReport]:
    """Take in what lies in the drop folders of these sources; a report each, also of one that may not be read."""
    with closing(Ledger(wiring.folder(config) / "inbox.db")) as ledger:
        return [_scanned(config, source, message_log, state, ledger) for source in sources]


def _scanned(config: Config, source: Source, message_log: MessageLog, state: CrawlState, ledger: Ledger) -> CrawlReport:
    try:
        wiring.check_source(source)
    except Misconfigured as error:
        log.error("%s", error)  # noqa: TRY400 - the message names the key; a traceback adds nothing
        tally = Tally(source.name, source.label, wiring.now())
        tally.end(Outcome.FAILED, f"配置有误，未导入：{error}")
        report = tally.report(wiring.now())
        state.finish(report)
        return report
    return inbox.scan(_intake(config, source, message_log, state, ledger), drop_folder(config, source))


def import_path(config: Config, name: str, path: Path) -> dict[str, Any]:
    """Take in one file as the named source, and say what came of it row by row.

    Raises:
        Misconfigured: no such source, it is switched off, or it reads no files.
        OSError: the file cannot be opened.
        Unavailable: the log does not take more now.
    """
    source = _named(config, name)
    wiring.check_source(source)
    with _opened(config) as (message_log, state, ledger):
        report, taken = inbox.import_file(_intake(config, source, message_log, state, ledger), path)
    return {
        "source": name,
        "file": path.name,
        "posts": report.posts,
        "known": report.known,
        "drops": dict(report.drops),
        "trouble": taken.trouble,
        "note": taken.note,
        "dropped": [{"row": number, "reason": reason.value} for number, reason in taken.dropped],
    }


def intake_of(config: Config, message_log: MessageLog, state: CrawlState) -> Callable[[str, Sequence[object]], Receipt]:
    """What the API calls with rows that were pushed; returns when the log has them.

    The function raises `NoSuchSource` for a name that takes none, and `Unavailable` after the first refusal of the
    log: whoever pushes is still there and tries again.
    """

    def take(name: str, rows: Sequence[object]) -> Receipt:
        source = next((one for one in config.sources if one.name == name), None)
        if source is None or not source.enabled or source.access is not Access.OPERATOR_EXPORT:
            raise NoSuchSource(name)
        if source.layout is None and source.spider not in LAYOUTS:  # its files hold no rows
            raise NoSuchSource(name)
        tally = Tally(source.name, source.label, wiring.now())
        with closing(Ledger(wiring.folder(config) / "inbox.db")) as ledger:
            way = _intake(config, source, message_log, state, ledger, attempts=1)
            reads = items((row for at, one in enumerate(rows, 1) for row in records(at, one)), source, way.author_key)
            taken = way.take(reads, tally)
            if tally.posts + tally.known:
                ledger.delivered(source.name, wiring.now())
        if tally.drops:
            log.warning("source %s, pushed rows dropped: %s", name, Counter(map(str, tally.drops.elements())))
        return Receipt(
            tally.posts,
            tally.known,
            tuple((number, reason.value, inbox.said(reason)) for number, reason in taken.dropped),
        )

    return take


def _named(config: Config, name: str) -> Source:
    path = config.path.parent / "sources.toml"
    known(path, "source.name", [name], [source.name for source in config.sources])
    source = next(source for source in config.sources if source.name == name)
    if not source.imported:
        raise Misconfigured(f"{path}: source {name}: access must be operator_export for files to be read")
    if not source.enabled:
        raise Misconfigured(f"{path}: source {name}: enabled is false, so nothing of it is read")
    return source


@contextmanager
def _opened(config: Config) -> Iterator[tuple[MessageLog, CrawlState, Ledger]]:
    with (
        closing(wiring.open_log(config)) as message_log,
        closing(wiring.open_state(config)) as state,
        closing(Ledger(wiring.folder(config) / "inbox.db")) as ledger,
    ):
        yield message_log, state, ledger


def _intake(
    config: Config, source: Source, message_log: MessageLog, state: CrawlState, ledger: Ledger, *, attempts: int = 6
) -> Intake:
    return Intake(
        source,
        message_log,
        state,
        ledger,
        author_key=wiring.author_key(config),
        clock=wiring.now,
        attempts=attempts,
        backoff=Backoff(),
    )
