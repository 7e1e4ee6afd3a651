"""The inbox: listing, taking and closing cases."""

from datetime import timedelta

import pytest

from alerts.alert import CaseOutcome, CaseState
from api.dashboard.case_pages import rests_on
from api.dashboard.inbox import read_inbox
from stream.labels import SelfHarm, Sentiment
from stream.ports import Unavailable
from tests.api.room import ANALYST, GUARDIAN, Failing, Room
from tests.factories import NOW, judged


@pytest.fixture
def case(api: Room) -> str:
    """The id of one open case."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE, text="电话13812345678"))
    return api.parts.book.list_cases(care=False)[0].alert.id


def test_a_case_shows_its_alert_and_evidence(api: Room, case: str) -> None:
    """The list names the alert in Chinese; opening it gives the posts it rests on and is audited."""
    client = api.client(ANALYST)
    listed = client.get("/api/cases").json()
    assert [(one["alert"]["title"], one["state_label"]) for one in listed] == [("自有品牌:负面", "待处理")]
    assert [one["id"] for one in client.get("/api/alerts").json()] == [case]
    raised_at = listed[0]["alert"]["raised_at"]
    assert client.get("/api/cases", params={"until": raised_at}).json() == []
    assert client.get("/api/cases", params={"since": raised_at}).json() == listed
    file = client.get(f"/api/cases/{case}").json()
    assert [post["text"] for post in file["posts"]] == ["电话13812345678"]
    assert (file["evidence"], file["posts_unreadable"]) == (1, False)
    assert [look.by for look in api.parts.book.looks(case)] == ["林静"]


def test_a_list_is_read_on_from_where_a_full_page_ends(api: Room) -> None:
    """The header of a full page leads to the next, the last has none; a mark that is none is refused in Chinese."""
    hours = [NOW - timedelta(hours=n) for n in range(5)]
    api.put(*(judged(str(n), sentiment=Sentiment.NEGATIVE, published_at=at) for n, at in enumerate(hours)))
    client = api.client(ANALYST)
    whole = [one["id"] for one in client.get("/api/alerts").json()]
    assert len(whole) > 2
    read, asked = [], {"limit": 2}
    while asked:
        page = client.get("/api/cases", params=asked)
        read += [one["alert"]["id"] for one in page.json()]
        after = page.headers.get("X-Guanlan-Next")
        asked = {"limit": 2, "after": after} if after else {}
    assert read == whole
    wrong = client.get("/api/cases", params={"after": "x"})
    assert (wrong.status_code, "翻页标记无效" in wrong.text) == (422, True)


def test_a_case_is_open_to_an_answer_while_its_evidence_cannot_be_read(api: Room) -> None:
    """While the store is away a guardian reads the care case, is told that the posts cannot be read now, and takes
    it; the look is in the book."""
    api.put(judged("1", self_harm=SelfHarm.CRISIS))
    case = api.parts.book.list_cases(care=True)[0].alert.id
    client = api.client(GUARDIAN, parts=api.opened(store=Failing(Unavailable())))
    file = client.get(f"/api/cases/{case}").json()
    assert (file["alert"]["id"], file["evidence"], file["posts"], file["posts_unreadable"]) == (case, 1, [], True)
    assert [look.by for look in api.parts.book.looks(case)] == ["周宁"]
    assert client.post(f"/api/cases/{case}/acknowledge").json()["state"] == "acknowledged"
    assert "证据暂时读不到" in rests_on(None, (), NOW)
    assert "可能已被平台或作者删除,已按保留期限清除,或尚未入库" in rests_on([], (), NOW)


def test_the_first_to_take_it_stands(api: Room, case: str) -> None:
    """A second person who takes the case changes nothing and reads who has it."""
    assert api.client(ANALYST).post(f"/api/cases/{case}/acknowledge").json()["acknowledged_by"] == "林静"
    again = api.client(GUARDIAN).post(f"/api/cases/{case}/acknowledge").json()
    assert (again["acknowledged_by"], again["state"]) == ("林静", "acknowledged")
    assert api.client(ANALYST).get("/api/cases", params={"states": "open"}).json() == []


def test_closing_keeps_the_outcome_and_masks_the_note(api: Room, case: str) -> None:
    """The case ends with an outcome; a phone number in the note does not survive."""
    answer = api.client(ANALYST).post(
        f"/api/cases/{case}/close", json={"outcome": "resolved", "note": "已联系 13812345678"}
    )
    assert answer.json()["state"] == "closed"
    kept = api.parts.book.list_cases(care=False, states=(CaseState.CLOSED,))[0]
    assert kept.outcome is CaseOutcome.RESOLVED
    assert "13812345678" not in kept.note


def test_a_case_of_the_past_is_found_by_its_state_and_waits_for_nobody(api: Room) -> None:
    """A complaint of last month, found today: visible with its evidence, not on the overview, and open to an answer."""
    api.put(judged("1", sentiment=Sentiment.NEGATIVE, published_at=NOW - timedelta(days=30)))
    client = api.client(ANALYST)
    (found,) = client.get("/api/cases", params={"states": "past"}).json()
    assert (found["state_label"], client.get("/api/cases", params={"states": "open"}).json()) == ("历史", [])
    assert client.get("/api/cases", params={"states": [str(state) for state in CaseState]}).json() == [found]
    assert (read_inbox(api.parts).open, read_inbox(api.parts).shown) == (0, ())
    alert = found["alert"]["id"]
    assert client.get(f"/api/cases/{alert}").json()["evidence"] == 1
    assert client.post(f"/api/cases/{alert}/acknowledge").json()["state"] == "acknowledged"


@pytest.mark.parametrize("body", [{}, {"outcome": "won"}, {"outcome": "resolved", "extra": 1}, []])
def test_a_closing_that_says_nothing_is_refused(api: Room, case: str, body: object) -> None:
    """Without a known outcome nothing changes."""
    assert api.client(ANALYST).post(f"/api/cases/{case}/close", json=body).status_code == 422
    assert api.parts.book.list_cases(care=False)[0].state is CaseState.OPEN


def test_an_unknown_case_is_404(api: Room) -> None:
    """For every act."""
    client = api.client(ANALYST)
    assert client.get("/api/cases/none").status_code == 404
    assert client.post("/api/cases/none/acknowledge").status_code == 404
    assert client.post("/api/cases/none/close", json={"outcome": "resolved"}).status_code == 404
