"""The steps of a complaint on 黑猫投诉: who said what when, and what the page says at the end.

Owns the step list and the closing appraisal of a complaint's page. Does not own the page as a whole (`heimao_page`).
"""

import re
from dataclasses import dataclass

from parsel import Selector

_DATE = re.compile(r"(\d{4})\s*[-/年]\s*(\d{1,2})\s*[-/月]\s*(\d{1,2})")
_NO_YEAR = re.compile(r"(\d{1,2})\s*[-/月]\s*(\d{1,2})(?!\d)(?:\s*日)?(.*)")
_PLATFORM = re.compile(r"黑猫|新浪|审核员")
_ADDRESSED = re.compile(r"^\s*@黑猫")
_STARS = re.compile(r"\bstar([1-5])\b")
"""`star0` is how the page shows that nobody gave any."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    who: str
    when: str
    """As written, with the year that the page may leave out; empty where it says none."""
    status: str
    words: str
    """HTML without the paragraph that addresses the site; empty where the step says nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a complaint, told apart by who speaks."""

    opening: str
    """HTML of the complaint itself."""
    additions: tuple[Step, ...] = ()
    """What the complainant said later, oldest first."""
    replied: str = ""
    """When the company first answered."""


def read_course(page: Selector, published: str) -> Course:
    """The steps of a complaint's page, which has them newest first; some old pages have them oldest first.

    Args:
        page: the page.
        published: when the complaint was published, with its year.
    """
    steps = [_step(node, published) for node in page.css("div.ts-d-steplist div.ts-d-item")]
    at = next((n for n, step in enumerate(steps) if "发起投诉" in step.status), len(steps) - 1)
    if at < 0:
        return Course("")
    opening = steps[at]
    later = steps[at + 1 :] if at == 0 else steps[:at][::-1]
    return Course(
        opening.words,
        tuple(step for step in later if step.words and _adds(step, opening)),
        next((step.when for step in later if _answers(step, opening)), ""),
    )


def read_stars(page: Selector) -> int | None:
    """How satisfied the complainant was in the end, 1 to 5 stars."""
    for row in page.css("div.ts-d-pj li"):
        if "满意度" in "".join(row.css("::text").getall()):
            found = _STARS.search(" ".join(row.css("[class]::attr(class)").getall()))
            return int(found[1]) if found else None
    return None


def _step(node: Selector, published: str) -> Step:
    parts = node.css(".ts-reply p").getall() or node.css(".ts-reply").getall()
    words = "".join(part for part in parts if not _ADDRESSED.match(re.sub(r"<[^>]*>", "", part)))
    return Step(
        who=_text(node, ".u-name"),
        when=_dated(_text(node, ".u-date"), published),
        status=_text(node, ".u-status"),
        words=words if re.sub(r"<(?!img)[^>]*>|\s", "", words) else "",
    )


def _adds(step: Step, opening: Step) -> bool:
    """Whether the complainant speaks: by the step's name, or because nobody else writes under that name."""
    if "补充" in step.status:
        return True
    return bool(step.who) and step.who == opening.who and "回复" not in step.status


def _answers(step: Step, opening: Step) -> bool:
    """Whether the company speaks; the site announces an answer in a step of its own, which is no answer."""
    return "回复" in step.status and step.who != opening.who and not _PLATFORM.search(step.who)


def _dated(when: str, published: str) -> str:
    """A step's time with its year: the first such day from the day of the complaint on."""
    day = _DATE.search(published)
    bare = None if _DATE.search(when) else _NO_YEAR.search(when)
    if day is None or bare is None:
        return when
    year, month, date = (int(part) for part in day.groups())
    if (int(bare[1]), int(bare[2])) < (month, date):
        year += 1
    return f"{year}-{bare[1]}-{bare[2]}{bare[3]}"


def _text(node: Selector, css: str) -> str:
    return re.sub(r"\s+", " ", "".join(node.css(css).css("::text").getall())).strip()
