"""Tests of whom a post is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.subjects import SubjectFinder
from stream.labels import Role
from stream.ports import Misconfigured
from stream.records import Subject
from tests.factories import post

SUBJECTS = (
    Subject("yunting", "云汀茶", Role.OWN, aliases=("云汀", "YunTing", "yt tea"), excludes=("云汀路",)),
    Subject("luyu", "鹿屿鲜茶", Role.COMPETITOR, aliases=("鹿屿",)),
    Subject("qiugui", "秋桂计划", Role.CAMPAIGN, aliases=("桂花",), keywords=("云汀", "奶茶")),
    Subject("c5", "C5", Role.WATCHED),
    Subject("c5-pro", "C5 Pro", Role.WATCHED),
)
FINDER = SubjectFinder(SUBJECTS)


def found(**fields: str) -> tuple[str, ...]:
    """Subjects of a post with these fields."""
    return FINDER.find(post(**{"text": "", **fields}))


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("哈哈哈//@爱喝云汀茶的小王:明天去爬山", ()),
        ("回复@爱喝云汀茶的小王:好的", ()),
        ("//@云汀茶官方:我们会给您答复", ("yunting",)),
        ("//@爱喝云汀茶的小王:云汀茶又涨价了", ("yunting",)),
        ("@小王云汀茶太难喝了", ("yunting",)),
    ],
)
def test_a_speaker_named_after_a_brand_is_not_about_it(text: str, subjects: tuple[str, ...]) -> None:
    """A fan's name in a repost chain says nothing of the brand, its own account's does, and so do all words."""
    assert found(text=text) == subjects


@pytest.mark.parametrize("field", ["title", "text", "quoted", "target"])
def test_every_part_of_a_post_counts(field: str) -> None:
    """A repost that only quotes, and a complaint that only names its target, are about the brand too."""
    assert found(**{field: "今天买了云汀茶"}) == ("yunting",)


def test_the_order_is_the_files() -> None:
    """Several subjects come in the order of `subjects.toml`, each once."""
    assert found(text="鹿屿比云汀好喝，云汀茶太甜，云汀差") == ("yunting", "luyu")


def test_width_case_script_and_hidden_characters_do_not_matter() -> None:
    """Ｙｕｎｔｉｎｇ, 雲汀, and a name with something invisible inside, are still the brand; so is a mention."""
    assert found(text="ＹＵＮＴＩＮＧ新品") == ("yunting",)
    assert found(text="云\u200b汀出事了") == ("yunting",)
    assert found(text="雲汀茶關門了") == ("yunting",)
    assert found(text="@云汀茶官方微博 出来解释") == ("yunting",)


def test_latin_aliases_stand_alone() -> None:
    """A latin alias inside a longer word or number is something else; beside Han it counts."""
    assert found(text="买了YunTing的奶茶") == ("yunting",)
    assert found(text="funyunting ytunting2") == ()
    assert found(text="C50 AC5 c5x") == ()
    assert found(text="开C5出门") == ("c5",)


def test_a_name_in_a_link_is_not_talked_about() -> None:
    """Every article of a platform carries its name in the link; words and mentions right behind a link do count."""
    assert found(text="看看 https://www.c5.com/a?yunting=1 和 www.c5.cn") == ()
    assert found(text="https://t.cn/c5云汀茶 @c5") == ("yunting", "c5")
    assert found(text="https://t.cn/a1，Ｃ５很好") == ("c5",)


def test_a_longer_name_of_another_subject_hides_nothing() -> None:
    """Who talks of the product talks of its maker; where that is wrong, an excluded phrase says so."""
    assert found(text="新出的C5 pro") == ("c5", "c5-pro")


def test_an_excluded_phrase_hides_the_alias_it_overlaps_and_no_other() -> None:
    """云汀路 is a street; the brand named elsewhere in the same post still counts."""
    assert found(text="云汀路堵车了") == ()
    assert found(text="云汀路的云汀茶") == ("yunting",)


def test_an_alias_with_keywords_needs_one_anywhere_in_the_post() -> None:
    """桂花 alone is a flower; with the brand or 奶茶 somewhere in the post it is the campaign."""
    assert found(text="院子里桂花开了") == ()
    assert found(text="桂花开了", quoted="这杯奶茶绝了") == ("qiugui",)
    assert found(text="云汀的桂花") == ("yunting", "qiugui")


def test_words_do_not_run_from_one_field_into_the_next() -> None:
    """The end of the title and the start of the text do not make a brand together."""
    assert found(title="天上的云", text="汀上的沙") == ()


def test_no_subjects_find_nothing() -> None:
    """An empty list is allowed: nothing is about anybody."""
    assert SubjectFinder(()).find(post(text="云汀茶")) == ()


@pytest.mark.parametrize(
    "subjects",
    [
        (Subject("a", "甲", Role.OWN), Subject("a", "乙", Role.OWN)),
        (Subject("a", "甲", Role.OWN, aliases=("",)),),
        (Subject("a", "甲", Role.OWN, keywords=(" ",)),),
    ],
)
def test_a_list_that_cannot_work_is_refused(subjects: tuple[Subject, ...]) -> None:
    """Two of one name, or an empty phrase that would match everywhere, are settings mistakes."""
    with pytest.raises(Misconfigured, match="subjects"):
        SubjectFinder(subjects)


@given(st.text(alphabet=st.characters(), max_size=80) | st.text(alphabet="云汀茶路鹿屿c5桂花\ud800 ", max_size=40))
def test_any_text_is_searched(text: str) -> None:
    """No string raises, and what is found is named."""
    names = [subject.name for subject in SUBJECTS]
    assert list(found(text=text)) == [name for name in names if name in found(text=text)]
