"""Validators: what a listing's first page must be asked with, so that an unchanged one need not be sent again.

Owns ETag and Last-Modified as a site gave them, and their table in `crawl.db`. They are kept only of a listing that
was walked to its end with everything in the log, and dropped as soon as a walk fails: a 304 can therefore only ever
mean that nothing is new, never that we have what we do not have. Addresses are kept as digests, since a query may
hold a credential.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from stream.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS validators (source TEXT NOT NULL, address TEXT NOT NULL, etag TEXT NOT NULL,
    modified TEXT NOT NULL, PRIMARY KEY (source, address)) WITHOUT ROWID
"""
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Validator:
    """What one answer can be recognised by."""

    etag: str = ""
    modified: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """What to ask with; empty if the site gave nothing to ask with."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value}


CONDITIONAL = ("If-None-Match", "If-Modified-Since")


def validator(etag: str, modified: str) -> Validator:
    """The validator of an answer with these headers; what could not be sent back is left out."""
    return Validator(_sound(etag), _sound(modified))


def _sound(value: str) -> str:
    return value if len(value) <= _LONGEST and value.isprintable() and value.isascii() else ""


class Validators:
    """The table. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, source: str, address: str) -> Validator:
        """What this address can be asked with; an empty one if it must be read in full."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT etag, modified FROM validators WHERE source = ? AND address = ?", (source, digest(address))
            ).fetchone()
        return Validator(*row) if row else Validator()

    def keep(self, source: str, address: str, given: Validator) -> None:
        """Everything that this answer announced is in the log."""
        if not given.headers:
            self.drop(source, address)
            return
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO validators VALUES (?, ?, ?, ?)",
                (source, digest(address), given.etag, given.modified),
            )

    def drop(self, source: str, address: str) -> None:
        """The next crawl must read this address in full."""
        if self.of(source, address).headers:  # most sites give none, and a write waits for the disk
            with self._database.write() as connection:
                connection.execute("DELETE FROM validators WHERE source = ? AND address = ?", (source, digest(address)))


def digest(address: str) -> str:
    """An address as `crawl.db` knows it."""
    return blake2b(address.encode(), digest_size=16).hexdigest()
