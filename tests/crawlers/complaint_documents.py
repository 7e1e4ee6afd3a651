"""Pages and answers of the complaint sites, with invented values."""

from typing import Any


def heimao_steps(*steps: str, closing: str = "") -> str:
    """A complaint of 30 December 2025 with these steps, newest first."""
    return f"""<!DOCTYPE html><html><body><div class="ts-d-l"><div class="ts-d-question">
<h1 class="article">某品牌拒不退款</h1><div class="ts-q-user"><span class="u-name">匿名</span>
<span class="u-date">发布于 2025年12月30日 09:30:00</span></div>
<ul class="ts-q-list"><li>投诉对象：某品牌</li></ul></div>
<div class="ts-d-steplist">{"".join(steps)}</div>{closing}</div></body></html>"""


def heimao_step(who: str, when: str, status: str, words: str = "") -> str:
    """One step; without words it has no body at all."""
    body = f'<div class="ts-d-cont"><div class="ts-reply"><p>{words}</p></div></div>' if words else ""
    return (
        f'<div class="ts-d-item"><div class="ts-d-user"><span class="u-name">{who}</span>'
        f'<span class="u-date">{when}</span><span class="u-status">{status}</span></div>{body}</div>'
    )


HEIMAO_COURSE = (
    heimao_step("匿名", "01-05 10:00:00", "确认完成投诉", "终于退了。"),
    heimao_step("匿名", "01-03 08:00:00", "补充投诉", "又拖了三天，我要找媒体。"),
    heimao_step("某品牌", "01-02 18:20:00", "回复投诉", "亲，已为您登记。"),
    heimao_step("某品牌", "12-31 11:00:00", "回复投诉", "您好，请提供单号。"),
    heimao_step("黑猫消费者服务平台", "12-31 10:59:00", "商家已回复", "系统提示：商家已回复"),
    heimao_step("黑猫消费者服务平台", "12-30 10:10:00", "已分配商家"),
    heimao_step("匿名", "12-30 09:30:00", "发起投诉", "买了一杯，里面有钢丝。"),
)
HEIMAO_CLOSING = """<div class="ts-d-pj"><ul><li>服务态度：<span class="star5"></span></li>
<li>处理速度：<span class="star1"></span></li><li>满意度：<span class="star2"></span></li></ul></div>"""


def rednet_list(*, status: str = "1", total: Any = 31, found: Any = None, msg: str = "") -> dict[str, Any]:
    """`front/msg/index` with an answered and an unanswered message."""
    row = {
        "id": 4710001,
        "title": "某奶茶店喝出异物，商家不认",
        "created_at": "2026-11-20 09:30:00",
        "type_name": "投诉",
        "nickname": "网友甲",
        "city_id": "430100",
        "area_id": "430102",
        "is_reply": 1,
        "reply_name": "某市场监管局",
        "reply_time": "2026-11-21 17:00:00",
        "click_num": 12,
    }
    rows = [row, {**row, "id": 4710002, "is_reply": 0, "reply_name": "", "reply_time": None}]
    return {"status": status, "msg": msg, "data": {"total": total, "rows": rows if found is None else found}}


def rednet_message(**more: Any) -> dict[str, Any]:
    """`front/msg/detail` with two answers, the later one first."""
    data = {
        "id": 4710001,
        "title": "某奶茶店喝出异物，商家不认",
        "content": "<div>\n<p>昨晚买的，吸管里有钢丝。</p>\n<p>店长说&ldquo;不可能&rdquo;。</p>\n</div>",
        "reply": [
            {"content": "<p>已立案。</p>", "reply_time": "2026-11-21 17:00:00", "name": "某市场监管局"},
            {"content": "<p>已收悉。</p>", "reply_time": "2026-11-20 15:00:00", "name": "某市场监管局"},
        ],
        "comment": [],
        **more,
    }
    return {"status": "1", "data": data}


def people_messages(*more: Any) -> dict[str, Any]:
    """`threads/queryThreadsList` with an answered and an unanswered message."""
    row = {
        "tid": 26000009,
        "subject": "奶茶店异物无人处理",
        "content": "本人在某店购买饮品，喝出塑料片，\n温度<b度，投诉无果。",
        "nickName": "网友乙",
        "dateline": 1763690000,
        "threadsCheckTime": 1763690100,
        "forumName": "某市委书记",
        "typeName": "投诉/求助",
        "domainName": "企业",
        "stateInfo": "已办理",
        "answerContent": "您好，已转办。",
        "answerDateline": 1763790000,
        "answerOrganization": "某市委办公室",
    }
    waiting = {**row, "tid": 26000008, "stateInfo": "待回复", "answerContent": None, "answerDateline": None}
    return {"result": "success", "success": True, "responseData": [row, waiting, *more]}


PEOPLE_NEWEST = (
    'IndexThreads([{"threadUrl":"https://site.example/threads/content?tid=26000009","subject":"奶茶店异物无人处理",'
    '"forumName":"某市委书记","dateline":"2026-11-20 09:30"},{"threadUrl":"#","subject":"没有编号"}])'
)
