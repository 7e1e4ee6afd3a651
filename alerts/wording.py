"""How a report says a number, a time and a platform in Chinese.

Owns small words and the time zone of readers. Does not own sentences (`headline`) or layout (`templates`).
"""

from collections.abc import Mapping
from datetime import datetime

from alerts.figures import Change, Crowd, Share
from stream.zone import SHANGHAI

_PLATFORMS: Mapping[str, str] = {
    "weibo": "微博",
    "douyin": "抖音",
    "heimao": "黑猫投诉",
    "autohome": "汽车之家",
    "complaint": "投诉平台",
    "forum": "论坛",
    "news": "新闻",
    "diansubao": "电诉宝",
    "12315": "全国12315",
    "rednet": "红网百姓呼声",
    "peopleboard": "领导留言板",
    "tieba": "贴吧",
    "discuz": "Discuz 论坛",
    "dongchedi": "懂车帝",
    "bilibili": "B站",
    "owned": "自有渠道",
}


def platform(name: str) -> str:
    """What people call the platform; an unknown one keeps its own name."""
    return _PLATFORMS.get(name, name)


def count(number: int) -> str:
    """A number for reading: 9,870, then 1.2 万, then 1.2 亿."""
    if round(number / 10_000, 1) >= 10_000:  # as rounded: 99,999,999 is no 10000.0 万
        return f"{number / 100_000_000:.1f} 亿"
    if number >= 10_000:
        return f"{number / 10_000:.1f} 万"
    return f"{number:,}"


def amount(number: int, unit: str) -> str:
    """A number with its unit: 86 条, 1.2 万条."""
    said = count(number)
    return f"{said}{unit}" if said[-1] in "万亿" else f"{said} {unit}"


def percent(share: Share) -> str:
    """`43%`, or a dash where there are too few posts to say."""
    return "—" if share.percent is None else f"{share.percent}%"


def few(share: Share) -> str:
    """The caveat that a small whole needs; empty where shares can be told."""
    if share.percent is not None:
        return ""
    return f"仅 {share.whole.value} 条，不作比例判断" if share.whole.value else "没有采集到帖子"


def change(change: Change) -> str:
    """Against the window before: growth if it can be told, else posts more or fewer, else why not."""
    if change.delta is None:
        return "上期无可比数据，不作比较"
    if change.delta == 0:
        return "与上期持平"
    if change.percent is None or change.percent == 0:
        return f"较上期{'多' if change.delta > 0 else '少'} {abs(change.delta):,} 条"
    return f"环比 {signed(change.percent)}%"


def originals(crowd: Crowd) -> list[str]:
    """Who opened a matter's stories, apart: in the window, and before it."""
    said = [f"{amount(crowd.originals, '条')}原帖"] if crowd.originals or not crowd.earlier else []
    return [*said, f"{amount(crowd.earlier, '条')}更早的原帖仍在扩散"] if crowd.earlier else said


def signed(number: int) -> str:
    """With its sign; a true minus, which is as wide as the plus."""
    return f"+{number:,}" if number >= 0 else f"−{-number:,}"


def moment(time: datetime, now: datetime) -> str:
    """Day, hour and minute in Shanghai, with the year where it is not that of `now`."""
    local = time.astimezone(SHANGHAI)
    year = "" if local.year == now.astimezone(SHANGHAI).year else f"{local.year}-"
    return f"{year}{local:%m-%d %H:%M}"


def day(time: datetime) -> str:
    """`11月21日` in Shanghai."""
    local = time.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"


def weekday(time: datetime) -> str:
    """`周六` in Shanghai."""
    return "周" + "一二三四五六日"[time.astimezone(SHANGHAI).weekday()]


def duration(seconds: float) -> str:
    """Seconds in the unit a person would use."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} 毫秒"
    if seconds < 90:
        return f"{seconds:.1f} 秒"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} 分钟"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} 小时"
    return f"{seconds / 86400:.1f} 天"
