"""`guanlan try`: which alerts a rule would have raised on what the store holds, before it wakes anyone.

Owns the walk over history and the rows that are printed. What counts, and in which window, is decided by the very
functions that decide it live (`alerts.rules`). Nothing is written and nobody is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from alerts.rules import Rule, Trial, matches, try_on, window_of
from alerts.voices import Voice, hits, openers, voice_of
from configs import wiring
from configs.load import Config, known
from models.stories import group
from stream.labels import Role, SelfHarm
from stream.query import Hit, Interval, PostQuery
from stream.records import JudgedPost
from stream.zone import SHANGHAI

Follow = Callable[[Iterable[Hit], int], Iterable[Hit]]
"""From all hits and how many there are to the same hits; shows how far the walk has come."""


def beginning(said: str, now: datetime) -> datetime:
    """When a trial begins: `30` is so many days before now, else an ISO date or time, in Asia/Shanghai without a zone.

    Raises:
        ValueError: it is neither, or further back than dates go.
    """
    try:
        if said.isdecimal():
            return now - timedelta(days=int(said))
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def try_rule(config: Config, name: str, since: datetime, follow: Follow) -> dict[str, Any]:
    """Walk the posts that the store holds, as they are now, through one rule, newest window first.

    At any time the walk has the matching posts of one window in memory, beside the rows that it returns.

    Args:
        config: everything a user has said.
        name: of a rule in `rules.toml`; a new one may stand there before any worker has been started with it.
        since: the first window is the one that holds this time.
        follow: shows progress.

    Returns:
        `matched` posts, `alerts` they would have raised, over how many `days` of which the store holds any post, and
        `rows`: one an alert with window, group, posts, originals and the posts' ids, under the id it has live. Of a
        care rule one row a day (Asia/Shanghai) that says how many, and nothing of the posts.

    Raises:
        Misconfigured: no rule has this name, or the rules would not start.
        Unavailable: the store cannot be read.
    """
    known(config.path.parent / "rules.toml", "rule.name", [name], [rule.name for rule in config.rules])
    wiring.check_alerts(config)
    rule = next(rule for rule in config.rules if rule.name == name)
    roles = {subject.name: subject.role for subject in config.subjects}
    period: Callable[[datetime], Any] = _midnight if rule.care else lambda at: window_of(rule, at).since
    begin = period(since)
    # what the store can leave out by itself; `matches` decides
    query = PostQuery(
        platforms=rule.platforms,
        sentiments=rule.sentiments,
        risks=rule.risks,
        stages=rule.stages,
        self_harm=rule.self_harm or (SelfHarm.NONE,),
        since=begin,
    )
    rows: list[dict[str, Any]] = []
    alerts = matched = 0
    with closing(wiring.open_store(config)) as store:
        days = len(store.count_by(PostQuery(since=begin), Interval.DAY))
        walk = follow(hits(store, query), store.count(query))
        for start, some in groupby(walk, key=lambda hit: period(hit.judged.post.published_at)):
            voices: dict[str, Voice] = {}
            trials = try_on(rule, _matching(rule, some, roles, voices), roles)
            matched += len(voices)
            alerts += len(trials)
            if not rule.care:
                rows += [_row(trial, voices) for trial in trials]
            elif trials:
                rows.append({"day": start.date().isoformat(), "alerts": len(trials)})
    return {
        "rule": name,
        "since": _local(begin),
        "days": days,
        "matched": matched,
        "alerts": alerts,
        "alerts_a_day": round(alerts / days, 2) if days else 0.0,
        "rows": rows,
    }


def _matching(
    rule: Rule, found: Iterable[Hit], roles: Mapping[str, Role], voices: dict[str, Voice]
) -> Iterator[JudgedPost]:
    """The posts that count, each leaving in `voices` what is counted of it."""
    for hit in found:
        if matches(rule, hit.judged, roles):
            voices[hit.judged.post.id] = voice_of(hit)
            yield hit.judged


def _row(trial: Trial, voices: Mapping[str, Voice]) -> dict[str, Any]:
    said = sorted((voices[post] for post in trial.post_ids), key=lambda voice: (voice.published_at, voice.id))
    return {
        "alert": trial.alert_id,
        "since": _local(trial.window.since),
        "until": _local(trial.window.until),
        "group": trial.group,
        "posts": len(said),
        "originals": len(openers(said, group([voice.fingerprint for voice in said]))),
        "ids": [voice.id for voice in said],
    }


def _midnight(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")
