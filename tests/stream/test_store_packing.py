"""Documents on disk: small, whole, and those of earlier versions still read."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from stream import store_packing
from stream.codec import encode
from stream.store_packing import pack, unpack
from tests.factories import judged


@given(st.binary(max_size=300))
def test_what_was_packed_comes_back(data: bytes) -> None:
    """Any bytes, and so any document."""
    assert unpack(pack(data)) == data


@given(st.binary(max_size=300))
def test_documents_of_the_first_release_are_read(data: bytes) -> None:
    """They carry no mark, and none of them looks as if it did."""
    packer = zlib.compressobj(level=6, wbits=-15, memLevel=9, zdict=store_packing._FIRST)
    assert unpack(packer.compress(data) + packer.flush()) == data


def test_a_post_takes_a_third_of_its_json() -> None:
    """What all documents have in common costs next to nothing."""
    document = encode(judged())
    assert len(pack(document)) < len(document) / 3
