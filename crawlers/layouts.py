"""Layouts: which column of an operator's file means what.

Owns the `[source.layout]` table of a source that reads files, its check, and the layouts of exports whose columns are
known. Does not read files (`tables`) nor make items of rows (`imports`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

Columns = tuple[str, ...]
"""Names of columns: of texts all that are filled, joined; of times the first, with the hours if they stand in the next;
of anything else the first that is filled."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a source's files are laid out. Every field that is a tuple of names is a column mapping."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    text: Columns = ()
    """The customer's words; what has none is dropped."""
    id: Columns = ()
    """Ticket or answer number; without one, rows are told apart by what they say."""
    title: Columns = ()
    published: Columns = ()
    author: Columns = ()
    """Kept as a pseudonym only."""
    url: Columns = ()
    target: Columns = ()
    """Whom it is about: product, company."""
    quoted: Columns = ()
    """Words of others: the company's answer."""
    store: Columns = ()
    rating: Columns = ()
    """Stars."""
    score: Columns = ()
    """Answer to a survey's question: CSAT, NPS."""
    replied: Columns = ()
    """When the company first answered."""
    likes: Columns = ()
    comments: Columns = ()
    reposts: Columns = ()
    optional: Columns = ()
    """Names of the fields above whose columns a file may lack."""
    fill_down: Columns = ()
    """Names of the fields above whose empty cells mean what stood above them: merged cells."""
    rating_best: float = 5
    """What the highest rating is written as; ratings are brought to the scale 0 to 5."""
    time_format: str = ""
    """How times are written (strptime), where that is not year first: `%d/%m/%Y %H:%M`."""
    sheet: str = ""
    """Name of the worksheet; empty means the first."""
    header: int = 0
    """Row with the column names, from 1; 0 looks for the first that has them all."""
    records: str = ""
    """In JSON, the path to the list of records: `data.rows`; empty means that the document is the list."""
    encoding: str = ""
    """Of CSV and JSON; empty means UTF-8, else GB18030, whichever the bytes are."""
    delimiter: str = ""
    """Of CSV; empty means whichever of `,` tab `;` `|` gives the columns."""

    def columns(self) -> Iterator[tuple[str, Columns]]:
        """Each mapped field with its columns."""
        for name in MAPPED:
            if named := getattr(self, name):
                yield name, named


MAPPED = (
    *("text", "id", "title", "published", "author", "url", "target", "quoted", "store", "rating", "score", "replied"),
    *("likes", "comments", "reposts"),
)
"""Fields of a layout that name columns and become a post's."""
assert set(MAPPED) <= {one.name for one in fields(Layout)}

DIANSUBAO = Layout(
    # what the public complaint list answers; its name, mobile, email and idcard are named nowhere and so never read
    id=("id",),
    title=("title",),
    text=("intro",),
    quoted=("remark", "remark2"),
    target=("company_name", "to_company"),
    published=("post_time", "ctime", "cdate"),
    replied=("back_time",),
    url=("article_link",),
    optional=("title", "quoted", "target", "published", "replied", "url"),
    records="pw_rec_list",
)
_MARKET = Layout(
    id=("id", "公示编号", "编号"),
    text=("content", "投诉问题", "投诉内容"),
    quoted=("res", "处理结果"),
    target=("entName", "企业名称", "被投诉单位"),
    published=("endtime", "办结时间", "公示时间"),
    optional=("id", "quoted", "target", "published"),
    records="rows",
)
LAYOUTS: Mapping[str, Layout] = {"diansubao": DIANSUBAO, "12315": _MARKET}
"""By spider: exports whose columns are known, for sources that say nothing of their own."""


def problem(layout: Layout) -> str | None:
    """The first thing wrong with a layout, beginning with its key."""
    return _columns(layout) or _bounds(layout) or _encoding(layout.encoding) or _time_format(layout.time_format)


def _columns(layout: Layout) -> str | None:
    if not layout.text:
        return "layout.text must name the column with the customer's words"
    for name, named in layout.columns():
        if not all(column.strip() for column in named):
            return f"layout.{name} must not name an empty column"
    for key in ("optional", "fill_down"):
        for name in getattr(layout, key):
            if name not in MAPPED or not getattr(layout, name):
                return f"layout.{key} names {name!r}, which is no mapped field of this layout"
    return "layout.optional must not name text" if "text" in layout.optional else None


def _bounds(layout: Layout) -> str | None:
    if not 0 < layout.rating_best <= 1000:
        return "layout.rating_best must be between 0 and 1000"
    if not 0 <= layout.header <= 1000:
        return "layout.header must be between 0 and 1000"
    return "layout.delimiter must be one character" if len(layout.delimiter) > 1 else None


def _encoding(name: str) -> str | None:
    try:
        "云".encode(name or "utf-8")
    except (LookupError, UnicodeError):
        return "layout.encoding must be an encoding that has Chinese: utf-8, utf-16 or gb18030"
    return None


def _time_format(form: str) -> str | None:
    if not form:
        return None
    sample = datetime(2026, 11, 21, 10, 3, 22)  # noqa: DTZ001 - only written and read back
    try:
        sound = datetime.strptime(sample.strftime(form), form).date() == sample.date()  # noqa: DTZ007
    except ValueError:
        sound = False
    return None if sound else "layout.time_format must give year, month and day: %d/%m/%Y %H:%M"
