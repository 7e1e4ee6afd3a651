"""Care: what guardians are told when a person may be at risk, and the clock that runs until one of them answers.

Owns the guidance and the notice. A care rule (`rules.Rule.self_harm`) raises one alert for each post and level, on
its own channels; who only passes a cry on leads to the post that it is in. Nothing mutes or groups it, its words stand
nowhere but on the audited case page, and every `acknowledge_within` without an answer the next round goes out
(`Book.escalate`). The system never contacts the poster.
"""

from alerts.alert import Alert
from alerts.channels import CareNotice
from alerts.owed import Delivery
from stream.labels import SelfHarm

# 12356 is not staffed round the clock everywhere, hence a second line that is
_LINES = (
    "全国统一心理援助热线 12356（各地开通时段不同）；"
    "无人接听时拨 24 小时热线 010-82951332（北京心理危机研究与干预中心）"
)

_GUIDANCE = {
    SelfHarm.CRISIS: (
        "判定为危机：可能正在或即将伤害自己。\n"
        "1. 现在就打开事件页阅读原文，并点“接手”；一直无人接手会反复通知。\n"
        "2. 有具体地点、时间、方式或正在进行：立即拨打 110，伤病拨打 120，提供平台和原帖链接。\n"
        "3. 同时用该平台的“自杀自伤”举报入口上报，平台可以联系本人和属地警方。\n"
        f"4. 可供转介：{_LINES}。\n"
        "5. 不要公开评论、转发或截图传播，不要追查其身份；系统不会联系发帖人。"
    ),
    SelfHarm.CONCERN: (
        "判定为关注：流露不想活或自伤的念头，或在担心他人。\n"
        "1. 打开事件页阅读原文和上下文，点“接手”；拿不准时按危机处理。\n"
        "2. 一旦看到具体地点、时间、方式：立即拨打 110，伤病拨打 120。\n"
        "3. 用该平台的“自杀自伤”举报入口上报。\n"
        f"4. 可供转介：{_LINES}。\n"
        "5. 不要公开评论、转发或截图传播，不要追查其身份；系统不会联系发帖人。"
    ),
}


def guidance(level: SelfHarm) -> str:
    """What a guardian should do, in Chinese."""
    return _GUIDANCE[level]


def care_notice(delivery: Delivery, alert: Alert, case_url: str) -> CareNotice:
    """The notice of a care alert: level, platform, where to read on, what to do. Nothing of the post."""
    return CareNotice(
        id=delivery.id,
        alert_id=alert.id,
        title=alert.title,
        severity=alert.severity,
        level=alert.level,
        platform=alert.platform,
        raised_at=alert.raised_at,
        round=delivery.round,
        guidance=guidance(alert.level),
        case_url=case_url,
    )
