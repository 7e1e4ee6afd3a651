"""Readers: which function reads the files of which spider.

Owns the table. A kind of file is one function from a path to `imports.Read`s. A spider with a row here fetches nothing
and has no Scrapy spider; its row in `platforms.DEMANDS` says `FILES`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from crawlers.imports import Read, read_table
from crawlers.layouts import LAYOUTS
from crawlers.recordings import read_recording
from crawlers.sources import Source

Reader = Callable[[Path, Source, bytes], Iterator[Read]]
"""From a file, its source and the key of author pseudonyms to its rows; raises `tables.Broken` or OSError."""

READERS: Mapping[str, Reader] = {
    "inbox": read_table,
    **dict.fromkeys(LAYOUTS, read_table),
    "douyin_export": read_recording,
}
"""By the name a source gives as `spider`."""


def read_file(path: Path, source: Source, author_key: bytes) -> Iterator[Read]:
    """A file's rows, in its order, as its source's spider reads them.

    Raises:
        Broken: the file cannot be read, or not on from here.
        OSError: it cannot be opened.
    """
    return READERS[source.spider](path, source, author_key)
