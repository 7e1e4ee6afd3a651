"""Labels: the words that judgements, subjects and sources are told by, and what people call them.

Owns the wire values and their Chinese. Does not own the records that carry them (`records`).
"""

from collections.abc import Mapping
from enum import StrEnum


class Sentiment(StrEnum):
    """What the author feels about the thing talked about."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Risk(StrEnum):
    """What a company would have to act on; a post may carry several."""

    SAFETY = "safety"
    QUALITY = "quality"
    SERVICE = "service"
    FULFILMENT = "fulfilment"
    REFUND = "refund"
    PRICING = "pricing"
    DECEPTION = "deception"
    PRIVACY = "privacy"
    ESCALATION = "escalation"
    ABUSE = "abuse"


class Stage(StrEnum):
    """Where in the customer's life the matter lies."""

    PRESALE = "presale"
    PURCHASE = "purchase"
    USE = "use"
    AFTERSALES = "aftersales"
    LOYALTY = "loyalty"
    NONE = "none"


class SelfHarm(StrEnum):
    """How close a person is to harming themselves; about a person, never about a brand."""

    NONE = "none"
    CONCERN = "concern"
    CRISIS = "crisis"


class Role(StrEnum):
    """What a subject is to the company that runs Guanlan."""

    OWN = "own"
    COMPETITOR = "competitor"
    CAMPAIGN = "campaign"
    WATCHED = "watched"


class Health(StrEnum):
    """What is known of a source. Only `fresh` lets a reader take few posts for little news."""

    FRESH = "fresh"
    STALE = "stale"
    BLOCKED = "blocked"
    LOGIN_NEEDED = "login_needed"
    CAPPED = "capped"
    GAP = "gap"
    """Between two crawls there may be posts that nobody saw."""
    UNAUTHORISED = "unauthorised"
    """The right to read it has ended or was never recorded; it is not asked for anything."""
    NEVER = "never"
    """Not crawled yet."""
    OFF = "off"
    """Switched off by whoever runs Guanlan: nothing is expected of it."""


_CHINESE: Mapping[StrEnum, str] = {
    Sentiment.NEGATIVE: "负面",
    Sentiment.NEUTRAL: "中性",
    Sentiment.POSITIVE: "正面",
    Risk.SAFETY: "安全事故",
    Risk.QUALITY: "质量故障",
    Risk.SERVICE: "服务问题",
    Risk.FULFILMENT: "履约交付",
    Risk.REFUND: "退款售后",
    Risk.PRICING: "价格收费",
    Risk.DECEPTION: "虚假欺诈",
    Risk.PRIVACY: "隐私骚扰",
    Risk.ESCALATION: "维权升级",
    Risk.ABUSE: "辱骂仇恨",
    Stage.PRESALE: "感知售前",
    Stage.PURCHASE: "购买交付",
    Stage.USE: "使用体验",
    Stage.AFTERSALES: "售后服务",
    Stage.LOYALTY: "忠诚流失",
    Stage.NONE: "无关",
    SelfHarm.CONCERN: "关注",
    SelfHarm.CRISIS: "危机",
    Role.OWN: "自有",
    Role.COMPETITOR: "竞品",
    Role.CAMPAIGN: "活动",
    Role.WATCHED: "关注",
    Health.FRESH: "正常",
    Health.STALE: "过期",
    Health.BLOCKED: "被拦截",
    Health.LOGIN_NEEDED: "需登录",
    Health.CAPPED: "达到上限",
    Health.GAP: "有缺口",
    Health.UNAUTHORISED: "无授权",
    Health.NEVER: "未采集",
    Health.OFF: "停用",
}


def chinese(value: StrEnum) -> str:
    """The Chinese word of a label, for people."""
    # as strings, SelfHarm.NONE and Stage.NONE are the same key
    if value is SelfHarm.NONE:
        return "无"
    return _CHINESE[value]
