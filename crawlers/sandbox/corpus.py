"""The corpus: posts read from a file, which the sandbox serves as the platforms would.

Owns the file, which of its lines are dropped and why, the shift in time, the made-up native ids and what a
keyword finds. Does not own any wire shape; those are one module a platform.
"""

import gzip
import logging
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from sys import intern

from crawlers.sandbox.corpus_line import EPOCH, BadLine, count, fields, moment, word
from stream.zone import SHANGHAI

_log = logging.getLogger(__name__)

EVERYTHING = "*"
"""The keyword (or board) that finds every post of a platform."""

_SEARCHES_KEPT = 64

# platform: lowest native id, how many there are: 16 and 19 digits, 173 and eight more, nine digits, and so on
_NATIVE: Mapping[str, tuple[int, int]] = {
    "weibo": (5_000_000_000_000_000, 400_000_000_000_000),
    "douyin": (7_400_000_000_000_000_000, 200_000_000_000_000_000),
    "heimao": (17_300_000_000, 100_000_000),
    "complaint": (17_300_000_000, 100_000_000),
    "autohome": (100_000_000, 900_000_000),
    "forum": (100_000_000, 900_000_000),
    "rednet": (4_000_000, 5_000_000),
    "peopleboard": (20_000_000, 70_000_000),
    "tieba": (9_000_000_000, 900_000_000),
    "discuz": (1_000_000, 8_000_000),
    "bilibili": (100_000_000, 900_000_000),
    "dongchedi": (7_400_000_000_000_000_000, 200_000_000_000_000_000),
    "news": (1_000_000, 9_000_000),
}
PLATFORMS = tuple(_NATIVE)

Drops = dict[str, list[int]]
"""Lines of the file that are not served, by reason; the reason names the field, never what stands in it."""


class BadCorpus(ValueError):
    """Nothing of the file can be served; the message names the file and the first reason, never the text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One post of the corpus. `at` is epoch seconds, after the shift; `native` is its id on the wire."""

    platform: str
    native: int
    id: str
    author: str | None
    text: str
    at: int
    title: str
    parent: str
    likes: int
    comments: int
    reposts: int
    brand: str

    @property
    def published(self) -> datetime:
        """The time in Chinese standard time, as every platform shows it."""
        return (EPOCH + timedelta(seconds=self.at)).astimezone(SHANGHAI)


class Corpus:
    """All posts of one file, newest first within a platform. Immutable once loaded, safe to read from any thread."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        answered = {entry.parent for entry in entries if entry.parent}
        self._by_id = {(entry.platform, entry.id): entry for entry in entries if entry.id in answered}
        self._by_native: dict[str, dict[int, Entry]] = {platform: {} for platform in PLATFORMS}
        for entry in entries:
            self._by_native[entry.platform][entry.native] = entry
        newest = sorted(range(len(entries)), key=lambda index: (-entries[index].at, -entries[index].native))
        self._newest = {
            platform: array("L", (index for index in newest if entries[index].platform == platform))
            for platform in PLATFORMS
        }
        self._searches: dict[tuple[str, str], array[int]] = {}
        self._now = EPOCH + timedelta(seconds=max((entry.at for entry in entries), default=0))

    @classmethod
    def load(cls, path: Path, shift_to: datetime | None = None) -> "Corpus":
        """Read `.jsonl` or `.jsonl.gz`; with `shift_to` all times move so that the newest post is at that moment.

        Dropped lines are logged, a warning a reason.

        Raises:
            BadCorpus: as `read`.
            OSError: the file cannot be read.
        """
        drops: Drops = {}
        entries = list(read(path, drops))
        for reason, lines in drops.items():
            first = ", ".join(map(str, lines[:10])) + (", …" if len(lines) > 10 else "")
            _log.warning("%s: %d dropped: %s (line %s)", path.name, len(lines), reason, first)
        if shift_to is not None:
            shift = round((shift_to - EPOCH).total_seconds()) - max(entry.at for entry in entries)
            for index, entry in enumerate(entries):
                entries[index] = replace(entry, at=entry.at + shift)
        return cls(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def search(self, platform: str, keyword: str) -> Sequence[int]:
        """Positions, newest first, of the platform's posts with `keyword` in text, title or brand.

        Hand them to `entry`. The whole list is made once a keyword, so that turning pages costs nothing.
        """
        if keyword == EVERYTHING:
            return self._newest[platform]
        found = self._searches.get((platform, keyword))
        if found is None:
            if len(self._searches) >= _SEARCHES_KEPT:
                self._searches.clear()
            found = array("L", (at for at in self._newest[platform] if _mentions(self._entries[at], keyword)))
            self._searches[platform, keyword] = found
        return found

    def entry(self, position: int) -> Entry:
        """The post at a position that `search` gave."""
        return self._entries[position]

    def by_native(self, platform: str, native: str) -> Entry | None:
        """The post with this id on the wire, in digits."""
        if not (native.isascii() and native.isdigit() and len(native) < 20):
            return None
        return self._by_native[platform].get(int(native))

    def answered(self, entry: Entry) -> datetime | None:
        """When the company or the office answers a complaint: within ten hours, or never.

        Now is when the newest post was written; who will only answer later has not answered.
        """
        minutes = derive("answer", entry.id) % 1200
        at = entry.published + timedelta(minutes=minutes + 10)
        return at if minutes < 600 and at <= self._now else None

    def root(self, entry: Entry) -> Entry | None:
        """The original at the top of a chain of parents; None where the chain leaves the file or runs in a circle."""
        passed = {entry.id}
        while entry.parent:
            above = self._by_id.get((entry.platform, entry.parent))
            if above is None or above.id in passed:
                return None
            entry = above
            passed.add(entry.id)
        return entry


def read(path: Path, drops: Drops) -> Iterator[Entry]:
    """The posts of a `.jsonl` or `.jsonl.gz` file in its order, with their own times; at least one.

    Args:
        drops: is given every line that is no JSON object, lacks a field, has one of the wrong type, or repeats an id.

    Raises:
        BadCorpus: no line can be served, or the file is not a whole gzip file.
        OSError: the file cannot be read.
    """
    taken: dict[str, set[int]] = {platform: set() for platform in PLATFORMS}
    seen: dict[str, set[str]] = {platform: set() for platform in PLATFORMS}
    with _open(path) as file:
        for number, line in _numbered(file, path):
            try:
                yield _read(line, seen, taken)
            except BadLine as error:
                drops.setdefault(str(error), []).append(number)
    if not any(seen.values()):
        first = next((f"; line {lines[0]}: {reason}" for reason, lines in drops.items()), "")
        raise BadCorpus(f"{path.name}: no posts in it{first}")


def derive(salt: str, *parts: str, size: int = 8) -> int:
    """A number that depends on the words alone: what the platforms draw at random, the sandbox derives."""
    words = "\x1f".join((salt, *parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(words, digest_size=size).digest(), "big")


def native_id(platform: str, id: str) -> int:
    """The wire id of a corpus id, as long as no earlier line of the file took the same number."""
    lowest, room = _NATIVE[platform]
    return lowest + derive("native", platform, id) % room


def _native(platform: str, id: str, taken: set[int]) -> int:
    lowest, room = _NATIVE[platform]
    native = native_id(platform, id)
    while native in taken:
        native = lowest + (native - lowest + 1) % room
    taken.add(native)
    return native


def _mentions(entry: Entry, keyword: str) -> bool:
    return keyword in entry.text or keyword in entry.title or keyword in entry.brand


def _open(path: Path) -> AbstractContextManager[Iterable[bytes]]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _numbered(file: Iterable[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadCorpus(f"{path.name}, after line {number}: not a whole gzip file") from error


def _read(line: bytes, seen: Mapping[str, set[str]], taken: Mapping[str, set[int]]) -> Entry:
    given = fields(line)
    platform = given.get("platform")
    if not isinstance(platform, str) or platform not in _NATIVE:
        raise BadLine(f"platform must be one of {', '.join(PLATFORMS)}")
    own, text = given.get("id"), given.get("text")
    if not isinstance(own, str) or not own:
        raise BadLine("id must be a string that is not empty")
    if not isinstance(text, str):
        raise BadLine("text must be a string")
    if own in seen[platform]:
        raise BadLine(f"the id stands on an earlier line of {platform}")
    author = word(given, "author")
    entry = Entry(
        platform=intern(platform),
        id=own,
        author=intern(author) if author else None,
        text=text,
        at=moment(given, "published_at"),
        title=word(given, "title"),
        parent=intern(word(given, "parent")),
        likes=count(given, "likes"),
        comments=count(given, "comments"),
        reposts=count(given, "reposts"),
        brand=intern(word(given, "brand")),
        native=_native(platform, own, taken[platform]),  # last: a dropped line takes no number
    )
    seen[platform].add(own)
    return entry
