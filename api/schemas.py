"""The JSON that the API speaks: what one may ask, and what posts, counts, alerts and cases look like.

Owns field names, bounds and Chinese titles. Built from `stream` records one way; nothing is read back from them.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from alerts.wording import platform
from stream.labels import Risk, Role, SelfHarm, Sentiment, Stage, chinese
from stream.query import Count, Facet, Hit, Interval, Order, Page, Part, PostQuery
from stream.records import Subject

_DATED = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written(value: object) -> object:
    if isinstance(value, str) and not _DATED.match(value):  # a bare number would be taken for seconds since 1970
        raise ValueError("not an ISO 8601 time")
    return value


def _bounded(moment: datetime) -> datetime:
    # no post lies outside, so the nearer edge asks the same; arithmetic on year 1 or 9999 would overflow
    return min(max(moment, _EARLIEST), _LATEST)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_bounded)]
Name = Annotated[str, StringConstraints(max_length=100)]
Names = Annotated[list[Name], Field(max_length=50)]


class PostFilter(BaseModel):
    """Which posts: every given condition must hold; a repeated one holds if any of its values does."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=500, title="搜索词", description="空格即 AND;可用 OR、NOT 与引号短语。")
    platforms: Names = Field(default=[], title="平台")
    sources: Names = Field(default=[], title="来源")
    subjects: Names = Field(default=[], title="主体")
    sentiments: list[Sentiment] = Field(default=[], max_length=3, title="情感")
    risks: list[Risk] = Field(default=[], max_length=10, title="风险")
    stages: list[Stage] = Field(default=[], max_length=6, title="旅程阶段")
    self_harm: list[SelfHarm] = Field(default=[], max_length=3, title="自伤风险", description="只对守护人有效。")
    fingerprint: Name = Field(default="", title="故事指纹")
    author: Name = Field(default="", title="作者化名")
    since: Moment | None = Field(default=None, title="发布不早于")
    until: Moment | None = Field(default=None, title="发布早于")

    def query(self, order: Order = Order.NEWEST) -> PostQuery:
        """The question as the store takes it."""
        return PostQuery(
            text=self.text,
            platforms=tuple(self.platforms),
            sources=tuple(self.sources),
            subjects=tuple(self.subjects),
            sentiments=tuple(self.sentiments),
            risks=tuple(self.risks),
            stages=tuple(self.stages),
            self_harm=tuple(self.self_harm),
            fingerprint=self.fingerprint,
            author=self.author,
            since=self.since and self.since.astimezone(UTC),
            until=self.until and self.until.astimezone(UTC),
            order=order,
        )


class PostSearch(PostFilter):
    """A filter with a page of it."""

    size: int = Field(default=20, ge=1, le=100, title="每页条数")
    after: str = Field(default="", max_length=1000, title="游标", description="上一页返回的 after;空表示从头。")
    order: Order = Field(default=Order.NEWEST, title="排序")


class PostStats(PostFilter):
    """A filter with what to count by."""

    by: Facet | Interval = Field(title="统计维度")
    limit: int = Field(default=100, ge=1, le=1000, title="最多返回几个值")


class JudgementOut(BaseModel):
    """What the classifier said."""

    sentiment: Sentiment = Field(title="情感")
    sentiment_probs: dict[Sentiment, float] = Field(title="情感概率")
    risks: list[Risk] = Field(title="风险")
    risk_probs: dict[Risk, float] = Field(title="风险概率")
    stage: Stage = Field(title="旅程阶段")
    stage_probs: dict[Stage, float] = Field(title="旅程阶段概率")
    self_harm: SelfHarm = Field(title="自伤风险")
    uncertain: bool = Field(title="把握不足")
    revision: str = Field(title="模型版本")


class HighlightOut(BaseModel):
    """Where words of the search stand in a post."""

    part: Part = Field(title="部分", description="title 标题、text 正文、quoted 转述。")
    start: int = Field(title="起", description="从 0 数起的 Unicode 字符位置。")
    end: int = Field(title="止", description="不含此位置。")


class PostOut(BaseModel):
    """One post with its judgement and the time of every stage it passed."""

    id: str = Field(title="编号")
    platform: str = Field(title="平台")
    source: str = Field(title="来源")
    url: str = Field(title="原文链接")
    author: str = Field(title="作者化名")
    title: str = Field(title="标题")
    text: str = Field(title="正文")
    quoted: str = Field(title="转述")
    target: str = Field(title="对象")
    parent: str = Field(title="上级编号")
    published_at: datetime = Field(title="发布时间")
    published_estimated: bool = Field(title="发布时间为估计")
    truncated: bool = Field(title="正文被平台截断")
    likes: int | None = Field(title="点赞")
    comments: int | None = Field(title="评论")
    reposts: int | None = Field(title="转发")
    rating: float | None = Field(title="星级", description="0 到 5。")
    score: float | None = Field(title="问卷得分")
    store: str = Field(title="门店")
    replied_at: datetime | None = Field(title="首次答复时间")
    subjects: list[str] = Field(title="主体")
    fingerprint: str = Field(title="故事指纹")
    judgement: JudgementOut = Field(title="研判")
    fetched_at: datetime = Field(title="采集时间")
    logged_at: datetime = Field(title="入流时间")
    judged_at: datetime = Field(title="研判时间")
    indexed_at: datetime = Field(title="入库时间")
    highlights: list[HighlightOut] = Field(title="命中位置", description="搜索词所在;没有搜索词时为空。")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """A found post as JSON sees it."""
        judged, post, said = hit.judged, hit.judged.post, hit.judged.judgement
        return cls(
            **{name: getattr(post, name) for name in _POST_FIELDS},
            subjects=list(judged.subjects),
            fingerprint=judged.fingerprint,
            judgement=JudgementOut(
                sentiment=said.sentiment,
                sentiment_probs=dict(zip(Sentiment, said.sentiment_probs, strict=True)),
                risks=list(said.risks),
                risk_probs=dict(zip(Risk, said.risk_probs, strict=True)),
                stage=said.stage,
                stage_probs=dict(zip(Stage, said.stage_probs, strict=True)),
                self_harm=said.self_harm,
                uncertain=said.uncertain,
                revision=said.revision,
            ),
            logged_at=judged.logged_at,
            judged_at=judged.judged_at,
            indexed_at=hit.indexed_at,
            highlights=[HighlightOut(part=span.part, start=span.start, end=span.end) for span in hit.highlights],
        )


_POST_FIELDS = (
    *("id", "platform", "source", "url", "author", "title", "text", "quoted", "target", "parent", "published_at"),
    *("published_estimated", "truncated", "likes", "comments", "reposts", "fetched_at"),
    *("rating", "score", "store", "replied_at"),
)


class PostPage(BaseModel):
    """One page of posts."""

    posts: list[PostOut] = Field(title="帖子")
    after: str = Field(title="下一页游标", description="空表示没有更多。")
    total: int = Field(title="总数")
    total_exact: bool = Field(title="总数是否精确")

    @classmethod
    def of(cls, page: Page) -> Self:
        """A page of hits as JSON sees it."""
        posts = [PostOut.of(hit) for hit in page.hits]
        return cls(posts=posts, after=page.after, total=page.total, total_exact=page.total_exact)


class CountOut(BaseModel):
    """Posts under one value."""

    value: str = Field(title="值", description="时间维度为时段起点(上海时间)。")
    label: str = Field(title="名称")
    posts: int = Field(title="条数")


class Stats(BaseModel):
    """Posts counted one way. A post with several subjects or risks counts once under each."""

    by: Facet | Interval = Field(title="统计维度")
    total: int = Field(title="符合条件的条数")
    counts: list[CountOut] = Field(title="计数")

    @classmethod
    def of(cls, by: Facet | Interval, total: int, counts: list[Count], subjects: dict[str, Subject]) -> Self:
        """Counts with the words people use for their values."""
        return cls(
            by=by,
            total=total,
            counts=[CountOut(value=c.value, label=label(by, c.value, subjects), posts=c.posts) for c in counts],
        )


class SubjectOut(BaseModel):
    """One brand, product or campaign that is listened for."""

    name: str = Field(title="名称")
    title: str = Field(title="中文名")
    role: Role = Field(title="角色")


_WORDS = {Facet.SENTIMENT: Sentiment, Facet.RISK: Risk, Facet.STAGE: Stage, Facet.SELF_HARM: SelfHarm}


def label(by: Facet | Interval, value: str, subjects: dict[str, Subject]) -> str:
    """The Chinese word for a counted value; the value itself where there is none."""
    if isinstance(by, Facet) and by in _WORDS:
        return chinese(_WORDS[by](value))
    if by is Facet.SUBJECT and value in subjects:
        return subjects[value].title
    if by is Facet.PLATFORM:
        return platform(value)
    return value
