"""The sentence on top: the gravest thing is never denied, hidden by volumes, or lost for want of a link."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.headline import trouble
from alerts.report import Digest
from stream.labels import Health, Risk, Role, Sentiment
from stream.records import Coverage, JudgedPost
from tests.alerts.newsroom import SPEC, SUBJECTS, report, said, source, stored


def told(path: Path, posts: Sequence[JudgedPost]) -> Digest:
    """The report over these posts."""
    with stored(path, posts) as store:
        return report(store)


def bad(kind: Risk, number: int, **more: object) -> list[JudgedPost]:
    """So many complaints of a kind, in words of their own."""
    return [
        said(f"{kind}{n}", f"{kind} 的抱怨,第 {n} 次了", risks=(kind,), sentiment=Sentiment.NEGATIVE, **more)
        for n in range(number)
    ]


@pytest.mark.parametrize("before", [0, 22])
def test_a_grave_matter_is_the_headline_though_others_have_more_posts(tmp_path: Path, before: int) -> None:
    """Five injuries beside thirty refunds are named in sentence and subject, surge or not."""
    posts = bad(Risk.REFUND, 30) + bad(Risk.SAFETY, 5)
    posts += [said(f"y{n}", f"昨天的抱怨 {n}", hours=30, sentiment=Sentiment.NEGATIVE) for n in range(before)]
    digest = told(tmp_path, posts)
    assert digest.matters[0].kind is Risk.REFUND
    assert digest.headline.startswith("「安全事故」最要紧：5 条原帖")
    assert digest.subject.endswith("首要：安全事故")


def test_calm_is_not_claimed_beside_grave_posts_that_make_no_matter(tmp_path: Path) -> None:
    """One injury below five bigger matters, or spread without an original, is counted in the sentence."""
    kinds = (Risk.REFUND, Risk.DECEPTION, Risk.QUALITY, Risk.PRICING, Risk.SERVICE)
    posts = [post for kind in kinds for post in bad(kind, 20)] + bad(Risk.SAFETY, 1)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    digest = told(tmp_path / "a", posts)
    assert Risk.SAFETY not in {matter.kind for matter in digest.matters}
    assert "没有高风险事项" not in digest.headline
    assert "负面中有「安全事故」1 条" in digest.headline
    spread = told(tmp_path / "b", bad(Risk.SAFETY, 9, parent="weibo-x", quoted="喝出了塑料片"))
    assert spread.headline.endswith("没有可归并的待处理事项；负面中有「安全事故」9 条。")


def test_calm_is_not_claimed_beside_neutral_posts_of_a_grave_kind(tmp_path: Path) -> None:
    """News and recall notices complain of nothing and are no less grave: they are counted apart from the negative."""
    news = [said(f"n{n}", f"官方召回公告 {n}", risks=(Risk.SAFETY,), sentiment=Sentiment.NEUTRAL) for n in range(40)]
    with stored(tmp_path, news) as store:
        alone = report(store)
        store.put(bad(Risk.REFUND, 3))
        beside = report(store)
        kinds = (Risk.REFUND, Risk.DECEPTION, Risk.QUALITY, Risk.PRICING, Risk.SERVICE)
        store.put([*bad(Risk.SAFETY, 1), *(post for kind in kinds for post in bad(kind, 20))])
        both = report(store)
    assert alone.headline.endswith("没有可归并的待处理事项；另有中性帖子提到「安全事故」40 条。")
    assert "没有高风险事项" not in beside.headline
    assert beside.headline.endswith("；另有中性帖子提到「安全事故」40 条。")
    assert both.headline.endswith("；负面中有「安全事故」1 条；另有中性帖子提到「安全事故」40 条。")


def test_no_growth_is_no_growth(tmp_path: Path) -> None:
    """As many complaints as the day before are told without a percentage, in the subject too."""
    before = [said(f"y{n}", f"昨天的抱怨 {n}", hours=30, sentiment=Sentiment.NEGATIVE) for n in range(30)]
    digest = told(tmp_path, bad(Risk.REFUND, 30) + before)
    assert "（与上期持平）" in digest.headline
    assert "负面 30 条，首要" in digest.subject


def test_a_report_without_the_own_brand_says_that_and_no_more(tmp_path: Path) -> None:
    """Who asks for rivals alone is not told that no own brand was registered."""
    with stored(tmp_path, [said("1", "鹿屿又涨价了", subjects=("luyu",))]) as store:
        rivals = report(store, replace(SPEC, subjects=("luyu",)))
        nobody = report(store, subjects=[one for one in SUBJECTS if one.role is not Role.OWN])
    assert "本报告不含自有品牌" in rivals.headline
    assert "没有登记自有品牌" in nobody.headline


def test_calm_is_claimed_where_nothing_is_grave(tmp_path: Path) -> None:
    """Complaints about refunds only are no danger, and a harmless mention of safety is none either."""
    harmless = said("1", "每天都检查,吃得放心", risks=(Risk.SAFETY,), sentiment=Sentiment.POSITIVE)
    assert told(tmp_path, [*bad(Risk.REFUND, 3), harmless]).headline.startswith("云汀茶没有高风险事项；")


def test_complaints_without_an_address_are_a_matter_without_quotes(tmp_path: Path) -> None:
    """The company's own hotline gives no links: what it tells of is counted and ranked all the same."""
    (matter,) = told(tmp_path, bad(Risk.SAFETY, 25, url="")).matters
    assert (matter.kind, matter.crowd.originals, matter.quotes) == (Risk.SAFETY, 25, ())


def test_posts_that_are_not_counted_yet_make_a_report_partial(tmp_path: Path) -> None:
    """A backlog behind healthy sources is no quiet day: it is told in the subject and, with nothing else, on top."""
    with stored(tmp_path, []) as store:
        blind = report(store, unread=500)
        store.put(bad(Risk.REFUND, 3))
        some = report(store, unread=500)
    assert blind.headline == "本期还没有可统计的帖子，500 条已采集的帖子尚未处理：没有数据，不等于没有舆情。"
    assert blind.subject.endswith("：没有数据【数据不全】")
    assert some.subject.endswith("【数据不全】")
    assert trouble(some.sources, some.unread, some.incomplete) == "500 条已采集的帖子尚未处理"


def test_a_subject_that_was_not_read_whole_makes_a_report_partial(tmp_path: Path) -> None:
    """One keyword kept back behind a source that is fresh is no quiet day for its subject: subject and sentence say so;
    what concerns nobody in the report does not."""
    row = Coverage("云汀茶", Health.GAP, subjects=("yunting",))
    gappy = replace(source(), coverage=(Coverage("奶茶", Health.FRESH), row))
    foreign = replace(source(), coverage=(replace(row, subjects=("chengxing",)),))
    with stored(tmp_path, []) as store:
        blind, calm = report(store, health=[gappy]), report(store, health=[foreign])
        store.put(bad(Risk.REFUND, 3))
        some = report(store, health=[gappy])
    assert blind.headline == "本期没有采集到任何帖子，云汀茶没有采全：没有数据，不等于没有舆情。"
    assert blind.subject.endswith("：没有数据【数据不全】")
    assert some.subject.endswith("【数据不全】")
    assert calm.headline == "本期 1 个来源均正常，没有采集到任何帖子。"
