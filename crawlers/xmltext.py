"""Untrusted XML: text to a tree, however badly it was written, with nothing expanded and nothing fetched.

Owns what feeds and sitemaps get wrong before their elements mean anything: blank lines before the declaration, bare
`&`, HTML's entities, control characters, a missing end. Document types are taken out, so that there is nothing to
expand. Does not own what an element means.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,2000}(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_BANNED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_AMPERSAND = re.compile(r"&(?:(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)?")
_OWN = ("amp", "lt", "gt", "quot", "apos")
_ROOT = re.compile(r"<([A-Za-z][\w:.-]{0,40})(?=[\s>/])")
_PREFIXES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dc",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.google.com/schemas/sitemap-news/0.9": "news",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://www.sitemaps.org/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap/0.84": "",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A document that has a root."""

    root: Any
    whole: bool
    """The root was closed. Where it was not, the tree holds the elements that were."""


def read_xml(text: str, *elements: str) -> Tree | None:
    """The tree of an XML document, or None where there is none.

    Args:
        text: the document.
        elements: names of the repeated elements; of a document that breaks off, those that are whole are kept.
    """
    text = _DOCTYPE.sub("", _DECLARATION.sub("", text.lstrip("\ufeff \t\r\n"), count=1), count=3)
    text = "".join(
        part if part.startswith("<![CDATA[") else _AMPERSAND.sub(_entity, part)
        for part in _CDATA.split(_BANNED.sub("", text))
    ).lstrip("\ufeff \t\r\n")
    opening = _ROOT.search(text)
    if opening is None or not text.startswith("<"):
        return None
    whole = f"</{opening[1]}" in text or re.search(r"^[^>]*/>\s*$", text[opening.start() :]) is not None
    if not whole:
        ends = [found.end() for found in re.finditer(rf"</(?:{'|'.join(elements)})\s*>", text)]
        text = text[: ends[-1]] if ends else text
    try:
        root = etree.fromstring(text.encode(), _parser())
    except (etree.LxmlError, ValueError):
        return None
    return None if root is None else Tree(root, whole)


def printable(text: str) -> str:
    """Text without the characters that no XML document may hold."""
    return _BANNED.sub("", text)


def name_of(element: Any) -> str:
    """An element's name with the usual prefix of its namespace, whatever prefix the document gave it; else empty."""
    if not isinstance(element.tag, str):  # a comment
        return ""
    space, _, local = element.tag.rpartition("}")
    if not space:
        return local.lower()
    prefix = _PREFIXES.get(space[1:], element.prefix or "")
    return f"{prefix}:{local}".lower() if prefix else local.lower()


def children(element: Any) -> dict[str, list[Any]]:
    """An element's children by name."""
    found: dict[str, list[Any]] = {}
    for child in element:
        if name := name_of(child):
            found.setdefault(name, []).append(child)
    return found


def every(root: Any, *names: str) -> Iterator[Any]:
    """All elements of these names, at whatever depth, in document order."""
    return (element for element in root.iter(etree.Element) if name_of(element) in names)


def inner(element: Any) -> str:
    """What an element holds, as HTML: its text, or the markup of its children."""
    if not len(element):
        return element.text or ""
    parts = [element.text or ""]
    parts.extend(etree.tostring(child, encoding="unicode") for child in element)
    return "".join(parts)


def _entity(found: re.Match[str]) -> str:
    """An entity as XML takes it: its own five and numbers as they are, HTML's as the character, others as words."""
    name = found[1]
    if name is None:
        return "&amp;"
    if name in _OWN:
        return found[0]
    character = unescape(found[0])
    if character == found[0]:
        return f"&amp;{found[0][1:]}"
    if character == "\ufffd" or _BANNED.search(character):  # a number that stands for no character
        return ""
    return character.replace("&", "&amp;").replace("<", "&lt;")


def _parser() -> Any:
    return etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
