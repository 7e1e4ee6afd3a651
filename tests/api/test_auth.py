"""Who may come in, and what analysts are kept from."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from alerts.alert import CaseState
from api.auth import digest, holder
from models.judge import Judge
from models.lexicon import LexiconClassifier
from models.subjects import SubjectFinder
from stream.labels import SelfHarm, Sentiment
from stream.records import JudgedPost
from tests.api.room import ANALYST, GUARDIAN, PEOPLE, Room
from tests.factories import NOW, judged, post

LOOKED_AT = ("/api/posts", "/api/stats?by=sentiment", "/api/alerts", "/api/cases", "/api/export.csv", "/metrics")


@pytest.fixture
def quiet(api: Room) -> JudgedPost:
    """A post of a person at risk beside an ordinary complaint."""
    risk = judged("9", text="测试:需要关怀", sentiment=Sentiment.NEGATIVE, self_harm=SelfHarm.CRISIS, author="a-risk")
    api.put(risk, judged("1", sentiment=Sentiment.NEGATIVE))
    return risk


def test_nobody_comes_in_without_a_key(api: Room) -> None:
    """No key, a wrong key and another scheme are all 401, also from this machine."""
    client = api.client()
    for path in LOOKED_AT:
        for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {ANALYST}"}):
            assert client.get(path, headers=sent).status_code == 401, (path, sent)
        assert client.get(path, headers={"Authorization": f"Bearer {ANALYST}"}).status_code == 200


def test_open_means_this_machine_only(api: Room) -> None:
    """Without any keys the loopback address is an analyst; another address or another host name is nobody."""
    parts = api.opened(keys={})
    assert api.client(parts=parts).get("/api/posts").status_code == 200
    assert api.client(parts=parts, host="evil.example").get("/api/posts").status_code == 401
    far = TestClient(api.client(parts=parts).app, base_url="http://127.0.0.1", client=("10.0.0.8", 1))
    assert far.get("/api/posts").status_code == 401


def test_open_here_still_asks_guardians_for_their_key(api: Room, quiet: JudgedPost) -> None:
    """With keys and an open door, somebody at this machine is an analyst; only a key makes a guardian."""
    parts = api.opened(open_here=True)
    assert api.client(parts=parts).get("/api/posts", params={"self_harm": "crisis"}).status_code == 403
    assert api.client(parts=parts).get(f"/api/posts/{quiet.post.id}").status_code == 404
    assert api.client(GUARDIAN, parts=parts).get(f"/api/posts/{quiet.post.id}").status_code == 200
    assert api.client("wrong", parts=parts).get("/api/posts").status_code == 401
    assert api.client(parts=parts, host="evil.example").get("/api/posts").status_code == 401


def test_an_analyst_never_sees_self_harm(api: Room, quiet: JudgedPost) -> None:
    """Not in search, by id, in any count, in alerts or cases, in the export or the metrics, however it is asked."""
    client = api.client(ANALYST)
    for ask in ({}, {"self_harm": "crisis"}, {"author": "a-risk"}, {"text": "关怀"}, {"self_harm": ["none", "crisis"]}):
        assert quiet.post.id not in client.get("/api/posts", params=ask).text
        assert quiet.post.id not in client.get("/api/export.csv", params=ask).text
        assert client.get("/api/stats", params={**ask, "by": "platform"}).json().get("total", 0) <= 1
    assert client.get(f"/api/posts/{quiet.post.id}").status_code == 404
    levels = client.get("/api/stats", params={"by": "self_harm"}).json()["counts"]
    assert [level["value"] for level in levels] == ["none"]
    for care in ("true", "false"):
        assert "self-harm" not in client.get("/api/cases", params={"care": care}).text
        assert "self-harm" not in client.get("/api/alerts", params={"care": care}).text
    assert 'guanlan_posts{source="weibo"} 1.0' in client.get("/metrics").text


def test_an_analyst_cannot_touch_a_care_case(api: Room, quiet: JudgedPost) -> None:
    """Opening, taking and closing it are 404 and leave no trace in the case."""
    care = api.parts.book.list_cases(care=True)[0]
    client = api.client(ANALYST)
    path = f"/api/cases/{care.alert.id}"
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/acknowledge").status_code == 404
    assert client.post(f"{path}/close", json={"outcome": "resolved"}).status_code == 404
    assert api.parts.book.list_cases(care=True)[0].state is CaseState.OPEN
    assert api.parts.book.looks(care.alert.id) == ()


def test_every_look_of_a_guardian_is_written_down(api: Room, quiet: JudgedPost) -> None:
    """A page of search, one post and a case each leave a line with the guardian's name; other posts leave none."""
    client, book = api.client(GUARDIAN), api.parts.book
    found = client.get("/api/posts", params={"self_harm": "crisis"}).json()["posts"]
    assert [post["id"] for post in found] == [quiet.post.id]
    assert client.get(f"/api/posts/{quiet.post.id}").status_code == 200
    assert [look.by for look in book.looks(quiet.post.id)] == ["周宁", "周宁"]
    client.get("/api/posts", params={"self_harm": "none"})
    assert len(book.looks(quiet.post.id)) == 2
    care = client.get("/api/cases", params={"care": "true"}).json()[0]["alert"]["id"]
    assert client.get(f"/api/cases/{care}").json()["posts"][0]["id"] == quiet.post.id
    assert [(look.by, look.act) for look in book.looks(care)] == [("周宁", "look")]


def test_a_self_harm_post_in_an_ordinary_case_is_audited_too(api: Room) -> None:
    """A post that was edited after it became evidence leaves a line of its own when a guardian opens that case, and is
    not shown to anyone else."""
    plain = judged("1", sentiment=Sentiment.NEGATIVE)
    api.put(plain)
    case = api.parts.book.list_cases(care=False)[0].alert.id
    edited = judged(
        "1", text="测试:需要关怀", self_harm=SelfHarm.CRISIS, fetched_at=plain.post.fetched_at + timedelta(hours=1)
    )
    api.parts.store.put([edited])
    assert api.client(ANALYST).get(f"/api/cases/{case}").json()["posts"] == []
    assert api.parts.book.looks(plain.post.id) == ()
    assert len(api.client(GUARDIAN).get(f"/api/cases/{case}").json()["posts"]) == 1
    assert [look.by for look in api.parts.book.looks(plain.post.id)] == ["周宁"]


def test_a_repost_that_carries_a_cry_is_kept_like_the_cry(api: Room) -> None:
    """From the judge to the pages: whoever only passes it on is hidden from analysts, in no file, and audited."""
    repost = post("7", text="转发微博", quoted="测试:我不想活了,遗书写好了", parent="weibo-gone", author="a-friend")
    judge = Judge(LexiconClassifier(), SubjectFinder(()), lambda: NOW)
    other = judged("1")
    api.put(*judge([repost], [NOW]), other)
    analyst, guardian = api.client(ANALYST), api.client(GUARDIAN)
    assert [found["id"] for found in analyst.get("/api/posts").json()["posts"]] == [other.post.id]
    assert analyst.get(f"/api/posts/{repost.id}").status_code == 404
    for client in (analyst, guardian):
        assert repost.id not in client.get("/api/export.csv").text
    found = guardian.get("/api/posts", params={"self_harm": ["concern", "crisis"]}).json()["posts"]
    assert [each["id"] for each in found] == [repost.id]
    assert [look.by for look in api.parts.book.looks(repost.id)] == ["周宁"]
    assert len(guardian.get("/api/cases", params={"care": "true"}).json()) == 1


def test_the_export_holds_no_self_harm_even_for_guardians(api: Room, quiet: JudgedPost) -> None:
    """A file travels; such a post never does."""
    client = api.client(GUARDIAN)
    assert client.get("/api/export.csv", params={"self_harm": "crisis"}).status_code == 403
    answer = client.get("/api/export.csv", params={"self_harm": ["crisis", "none"]})
    assert quiet.post.id not in answer.text
    assert answer.headers["x-guanlan-total"] == "1"


def test_login_gives_a_cookie_and_logout_takes_it(api: Room) -> None:
    """The form takes the key, the cookie then stands for it, and only paths of this site are followed."""
    client = api.client()
    assert client.post("/login", data={"key": "wrong"}).status_code == 401
    entered = client.post("/login", data={"key": ANALYST, "to": "//evil.example"}, follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert ANALYST not in str(dict(client.cookies))
    assert client.get("/api/posts").status_code == 200
    client.post("/logout")
    assert client.get("/api/posts").status_code == 401


def test_a_key_taken_away_ends_its_sessions(api: Room) -> None:
    """The cookie names a key; without that key in the settings it is worth nothing."""
    client = api.client()
    client.post("/login", data={"key": ANALYST})
    later = api.client(parts=api.opened(keys={digest(GUARDIAN): PEOPLE[digest(GUARDIAN)]}))
    later.cookies = client.cookies
    assert later.get("/api/posts").status_code == 401


def test_another_site_cannot_make_changes(api: Room) -> None:
    """A POST that a browser sends for another origin is refused, whoever is logged in."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE))
    case = api.parts.book.list_cases(care=False)[0].alert.id
    client = api.client()
    client.post("/login", data={"key": ANALYST})
    path = f"/api/cases/{case}/acknowledge"
    assert client.post(path, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(path, headers={"Origin": "http://127.0.0.1"}).status_code == 200


def test_a_host_that_is_none_is_refused_and_not_a_fault_of_ours(api: Room) -> None:
    """What cannot be read as a host is not this machine, and not the origin that was asked."""
    unlocked = api.client(parts=api.opened(keys={}))
    for host in ("[", "[::1", "a]b"):
        assert unlocked.get("/api/posts", headers={"Host": host}).status_code == 401
    client = api.client(ANALYST)
    for origin in ("http://[", "http://[::1", "null"):
        sent = client.post("/api/cases/none/acknowledge", headers={"Origin": origin})
        assert sent.status_code == 403


def test_holder_knows_every_key_and_no_other() -> None:
    """Each digest leads to its person; a near miss to nobody."""
    assert {holder(PEOPLE, known) for known in PEOPLE} == set(PEOPLE.values())
    assert holder(PEOPLE, digest(ANALYST)[:-1]) is None
    assert holder(PEOPLE, "") is None
