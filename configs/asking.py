"""What the command line asks of the parts: search, judge given lines, check that everything works.

Owns the rows those commands print. Answers that need a person's rights come from the API instead.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import httpx

from alerts.mailer import domain_of
from configs import wiring
from configs.crawling import user_agent
from configs.dead import waiting
from configs.judging import load_classifier, load_judge
from configs.load import Config
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured, Unavailable
from stream.query import Hit, PostQuery
from stream.records import Judgement
from stream.zone import SHANGHAI

log = logging.getLogger(__name__)


class BadQuestion(Exception):
    """The user asked for something that cannot be understood; the message is fit for them."""


def search_posts(
    config: Config,
    text: str,
    *,
    platforms: Sequence[str],
    subjects: Sequence[str],
    sentiments: Sequence[str],
    risks: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    size: int,
) -> list[dict[str, Any]]:
    """The newest posts that match; times without a zone are Asia/Shanghai.

    Raises:
        BadQuestion: a word that is no label, or a query that cannot be understood.
    """
    try:
        query = PostQuery(
            text=text,
            platforms=tuple(platforms),
            subjects=tuple(subjects),
            sentiments=tuple(Sentiment(word) for word in sentiments),
            risks=tuple(Risk(word) for word in risks),
            self_harm=(SelfHarm.NONE,),
            since=since.replace(tzinfo=SHANGHAI) if since else None,
            until=until.replace(tzinfo=SHANGHAI) if until else None,
        )
        store = wiring.open_store(config)
        try:
            return [_row(hit) for hit in store.search(query, size).hits]
        finally:
            store.close()
    except ValueError as error:
        raise BadQuestion(str(error)) from None


def judgements(config: Config, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One judgement a line, in order. A line is a JSON object with `text`, or else the text itself.

    A line that was meant to be something else is judged as it stands, and a warning tells its number.
    """
    classifier = load_classifier(config)
    texts = (_text(number, line) for number, line in enumerate(lines, 1))
    while batch := list(islice(texts, 256)):
        yield from (judgement_row(judged) for judged in classifier.classify(batch))


def check_parts(config: Config) -> list[dict[str, Any]]:
    """Open every part as a run would; a row each with what is wrong."""
    parts: dict[str, Callable[[], object]] = {
        "log": lambda: _closing(wiring.open_log(config)),
        "store": lambda: _closing(wiring.open_store(config)),
        "book": lambda: wiring.open_book(config).close(),
        "judge": lambda: load_judge(config, wiring.now),
        "channels": lambda: _channels(config),
        "mail": lambda: _mail(config),
        "serve": lambda: wiring.check_people(config),
        "crawl memory": lambda: wiring.open_state(config).close(),
    }
    rows = [{"part": "config", "ok": True, "detail": str(config.path)}]
    for name, opening in parts.items():
        try:
            opening()
        except (Misconfigured, Unavailable) as error:
            rows.append({"part": name, "ok": False, "detail": str(error)})
        else:
            rows.append({"part": name, "ok": True, "detail": ""})
    rows.append(_dead_letters(config))
    enabled = [source for source in config.sources if source.crawled]
    for source in enabled:
        try:
            wiring.check_source(source)
            if not source.imported:
                user_agent(config)
        except Misconfigured as error:
            rows.append({"part": f"source {source.name}", "ok": False, "detail": str(error)})
        else:
            rows.append({"part": f"source {source.name}", "ok": True, "detail": source.access.value})
    if not enabled:
        rows.append({"part": "sources", "ok": True, "detail": "没有启用的来源;在 sources.toml 中登记并启用"})
    return rows


def _dead_letters(config: Config) -> dict[str, Any]:
    """Letters that wait keep no part from working, so they are told and fail nothing."""
    try:
        count = len(waiting(config))
    except (Misconfigured, Unavailable) as error:
        return {"part": "dead letters", "ok": False, "detail": str(error)}
    detail = f"{count} 条消息处理失败,等待处置:guanlan dead list" if count else ""
    return {"part": "dead letters", "ok": True, "detail": detail}


def _mail(config: Config) -> None:
    domain_of(config.settings.mail.sender)
    wiring.open_mailer(config).check()


def judgement_row(judgement: Judgement) -> dict[str, Any]:
    """A judgement as users of the command line read it."""
    return {
        "sentiment": judgement.sentiment,
        "sentiment_probs": _probs(Sentiment, judgement.sentiment_probs),
        "risks": [str(risk) for risk in judgement.risks],
        "risk_probs": _probs(Risk, judgement.risk_probs),
        "stage": judgement.stage,
        "stage_probs": _probs(Stage, judgement.stage_probs),
        "self_harm": judgement.self_harm,
        "self_harm_probs": _probs(SelfHarm, judgement.self_harm_probs),
        "uncertain": judgement.uncertain,
        "revision": judgement.revision,
    }


def _probs(labels: Iterable[str], values: Sequence[float]) -> dict[str, float]:
    return {str(label): round(value, 4) for label, value in zip(labels, values, strict=True)}


def _text(number: int, line: str) -> str:
    line = line.rstrip("\r\n")
    if not line.isprintable() and any("\udc80" <= char <= "\udcff" for char in line):
        log.warning("line %d is not UTF-8: judged without the bytes that are not", number)
    if line.lstrip().startswith("{"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            log.warning("line %d begins like JSON and is none: judged as plain text", number)
            return line
        if isinstance(found, dict) and isinstance(found.get("text"), str):
            return str(found["text"])
        log.warning("line %d is JSON without a text: judged as plain text", number)
    return line


def _row(hit: Hit) -> dict[str, Any]:
    post, judgement = hit.judged.post, hit.judged.judgement
    return {
        "id": post.id,
        "platform": post.platform,
        "published_at": post.published_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "title": post.title,
        "text": post.text,
        "url": post.url,
        "subjects": list(hit.judged.subjects),
        "sentiment": judgement.sentiment,
        "risks": list(judgement.risks),
        "stage": judgement.stage,
        "uncertain": judgement.uncertain,
        "revision": judgement.revision,
    }


def _channels(config: Config) -> None:
    with httpx.Client() as client:
        wiring.open_channels(config, client)


def _closing(part: Any) -> None:
    try:
        part.check()
    finally:
        part.close()
