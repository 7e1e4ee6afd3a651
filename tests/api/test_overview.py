"""The dashboard's figures and markup, as values."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from alerts.alert import CaseState
from alerts.desk import Desk
from alerts.rules import Rule, Severity
from api.cases import CaseFilter
from api.dashboard import cards, charts, coverage, figures
from api.dashboard.case_cards import heading
from api.dashboard.inbox import Pile, Waiting, glimpses, read_inbox, read_pile, recalled
from api.dashboard.overview import Pulse, Span, buckets, read, voices, window
from api.dashboard.search import FACETS, Choice, Reach, ask
from api.dashboard.shell import Wordless
from api.faults import Fault
from api.health import examine
from api.parts import Person, Role
from stream.labels import Health, Risk, SelfHarm, Sentiment, Stage
from stream.labels import Role as SubjectRole
from stream.ports import Unavailable
from stream.query import Hit, Order, PostQuery
from stream.records import Coverage, SourceHealth, Subject
from tests.api.room import SUBJECTS, Failing, Room, story_numbers
from tests.factories import NOW, judged


def hit(native: str, **fields: object) -> Hit:
    """A post as the store gives it back."""
    return Hit(judged(native, **fields), NOW)  # type: ignore[arg-type]


def test_figures_count_own_posts_of_the_window_without_self_harm(api: Room) -> None:
    """Rivals, older posts and self-harm posts are in none of the own brand's figures."""
    api.put(
        judged("1", sentiment=Sentiment.NEGATIVE),
        judged("2"),
        judged("3", subjects=("luyu",), sentiment=Sentiment.NEGATIVE),
        judged("4", published_at=NOW - timedelta(hours=30)),
        judged("5", sentiment=Sentiment.NEGATIVE, self_harm=SelfHarm.CONCERN),
    )
    seen = read(api.parts, Span.DAY)
    assert (seen.posts, seen.negative, seen.posts_before, seen.negative_before) == (2, 1, 1, 0)
    assert [(brand.name, brand.posts, brand.negative) for brand in seen.brands] == [("own", 2, 1), ("luyu", 1, 1)]
    assert sum(bucket.posts for bucket in seen.trend) == 2
    assert len(seen.trend) == 25
    assert [voice.hit.judged.post.native_id for voice in seen.voices] == ["1"]
    assert seen.inbox.open == 1


def test_without_a_brand_of_ours_nobody_elses_posts_are_called_our_own(api: Room) -> None:
    """The figures of our own are zeros and say that no brand of ours is registered; rivals keep theirs."""
    api.put(judged("1", subjects=("luyu",), sentiment=Sentiment.NEGATIVE, risks=(Risk.SAFETY,)))
    parts = api.opened(subjects=SUBJECTS[1:])
    seen = read(parts, Span.DAY)
    assert (seen.posts, seen.posts_before, seen.negative, seen.negative_before) == (0, 0, 0, 0)
    assert (seen.trend, seen.risks, seen.voices) == ((), (), ())
    assert [(brand.name, brand.posts, brand.negative) for brand in seen.brands] == [("luyu", 1, 1)]
    for words in (figures.kpis(seen), cards.voices(seen.voices, parts.subjects, NOW)):
        assert "没有登记自有品牌" in words


def test_every_brand_has_its_figures_however_many_there_are(api: Room) -> None:
    """The brand chart knows no limit below which a subject seems to be silent."""
    many = tuple(Subject(f"s{n}", f"品牌{n}", SubjectRole.COMPETITOR) for n in range(101))
    api.put(*(judged(one.name, subjects=(one.name,), sentiment=Sentiment.NEGATIVE) for one in many))
    seen = read(api.opened(subjects=many), Span.DAY)
    assert {(brand.posts, brand.negative) for brand in seen.brands} == {(1, 1)}


def test_one_reading_serves_everyone_for_a_while(api: Room) -> None:
    """Two pages that look at the same window at the same time share one reading."""
    pulse = Pulse(api.parts)

    async def both() -> bool:
        first, second = await asyncio.gather(pulse.read(Span.DAY), pulse.read(Span.DAY))
        return first is second and await pulse.read(Span.WEEK) is not first

    assert asyncio.run(both())


def test_today_is_held_against_the_same_hours_of_yesterday() -> None:
    """Days begin at midnight in Shanghai."""
    since, before = window(Span.TODAY, datetime(2026, 11, 21, 17, 30, tzinfo=UTC))
    assert since == datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    assert since - before == timedelta(days=1)


def test_reposts_and_near_copies_are_one_voice() -> None:
    """However differently reposts begin, they are one story with what they repost, told by its original; an answer
    tells a story of its own."""
    original = hit("1", fingerprint="f1", published_at=NOW - timedelta(hours=3))
    reposts = [hit(f"r{n}", fingerprint=f"other{n}", parent=original.judged.post.id, quoted="…") for n in range(3)]
    copy, apart = hit("2", fingerprint="f1"), hit("3", fingerprint="f2")
    answer = hit("4", fingerprint="f4", parent=original.judged.post.id)
    told = voices([*reposts, copy, apart, original, answer], story_numbers)
    assert [(voice.hit.judged.post.native_id, voice.copies) for voice in told] == [("2", 4), ("3", 0), ("4", 0)]
    assert told[0].latest == NOW


def test_a_wave_of_reposts_hides_no_other_story(api: Room) -> None:
    """Three other complaints of the day stand beside a story that five hundred spread, and that is counted whole."""
    bad = {"sentiment": Sentiment.NEGATIVE, "subjects": (SUBJECTS[0].name,)}
    root = judged("root", fingerprint="f", published_at=NOW - timedelta(hours=2), **bad)
    spread = {"fingerprint": "f", "parent": root.post.id, "quoted": "…", "published_at": NOW - timedelta(hours=1)}
    wave = [judged(f"r{n}", **spread, **bad) for n in range(500)]
    others = [judged(f"o{n}", fingerprint=f"o{n}", published_at=NOW - timedelta(hours=3), **bad) for n in range(3)]
    api.put(root, *wave, *others)
    told = read(api.parts, Span.DAY).voices
    assert [(voice.hit.judged.post.native_id, voice.copies, voice.whole) for voice in told[:1]] == [("root", 500, True)]
    assert len(told) == 4


def test_fresh_sources_are_not_called_well_where_a_subject_was_not_read_whole(api: Room) -> None:
    """The strip and the figure above say what health and report say of a listing that was kept back."""
    unread = Coverage("云汀茶", Health.BLOCKED, got=0, expected=9, pages=1, subjects=(SUBJECTS[0].name,))
    api.sources[0] = replace(api.sources[0], coverage=(unread,))
    seen = read(api.parts, Span.DAY)
    for words in (figures.kpis(seen), figures.source_strip(seen.health, NOW)):
        assert "没有采全,其空白不代表没有声音" in words
        assert "全部来源采集正常" not in words


def test_hours_without_posts_are_zeros() -> None:
    """The axis has no holes."""
    first = datetime(2026, 11, 21, 1, tzinfo=UTC)
    made = buckets({first: 2, first + timedelta(hours=3): 1}, {first: 1}, timedelta(hours=1))
    assert [(bucket.posts, bucket.negative) for bucket in made] == [(2, 1), (0, 0), (0, 0), (1, 0)]
    assert buckets({}, {}, timedelta(hours=1)) == ()


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_marking_words_loses_and_adds_nothing(text: str, marked: list[str]) -> None:
    """Without its marks, the markup is the escaped text."""
    made = cards.highlighted(text, marked)
    assert made.replace(Markup("<mark>"), "").replace(Markup("</mark>"), "") == escape(text)


@pytest.mark.parametrize(
    ("fields", "long"),
    [
        ({"text": "茶" * 460}, True),
        ({"text": "一行\n" * 7}, True),
        ({"text": "转发微博", "quoted": "茶" * 160}, True),
        ({"text": "茶" * 440, "quoted": "茶" * 150}, False),
        ({"text": "tea " * 200}, False),
    ],
)
def test_only_a_post_that_is_cut_can_be_unfolded(fields: dict[str, str], long: bool) -> None:
    """The words that open a post whole stand where more than a few lines of the widest page are needed."""
    assert ("展开全文" in cards.post(hit("1", **fields), (), NOW)) == long


def test_a_brand_is_not_called_irrelevant() -> None:
    """A stage stands beside the brand where the post has one, and nothing does where it has none."""
    assert "购买" in cards.post(hit("1", stage=Stage.PURCHASE), SUBJECTS, NOW)
    plain = cards.post(hit("1", stage=Stage.NONE), SUBJECTS, NOW)
    assert "云汀茶" in plain
    assert "无关" not in plain


def test_a_subject_that_nothing_follows_is_not_called_whole(api: Room) -> None:
    """Only what has a listing of its own can have been read whole; elsewhere silence says nothing."""
    own, rival = SUBJECTS
    api.sources[0] = replace(
        api.sources[0],
        coverage=(
            Coverage("云汀茶", Health.FRESH, subjects=(own.name,)),
            Coverage("鹿屿", Health.OFF, subjects=(rival.name,)),
            Coverage("", Health.FRESH),
        ),
    )
    told = coverage.subjects(examine(api.parts), SUBJECTS)
    assert told.count("都已读全") == 1
    nothing = '<li class="gl-h-never"><b>{}</b><span>没有为它登记的列表:没有数据不等于没有消息</span></li>'
    assert nothing.format(rival.title) in told
    api.sources.clear()
    empty = coverage.subjects(examine(api.parts), SUBJECTS)
    assert nothing.format(own.title) in empty
    assert nothing.format(rival.title) in empty
    unread = api.opened(health=Failing(Unavailable()).read)
    assert coverage.subjects(examine(unread), SUBJECTS).count("采集状态暂时读不到") == 2


def test_a_post_cannot_bring_its_own_markup() -> None:
    """Text is escaped, and only a web address becomes a link."""
    made = cards.post(hit("1", text="<img src=x onerror=alert(1)>", url="javascript:alert(1)"), (), NOW)
    assert "<img" not in made
    assert "javascript:" not in made


def test_an_exception_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """What NiceGUI logs of a failing page keeps the class and the place only."""
    logger = logging.getLogger("nicegui.under-test")
    logger.addFilter(Wordless())
    try:
        int("帖子里的话")
    except ValueError as error:
        logger.error(error, exc_info=error)  # noqa: TRY400 this is how NiceGUI writes it
    assert "ValueError at test_overview.py" in caplog.text
    assert "帖子里的话" not in caplog.text


def test_unreadable_sources_are_not_no_sources(api: Room) -> None:
    """When the crawl state cannot be read, the strip says so instead of claiming that nothing is registered."""

    def unreadable() -> list[SourceHealth]:
        raise Unavailable

    assert "采集状态现在读不到" in figures.source_strip(examine(api.opened(health=unreadable)), NOW)
    assert "还没有登记任何来源" in figures.source_strip(examine(api.opened(health=list)), NOW)


def test_few_posts_get_no_confident_share(api: Room) -> None:
    """With no posts the card says so instead of 0 %; with few it warns."""
    assert "没有数据,不等于没有负面" in figures.kpis(read(api.parts, Span.DAY))
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    assert "样本太少" in figures.kpis(read(api.parts, Span.DAY))


def test_the_inbox_shows_what_a_case_rests_on(api: Room) -> None:
    """The newest original speaks for a case; care cases are not among them."""
    original = judged("1", sentiment=Sentiment.NEGATIVE, text="原话")
    api.put(
        original,
        judged("2", sentiment=Sentiment.NEGATIVE, text="转发微博", parent=original.post.id, quoted="原话"),
        judged("3", self_harm=SelfHarm.CRISIS, sentiment=Sentiment.NEGATIVE),
    )
    inbox = read_inbox(api.parts)
    assert [(one.evidence, one.lead) for one in inbox.shown] == [(2, "原话")]


def test_a_list_says_what_its_cases_rest_on(api: Room) -> None:
    """Those that wait and are no care cases, and only as long as the store has the post; the list itself needs none."""
    api.put(
        complaint := judged("1", sentiment=Sentiment.NEGATIVE, text="喝出钢丝"),
        judged("2", self_harm=SelfHarm.CRISIS, sentiment=Sentiment.NEGATIVE),
    )
    guardian = Person("周宁", frozenset({Role.GUARDIAN}))
    piles = [read_pile(api.parts, guardian, CaseFilter(care=care)) for care in (False, True)]
    assert [one.lead for pile in piles for one in pile.shown] == ["", ""]
    known = glimpses(api.parts, piles)
    shown = [recalled(pile, known).shown for pile in piles]
    assert [(one.evidence, one.lead) for pile in shown for one in pile] == [(1, "喝出钢丝"), (None, "")]
    (case,) = [one.case for one in piles[0].shown]
    taken = replace(piles[0], shown=(Waiting(api.parts.book.acknowledge(case.alert.id, "林静", NOW)),))
    assert [(one.case.state, one.lead) for one in recalled(taken, known).shown] == [("acknowledged", "喝出钢丝")]
    api.parts.store.put([replace(complaint, post=replace(complaint.post, text="", deleted=True))])
    assert [one.lead for one in glimpses(api.parts, piles).values()] == [""]
    away = api.opened(store=Failing(Unavailable()))
    assert [one.case.alert.id for one in read_pile(away, guardian, CaseFilter()).shown] == [case.alert.id]


def test_the_inbox_puts_the_grave_first(api: Room) -> None:
    """A grave case stands above any number of newer, lesser ones, and every one of them is counted."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE, published_at=NOW - timedelta(hours=9)))
    lesser = Rule(name="own", title="自有品牌:提及", severity=Severity.NOTICE, channels=("desk",))
    mentions = [judged(f"m{hours}", published_at=NOW - timedelta(hours=hours)) for hours in range(6)]
    Desk((lesser,), SUBJECTS, api.parts.book, lambda: NOW + timedelta(minutes=5))(mentions)
    inbox = read_inbox(api.parts)
    assert [one.case.alert.severity for one in inbox.shown] == [Severity.CRITICAL, *[Severity.NOTICE] * 3]
    assert (inbox.open, inbox.oldest) == (7, NOW)


def test_whoever_waits_for_an_answer_stands_above_the_graver_who_has_one(api: Room) -> None:
    """Also on a list too short for all, which says how many are left out; an analyst is not even told that."""
    api.put(judged("1", self_harm=SelfHarm.CRISIS), judged("2", self_harm=SelfHarm.CONCERN))
    (crisis,) = [one for one in api.parts.book.list_cases(care=True) if one.alert.level is SelfHarm.CRISIS]
    api.parts.book.acknowledge(crisis.alert.id, "周宁", NOW)
    guardian, states = Person("周宁", frozenset({Role.GUARDIAN})), [CaseState.OPEN, CaseState.ACKNOWLEDGED]
    for limit, levels, more in ((9, ["concern", "crisis"], 0), (1, ["concern"], 1)):
        asked = CaseFilter(care=True, states=states, limit=limit)
        pile = read_pile(api.parts, guardian, asked)
        assert ([str(one.case.alert.level) for one in pile.shown], pile.more) == (levels, more)
        assert read_pile(api.parts, Person("林静"), asked) == Pile(())


def test_a_case_card_does_not_age(api: Room) -> None:
    """A card that hangs on a wall for hours tells when the alert was raised, not how long ago that was once."""
    api.put(judged("1", self_harm=SelfHarm.CRISIS))
    waiting = Waiting(api.parts.book.list_cases(care=True)[0])
    card = heading(waiting, (), NOW, linked=False)
    assert "<span>11-21 12:00 预警</span>" in card
    assert "刚刚" not in card
    assert "<span>2026-11-21 12:00 预警</span>" in heading(waiting, (), NOW + timedelta(days=365), linked=False)


def test_even_a_guardian_picks_self_harm_before_seeing_it(api: Room) -> None:
    """The search page shows such posts, and audits them, only when the level was picked; analysts have no such
    choice, and are refused where an address makes it."""
    quiet = judged("q", self_harm=SelfHarm.CRISIS)
    api.put(quiet, judged("1"))
    guardian = Person("周宁", frozenset({Role.GUARDIAN}))
    found = ask(api.parts, guardian, Choice())
    assert [hit.judged.post.native_id for hit in found.page.hits] == ["1"]
    assert api.parts.book.looks(quiet.post.id) == ()
    by, levels = found.counts[-1]
    assert [(level.value, level.posts) for level in levels] == [("crisis", 1)]
    picked = ask(api.parts, guardian, Choice().toggled(by, "crisis"))
    assert [hit.judged.post.native_id for hit in picked.page.hits] == ["q"]
    assert [look.by for look in api.parts.book.looks(quiet.post.id)] == ["周宁"]
    with pytest.raises(Fault, match="只有守护人能看"):
        ask(api.parts, Person("林静"), Choice().toggled(by, "crisis"))
    analyst = ask(api.parts, Person("林静"), Choice())
    assert "self_harm" not in {narrowing.name for narrowing, _ in analyst.counts}


def test_what_was_searched_for_is_marked(api: Room) -> None:
    """Found words are marked as they are written, in every part; operators and what follows NOT are not."""
    api.put(judged("1", title="桂花", text="New-York的<桂花>没有广告", quoted="桂花"))
    found = ask(api.parts, Person("林静"), Choice(PostQuery(text='桂花 OR "new york" NOT 钢丝')))
    made = cards.post(found.page.hits[0], (), NOW)
    assert made.count("<mark>桂花</mark>") == 3
    assert "<mark>New-York</mark>的&lt;<mark>桂花</mark>&gt;没有广告" in made


def test_a_choice_survives_its_address() -> None:
    """Picking a value twice unpicks it; the address names words, values, reach and order; the export has no reach."""
    picked = Choice(PostQuery(text="钢丝", order=Order.RELEVANCE), Reach.DAY).toggled(FACETS[0], "negative")
    assert picked.query.sentiments == (Sentiment.NEGATIVE,)
    assert picked.address() == "sentiments=negative&text=%E9%92%A2%E4%B8%9D&order=relevance&reach=24h"
    assert "since=2026-11-20T04%3A00%3A00%2B00%3A00" in picked.export(NOW)
    assert "order" not in picked.export(NOW)
    assert picked.toggled(FACETS[0], "negative").query.sentiments == ()


def test_a_shared_window_stays_in_the_address_and_the_export() -> None:
    """Who was sent a link to January exports January, also after picking something."""
    january = Choice(PostQuery(since=NOW - timedelta(days=40), until=NOW - timedelta(days=9)))
    for query in (january.toggled(FACETS[0], "negative").address(), january.export(NOW)):
        assert "since=2026-10-12" in query
        assert "until=2026-11-12" in query


def test_a_reach_takes_the_place_of_a_window() -> None:
    """Whoever was sent a link to January and picks 7 天 asks for the last week, and no longer for January's end; with
    全部时间, for everything."""
    january = Choice(PostQuery(text="钢丝", since=NOW - timedelta(days=40), until=NOW - timedelta(days=9)))
    week = january.reaching(Reach.WEEK)
    assert (week.at(NOW).since, week.at(NOW).until) == (NOW - timedelta(days=7), None)
    assert january.reaching(Reach.ALL) == Choice(PostQuery(text="钢丝")) != january


def test_every_condition_beside_the_facets_is_named_and_can_be_taken_back() -> None:
    """Sources, self-harm, author, story and window come as words, each with what takes it back; then none is left."""
    asked = Choice(
        PostQuery(
            sources=("weibo-yunting", "heimao"),
            self_harm=(SelfHarm.CRISIS,),
            fingerprint="f1",
            author="0123456789",
            since=NOW - timedelta(days=40),
            until=NOW - timedelta(days=9),
        )
    )
    said = [words for words, _ in asked.besides()]
    window = "发布于 2026-10-12 12:00 起、2026-11-12 12:00 前"
    assert said == ["来源 weibo-yunting", "来源 heimao", "自伤风险 危机", "同一故事", "作者 012345", window]
    for words in said:
        without = asked.asking(**dict(asked.besides())[words])
        assert [one for one, _ in without.besides()] == [one for one, _ in asked.besides() if one != words]
        asked = without
    assert asked == Choice()


def test_what_was_picked_is_counted_even_where_it_has_no_place(api: Room) -> None:
    """A picked value without posts, or beyond the first dozen, stands among the values with its true count."""
    api.put(*(judged(f"{n}-{copy}", platform=f"p{n:02}") for n in range(13) for copy in range(13 - n)))
    facet = next(by for by in FACETS if by.name == "platforms")
    found = ask(api.parts, Person("林静"), Choice().toggled(facet, "p12").toggled(facet, "nowhere"))
    counts = {one.value: one.posts for one in dict(found.counts)[facet]}
    assert len(counts) == 14
    assert (counts["p00"], counts["p12"], counts["nowhere"]) == (13, 1, 0)


@pytest.mark.parametrize("span", list(Span))
def test_charts_have_as_many_points_as_names(api: Room, span: Span) -> None:
    """Every series of a chart is as long as its axis."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE), judged("2", subjects=("luyu",)))
    seen = read(api.parts, span)
    for chart, axis in ((charts.trend(seen.trend), "xAxis"), (charts.brands(seen.brands), "yAxis")):
        assert {len(series["data"]) for series in chart["series"]} == {len(chart[axis]["data"])}
