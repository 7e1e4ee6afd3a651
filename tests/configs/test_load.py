"""The configuration: what is right loads, what is wrong is refused with its file and key."""

import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from configs.load import BUNDLED, load
from configs.wiring import author_key
from crawlers.sources import Source
from stream.ports import Misconfigured

PEOPLE = '[[serve.people]]\nname = "{name}"\nroles = ["analyst"]\nkey = "{key}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled configuration to spoil."""
    for file in BUNDLED.parent.glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    return tmp_path


def test_the_bundled_configuration_loads() -> None:
    """What is shipped works as it is, and starts no crawl of any real site."""
    config = load(BUNDLED)
    assert [subject.name for subject in config.subjects][:1] == ["yunting"]
    assert not [source.name for source in config.sources if source.crawled]


def test_the_register_explains_every_key_and_assesses_every_source() -> None:
    """An operator finds each key of a source in the file, and for each source why it is read and what that does."""
    path = BUNDLED.parent / "sources.toml"
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    explained = set(re.findall(r"[a-z_]+", " ".join(comments)))
    assert {field.name for field in fields(Source)} <= explained
    for source in load(BUNDLED).sources:
        assert source.purpose, source.name
        assert source.assessment, source.name


@pytest.mark.parametrize(
    ("file", "wrong", "named"),
    [
        ("guanlan.toml", 'data = "d"\nwrok = 1', "wrok"),
        ("guanlan.toml", "[work]\nbatch = 0", "work.batch"),
        ("guanlan.toml", '[work]\nbatch = "many"', "work.batch"),
        ("guanlan.toml", "[work]\npoll_seconds = inf", "work.poll_seconds"),
        ("guanlan.toml", "[log]\nkeep_days = 9999999999", "log.keep_days"),
        ("guanlan.toml", "[retention]\nposts_days = 9999999999", "retention.posts_days"),
        ("guanlan.toml", "[serve]\nport = 70000", "serve.port"),
        ("guanlan.toml", '[serve]\npublic_url = "javascript:alert(1)"', "serve.public_url"),
        ("guanlan.toml", "[serve\n", "guanlan.toml"),
        ("guanlan.toml", '[mail]\nsmtp_password = "hunter2"', "mail.smtp_password"),
        ("guanlan.toml", '[mail]\nsmtp_password = "env:NO_SUCH_NAME"', "NO_SUCH_NAME"),
        ("subjects.toml", '[[subject]]\nname = "a"\ntitle = "甲"\nrole = "friend"', "subject.0.role"),
        ("subjects.toml", '[[subject]]\nname = "a"\ntitle = "甲"\nrole = "own"\n' * 2, "subject.name"),
        ("subjects.toml", '[[brand]]\nname = "a"', "brand"),
        ("sources.toml", '[[source]]\nname = "a"\nspider = "weibo"\naccess = "anyhow"', "source.0.access"),
        ("sources.toml", '[[source]]\nname = "a"\nspider = "wiebo"\naccess = "disabled"', "source a: spider: 'wiebo'"),
        ("sources.toml", '[[source]]\nname = "a"\nspider = ""\naccess = "disabled"', "source a: spider: ''"),
        ("rules.toml", '[[rule]]\nname = "r"\ntitle = "规则"\nseverity = "critical"\nchannels = []', "channels"),
        ("rules.toml", '[[rule]]\nname = "r"\nwindwo = "1h"', "windwo"),
        ("digests.toml", '[[digest]]\nname = "d"\ntitle = "报"\nrecipients = ["nobody"]', "recipients"),
        ("digests.toml", '[[digest]]\nname = "d"\ntitle = "报"\nrecipients = []\nsubjects = ["yuntin"]', "yuntin"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(folder: Path, file: str, wrong: str, named: str) -> None:
    """A mistake in any file stops the start, and the sentence names the file and the key."""
    (folder / file).write_text(wrong, encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        load(folder / "guanlan.toml")
    assert file in str(refused.value)
    assert named in str(refused.value)


def test_a_report_tells_of_subjects_that_have_a_section(folder: Path) -> None:
    """A brand that is only watched appears nowhere in a report, so that asking for it is a mistake."""
    (folder / "subjects.toml").write_text('[[subject]]\nname = "a"\ntitle = "甲"\nrole = "watched"', encoding="utf-8")
    table = '[[digest]]\nname = "d"\ntitle = "报"\nrecipients = []\nsubjects = ["a"]'
    (folder / "digests.toml").write_text(table, encoding="utf-8")
    with pytest.raises(Misconfigured, match="digest d: subjects"):
        load(folder / "guanlan.toml")


def test_a_wrong_secret_is_never_repeated(folder: Path) -> None:
    """The sentence about a secret that was written down does not write it down again."""
    (folder / "guanlan.toml").write_text('[mail]\nsmtp_password = "hunter2"', encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        load(folder / "guanlan.toml")
    assert "hunter2" not in str(refused.value)


def test_the_environment_is_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GUANLAN_SERVE__PORT=9000 sets serve.port and leaves its neighbours."""
    monkeypatch.setenv("GUANLAN_SERVE__PORT", "9000")
    (folder / "guanlan.toml").write_text('[serve]\nport = 8001\nhost = "127.0.0.2"', encoding="utf-8")
    serve = load(folder / "guanlan.toml").settings.serve
    assert (serve.port, serve.host) == (9000, "127.0.0.2")


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GUANLAN_ variable that sets nothing is a mistake, not a silence."""
    monkeypatch.setenv("GUANLAN_SERV__PORT", "9000")
    with pytest.raises(Misconfigured, match="GUANLAN_SERV__PORT"):
        load(BUNDLED)


def test_credentials_of_sources_may_have_our_prefix(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that any credential of a source names is no misspelt setting."""
    named = [field.name for field in fields(Source) if field.name.endswith("_env")]
    assert len(named) == 5
    tables = ['[[source]]\nname = "a"\nspider = "douyin_comments"\naccess = "disabled"']
    for name in named:
        monkeypatch.setenv(f"GUANLAN_{name.upper()}", "x")
        tables.append(f'{name} = "GUANLAN_{name.upper()}"')
    (folder / "sources.toml").write_text("\n".join(tables), encoding="utf-8")
    assert load(folder / "guanlan.toml").sources


def test_a_missing_table_is_named(folder: Path) -> None:
    """Each of the four tables must be there."""
    (folder / "rules.toml").unlink()
    with pytest.raises(Misconfigured, match=r"rules\.toml"):
        load(folder / "guanlan.toml")


def test_secrets_come_from_files_and_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`file:` and `env:` are fetched, and never shown when a setting is printed."""
    (folder / "pw").write_text("correct horse\n", encoding="utf-8")
    (folder / "guanlan.toml").write_text(f'[mail]\nsmtp_password = "file:{folder / "pw"}"', encoding="utf-8")
    password = load(folder / "guanlan.toml").settings.mail.smtp_password
    assert password is not None
    assert password.get_secret_value() == "correct horse"
    assert "correct" not in repr(password)


@pytest.mark.parametrize("blank", ["", " \n"])
def test_an_empty_secret_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    """Under an empty key whoever gives none would be let in, as guardian too."""
    (folder / "key").write_text(blank, encoding="utf-8")
    monkeypatch.setenv("SOMEBODYS_KEY", blank)
    for where in (f"file:{folder / 'key'}", "env:SOMEBODYS_KEY"):
        (folder / "guanlan.toml").write_text(PEOPLE.format(name="林静", key=where), encoding="utf-8")
        with pytest.raises(Misconfigured, match="empty"):
            load(folder / "guanlan.toml")


def test_a_key_opens_for_one_person(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two with one key only the last one's roles would count; the key itself is not repeated."""
    monkeypatch.setenv("SOMEBODYS_KEY", " hunter2 \n")
    people = PEOPLE.format(name="林静", key="env:SOMEBODYS_KEY") + PEOPLE.format(name="周宁", key="env:SOMEBODYS_KEY")
    (folder / "guanlan.toml").write_text(people, encoding="utf-8")
    with pytest.raises(Misconfigured, match="same key") as refused:
        load(folder / "guanlan.toml")
    assert "hunter2" not in str(refused.value)


def test_a_key_opens_for_a_person_or_a_sender(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender with a person's key could look at everything that the person may see."""
    monkeypatch.setenv("SOMEBODYS_KEY", "hunter2")
    sender = '[[serve.senders]]\nname = "s"\nsources = []\nkey = "env:SOMEBODYS_KEY"\n'
    (folder / "guanlan.toml").write_text(PEOPLE.format(name="林静", key="env:SOMEBODYS_KEY") + sender, encoding="utf-8")
    with pytest.raises(Misconfigured, match="same key"):
        load(folder / "guanlan.toml")


def test_a_table_given_as_an_environment_variable_must_be_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is refused by the table's name, without repeating what was given."""
    monkeypatch.setenv("GUANLAN_SERVE", "hunter2")
    with pytest.raises(Misconfigured, match="serve") as refused:
        load(folder / "guanlan.toml")
    assert "hunter2" not in str(refused.value)


def test_a_short_author_key_is_refused_wherever_it_comes_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pseudonyms under a guessable key are none; the refusal names the variable or the file, not the key."""
    monkeypatch.setenv("GUANLAN_DATA", str(folder / "data"))
    config = load(folder / "guanlan.toml")
    for given in ("hunter2", "", "  "):
        monkeypatch.setenv("GUANLAN_AUTHOR_KEY", given)
        with pytest.raises(Misconfigured, match="GUANLAN_AUTHOR_KEY") as refused:
            author_key(config)
        assert "hunter2" not in str(refused.value)
    monkeypatch.delenv("GUANLAN_AUTHOR_KEY")
    (folder / "data").mkdir()
    for content in (b"", b"\xff" * 64):
        (folder / "data" / "author.key").write_bytes(content)
        with pytest.raises(Misconfigured, match=r"author\.key"):
            author_key(config)


def test_links_follow_the_port_unless_an_address_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another port alone already makes links that lead to the dashboard."""
    monkeypatch.setenv("GUANLAN_SERVE__PORT", "9000")
    assert load(folder / "guanlan.toml").settings.serve.address == "http://127.0.0.1:9000"
    monkeypatch.setenv("GUANLAN_SERVE__PUBLIC_URL", "https://guanlan.example/")
    assert load(folder / "guanlan.toml").settings.serve.address == "https://guanlan.example"


BOARD = '[[source]]\nname = "{name}"\nspider = "{spider}"\nbase_url = "{address}"\naccess = "public_robots_ok"\n'
FILES = '[[source]]\nname = "{name}"\nspider = "inbox"\naccess = "operator_export"\n{more}\n[source.layout]\n{layout}\n'
NUMBERED = 'text = ["内容"]\nid = ["工单号"]'


def board(name: str, address: str, spider: str = "discuz", more: str = "") -> str:
    """The table of a board."""
    return BOARD.format(name=name, address=address, spider=spider) + more


def files(name: str, layout: str = NUMBERED, more: str = "") -> str:
    """The table of an inbox."""
    return FILES.format(name=name, layout=layout, more=more)


@pytest.mark.parametrize(
    "sources",
    [
        board("a", "https://bbs.a.example") + board("b", "https://bbs.b.example"),
        board("a", "https://a.example/bbs") + board("b", "https://a.example/forum", "discuz_mobile"),
        board("a", "https://bbs.a.example", more='platform = "owned"\n') + files("b"),
        "".join(board(name, f"https://{name}.example", more='platform = "forum"\n') for name in "ab"),
        files("a") + files("b"),
        files("a", more='platform = "owned"') + files("b"),
    ],
)
def test_sources_that_number_their_posts_apart_have_labels_apart(folder: Path, sources: str) -> None:
    """Posts of two boards, or tickets of two systems, would replace each other: refused by the key that parts them."""
    (folder / "sources.toml").write_text(sources, encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"sources.toml: source\.platform: a and b "):
        load(folder / "guanlan.toml")


@pytest.mark.parametrize(
    "sources",
    [
        board("a", "https://bbs.a.example/") + board("b", "http://BBS.a.example", "discuz_rss"),
        board("a", "https://bbs.a.example") + board("b", "https://bbs.b.example", more="enabled = false\n"),
        board("a", "https://bbs.a.example") + board("b", "https://bbs.b.example", more='platform = "b"\n'),
        board("a", "https://bbs.a.example") + files("b"),
        files("a") + files("b", 'text = ["意见"]'),
        files("a", more='platform = "owned"') + files("b", more='platform = "owned"'),
        files("a") + files("b", more='platform = "survey"'),
    ],
)
def test_sources_with_the_same_numbers_or_none_may_share_a_label(folder: Path, sources: str) -> None:
    """One board in two ways, rows that have no number, one system's tickets in two layouts when both say so."""
    (folder / "sources.toml").write_text(sources, encoding="utf-8")
    assert [source.name for source in load(folder / "guanlan.toml").sources] == ["a", "b"]
