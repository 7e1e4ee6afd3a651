"""Weibo's HTML inside a post's text: hashtags, mentions, emoji, links, line breaks, and the cut of a long text.

Owns what m.weibo.cn does to the words of a post. Does not own the fields around them.
"""

import re
from html import escape
from urllib.parse import quote

LONG = 140
"""Characters of a text that lists still show whole."""

_TOKEN = re.compile(
    r"(?P<tag>#[^#\s]{1,32}#)"
    r"|(?P<name>@[\w\-]{2,30})"
    r"|(?P<emoji>\[[\u4e00-\u9fffA-Za-z]{1,6}\])"
    r"|(?P<link>https?://[\x21-\x7e]+)"
    r"|(?P<plain>[&<>\"\n])"
)
_PLAIN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "<br />"}


def rich(text: str, base: str) -> str:
    """The text as m.weibo.cn marks it up; every link points under `base`."""

    def mark(match: re.Match[str]) -> str:
        word = match.group()
        if match.lastgroup == "tag":
            where = f"{base}/search?containerid={quote(f'231522type=1&t=10&q={word}', safe='')}"
            return f'<a  href="{where}" data-hide=""><span class="surl-text">{escape(word)}</span></a>'
        if match.lastgroup == "name":
            return f"<a href='/n/{word[1:]}'>{word}</a>"
        if match.lastgroup == "emoji":
            picture = f'src="{base}/img/{quote(word[1:-1])}.png" style="width:1em; height:1em;"'
            return f'<span class="url-icon"><img alt={word} {picture} /></span>'
        if match.lastgroup == "link":
            icon = f"<span class='url-icon'><img style='width: 1rem;height: 1rem' src='{base}/img/link.png'></span>"
            target = f'data-url="{escape(word)}" href="{base}/sinaurl?u={quote(word, safe="")}"'
            return f'<a {target} data-hide="">{icon}<span class="surl-text">网页链接</span></a>'
        return _PLAIN[word]

    return _TOKEN.sub(mark, text)


def searched(text: str, keyword: str) -> str:
    """The text as the desktop search marks it up, the keyword painted red wherever it stands."""
    red = f'<em class="s-color-red">{escape(keyword)}</em>'

    def paint(words: str) -> str:
        marked = "".join(_PLAIN.get(character, character) for character in words)
        return marked.replace(escape(keyword), red) if keyword else marked

    def mark(match: re.Match[str]) -> str:
        word = match.group()
        if match.lastgroup == "tag":
            return f'<a href="//s.weibo.com/weibo?q={quote(word)}" target="_blank">{paint(word)}</a>'
        if match.lastgroup == "name":
            return f'<a href="//weibo.com/n/{quote(word[1:])}" target="_blank">{paint(word)}</a>'
        if match.lastgroup == "emoji":
            return f'<img src="//face.t.sinajs.cn/face.png" title="{word}" alt="{word}" class="face" />'
        return f'<a href="{escape(word)}" target="_blank">网页链接</a>'

    made, last = [], 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "plain":
            made += [paint(text[last : match.start()]), mark(match)]
            last = match.end()
    return "".join([*made, paint(text[last:])])


def is_long(text: str) -> bool:
    """Whether lists cut this text."""
    return len(text) > LONG


def listed(text: str, native: int, base: str) -> str:
    """The text as lists show it: marked up, and cut with a link to the whole where it is long."""
    if not is_long(text):
        return rich(text, base)
    return f'{rich(text[: LONG - 10], base)}...<a href="/status/{native}">全文</a>'
