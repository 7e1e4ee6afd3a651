"""A book copied into another database, whole or not at all.

Owns the order of tables and that new ids go on after old ones. Does not own which book (`configs.migrate`).
"""

from typing import Final

from sqlalchemy import Connection, func, insert, select, text

from alerts.book_database import Database
from alerts.book_tables import audit, metadata

_ROWS: Final = 500


class NotEmpty(Exception):
    """The book to be written to holds something already; nothing was written."""


def counts(database: Database) -> dict[str, int]:
    """Rows by table."""
    with database.read() as connection:
        return _counts(connection)


def copy(source: Database, target: Database) -> None:
    """All rows of all tables, in one transaction.

    Raises:
        NotEmpty: see there.
        Unavailable: one of the two; nothing was written.
    """
    with source.read() as reading, target.write() as writing:
        if any(_counts(writing).values()):
            raise NotEmpty
        for table in metadata.sorted_tables:
            rows = reading.execute(select(table).execution_options(yield_per=_ROWS))
            for some in rows.mappings().partitions():
                writing.execute(insert(table), [dict(row) for row in some])
        if writing.dialect.name == "postgresql":
            last = select(func.max(audit.c.id)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(text("'audit'"), text("'id'"))
            writing.execute(select(func.setval(sequence, last)))


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
