"""Mutations: what may become of a document on its way to a parser.

Owns the ways of spoiling JSON, markup and bytes. Everything is drawn from one `random.Random`, so that hypothesis can
shrink it and a number can repeat it.
"""

import copy
import json
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**70,
    -(2**70),
    10**300,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "0",
    "9" * 500,
    "1.2万",
    "10万+",
    "刚刚",
    "昨天 25:61",
    "2026-13-45T99:99:99Z",
    "Sat Nov 31 10:03:22 +0800 2026",
    "<p>",
    "<script>alert(1)</script>",
    '<img alt=[怒]><a href="javascript:1">全文</a>',
    "&amp;quot;&#0;&#x110000;",
    "\ud83d",
    "\x00\x1b\u202e\u200b\ue123",
    "请先登录",
    "该微博不存在",
    "http://[x",
    "//site.example/../..",
    "https://evil.example/x",
    [],
    {},
    [[]],
    {"a": None},
    [1, 2, 3],
)
SCRAPS = (
    "<ul>", "</div>", "<li>", "<!--", "-->", "<![CDATA[", "]]>", "\x00", "&", "&#xD800;", "\ufeff", "<br", "</html>",
    "全文", "\ud83d", "\ue123", '"', "<script>", "9" * 40, "data-field='{", "贴子不存在", "<!ENTITY x SYSTEM 'file:///'>",
)  # fmt: skip
_TYPES = ("text/html; charset=utf-8", "application/json", "text/html; charset=gbk", "text/xml; charset=utf-16", "")


def mutated(document: Any, random: Random) -> tuple[bytes, str]:
    """A document spoilt in up to six places and perhaps on the wire: body and Content-Type."""
    text = _torn(document, random) if isinstance(document, str) else _mutilated(document, random)
    return _sent(text, random)


def _mutilated(document: Any, random: Random) -> str:
    made = copy.deepcopy(document)
    for _ in range(random.randint(1, 6)):
        path = random.choice(_places(made))
        if not path:
            if random.random() < 0.02:
                made = copy.deepcopy(random.choice(JUNK))
            continue
        holder = made
        for key in path[:-1]:
            holder = holder[key]
        _spoil(holder, path[-1], random)
        if not isinstance(made, (dict, list)):
            break
    text = json.dumps(made, ensure_ascii=random.random() < 0.5)
    if random.random() < 0.05:
        text = f"try{{jQuery1_1({text});}}catch(e){{}};"
    return _torn(text, random) if random.random() < 0.05 else text


def _spoil(holder: Any, key: Any, random: Random) -> None:
    """Remove, null, replace, damage, repeat or bury one value."""
    value, way = holder[key], random.randrange(7)
    if way == 0:
        del holder[key]
    elif way == 1:
        holder[key] = None
    elif way == 2 and isinstance(value, str):
        holder[key] = _torn(value, random) if value else random.choice(SCRAPS)
    elif way == 3 and isinstance(value, list) and value:
        value.append(copy.deepcopy(random.choice(value)))
    elif way == 4:
        holder[key] = [copy.deepcopy(value)] if random.random() < 0.5 else {"data": copy.deepcopy(value)}
    elif way == 5:
        holder[key] = str(value)
    else:
        holder[key] = copy.deepcopy(random.choice(JUNK))


def _places(value: Any) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found: list[tuple[Any, ...]] = [()]
    left: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while left:
        here, one = left.pop()
        inner = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, below in inner:
            found.append((*here, key))
            left.append(((*here, key), below))
    return found


def _torn(text: str, random: Random) -> str:
    """Text with stretches cut out, repeated, moved or replaced by scraps, sometimes without its end."""
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.randint(0, 200))
        middle = random.choice(("", text[start:end] * 2, random.choice(SCRAPS), text[start:end][::-1]))
        text = text[:start] + middle + text[end:]
    return text[: random.randint(0, len(text))] if random.random() < 0.1 else text


def _sent(text: str, random: Random) -> tuple[bytes, str]:
    """The bytes, in some encoding and under some name, perhaps with a few of them damaged."""
    encoding = random.choices(("utf-8", "gb18030", "utf-16", "latin-1"), (80, 14, 3, 3))[0]
    body = text.encode(encoding, "surrogatepass" if encoding == "utf-8" and random.random() < 0.5 else "replace")
    if body and random.random() < 0.1:
        at = random.randrange(len(body))
        body = body[:at] + random.randbytes(random.randint(1, 4)) + body[at + random.randint(0, 4) :]
    return body, random.choice(_TYPES)
