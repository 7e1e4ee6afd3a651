"""The masked CSV export.

Owns its columns, its bound, and what makes it safe to open: personal data masked, self-harm posts left out for
everyone, cells that a spreadsheet would run as formulas defused.
"""

import csv
import io
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from alerts.masking import mask
from alerts.wording import platform
from api.auth import GivenParts, Viewer, ordinary
from api.faults import query_faults
from api.schemas import PostFilter
from stream.labels import chinese
from stream.ports import PostStore
from stream.query import Hit, Page, PostQuery
from stream.zone import SHANGHAI

router = APIRouter(tags=["posts"])

ROWS = 10_000
_PAGE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_HEADER = (
    *("编号", "平台", "来源", "发布时间", "作者", "标题", "正文", "转述", "对象", "情感", "风险", "旅程阶段"),
    *("把握不足", "主体", "点赞", "评论", "转发", "链接"),
)


@router.get(
    "/export.csv",
    summary="导出",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV(UTF-8,带 BOM)"}},
)
def export(asked: Annotated[PostFilter, Query()], parts: GivenParts, _: Viewer) -> StreamingResponse:
    """The newest 10,000 matching posts as CSV, personal data masked; self-harm posts never leave this way.

    `X-Guanlan-Total` says how many match, `X-Guanlan-Rows` how many are in the file.
    """
    query = ordinary(asked.query())
    with query_faults():  # the first page is read before the answer starts, so that a refusal can still be one
        first = parts.store.search(query, _PAGE)
        total = parts.store.count(query)
    return StreamingResponse(
        _lines(parts.store, query, first),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="guanlan.csv"',
            "X-Guanlan-Total": str(total),
            "X-Guanlan-Rows": str(min(total, ROWS)),
        },
    )


def cell(value: str) -> str:
    """Text that a spreadsheet shows and never runs: a leading formula sign gets an apostrophe before it."""
    return f"'{value}" if value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA) else value


def row(hit: Hit) -> list[str]:
    """One line of the export, personal data masked."""
    post, said = hit.judged.post, hit.judged.judgement
    cells = (
        post.id,
        platform(post.platform),
        post.source,
        post.published_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        post.author,
        *(mask(words) for words in (post.title, post.text, post.quoted, post.target)),
        chinese(said.sentiment),
        "、".join(chinese(risk) for risk in said.risks),
        chinese(said.stage),
        "是" if said.uncertain else "",
        "、".join(hit.judged.subjects),
        *("" if count is None else str(count) for count in (post.likes, post.comments, post.reposts)),
        post.url,
    )
    return [cell(value) for value in cells]


def _lines(store: PostStore, query: PostQuery, page: Page) -> Iterator[str]:
    yield "\ufeff" + _written([list(_HEADER)])
    left = ROWS
    while True:
        hits = page.hits[:left]
        yield _written([row(hit) for hit in hits])
        left -= len(hits)
        if not page.after or left <= 0:
            return
        page = store.search(query, _PAGE, page.after)


def _written(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
