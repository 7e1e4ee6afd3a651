"""The book: what was alerted, on what evidence, who was told, who answered."""

from alerts.book_digests import DigestPages
from alerts.book_tables import Database


class Book(DigestPages):
    """The durable memory of the alert room."""

    def __init__(self, url: str) -> None:
        self._db = Database(url)

    def close(self) -> None:
        """Release everything."""
        self._db.close()
