"""Channels: how a notice leaves the house.

Owns what is told (Notice, CareNotice), the port `Channel`, and the signed JSON webhook. Does not own when, how often
and what next (`dispatch`), nor what a notice says (`notices`). A webhook's address is a secret: it stands in no error
and no log.
"""

import binascii
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import httpx
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from alerts.alert import title_of
from alerts.rules import Severity
from stream.labels import SelfHarm, chinese
from stream.ports import Misconfigured, Rejected, Unavailable

_BODY_LIMIT: Final = 65_536
_TRY_AGAIN: Final = frozenset({408, 425, 429})
# busy or over the limit, by their makers' lists: WeCom -1, 45009, 45033, 90030; DingTalk 130101; Feishu 9499, 11232
_BUSY_CODES: Final = frozenset({-1, 45009, 45033, 90030, 130101, 9499, 11232})


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Masked words of one post, with the link to the whole."""

    url: str
    text: str
    platform: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """An ordinary alert as a person is told of it."""

    id: str
    """The delivery's id: the same at every attempt."""
    alert_id: str
    title: str
    severity: Severity
    subject: str
    """Whom it is about, in Chinese."""
    since: datetime
    until: datetime
    raised_at: datetime
    posts: int
    originals: int
    spreaders: int
    accounts: int
    excerpts: tuple[Excerpt, ...]
    case_url: str


@dataclass(frozen=True, slots=True)
class CareNotice:
    """A person may be at risk. No words of theirs, no name, no link to them: the case page has those, audited."""

    id: str
    alert_id: str
    title: str
    severity: Severity
    level: SelfHarm
    platform: str
    raised_at: datetime
    round: int
    """0 at first; 1, 2, … each time nobody had answered."""
    guidance: str
    case_url: str


class Busy(Unavailable):
    """The receiver asks for a pause.

    Attributes:
        retry_after: how long it asks for; None when it does not say.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Channel(Protocol):
    """One way to reach people."""

    name: str

    def send(self, notice: Notice | CareNotice) -> None:
        """Tell; returns once the receiver has taken it. The same `notice.id` may be sent again after a crash.

        Raises:
            Unavailable: not taken, perhaps later (`Busy` with a pause asked for).
            Rejected: never.
        """


class WebhookChannel:
    """JSON by POST, signed as Standard Webhooks: `webhook-id` is the notice's id, so a receiver can drop repeats."""

    def __init__(
        self,
        name: str,
        url: str,
        secret: str,
        client: httpx.Client,
        clock: Callable[[], datetime],
        *,
        timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        """Make the channel; nothing is sent.

        Args:
            name: what rules call it.
            url: http or https address of the receiver.
            secret: `whsec_` and base64, shared with the receiver.
            client: makes the requests; the caller closes it.
            clock: gives the time that is signed.
            timeout: for connecting, sending and answering each, and for reading the answer as a whole.

        Raises:
            Misconfigured: URL or secret cannot work; neither stands in the message.
        """
        self.name = name
        try:
            self._url = httpx.URL(url)
            self._webhook = Webhook(secret)
        except (httpx.InvalidURL, TypeError):
            raise Misconfigured(f"channel {name!r}: url is not a URL") from None
        except (binascii.Error, ValueError, EmptyWebhookSecretError):
            raise Misconfigured(f"channel {name!r}: secret must be whsec_ and base64") from None
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise Misconfigured(f"channel {name!r}: url must begin with http:// or https:// and name a host")
        self._client = client
        self._clock = clock
        self._timeout = timeout
        # httpx logs every address in full
        logging.getLogger("httpx").addFilter(_without_path)

    def send(self, notice: Notice | CareNotice) -> None:
        """See `Channel.send`."""
        now = self._clock()
        body = payload(notice, now)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "accept-encoding": "identity",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(notice.id, now, body),
        }
        try:
            status, answer, pause = self._post(body.encode(), headers)
        except httpx.RequestError as error:
            raise Unavailable(f"channel {self.name!r}: {type(error).__name__}") from None
        if status >= 500 or status in _TRY_AGAIN:
            raise Busy(f"channel {self.name!r}: HTTP {status}", pause_asked(pause, now))
        if not 200 <= status < 300:
            raise Rejected(f"channel {self.name!r}: HTTP {status}", [notice.id])
        code = refusal(answer)
        if code in _BUSY_CODES:
            raise Busy(f"channel {self.name!r}: error code {code}")
        if code is not None:
            raise Rejected(f"channel {self.name!r}: error code {code}", [notice.id])

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        seconds = self._timeout.total_seconds()
        request = self._client.build_request("POST", self._url, content=body, headers=headers, timeout=seconds)
        response = self._client.send(request, stream=True, follow_redirects=False)
        try:
            end = self._clock() + self._timeout
            answer = b""
            for chunk in response.iter_raw():
                answer += chunk
                if len(answer) > _BODY_LIMIT:
                    break
                if self._clock() > end:
                    raise httpx.ReadTimeout("the answer comes too slowly")
        finally:
            response.close()
        return response.status_code, answer, response.headers.get("retry-after", "")


def payload(notice: Notice | CareNotice, now: datetime) -> str:
    """The JSON that is posted: `type`, `timestamp`, `data`, as Standard Webhooks recommends."""
    if isinstance(notice, CareNotice):
        kind = "care.unanswered" if notice.round else "care.raised"
        data: dict[str, Any] = {
            "level": notice.level,
            "level_title": chinese(notice.level),
            "platform": notice.platform,
            "round": notice.round,
            "guidance": notice.guidance,
        }
    else:
        kind = "alert.raised"
        data = {
            "subject": notice.subject,
            "since": notice.since.isoformat(),
            "until": notice.until.isoformat(),
            "posts": notice.posts,
            "originals": notice.originals,
            "spreaders": notice.spreaders,
            "accounts": notice.accounts,
            "excerpts": [
                {
                    "url": excerpt.url,
                    "text": excerpt.text,
                    "platform": excerpt.platform,
                    "published_at": excerpt.published_at.isoformat(),
                }
                for excerpt in notice.excerpts
            ],
        }
    about = {
        "alert_id": notice.alert_id,
        "title": notice.title,
        "severity": notice.severity,
        "severity_title": title_of(notice.severity),
        "raised_at": notice.raised_at.isoformat(),
        "case_url": notice.case_url,
    }
    return json.dumps({"type": kind, "timestamp": now.isoformat(), "data": about | data}, ensure_ascii=False)


def refusal(answer: bytes) -> int | None:
    """The error code in a body that came with HTTP 200; None when it says success, or nothing.

    DingTalk and WeCom say `errcode`, Feishu `code` (formerly `StatusCode`). Others put 200 in `code` and mean success.
    """
    try:
        said = json.loads(answer.decode("utf-8", "replace"))  # a gateway may write its sentence in GBK: the code counts
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    for key, good in (("errcode", (0,)), ("StatusCode", (0, 200)), ("code", (0, 200))):
        try:
            code = int(said.get(key, 0))
        except (TypeError, ValueError, OverflowError):
            continue
        if code not in good:
            return code
    return None


def pause_asked(retry_after: str, now: datetime) -> timedelta | None:
    """A Retry-After header as a pause: seconds, or an HTTP date. None when there is none to be understood."""
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), 86_400))
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(), min(until - now, timedelta(days=1)))


def _without_path(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(path="/", query=None, userinfo=b"") if isinstance(arg, httpx.URL) else arg
            for arg in record.args
        )
    return True
