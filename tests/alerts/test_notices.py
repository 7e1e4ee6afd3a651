"""Notices: counted from the book, quoted from the store as far as it can show."""

from datetime import timedelta

import pytest

from alerts.book import Book
from alerts.channels import CareNotice
from alerts.desk import Desk
from alerts.notices import Composer
from alerts.rules import Group
from stream.labels import SelfHarm
from stream.ports import Rejected, Unavailable
from stream.query import Hit
from tests.alerts.room import SUBJECTS, Clock, care, negative, surge
from tests.factories import NOW, judged


@pytest.fixture
def book(tmp_path):
    """An empty book."""
    made = Book(f"sqlite:///{tmp_path}/book.db")
    yield made
    made.close()


def by_fingerprint(fingerprints):
    """Equal fingerprints are one story."""
    return [sorted(set(fingerprints)).index(fingerprint) for fingerprint in fingerprints]


def noticed(book, rule, posts, find=None, clock=None):
    """The notice of the one alert these posts raise; the store has them all unless `find` says otherwise."""
    Desk([rule], SUBJECTS, book, Clock())(posts)
    kept = {one.post.id: Hit(one, NOW) for one in posts}
    (case,) = book.list_cases(care=rule.care)
    (delivery,) = book.deliveries(case.alert.id)
    address = "http://127.0.0.1:8000/cases/"
    composer = Composer(book, find or kept.get, SUBJECTS, by_fingerprint, address, clock=clock or Clock())
    notice = composer(delivery)
    assert (notice.id, notice.case_url) == (delivery.id, f"http://127.0.0.1:8000/cases/{case.alert.id}")
    return notice


def test_ten_reposts_are_not_ten_voices(book):
    """Originals, spreaders and accounts are counted apart; the originals are quoted."""
    first = negative("1", author="a1", fingerprint="steel", text="在云汀茶喝出一根钢丝", published_at=NOW)
    copy = negative("2", author="a2", fingerprint="steel", published_at=NOW + timedelta(minutes=1))
    repost = {"parent": first.post.id, "quoted": first.post.text}
    reposts = [
        negative(f"r{n}", author="a3", fingerprint="转发", published_at=NOW + timedelta(minutes=5), **repost)
        for n in range(10)
    ]
    other = negative(
        "3", author="a4", fingerprint="rude", text="店员态度太差了吧", published_at=NOW + timedelta(minutes=9)
    )
    notice = noticed(book, surge(), [first, copy, *reposts, other])
    assert (notice.posts, notice.originals, notice.spreaders, notice.accounts) == (13, 2, 11, 4)
    assert notice.subject == "云汀茶"
    assert [excerpt.text for excerpt in notice.excerpts] == ["在云汀茶喝出一根钢丝", "店员态度太差了吧"]
    assert notice.excerpts[0].url == first.post.url


def test_three_answers_are_three_voices(book):
    """Comments under one post say their own words, though they have it as their parent."""
    answers = [negative(str(n), text=f"我也喝出来过 {n} 次", author=f"a{n}", parent="weibo-x") for n in range(3)]
    notice = noticed(book, surge(), answers)
    assert (notice.posts, notice.originals, notice.spreaders) == (3, 3, 0)


def test_words_leave_the_house_masked(book):
    """A phone number in a complaint does not reach a chat robot."""
    notice = noticed(book, surge(count=1), [negative("1", text="退款请打13812345678找张三")])
    assert notice.excerpts[0].text == "退款请打138****5678找张三"


def test_an_alert_does_not_wait_for_the_store(book):
    """Not indexed yet: told with its numbers, without words."""
    notice = noticed(book, surge(count=1), [negative("1")], find=lambda _: None)
    assert (notice.posts, notice.excerpts) == (1, ())


def test_an_alert_does_not_wait_for_a_broken_store(book):
    """Unreachable is no reason for silence."""

    def broken(_):
        raise Unavailable("store")

    notice = noticed(book, surge(count=1), [negative("1")], find=broken)
    assert (notice.posts, notice.excerpts) == (1, ())


def test_an_alert_does_not_wait_long_for_a_slow_store(book):
    """After a few seconds it goes out with the words found by then, while its claim is still good."""
    clock, posts = Clock(), [negative(str(n), text=f"第 {n} 杯里也有钢丝", author=f"a{n}") for n in range(3)]
    kept = {one.post.id: Hit(one, NOW) for one in posts}

    def slow(id):
        clock.pass_(seconds=3)
        return kept[id]

    notice = noticed(book, surge(), posts, find=slow, clock=clock)
    assert (notice.posts, len(notice.excerpts)) == (3, 2)
    assert clock() - NOW < timedelta(seconds=10)


def test_a_store_that_hangs_is_left_alone_for_a_minute(book):
    """One notice finds out; those after it go out at once without words, until the store is asked again."""
    clock, post = Clock(), negative("1")
    answers = [Unavailable("store"), Hit(post, NOW)]

    def hanging(_):
        clock.pass_(seconds=30)
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    Desk([surge(count=1)], SUBJECTS, book, clock)([post])
    (delivery,) = book.deliveries(book.list_cases(care=False)[0].alert.id)
    composer = Composer(book, hanging, SUBJECTS, by_fingerprint, "", clock=clock)
    for _ in range(3):
        assert (composer(delivery).posts, composer(delivery).excerpts) == (1, ())
    assert len(answers) == 1
    clock.pass_(seconds=59)
    assert composer(delivery).excerpts == ()
    clock.pass_(seconds=1)
    assert len(composer(delivery).excerpts) == 1


def test_a_post_judged_anew_as_a_person_at_risk_is_not_quoted(book):
    """Only guardians may see it, although it counted before."""
    posts = [negative("1", text="在云汀茶喝出一根钢丝")]
    anew = Hit(judged("1", self_harm=SelfHarm.CONCERN, text="在云汀茶喝出一根钢丝"), NOW)
    assert noticed(book, surge(count=1), posts, find=lambda _: anew).excerpts == ()


@pytest.mark.parametrize(("group", "subject"), [(Group.AUTHOR, "同一账号"), (Group.ALL, "全部")])
def test_what_is_not_about_a_subject_says_so_without_naming_the_author(book, group, subject):
    """A pseudonym tells a reader nothing and stays inside."""
    notice = noticed(book, surge(count=1, group=group), [negative("1", author="pseudonym-1")])
    assert notice.subject == subject
    assert "pseudonym-1" not in repr(notice)


def test_a_care_alert_becomes_a_care_notice(book):
    """The store is not even asked."""

    def never(_):
        raise AssertionError

    notice = noticed(book, care(), [judged("1", self_harm=SelfHarm.CRISIS)], find=never)
    assert isinstance(notice, CareNotice)


def test_a_delivery_of_no_alert_is_refused(book):
    """It fails visibly instead of being tried for a day."""
    Desk([surge(count=1)], SUBJECTS, book, Clock())([negative("1")])
    (case,) = book.list_cases(care=False)
    (delivery,) = book.deliveries(case.alert.id)
    with book._db.write() as connection:
        connection.exec_driver_sql("DELETE FROM alerts")
    with pytest.raises(Rejected):
        Composer(book, {}.get, SUBJECTS, by_fingerprint, "", clock=Clock())(delivery)
