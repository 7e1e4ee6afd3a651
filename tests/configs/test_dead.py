"""Dead letters: an operator sees them, puts them back, or lets them go."""

from dataclasses import replace
from pathlib import Path

import pytest

from configs import dead, wiring
from configs.load import BUNDLED, Config, load
from stream.codec import encode
from stream.ports import Message
from stream.records import DEAD, POSTS, DeadLetter
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


def test_an_unknown_number_is_refused(config: Config) -> None:
    """Asking for a letter that does not wait is an error, not an empty answer."""
    with pytest.raises(dead.NoSuchLetter):
        dead.content(config, 999)


def test_a_message_that_died_in_two_groups_is_put_back_once(config: Config) -> None:
    """Else every replay of what cannot be read would double it."""
    letter = DeadLetter(POSTS, 0, 7, "another", "weibo-1", "Undecodable: $.text", b'{"text": 1}', NOW)
    log = wiring.open_log(config)
    log.append(DEAD, [Message("c", encode(letter))])
    assert dead.replay(config) == 3
    assert log.size(POSTS) == 2
    log.close()
