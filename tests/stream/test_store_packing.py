"""Documents on disk: small, whole, and those of earlier versions still read."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import fit_packing, store_packing
from stream.codec import encode
from stream.store_packing import pack, unpack
from stream.store_sqlite import SqliteStore
from tests.factories import judged


@given(st.binary(max_size=300))
def test_what_was_packed_comes_back(data: bytes) -> None:
    """Any bytes, and so any document."""
    assert unpack(pack(data)) == data


def deflated(data: bytes, mark: bytes = b"\x07", dictionary: bytes = store_packing.COMMON) -> bytes:
    """As the version before packed a document, or the first with its own dictionary."""
    packer = zlib.compressobj(level=6, wbits=-15, memLevel=9, zdict=dictionary)
    return mark + packer.compress(data) + packer.flush()


@given(st.binary(max_size=300))
def test_documents_of_earlier_versions_are_read(data: bytes) -> None:
    """They were deflated, and none of them looks as if it were packed as today."""
    assert unpack(deflated(data)) == data
    assert unpack(deflated(data, b"", store_packing._FIRST)) == data


def test_several_threads_pack_and_unpack_at_once() -> None:
    """The API reads and imports while the index worker writes."""
    documents = [encode(judged(str(number), text=f"第{number}杯奶茶" * (number % 40))) for number in range(400)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda document: unpack(pack(document)), documents)) == documents


def test_a_post_takes_a_third_of_its_json() -> None:
    """What all documents have in common costs next to nothing."""
    document = encode(judged())
    assert len(pack(document)) < len(document) / 3


def test_the_dictionary_holds_no_words_of_posts() -> None:
    """It is the text that was written by hand, behind statistics."""
    assert store_packing.DICTIONARY.read_bytes().endswith(store_packing.COMMON)


def test_a_dictionary_is_fitted_to_a_new_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are read with the dictionary they were packed with, so none is ever written over."""
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        store.put([judged(str(number), text=f"第{number}杯奶茶") for number in range(100)])
    new = tmp_path / "new.zdict"
    monkeypatch.setattr("sys.argv", ["fit_packing", "--to", str(new), str(tmp_path / "store.db")])
    before = store_packing.DICTIONARY.read_bytes()
    fit_packing.main()
    assert new.read_bytes().endswith(store_packing.COMMON)
    new.write_bytes(b"of other documents")
    with pytest.raises(SystemExit):
        fit_packing.main()
    assert new.read_bytes() == b"of other documents"
    assert store_packing.DICTIONARY.read_bytes() == before
