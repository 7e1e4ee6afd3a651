"""Tests of the judge and of the guard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.guard import Guard
from models.judge import Judge
from models.lexicon import LexiconClassifier
from models.stories import group
from models.subjects import SubjectFinder
from stream.labels import Risk, Role, SelfHarm, Sentiment
from stream.records import Judgement, Post, Subject
from tests.factories import NOW, judgement, post

LATER = datetime(2026, 11, 21, 4, 0, 5, tzinfo=UTC)
LEXICON = LexiconClassifier()
FINDER = SubjectFinder((Subject("yunting", "云汀茶", Role.OWN),))
COMPLAINT = "云汀茶的桂花乌龙里喝出一根钢丝，店员态度恶劣，太差了，我要打12315投诉"


class Counting:
    """The lexicon, remembering what it was asked."""

    revision = LEXICON.revision

    def __init__(self) -> None:
        self.asked: list[str] = []

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """As the lexicon does."""
        self.asked += texts
        return LEXICON.classify(texts)


class Fixed:
    """A model that says the same of everything."""

    def __init__(self, said: Judgement) -> None:
        self.revision = said.revision
        self._said = said

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """The one judgement for each."""
        return [self._said for _ in texts]


def judged(*posts: Post, classifier: Counting | None = None) -> list[tuple[Judgement, tuple[str, ...], str]]:
    """What the judge says of posts."""
    judge = Judge(classifier or Counting(), FINDER, lambda: LATER)
    return [(j.judgement, j.subjects, j.fingerprint) for j in judge(posts, [NOW] * len(posts))]


def test_a_cry_that_a_repost_carries_along_counts_as_its_self_harm_and_as_nothing_else() -> None:
    """Whoever wrote it may have been found nowhere else, and the words are shown with the repost; its own words alone
    decide all other heads, and a company's answer in an import is no repost."""
    cry, thanks = "我不想活了，遗书写好了", "转发微博"
    judge = Judge(Counting(), FINDER, lambda: LATER)
    bare, between, own, root, answer = judge(
        [
            post("1", text=thanks, quoted=cry, parent="weibo-9"),
            post("5", text=thanks, quoted=f"@小禾:{cry}\n今天下雨", parent="weibo-9"),
            post("2", text="我也不想活了", quoted=cry, parent="weibo-9"),
            post("3", text=COMPLAINT, quoted=COMPLAINT, parent="weibo-8"),
            post("4", text=COMPLAINT, quoted="我不想活了"),
        ],
        [NOW] * 5,
    )
    assert (between.judgement.self_harm, between.echo) == (SelfHarm.CRISIS, False)
    assert (bare.judgement.self_harm, bare.echo) == (SelfHarm.CRISIS, True)
    assert (bare.judgement.sentiment, bare.judgement.risks) == (Sentiment.NEUTRAL, ())
    assert own.judgement.self_harm is not SelfHarm.NONE
    assert not own.echo
    assert (root.judgement.self_harm, root.echo) == (SelfHarm.NONE, False)
    assert answer.judgement.self_harm is SelfHarm.NONE


def test_what_many_carry_along_is_judged_once() -> None:
    """Five hundred reposts of a post cost one judgement more than the post."""
    classifier = Counting()
    reposts = [post(str(n), text="转发微博", quoted="@小禾:早上好", parent="weibo-9") for n in range(500)]
    judged(*reposts, classifier=classifier)
    assert len(classifier.asked) == 2


def test_a_tombstone_says_nothing() -> None:
    """A deleted post is not put before the classifier, whatever words it still carries; its neighbours are judged."""
    classifier = Counting()
    gone = post("1", text=COMPLAINT, target="云汀茶", deleted=True)
    (silent, about, sketch), (other, *_) = judged(gone, post("2", text=COMPLAINT), classifier=classifier)
    assert classifier.asked == [COMPLAINT]
    assert (silent.sentiment, silent.risks, silent.self_harm) == (Sentiment.NEUTRAL, (), SelfHarm.NONE)
    assert silent.revision == LEXICON.revision
    assert not silent.uncertain
    assert about == ()
    assert sketch
    assert other.risks
    classifier.asked.clear()
    assert judged(gone, classifier=classifier)[0][0] == silent
    assert classifier.asked == []


def test_each_post_keeps_its_place_and_times() -> None:
    """Same length and order, with the time it was logged and the clock's time."""
    posts = [post("1"), post("2", text=COMPLAINT), post("3", text="")]
    times = [NOW, LATER, NOW]
    made = Judge(LEXICON, FINDER, lambda: LATER)(posts, times)
    assert [j.post for j in made] == posts
    assert [j.logged_at for j in made] == times
    assert {j.judged_at for j in made} == {LATER}
    assert all(j.fingerprint for j in made)
    assert made[1].subjects == ("yunting",)
    assert Judge(LEXICON, FINDER, lambda: LATER)([], []) == []


def test_equal_texts_are_judged_once() -> None:
    """A hundred copies in a batch cost one judgement and get the same."""
    classifier = Counting()
    made = judged(*(post(str(n), text=COMPLAINT) for n in range(100)), classifier=classifier)
    assert classifier.asked == [COMPLAINT]
    assert len(set(made)) == 1


@pytest.mark.parametrize("text", ["转发微博", "https://t.cn/a1", "分享图片"])
def test_a_title_speaks_where_the_text_says_nothing(text: str) -> None:
    """What feeds and forums give as a title above a bare link is the author's word; a bare repost has none."""
    ((said, _, _),) = judged(post("1", title="奶茶里喝出钢丝", text=text))
    assert Risk.SAFETY in said.risks
    ((silent, _, _),) = judged(post("1", text=text))
    assert silent.risks == ()


def test_title_and_own_words_are_judged_together_and_once() -> None:
    """A title counts; a title that the text repeats is not said twice."""
    classifier = Counting()
    judged(
        post("1", title="喝出钢丝", text="太吓人了"), post("2", title="太吓", text="太吓人了"), classifier=classifier
    )
    assert classifier.asked == ["喝出钢丝\n太吓人了", "太吓人了"]


def test_a_bare_repost_is_neutral_but_joins_the_story_and_the_subject() -> None:
    """Passing a complaint on is no complaint of one's own, yet it spreads the story about the brand."""
    root, bare, chained = judged(
        post("1", text=COMPLAINT),
        post("2", text="转发微博", quoted=COMPLAINT, parent="weibo-1"),
        post("3", text="", quoted=f"@路人:转发微博//@某某:太过分\n{COMPLAINT}"),
    )
    assert root[0].sentiment is Sentiment.NEGATIVE
    assert Risk.ESCALATION in root[0].risks
    for judgement_, subjects, _ in (bare, chained):
        assert judgement_.sentiment is Sentiment.NEUTRAL
        assert judgement_.risks == ()
        assert subjects == ("yunting",)
    assert len(set(group([root[2], bare[2], chained[2]]))) == 1


def test_a_repost_with_words_is_judged_by_its_own() -> None:
    """A remark is judged as a remark, and the quoted complaint adds nothing to it."""
    (remark,) = judged(post("1", text="支持，加油，太好了", quoted=COMPLAINT))
    assert remark[0].sentiment is Sentiment.POSITIVE
    assert remark[0].risks == ()


def test_a_companys_answer_makes_no_copies_of_the_complaints_above_it() -> None:
    """Complaints of an import that got one answer are as many voices as they were; a repost still joins its root."""
    answer = "您好，您的投诉已收到，我局已转交企业处理，企业表示将尽快与您联系并协商解决，感谢您的监督"
    complaints = ("套餐退款三周没到", "充电宝鼓包", "预付卡闭店")
    prints = [sketch for _, _, sketch in judged(*(post(text, text=text, quoted=answer) for text in complaints))]
    assert len(set(group(prints))) == 3
    reposts = [post(text, text=text, quoted=COMPLAINT, parent="weibo-1") for text in complaints]
    assert len(set(group([sketch for _, _, sketch in judged(*reposts)]))) == 1


def test_a_link_before_a_repost_mark_hides_no_remark() -> None:
    """Whoever adds more than a passing remark and a link says something new; the root's words are not taken for his."""
    remark = "我在隔壁那家分店也遇到过，当时他们赔了一杯 http://t.cn/A6abc"
    (_, _, alone), *passed_on = judged(
        post("1", text=remark),
        post("2", text=remark, quoted=COMPLAINT, parent="weibo-9"),
        post("3", text=f"{remark}//@李四:{COMPLAINT}"),
    )
    assert [sketch for _, _, sketch in passed_on] == [alone, alone]


def test_the_guard_hears_the_words_right_behind_a_mention() -> None:
    """Safety and self-harm in what a mention swallowed are found, and doubted; the rest of the judgement stays."""
    guard = Guard(Counting(), LEXICON)
    hurt, despair = guard.classify(["@云汀茶奶茶里喝出蟑螂孩子上吐下泻住院了", "@妈妈我真的活不下去了对不起"])
    assert Risk.SAFETY in hurt.risks
    assert hurt.uncertain
    assert hurt.sentiment is LEXICON.classify(["@"])[0].sentiment
    assert hurt.revision == guard.revision
    assert despair.self_harm is not SelfHarm.NONE


def test_only_a_text_whose_mention_swallowed_words_is_read_twice() -> None:
    """One more reading in the same call for it, none for a name that ends, and every judgement keeps its place."""
    model = Counting()
    texts = ["@小禾 好喝", COMPLAINT, "@云汀茶奶茶里喝出蟑螂了[怒]", "谢谢@云汀茶官方旗舰店", "@小禾", "@小禾 @阿青"]
    made = Guard(model, LEXICON).classify(texts)
    assert model.asked == [*texts, " 云汀茶奶茶里喝出蟑螂了[怒]"]
    assert [Risk.SAFETY in judgement.risks for judgement in made] == [False, True, True, False, False, False]


def test_the_guard_takes_the_higher_of_two_where_a_miss_costs_most() -> None:
    """Safety, escalation and self-harm come from whoever sees more; sentiment and stage from the model."""
    model = Fixed(judgement(Sentiment.POSITIVE, risks=(Risk.QUALITY,), revision="model-1"))
    lexicon = Fixed(
        judgement(
            Sentiment.NEGATIVE,
            risks=(Risk.SAFETY, Risk.ABUSE, Risk.ESCALATION),
            self_harm=SelfHarm.CRISIS,
            revision="lexicon-1",
        )
    )
    (both,) = Guard(model, lexicon).classify(["text"])
    assert both.sentiment is Sentiment.POSITIVE
    assert both.risks == (Risk.SAFETY, Risk.QUALITY, Risk.ESCALATION)
    assert [both.risk_probs[list(Risk).index(risk)] for risk in (Risk.SAFETY, Risk.ESCALATION)] == [0.9, 0.9]
    assert both.self_harm is SelfHarm.CRISIS
    assert both.self_harm_probs == (0.05, 0.05, 0.9)
    assert both.uncertain
    assert both.revision == "model-1+lexicon-1"


def test_the_guard_leaves_the_other_risks_to_the_model() -> None:
    """A risk that the model sees alone stands as it said, one that only the lexicon sees does not stand."""
    said = judgement(risks=(Risk.QUALITY,), revision="model-1")
    lexicon = Fixed(judgement(risks=(Risk.ABUSE,), revision="lexicon-1"))
    (both,) = Guard(Fixed(said), lexicon).classify(["text"])
    assert both.risk_probs == said.risk_probs
    assert both.risks == (Risk.QUALITY,)
    assert both.uncertain == said.uncertain


def test_the_guard_never_lowers_what_the_model_saw_of_danger() -> None:
    """A lexicon that sees nothing takes neither safety nor a self-harm level away."""
    said = judgement(risks=(Risk.SAFETY,), self_harm=SelfHarm.CONCERN, revision="model-1")
    (both,) = Guard(Fixed(said), Fixed(judgement(revision="lexicon-1"))).classify(["text"])
    assert both.risks == (Risk.SAFETY,)
    assert both.risk_probs == pytest.approx(said.risk_probs)
    assert (both.self_harm, both.self_harm_probs) == (said.self_harm, said.self_harm_probs)


def test_a_guard_of_two_lexicons_says_what_one_says() -> None:
    """With itself behind it, a classifier's judgements stay."""
    texts = [COMPLAINT, "", "这家店真好吃"]
    guarded = Guard(LEXICON, LEXICON).classify(texts)
    for both, alone in zip(guarded, LEXICON.classify(texts), strict=True):
        assert both.risk_probs == pytest.approx(alone.risk_probs, abs=1e-4)
        assert replace(both, revision=alone.revision, risk_probs=alone.risk_probs) == alone
