"""What a report claims: every number can be asked again, every quote opened, and silence is never good news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from alerts.digest import DigestSpec, Window, daily_window, digest_id
from alerts.figures import Crowd, Figure, Quote, Share
from alerts.headline import carried
from alerts.report import Digest
from alerts.report_codec import decode, encode
from alerts.voices import passed_on, quote, read, tally
from alerts.wording import count, few, percent
from stream.labels import Health, Risk, Role, SelfHarm, Sentiment, Stage
from stream.query import PostQuery
from stream.records import JudgedPost, Subject
from stream.zone import SHANGHAI
from tests.alerts.newsroom import DAY, SPEC, SUBJECTS, at, every, report, said, same, source, stored
from tests.factories import NOW

BAD = {"sentiment": Sentiment.NEGATIVE}
GOOD = {"sentiment": Sentiment.POSITIVE}
REPOST = {"parent": "weibo-x", "quoted": "喝出了塑料片"}


def day() -> list[JudgedPost]:
    """Two days of everything a report has a section for."""
    posts = [said(f"f{n}", f"喝出了塑料片,第 {n} 次了", risks=(Risk.SAFETY,), likes=9, **BAD) for n in range(6)]
    posts += [
        said(f"s{n}", "扩散", fingerprint=posts[0].fingerprint, risks=(Risk.SAFETY,), hours=1, **REPOST, **BAD)
        for n in range(30)
    ]
    posts += [
        said(f"d{n}", f"退款 {n} 天没有到账", risks=(Risk.REFUND,), stage=Stage.AFTERSALES, **BAD) for n in range(4)
    ]
    posts += [said(f"p{n}", f"桂花乌龙真好喝,这是第 {n} 杯了", likes=n, **GOOD) for n in range(5)]
    posts += [said(f"y{n}", f"前天的抱怨 {n}", hours=30, risks=(Risk.SERVICE,), **BAD) for n in range(22)]
    posts += [
        said(f"r{n}", f"对手又涨价了 {n} 元", subjects=("luyu",), risks=(Risk.PRICING,), **BAD) for n in range(21)
    ]
    posts += [said("c1", "秋桂计划的杯套真好看,集齐了", subjects=("yunting", "qiugui"), **GOOD)]
    posts += [said("w1", "澄星手机发热", subjects=("chengxing",), **BAD)]
    return posts


def test_every_number_can_be_recomputed_from_its_stored_query(tmp_path: Path) -> None:
    """Each figure of the digest, read back as stored, equals the store's count for the query beside it."""
    with stored(tmp_path, day()) as store:
        digest = decode(encode(report(store, replace(SPEC, topics={"饮品异物": "塑料 OR 钢丝"}))))
        figures = list(every(digest, Figure))
        assert len(figures) > 50
        for figure in figures:
            assert figure.value == store.count(figure.query), figure.query


def test_every_crowd_can_be_recounted_from_its_query(tmp_path: Path) -> None:
    """Originals, spreaders and accounts follow from the posts of the crowd's query."""
    with stored(tmp_path, day()) as store:
        digest = report(store, replace(SPEC, topics={"饮品异物": "塑料 OR 扩散"}))
        crowds = list(every(digest, Crowd))
        assert len(crowds) > 2
        for crowd in crowds:
            voices = read(store, crowd.posts.query)
            stories = same([voice.fingerprint for voice in voices])
            silent = passed_on(store, same, crowd.posts.query, voices, stories)
            assert crowd == tally(voices, stories, crowd.posts.query, silent)


def test_reposts_are_not_voices(tmp_path: Path) -> None:
    """Thirty reposts of one post add thirty spreaders and no original."""
    with stored(tmp_path, day()) as store:
        first = report(store).matters[0]
    assert (first.kind, first.crowd.originals, first.crowd.spreaders) == (Risk.SAFETY, 6, 30)
    assert first.crowd.accounts == 36


def test_reposts_without_a_word_are_told_beside_the_matter_they_pass_on(tmp_path: Path) -> None:
    """A bare "转发微博" under a complaint is no complaint and not nothing; under something else it is not counted."""
    print_ = day()[0].fingerprint
    silent = [said(f"z{n}", "转发微博", fingerprint=print_, hours=1, **REPOST) for n in range(40)]
    silent += [said("o", "转发微博", fingerprint="other", hours=1, **REPOST), said("n", "n", fingerprint=print_)]
    with stored(tmp_path, [*day(), *silent]) as store:
        digest = decode(encode(report(store)))
    first = digest.matters[0]
    assert (first.crowd.originals, first.crowd.spreaders, first.crowd.silent) == (6, 30, 40)
    assert digest.own is not None
    assert digest.own.crowd.silent == 40
    assert "另有 30 条转发与雷同、40 条未表态的转发" in digest.headline


def test_other_subjects_than_the_day_before_are_not_compared(tmp_path: Path) -> None:
    """A brand registered today has no yesterday: posts of that day do not know it, so nothing grew."""
    posts = day()
    posts += [said(f"n{n}", f"新品牌的抱怨 {n}", hours=2, subjects=("new",), **BAD) for n in range(60)]
    more = (*SUBJECTS, Subject("new", "云汀咖啡", Role.OWN))
    before = Window(DAY.since - timedelta(days=1), DAY.since)
    with stored(tmp_path, posts) as store:
        last = report(store, window=before)
        compared, other = report(store, last=last), report(store, subjects=more, last=last)
        gap = report(store, last=replace(last, unread=7))
    assert compared.own is not None
    assert compared.own.negative.before is not None
    assert other.own is not None
    assert other.own.negative.before is None
    assert (compared.before_partial, gap.before_partial) == (False, True)


def test_answers_are_voices(tmp_path: Path) -> None:
    """Comments under a video of somebody else's are as many complaints as there are words; only copies are one."""
    under = {"parent": "douyin-x", "platform": "douyin", "risks": (Risk.REFUND,), **BAD}
    posts = [said(str(n), f"我也是,退款 {n} 天没有到账", **under) for n in range(9)]
    posts += [said(f"c{n}", "退钱", fingerprint="same", **under) for n in range(3)]
    with stored(tmp_path, posts) as store:
        (matter,) = report(store).matters
    assert (matter.crowd.originals, matter.crowd.spreaders, matter.crowd.accounts) == (10, 2, 12)


def test_near_copies_are_not_voices(tmp_path: Path) -> None:
    """The same words under other names open one story only."""
    copies = [said(str(n), "退款拖了一个月", fingerprint="same", risks=(Risk.REFUND,), **BAD) for n in range(12)]
    with stored(tmp_path, copies) as store:
        crowd = report(store).matters[0].crowd
    assert (crowd.originals, crowd.spreaders, crowd.accounts) == (1, 11, 12)


def test_quotes_lead_back_to_posts_of_the_window(tmp_path: Path) -> None:
    """Each quote is a stored post's own words with that post's address."""
    with stored(tmp_path, day()) as store:
        digest = report(store)
        quotes = list(every(digest, Quote))
        assert len(quotes) >= 6
        for quote in quotes:
            hit = store.get(quote.post)
            assert hit is not None
            assert (quote.url, quote.text) == (hit.judged.post.url, hit.judged.post.text)
            assert DAY.since <= quote.published_at < DAY.until


def test_quotes_are_masked_cut_and_openable(tmp_path: Path) -> None:
    """Phones are masked, long words end at 120 characters, and an address that a browser would run is no evidence."""
    posts = [
        said("1", "客服叫我打 13812345678,一直没人接", risks=(Risk.SERVICE,), likes=9, **BAD),
        said("2", "长" * 400, risks=(Risk.SERVICE,), likes=5, **BAD),
        said("3", "点我点我点我点我", risks=(Risk.SERVICE,), likes=99, url="javascript:alert(1)", **BAD),
    ]
    with stored(tmp_path, posts) as store:
        quotes = report(store).matters[0].quotes
    assert "13812345678" not in quotes[0].text
    assert (len(quotes[1].text), quotes[1].text[-1]) == (120, "…")
    assert len(quotes) == 2


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_any_words_make_a_short_quote_of_one_line(title: str, words: str) -> None:
    """Whatever people write, a quote is one line of 120 characters at most, or none."""
    made = quote(said("1", words, title=title))
    if made is None:
        assert (title + words).split() == []
    else:
        assert 0 < len(made.text) <= 120
        assert "\n" not in made.text


def test_nothing_of_self_harm_is_in_a_report(tmp_path: Path) -> None:
    """Such posts are outside every query: not quoted, not counted, not even as a number."""
    plain = [said("1", "态度很差,一句话都不说", risks=(Risk.SERVICE,), **BAD)]
    risky = [
        said(str(n), f"不该出现的字 {n}", self_harm=level, likes=10**6, **BAD)
        for n, level in enumerate((SelfHarm.CONCERN, SelfHarm.CRISIS), 10)
    ]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with stored(tmp_path / "a", plain) as store:
        without = report(store)
    with stored(tmp_path / "b", plain + risky) as store:
        assert report(store) == without
    assert {query.self_harm for query in every(without, PostQuery)} == {(SelfHarm.NONE,)}


def test_few_posts_give_no_percentage() -> None:
    """Nineteen posts are told as such, twenty have shares."""

    def share(whole: int) -> Share:
        return Share(Figure(7, PostQuery()), Figure(whole, PostQuery()))

    assert (percent(share(19)), few(share(19))) == ("—", "仅 19 条,不作比例判断".replace(",", "\uff0c"))
    assert (percent(share(20)), few(share(20))) == ("35%", "")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (9_999, "9,999"),
        (10_000, "1.0 万"),
        (99_994_999, "9999.5 万"),
        (99_999_999, "1.0 亿"),
        (123_456_789, "1.2 亿"),
    ],
)
def test_a_number_is_said_in_the_unit_it_rounds_to(number: int, said: str) -> None:
    """Ten thousand times ten thousand is never said as 10000.0 万."""
    assert count(number) == said


def test_growth_needs_a_window_before_that_was_collected(tmp_path: Path) -> None:
    """Percent from twenty posts on, posts below, and no comparison with a time when nothing was collected."""
    today = [said(str(n), f"抱怨 {n}", **BAD) for n in range(30)]
    expected = {0: (None, None), 5: (None, 25), 20: (50, 10)}
    for before, (grown, more) in expected.items():
        folder = tmp_path / str(before)
        folder.mkdir()
        earlier = [said(f"y{n}", f"昨天的抱怨 {n}", hours=30, **BAD) for n in range(before)]
        with stored(folder, today + earlier) as store:
            own = report(store).own
        assert own is not None
        assert (own.negative.percent, own.negative.delta) == (grown, more)


def test_silence_of_healthy_sources_differs_from_no_data(tmp_path: Path) -> None:
    """With nothing stored, only fresh sources may say that nothing was posted."""
    with stored(tmp_path, []) as store:
        quiet = report(store)
        blind = report(store, health=[source(), source("douyin", Health.BLOCKED, "被拦截")])
        none = report(store, health=[])
    assert "均正常" in quiet.headline
    assert "数据不全" not in quiet.subject
    for digest in (blind, none):
        assert "没有数据" in digest.headline
        assert "数据不全" in digest.subject
    assert (quiet.matters, quiet.praise, quiet.latency) == ((), (), ())


def test_the_headline_is_the_gravest_matter_with_its_numbers(tmp_path: Path) -> None:
    """Harm to people comes first, however many wait for refunds."""
    posts = [said(f"d{n}", f"退款 {n} 天没有到账", risks=(Risk.REFUND,), **BAD) for n in range(6)]
    posts += [said(f"f{n}", f"喝出了塑料片,第 {n} 次了", risks=(Risk.SAFETY,), **BAD) for n in range(5)]
    with stored(tmp_path, posts) as store:
        digest = report(store)
    assert digest.headline.startswith("「安全事故」最要紧")
    assert "5 条原帖" in digest.headline
    assert digest.subject == "云汀茶战报\uff5c11月21日\uff1a负面 11 条\uff0c首要\uff1a安全事故"


def test_sections_cover_their_subjects_and_no_other(tmp_path: Path) -> None:
    """Own brand and rival stand side by side, the campaign apart, and a brand that is only watched nowhere."""
    with stored(tmp_path, day()) as store:
        digest = report(store)
    assert [brand.title for brand in digest.brands] == ["云汀茶", "鹿屿鲜茶"]
    assert [brand.mood.total.value for brand in digest.brands] == [46, 21]
    assert (digest.brands[1].complaint_title, digest.brands[1].quote is not None) == ("价格收费", True)
    assert [(campaign.title, campaign.mood.total.value) for campaign in digest.campaigns] == [("秋桂计划", 1)]
    assert "澄星" not in encode(digest)


def test_praise_is_from_customers_not_from_advertising(tmp_path: Path) -> None:
    """Cheers before a purchase are not repeated, nor is praise that the judge doubts or finds a risk in."""
    posts = [
        said("1", "新品上市,快来打卡赢大奖吧朋友们", stage=Stage.PRESALE, likes=999, **GOOD),
        said("2", "喝了三年了,桂花乌龙还是最好喝", stage=Stage.LOYALTY, **GOOD),
        said("3", "这服务可真是太一流了谢谢你们", likes=500, uncertain=True, **GOOD),
        said("4", "做错两次还笑着说系统就这样真好", likes=400, risks=(Risk.SERVICE,), **GOOD),
    ]
    with stored(tmp_path, posts) as store:
        assert [quote.post for quote in report(store).praise] == [posts[1].post.id]


def test_what_came_late_is_told_by_the_next_report(tmp_path: Path) -> None:
    """Posts found after a report was made are in its successor as a number, and so is what was taken away since."""
    yesterday = [said(f"y{n}", f"昨天的抱怨 {n}", hours=30, **BAD) for n in range(30)]
    with stored(tmp_path, yesterday) as store:
        last = decode(encode(report(store, window=DAY.previous)))
        assert report(store, last=last).late is None
        store.put([said(f"l{n}", f"晚到的抱怨 {n}", hours=25, **BAD) for n in range(10)])
        store.put([said("p", "晚到的好评", hours=25, **GOOD)])
        grown = report(store, last=last).late
        again = report(store, window=DAY.previous)
        assert list(every(grown, Figure)) == [again.total, *([again.own.negative.now] if again.own else [])]
        store.forget(author="author-y0")
        shrunk = report(store, last=again).late
        assert report(store).late is None
    assert grown is not None
    assert carried(grown) == "上期截稿后又采到 11 条，自有负面增加 10 条，已计入上期数。"
    assert last.total.value + grown.more == grown.total.value
    assert shrunk is not None
    assert carried(shrunk) == "上期截稿后减少 1 条，自有负面减少 1 条，已计入上期数。"


def test_latency_leaves_out_guessed_publish_times(tmp_path: Path) -> None:
    """A post whose publish time is a guess counts for later stages only."""
    posts = [
        replace(said("1", "一"), judged_at=NOW),
        said("2", "二", published_at=at(20), fetched_at=at(2), published_estimated=True),
    ]
    posts[0] = replace(posts[0], post=replace(posts[0].post, published_at=at(3)))
    with stored(tmp_path, posts) as store:
        first, second, _ = report(store).latency
    assert first.title == "发布 → 最近一次采集"
    assert (first.posts, first.p50, first.p95) == (1, 3600, 3600)
    assert (second.posts, second.p50, second.p95) == (2, 0, 7200)


def test_latency_leaves_out_the_judgements_of_a_replay(tmp_path: Path) -> None:
    """A post that a new model judged days after it was stored counts for the first stage only."""
    posts = [said("1", "一"), said("2", "二")]
    with stored(tmp_path, posts) as store:
        store.put([replace(posts[1], judged_at=NOW + timedelta(days=3))])
        latency = report(store).latency
    assert [stage.posts for stage in latency] == [2, 1, 1]


def test_the_trend_counts_every_post_and_knows_where_collection_began(tmp_path: Path) -> None:
    """The hours of a line sum to its posts, and hours before the first post are not zeros."""
    with stored(tmp_path, day()) as store:
        trend = report(store).trend
    own, rival = trend.lines
    assert (sum(own.all), sum(own.negative), sum(rival.negative)) == (68, 62, 21)
    assert (trend.since, trend.split, trend.first) == (at(48), at(24), at(30))
    assert own.all[46:] == (16, 30)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"hour": 24}, "hour"),
        ({"settle_minutes": 60}, "settle_minutes"),
        ({"name": "Daily/../x"}, "name"),
        ({"recipients": ["boss"]}, "recipients"),
        ({"recipients": ["a@b.c\nBcc: d@e.f"]}, "recipients"),
        ({"title": "战报\nBcc: d@e.f"}, "title"),
        ({"topics": {"异物": '"塑料'}}, "topics"),
        ({"quotes": 9}, "quotes"),
        ({"color": "red"}, "color"),
    ],
)
def test_a_wrong_spec_is_refused_by_name(wrong: dict[str, object], named: str) -> None:
    """Each key that cannot work is named when the settings are read."""
    right = {"name": "daily", "title": "战报", "recipients": ["boss@example.invalid"]}
    adapter = TypeAdapter(DigestSpec)
    assert adapter.validate_python(right).hour == 8
    with pytest.raises(ValidationError, match=named):
        adapter.validate_python({**right, **wrong})


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.integers(0, 23),
)
def test_a_daily_window_is_the_last_whole_one(now: datetime, hour: int) -> None:
    """It ends at the hour of Shanghai, not later than now and less than a day ago, and lasts a day."""
    window = daily_window(replace(SPEC, hour=hour), now)
    assert window.until <= now < window.until + timedelta(days=1)
    assert window.until - window.since == timedelta(days=1)
    local = window.until.astimezone(SHANGHAI)
    assert (local.hour, local.minute, local.second, local.microsecond) == (hour, 0, 0, 0)


def test_a_digest_is_known_by_name_and_window() -> None:
    """The id is the same in any time zone, and another window or name is another digest."""
    abroad = timezone(timedelta(hours=-5))
    moved = Window(DAY.since.astimezone(abroad), DAY.until.astimezone(abroad))
    assert digest_id(SPEC, DAY) == digest_id(SPEC, moved) == "daily-20261120T120000-20261121T120000"
    assert len({digest_id(SPEC, DAY), digest_id(SPEC, DAY.previous), digest_id(replace(SPEC, name="b"), DAY)}) == 3


def test_a_stored_digest_reads_back_whole(tmp_path: Path) -> None:
    """JSON and back gives the same value, so that a mail can be made again from the same words."""
    with stored(tmp_path, day()) as store:
        digest = report(store)
    again = decode(encode(digest))
    assert isinstance(again, Digest)
    assert again == digest
