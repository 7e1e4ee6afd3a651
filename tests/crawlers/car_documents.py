"""Documents in the shapes of 汽车之家 口碑 and 懂车帝, with invented values."""

from typing import Any


def koubei(*reviews: dict[str, Any], rowcount: Any = 321, pagecount: Any = 17) -> dict[str, Any]:
    """`pc/series/list` with these reviews, or one."""
    return {
        "returncode": 0,
        "message": "",
        "result": {
            "seriesname": "驰野E5",
            "rowcount": rowcount,
            "pagecount": pagecount,
            "pageindex": 1,
            "list": list(reviews) or [koubei_review()],
        },
    }


def koubei_review(**more: Any) -> dict[str, Any]:
    """One owner's review in two parts, the second cut."""
    return {
        "Koubeiid": 5550001,
        "showId": "01kabc",
        "username": "某车主",
        "userid": 31,
        "posttime": "2026-11-20",
        "specname": "2026款 长续航版",
        "carname": "驰野E5",
        "buyprice": "18.98",
        "boughtDate": "2026年5月",
        "buyplace": "上海",
        "averageScore": "4.71",
        "apperance": 5,
        "helpfulcount": 3,
        "commentcount": 1,
        "contents": [
            {"structuredname": "最满意", "content": "空间大"},
            {"structuredname": "最不满意", "content": "刹车\ue123响…"},
        ],
        **more,
    }


def dongchedi_reviews(*reviews: dict[str, Any], total: Any = 321, more: Any = True) -> dict[str, Any]:
    """`get_review_list` with these reviews, or one."""
    return {
        "status": 0,
        "message": "success",
        "data": {"total_count": total, "has_more": more, "review_list": list(reviews) or [dongchedi_review()]},
    }


def dongchedi_review(**more: Any) -> dict[str, Any]:
    """One owner's review."""
    return {
        "gid_str": "7400000000000000001",
        "content": "开了三个月，车机总死机",
        "create_time": 1763690000,
        "digg_count_en": "12",
        "comment_count_en": "3",
        "user_info": {"user_id": "98", "name": "某车主"},
        "buy_car_info": {
            "series_name": "驰野E5",
            "car_name": "2026款 长续航版",
            "location": "上海",
            "price": "18.98万",
            "bought_time": "2026-05",
        },
        "score_info": {"score": "471", "appearance_score": "5"},
        **more,
    }


def circle_page(*cards: str, total: str = "共 61 条内容", pages: str = "1/3") -> str:
    """A page of a circle with these cards."""
    return (
        f"<html><head><title>驰野E5车友圈_{pages}页_懂车帝</title></head><body><a>登录</a>{total}"
        f"{''.join(cards)}</body></html>"
    )


def circle_card(native: str = "7400000000000000001", answered: str = "3小时前回复") -> str:
    """One card: a post, who wrote it, when it was last answered."""
    return (
        f'<section class="community-card"><a href="/user/98">某车主</a><a href="/ugc/article/{native}?x=1">车机</a>'
        f"<span>2026-10-01</span><span>{answered}</span></section>"
    )


def circle_post(native: str = "7400000000000000001", **more: Any) -> dict[str, Any]:
    """`detail/common` of one post."""
    data = {
        "group_id_str": native,
        "thread_title": "车机死机",
        "motor_title": "开着开着就黑屏",
        "content": "",
        "content_publish_time": 1763690000,
        "created_time": 1763689000,
        "comment_count": 12,
        "digg_count": 5,
        "operation_status": 0,
        "motor_profile_info": {"name": "某车主", "user_id": "98"},
        "motor_car_info": {"source_desc": "驰野E5车友圈", "motor_name": "驰野E5", "series_name": "驰野E5"},
        **more,
    }
    return {"status": 0, "message": "success", "data": data}


def circle_comment(native: str = "991", **more: Any) -> dict[str, Any]:
    """One comment on a post."""
    return {
        "comment_id_str": native,
        "profile_info": {"name": "某人", "user_id": "7"},
        "text": "我的也是<3",
        "create_time": 1763690500,
        "digg_count": 3,
        "reply_data": {"reply_list": []},
        **more,
    }


def circle_comments(*comments: dict[str, Any], total: Any = 12, more: Any = True, cursor: Any = 10) -> dict[str, Any]:
    """`detail/comment_list` with these comments."""
    return {
        "status": 0,
        "data": {"total_count": total, "has_more": more, "cursor": cursor, "comment_data": list(comments)},
    }
