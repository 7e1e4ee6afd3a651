"""What a worker does with a batch: judge and pass on, index, or alert.

Owns the way from records to a step and onwards. Does not own the judging, storing or alerting, which are handed
in, nor when a batch is committed, which is `worker`'s affair.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from stream.codec import decode_judged, decode_post, encode
from stream.ports import Message, MessageLog, PostStore, Record
from stream.records import JUDGED, JudgedPost, Post

Handle = Callable[[Sequence[Record]], None]


def judging(judge: Callable[[Sequence[Post], Sequence[datetime]], list[JudgedPost]], log: MessageLog) -> Handle:
    """Posts to judged posts, appended to `judged` under their post's id before the batch is committed."""

    def handle(records: Sequence[Record]) -> None:
        posts = [decode_post(record.value) for record in records]
        judged = judge(posts, [record.appended_at for record in records])
        if len(judged) != len(posts):
            raise RuntimeError(f"{len(posts)} posts were given to the judge, {len(judged)} came back")
        log.append(JUDGED, [Message(one.post.id, encode(one)) for one in judged])

    return handle


def indexing(store: PostStore) -> Handle:
    """Judged posts into the store."""

    def handle(records: Sequence[Record]) -> None:
        store.put([decode_judged(record.value) for record in records])

    return handle


def alerting(desk: Callable[[Sequence[JudgedPost]], None]) -> Handle:
    """Judged posts to the alert desk."""

    def handle(records: Sequence[Record]) -> None:
        desk([decode_judged(record.value) for record in records])

    return handle
