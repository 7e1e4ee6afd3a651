"""Fits a dictionary such as `documents.zdict`: the text that documents have in common, and how often which byte is met.

    python -m stream.fit_packing --to NEW.zdict STORE...     # store files, such as a demo leaves in data/demo

Owns the fit only. The text is written by hand (`store_packing`), so no word of a post gets into the dictionary. One
that has packed documents is needed as long as they are: this makes the next, and writes over none.
"""

import argparse
from pathlib import Path

from stream.codec import encode
from stream.store_packing import fitted
from stream.store_sqlite import SqliteStore


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", type=Path, nargs="+", metavar="STORE")
    parser.add_argument("--to", type=Path, required=True, metavar="NEW.zdict")
    given = parser.parse_args()
    if given.to.exists():
        parser.error(f"{given.to} exists; documents packed with it would be lost without it")
    documents: list[bytes] = []
    for path in given.stores:
        store = SqliteStore(path)
        documents += [encode(judged) for _, batch in store.export() for judged in batch]
        store.close()
    given.to.write_bytes(fitted(documents))


if __name__ == "__main__":
    main()
