"""What platforms tell by themselves: an event is checked, in the log, and only then answered.

Owns which source an event belongs to. A crawl of the same source gets the same comments, with the title of their video,
so what was heard counts as a part of it only.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from api.parts import NotGenuine
from configs import wiring
from configs.load import Config
from crawlers.credentials import Credentials
from crawlers.douyin_events import Event, genuine, read_event
from crawlers.normalize import Drop, identity, normalize
from crawlers.platforms import Access
from crawlers.sources import Source
from crawlers.state import CrawlState
from stream.codec import encode
from stream.ports import Message, MessageLog, Rejected
from stream.records import POSTS

log = logging.getLogger(__name__)

_SIGNATURE = "x-douyin-signature"


def douyin(
    config: Config,
    message_log: MessageLog,
    state: CrawlState,
    *,
    environ: Mapping[str, str] = Credentials(os.environ),
    clock: Callable[[], datetime] = wiring.now,
) -> Callable[[Mapping[str, str], bytes], Mapping[str, object]]:
    """What the API calls with an event of Douyin's: headers in lower case and the body as it came.

    The function returns the answer once the log has the comment. It raises `NotGenuine` when no source's secret makes
    that signature, and `Unavailable` when the log takes nothing now; the platform then sends the event again.
    """

    def hear(headers: Mapping[str, str], body: bytes) -> Mapping[str, object]:
        told = [
            (source, read_event(body, platform=source.label, about=" ".join(source.keywords)))
            for source, secret in _listening(config, environ)
            if genuine(body, headers.get(_SIGNATURE, ""), secret)
        ]
        if not told:
            raise NotGenuine
        # several accounts may belong to one app
        source, event = next((one for one in told if one[1].accounts & set(one[0].accounts)), told[0])
        if event.challenge is not None:
            return {"challenge": event.challenge}
        _keep(source, event)
        return {}

    def _keep(source: Source, event: Event) -> None:
        if event.item is None:
            log.info("source %s: event %s tells of no comment", source.name, event.name[:50] or "(none)")
            return
        native = identity(event.item)
        if state.known_posts(source.name, [native], cut=True):
            return
        post = normalize(event.item, clock(), source=source.name, author_key=wiring.author_key(config))
        if isinstance(post, Drop):
            log.warning("source %s: event %s dropped: %s", source.name, event.name[:50], post.reason)
            return
        try:
            message_log.append(POSTS, [Message(post.id, encode(post))])
        except Rejected:  # sent again it would be rejected again
            log.warning("source %s: post %s rejected by the log", source.name, post.id)
            return
        state.remember_posts(source.name, [(native, False)])

    return hear


def _listening(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[Source, str]]:
    """The sources whose app may send events, each with the app's secret."""
    for source in config.sources:
        if source.spider == "douyin_comments" and source.enabled and source.access is Access.OFFICIAL_API:
            secret = environ.get(source.client_secret_env, "").strip() if source.client_secret_env else ""
            if secret:
                yield source, secret
