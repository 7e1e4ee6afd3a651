"""Documents in the shapes of Weibo's sites other than its keyword search, with invented values."""

from typing import Any

from tests.crawlers.documents import mblog

TIMELINE_CURSOR = 5231234567890100


def weibo_timeline(*posts: dict[str, Any], total: Any = 40, following: Any = TIMELINE_CURSOR) -> dict[str, Any]:
    """A user's posts, and the cursor of the next page."""
    cards = [{"card_type": 9, "mblog": post} for post in posts or (mblog("1"), mblog("2"))]
    info = {"total": total, "containerid": "1076031234567890", "v_p": "42"}
    return {
        "ok": 1,
        "data": {"cards": cards, "cardlistInfo": info if following is None else {**info, "since_id": following}},
    }


def comment(native: str, **more: Any) -> dict[str, Any]:
    """A comment without answers."""
    return {
        "created_at": "Sat Nov 21 11:20:01 +0800 2026",
        "id": native,
        "mid": native,
        "rootid": native,
        "floor_number": 3,
        "text": '我也是<span class="url-icon"><img alt=[怒] src="https://h5.example/x.png" /></span>',
        "source": "来自广东",
        "like_count": 5,
        "total_number": 0,
        "user": {"id": 1234567890, "screen_name": "某用户"},
        "comments": False,
        **more,
    }


def weibo_comments(*comments: dict[str, Any], following: Any = 138123456789012345, kind: Any = 1) -> dict[str, Any]:
    """`hotflow` with a comment that has two of its three answers under it, and one that has none."""
    answers = [
        comment("22", text="回复<a href='/n/某人'>@某人</a>:同意"),
        comment("23", text="回复@某 人 的朋友：不同意"),
    ]
    found = comments or (comment("21", comments=answers, total_number=3), comment("24"))
    data = {"data": list(found), "total_number": 34, "max": 4, "max_id": following, "max_id_type": kind, "mod": {}}
    return {"ok": 1, "data": data}


def weibo_answers(*answers: dict[str, Any], following: Any = 0, kind: Any = 1, **more: Any) -> dict[str, Any]:
    """`hotFlowChild`: the three answers to the first comment of `weibo_comments`, nothing nested."""
    text = "回复<a href='/n/某人'>@某人</a>:同意"
    found = answers or tuple(comment(native, text=text) for native in ("22", "23", "25"))
    onward = {"total_number": 3, "max": 1, "max_id": following, "max_id_type": kind}
    return {"ok": 1, "data": list(found), **onward, "rootComment": [comment("21")], **more}


def weibo_hot(**more: Any) -> dict[str, Any]:
    """`hotSearch` with a line above the list, an advert and three matters."""
    lines = [
        {
            "word": "某品牌回应",
            "word_scheme": "#某品牌回应#",
            "num": 1300000,
            "rank": 0,
            "realpos": 1,
            "label_name": "新",
        },
        {"word": "秋冬换新季", "is_ad": 1},
        {"word": "云汀茶 道歉", "num": 900000, "rank": 1, "realpos": 2, "onboard_time": 1763690000, "category": "社会"},
        {"word": "今天降温", "num": 800000, "rank": 2},
    ]
    above = {"word": "#共赴新程#", "name": "#共赴新程#", "pos": 1, "is_gov": 1}
    return {"ok": 1, "data": {"hotgov": above, "hotgovs": [above], "realtime": lines, **more}}


def weibo_mentions(*posts: dict[str, Any], total: Any = 45) -> dict[str, Any]:
    """`statuses/mentions`: plain texts, ids as numbers."""
    plain = {"id": 5231234567890123, "idstr": "5231234567890123", "text": "@云汀茶官方 1<2 好喝吗"}
    cut = {"id": 5231234567890124, "idstr": "5231234567890124", "text": "一段长文...全文", "isLongText": True}
    found = posts or ({**mblog(), **plain}, {**mblog(), **cut})
    return {"statuses": list(found), "hasvisible": False, "previous_cursor": 0, "next_cursor": 0, "total_number": total}


def weibo_to_me(**more: Any) -> dict[str, Any]:
    """`comments/to_me` with one comment."""
    one = {**comment("31", text="回复@某人:3<5"), "id": 31, "status": {"id": 5231234567890123, "text": "新品"}, **more}
    return {"comments": [one], "previous_cursor": 0, "next_cursor": 0, "total_number": 1}


def weibo_error(number: Any, words: str = "") -> dict[str, Any]:
    """The open platform's error object."""
    return {"error": words, "error_code": number, "request": "/2/statuses/mentions.json"}


_CARD = """<div class="card-wrap" action-type="feed_list_item" mid="5231234567890123">
 <div class="card"><div class="card-feed">
  <div class="avator"><a href="//weibo.com/1234567890?refer_flag=x"><svg id="woo_svg_vyellow"></svg></a></div>
  <div class="content" node-type="like">
   <div class="info"><div class="menu s-fr"></div><div><a href="//weibo.com/1234567890?refer_flag=10" class="name"
    nick-name="某用户" target="_blank">某用户</a></div></div>
   <div class="from"><a href="//weibo.com/1234567890/OxYz12abc?refer_flag=1001030103_" target="_blank">
     今天10:03
     转赞人数超过100</a> &nbsp;来自 <a rel="nofollow">iPhone 15</a></div>
   <p class="txt" node-type="feed_list_content" nick-name="某用户"> <a href="//s.weibo.com/weibo?q=%23x%23">#某<em
    class="s-color-red">品牌</em>#</a> 正文<img src="x" title="[怒]" alt="[怒]" class="face" />...<a
    action-type="fl_unfold">展开<i class="wbicon">c</i></a></p>
   <p class="txt" node-type="feed_list_content_full" nick-name="某用户" style="display:none"> #某品牌# 全文\u200b<a
    action-type="fl_fold">收起<i class="wbicon">d</i></a></p>
  </div></div>
  <div class="card-act"><ul><li><a action-type="feed_list_forward"> 12</a></li>
   <li><a action-type="feed_list_comment"> 1.2万</a></li><li><a action-type="feed_list_like"><button
    class="woo-like-main"><span class="woo-like-count">赞</span></button></a></li>
  </ul></div></div></div><!--/card-wrap-->"""

_REPOST = """<div class="card-wrap" action-type="feed_list_item" mid="5231234567890124"><div class="card">
 <div class="card-feed"><div class="content" node-type="like">
   <div class="info"><a href="//weibo.com/u/99887766?refer_flag=x" class="name" nick-name="转发者">转发者</a></div>
   <div class="from"><a href="//weibo.com/99887766/OxYz12abd"> 11月20日 09:01 </a></div>
   <p class="txt" node-type="feed_list_content" nick-name="转发者"> 太离谱 </p>
   <div class="card-comment"><div node-type="feed_list_forwardContent"><a href="//weibo.com/99" nick-name="原作者"
     >@原作者</a><p class="txt" node-type="feed_list_content" nick-name="原作者"> 原文 </p>
     <p class="txt" node-type="feed_list_content_full" nick-name="原作者"> 原文全部 </p></div>
    <p class="from"><a href="//weibo.com/99/Oab12">11月19日 09:01</a></p><ul class="act s-fr"><li><a>转发 3</a></li>
     <li><a>评论 4</a></li><li><a action-type="feed_list_like" action-data="mid=5230000000000001">7</a></li></ul></div>
 </div></div><div class="card-act"><ul><li><a action-type="feed_list_forward">转发</a></li>
   <li><a action-type="feed_list_comment">评论</a></li></ul></div></div></div>"""

_VIDEO = """<div class="card-wrap" action-type="feed_list_item" mid="5231234567890125"><div class="content">
 <div class="info"><a href="//weibo.com/1?x" class="name" nick-name="某某">某某</a></div>
 <div class="from"><a href="//weibo.com/1/OxYz12abe">2025年12月30日 08:00</a></div>
 <div class="thumbnail"><video-player></video-player></div></div></div>"""

WEIBO_NOTHING = '<div class="card card-no-result s-pt20b40"><p>抱歉，未找到相关结果。</p></div>'


def weibo_page(
    cards: str = _CARD + _REPOST + _VIDEO,
    *,
    pages: int = 3,
    last: bool = False,
    login: str = "$CONFIG['islogin'] = '1';",
) -> str:
    """A page of s.weibo.com: a long post, a repost, and a video without words."""
    items = "".join(f'<li><a href="/weibo?page={n}">第{n}页</a></li>' for n in range(1, pages + 1))
    onward = "" if last else '<a class="next" href="/weibo?q=x&amp;page=2">下一页</a>'
    pager = (
        f'<div class="m-page"><div><span class="list"><a class="pagenum">第1页</a>'
        f'<ul class="s-scroll" node-type="feed_list_page_morelist">{items}</ul></span>{onward}</div></div>'
    )
    return (
        f"<!DOCTYPE html><html><head><title>微博搜索</title><script>{login} $CONFIG['uid']='1';</script></head>"
        f"<body>{cards}{pager if pages > 1 else ''}</body></html>"
    )
