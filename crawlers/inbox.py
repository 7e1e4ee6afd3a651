"""The drop folder of a source that comes as files: what lies there that nobody has read.

Owns when a file is read, when it is left alone, and what is said of it. Files are never moved, changed or removed.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from crawlers.intake import Intake, Taken
from crawlers.ledger import Stamp
from crawlers.normalize import DropReason
from crawlers.readers import read_file
from crawlers.reports import CrawlReport, Outcome, Tally
from crawlers.sources import Source
from stream.ports import Unavailable

logger = logging.getLogger(__name__)

SETTLED_SECONDS = 10
"""How long a file must have been left unchanged before it counts as written."""
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", ".lock")
_CHUNK = 1 << 20
_TOLD = 20
_REASONS = {
    DropReason.NO_TEXT: "没有正文",
    DropReason.MALFORMED: "格式有误",
    DropReason.NO_ID: "没有编号",
    DropReason.REJECTED: "消息日志拒收",
}


def scan(intake: Intake, folder: Path) -> CrawlReport:
    """Take in every file of the folder that has not been read, oldest change first.

    Returns:
        The report, which is kept as the source's health too. `gap` while a file lies there that cannot be read, or
        when nothing has come for longer than the source promised; `failed` when the log or the folder is out of reach.
    """
    source, clock = intake.source, intake.clock
    tally = Tally(source.name, source.label, clock())
    troubles: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _files(folder):
            try:
                trouble = _look(path, intake, tally)
            except OSError as error:  # not remembered: who may read a file changes without the file changing
                trouble = f"无法读取：{error.strerror}"
            if trouble:
                troubles.append(f"文件「{path.name}」{trouble}")
    except OSError as error:
        tally.end(Outcome.FAILED, f"收件夹无法读取：{error.strerror}")
    except Unavailable:
        tally.unlogged("消息日志不可用，文件未全部导入，下次继续")
    if troubles:
        more = f"；另有 {len(troubles) - 1} 个文件也读不出来" if len(troubles) > 1 else ""
        tally.end(Outcome.GAP, troubles[0] + more)
    if source.expected_hours:
        since = intake.ledger.waiting_since(source.name, clock())
        if clock() - since > timedelta(hours=source.expected_hours):
            tally.end(Outcome.GAP, f"已超过 {source.expected_hours:g} 小时没有收到新文件或推送")
    report = tally.report(clock())
    intake.state.finish(report)
    return report


def import_file(intake: Intake, path: Path) -> tuple[CrawlReport, Taken]:
    """Take in one file, wherever it lies, even if it was read before; the report is kept.

    Raises:
        OSError: the file cannot be opened.
        Unavailable: the log does not take more now.
    """
    tally = Tally(intake.source.name, intake.source.label, intake.clock())
    stamp, digest = Stamp.of(path), _digest(path, intake.source)
    taken = _take(path, intake, tally)
    intake.ledger.read(intake.source.name, stamp, digest, taken.trouble)
    if taken.trouble:
        tally.end(Outcome.GAP, f"文件「{path.name}」{taken.trouble}")
    report = tally.report(intake.clock())
    intake.state.finish(report)
    return report, taken


def said(reason: DropReason) -> str:
    """Why a row became no post, for a person."""
    return _REASONS.get(reason, reason.value)


def _files(folder: Path) -> Iterator[Path]:
    found = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name)):
        if not path.name.startswith((".", "~$")) and path.suffix.lower() not in _UNFINISHED:
            yield path


def _look(path: Path, intake: Intake, tally: Tally) -> str:
    """Read a file unless that was done or it is still being written; what is wrong with it, if anything."""
    name, ledger = intake.source.name, intake.ledger
    stamp = Stamp.of(path)
    known = ledger.seen(name, stamp)
    if known == "":
        return known
    age = intake.clock().timestamp() - stamp.changed / 1e9
    if -SETTLED_SECONDS < age < SETTLED_SECONDS:
        return known or ""
    digest = _digest(path, intake.source)  # under a layout that has been mended, another than it was
    trouble = ledger.contents(name, digest)
    if trouble is None:
        tally.pages += 1
        trouble = _take(path, intake, tally).trouble
    elif not trouble:  # the same rows as in another file: nothing new, but it came
        ledger.delivered(name, intake.clock())
    if Stamp.of(path) == stamp:  # else it was still being written, and the next scan looks again
        ledger.read(name, stamp, digest, trouble)
    return trouble


def _take(path: Path, intake: Intake, tally: Tally) -> Taken:
    source = intake.source
    before = tally.posts + tally.known
    taken = intake.take(read_file(path, source, intake.author_key), tally)
    for number, reason in taken.dropped[:_TOLD]:
        logger.warning("source %s, file %s, row %d: %s", source.name, path.name, number, reason)
    if taken.note:
        tally.end(Outcome.COMPLETE, f"文件「{path.name}」{taken.note}")
    if taken.trouble:
        tally.note_bad("file", "unreadable")
    elif taken.dropped and tally.posts + tally.known == before:
        number, reason = taken.dropped[0]
        tally.note_bad("file", "nothing usable")
        return Taken(taken.dropped, f"没有一行可用：第 {number} 行{said(reason)}", taken.note)
    if not taken.trouble or tally.posts + tally.known > before:  # column names alone: a day on which nothing happened
        intake.ledger.delivered(source.name, intake.clock())
    return taken


def _digest(path: Path, source: Source) -> str:
    """What was read: these contents, under this layout."""
    made = blake2b(repr(source.layout).encode(), digest_size=20)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            made.update(chunk)
    return made.hexdigest()
