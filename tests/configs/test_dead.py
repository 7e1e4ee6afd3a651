"""Dead letters: an operator sees them, puts them back, or lets them go."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from configs import dead, wiring
from configs.asking import check_parts
from configs.load import BUNDLED, Config, load
from configs.once import run_once
from stream.codec import encode
from stream.log_sqlite import SqliteLog
from stream.ports import Message, Unavailable
from stream.records import DEAD, POSTS, DeadLetter
from tests.configs.test_run import config as channelled  # noqa: F401 — a fixture
from tests.factories import NOW


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The bundled configuration over an empty folder with two dead letters."""
    bundled = load(BUNDLED)
    made = replace(bundled, settings=bundled.settings.model_copy(update={"data": tmp_path}))
    letter = DeadLetter(POSTS, 0, 7, "judge", "weibo-1", "Undecodable: $.text", b'{"text": 1}', NOW)
    log = wiring.open_log(made)
    log.append(DEAD, [Message("a", encode(letter)), Message("b", encode(replace(letter, offset=8)))])
    log.close()
    return made


def test_waiting_letters_are_listed_without_their_content(config: Config) -> None:
    """A list shows where a letter comes from and why it died; only `show` gives its bytes."""
    rows = dead.waiting(config)
    assert [row["offset"] for row in rows] == [7, 8]
    assert "value" not in rows[0]
    assert dead.content(config, rows[1]["number"]) == b'{"text": 1}'


def test_replayed_letters_return_to_their_topic_and_wait_no_more(config: Config) -> None:
    """Replay puts the same bytes back where they came from, once."""
    assert dead.replay(config) == 2
    log = wiring.open_log(config)
    assert [record.value for record in log.reader(POSTS, "judge").poll(10, 0)] == [b'{"text": 1}'] * 2
    log.close()
    assert dead.waiting(config) == []
    assert dead.replay(config) == 0


def test_dropped_letters_wait_no_more(config: Config) -> None:
    """Drop moves the line; nothing goes back."""
    assert dead.drop(config) == 2
    assert dead.waiting(config) == []
    log = wiring.open_log(config)
    assert log.size(POSTS) == 0
    log.close()


def test_a_letter_written_again_is_one_letter(config: Config) -> None:
    """A worker that died before it committed writes the same letters again; they wait, and are dealt with, once."""
    log = wiring.open_log(config)
    twins = [replace(one.letter, died_at=NOW + timedelta(minutes=1)) for one in dead.letters(log)]
    for _ in range(2):
        log.append(DEAD, [Message("a", encode(twins[0])), Message("b", encode(twins[1]))])
    first, second = (row["number"] for row in dead.waiting(config))
    assert dead.replay(config, [first]) == 1
    assert [row["number"] for row in dead.waiting(config)] == [second]
    assert dead.drop(config) == 1
    assert dead.waiting(config) == []
    assert log.size(POSTS) == 1
    log.append(DEAD, [Message("a", encode(twins[0]))])
    assert len(dead.letters(log)) == 1, "what dies once more after it was dealt with waits again"
    log.close()


def test_a_run_tells_how_many_letters_wait(config: Config, channelled: Config) -> None:  # noqa: F811
    """The summary of a run counts the letters that `dead list` shows: no twin, and none that was dealt with."""
    log = wiring.open_log(config)
    log.append(DEAD, [Message(one.record.key, one.record.value) for one in dead.letters(log)])
    log.close()
    assert dead.drop(config, [dead.waiting(config)[0]["number"]]) == 1
    settings = config.settings.model_copy(update={"serve": channelled.settings.serve})
    config = replace(config, settings=settings, channels=channelled.channels, digests=())
    assert run_once(config, lambda kind, line: None)["dead"] == 1


def test_the_tally_follows_what_dies_and_what_is_dealt_with(config: Config) -> None:
    """Asked as often as one likes it counts what `dead list` shows, reads only after a change, and in any thread."""
    with closing(wiring.open_log(config)) as log:
        tally = dead.Tally(log)
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: tally(), range(8))) == [2] * 8
        assert dead.drop(config, [dead.waiting(config)[0]["number"]]) == 1
        assert tally() == 1
        with closing(log.reader(DEAD, "tally")) as other:  # whoever read now would have to wait for this one
            assert len(other.poll(10, 1)) == 2
            assert tally() == 1
        again = dead.letters(log)[0].record
        log.append(DEAD, [Message(again.key, again.value)])
        assert tally() == 1, "a twin is no other letter"


def test_check_tells_how_many_letters_wait(config: Config) -> None:
    """And that something is to be done about them, without calling a part broken."""
    (row,) = (row for row in check_parts(config) if row["part"] == "dead letters")
    assert row["ok"]
    assert row["detail"].startswith("2 条消息")


def test_an_unknown_number_is_refused(config: Config) -> None:
    """Asking for a letter that does not wait is an error, not an empty answer."""
    with pytest.raises(dead.NoSuchLetter):
        dead.content(config, "999")
    with pytest.raises(dead.NoSuchLetter):
        dead.drop(config, [dead.waiting(config)[0]["number"], "999"])
    assert len(dead.waiting(config)) == 2


def test_a_message_that_died_in_two_groups_is_put_back_once(config: Config) -> None:
    """Else every replay of what cannot be read would double it."""
    letter = DeadLetter(POSTS, 0, 7, "another", "weibo-1", "Undecodable: $.text", b'{"text": 1}', NOW)
    log = wiring.open_log(config)
    log.append(DEAD, [Message("c", encode(letter))])
    assert dead.replay(config) == 3
    assert log.size(POSTS) == 2
    log.close()


def test_one_letter_is_dealt_with_and_the_others_wait_under_their_numbers(config: Config) -> None:
    """Letters are put back or let go in any order; a number stays its letter's own."""
    first, second = (row["number"] for row in dead.waiting(config))
    assert dead.replay(config, [second]) == 1
    assert [row["number"] for row in dead.waiting(config)] == [first]
    with pytest.raises(dead.NoSuchLetter):
        dead.content(config, second)
    log = wiring.open_log(config)
    assert log.size(POSTS) == 1
    log.close()
    assert dead.drop(config, [first]) == 1
    assert dead.waiting(config) == []


def test_the_newest_is_read_though_retention_takes_the_oldest_meanwhile(tmp_path: Path) -> None:
    """What was read and then trimmed away does not count against what is still to be read."""
    times = (NOW + timedelta(seconds=n) for n in count())
    with closing(SqliteLog(tmp_path / "log.db", clock=lambda: next(times))) as log:
        for n in range(700):
            log.append(POSTS, [Message(str(n), b"")])
        reading = dead.everything(log, POSTS, "forget", 0)
        first = next(reading)
        assert log.trim(POSTS, NOW + timedelta(seconds=400)) == 400
        assert [record.key for record in (first, *reading)] == [str(n) for n in range(700)]


def test_what_retention_took_before_it_could_be_read_is_not_missed(tmp_path: Path) -> None:
    """A topic that is trimmed between counting and reading is read to its end all the same."""

    class Trimmed(SqliteLog):
        def lag(self, topic: str, group: str) -> int:
            counted = super().lag(topic, group)
            self.trim(topic, NOW + timedelta(seconds=2))
            return counted

    times = (NOW + timedelta(seconds=n) for n in count())
    with closing(Trimmed(tmp_path / "log.db", clock=lambda: next(times))) as log:
        for n in range(3):
            log.append(POSTS, [Message(str(n), b"")])
        assert [record.key for record in dead.everything(log, POSTS, "forget", 0)] == ["2"]


def test_what_another_reads_is_not_taken_for_the_end(tmp_path: Path) -> None:
    """A reader that is given nothing while messages are left says so, rather than show a part as the whole."""
    with closing(SqliteLog(tmp_path / "log.db")) as log:
        log.append(POSTS, [Message("a", b"")])
        with closing(log.reader(POSTS, "forget")) as other:
            assert other.poll(1, 0)
            with pytest.raises(Unavailable, match="at work elsewhere"):
                list(dead.everything(log, POSTS, "forget", 0))


def test_retention_takes_letters_and_marks_alike(config: Config) -> None:
    """Letters that were trimmed away before anybody looked leave a list that still works."""
    dead.drop(config, [dead.waiting(config)[0]["number"]])
    log = SqliteLog(config.settings.data / "log.db")
    for topic in (DEAD, dead.SETTLED):
        log.trim(topic, datetime.now(UTC) + timedelta(seconds=1))
    log.append(DEAD, [Message("z", encode(DeadLetter(POSTS, 0, 9, "judge", "weibo-1", "Undecodable", b"x", NOW)))])
    log.close()
    assert [row["offset"] for row in dead.waiting(config)] == [9]
