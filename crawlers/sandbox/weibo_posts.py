"""Weibo's objects as every one of its JSON interfaces shows them: a post with what it reposts, a user, a time, ids.

Owns `mblog` and what hangs on it. Does not own the lists they stand in, nor the HTML inside a text (`weibo_html`).
"""

from datetime import datetime
from typing import Any

from crawlers.sandbox.corpus import Corpus, Entry, derive, native_id
from crawlers.sandbox.weibo_html import is_long, listed

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REGIONS = ("浙江", "广东", "江苏", "上海", "北京", "四川", "湖北", "山东", "福建", "湖南", "河南", "陕西")
_CITIES = (1, 5, 7, 1000)
"""Numbers that stand for a city in every province; the last for none."""
_PHONES = ("澄星X30", "澄星X30 Pro", "Android客户端", "微博网页版", "微博视频号", "")
_MEDIA = ("新闻", "日报", "晚报", "早报", "观察", "视频", "资讯")
_REGIONS_SINCE = 2022


def mblog(corpus: Corpus, entry: Entry, base: str) -> dict[str, Any]:
    """One post as section `mblog` of the search shows it, with what it reposts."""
    post = _own(entry, base)
    if entry.parent:
        root = corpus.root(entry)
        post["raw_text"] = entry.text
        post["retweeted_status"] = _deleted(entry, base) if root is None else _own(root, base)
        post["retweeted_status"].pop("scheme")
    return post


def _own(entry: Entry, base: str) -> dict[str, Any]:
    published = entry.published
    post = skeleton(entry.native, created(published), listed(entry.text, entry.native, base), base)
    post.update(counts(entry))
    post["textLength"] = len(entry.text.encode("gb18030", "replace"))
    post["isLongText"] = is_long(entry.text)
    post["user"] = user_of(entry.author, base) if entry.author else None
    post["source"] = _PHONES[derive("phone", entry.author or entry.id) % len(_PHONES)]
    if published.year >= _REGIONS_SINCE and entry.author:
        post["region_name"] = "发布于 " + region_of(entry.author)
    return post


def _deleted(repost: Entry, base: str) -> dict[str, Any]:
    """The root of a repost that the corpus does not hold: its id is known, its author and words are not."""
    native = native_id("weibo", repost.parent)
    text = f'抱歉，此微博已被作者删除。查看帮助：<a data-url="http://t.cn/help" href="{base}/help">网页链接</a>'
    return {**skeleton(native, created(repost.published), text, base), "user": None, "deleted": "1", "pic_num": 0}


def skeleton(native: int, created: str, text: str, base: str) -> dict[str, Any]:
    """A post without counts and without an author."""
    mid, bid = str(native), mblogid(native)
    return {
        "visible": {"type": 0, "list_id": 0},
        "created_at": created,
        "id": mid,
        "mid": mid,
        "bid": bid,
        "can_edit": False,
        "text": text,
        "favorited": False,
        "pic_ids": [],
        "pic_num": 0,
        "is_paid": False,
        "mblogtype": 0,
        "isLongText": False,
        "edit_config": {"edited": False},
        "scheme": f"{base}/status/{bid}?mblogid={bid}",
    }


def counts(entry: Entry) -> dict[str, int | str]:
    """How often it was reposted, answered and liked; in words beyond a million."""
    return {
        "reposts_count": _shown(entry.reposts),
        "comments_count": _shown(entry.comments),
        "attitudes_count": _shown(entry.likes),
    }


def _shown(count: int) -> int | str:
    return f"{count // 10_000}万+" if count >= 1_000_000 else count


def uid_of(name: str) -> int:
    """The number of the user with this name."""
    return 1_000_000_000 + derive("user", "weibo", name) % 6_900_000_000


def region_of(author: str) -> str:
    """The province this author writes from."""
    return _REGIONS[derive("region", author) % len(_REGIONS)]


def city_of(author: str) -> int:
    """The number of the city in that province that this author names, 1000 for none."""
    return _CITIES[derive("city", author) % len(_CITIES)]


def user_of(name: str, base: str) -> dict[str, Any]:
    """The user with this name."""
    uid = uid_of(name)
    followers = derive("followers", name) % 30_000
    kind = 2 if "官方" in name or "客服" in name else 3 if name.endswith(_MEDIA) else -1
    return {
        "id": uid,
        "screen_name": name,
        "profile_url": f"{base}/u/{uid}?uid={uid}",
        "statuses_count": derive("statuses", name) % 9_000,
        "verified": kind >= 0,
        "verified_type": kind,
        "description": "",
        "gender": "fm"[uid % 2],
        "urank": uid % 48,
        "mbrank": uid % 7,
        "follow_count": uid % 900,
        "followers_count": f"{followers / 10_000:.1f}万" if followers >= 10_000 else str(followers),
        "avatar_hd": f"{base}/img/avatar.jpg",
    }


def created(moment: datetime) -> str:
    """`Sat Nov 21 10:03:22 +0800 2026`, in English whatever the locale."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:02d} {moment:%H:%M:%S} +0800 {moment.year:04d}"


def native_of(bid: str) -> str:
    """The number behind a short id, in digits; empty where it is none."""
    if not bid or any(character not in _BASE62 for character in bid):
        return ""
    digits = ""
    for end in range(len(bid), 0, -4):
        group = 0
        for character in bid[max(0, end - 4) : end]:
            group = group * 62 + _BASE62.index(character)
        digits = f"{group:07d}{digits}"
    return digits.lstrip("0")


def mblogid(native: int) -> str:
    """The short id of desktop links: groups of seven digits from the right, each in base 62."""
    groups: list[str] = []
    while native:
        native, group = divmod(native, 10_000_000)
        word = ""
        while group:
            group, digit = divmod(group, 62)
            word = _BASE62[digit] + word
        groups.append(word.rjust(4, "0") if native else word)
    return "".join(reversed(groups))
