"""Back-ups: taken while everything runs, and a run started from one loses nothing."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from configs import wiring
from configs.backup import backup
from configs.load import Config
from configs.run import Run
from stream.codec import encode
from stream.ports import Message, Misconfigured, Unavailable
from stream.query import PostQuery
from stream.records import POSTS
from tests.configs.test_run import config, quiet  # noqa: F401 — a fixture
from tests.factories import post


def test_a_run_goes_on_from_a_backup(config: Config, tmp_path: Path) -> None:  # noqa: F811
    """Posts of before are there, those not yet judged are judged, and the author key is the same."""
    key = wiring.author_key(config)
    posts = [post(str(number), text=f"第 {number} 杯") for number in range(6)]
    with Run(config, quiet) as run:
        run.log.append(POSTS, [Message(one.id, encode(one)) for one in posts[:3]])
        run.drain(timedelta(seconds=30))
        files = [row["file"] for row in backup(config, tmp_path / "copy")]
        run.log.append(POSTS, [Message(one.id, encode(one)) for one in posts[3:]])
    assert files[-3:] == ["log.db", "store.db", "book.db"]
    there = replace(config, settings=config.settings.model_copy(update={"data": tmp_path / "copy"}))
    with closing(wiring.open_log(there)) as log:
        log.append(POSTS, [Message(posts[5].id, encode(posts[5]))])
    with Run(there, quiet) as run:
        run.drain(timedelta(seconds=30))
        assert run.store.count(PostQuery()) == 4
    assert wiring.author_key(there) == key


def test_a_backup_never_writes_into_another(config: Config, tmp_path: Path) -> None:  # noqa: F811
    """A folder that exists is refused by name."""
    wiring.open_log(config).close()
    backup(config, tmp_path / "copy")
    with pytest.raises(Misconfigured, match="copy"):
        backup(config, tmp_path / "copy")
    with pytest.raises(Misconfigured, match=f"{Path.cwd()} or .* exists already"):
        backup(config, Path())


def test_a_folder_without_data_is_no_backup(config: Config, tmp_path: Path) -> None:  # noqa: F811
    """A data folder that nobody has written to is refused by name, instead of copied as if all were well."""
    with pytest.raises(Misconfigured, match="data: "):
        backup(config, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_cannot_be_copied_is_named(config: Config, tmp_path: Path) -> None:  # noqa: F811
    """A link to nothing, or a file that went while it was copied: no fault of a setting, and the next try may begin."""
    wiring.open_log(config).close()
    link = config.settings.data / "hotline.csv"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(Unavailable, match=r"hotline\.csv"):
        backup(config, tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))
    link.unlink()
    backup(config, tmp_path / "copy")
