"""Search, one post, and counts.

Owns these questions; the export is `export`'s. What an analyst may see is decided in `auth.visible`; each self-harm
post that a guardian is shown is written to the book's audit before it leaves.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import GivenParts, Viewer, visible
from api.faults import Fault, query_faults
from api.parts import Parts, Person
from api.schemas import PostOut, PostPage, PostSearch, PostStats, Stats, SubjectOut
from stream.labels import SelfHarm
from stream.query import Hit

router = APIRouter(tags=["posts"])


@router.get("/posts", summary="搜索帖子")
def search(asked: Annotated[PostSearch, Query()], parts: GivenParts, person: Viewer) -> PostPage:
    """Posts that match, newest first or best match first, with a cursor to the next page."""
    with query_faults():
        page = parts.store.search(visible(asked.query(asked.order), person), asked.size, asked.after)
    audit(parts, person, page.hits)
    return PostPage.of(page)


@router.get("/posts/{id}", summary="查看一条帖子")
def post(id: Annotated[str, Path(max_length=200)], parts: GivenParts, person: Viewer) -> PostOut:
    """One post by its id; a self-harm post does not exist for anyone but a guardian."""
    hit = parts.store.get(id)
    if hit is None or (sensitive(hit) and not person.guards):
        raise Fault(404, "没有这条帖子。")
    audit(parts, person, [hit])
    return PostOut.of(hit)


@router.get("/stats", summary="统计")
def stats(asked: Annotated[PostStats, Query()], parts: GivenParts, person: Viewer) -> Stats:
    """How many posts match under each value of a facet, or in each hour or day."""
    query = visible(asked.query(), person)
    with query_faults():
        counts = parts.store.count_by(query, asked.by, asked.limit)
        total = parts.store.count(query)
    return Stats.of(asked.by, total, counts, {subject.name: subject for subject in parts.subjects})


@router.get("/subjects", summary="关注的主体")
def subjects(parts: GivenParts, _: Viewer) -> list[SubjectOut]:
    """Whom Guanlan listens for."""
    return [SubjectOut(name=s.name, title=s.title, role=s.role) for s in parts.subjects]


def sensitive(hit: Hit) -> bool:
    """Whether only a guardian may see this post."""
    return hit.judged.judgement.self_harm is not SelfHarm.NONE


def audit(parts: Parts, person: Person, hits: Sequence[Hit]) -> None:
    """Write down that this person is shown these self-harm posts; nothing is shown if it cannot be written."""
    shown = [hit.judged.post.id for hit in hits if sensitive(hit)]
    if shown:
        parts.book.look_at_posts(shown, person.name, parts.clock())
