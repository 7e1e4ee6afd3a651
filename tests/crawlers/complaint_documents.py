"""Pages and answers of the complaint sites, with invented values."""


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
