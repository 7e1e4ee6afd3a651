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
