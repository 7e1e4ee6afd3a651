"""Every parser on documents in its platform's shape, mutated: one table, and a command that runs as many as you like.

    python -m tests.crawlers.fuzzing 50000 [--seed N] [--only NUMBER]

prints what was read, dropped and refused as JSON, and fails if anything crashed, came out unsound, or disappeared
uncounted. Whoever writes a parser adds a row to `PARSERS`.
"""

import argparse
import json
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from crawlers.addresses import Sites
from crawlers.documents import decode, parse_json
from crawlers.douyin_events import read_event
from crawlers.items import PostItem
from crawlers.normalize import Drop, DropReason, identity, normalize
from crawlers.pages import Detail, Entry, Listing
from crawlers.recordings import read_recorded
from crawlers.spiders import (
    article_page,
    autohome_koubei_page,
    autohome_page,
    bilibili_page,
    discuz_feed_page,
    discuz_mobile_page,
    discuz_page,
    dongchedi_circle_page,
    dongchedi_page,
    douyin_comments_page,
    douyin_hot_page,
    douyin_page,
    feed_page,
    heimao_page,
    peopleboard_page,
    rednet_page,
    sitemap_page,
    tieba_page,
    weibo_comments_page,
    weibo_hot_page,
    weibo_open_page,
    weibo_page,
    weibo_search_page,
)
from crawlers.spiders.bilibili_page import Turn
from crawlers.spiders.douyin_comments_page import Leaf
from crawlers.spiders.weibo_comments_page import Cursor, Thread
from crawlers.spiders.weibo_slices import window
from crawlers.tables import Broken
from crawlers.verdict import Reading, Verdict
from tests.crawlers import car_documents as cars
from tests.crawlers import complaint_documents as complaints
from tests.crawlers import documents as first
from tests.crawlers import feed_documents as feeds
from tests.crawlers import forum_documents as forums
from tests.crawlers import video_documents as videos
from tests.crawlers import weibo_documents as weibo
from tests.crawlers.documents import BASE, mblog
from tests.crawlers.mutations import mutated

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
DAY = date(2026, 11, 21)
HOSTS = ("site.example",)
ADDRESS = "https://news.example.cn/rss/a.xml"
WORDS = ("云汀茶", "某品牌")

Found = Listing | Detail | Iterable[PostItem | DropReason]


@dataclass(frozen=True, slots=True)
class Parser:
    """One row: a function that reads a document, and a document for it."""

    name: str
    document: Any
    """A JSON value, or text of markup."""
    read: Callable[[str], Found]
    elements: Callable[[Any], int] | None = None
    """How many elements the decoded JSON holds that must each become an entry or a counted drop."""


def _listed(*path: str) -> Callable[[Any], int]:
    """The length of the array at this place."""

    def count(value: Any) -> int:
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return len(value) if isinstance(value, list) else 0

    return count


def _weibo_cards(answer: Any) -> int:
    """Cards of kind 9, at the top and inside groups of kind 11."""
    found = 0
    for card in answer["data"]["cards"]:
        group = card.get("card_group") if isinstance(card, dict) and card.get("card_type") == 11 else [card]
        held = group if isinstance(group, list) else []
        found += sum(isinstance(one, dict) and one.get("card_type") == 9 for one in held)
    return found


def _entry(listing: Listing) -> Entry:
    return next(entry for entry in listing.entries if entry.item is not None)


SEARCH = first.weibo_search(
    mblog("1", retweeted_status=mblog("9"), isLongText=True), mblog("2", mark="mark_ad"), mblog("3")
)
COMPLAINT = _entry(heimao_page.read_list(json.dumps(first.heimao_list()), 1, platform="p", base=BASE))
THREAD = _entry(
    autohome_page.read_board(json.dumps(first.autohome_board()), 1, 50, platform="p", base=BASE, hosts=HOSTS)
)
MESSAGE = _entry(rednet_page.read_list(json.dumps(complaints.rednet_list()), 1, 10, platform="p", base=BASE))
BAR = forums.tieba_bar(forums.tieba_row("9070000001"), forums.tieba_row("9070000002", when="11:24", portrait=""))
TOPIC = _entry(tieba_page.read_bar(BAR, 1, platform="p", base=BASE))
FLOOR = Entry("9070000001/1@14", None, detail=f"{BASE}/p/comment?tid=9070000001&pid=1&pn=1", about="云汀茶吧")
BOARD = _entry(discuz_page.read_board(forums.DISCUZ_BOARD, 1, platform="p", base=BASE))
MOBILE = _entry(discuz_mobile_page.read_board(json.dumps(forums.discuz_mobile_board()), 1, platform="p", base=BASE))
LONG = Entry("1", PostItem("p", native_id="1", text="一…", truncated=True), detail="1")
FOLDED = Cursor("1", "138", 1, (Thread("21", 3, ("22",)), Thread("24", 9)))
CIRCLE = _entry(
    dongchedi_circle_page.read_circle(cars.circle_page(cars.circle_card()), 1, platform="p", base=BASE, now=NOW)
)
TURN = Turn(1, "1150000001", "BV1xx411c7mD", "云汀茶新品测评")
REPLIES = videos.bilibili_replies(videos.bilibili_reply(3, rcount=25), videos.bilibili_reply(4))
REPLY = _entry(bilibili_page.read_replies(json.dumps(REPLIES), TURN, platform="p", base=BASE))
LEAF = Leaf("account", "video", "桂花乌龙上新")
OWN = videos.douyin_own(videos.douyin_comment(reply_comment_total=25))
ANSWERED = _entry(douyin_comments_page.read_comments(json.dumps(OWN), LEAF, platform="p"))
ARTICLE = Entry("k", PostItem("news", native_id="k", text="摘要…", title="云汀茶回应", truncated=True), detail="d")
COMMENT = {
    "cid": "7569000000000000001",
    "text": "同感[捂脸]",
    "aweme_id": "7568",
    "create_time": 1763600000,
    "digg_count": 0,
    "user": {"uid": "17", "nickname": "某人"},
    "reply_id": "0",
    "reply_comment": [{"cid": "756", "text": "也是", "reply_id": "7569000000000000001"}],
}
RECORDED = [
    {"status_code": 0, "data": [{"type": 1, "aweme_info": {"aweme_id": "75", "desc": "云汀茶", "create_time": 17636}}]},
    {"status_code": 0, "cursor": 20, "has_more": 1, "total": 2, "comments": [COMMENT, COMMENT]},
]
EVENT = {
    "event": "item_comment_reply",
    "from_user_id": "a",
    "content": {"comment_id": "@9Vw==", "content": "好喝", "create_time": 1763690000, "item_id": "@x"},
}


def _recorded(text: str) -> Iterator[PostItem | DropReason]:
    try:
        yield from (one.item for one in read_recorded(text, "douyin"))
    except Broken:
        return


def _event(text: str) -> list[PostItem | DropReason]:
    made = read_event(text.encode("utf-8", "surrogatepass"), platform="douyin").item
    return [made] if made else []


def _only(reading: Reading) -> Listing:
    """What reads no posts at all gives a reading."""
    return Listing(reading)


PARSERS: tuple[Parser, ...] = (
    Parser("weibo search", SEARCH, lambda t: weibo_page.read_search(t, 1, platform="p", base=BASE), _weibo_cards),
    Parser(
        "weibo timeline",
        weibo.weibo_timeline(mblog("1"), mblog("2", isLongText=True)),
        lambda t: weibo_page.read_timeline(t, "", platform="p", base=BASE, since=NOW, now=NOW),
        _weibo_cards,
    ),
    Parser("weibo post", {"ok": 1, "data": mblog("1")}, lambda t: weibo_page.read_status(t, platform="p", base=BASE)),
    Parser(
        "weibo long text",
        {"ok": 1, "data": {"longTextContent": "一<br />二"}},
        lambda t: weibo_page.read_long_text(t, LONG),
    ),
    Parser(
        "weibo comments",
        weibo.weibo_comments(),
        lambda t: weibo_comments_page.read_comments(t, Cursor("1"), platform="p", base=BASE),
    ),
    Parser(
        "weibo answers",
        weibo.weibo_answers(),
        lambda t: weibo_comments_page.read_answers(t, FOLDED, platform="p", base=BASE),
    ),
    Parser("weibo hot", weibo.weibo_hot(), lambda t: weibo_hot_page.read_hot(t, platform="p", keywords=WORDS, day=DAY)),
    Parser(
        "weibo mentions",
        weibo.weibo_mentions(),
        lambda t: weibo_open_page.read_page(t, 1, 50, platform="p"),
        _listed("statuses"),
    ),
    Parser(
        "weibo to me",
        weibo.weibo_to_me(),
        lambda t: weibo_open_page.read_page(t, 1, 50, platform="p"),
        _listed("comments"),
    ),
    Parser("weibo own post", mblog("1"), lambda t: weibo_open_page.read_status(t, "1", platform="p")),
    Parser(
        "weibo html",
        weibo.weibo_page(),
        lambda t: weibo_search_page.read_search(t, window(NOW, 3), platform="p", base=BASE),
    ),
    Parser("weibo show", {"ok": 1, **mblog("1")}, lambda t: weibo_search_page.read_show(t, f"{BASE}/1", platform="p")),
    Parser("douyin search", first.douyin_search(), lambda t: douyin_page.read_search(t, 0, platform="p")),
    Parser(
        "douyin token",
        {"data": {"access_token": "clt.x", "error_code": 0}},
        lambda t: _only(douyin_page.read_token(t)[0]),
    ),
    Parser(
        "douyin videos",
        videos.douyin_own(videos.douyin_own_video()),
        lambda t: douyin_comments_page.read_videos(t, Leaf("a"), platform="p"),
    ),
    Parser("douyin comments", OWN, lambda t: douyin_comments_page.read_comments(t, LEAF, platform="p")),
    Parser("douyin answers", OWN, lambda t: douyin_comments_page.read_answers(t, ANSWERED, platform="p")),
    Parser(
        "douyin hot words",
        videos.douyin_sentences("云汀茶道歉", "降温"),
        lambda t: douyin_hot_page.read_hot(t, platform="p", keywords=WORDS, day=DAY),
    ),
    Parser(
        "douyin hot videos",
        videos.douyin_hot_videos(),
        lambda t: douyin_hot_page.read_hot(t, platform="p", keywords=WORDS, day=DAY),
    ),
    Parser("douyin recorded", RECORDED, _recorded),
    Parser("douyin event", EVENT, _event),
    Parser("heimao list", first.heimao_list(), lambda t: heimao_page.read_list(t, 1, platform="p", base=BASE)),
    Parser("heimao page", first.HEIMAO_PAGE, lambda t: heimao_page.read_complaint(t, COMPLAINT)),
    Parser(
        "heimao course",
        complaints.heimao_steps(*complaints.HEIMAO_COURSE, closing=complaints.HEIMAO_CLOSING),
        lambda t: heimao_page.read_complaint(t, COMPLAINT),
    ),
    Parser(
        "rednet list",
        complaints.rednet_list(),
        lambda t: rednet_page.read_list(t, 1, 10, platform="p", base=BASE),
        _listed("data", "rows"),
    ),
    Parser("rednet message", complaints.rednet_message(), lambda t: rednet_page.read_message(t, MESSAGE)),
    Parser(
        "people messages",
        complaints.people_messages(),
        lambda t: peopleboard_page.read_messages(t, first=True, platform="p", base=BASE),
        _listed("responseData"),
    ),
    Parser(
        "people newest", complaints.PEOPLE_NEWEST, lambda t: peopleboard_page.read_newest(t, platform="p", base=BASE)
    ),
    Parser(
        "autohome board",
        first.autohome_board(),
        lambda t: autohome_page.read_board(t, 1, 50, platform="p", base=BASE, hosts=HOSTS),
        _listed("result", "items"),
    ),
    Parser(
        "autohome thread",
        first.AUTOHOME_PAGE,
        lambda t: autohome_page.read_thread(t, THREAD, platform="p", hosts=HOSTS),
    ),
    Parser(
        "koubei",
        cars.koubei(),
        lambda t: autohome_koubei_page.read_koubei(t, 1, 20, platform="p", base=BASE),
        _listed("result", "list"),
    ),
    Parser(
        "dongchedi",
        cars.dongchedi_reviews(),
        lambda t: dongchedi_page.read_reviews(t, 1, platform="p", base=BASE),
        _listed("data", "review_list"),
    ),
    Parser(
        "dongchedi circle",
        cars.circle_page(cars.circle_card(), cars.circle_card("7400000000000000002")),
        lambda t: dongchedi_circle_page.read_circle(t, 1, platform="p", base=BASE, now=NOW, since=NOW),
    ),
    Parser("dongchedi post", cars.circle_post(), lambda t: dongchedi_circle_page.read_post(t, CIRCLE)),
    Parser(
        "dongchedi comments",
        cars.circle_comments(cars.circle_comment(reply_data={"reply_list": [cars.circle_comment("992")]})),
        lambda t: dongchedi_circle_page.read_comments(t, CIRCLE, platform="p", base=BASE),
    ),
    Parser("bilibili video", videos.bilibili_video(), lambda t: bilibili_page.read_video(t, platform="p", base=BASE)),
    Parser("bilibili replies", REPLIES, lambda t: bilibili_page.read_replies(t, TURN, platform="p", base=BASE)),
    Parser("bilibili thread", REPLIES, lambda t: bilibili_page.read_thread(t, REPLY, platform="p", base=BASE)),
    Parser("discuz board", forums.DISCUZ_BOARD, lambda t: discuz_page.read_board(t, 1, platform="p", base=BASE)),
    Parser("discuz thread", forums.DISCUZ_THREAD, lambda t: discuz_page.read_thread(t, BOARD, platform="p", base=BASE)),
    Parser(
        "discuz mobile board",
        forums.discuz_mobile_board(),
        lambda t: discuz_mobile_page.read_board(t, 1, platform="p", base=BASE),
    ),
    Parser(
        "discuz mobile thread",
        forums.discuz_mobile_thread(),
        lambda t: discuz_mobile_page.read_thread(t, MOBILE, platform="p", base=BASE),
    ),
    Parser("discuz feed", forums.DISCUZ_FEED, lambda t: discuz_feed_page.read_feed(t, platform="p", base=BASE)),
    Parser("tieba bar", BAR, lambda t: tieba_page.read_bar(t, 1, platform="p", base=BASE)),
    Parser("tieba thread", forums.TIEBA_THREAD, lambda t: tieba_page.read_thread(t, TOPIC, platform="p", base=BASE)),
    Parser(
        "tieba comments",
        forums.tieba_comment(1, "回复 某人 :一"),
        lambda t: tieba_page.read_comments(t, FLOOR, platform="p", base=BASE),
    ),
    *(
        Parser(
            f"feed {kind}",
            document,
            lambda t: (
                feed_page.read_feed(t, platform="p", address=ADDRESS, hosts=Sites(ADDRESS), fetched_at=NOW).listing
            ),
        )
        for kind, document in (("rss", feeds.RSS), ("atom", feeds.ATOM), ("rdf", feeds.RDF), ("json", feeds.JSON_FEED))
    ),
    *(
        Parser(
            f"sitemap {kind}",
            document,
            lambda t: (
                sitemap_page.read_sitemap(
                    t, platform="p", address=ADDRESS, hosts=Sites(ADDRESS), fetched_at=NOW, days=7
                ).listing
            ),
        )
        for kind, document in (("urls", feeds.SITEMAP), ("index", feeds.INDEX))
    ),
    Parser(
        "sitemap robots",
        feeds.ROBOTS,
        lambda t: sitemap_page.read_robots(t, address=ADDRESS, hosts=Sites(ADDRESS)).listing,
    ),
    Parser("article", feeds.ARTICLE, lambda t: article_page.read_article(t, ARTICLE, 200)),
)


class Tried:
    """What came of the documents so far."""

    def __init__(self) -> None:
        self.documents: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.drops: Counter[str] = Counter()
        self.posts = 0
        self.refused = 0
        """Documents of which nothing was taken."""

    def document(self, parser: Parser, random: Random) -> None:
        """One more document for this parser; raises whatever is wrong with what came out."""
        body, kind = mutated(parser.document, random)
        self.take(parser, decode(body, kind).text)

    def take(self, parser: Parser, text: str) -> None:
        """One more text for this parser."""
        found = parser.read(text)
        self.documents[parser.name] += 1
        if isinstance(found, Listing):
            self._reading(found.reading)
            self._listing(parser, text, found)
        elif isinstance(found, Detail):
            self._reading(found.reading)
            assert found.reading.verdict is Verdict.OK or not found.items
            assert isinstance(found.next, str)
            self._drops(found.drops)
            self._items(found.items)
            assert all(item.deleted and identity(item) for item in found.gone)
            self._items(found.gone)
        else:
            self._items(found)

    def _reading(self, reading: Reading) -> None:
        assert isinstance(reading, Reading)
        self.verdicts[reading.verdict] += 1
        self.refused += reading.verdict is not Verdict.OK

    def _listing(self, parser: Parser, text: str, found: Listing) -> None:
        assert found.total is None or isinstance(found.total, int)
        for entry in found.entries:
            assert entry.key
            assert isinstance(entry.key, str)
            gone = entry.drop is DropReason.DELETED  # and may say of which post
            assert gone or (entry.item is None) == (entry.drop is not None)
            assert not entry.detail or isinstance(entry.detail, str)
        if found.reading.verdict is not Verdict.OK:
            assert not [entry for entry in found.entries if entry.item]
        elif parser.elements is not None:
            held = parser.elements(parse_json(text))
            assert len(found.entries) + len(found.drops) == held, f"{held} elements, not all of them counted"
        self._drops(found.drops)
        self._drops(entry.drop for entry in found.entries if entry.drop)
        self._items(entry.item for entry in found.entries if entry.item)

    def _items(self, items: Iterable[PostItem | DropReason]) -> None:
        for item in items:
            if isinstance(item, DropReason):
                self._drops((item,))
                continue
            post = normalize(item, NOW, source="s", author_key=b"k")
            if isinstance(post, Drop):
                self._drops((post.reason,))
                continue
            assert post.native_id
            assert post.published_at.tzinfo is not None
            post.text.encode()  # no lone surrogate is left
            self.posts += 1

    def _drops(self, reasons: Iterable[DropReason]) -> None:
        for reason in reasons:
            assert isinstance(reason, DropReason)
            self.drops[reason] += 1

    def figures(self) -> dict[str, Any]:
        """Everything counted."""
        return {
            "documents": sum(self.documents.values()),
            "parsers": len(self.documents),
            "refused": self.refused,
            "posts": self.posts,
            "verdicts": dict(self.verdicts),
            "drops": dict(self.drops),
        }


def run(documents: int, seed: int, only: int | None = None) -> int:
    """Try so many; the exit code."""
    tried, failed = Tried(), 0
    for number in range(documents) if only is None else (only,):
        parser = PARSERS[number % len(PARSERS)]
        try:
            tried.document(parser, Random(f"{seed}:{number}"))
        except Exception:  # noqa: BLE001 - whatever a parser raises is what is looked for
            failed += 1
            if failed <= 20:
                sys.stderr.write(f"document {number} ({parser.name}):\n{traceback.format_exc(limit=-6)}\n")
        if number % 5000 == 4999:
            sys.stderr.write(f"{number + 1} documents, {failed} failed\n")
    sys.stdout.write(json.dumps({**tried.figures(), "failed": failed, "seed": seed}, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("documents", type=int, nargs="?", default=50_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--only", type=int, help="this one document, to see it fail")
    given = words.parse_args()
    sys.exit(run(given.documents, given.seed, given.only))


__all__ = ["PARSERS", "Parser", "Tried", "run"]
