"""The project's own corpus: enough of everything, and a burst that somebody must be woken for."""

import gzip
from collections import Counter
from datetime import timedelta

import pytest

from crawlers.sandbox import BUNDLED, Corpus, Entry
from crawlers.sandbox.corpus import PLATFORMS

HOUR = 3_600
KEYWORDS = {
    "weibo": ("云汀", "秋桂计划", "鹿屿", "半糖星球", "澄星", "奶茶", "澜州", "不想活", "撑不下去", "想死"),
    "douyin": ("云汀", "秋桂计划", "鹿屿", "半糖星球", "澄星", "奶茶", "澜州"),
    "heimao": ("云汀茶", "鹿屿鲜茶", "半糖星球", "澄星手机"),
    "complaint": ("云汀", "鹿屿", "半糖星球", "澄星", "澜州"),
    "autohome": ("驰野E5", "驰野M7"),
    "forum": ("澜州生活", "数码闲聊"),
}
"""What a crawl of the demo has to ask for to find every post of the six platforms that carry its story."""


@pytest.fixture(scope="module", name="corpus")
def _corpus() -> Corpus:
    return Corpus.load(BUNDLED)


def mentions(corpus: Corpus, *words: str) -> list[Entry]:
    """Posts with one of the words in their text."""
    return [entry for entry in corpus if any(word in entry.text for word in words)]


def test_there_is_enough_of_everything(corpus: Corpus) -> None:
    """At least 480 posts by some three hundred people, and some on every platform that the sandbox plays."""
    assert len(corpus) >= 480
    assert len({entry.author for entry in corpus}) >= 300
    posts = Counter(entry.platform for entry in corpus)
    assert set(posts) == set(PLATFORMS)
    assert posts["weibo"] >= 250
    assert min(posts[platform] for platform in KEYWORDS) >= 25


def test_two_days_with_quiet_nights(corpus: Corpus) -> None:
    """The posts span 48 hours, and few are written between two and six in the morning."""
    times = [entry.published for entry in corpus]
    assert timedelta(hours=47) < max(times) - min(times) <= timedelta(hours=48)
    assert sum(2 <= time.hour < 6 for time in times) < len(times) / 50


def test_every_parent_is_there_and_older(corpus: Corpus) -> None:
    """A repost or an answer has its original in the file, and comes after it."""
    answers = [entry for entry in corpus if entry.parent]
    assert len(answers) >= 100
    for answer in answers:
        root = corpus.root(answer)
        assert root is not None
        assert root.at < answer.at


def test_one_incident_bursts_on_the_last_afternoon(corpus: Corpus) -> None:
    """Seventy posts of one cascade within five hours: own words, bare reposts, near-copies, the brand's answer."""
    first = next(entry for entry in corpus if entry.id == "burst-0")
    newest = max(entry.at for entry in corpus)
    assert first.at > newest - 12 * HOUR
    cascade = [
        entry
        for entry in corpus
        if entry.platform == "weibo"
        and first.at <= entry.at <= first.at + 5 * HOUR
        and (entry.id.startswith("burst-") or entry.parent.startswith("burst-"))
    ]
    assert len(cascade) >= 70
    assert sum(entry.text == "转发微博" for entry in cascade) >= 10
    assert sum("//@" in entry.text for entry in cascade) >= 10
    assert sum("可能是你自己弄" in entry.text and not entry.parent for entry in cascade) >= 6
    assert any(entry.author == "云汀茶官方" for entry in cascade)
    assert any("12315" in entry.text for entry in cascade)


def test_nothing_but_bare_reposts_is_said_twice(corpus: Corpus) -> None:
    """Each post was written, none was spun."""
    said = Counter(entry.text for entry in corpus)
    assert {text for text, times in said.items() if times > 1} == {"转发微博"}


def test_the_demo_can_find_every_post(corpus: Corpus) -> None:
    """The keywords and boards of the demo leave no post behind."""
    for platform, keywords in KEYWORDS.items():
        found = {position for keyword in keywords for position in corpus.search(platform, keyword)}
        assert len(found) == len(corpus.search(platform, "*")), platform


def test_there_is_something_to_mask_and_someone_to_help(corpus: Corpus) -> None:
    """Made-up phone numbers, an identity card, a plate and a bank card occur; so do a few people in need, and jokes."""
    assert len(mentions(corpus, "1990000")) >= 8
    assert mentions(corpus, "110101190001010")
    assert mentions(corpus, "浙A00000")
    assert mentions(corpus, "622200000000")
    assert 6 <= len(mentions(corpus, "不想活", "撑不下去", "想死")) <= 12
    assert len(mentions(corpus, "笑死", "累死", "气死", "哭死")) >= 10
    assert sum(len(entry.text) > 140 for entry in corpus if entry.platform == "weibo") >= 8


def test_the_file_is_reproducible() -> None:
    """The gzip header has no time of its own: the same posts are the same bytes."""
    header = BUNDLED.read_bytes()[:10]
    assert header[4:8] == b"\x00" * 4
    assert gzip.decompress(BUNDLED.read_bytes()).endswith(b"\n")
