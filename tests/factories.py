"""Posts and judgements for tests, with every field overridable and nothing random."""

from datetime import UTC, datetime
from typing import Any

from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.records import JudgedPost, Judgement, Post, post_id

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def post(native: str = "1", **fields: Any) -> Post:
    """A plain Weibo post of an hour-long stretch before NOW."""
    platform = fields.setdefault("platform", "weibo")
    defaults: dict[str, Any] = {
        "id": post_id(platform, native),
        "source": platform,
        "native_id": native,
        "url": f"https://example.invalid/{platform}/{native}",
        "text": "今天的奶茶很好喝",
        "published_at": NOW,
        "fetched_at": NOW,
        "author": "a1",
    }
    return Post(**{**defaults, **fields})


def judgement(
    sentiment: Sentiment = Sentiment.NEUTRAL,
    risks: tuple[Risk, ...] = (),
    stage: Stage = Stage.USE,
    self_harm: SelfHarm = SelfHarm.NONE,
    *,
    uncertain: bool = False,
    revision: str = "test-1",
) -> Judgement:
    """A judgement that is sure of itself."""
    return Judgement(
        sentiment=sentiment,
        sentiment_probs=tuple(0.9 if s is sentiment else 0.05 for s in Sentiment),
        risks=risks,
        risk_probs=tuple(0.9 if r in risks else 0.02 for r in Risk),
        stage=stage,
        stage_probs=tuple(0.9 if s is stage else 0.02 for s in Stage),
        self_harm=self_harm,
        self_harm_probs=tuple(0.9 if s is self_harm else 0.05 for s in SelfHarm),
        uncertain=uncertain,
        revision=revision,
    )


def judged(
    native: str = "1", *, subjects: tuple[str, ...] = ("own",), fingerprint: str = "", **fields: Any
) -> JudgedPost:
    """A judged post; keywords of `judgement` and of `post` may be mixed."""
    of_judgement = {
        k: fields.pop(k) for k in ("sentiment", "risks", "stage", "self_harm", "uncertain", "revision") if k in fields
    }
    made = post(native, **fields)
    return JudgedPost(
        post=made,
        judgement=judgement(**of_judgement),
        subjects=subjects,
        fingerprint=fingerprint or made.id,
        logged_at=made.fetched_at,
        judged_at=made.fetched_at,
    )
