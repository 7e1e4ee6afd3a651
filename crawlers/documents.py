"""Untrusted documents: bytes to text, text to JSON, and looking inside JSON without trusting its types.

Owns decoding. Does not own what any field means.
"""

import codecs
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DECLARED = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w-]{2,20})|^\s*<\?xml[^>]{1,100}?encoding\s*=\s*[\"']([\w-]{2,20})"
    rb"|[{,]\s*\"Charset\"\s*:\s*\"([\w-]{2,20})\"",
    re.IGNORECASE,
)
"""In a header or an HTML `meta`, in an XML declaration, in the JSON of Discuz."""
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FEW = 20
"""Characters outside ASCII for each damaged one, from which on a text counts as UTF-8 with damage."""
_JSONP = re.compile(
    r"^\s*(?:try\s*\{\s*)?[\w$.]{1,100}\s*\(\s*(?=[\[{])(.*)\)\s*;?\s*(?:\}\s*catch\s*\(\w*\)\s*\{\s*\}\s*;?)?\s*$",
    re.DOTALL,
)


_UNPACKED = 50 * 1024 * 1024
_CHUNK = 1 << 18


class Malformed(ValueError):
    """Not a JSON document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A response body as text."""

    text: str
    wrong_charset: bool = False
    """The bytes were not in the declared encoding."""


def decode(body: bytes, content_type: str = "") -> Document:
    """The text of a body in its declared encoding, else UTF-8, else GB18030; never raises.

    A few damaged bytes in UTF-8 cost the characters they stood for, and do not make it anything else.

    Args:
        body: the bytes.
        content_type: the header; what the first kilobyte declares counts where it names none.
    """
    if body.startswith(_WIDE):
        return Document(body.decode("utf-16", "replace"))
    found = _DECLARED.search(content_type.encode("latin-1", "replace")) or _DECLARED.search(body[:1024])
    chinese = found is not None and found[found.lastindex or 1].lower().startswith(b"gb")
    tried = ("gb18030", "utf-8") if chinese else ("utf-8-sig", "gb18030")
    for nth, encoding in enumerate(tried):
        try:
            return Document(body.decode(encoding), wrong_charset=nth > 0)
        except UnicodeDecodeError:
            if encoding == "utf-8-sig" and _mostly(lenient := body.decode(encoding, "replace")):
                return Document(lenient, wrong_charset=True)
    return Document(body.decode(tried[0], "replace"), wrong_charset=True)


def _mostly(text: str) -> bool:
    """Whether few of a text's characters outside ASCII are damaged."""
    damaged = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - damaged >= _FEW * damaged


def encoding_of(path: Path) -> str:
    """Of a file: UTF-16 where it says so, UTF-8 where the bytes are (a few damaged ones aside), else GB18030."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    bad = wide = 0
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        while chunk := file.read(_CHUNK):
            words = decoder.decode(chunk)
            if not words.isascii():
                damaged = words.count("\ufffd")
                bad += damaged
                wide += len(words) - len(words.encode("ascii", "ignore")) - damaged
    return "utf-8-sig" if bad * 20 <= wide else "gb18030"


def unzipped(body: bytes) -> bytes | None:
    """A gzip body unpacked, any other as it is; None if it unpacks to more than fits or is no whole gzip."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        made = unpacker.decompress(body, _UNPACKED)
    except zlib.error:
        return None
    return made if unpacker.eof else None


def parse_json(text: str) -> Any:
    """The value of a JSON or JSONP document; integers keep every digit.

    Raises:
        Malformed: it is neither.
    """
    try:
        try:
            return json.loads(text)
        except ValueError:
            wrapped = _JSONP.match(text)
            if wrapped is None:
                raise
            return json.loads(wrapped[1])
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error


def attribute(node: Any, name: str) -> str:
    """An attribute of an element as a parser's selector has it; empty where it has none.

    Asks for the one only: a torn page may give elements other attributes whose names no library will list.
    """
    value = node.root.get(name)
    return value if isinstance(value, str) else ""


def fields(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str:
    """`value` if it is a string, a number as its digits, else empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 512 else ""


def whole(value: Any) -> int | None:
    """A whole number given as number or digits, of reasonable size, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    return None
