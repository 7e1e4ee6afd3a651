"""What to fix first: the order follows the stated priority, and nothing is told twice."""

from dataclasses import replace
from pathlib import Path

from alerts.figures import Change, Crowd, Figure
from alerts.ranking import SEVERITY, acceleration, priority
from alerts.report import Matter
from stream.labels import Risk, SelfHarm, Sentiment
from stream.query import PostQuery
from stream.records import JudgedPost
from tests.alerts.newsroom import SPEC, report, said, stored


def crowd(originals: int = 5, spreaders: int = 0, interactions: int = 0) -> Crowd:
    """A crowd of so many."""
    return Crowd(Figure(originals + spreaders, PostQuery()), originals, spreaders, originals, interactions)


def change(now: int = 5, before: int | None = None) -> Change:
    """Posts now and in the window before."""
    return Change(Figure(now, PostQuery()), None if before is None else Figure(before, PostQuery()))


def bad(native: str, text: str, *risks: Risk, **more: object) -> JudgedPost:
    """A complaint about the own brand."""
    return said(native, text, risks=risks, sentiment=Sentiment.NEGATIVE, **more)


def matters(path: Path, posts: list[JudgedPost], **topics: str) -> tuple[Matter, ...]:
    """What a report over these posts would fix first."""
    path.mkdir(exist_ok=True)
    with stored(path, posts) as store:
        return report(store, replace(SPEC, topics=topics)).matters


def test_each_factor_raises_the_priority() -> None:
    """Gravity, originals, reach and growth each push a matter up; spreaders alone do not."""
    plain = priority(Risk.REFUND, crowd(), change())
    assert priority(Risk.SAFETY, crowd(), change()) > plain
    assert priority(Risk.REFUND, crowd(6), change()) > plain
    assert priority(Risk.REFUND, crowd(interactions=1000), change()) > plain
    assert priority(Risk.REFUND, crowd(), change(5, 1)) > plain
    assert priority(Risk.REFUND, crowd(spreaders=500), change()) == plain
    assert priority(Risk.REFUND, crowd(), change(5, 20)) < plain


def test_acceleration_is_bounded_and_neutral_without_a_window_before() -> None:
    """Nothing multiplies by more than three or less than a half."""
    assert acceleration(change(5, None)) == 1
    assert acceleration(change(5, 5)) == 1
    assert acceleration(change(5000, 0)) == 3
    assert acceleration(change(0, 5000)) == 0.5


def test_every_kind_has_a_severity_and_harm_is_the_gravest() -> None:
    """A new risk kind cannot be forgotten here."""
    assert set(SEVERITY) == {*Risk, None}
    assert max(SEVERITY, key=lambda kind: SEVERITY[kind]) is Risk.SAFETY


def test_a_kind_whose_posts_stand_above_is_not_told_again(tmp_path: Path) -> None:
    """Most escalations are about the foreign objects: they are one matter, not two."""
    posts = [bad(str(n), f"喝出塑料片要投诉 {n}", Risk.SAFETY, Risk.ESCALATION) for n in range(4)]
    posts += [bad("x", "退款不到账要曝光", Risk.REFUND, Risk.ESCALATION)]
    assert [matter.kind for matter in matters(tmp_path, posts)] == [Risk.SAFETY, Risk.REFUND]


def test_harm_is_never_hidden_in_a_lesser_matter(tmp_path: Path) -> None:
    """Two injuries among many refund posts of a topic still make a matter of their own, and the first."""
    posts = [bad(str(n), f"退款 {n} 天没有到账", Risk.REFUND) for n in range(4)]
    posts += [bad(f"h{n}", f"喝完进了医院,退款也不给 {n}", Risk.REFUND, Risk.SAFETY) for n in range(3)]
    found = matters(tmp_path, posts, 退钱="退款")
    assert [(matter.title, matter.kind) for matter in found] == [("退钱", Risk.REFUND), ("安全事故", Risk.SAFETY)][::-1]


def test_a_grave_matter_stands_though_its_words_are_quoted_above(tmp_path: Path) -> None:
    """Two loud injuries among refunds are the matter to mend first, however well the refunds quote them."""
    posts = [bad(str(n), f"退款 {n} 天没有到账", Risk.REFUND) for n in range(20)]
    posts += [bad(f"h{n}", f"喝完进了医院,退款也不给 {n}", Risk.REFUND, Risk.SAFETY, likes=300) for n in range(2)]
    found = matters(tmp_path, posts)
    assert {matter.kind for matter in found} == {Risk.REFUND, Risk.SAFETY}


def test_topics_that_are_not_told_hide_no_kind(tmp_path: Path) -> None:
    """Where each topic of the reader holds a few injuries and none is among the five, the injuries are one matter."""
    words = ["异物", "虫子", "过敏", "过敏", "虫子", "异物"]
    posts = [bad(f"t{n}", f"喝出{word}送医院 {n}", Risk.SAFETY) for n, word in enumerate(words)]
    posts += [bad(f"h{n}", f"喝完送医院 {n}", Risk.SAFETY) for n in range(6)]
    for kind in (Risk.DECEPTION, Risk.QUALITY, Risk.REFUND, Risk.PRICING, Risk.FULFILMENT):
        posts += [bad(f"{kind}{n}", f"{kind} 的抱怨 {n}", kind) for n in range(12)]
    found = matters(tmp_path, posts, 异物="异物", 虫子="虫子", 过敏="过敏")
    assert Risk.SAFETY in {matter.kind for matter in found}
    assert len(found) == 5


def test_an_original_counts_though_a_repost_seems_older(tmp_path: Path) -> None:
    """A root whose time is a guess stands behind its reposts, and is the original all the same."""
    words = "喝出了一块塑料片"
    root = bad("root", words, Risk.SAFETY, hours=1, fingerprint="same", published_estimated=True)
    spread = {"parent": root.post.id, "quoted": words, "fingerprint": "same"}
    reposts = [bad(f"r{n}", "扩散", Risk.SAFETY, **spread) for n in range(30)]
    (first,) = matters(tmp_path, [root, *reposts])
    assert (first.crowd.originals, first.crowd.spreaders) == (1, 30)
    assert first.quotes[0].estimated


def test_a_matters_kind_is_that_of_its_originals(tmp_path: Path) -> None:
    """Reposts whose few words say nothing do not make a matter harmless."""
    posts = [bad(str(n), f"喝出塑料片 {n} 毫米", Risk.SAFETY) for n in range(2)]
    posts += [bad(f"r{n}", "扩散塑料", parent="weibo-x", quoted="喝出塑料片") for n in range(50)]
    (first,) = matters(tmp_path, posts, 饮品异物="塑料")
    assert (first.kind, first.crowd.originals, first.crowd.spreaders) == (Risk.SAFETY, 2, 50)


def test_posts_of_the_matters_kind_are_quoted_before_those_with_its_words(tmp_path: Path) -> None:
    """A louder post that only speaks of the thing comes after the one that it happened to, doubted or not."""
    posts = [
        bad("1", "被顾客追着问有没有钢丝", likes=999),
        bad("2", "喝出钢丝划破了嘴", Risk.SAFETY, uncertain=True),
    ]
    (first,) = matters(tmp_path, posts, 饮品异物="钢丝")
    assert [quote.post for quote in first.quotes] == [posts[1].post.id, posts[0].post.id]


def test_sure_posts_are_quoted_before_doubted_ones(tmp_path: Path) -> None:
    """A louder post that the judge doubts comes second, and says so."""
    posts = [
        bad("1", "大概是坏了吧谁知道呢", Risk.QUALITY, likes=999, uncertain=True),
        bad("2", "封口坏了漏一手", Risk.QUALITY),
    ]
    (first,) = matters(tmp_path, posts)
    assert [(quote.post, quote.uncertain) for quote in first.quotes] == [
        (posts[1].post.id, False),
        (posts[0].post.id, True),
    ]


def test_a_topic_of_the_reader_takes_the_place_of_its_kind(tmp_path: Path) -> None:
    """The reader's own word is the title, and the kind that most of its originals carry its gravity."""
    posts = [bad(str(n), f"喝出塑料片 {n} 毫米", Risk.SAFETY) for n in range(4)]
    posts += [bad("x", "钢丝杯刷掉漆了真难看", Risk.QUALITY)]
    first, *others = matters(tmp_path, posts, 饮品异物="塑料 OR 钢丝")
    assert (first.title, first.kind, first.crowd.posts.value) == ("饮品异物", Risk.SAFETY, 5)
    assert others == []


def test_a_topic_without_posts_is_not_mentioned(tmp_path: Path) -> None:
    """No evidence, no sentence."""
    posts = [bad("1", "退款一直不到账", Risk.REFUND)]
    assert [matter.title for matter in matters(tmp_path, posts, 饮品异物="塑料")] == ["退款售后"]


def test_reposts_of_a_post_from_elsewhere_are_no_matter(tmp_path: Path) -> None:
    """Without an original in the window nobody of ours has said it."""
    posts = [bad(str(n), "转发微博扩散", Risk.SAFETY, parent="weibo-x", quoted="喝出塑料片") for n in range(9)]
    assert matters(tmp_path, posts) == ()


def test_reposts_of_an_earlier_post_are_a_matter_that_began_earlier(tmp_path: Path) -> None:
    """A post of two days ago that is still passed on is a matter: it is counted, said to be older, and quoted."""
    root = bad("root", "喝出了一块塑料片", Risk.SAFETY, hours=50, fingerprint="same")
    spread = {"parent": root.post.id, "quoted": root.post.text}
    posts = [root, *(bad(f"r{n}", "扩散,太吓人了", Risk.SAFETY, fingerprint="same", **spread) for n in range(30))]
    posts.append(bad("own", "我也喝到过,他们到现在没有一句道歉", Risk.SAFETY, fingerprint="remark", **spread))
    with stored(tmp_path, posts) as store:
        found = report(store)
    (first,) = found.matters
    told = first.crowd
    assert (told.posts.value, told.originals, told.spreaders, told.earlier) == (31, 0, 31, 1)
    assert first.priority > 0
    assert first.reasons[:2] == ("安全事故\uff08危及人身\uff09", "1 条更早的原帖仍在扩散")
    assert [quote.post for quote in first.quotes] == [root.post.id]
    assert "1 条更早的原帖仍在扩散" in found.headline


def test_an_earlier_harm_stays_a_matter_though_those_who_spread_it_name_none(tmp_path: Path) -> None:
    """Reposts say little: what they pass on is the matter, told once, under the reader's words or as its kind."""
    root = bad("root", "喝出了一块塑料片", Risk.SAFETY, hours=30)
    spread = {"parent": root.post.id, "quoted": root.post.text}
    posts = [root, *(bad(f"r{n}", "太吓人了", **spread) for n in range(3))]
    (kind,) = matters(tmp_path / "kind", posts)
    assert (kind.kind, kind.crowd.posts.value, kind.crowd.earlier) == (Risk.SAFETY, 0, 1)
    assert [quote.post for quote in kind.quotes] == [root.post.id]
    (topic,) = matters(tmp_path / "topic", posts, 饮品异物="塑料")
    assert (topic.title, topic.kind, topic.crowd.posts.value, topic.crowd.earlier) == ("饮品异物", Risk.SAFETY, 3, 1)


def test_an_earlier_post_with_a_cry_or_about_others_opens_no_matter(tmp_path: Path) -> None:
    """What the report leaves out today it also leaves out of yesterday: self-harm, other brands, praise."""
    roots = [
        bad("cry", "喝出塑料片,不想活了", Risk.SAFETY, hours=30, self_harm=SelfHarm.CONCERN),
        bad("other", "鹿屿喝出塑料片", Risk.SAFETY, hours=30, subjects=("luyu",)),
        said("praise", "塑料片的谣言我不信", hours=30, sentiment=Sentiment.POSITIVE),
    ]
    posts = [
        bad(f"r{root.post.native_id}", "扩散,太吓人了", Risk.SAFETY, parent=root.post.id, quoted=root.post.text)
        for root in roots
    ]
    assert matters(tmp_path, [*roots, *posts]) == ()


def test_a_post_is_quoted_under_one_matter_only(tmp_path: Path) -> None:
    """Where posts belong to two matters, the second quotes others first and none again."""
    both = [bad(str(n), f"异物加态度差 {n}", Risk.SAFETY, Risk.SERVICE, likes=99) for n in range(3)]
    only = [bad(f"s{n}", f"只是态度特别差 {n}", Risk.SERVICE) for n in range(4)]
    first, second = matters(tmp_path, both + only)
    assert {first.kind, second.kind} == {Risk.SAFETY, Risk.SERVICE}
    assert all("只是" in quote.text for quote in second.quotes)
    assert not {quote.post for quote in first.quotes} & {quote.post for quote in second.quotes}


def test_the_reasons_name_the_factors(tmp_path: Path) -> None:
    """A reader sees why a matter ranks: kind, originals, reach, growth, and how recent."""
    posts = [bad(str(n), f"喝出塑料片 {n} 毫米", Risk.SAFETY, likes=4000) for n in range(5)]
    posts += [bad("y", "上期也喝出塑料", Risk.SAFETY, hours=30)]
    (first,) = matters(tmp_path, posts)
    assert first.reasons == (
        "安全事故\uff08危及人身\uff09",
        "5 条原帖",
        "互动 2.0 万次",
        "较上期多 4 条",
        "最近 6 小时就有 5 条",
    )


def test_five_matters_at_most_in_falling_priority(tmp_path: Path) -> None:
    """A list of everything is a list of nothing."""
    posts = [bad(f"{kind}{n}", f"{kind} 的抱怨有 {n} 条", kind) for kind in Risk for n in range(3)]
    found = matters(tmp_path, posts)
    assert len(found) == 5
    assert [m.priority for m in found] == sorted((m.priority for m in found), reverse=True)
    assert found[0].kind is Risk.SAFETY
