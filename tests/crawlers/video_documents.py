"""Documents in the shapes of B站 and of Douyin's comments, with invented values."""

from typing import Any


def bilibili_video(**more: Any) -> dict[str, Any]:
    """`view` of one video."""
    data = {
        "bvid": "BV1xx411c7mD",
        "aid": 1150000001,
        "title": "云汀茶新品测评",
        "desc": "喝了三天",
        "pubdate": 1763690000,
        "owner": {"mid": 123, "name": "某人"},
        "stat": {"aid": 1150000001, "reply": 26, "like": 9, "share": 2},
        **more,
    }
    return {"code": 0, "message": "0", "ttl": 1, "data": data}


def bilibili_reply(rpid: Any = 280000000001, **more: Any) -> dict[str, Any]:
    """One reply below a video."""
    return {
        "rpid": rpid,
        "oid": 1150000001,
        "type": 1,
        "mid": 123,
        "root": 0,
        "parent": 0,
        "count": 0,
        "rcount": 0,
        "like": 12,
        "ctime": 1763690000,
        "member": {"mid": "123", "uname": "某人"},
        "content": {"message": "里面有钢丝[笑哭] @某人", "at_name_to_mid": {"某人": 456}},
        "replies": None,
        "reply_control": {"location": "IP属地：上海"},
        "invisible": False,
        **more,
    }


def bilibili_replies(*replies: dict[str, Any], count: Any = 21, **more: Any) -> dict[str, Any]:
    """`x/v2/reply` or `x/v2/reply/reply` with these replies."""
    page = {"num": 1, "size": 20, "count": count, "acount": 26}
    return {"code": 0, "message": "0", "data": {"page": page, "replies": list(replies) or None, **more}}


def douyin_own(*listed: Any, **more: Any) -> dict[str, Any]:
    """`video/list`, `item/comment/list` or `item/comment/reply/list` with these elements."""
    data = {"error_code": 0, "description": "", "cursor": 10, "has_more": True, "list": list(listed), **more}
    extra = {"logid": "2026", "now": 1763690000123, "error_code": 0, "description": "", "sub_error_code": 0}
    return {"data": data, "extra": extra}


def douyin_own_video(**more: Any) -> dict[str, Any]:
    """One of the account's own videos."""
    return {
        "item_id": "@9Vxx/+a==",
        "title": "桂花乌龙上新",
        "create_time": 1763690000,
        "is_top": False,
        "share_url": "https://www.iesdouyin.example/share/video/7471000000000000001",
        "statistics": {"comment_count": 3, "digg_count": 120, "share_count": 1},
        **more,
    }


def douyin_comment(**more: Any) -> dict[str, Any]:
    """One comment as its video's owner is shown it."""
    return {
        "comment_id": "@9Vww/+==",
        "comment_user_id": "u1",
        "content": "喝出一根钢丝[捂脸]",
        "create_time": 1763690000,
        "digg_count": 6,
        "reply_comment_total": 0,
        "top": False,
        **more,
    }


def douyin_sentences(*words: str, **more: Any) -> dict[str, Any]:
    """`hotsearch/sentences` with these words."""
    lines = [{"sentence": word, "hot_level": 9_000_000} for word in words]
    data = {"error_code": 0, "description": "", "active_time": "2026-11-21 10:00:00", "list": lines, **more}
    return {"data": data, "extra": {"error_code": 0}}


def douyin_hot_videos(**more: Any) -> dict[str, Any]:
    """`billboard/hot_video` with one video."""
    line = {
        "rank": 1,
        "title": "这家奶茶也太离谱",
        "author": "某人",
        "hot_value": 1,
        "digg_count": 5,
        "comment_count": 6,
        "share_url": "https://www.iesdouyin.example/share/video/7471000000000000001/?region=CN",
        "hot_words": "云汀茶,钢丝",
        **more,
    }
    return {"data": {"error_code": 0, "list": [line]}, "extra": {"error_code": 0}}
