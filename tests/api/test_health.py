"""Health, metrics, and how failures are told."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.owed import OutboxState
from api.dashboard.figures import flow
from api.health import examine
from api.metrics import percentiles, stage_seconds
from stream.labels import Health, Sentiment
from stream.ports import Message, Unavailable
from stream.query import Hit
from stream.records import DEAD, JUDGED, Coverage
from tests.api.room import ANALYST, Failing, Room, source
from tests.factories import NOW, judged

SECRET = "帖子里的话"


def test_health_tells_lag_and_sources(api: Room) -> None:
    """Everything works: 200, with each reader group's lag and each source's state; no key is needed."""
    api.parts.log.append(JUDGED, [Message("k", b"v")] * 3)
    answer = api.client().get("/api/health")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok")
    assert {(lag["group"], lag["messages"]) for lag in body["lags"]} == {("index", 3), ("alert", 3)}
    assert all(check["ok"] for check in body["checks"])


def test_a_blocked_source_is_degraded_and_says_why(api: Room) -> None:
    """No data is never shown as no news: the state, its reason and since when are there, with 200."""
    api.sources.append(source("douyin", Health.BLOCKED, "被登录墙挡住"))
    answer = api.client(ANALYST).get("/api/health")
    blocked = answer.json()["sources"][1]
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert (blocked["label"], blocked["reason"]) == ("被拦截", "被登录墙挡住")
    assert blocked["since"].startswith("2026-11-21T02:00")


def test_a_source_switched_off_is_no_trouble(api: Room) -> None:
    """Nothing is expected of it, so all is well; it is listed as switched off all the same."""
    api.sources.append(source("old", Health.OFF, "已停用，不采集"))
    told = api.client().get("/api/health").json()
    assert (told["status"], told["sources"][1]["label"]) == ("ok", "停用")


def test_messages_that_could_not_be_handled_are_told(api: Room) -> None:
    """Nobody calls it all well while a message that may be a person at risk lies unhandled; how many, and no words."""
    api.parts.log.append(DEAD, [Message("k", b"v")] * 2)
    answer = api.client().get("/api/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["dead"]) == (200, "degraded", 2)
    assert "2 条消息处理失败" in answer.json()["message"]
    assert "guanlan_dead_letters 2.0" in api.client(ANALYST).get("/metrics").text
    unread = api.client(parts=api.opened(dead=Failing(Unavailable(SECRET)).count)).get("/api/health").json()
    assert (unread["status"], unread["dead"]) == ("degraded", None)


def test_notices_that_nobody_took_are_told(api: Room) -> None:
    """Nobody calls it all well on the day when a notice or a mail was given up: somebody does not know."""
    window = {"since": NOW - timedelta(days=2), "until": NOW - timedelta(days=1), "body": "{}", "created_at": NOW}
    api.parts.book.open_digest("d", "daily", **window, recipients=["a@example.invalid", "b@example.invalid"])
    for failed in (NOW, NOW - timedelta(days=2)):
        mail = api.parts.book.claim_mail(NOW, timedelta(seconds=30))
        assert mail is not None
        api.parts.book.settle(mail, OutboxState.FAILED, failed, error="Rejected")
    answer = api.client().get("/api/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["undelivered"]) == (200, "degraded", 1)
    assert "1 份通知或邮件最终未能送达" in answer.json()["message"]
    assert "guanlan_undelivered 1.0" in api.client(ANALYST).get("/metrics").text
    assert "<b>1<small>份</small></b>" in flow(examine(api.parts), None)


def test_health_tells_what_was_covered_and_when_it_tries_again(api: Room) -> None:
    """A cap or a gap is told by listing beside what the platform says there is; a pause says when it ends."""
    row = Coverage("云汀茶", Health.GAP, 40, 900, 4, 2, NOW - timedelta(hours=1), began=NOW, subjects=("own",))
    api.sources.append(replace(source("heimao", Health.GAP, "有缺口"), retry_at=NOW, coverage=(row,)))
    told = api.client(ANALYST).get("/api/health").json()
    whole, gappy = told["sources"]
    assert [(one["subject"], one["words"]) for one in told["incomplete"]] == [
        ("own", "微博 heimao 有缺口 1 处（见到 40/900 条）")
    ]
    assert (whole["retry_at"], whole["coverage"]) == (None, [])
    assert gappy["label"] == "有缺口"
    assert gappy["retry_at"] == NOW.isoformat().replace("+00:00", "Z")
    (listing,) = gappy["coverage"]
    assert (listing["listing"], listing["state"], listing["label"]) == ("云汀茶", "gap", "有缺口")
    assert (listing["began"], listing["subjects"]) == (gappy["retry_at"], ["own"])
    assert (listing["got"], listing["expected"], listing["pages"], listing["truncated"]) == (40, 900, 4, 2)
    assert (listing["since"], listing["until"]) == ((NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z"), None)


def test_whoever_has_no_key_learns_no_account(api: Room) -> None:
    """A listing may be a person's account: a probe without a key is told states and numbers alone."""
    row = Coverage("小王的账号", Health.BLOCKED, subjects=("own",))
    api.sources.append(replace(source("weibo_user", Health.BLOCKED, "小王的账号：没有授权"), coverage=(row,)))
    probed = api.client().get("/api/health")
    blocked = probed.json()["sources"][1]
    assert "小王" not in probed.text
    assert (probed.json()["status"], probed.json()["listed"], blocked["label"]) == ("degraded", False, "被拦截")
    assert [(one["subject"], one["words"]) for one in probed.json()["incomplete"]] == [
        ("own", "微博 weibo_user 被拦截 1 处")
    ]
    told = api.client(ANALYST).get("/api/health").json()
    assert (told["listed"], told["sources"][1]["reason"]) == (True, "小王的账号：没有授权")
    assert [one["listing"] for one in told["sources"][1]["coverage"]] == ["小王的账号"]


def test_a_subject_that_was_not_read_whole_is_degraded(api: Room) -> None:
    """Though every source is fresh, nobody calls it all well while a listing of a subject was kept back."""
    row = Coverage("云汀茶", Health.CAPPED, subjects=("own",))
    api.sources.append(replace(source("heimao"), coverage=(Coverage("奶茶", Health.FRESH), row)))
    told = api.client().get("/api/health").json()
    assert (told["status"], told["message"]) == (
        "degraded",
        "系统正常,但云汀茶没有采全:没有数据不等于没有消息",
    )


@pytest.mark.parametrize("part", ["store", "log", "book"])
def test_health_is_503_without_an_essential_part(api: Room, part: str) -> None:
    """The same body tells which part is down."""
    answer = api.client(parts=api.opened(**{part: Failing(Unavailable(SECRET))})).get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == [part]
    assert SECRET not in answer.text


def test_unavailable_is_503_with_an_id_and_no_words(api: Room, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is a fixed sentence; the log has the same id and the place, and neither has the error's text."""
    answer = api.client(ANALYST, parts=api.opened(store=Failing(Unavailable(SECRET)))).get("/api/posts")
    assert answer.status_code == 503
    assert answer.json()["id"] in caplog.text
    assert SECRET not in answer.text + caplog.text


@pytest.mark.parametrize("error", [RuntimeError(SECRET), UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET)])
def test_any_other_failure_is_500_without_its_words(
    api: Room, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A bug answers with a fixed sentence; even a ValueError of ours does not speak to the user."""
    with caplog.at_level(logging.DEBUG):
        answer = api.client(ANALYST, parts=api.opened(store=Failing(error))).get("/api/posts")
    assert answer.status_code == 500
    assert answer.json()["id"] in caplog.text
    assert SECRET not in answer.text + caplog.text


def test_unknown_addresses_and_methods_answer_in_json(api: Room) -> None:
    """404 and 405 have the shape of every other problem."""
    client = api.client(ANALYST)
    assert client.get("/api/nothing").json()["message"] == "没有这个地址。"
    wrong = client.delete("/api/posts")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


def test_metrics_tell_lag_posts_states_and_latency(api: Room) -> None:
    """One scrape has all four families with their labels."""
    late = judged("3", source="news", published_at=NOW - timedelta(hours=1))
    api.put(judged("1", sentiment=Sentiment.NEGATIVE), judged("2"), late)
    api.parts.log.append(JUDGED, [Message("k", b"v")])
    text = api.client(ANALYST).get("/metrics").text
    for line in (
        'guanlan_lag_messages{group="index",topic="judged"} 1.0',
        'guanlan_posts{source="weibo"} 2.0',
        'guanlan_source_health{health="fresh",source="weibo"} 1.0',
        'guanlan_stage_latency_seconds{quantile="0.95",source="weibo",stage="judge"} 0.0',
        'guanlan_stage_latency_seconds{quantile="0.95",source="news",stage="fetch"} 3600.0',
    ):
        assert line in text


def test_latency_is_counted_from_stage_to_stage() -> None:
    """Each stage takes the time since the one before; a single post is its own percentile. When a post was judged
    first is not known of one that was judged again, which does not pass for slow."""
    spans = stage_seconds([Hit(judged("1"), NOW)])
    assert spans == {"fetch": [0.0], "log": [0.0], "judge": [0.0], "index": [0.0]}
    again = Hit(replace(judged("1"), judged_at=NOW + timedelta(days=9)), NOW)
    assert stage_seconds([again]) == {"fetch": [0.0], "log": [0.0], "judge": [], "index": []}
    assert percentiles([2.0]) == {"0.5": 2.0, "0.95": 2.0, "0.99": 2.0}
    assert percentiles([]) == {}
