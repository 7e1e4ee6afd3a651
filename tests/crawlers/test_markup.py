"""From a platform's markup to plain words."""

import unicodedata
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.markup import LONGEST, own_and_quoted, words

_ICON = "<span class='url-icon'><img src='y'></span><span class='surl-text'>网页链接</span>"
TABLE = [
    ("好喝<br />再来<br>一杯", "好喝\n再来\n一杯"),
    (
        '气<span class="url-icon"><img alt=[怒] src="https://h5.example/n.png" style="width:1em" /></span>死',
        "气[怒]死",
    ),
    ('<img title="[怒]" alt="[怒]" class="face" />', "[怒]"),
    ('<img alt="产品图" src="x.jpg">字', "字"),
    ("<a href='/n/某人'>@某人</a> 你好", "@某人 你好"),
    ('<a href="//s.example/weibo?q=%23"><span class="surl-text">#秋桂计划#</span></a>好', "#秋桂计划#好"),
    ('#某<em class="s-color-red">品牌</em>#', "#某品牌#"),
    ('某<span class="code-red">品牌</span>拒不退款', "某品牌拒不退款"),
    ("说&amp;quot;不退&amp;quot;，&lt;就这样&gt;", '说"不退"，<就这样>'),
    ("&amp;lt;br&amp;gt;换行", "换行"),
    ("3 &lt; 5 &amp; 7", "3 < 5 & 7"),
    ("零宽\u200b\u200b字\ue627尾\u200b", "零宽字尾"),
    ("孤\ud83d立\x00控\x1b制", "孤立控制"),
    ("e\u0301", "\u00e9"),
    ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ("<p>一</p><p>二</p>", "一\n\n二"),
    ("<script>alert(1)</script><style>p{}</style>字<!-- 注释 -->尾", "字尾"),
    ("a&nbsp;&nbsp;b\r\nc", "a b\nc"),
    ("正文。收起全文d", "正文。"),
    ('<a href="https://weibo.cn/sinaurl?u=https%3A%2F%2Fa.example%2Fb">网页链接</a>看', "https://a.example/b 看"),
    (f'<a href="https://weibo.cn/sinaurl?u=https%3A%2F%2Fa.example%2Fb">{_ICON}</a>看', "https://a.example/b 看"),
    (None, ""),
    (5, ""),
    ("", ""),
]


@pytest.mark.parametrize(("raw", "expected"), TABLE)
def test_each_trap(raw, expected):
    """Words stay, markup and invisible characters go."""
    got = words(raw)
    assert got.text == expected
    assert not got.cut


@pytest.mark.parametrize(
    "raw",
    [
        '前半...<a href="/status/5231">全文</a>',
        '前半<a action-type="fl_unfold">展开<i class="wbicon">c</i></a>',
        "前半...全文",
        "前半…展开c",
        "前半展开全文",
    ],
)
def test_link_to_the_rest_means_cut(raw):
    """A tail that leads to the rest is not a word of the author, and says that words are missing."""
    got = words(raw)
    assert got.cut
    assert got.text.rstrip(".…") == "前半"


@pytest.mark.parametrize("blank", ["\u3000", ".", "…", "\n", "&emsp;"])
def test_a_long_run_of_blanks_is_read_at_once(blank):
    """Time grows with a text's length and not with the square of its blanks, which would hold up the whole process."""
    began = thread_time()
    assert words(f"开{blank * 10_000}尾").text.endswith("尾")
    assert thread_time() - began < 1


def test_plain_text_keeps_its_angle_brackets():
    """What is not HTML is not parsed as HTML."""
    assert words("a<b 且 &amp;", is_html=False).text == "a<b 且 &amp;"


def test_private_glyphs_are_marked_where_they_were_words():
    """A page font's characters leave a gap mark; elsewhere they are decoration."""
    got = words("刹\ue123失灵", mark_private=True)
    assert got.text == "刹□失灵"
    assert got.private_glyphs


def test_longest_text_is_capped():
    """A text of a megabyte is cut and says so."""
    got = words("字" * (LONGEST + 1))
    assert len(got.text) == LONGEST
    assert got.cut


@pytest.mark.parametrize(
    ("text", "own", "quoted"),
    [
        ("哈哈//@张三:你好//@李四：嗯", "哈哈", "@张三:你好//@李四：嗯"),
        ("//@张三:你好", "", "@张三:你好"),
        ("哈哈//@李四：嗯", "哈哈", "@李四：嗯"),
        ("没有转发链", "没有转发链", ""),
        ("看 http://@x:y", "看 http://@x:y", ""),
        ("回复@某人:是的", "回复@某人:是的", ""),
    ],
)
def test_chain_is_not_the_authors_words(text, own, quoted):
    """What follows `//@user:` was said by others."""
    assert own_and_quoted(text) == (own, quoted)


@given(st.text(alphabet=st.characters(exclude_categories=())), st.booleans())
def test_any_text_comes_out_clean(raw, is_html):
    """Never raises; NFC, encodable, no control characters but the newline, nothing private or of zero width."""
    text = words(raw, is_html=is_html).text
    text.encode()
    assert unicodedata.normalize("NFC", text) == text
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co") and c != "\n" for c in text)
    assert "\u200b" not in text


_OPEN = [
    "<",
    "</",
    "<br",
    "<p>",
    "<a href=",
    "<img alt=[怒]",
    "<!--",
    "<![CDATA[",
    "<?xml",
    "<script>",
    "<table><tr>",
    "<!DOCTYPE",
]
_CLOSE = [
    ">",
    "</p>",
    "-->",
    "]]>",
    "</script>",
    '"',
    "'",
    "&amp;",
    "&#x0;",
    "&#55357;",
    "&lt;",
    "字",
    "\x00",
    "\ud83d",
    "全文",
]
_PIECES = st.sampled_from(_OPEN + _CLOSE)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_markup_comes_out(raw):
    """Broken markup of every kind gives some text."""
    words(raw).text.encode()
