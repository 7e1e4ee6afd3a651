"""Tests of near-duplicates: what is one story and what only looks like one."""

import random
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.stories import Stories, fingerprint, generic, group, words

ROOT = "今天在云汀茶买的桂花乌龙里喝到一根钢丝，店员态度还特别差，大家以后注意点，我已经打12315了"
ANY = st.text(alphabet=st.characters(), max_size=80) | st.text(
    alphabet="转发微博//@:：#[]哈，\ud800 云汀茶", max_size=60
)


def one_story(*texts: str) -> bool:
    """Whether all texts are grouped together."""
    return len(set(group([fingerprint(text) for text in texts]))) == 1


@pytest.mark.parametrize(
    "copy",
    [
        ROOT + "😡😡[怒]",
        "【提醒】" + ROOT,
        "转发微博//@某某:" + ROOT,
        "太过分了！//@路人甲:转发//@某某：" + ROOT,
        ROOT + " @云汀茶官方 https://t.cn/abc",
        ROOT.replace("，", " ") + "！！！",
        ROOT.replace("特别", "非常"),
        "#云汀茶喝出钢丝#" + ROOT,
        "天哪！" + ROOT + "转给身边的人看看",
    ],
)
def test_a_copy_joins_the_story(copy: str) -> None:
    """Reposts, prefixes, emoji, links, punctuation and small edits do not make a new story."""
    assert one_story(ROOT, copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#云汀茶喝出钢丝#还是鹿屿好喝一点", "#云汀茶喝出钢丝#这种店怎么还不关门"),
        ("#云汀茶奶茶里喝出钢丝#太恶心了", "#云汀茶奶茶里喝出钢丝#挺好笑的"),
        ("转发微博", "哈哈哈"),
        ("哈哈哈哈太好笑了", "哈哈哈哈太惨了"),
        (ROOT, "今天在鹿屿鲜茶买的柠檬水味道一般，等了二十分钟，店员倒是挺热情，下次试试别的"),
        ("😡😡", "😭"),
        ("", "😭"),
    ],
)
def test_what_only_shares_a_topic_or_says_little_stays_apart(one: str, other: str) -> None:
    """A hashtag, laughter or a brand in common is not a copy."""
    assert not one_story(one, other)


def test_short_and_generic_texts_join_only_their_equals() -> None:
    """转发微博 is one story with itself, whatever its punctuation, and chains to nothing."""
    assert one_story("转发微博", "转发微博。", "转发微博")
    assert group([fingerprint(t) for t in ("哈哈哈", "转发微博", "哈哈哈", ROOT)]) == [0, 1, 0, 2]


def test_a_real_remark_on_a_repost_is_its_own_utterance() -> None:
    """Who adds more than a passing remark says something new."""
    remark = "我在隔壁那家分店也遇到过类似的事情，当时他们赔了一杯就想打发我"
    assert not one_story(ROOT, f"{remark}//@某某:{ROOT}")
    assert one_story(remark, f"{remark}//@某某:{ROOT}")


def test_words_drop_what_is_not_said() -> None:
    """Names, links, emoji, punctuation and the platform's own words are not the author's."""
    assert words("【转发】@小明 好的吧😀[笑] http://t.cn/x") == "转发好的吧"
    assert words("转发微博") == ""
    assert words("#秋桂计划#") == "秋桂计划"
    assert generic("转发微博。")
    assert not generic("[怒]")


@given(ANY)
def test_any_text_has_a_pure_compact_fingerprint(text: str) -> None:
    """Never empty, never raising, the same each time, and short ASCII."""
    made = fingerprint(text)
    assert made == fingerprint(text)
    assert 0 < len(made) <= 65
    assert made.isascii()
    assert len(set(group([made, made]))) == 1


def test_a_very_long_text_has_a_fingerprint_too() -> None:
    """100,000 characters cost no more memory than the first few thousand."""
    assert one_story(ROOT * 2_500, ROOT * 2_500 + "。")


@given(
    st.lists(
        st.sampled_from([ROOT[i : i + 30] for i in range(12)] + [ROOT[::2] + ROOT[i:] for i in range(9)] + ["哈哈哈"]),
        max_size=24,
    ),
    st.randoms(),
    st.integers(0, 24),
)
def test_the_partition_depends_on_neither_order_nor_split(texts: list[str], shuffler: random.Random, cut: int) -> None:
    """Any order of arrival, asked once or in between, gives the stories of the definition: chains of alike pairs."""
    prints = [fingerprint(text) for text in texts]
    stories = Stories()
    for print_ in shuffler.sample(prints, len(prints)):
        stories.add(print_)
    assert partition(prints, [stories.add(print_) for print_ in prints]) == chained(prints)
    assert partition(prints, group(prints)) == chained(prints)
    live = Stories()
    for start, end in ((0, cut), (cut, len(prints))):
        for print_ in prints[start:end]:
            live.add(print_)
        known = prints[:end]
        assert partition(known, [live.add(print_) for print_ in known]) == chained(known)


def chained(prints: Sequence[str]) -> set[frozenset[str]]:
    """The partition by its definition: every pair compared, pairs that share a band and 26 hashes chained."""
    stories = [{print_} for print_ in set(prints)]
    for one, other in combinations(set(prints), 2):
        if one[0] == other[0] == "m":
            a, b = (urlsafe_b64decode(print_[1:]) for print_ in (one, other))
            meet = any(a[at : at + 4] == b[at : at + 4] for at in range(0, 48, 4))
            if meet and sum(x == y for x, y in zip(a, b, strict=True)) >= 26:
                joined = [story for story in stories if one in story or other in story]
                stories = [story for story in stories if story not in joined] + [set(chain(*joined))]
    return {frozenset(story) for story in stories}


def test_posts_that_begin_with_a_mention_are_told_apart_by_what_follows_it() -> None:
    """Words right behind a name count, so unlike posts are not one story; copies of them and bare names still are."""
    told = ("@云汀茶奶茶里喝出蟑螂孩子上吐下泻住院了", "@云汀茶门店排队三小时店员还骂人真离谱")
    assert not one_story(*told)
    assert one_story(told[0], f"{told[0]}[怒] http://t.cn/a", f"转发微博//@路人:{told[0]}")
    assert one_story("@小明", "@小红", "@张亚勤")


def test_numbers_follow_first_appearance() -> None:
    """Stories are numbered from 0 as they first appear."""
    assert group([]) == []
    assert group([fingerprint(t) for t in ("乙", "甲", "乙", "丙")]) == [0, 1, 0, 2]


def test_what_is_no_fingerprint_is_refused() -> None:
    """A string of another kind is a mistake of the caller, not a story."""
    for wrong in ("mAAAA", "m" + "!" * 64):
        with pytest.raises(ValueError, match="fingerprint"):
            group([wrong, fingerprint(ROOT)])


def test_one_post_more_joins_founds_or_brings_together() -> None:
    """A story goes by its first fingerprint; the copy that stands between two stories makes them one."""
    near = bytes(48)
    ends = [near[:34] + bytes([n]) * 14 for n in (1, 2)]  # like the middle, and with 20 bytes changed not each other
    ends[1] = bytes([2]) * 14 + near[14:]
    first, other, between = ("m" + urlsafe_b64encode(sketch).decode() for sketch in (*ends, near))
    stories = Stories()
    assert [stories.add(print_) for print_ in (first, other, first)] == [0, 1, 0]
    assert stories.add(between) == 0
    assert stories.add(other) == 0
    assert stories.add(fingerprint("哈哈哈")) == 3


def partition(prints: Sequence[str], numbers: Sequence[int]) -> set[frozenset[str]]:
    """The stories as sets, without numbers."""
    stories: dict[int, set[str]] = defaultdict(set)
    for print_, number in zip(prints, numbers, strict=True):
        stories[number].add(print_)
    return {frozenset(story) for story in stories.values()}


def near_copy(text: str, dice: random.Random) -> str:
    """The text as somebody else passes it on, with one change of those seen on Weibo."""
    at = dice.randrange(len(text))
    return dice.choice(
        [
            f"【{dice.choice(['提醒', '快讯', '求扩散', '网友爆料'])}】{text}",
            f"{dice.choice(['转发', '太过分了', '支持！', ''])}//@某某:{text}",
            text + dice.choice(["太可怕了！", "大家怎么看？", "转给身边的人看看", "[怒][怒]这也太离谱了吧"]),
            text.replace("，", dice.choice([" ", ",", "。"])).replace("。", "！") + dice.choice(["😡", "[泪][泪]", ""]),
            f"{text} @人民日报 http://t.cn/{dice.randrange(10**6)}",
            text[:at] + text[at + dice.randrange(1, 4) :],
            text[:at] + dice.choice(["真的", "的", "了", "竟然"]) + text[at:],
            dice.choice(["震惊！", "看看这个：", "求转发！", "我的天，"])
            + text
            + dice.choice(["", "#求扩散#", "[可怜]"]),
            text[: max(1, int(len(text) * 0.85))] + "...",
        ]
    )


def alike(one: str, other: str) -> float:
    """Exact Jaccard similarity of the pairs of characters."""
    a, b = ({said[i : i + 2] for i in range(len(said) - 1)} for said in (words(one), words(other)))
    return len(a & b) / max(1, len(a | b))


@pytest.mark.data
def test_pairs_of_real_posts_are_joined_precisely_and_found(real_posts: Any, record_property: Any) -> None:
    """Of pairs of a real post and its near-copy, 90 % or more are joined; of joined pairs, 95 % or more are copies."""
    dice = random.Random(7)
    roots: list[str] = []
    for stream in ("weibo_covid_2020", "weibo_jiangping_2024"):
        texts = {row["text"] for row in real_posts(f"streams/{stream}")}
        roots += dice.sample(sorted(text for text in texts if len(words(text)) >= 10), 800)
    texts = [text for root in roots for text in (root, near_copy(root, dice))]
    stories = group([fingerprint(text) for text in texts])
    recall = sum(stories[i] == stories[i + 1] for i in range(0, len(texts), 2)) / len(roots)
    members: dict[int, list[int]] = defaultdict(list)
    for place, story in enumerate(stories):
        members[story].append(place)
    pairs = [pair for story in members.values() for pair in combinations(story, 2)]
    # posts that are copies of one another already in the stream are right to be joined
    right = sum(a // 2 == b // 2 or alike(texts[a], texts[b]) >= 0.5 for a, b in pairs)
    record_property("stories", f"pairs: recall {recall:.4f}, precision {right / len(pairs):.4f}")
    print(f"pairs of near-copies: recall {recall:.4f}, precision {right / len(pairs):.4f} of {len(pairs)}")  # noqa: T201
    assert recall >= 0.94
    assert right / len(pairs) >= 0.95


def test_a_hundred_thousand_posts_fit_in_memory() -> None:
    """Grouping 100,000 different sketches, a third of them copies of one post, adds less than 200 MB to a process."""
    code = """
import random, resource
from base64 import urlsafe_b64encode
from models.stories import group
dice = random.Random(7)
sketches = [dice.randbytes(48) for _ in range(66_000)]
sketches += [sketches[0][:40] + dice.randbytes(8) for _ in range(34_000)]
prints = ["m" + urlsafe_b64encode(sketch).decode() for sketch in sketches]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stories = group(prints)
print(len(set(stories)), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    found, megabytes = map(int, told.stdout.split())
    assert found == 66_000
    assert megabytes <= 200
