"""Recordings: what the operator's own browser received from Douyin's pages, saved as files.

Owns the shapes of Douyin's web answers (search, video, list of videos, comments, answers to a comment) and of the files
they are saved in: one answer, an array of them, one a line, or a HAR as browsers export it. What a comment is about is
known only if its video was recorded in the same file, so a page is best saved whole. Does not fetch anything; nothing
raises whatever a file holds, except that it cannot be read.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crawlers.documents import Malformed, decode, fields, parse_json, rows, string, whole
from crawlers.imports import Read
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.sources import Source
from crawlers.tables import Broken

LARGEST = 64 * 1024 * 1024
"""Bytes of a file beyond which it is not read; browsers save pictures along if one lets them."""
_SITE = "https://www.douyin.com"
_CALLS = "/aweme/v1/web/"
_NOTE = 68
_VIDEO_CARD = 1
_NO_BAN = ("content_limit", "hit_self_harm")
"""Reasons for an empty search that are no refusal."""


def read_recording(path: Path, source: Source, author_key: bytes) -> Iterator[Read]:  # noqa: ARG001 - others need it
    """The posts of a file; see `read_recorded`.

    Raises:
        Broken: as `read_recorded`, or the file is too large.
        OSError: it cannot be opened.
    """
    if path.stat().st_size > LARGEST:
        raise Broken(f"文件超过 {LARGEST // 1024**2} MB,请只保存 XHR/Fetch 的响应")
    return read_recorded(decode(path.read_bytes()).text, source.label)


def read_recorded(text: str, platform: str) -> Iterator[Read]:
    """Videos and comments in the order they were recorded; comments are about their video where it was recorded too.

    Raises:
        Broken: nothing of it is an answer of Douyin's, or, after all that could be read, some were refusals.
    """
    answers = [fields(answer) for answer in _answers(text)]
    if not any(_kind(answer) for answer in answers):
        raise Broken("文件中没有抖音网页的响应(需要 JSON,或浏览器导出的 HAR)")
    titles = {native: desc for answer in answers for native, desc in _titles(answer)}
    number = refused = 0
    for answer in answers:
        refused += _kind(answer) == "refusal"
        for made in _elements(answer, platform, titles):
            number += 1
            yield Read(number, made)
    if refused:
        raise Broken(f"其中 {refused} 个响应是平台的登录或验证提示,请在浏览器中处理后重新录制")


def _answers(text: str) -> Iterator[Any]:
    """The recorded answers, however they were put into one file."""
    try:
        value = parse_json(text)
    except Malformed:
        for line in text.splitlines():
            if line.strip():
                yield _json(line)
        return
    if isinstance(value, list):
        yield from value
    elif "log" in fields(value):
        yield from _archived(rows(fields(value["log"]).get("entries")))
    else:
        yield value


def _archived(entries: list[Any]) -> Iterator[Any]:
    """The answers of a HAR: those to calls that ask for posts; a page loads much else."""
    for entry in entries:
        address = string(fields(fields(entry).get("request")).get("url"))
        if _CALLS not in address:
            continue
        content = fields(fields(fields(entry).get("response")).get("content"))
        body = string(content.get("text"))
        if content.get("encoding") == "base64":
            try:
                body = decode(base64.b64decode(body, validate=True)).text
            except (binascii.Error, ValueError):
                body = ""
        answer = _json(body)
        if _kind(fields(answer)) or any(one in address for one in ("/search/", "/comment/", "/detail/", "/post/")):
            yield answer


def _json(text: str) -> Any:
    try:
        return parse_json(text)
    except Malformed:
        return {"status_code": None}


def _kind(answer: Mapping[str, Any]) -> str:
    """Which of Douyin's answers this is; empty for none of them."""
    if "status_code" not in answer:
        return ""
    nothing = fields(answer.get("search_nil_info")).get("search_nil_type")
    if whole(answer.get("status_code")) != 0 or (nothing and nothing not in _NO_BAN):
        return "refusal"
    for name in ("comments", "aweme_detail", "aweme_list"):
        if name in answer:
            return name
    return "data" if isinstance(answer.get("data"), list) or nothing else ""


def _videos(answer: Mapping[str, Any]) -> Iterator[Any]:
    """The videos of an answer, of any type; cards that hold none are passed over."""
    kind = _kind(answer)
    if kind == "aweme_detail":
        yield answer["aweme_detail"] or fields(answer.get("filter_detail"))
    elif kind == "aweme_list":
        yield from rows(answer["aweme_list"])
    elif kind == "data":
        for card in (fields(one) for one in rows(answer.get("data"))):
            if "aweme_info" in card or card.get("type") == _VIDEO_CARD:
                yield card.get("aweme_info")
            yield from rows(fields(card.get("aweme_mix_info")).get("mix_items"))


def _titles(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for video in (fields(one) for one in _videos(answer)):
        if desc := string(video.get("desc")).strip():
            yield string(video.get("aweme_id")), desc


def _elements(answer: Mapping[str, Any], platform: str, titles: Mapping[str, str]) -> Iterator[PostItem | DropReason]:
    for video in _videos(answer):
        yield _video(fields(video), platform)
    if _kind(answer) == "comments":
        for comment in rows(answer["comments"]):
            yield from _comment(fields(comment), platform, titles)


def _video(video: dict[str, Any], platform: str) -> PostItem | DropReason:
    if "filter_reason" in video:  # hidden from who recorded it, which need not mean deleted
        return DropReason.DELETED
    native = string(video.get("aweme_id"))
    counts = fields(video.get("statistics"))
    form = "note" if whole(video.get("aweme_type")) == _NOTE else "video"
    return _named(
        video,
        PostItem(
            platform=platform,
            native_id=native,
            url=f"{_SITE}/{form}/{native}" if native else None,
            text=video.get("desc"),
            published=video.get("create_time"),
            author=_writer(fields(video.get("author"))),
            likes=counts.get("digg_count"),
            comments=counts.get("comment_count"),
            reposts=counts.get("share_count"),
            deleted=fields(video.get("status")).get("is_delete") is True,
            is_html=False,
        ),
    )


def _comment(
    comment: dict[str, Any], platform: str, titles: Mapping[str, str], *, previewed: bool = False
) -> Iterator[PostItem | DropReason]:
    """A comment and the answers shown below it."""
    native, video = string(comment.get("cid")), string(comment.get("aweme_id"))
    above = (string(comment.get(name)) for name in ("reply_to_reply_id", "reply_id"))
    yield _named(
        comment,
        PostItem(
            platform=platform,
            native_id=native,
            url=f"{_SITE}/video/{video}" if native and video else None,
            text=comment.get("text"),
            published=comment.get("create_time"),
            author=_writer(fields(comment.get("user"))),
            target=titles.get(video),
            parent=next((one for one in above if one not in ("", "0")), video),
            likes=comment.get("digg_count"),
            comments=comment.get("reply_comment_total"),
            is_html=False,
        ),
    )
    if not previewed:
        for answer in rows(comment.get("reply_comment")):
            yield from _comment(fields(answer), platform, titles, previewed=True)


def _named(element: dict[str, Any], item: PostItem) -> PostItem | DropReason:
    if not element:
        return DropReason.MALFORMED
    return item if identity(item) else DropReason.NO_ID


def _writer(user: dict[str, Any]) -> Any:
    return string(user.get("uid")) or string(user.get("sec_uid")) or user.get("nickname")
