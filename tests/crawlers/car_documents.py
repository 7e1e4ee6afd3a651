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
