"""How the SQLite store packs a document: JSON, in a zstd frame, without what all documents have in common.

Owns the dictionaries. One may be added, never changed: documents are read with the one they were packed with. Earlier
versions deflated, which took seven times as long.
"""

import sys
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_FIRST = (
    b'{"post":{"id":"complaint-","platform":"heimao","source":"autohome","native_id":"","url":"https://tousu.sina.com.cn'
    b'/complaint/view/","id":"douyin-","platform":"douyin","source":"douyin","native_id":"","url":"https://www.douyin.com'
    b'/video/","id":"weibo-","platform":"weibo","source":"weibo","native_id":"","url":"https://m.weibo.cn/detail/","text":"'
    b'","published_at":"2026-01-01T00:00:00Z","fetched_at":"2026-01-01T00:00:00.000000Z","author":"","title":"",'
    b'"quoted":"","target":"","parent":"","published_estimated":false,"truncated":false,"likes":null,"comments":null,'
    b'"reposts":null},"judgement":{"sentiment":"positive","sentiment":"neutral","sentiment":"negative","sentiment_probs"'
    b':[0.05,0.9,0.05],"risks":["safety","quality","service","fulfilment","refund","pricing","deception","privacy",'
    b'"escalation","abuse"],"risks":[],"risk_probs":[0.02,0.02,0.02,0.02,0.02,0.02,0.02,0.02,0.02,0.02],"stage":"none",'
    b'"stage":"presale","stage":"purchase","stage":"aftersales","stage":"loyalty","stage":"use","stage_probs":[0.02,0.02,'
    b'0.9,0.02,0.02,0.02],"self_harm":"concern","self_harm":"none","self_harm_probs":[1.0,0.0,0.0],"uncertain":true,'
    b'"uncertain":false,"revision":"lexicon-1"},"subjects":["'
    b'"],"fingerprint":"","logged_at":"2026-01-01T00:00:00.000000Z","judged_at":"2026-01-01T00:00:00.000000Z"}'
)
"""Of the first release."""
COMMON = (
    b'"safety","quality","service","fulfilment","refund","pricing","deception","privacy","escalation","abuse"],"stage":'
    b'"presale","stage":"purchase","stage":"aftersales","stage":"loyalty","stage":"use","self_harm":"concern","self_harm":'
    b'"crisis","uncertain":true,"sentiment":"positive","sentiment":"neutral","published_estimated":true,"truncated":true,'
    b'{"post":{"id":"forum-","platform":"forum","source":"forum","complaint-","platform":"complaint","autohome-","platform"'
    b':"autohome","source":"autohome","native_id":"","url":"https://club.autohome.com.cn/bbs/thread/","id":"heimao-",'
    b'"platform":"heimao","source":"heimao","native_id":"","url":"https://tousu.sina.com.cn/complaint/view/","id":"douyin-'
    b'","platform":"douyin","source":"douyin","native_id":"","url":"https://www.douyin.com/video/",{"post":{"id":"weibo-",'
    b'"platform":"weibo","source":"weibo","native_id":"","url":"https://m.weibo.cn/detail/","text":"","published_at":"2026-'
    b'11-01T00:00:00Z","fetched_at":"2026-11-01T00:00:00.000000Z","author":"","title":"","quoted":"","target":"","parent":'
    b'"","published_estimated":false,"truncated":false,"likes":null,"comments":null,"reposts":null,"likes":1,"comments":0,'
    b'"reposts":0,"deleted":false,"rating":null,"score":null,"store":"","replied_at":null},"judgement":{"sentiment":'
    b'"negative","sentiment_probs":[0.05,0.9,0.05],"risks":[],"risk_probs":[0.0001,0.0002,0.0003,0.0005,0.001,0.002,0.003,'
    b'0.005,0.01,0.02],"stage":"none","stage_probs":[0.01,0.02,0.03,0.001,0.002,0.9],"self_harm":"none","self_harm_probs":'
    b'[1.0,0.0,0.0],"self_harm_probs":[0.99,0.005,0.005],"uncertain":false,"revision":"lexicon-1","revision":"student-'
    b'+lexicon-1-"},"subjects":["yunting"],"subjects":[],"fingerprint":"","logged_at":"2026-11-01T00:00:00.000000Z",'
    b'"judged_at":"2026-11-01T00:00:00.000000Z"}'
)
_MARK = b"\x07"
"""Begins what was packed with the second; no deflate stream does, its first three bits would name no kind of block."""
_FRAME = b"\x28\xb5\x2f\xfd"
"""Begins every zstd frame and no deflate stream: a stored block's length is followed by its complement."""
DICTIONARY = Path(__file__).with_name("documents.zdict")
"""Made of COMMON by `fit_packing`."""
_LEVEL = 3
"""Six takes three times as long and saves 4 %."""
_OPTIONS: Mapping[int, int] = {
    zstd.CompressionParameter.compression_level: _LEVEL,
    zstd.CompressionParameter.dict_id_flag: False,  # four bytes a document
}


@cache
def _third() -> zstd.ZstdDict:
    return zstd.ZstdDict(DICTIONARY.read_bytes())


@cache
def _packer() -> zstd.ZstdCompressor:
    return zstd.ZstdCompressor(options=_OPTIONS, zstd_dict=_third().as_digested_dict)


def pack(data: bytes) -> bytes:
    """A document's bytes, small."""
    return _packer().compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


def unpack(packed: bytes) -> bytes:
    """What was given to `pack`, by this version or an earlier one."""
    if packed.startswith(_FRAME):
        return zstd.decompress(packed, _third())
    marked = packed.startswith(_MARK)
    unpacker = zlib.decompressobj(wbits=-15, zdict=COMMON if marked else _FIRST)
    return unpacker.decompress(packed[1:] if marked else packed)


def fitted(documents: Sequence[bytes]) -> bytes:
    """A dictionary: COMMON, behind the statistics of how these documents go on."""
    return zstd.finalize_dict(zstd.ZstdDict(COMMON, is_raw=True), documents, 8192, _LEVEL).dict_content
