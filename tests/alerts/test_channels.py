"""The webhook: signed so that a receiver can check it, read so that a refusal is never taken for success."""

import json
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.care import guidance
from alerts.channels import Busy, CareNotice, Excerpt, Notice, WebhookChannel, pause_asked, refusal
from alerts.rules import Severity
from stream.labels import SelfHarm
from stream.ports import Misconfigured, Rejected, Unavailable
from tests.alerts.receiver import SECRET, receiving
from tests.factories import NOW

NOTICE = Notice(
    id="dl_1",
    alert_id="surge-1",
    title="负面集中出现",
    severity=Severity.WARNING,
    subject="云汀茶",
    since=NOW,
    until=NOW + timedelta(hours=1),
    raised_at=NOW,
    posts=12,
    originals=2,
    spreaders=10,
    accounts=9,
    excerpts=(Excerpt("https://example.invalid/1", "喝出异物", "weibo", NOW),),
    case_url="http://127.0.0.1:8000/cases/surge-1",
)
CARE = CareNotice(
    id="dl_2",
    alert_id="care-1",
    title="有人可能需要帮助",
    severity=Severity.CRITICAL,
    level=SelfHarm.CRISIS,
    platform="weibo",
    raised_at=NOW,
    round=0,
    guidance=guidance(SelfHarm.CRISIS),
    case_url="http://127.0.0.1:8000/cases/care-1",
)


def now() -> datetime:
    """The real time, for the receiver refuses signatures that are minutes old."""
    return datetime.now(UTC)


@pytest.fixture
def client():
    """An HTTP client that uses no proxy of this machine."""
    with httpx.Client(trust_env=False) as made:
        yield made


@pytest.fixture
def receiver():
    """A receiver that checks every signature."""
    with receiving() as running:
        yield running


def test_a_notice_arrives_signed_and_whole(client, receiver):
    """The receiver's own library accepts the signature; the id is the delivery's."""
    WebhookChannel("ops", receiver.url, SECRET, client, now).send(NOTICE)
    ((delivery_id, said),) = receiver.taken
    assert (delivery_id, said["type"]) == ("dl_1", "alert.raised")
    assert said["data"]["subject"] == "云汀茶"
    assert [said["data"][key] for key in ("posts", "originals", "spreaders", "accounts")] == [12, 2, 10, 9]
    assert said["data"]["excerpts"][0]["text"] == "喝出异物"
    assert said["data"]["severity_title"] == "警告"


def test_a_care_notice_has_guidance_and_nothing_of_the_post(client, receiver):
    """Level, platform, case link and what to do; no words, no author, no link to the post."""
    WebhookChannel("guardians", receiver.url, SECRET, client, now).send(CARE)
    ((_, said),) = receiver.taken
    assert said["type"] == "care.raised"
    assert set(said["data"]) == {
        "alert_id", "title", "severity", "severity_title", "raised_at", "case_url",
        "level", "level_title", "platform", "round", "guidance",
    }  # fmt: skip
    assert all(number in said["data"]["guidance"] for number in ("12356", "010-82951332", "110", "120"))


ANSWERS = [
    (200, {}, b"", None),
    (204, {}, b"", None),
    (200, {}, b"ok", None),
    (200, {}, b'{"errcode":0,"errmsg":"ok"}', None),
    (200, {}, b'{"code":200,"message":"success"}', None),
    (200, {}, b'{"StatusCode":0,"code":0}', None),
    (200, {}, b'{"errcode":310000,"errmsg":"keywords not in content"}', Rejected),
    (200, {}, b'{"errcode":"40035"}', Rejected),
    (200, {}, b'{"errcode":90030,"errmsg":"webhook over limit"}', Unavailable),
    (200, {}, b'{"errcode":130101}', Unavailable),
    (200, {}, b'{"code":19024,"msg":"Key Words Not Found"}', Rejected),
    (200, {}, b'{"code":11232}', Unavailable),
    (200, {}, b'{"StatusCode":19001}', Rejected),
    (302, {"location": "/elsewhere"}, b"", Rejected),
    (400, {}, b"", Rejected),
    (404, {}, b"", Rejected),
    (410, {}, b"", Rejected),
    (408, {}, b"", Unavailable),
    (429, {}, b"", Unavailable),
    (500, {}, b"", Unavailable),
    (503, {}, b"", Unavailable),
]


@pytest.mark.parametrize(("answer", "error"), [(answer[:3], answer[3]) for answer in ANSWERS])
def test_every_answer_means_one_thing(client, receiver, answer, error):
    """Taken, never, or later: HTTP 200 with an error code inside is not taken."""
    receiver.answers = [answer]
    channel = WebhookChannel("ops", receiver.url, SECRET, client, now)
    if error is None:
        channel.send(NOTICE)
    else:
        with pytest.raises(error) as raised:
            channel.send(NOTICE)
        assert "verysecrettoken" not in str(raised.value)
        assert not isinstance(raised.value, Rejected) or raised.value.ids == ("dl_1",)
    assert len(receiver.taken) == 1


def test_a_receiver_says_how_long_to_wait(client, receiver):
    """Retry-After in seconds reaches whoever retries."""
    receiver.answers = [(429, {"retry-after": "120"}, b"")]
    with pytest.raises(Busy) as raised:
        WebhookChannel("ops", receiver.url, SECRET, client, now).send(NOTICE)
    assert raised.value.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", timedelta()),
        ("7", timedelta(seconds=7)),
        ("99999999999", timedelta(days=1)),
        ("Sat, 21 Nov 2026 04:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 03:01:00 GMT", timedelta()),
    ],
)
def test_retry_after_in_all_its_forms(header, pause):
    """Seconds and dates are understood, nonsense is nothing, a day is the most."""
    assert pause_asked(header, NOW) == pause


@given(st.text())
def test_any_retry_after_is_survived(header):
    """A header is a stranger's text."""
    pause = pause_asked(header, NOW)
    assert pause is None or timedelta() <= pause <= timedelta(days=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["errcode", "StatusCode", "code", "x"]), inner),
)


@given(st.binary() | JSON.map(lambda said: json.dumps(said).encode()))
@example(b"[" * 60_000)
@example(b'{"code":' + b"9" * 5000 + b"}")
def test_any_answer_is_survived(body):
    """A body is a stranger's bytes."""
    assert refusal(body) is None or isinstance(refusal(body), int)


def test_a_refusal_is_read_whatever_its_sentence_is_written_in() -> None:
    """A gateway that answers in GBK has refused all the same."""
    assert refusal('{"errcode":310000,"errmsg":"关键词不匹配"}'.encode("gbk")) == 310000
    assert refusal('{"errcode":0,"errmsg":"成功"}'.encode("gbk")) is None


def test_a_receiver_that_never_answers_is_unavailable(client, receiver):
    """The timeout ends it."""
    release = threading.Event()
    receiver.before_answer = release.wait
    channel = WebhookChannel("ops", receiver.url, SECRET, client, now, timeout=timedelta(seconds=0.1))
    with pytest.raises(Unavailable, match="ReadTimeout"):
        channel.send(NOTICE)
    release.set()


def test_a_receiver_that_is_not_there_is_unavailable(client):
    """A refused connection may be accepted later."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    channel = WebhookChannel("ops", f"http://127.0.0.1:{port}/?token=verysecrettoken", SECRET, client, now)
    with pytest.raises(Unavailable) as raised:
        channel.send(NOTICE)
    assert "verysecrettoken" not in str(raised.value)


def test_the_address_is_in_no_log(client, receiver, caplog):
    """A robot's address is its password; neither we nor httpx write it down, at any level."""
    with caplog.at_level(logging.DEBUG):
        WebhookChannel("ops", receiver.url, SECRET, client, now).send(NOTICE)
    assert "POST" in caplog.text
    assert "verysecrettoken" not in caplog.text
    assert "/robot" not in caplog.text


@pytest.mark.parametrize("url", ["", "ftp://x/y", "http://", "not a url", "http://[::1"])
def test_an_address_that_cannot_work_is_refused_at_start(client, url):
    """Without being quoted."""
    with pytest.raises(Misconfigured, match="channel 'ops': url"):
        WebhookChannel("ops", url, SECRET, client, now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a", "whsec_😀"])
def test_a_secret_that_cannot_work_is_refused_at_start(client, secret):
    """Without being quoted."""
    with pytest.raises(Misconfigured, match="channel 'ops': secret"):
        WebhookChannel("ops", "http://127.0.0.1/", secret, client, now)
