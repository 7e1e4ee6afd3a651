"""Pages and answers of the forums, with invented values."""

import json
from html import escape
from typing import Any

DISCUZ_BOARD = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>
<a href="member.php?mod=logging&action=login">登录</a>
<table id="threadlisttableid">
<tbody id="stickthread_88"><tr><th class="common"><a href="thread-88-1-1.html" class="s xst">版规</a></th>
<td class="by"><cite><a href="space-uid-1.html">版主</a></cite><em><span>2009-5-17</span></em></td>
<td class="num"><a class="xi2">0</a><em>1,324</em></td>
<td class="by"><cite><a>版主</a></cite><em><a><span>2009-5-17</span></a></em></td></tr></tbody>
<tbody id="separatorline"><tr><td>版块主题</td></tr></tbody>
<tbody id="normalthread_123456"><tr><td class="icn"></td>
<th class="new"><em>[<a href="forum.php?mod=forumdisplay&fid=2&typeid=7">投诉</a>]</em>
<a href="thread-123456-1-1.html" class="s xst" style="color:#EE1B2E">奶茶里有钢丝</a><span class="tps">…2 3</span></th>
<td class="by"><cite><a href="home.php?mod=space&amp;uid=1001">作者</a></cite>
<em><span title="2026-11-20">昨天&nbsp;12:30</span></em></td>
<td class="num"><a class="xi2">25</a><em>3万</em></td>
<td class="by"><cite><a>回复者</a></cite>
<em><a href="forum.php?mod=redirect&tid=123456&goto=lastpost#lastpost">
<span title="2026-11-21 10:00">5&nbsp;分钟前</span></a></em>
</td></tr></tbody>
<tbody id="normalthread_x"><tr><th><a class="s xst">没有编号</a></th></tr></tbody>
</table>
<div class="pg"><strong>1</strong><a>2</a><label><span title="共 40 页"> / 40 页</span></label>
<a class="nxt">下一页</a></div>
</body></html>"""


def discuz_post(number: str, floor: str, body: str, *, time: str = "", user: str = "1001") -> str:
    """One post of a thread."""
    when = time or '<span title="2026-6-20 10:00:31">半小时前</span>'
    return f"""<div id="post_{number}"><table id="pid{number}" class="plhin"><tr><td class="pls">
<div class="authi"><a href="space-uid-{user}.html" class="xw1">作者</a></div></td><td class="plc">
<a id="postnum{number}"><em>{floor}</em><sup>#</sup></a><em id="authorposton{number}">发表于 {when}</em>
{body}</td></tr></table></div>"""


def discuz_words(number: str, words: str) -> str:
    """The words of a post."""
    return f'<table><tr><td class="t_f" id="postmessage_{number}">{words}</td></tr></table>'


def discuz_thread(*posts: str, more: bool = False, pages: int = 40) -> str:
    """A page of a thread."""
    following = (
        f'<div class="pg"><strong>1</strong><label><span title="共 {pages} 页"> / {pages} 页</span></label>'
        '<a class="nxt" href="thread-123456-2-1.html">下一页</a></div>'
    )
    return f"""<!DOCTYPE html><html><body><a href="member.php?mod=logging&action=login">登录</a>
<span id="thread_subject">奶茶里有钢丝</span>
<div class="hm ptn"><span class="xg1">查看:</span> <span class="xi1">12</span><span class="pipe">|</span>
<span class="xg1">回复:</span> <span class="xi1">1,234</span></div>
<div id="postlist">{"".join(posts)}</div>{following if more else ""}</body></html>"""


_OPENING = """昨天买的，<font class="jammer">q,?"</font>里面有钢丝。<br />
<span style="display: none">5 R9 @</span>店长不认。
<ignore_js_op><img src="a.jpg"><div class="tip">下载附件 (12 KB)</div></ignore_js_op>
<i class="pstatus"> 本帖最后由 作者 于 2026-6-20 10:05 编辑 </i>"""
_ANSWER = """<div class="quote"><blockquote>作者 发表于 2026-6-20 10:00<br>
昨天买的</blockquote></div>我也遇到过<img smilieid="12" src="static/image/smiley/1.gif">"""
_BANNED = '<div class="pcb"><div class="locked">提示: <em>作者被禁止或删除 内容自动屏蔽</em></div></div>'
_HIDDEN = '<div class="locked">游客，如果您要查看本帖隐藏内容请<a>回复</a></div>'
_PARTLY = """看这里<div class="locked">本帖隐藏的内容需要回复才可以浏览</div>
<div class="attach_nopermission">登录才可以下载</div>"""
DISCUZ_THREAD = discuz_thread(
    discuz_post("9001", "楼主", discuz_words("9001", _OPENING)),
    discuz_post("9002", "沙发", discuz_words("9002", _ANSWER), time="2026-6-20 11:03", user="1002"),
    discuz_post("9003", "3", _BANNED),
    discuz_post("9004", "4", discuz_words("9004", _HIDDEN)),
    discuz_post("9005", "5", discuz_words("9005", _PARTLY)),
    more=True,
)


def discuz_notice(said: str) -> str:
    """A page that says something instead."""
    return f"""<!DOCTYPE html><html><body><a href="member.php?mod=logging&action=login">登录</a>
<div id="messagetext" class="alert_error"><p>{said}</p></div></body></html>"""


def discuz_mobile_board(**more: Any) -> dict[str, Any]:
    """`module=forumdisplay` with a thread and one without a number."""
    row = {
        "tid": "123456",
        "typeid": "7",
        "readperm": "0",
        "author": "作者",
        "authorid": "1001",
        "subject": "奶茶里有钢丝 &amp; 店长不认",
        "dateline": '<span title="2026-11-20">昨天</span>',
        "dbdateline": "1763600000",
        "lastpost": "昨天 12:30",
        "dblastpost": "1763690000",
        "views": "1324",
        "replies": "25",
        "displayorder": "0",
    }
    variables = {
        "cookiepre": "abcd_2132_",
        "forum": {"fid": "2", "name": "投诉曝光", "threads": "100", "threadcount": "100"},
        "forum_threadlist": [row, {**row, "tid": "-"}],
        "page": "1",
        "tpp": "20",
        **more,
    }
    return {"Version": "4", "Charset": "UTF-8", "Variables": variables, "Message": {"messageval": "", "messagestr": ""}}


def discuz_mobile_thread(**more: Any) -> dict[str, Any]:
    """`module=viewthread` with the opening post, an answer and one that the board blotted out."""
    row = {
        "pid": "9001",
        "tid": "123456",
        "first": "1",
        "author": "作者",
        "authorid": "1001",
        "dateline": "半小时前",
        "dbdateline": "1763600000",
        "message": '昨天买的，里面有<b>钢丝</b>。<br />店长不认。<i class="pstatus"> 本帖最后由 作者 编辑 </i>',
        "number": "1",
    }
    answer = {
        **row,
        "pid": "9002",
        "first": "0",
        "authorid": "0",
        "author": "匿名路人",
        "dbdateline": "1763610000",
        "message": '<div class="quote"><blockquote>旧话</blockquote></div>我也是',
    }
    banned = {**answer, "pid": "9003", "message": "提示: <em>该帖被管理员或版主屏蔽</em>"}
    thread = {"tid": "123456", "fid": "2", "subject": "奶茶里有钢丝", "replies": "25", "views": "9", "readperm": "0"}
    variables = {"thread": thread, "postlist": [row, answer, banned], "ppp": "10", **more}
    return {"Version": "4", "Charset": "UTF-8", "Variables": variables}


DISCUZ_FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>某论坛 - 投诉曝光</title>
<link>https://site.example/forum.php?mod=forumdisplay&amp;fid=2</link>
<item><title>奶茶里有钢丝</title><link>https://site.example/forum.php?mod=viewthread&amp;tid=123456</link>
<description><![CDATA[昨天买的，里面有钢丝。店长 ...]]></description>
<category>投诉曝光</category><author>作者</author>
<pubDate>Fri, 20 Nov 2026 04:30:00 +0000</pubDate></item>
<item><title>没有地址</title><link>https://site.example/</link></item>
</channel></rss>"""


def tieba_row(topic: str, *, replies: int = 18, when: str = "7-6", portrait: str = "tb.1.abc?t=1700000000") -> str:
    """One thread of a bar, its data as the site escapes it."""
    data = {"id": topic, "author_name": "someone", "author_nickname": None, "author_portrait": portrait}
    field = escape(
        json.dumps({**data, "first_post_id": 150700000000, "reply_num": replies, "is_top": None}), quote=True
    )
    return f"""<li class="j_thread_list clearfix thread_item_box" data-tid="{topic}" data-field="{field}">
<span class="threadlist_rep_num center_text">{replies}</span>
<div class="threadlist_title"><a href="/p/{topic}" title="标题" class="j_th_tit">喝出钢丝 {topic}</a></div>
<span class="tb_icon_author" data-field='{{"user_id":123}}'><a class="frs-author-name">某人</a></span>
<span class="is_show_create_time">{when}</span><div class="threadlist_abs">昨天买的…</div>
<span class="threadlist_reply_date j_reply_data">11:24</span></li>"""


def tieba_bar(*rows: str, more: bool = True) -> str:
    """A page of a bar, its list hidden in an HTML comment as the site does."""
    following = '<a class="next pagination-item ">下一页&gt;</a>' if more else ""
    return f"""<!DOCTYPE html><html><head><title>云汀茶吧</title></head><body>
<!-- 一个普通的注释 <li class="card"> --><a class="card_title_fname" href="/f?kw=x"> 云汀茶吧 </a>
<code class="pagelet_html"><!-- <ul id="thread_list">{"".join(rows)}<li class="ad">广告</li></ul> --></code>
<div id="frs_list_pager"><span>1</span>{following}</div></body></html>"""


def tieba_floor(
    number: int, floor: int, words: str, *, comments: str = "", counted: int = 0, device: bool = True
) -> str:
    """One floor of a thread; some users have no name, and the line about the device is not always there."""
    author = {"user_id": 1, "user_name": "", "portrait": f"tb.1.p{floor}?t=1", "user_nickname": "某人"}
    content = {"post_id": number, "forum_id": 59099, "thread_id": 9070000001, "post_no": floor, "comment_num": counted}
    field = escape(json.dumps({"author": author, "content": content}), quote=True)
    client = '<span class="tail-info">来自Android客户端</span>' if device else ""
    return f"""<div class="l_post j_l_post l_post_bright" data-field="{field}">
<div class="d_post_content j_d_post_content">{words}</div><div class="post-tail-wrap"><span>IP属地:福建</span>{client}
<span class="tail-info">{floor}楼</span><span class="tail-info">2024-08-06 22:0{floor % 10}</span></div>
<ul class="j_lzl_m_w">{comments}</ul></div>"""


def tieba_comment(number: int, words: str) -> str:
    """One comment on a floor."""
    field = escape(json.dumps({"spid": number, "showname": "路人", "user_name": "", "portrait": "tb.1.q"}), quote=True)
    return f"""<li class="lzl_single_post j_lzl_s_p" data-field="{field}"><span class="lzl_content_main">{words}</span>
<span class="lzl_time">2024-8-6 22:11</span></li>"""


def tieba_thread(*floors: str, pages: int = 13) -> str:
    """A page of a thread."""
    return f"""<!DOCTYPE html><html><body><h3 class="core_title_txt" title="喝出钢丝">喝出钢丝</h3>
<li class="l_reply_num"><span class="red">786</span>回复贴，共<span class="red">{pages}</span>页</li>
{"".join(floors)}<div class="l_post" data-field='{{"content":{{}}}}'>广告</div></body></html>"""


TIEBA_THREAD = tieba_thread(
    tieba_floor(150700000000, 1, '昨天买的，<img class="BDE_Smiley" src="image_emoticon25.png">里面有钢丝。'),
    tieba_floor(
        150700000001,
        2,
        "我也是",
        comments=tieba_comment(150711111111, "回复 <a href='/home'>某人</a> :哪家店")
        + tieba_comment(150711111112, "回复 路人甲 ：同问")
        + tieba_comment(150711111113, "回复快点"),
        counted=3,
        device=False,
    ),
    tieba_floor(150700000002, 3, "顶", comments=tieba_comment(150711111114, "自己顶"), counted=14),
)
