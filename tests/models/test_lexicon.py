"""Tests of the judge that knows words only."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lexicon import LexiconClassifier
from models.vocabulary import WORDS
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured
from stream.records import Judgement

LEXICON = LexiconClassifier()
ANY = st.text(alphabet=st.characters(), max_size=120) | st.text(
    alphabet="不没太想死自杀好吃差退款投诉12345，。！?#[]\ud800 ", max_size=60
)


def judge(text: str) -> Judgement:
    """One text's judgement."""
    return LEXICON.classify([text])[0]


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("云汀茶的新品太好喝了，强烈推荐！", Sentiment.POSITIVE),
        ("服务态度很好，房间干净，下次还来", Sentiment.POSITIVE),
        ("质量太差了，再也不会买，垃圾", Sentiment.NEGATIVE),
        ("怎么还不发货？都等了一个星期了", Sentiment.NEGATIVE),
        ("一点都不好吃，服务也不热情", Sentiment.NEGATIVE),
        ("请问这款手机支持无线充电吗？", Sentiment.NEUTRAL),
        ("据报道，该公司近日发布公告", Sentiment.NEUTRAL),
    ],
)
def test_sentiment_is_what_the_writer_means(text: str, sentiment: Sentiment) -> None:
    """Praise, complaint, complaint as a question, negated praise, question and news each find their sentiment."""
    assert judge(text).sentiment is sentiment


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("喝到一半喝出一根钢丝，太吓人了", Risk.SAFETY),
        ("充电的时候突然起火，手被烫伤", Risk.SAFETY),
        ("用了三天屏幕就坏了，质量太差", Risk.QUALITY),
        ("店员态度恶劣，打客服电话没人接", Risk.SERVICE),
        ("等了两个小时外卖才送到，催单也没用", Risk.FULFILMENT),
        ("商家不退款，申请退货被拒绝", Risk.REFUND),
        ("物业乱收费，停车费说涨就涨", Risk.PRICING),
        ("买到假货了，骗子商家虚假宣传", Risk.DECEPTION),
        ("办完卡天天接到骚扰电话，个人信息泄露了", Risk.PRIVACY),
        ("我要打12315投诉，再不处理就找律师起诉", Risk.ESCALATION),
        ("傻逼吧你，脑残", Risk.ABUSE),
    ],
)
def test_each_risk_is_found_by_its_words(text: str, risk: Risk) -> None:
    """A plain complaint of each kind carries that kind."""
    assert risk in judge(text).risks


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("请问新款什么时候上市，准备买，配置怎么样？", Stage.PRESALE),
        ("下单一周了还没发货，快递也查不到", Stage.PURCHASE),
        ("昨天入住这家酒店，房间隔音不好，早餐还可以", Stage.USE),
        ("申请退货退款，客服一直拖着不处理", Stage.AFTERSALES),
        ("今天和男朋友分手了，一直在哭", Stage.NONE),
    ],
)
def test_each_stage_is_found_by_its_words(text: str, stage: Stage) -> None:
    """Where the customer stands shows in the words; loyalty is too rare to promise."""
    assert judge(text).stage is stage


@pytest.mark.parametrize(
    "text",
    [
        "这个视频笑死我了哈哈哈",
        "今天加班累死了",
        "外卖还不来我要饿死了",
        "气死我了，排队两个小时",
        "想死你了宝贝，什么时候回来呀",
        "这家的蛋糕香死了，好吃到哭",
        "这衣服丑死了，退货！",
        "公司这波自杀式降价看不懂",
        "热死了热死了，空调坏了",
        "电脑又死机了，真是无语",
        "这个角色社死现场太好笑了",
        "手机死贵，打死也不买",
        "困死了，困得要死",
        "姐姐太美了，美死",
        "看得我馋死了",
        "尴尬死了，认错人了",
        "冷死了，这家还难吃死了",
        "哈哈哈笑不活了家人们",
        "没有空调的夏天我真的活不下去了哈哈",
        "没有奶茶我活不下去了",
        "今天加班加到想死哈哈",
        "这个bug修得我想跳楼",
        "老板跳楼大甩卖，最后三天",
        "昨晚看的电影男主最后自杀了，哭惨我了",
        "记者从警方获悉，一男子跳楼身亡",
        "我不想活成别人期待的样子",
        "秋天去跳广场舞",
        "明天想4点起床赶飞机",
        "王者荣耀这农药真上头",
        "你怎么不去死啊，垃圾主播",
        "划手机划得眼睛疼",
        "刷卡还要划手续费",
        "这剧情磕死我了",
        "我好想死党们啊",
        "世界杯再见了，四年后再来",
        "昨晚循环《告别世界》，编曲真好",
        "地铁一号线有人卧轨，全线停运",
        "周末去跳崖瀑布玩",
        "别担心，我不想自杀",
    ],
)
def test_idioms_of_death_are_no_danger(text: str) -> None:
    """Hyperbole and set phrases never raise a self-harm level, nor a safety risk."""
    judgement = judge(text)
    assert judgement.self_harm is SelfHarm.NONE
    assert Risk.SAFETY not in judgement.risks


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("我真的好累，不想活了", SelfHarm.CONCERN),
        ("每天都好痛苦，觉得自己活着没有意义，好想消失", SelfHarm.CONCERN),
        ("遗书写好了，今晚就去跳楼，再见了", SelfHarm.CRISIS),
        ("我想自杀，安眠药已经准备好了", SelfHarm.CRISIS),
        ("我想自sha", SelfHarm.CRISIS),
        ("打算下周去跳江", SelfHarm.CRISIS),
    ],
)
def test_a_person_in_danger_is_seen(text: str, level: SelfHarm) -> None:
    """Passive wishes are concern; intent, means and goodbyes are crisis."""
    assert judge(text).self_harm is level


@pytest.mark.parametrize(
    "text",
    [
        *(
            "我不想活了",
            "有时候就不想活了",
            "要是明天不用醒过来就好了",
            "我想死",
            "我也想死",
            "就想死",
            "真的好想死",
            "我真的想死",
            "不想再活下去了",
            "我活不下去了",
        ),
        *("想自 杀", "要怎么zisha才不疼", "想4了", "好想4", "想重开算了", "想紫砂", "🔪已经买好了，今晚就划手腕"),
        *("遗书写好了，放在抽屉里", "昨天割腕了", "又忍不住自残了，手臂上全是伤", "攒的药都吞了", "吞药会不会很疼"),
        *("如果我死了会有人难过吗", "世界没有我会更好", "好想永远睡过去不再醒来", "有没有一起死的", "求死"),
        *("室友说她要自杀，我该怎么办", "我妹妹说不想活了，我很担心", "站在楼顶，一跃而下就结束了", "永别了"),
    ],
)
def test_no_sign_of_danger_is_missed(text: str) -> None:
    """Bare wishes whatever stands before them, spellings that hide, means, past injury, worry about someone."""
    assert judge(text).self_harm is not SelfHarm.NONE


@pytest.mark.parametrize("cry", ["我不想活了", "真的不想活了", "遗书写好了", "活着没意思"])
@pytest.mark.parametrize(
    "complaint",
    [
        "开发商跑路三年，物业说找公司，公司说找政府",
        "手机维修要八百，客服让找快递，快递让找卖家",
        "外卖又被投诉，老板扣了我两百，司机群都在骂",
        "记者来过，警方也立案了，股票的钱还是回不来",
    ],
)
def test_a_plain_cry_is_heard_in_any_complaint(cry: str, complaint: str) -> None:
    """However many words of companies stand around it, before it or behind it, a clause that is a cry is one."""
    assert judge(f"{complaint}，{cry}").self_harm is not SelfHarm.NONE
    assert judge(f"{cry}。{complaint * 3}").self_harm is not SelfHarm.NONE


def test_the_highest_level_of_any_clause_is_the_posts() -> None:
    """Much sadness around it makes no concern of a goodbye."""
    assert judge("每天都好痛苦，活着没有意义，好想消失。客服也不理我。遗书写好了").self_harm is SelfHarm.CRISIS


@pytest.mark.parametrize(
    "cry",
    ["今晚就从楼上跳下去", "遗书放在桌上了", "现在就在桥上，跳下去就结束了"],
)
def test_a_cry_without_i_is_heard_behind_an_ordinary_day(cry: str) -> None:
    """A clause that names the end and nothing of others needs no "I" to be heard among other sentences."""
    day = "和同事去吃了新出的桂花乌龙，排队排了半个小时，店员态度一般，杯子有点漏。下午开会，老板又说了一堆废话。"
    assert judge(f"{day}{cry}。").self_harm is not SelfHarm.NONE
    assert judge(day).self_harm is SelfHarm.NONE


@pytest.mark.parametrize(
    "text",
    [
        "孩子喝完奶茶中毒送医院洗胃了，店家不承认",
        "喝出刀片，划手流血",
        "茶叶检出百草枯，农药残留",
        "纸杯边缘割手",
        "整盒药都过期了",
        "洗衣液一瓶药味",
        "遗书这部剧好看",
    ],
)
def test_harm_that_a_product_did_is_no_harm_to_oneself(text: str) -> None:
    """Poison, cuts and pills in a complaint stay with those who handle complaints."""
    assert judge(text).self_harm is SelfHarm.NONE


@pytest.mark.parametrize(
    "text", ["不/想/活/了", "不*想*活*了", "我·想·死", "今天也是 不 想 活 了", "想【死】", "割/腕"]
)
def test_a_cry_broken_up_to_pass_a_filter_is_heard(text: str) -> None:
    """What stands between its characters hides no cry."""
    assert judge(text).self_harm is not SelfHarm.NONE


@pytest.mark.parametrize("text", ["苹果/香蕉/死亡之海", "爱·与·死", "黑死病/不想/活动"])
def test_lists_and_titles_are_no_cry(text: str) -> None:
    """What is joined by strokes and dots on any day stays as harmless as it was."""
    assert judge(text).self_harm is SelfHarm.NONE


@pytest.mark.parametrize(
    "text",
    [
        "吃了100片扑热息痛",
        "舍曲林吞了半盒",
        "再不给说法我就喝药",
        "不想huo了",
        "huo着好累",
        "喝农yao了",
        "想噶腕",
        "看到这条微博的时候我已经不在人世了",
        "想睡一个不用醒的觉",
        "再也不想睁开眼睛了",
        "I don't want to live anymore",
        "楼主你别想不开啊",
    ],
)
def test_half_spelt_english_and_quiet_goodbyes_are_heard(text: str) -> None:
    """Spellings that slip past a filter, pills by number or name, goodbyes without a word of death."""
    assert judge(text).self_harm is not SelfHarm.NONE


@pytest.mark.parametrize(
    "text", ["再不退钱,12315见", "等着,黑猫见", "等着收律师函吧", "不退款就315见", "等着上315吧", "12345见"]
)
def test_a_threat_of_a_few_words_is_one(text: str) -> None:
    """Who names the place where we shall meet means it; the evening show of the same number is no threat."""
    assert Risk.ESCALATION in judge(text).risks
    assert Risk.ESCALATION not in judge("今年315晚会几点开始").risks


@pytest.mark.parametrize("text", ["@妈妈我不想活了", "@小禾我真的想死", "看过了＠阿青我要自杀了"])
def test_words_behind_a_mention_are_heard(text: str) -> None:
    """Without a space nobody can tell where a name ends, so a cry behind it counts; a name alone is none."""
    assert judge(text).self_harm is not SelfHarm.NONE
    assert judge("@妈妈 今天的奶茶好喝").self_harm is SelfHarm.NONE
    assert judge("@每天都想死的猫 同意").sentiment == judge("@小禾 同意").sentiment


def test_the_lexicon_alone_hears_what_a_mention_swallowed() -> None:
    """Without a network, danger and escalation right behind a name are found as well."""
    assert Risk.SAFETY in judge("@云汀茶奶茶里喝出蟑螂孩子上吐下泻住院了").risks
    assert Risk.ESCALATION in judge("求曝光 @云汀茶官方不退钱我已经打12315投诉了").risks
    assert judge("@妈妈我真的活不下去了，对不起").self_harm is not SelfHarm.NONE


def test_a_link_swallows_no_words() -> None:
    """What follows a link behind a full-width comma counts, with a mention in the post and without one."""
    assert Risk.ESCALATION in judge("http://t.cn/A6abc，我要打12315投诉").risks
    assert judge("http://t.cn/A6abc，s了算了").self_harm == judge("s了算了").self_harm is not SelfHarm.NONE
    assert judge("@小禾 http://t.cn/A6abc，s了算了").self_harm is not SelfHarm.NONE


@pytest.mark.parametrize("text", ["忍不住想死", "夜里睡不着，也睡不着想跳楼", "时不时就想自杀", "没房子想跳楼"])
def test_a_negation_that_belongs_to_another_word_silences_nothing(text: str) -> None:
    """The 不 of 忍不住 denies no wish to die; a wish is denied right before it."""
    assert judge(text).self_harm is not SelfHarm.NONE
    assert judge("我不会自杀").self_harm is SelfHarm.NONE


@pytest.mark.parametrize(
    "text",
    [
        *("我好想zs", "真想si啊", "今天也想💀", "真的buxianghuole", "自鲨要怎么做", "这么多紫砂会不会很痛"),
        *(
            "刚喝了一口敌敌畏",
            "三十片阿普唑仑够不够",
            "一整板药都吃光，整板都吃了",
            "木炭和胶带都在车上",
            "绳子昨天买好了",
        ),
        *(
            "等你看到这条，我已经不在了",
            "过了今晚就没有我了",
            "来世再做你的孩子",
            "宁愿一觉不醒",
            "早上不想醒过来，不想再醒",
        ),
        *("钱不还我就死给你们看", "逼死我算了", "我现在死路一条", "真想一死了之"),
    ],
)
def test_hidden_spellings_means_and_goodbyes_are_seen(text: str) -> None:
    """Letters and pictures for the word, what has been bought or taken, last messages and threats against oneself."""
    assert judge(text).self_harm is not SelfHarm.NONE


@pytest.mark.parametrize(
    "text",
    [
        *(
            "演技炸裂",
            "知识爆炸的年代",
            "好喝到爆炸",
            "颜值超标的杯子",
            "米老鼠书包到了",
            "说得喉咙冒烟",
            "会员过期了要续",
        ),
        *(
            "看完情绪失控",
            "喝出健康",
            "追尾剧去了",
            "外壳是防漏电的",
            "这首歌听中毒了",
            "天天追律师剧",
            "门口有家黑猫咖啡",
        ),
    ],
)
def test_slang_and_set_phrases_are_no_accident(text: str) -> None:
    """A word of danger inside a phrase of praise or of every day alarms nobody."""
    assert not {Risk.SAFETY, Risk.ESCALATION} & set(judge(text).risks)


def test_the_accident_behind_the_slang_is_still_found() -> None:
    """What bursts, smokes or has gone off is a risk as before."""
    for text in ("杯子倒热水突然炸裂", "充电器冒烟了", "买到过期的酸奶", "奶茶里有老鼠", "跑到一半刹车失控"):
        assert Risk.SAFETY in judge(text).risks


@pytest.mark.parametrize(
    "text",
    [
        "别克刹车失灵",
        "不小心烫伤了手",
        "不慎烫伤了手",
        "不明物烫伤了手",
        "用了没多久鼓包",
        "无故自燃",
        "用了没几天鼓包",
    ],
)
def test_a_negation_inside_another_word_hides_no_accident(text: str) -> None:
    """What happened by chance, soon or without a reason happened all the same."""
    assert Risk.SAFETY in judge(text).risks


@pytest.mark.parametrize("text", ["病毒感染的人数还在增加", "疫情爆发以来医院都很安全", "火神山医院今天收治病人"])
def test_news_of_an_epidemic_is_no_danger_of_a_product(text: str) -> None:
    """A virus, its outbreak and a hospital are nothing that a company's goods did."""
    assert Risk.SAFETY not in judge(text).risks


def test_a_cry_about_tomorrow_is_heard_behind_a_negation() -> None:
    """The words about accidents of unknown cause swallow no tomorrow."""
    assert judge("要不明天别醒了").self_harm is not SelfHarm.NONE


def test_negation_turns_praise_and_silences_risks() -> None:
    """What did not happen is no risk, and what is not good is not praise."""
    assert Risk.SAFETY not in judge("充电很稳定，从来没有起火").risks
    assert Risk.QUALITY not in judge("味道不错").risks
    good, bad = judge("这家店好吃"), judge("这家店不好吃")
    assert good.sentiment_probs[2] > bad.sentiment_probs[2]
    assert bad.sentiment_probs[0] > good.sentiment_probs[0]


def test_weak_and_conflicting_evidence_is_uncertain() -> None:
    """A plain complaint is sure; praise with complaint is not, nor a text without a known word."""
    assert not judge("垃圾商家，骗子，虚假宣传卖假货，坑人，太差了，差评").uncertain
    assert judge("好看是好看，就是太贵").uncertain
    assert judge("嗯嗯").uncertain


@given(st.lists(ANY, max_size=4))
def test_any_strings_are_judged_alike_in_any_batch(texts: list[str]) -> None:
    """No string raises, and what else is in the call changes nothing, to the last digit."""
    together = LEXICON.classify(texts)
    assert together == [judge(text) for text in texts]
    for judgement in together:
        assert sum(judgement.sentiment_probs) == pytest.approx(1)
        assert sum(judgement.stage_probs) == pytest.approx(1)
        assert sum(judgement.self_harm_probs) == pytest.approx(1)
        assert len(judgement.risk_probs) == len(Risk)
        assert all(0 <= p <= 1 for p in judgement.risk_probs)


@pytest.mark.parametrize(
    "text", ["", " \n", "😡😡😡", "\ud800", "不" * 100_000, "退款太差" * 25_000, "hello world", "こんにちは"]
)
def test_odd_strings_get_a_judgement(text: str) -> None:
    """Empty, emoji only, half a surrogate, very long and foreign texts are judged like any other."""
    assert judge(text).revision == LEXICON.revision


def test_the_empty_text_is_neutral() -> None:
    """Nothing said is nothing felt."""
    assert judge("").sentiment is Sentiment.NEUTRAL
    assert judge("").risks == ()
    assert not judge("").uncertain


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("sentiment.toml", "[positive]", "[positiv]", "positiv"),
        ("risks.toml", "[abuse]", "[abuse", "risks.toml"),
        ("stages.toml", 'strong = ["想咨询"', 'strong = [7, "想咨询"', "presale.strong"),
        ("self_harm.toml", "[elsewhere]\nstrong", "[elsewhere]\nstark", "[elsewhere]"),
        ("idioms.toml", '"笑死", ', '"", ', "idioms.positive"),
        ("scales.toml", '"bias" = ', '"bios" = ', "bios"),
        ("scales.toml", '"threshold" = ', '"bias2" = ', "bias2"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, file: str, old: str, new: str, named: str) -> None:
    """Whoever edits the words is told the file and the key, at start and not later."""
    folder = Path(shutil.copytree(WORDS, tmp_path / "words"))
    content = (folder / file).read_text(encoding="utf-8")
    assert old in content
    (folder / file).write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as refusal:
        LexiconClassifier(folder)
    assert file in str(refusal.value)
    assert named in str(refusal.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """A lexicon without words would call everything neutral; it does not start."""
    with pytest.raises(Misconfigured, match=r"sentiment\.toml"):
        LexiconClassifier(tmp_path)


def test_the_revision_follows_the_words(tmp_path: Path) -> None:
    """One word more is another revision, so stored judgements can be told apart."""
    folder = Path(shutil.copytree(WORDS, tmp_path / "words"))
    assert LexiconClassifier(folder).revision == LEXICON.revision
    path = folder / "risks.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"起火"', '"起火", "冒火星"'), encoding="utf-8")
    assert LexiconClassifier(folder).revision != LEXICON.revision


def f1(truth: Sequence[bool], found: Sequence[bool]) -> float:
    """Harmonic mean of precision and recall."""
    both = sum(t and f for t, f in zip(truth, found, strict=True))
    return 2 * both / max(1, sum(truth) + sum(found))


@pytest.mark.data
def test_real_annotated_posts_are_judged_well_enough(real_posts: Any) -> None:
    """Floors on risk_dev, a little below what was measured when the words were last edited."""
    rows = real_posts("labelled/risk_dev")
    judged = LEXICON.classify([row["text"] for row in rows])

    def macro(field: str, values: Sequence[str]) -> float:
        return sum(f1([r[field] == v for r in rows], [getattr(j, field) == v for j in judged]) for v in values) / len(
            values
        )

    kinds = [f1([k in r["risks"] for r in rows], [k in j.risks for j in judged]) for k in Risk]
    danger = [r["self_harm"] != SelfHarm.NONE for r in rows]
    seen = [j.self_harm is not SelfHarm.NONE for j in judged]
    found = sum(d and s for d, s in zip(danger, seen, strict=True))
    assert macro("sentiment", list(Sentiment)) >= 0.69
    assert macro("stage", list(Stage)) >= 0.49
    assert sum(kinds) / len(kinds) >= 0.59
    assert found / sum(danger) >= 0.85
    assert found / sum(seen) >= 0.75


@pytest.mark.data
def test_a_core_judges_thousands_of_posts_a_second(real_posts: Any) -> None:
    """Far below the measured rate, so that only a change of kind fails: the whole pipeline shares this core."""
    texts = [row["text"] for row in real_posts("streams/weibo_covid_2020")[:4000]]
    start = process_time()
    LEXICON.classify(texts)
    assert len(texts) / (process_time() - start) >= 3_000
