"""Weibo's hot search list, made from the hashtags of the corpus.

Owns the shapes of `ajax/side/hotSearch` and `ajax/statuses/hot_band`.
"""

import re
from collections import Counter
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry
from crawlers.sandbox.wire import Json

_LONGEST = 50
_TAG = re.compile(r"#([^#\s]{2,32})#")
_ADVERT = {"word": "秋冬换新季", "note": "秋冬换新季", "is_ad": 1, "topic_flag": 0, "emoticon": "", "dot_icon": 0}


def routes(corpus: Corpus) -> list[Route]:
    """Both lists."""

    @cache
    def hottest() -> list[tuple[str, int, Entry]]:
        """Hashtags by how often they are said, each with its oldest post."""
        said: Counter[str] = Counter()
        oldest: dict[str, Entry] = {}
        for position in corpus.search("weibo", EVERYTHING):
            entry = corpus.entry(position)
            for tag in _TAG.findall(entry.text):
                said[tag] += 1
                oldest[tag] = entry
        return [(tag, count, oldest[tag]) for tag, count in said.most_common(_LONGEST)]

    async def side(_: Request) -> Response:
        lines: list[dict[str, Any]] = [_line(place, *one) for place, one in enumerate(hottest(), 1)]
        lines.insert(min(3, len(lines)), _ADVERT)
        above = {"word": "#共赴新程#", "name": "#共赴新程#", "pos": 1, "icon_desc": "热", "is_hot": 1, "is_gov": 1}
        return Json({"ok": 1, "data": {"hotgov": above, "hotgovs": [above], "realtime": lines}})

    async def band(_: Request) -> Response:
        lines = [
            {**_line(place, *one), "category": "社会", "onboard_time": one[2].at, "raw_hot": one[1] * 10_000}
            for place, one in enumerate(hottest(), 1)
        ]
        lines.insert(min(3, len(lines)), _ADVERT)
        return Json({"ok": 1, "data": {"band_list": lines}})

    return [
        Route("/weibo.com/ajax/side/hotSearch", side),
        Route("/weibo.com/ajax/statuses/hot_band", band),
    ]


def _line(place: int, tag: str, count: int, oldest: Entry) -> dict[str, Any]:
    return {
        "word": tag,
        "word_scheme": f"#{tag}#",
        "note": tag,
        "num": count * 10_000,
        "rank": place - 1,
        "realpos": place,
        "label_name": "新",
        "icon_desc": "新",
        "topic_flag": 1,
        "mid": str(oldest.native),
        "emoticon": "",
    }
