"""Fits `documents.zdict`: the text that documents have in common, and how often which byte is met in one.

    python -m stream.fit_packing STORE...     # store files, such as a demo leaves in data/demo

Owns the fit only. The text is written by hand (`store_packing`), so no word of a post gets into the dictionary. One
that has packed documents is kept for them: this makes the next.
"""

import argparse
from pathlib import Path

from stream.codec import encode
from stream.store_packing import DICTIONARY, fitted
from stream.store_sqlite import SqliteStore


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", type=Path, nargs="+", metavar="STORE")
    documents: list[bytes] = []
    for path in parser.parse_args().stores:
        store = SqliteStore(path)
        documents += [encode(judged) for _, batch in store.export() for judged in batch]
        store.close()
    DICTIONARY.write_bytes(fitted(documents))


if __name__ == "__main__":
    main()
