"""From a platform's markup to plain words.

Owns HTML, emoji images, entities, invisible characters, `全文` tails and the `//@user:` chain. Does not normalise words
for models; `models.text` does.
"""

import re
import unicodedata
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

from crawlers.addresses import unwrap

LONGEST = 100_000
"""Characters kept of one text."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]+")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TAG = re.compile(r"</?(?:a|b|br|div|em|font|i|img|p|script|span|strong|style)\b[^<>]{0,500}>", re.IGNORECASE)
_CUT = re.compile(r"(?:(?:\.{3,}|…+)\s*(?:全文|展开c?)|展开全文c?|展开c)$")
_FOLD = re.compile(r"(?:收起全文d?|收起d)$")
_TAIL = 40
"""Last characters of a text, where such a link stands; to search all of it takes the square of its blanks."""
_CHAIN = re.compile(r"(?<!:)//\s*@[\w\-·]{1,30}\s*[:：]")
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "tr",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "section",
        "article",
    )
)
_SILENT = frozenset(("script", "style", "noscript", "template", "head", "svg", "button"))


@dataclass(frozen=True, slots=True)
class Words:
    """Plain text, and what had to be given up for it."""

    text: str
    cut: bool = False
    """The page itself, or our cap, left words out."""
    private_glyphs: bool = False
    """Private-use characters stood among the words."""


def words(raw: Any, *, is_html: bool = True, mark_private: bool = False) -> Words:
    """Plain NFC text of `raw`: lines kept, markup, control, invisible and private-use characters gone. Never raises.

    Args:
        raw: anything; what is not a string has no words.
        is_html: whether `<` and `&` are markup.
        mark_private: leave `□` where private-use characters stood, because they were words.
    """
    if not isinstance(raw, str):
        return Words("")
    text = _CONTROL.sub("", raw[: LONGEST * 10])
    cut = len(raw) > LONGEST * 10
    if is_html:
        text, unfold = _text_of(text)
        cut = cut or unfold
        for _ in range(2):  # some pages escape twice, and some of those hold tags
            if not _ENTITY.search(text):
                break
            text = _CONTROL.sub("", unescape(text))
            if _TAG.search(text):
                text, unfold = _text_of(text)
                cut = cut or unfold
    private = _PRIVATE.search(text) is not None
    text = _INVISIBLE.sub("", _PRIVATE.sub("□" if mark_private else "", text))
    text = _tidy(unicodedata.normalize("NFC", text))
    if link := _at_end(_CUT, text):
        text, cut = text[: link.start()].rstrip() + "…", True
    if link := _at_end(_FOLD, text):
        text = text[: link.start()].rstrip()
    if len(text) > LONGEST:
        text, cut = text[:LONGEST].rstrip(), True
    return Words(text, cut=cut, private_glyphs=private)


def as_html(text: Any) -> Any:
    """A text that a platform may have left plain, as HTML: where it has no markup at all, its `<` are the author's."""
    if isinstance(text, str) and not re.search(r"</|&\w{2,6};|<br", text):
        return escape(text, quote=False)
    return text


def own_and_quoted(text: str) -> tuple[str, str]:
    """Split a repost's plain text into the author's own words and the `//@user:` chain of others."""
    chain = _CHAIN.search(text)
    if chain is None:
        return text, ""
    return text[: chain.start()].rstrip(), text[chain.start() :].removeprefix("//").lstrip()


def _tidy(text: str) -> str:
    text = re.sub(r"\r\n?|[\u2028\u2029\x85]", "\n", text)
    text = re.sub(r"[^\S\n\u3000]+", " ", text)
    text = re.sub(r" *\n[ \n]*\n *", "\n\n", text)
    return re.sub(r" *\n *", "\n", text).strip()


def _at_end(link: re.Pattern[str], text: str) -> re.Match[str] | None:
    return link.search(text, max(0, len(text) - _TAIL))


def _text_of(markup: str) -> tuple[str, bool]:
    """Words of an HTML fragment, and whether it ends in a link to the rest."""
    if "<" not in markup:
        return unescape(markup), False
    try:
        root = html.fragment_fromstring(
            markup, create_parent="div", parser=html.HTMLParser(recover=True, huge_tree=False)
        )
    except (
        etree.LxmlError,
        ValueError,
        AssertionError,
    ):  # nothing in it that even a lenient parser takes for a document
        return unescape(re.sub(r"<[!?/a-zA-Z][^<>]*>?", " ", markup)), False
    reader = _Reader()
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        reader.take(event, node)
        if event != "start" and node is not root and node.tail and not reader.skipping:
            reader.out.append(node.tail)
    return "".join(reader.out), reader.cut


class _Reader:
    """Gathers the words of one fragment, element by element."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.cut = False
        self.skipping = 0

    def take(self, event: str, node: Any) -> None:
        """One element opened or closed; comments have no words."""
        if event not in ("start", "end"):
            return
        tag = node.tag if isinstance(node.tag, str) else ""
        fold = _fold(tag, node)
        silent = tag in _SILENT or fold or (tag == "i" and "wbicon" in (node.get("class") or ""))
        if event == "start":
            self.cut = self.cut or (fold == "unfold" and not self.skipping)
            self.skipping += bool(silent)
        elif silent:
            self.skipping -= 1
        if self.skipping or silent:
            return
        if event == "start":
            self.out.append(_opening(tag, node))
        elif tag in _BLOCKS and node.getparent() is not None:
            self.out.append("\n")


def _opening(tag: str, node: Any) -> str:
    if tag == "br":
        return "\n"
    if tag == "img":
        alt = node.get("alt") or node.get("title") or ""
        return alt if re.fullmatch(r"\[[^\[\]]{1,20}\]", alt) else ""
    inner = node.text or ""
    if tag == "span" and inner.strip() == "网页链接" and (link := _enclosing_link(node)):
        return f" {link} "
    if tag == "a" and inner.strip() == "网页链接" and (link := unwrap(node.get("href"))):
        return f" {link} "
    return ("\n" if tag in _BLOCKS else "") + inner


def _enclosing_link(node: Any) -> str:
    parent = node.getparent()
    return unwrap(parent.get("href")) if parent is not None and parent.tag == "a" else ""


def _fold(tag: str, node: Any) -> str:
    """`unfold` for a link to the rest of the text, `fold` for one that hides it again, else empty."""
    if tag != "a":
        return ""
    action = node.get("action-type") or ""
    said = "".join(node.itertext()).strip()
    if action == "fl_fold" or said in ("收起", "收起全文"):
        return "fold"
    if action == "fl_unfold" or said in ("全文", "展开", "展开全文"):
        return "unfold"
    return ""
