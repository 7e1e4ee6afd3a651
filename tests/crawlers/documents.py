"""Documents in the platforms' shapes, with invented values: what parsers are tried on, whole and mutilated."""

from typing import Any

BASE = "https://site.example"


def mblog(native: str = "5231234567890123", **more: Any) -> dict[str, Any]:
    """A Weibo post as the mobile search shows it."""
    return {
        "id": native,
        "mid": native,
        "bid": "OxYz12abc",
        "created_at": "Sat Nov 21 10:03:22 +0800 2026",
        "text": '<a href="/n/x">#云汀茶#</a> 等了三天<span class="url-icon"><img alt=[怒] src=x></span>',
        "isLongText": False,
        "region_name": "发布于 浙江",
        "reposts_count": 12,
        "comments_count": "100万+",
        "attitudes_count": 56,
        "user": {"id": 1234567890, "screen_name": "某用户", "verified": True},
        **more,
    }


def weibo_search(*posts: dict[str, Any], total: int | None = 312, following: Any = 2) -> dict[str, Any]:
    """`getIndex` with the posts after a group, a user card and a hint."""
    cards = [
        {"card_type": 11, "card_group": [{"card_type": 4, "desc": "相关"}, {"card_type": 9, "mblog": posts[0]}]},
        {"card_type": 11, "card_group": [{"card_type": 10, "user": {"id": 1}}]},
        *({"card_type": 9, "mblog": post} for post in posts[1:]),
    ]
    return {"ok": 1, "data": {"cards": cards, "cardlistInfo": {"total": total, "page": following}}}


def douyin_search(**more: Any) -> dict[str, Any]:
    """`v2/search/video` with two videos in its double data."""
    videos = [
        {
            "item_id": "7471000000000000001",
            "title": "云汀茶避雷 #避雷",
            "create_time": 1763690000,
            "nickname": "某人",
            "statistics": {"digg_count": 120, "comment_count": 3, "share_count": 1},
            "link": "https://www.douyin.example/video/7471000000000000001?utm_source=x",
            "high_quality_text": "",
        },
        {
            "item_id": 7471000000000000002,
            "title": "标题",
            "create_time": 1763690000,
            "high_quality_text": "口播里说的话",
        },
    ]
    data = {"cursor": 10, "has_more": True, "search_id": "s1", "video_list": videos, **more}
    return {"err_no": 0, "err_msg": "", "data": {"error_code": 0, "data": data}}


def heimao_list(*, code: Any = 0, count: Any = 4003, pages: Any = 401, lists: Any = None) -> dict[str, Any]:
    """`index/s` with one cut and one whole summary."""
    row = {
        "sn": "17390000001",
        "title": '某<span class="code-red">品牌</span>拒不退款',
        "cotitle": '<span class="code-red">某品牌</span>',
        "summary": "本人于十一月买了一杯...",
        "appeal": "退款,道歉",
        "issue": "虚假宣传",
        "cost": "1299",
        "status": 4,
        "timestamp": "1763690000",
        "url": "//site.example/complaint/view/17390000001/?sld=0123456789abcdef",
        "upvote_amount": 3,
        "share_amount": 0,
        "comment_amount": 1,
    }
    whole = {**row, "sn": "17390000002", "summary": "不退钱，温度<b度", "url": None}
    found = [{"main": row, "author": {"title": "匿名"}}, {"main": whole, "author": {"title": "某人"}}]
    pager = {"current": 1, "page_amount": pages, "page_size": 10, "item_count": count}
    return {
        "result": {
            "status": {"code": code, "msg": ""},
            "data": {"lists": found if lists is None else lists, "pager": pager},
        }
    }


HEIMAO_PAGE = """<!DOCTYPE html><html><head><title>投诉</title></head><body>
<div class="ts-d-l"><div class="ts-d-question"><h1 class="article">某品牌拒不退款</h1>
<div class="ts-q-user"><span class="u-name">匿名</span><span class="u-date">发布于 2026年11月20日 09:30:00</span></div>
<ul class="ts-q-list"><li>投诉进度：<b>处理中</b></li><li><label>投诉编号：</label>17390000001</li>
<li><label>投诉对象：</label><a href="/company/view/?couid=6">某品牌旗舰店</a></li>
<li>投诉要求：退款,道歉</li></ul></div>
<div class="ts-d-steplist">
<div class="ts-d-item"><div class="ts-d-user"><span class="u-status">已回复</span></div>
<div class="ts-d-cont"><div class="ts-reply"><p>您好，我们会处理</p></div></div></div>
<div class="ts-d-item"><div class="ts-d-user"><span class="u-date">11-20 09:30:00</span>
<span class="u-status">发起投诉</span></div>
<div class="ts-d-cont"><div class="ts-reply"><p>@黑猫消费者服务平台：请处理</p>
<p>本人于十一月买了一杯，里面有钢丝。</p><p>要求退款。</p></div></div></div>
</div></div></body></html>"""


def autohome_board(**more: Any) -> dict[str, Any]:
    """`getClubTopicList` with a live topic and a deleted one."""
    topic = {
        "biz_id": 117000001,
        "pc_url": "https://site.example/bbs/thread/0a1b2c3d4e5f6071/117000001-1.html",
        "title": "刹车异响",
        "author_id": 22334455,
        "publish_time": "2026/11/20 12:30:00",
        "reply_count": 12,
        "summary": "提车一个月…",
        "is_delete": 0,
        "club_delete_flag": 0,
        "club_bbs_name": "某车论坛",
    }
    items = [topic, {**topic, "biz_id": 117000002, "is_delete": 1}]
    return {"returncode": 0, "message": "success", "result": {"total": 2539, "items": items, **more}}


AUTOHOME_PAGE = """<!DOCTYPE html><html><body>
<script>window['__TOPICINFO__'] = {topicId: 117000001, topicTitle: '刹车异响',
topicMemberId: 22334455, topicDelete: 0}</script>
<h1 class="post-title">刹车异响</h1><div class="post-handle-publish">发表于 <strong>2026-11-20 12:30:01</strong></div>
<div class="post-container"><p>提车一个月，刹车\ue123响。</p><img data-src="x.jpg"></div>
<ul id="js-reply-list-container">
<li class="js-reply-floor-container" data-floor="1" data-reply-id="990000001" data-member-id="5" data-status="0">
<div class="reply-top"><strong>2026-11-20 13:00:00</strong></div><div class="reply-detail">我的也是</div>
<div class="reply-bottom"><a class="reply-bottom-praise">赞 <strong>3</strong></a></div></li>
<li class="js-reply-floor-container" data-floor="2"><div class="reply-detail">没有编号</div></li>
</ul><span data-page-count="2">共2页</span>
<a class="athm-page__next" href="//site.example/bbs/thread/0a1b2c3d4e5f6071/117000001-2.html">下一页</a>
</body></html>"""
