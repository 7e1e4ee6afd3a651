"""What is shipped for running it: compose.yaml, the Dockerfile and the systemd units name only what exists.

No container engine is needed: the files are read, and every command, setting and path in them is tried on the program.
"""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from configs import wiring
from configs.load import load
from guanlan import app
from stream.ports import Misconfigured

ROOT = Path(__file__).parents[2]
GIVEN = {
    "POSTGRES_PASSWORD": "p" * 16,
    "AUTHOR_KEY": "k" * 32,
    "ANALYST_KEY": "a" * 32,
    "GUARDIAN_KEY": "g" * 32,
    "CONTACT": "ops@example.invalid",
}
OURS = ("judge", "index", "alert", "schedule", "serve", "crawl")
THEIRS = ("kafka", "elasticsearch", "postgres", "mail")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, with the variables of a `.env` put in as the engine would."""

    def value(found: re.Match[str]) -> str:
        name, kind, other = found[1], found[2], found[3]
        assert name in GIVEN or kind == ":-", f"{name} has no default and is not asked for in the file's head"
        return GIVEN.get(name) or other

    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text))


def test_no_key_is_given_twice() -> None:
    """The engine refuses such a file, before it puts in any variable; the reader here would take the last."""

    def look(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), f"line {node.start_mark.line + 1}: {keys}"
            for _, value in node.value:
                look(value)

    look(yaml.compose((ROOT / "compose.yaml").read_text(encoding="utf-8")))


def test_every_service_is_there(compose: dict[str, Any]) -> None:
    """Each step of the pipeline and each server it needs; pinned images, checked before anything depends on them."""
    services = compose["services"]
    assert set(services) == {*OURS, *THEIRS}
    for name in THEIRS:
        assert re.search(r":v?\d", services[name]["image"]), f"{name} is not pinned"
    for name in OURS:
        assert all(need["condition"] == "service_healthy" for need in services[name]["depends_on"].values())
        for needed in services[name]["depends_on"]:
            assert "test" in services[needed]["healthcheck"]
    for service in services.values():
        for mount in service.get("volumes", ()):
            volume = mount.partition(":")[0]
            assert volume.startswith(".") or volume in compose["volumes"]
        # nothing is open to other machines
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_one_service_builds_the_image_of_all(compose: dict[str, Any]) -> None:
    """Two that build one tag at the same time fail by turns, and no registry is asked for what is built here."""
    services = [compose["services"][name] for name in OURS]
    assert [service["build"] for service in services if "build" in service] == ["."]
    assert {(service["image"], service["pull_policy"]) for service in services} == {("guanlan:local", "never")}


def test_containers_write_to_the_volume_and_tmp_only(compose: dict[str, Any]) -> None:
    """The rest is read-only to them, and what the image names for writing lies there."""
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"] is True
        writable = [mount.split(":")[1] for mount in service["volumes"] if not mount.endswith(":ro")] + service["tmpfs"]
        assert writable == ["/var/lib/guanlan", "/tmp"]
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    for folder in re.findall(r"(?:GUANLAN_DATA|MPLCONFIGDIR|WORKDIR|VOLUME|--home-dir)[= ](/\S+)", image):
        assert folder.startswith(("/var/lib/guanlan", "/tmp/")), folder


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_the_containers_exists(compose: dict[str, Any], name: str) -> None:
    """What a container is told to run, the program knows."""
    program, *words = compose["services"][name]["command"]
    assert program == "guanlan"
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_every_setting_of_the_containers_exists(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of `serve`, over the shipped cluster.toml, is a configuration, and means what it says."""
    for name, given in compose["services"]["serve"]["environment"].items():
        assert isinstance(given, str), f"{name} must be quoted"
        monkeypatch.setenv(name, given)
    config = load(ROOT / "configs" / Path(os.environ["GUANLAN_CONFIG"]).name)
    settings = config.settings
    assert settings.log.kafka is not None
    assert settings.store.elastic is not None
    assert settings.book.url is not None
    assert (settings.log.kafka.bootstrap, settings.log.kafka.replication) == ("kafka:9092", 1)
    assert settings.store.elastic.urls == ("http://elasticsearch:9200",)
    assert settings.book.url.get_secret_value().endswith("@postgres/guanlan")
    assert (settings.mail.smtp_host, settings.mail.smtp_port, settings.mail.smtp_starttls) == ("mail", 1025, False)
    assert {person.name: person.roles for person in settings.serve.people} == {
        "analyst": ("analyst",),
        "guardian": ("analyst", "guardian"),
    }
    wiring.check_people(config)
    assert settings.crawl.contact == GIVEN["CONTACT"]
    assert {"kafka", "elasticsearch", "postgres", "mail"} <= set(compose["services"])


@pytest.mark.parametrize("name", OURS)
def test_every_container_has_the_secrets_that_the_tables_name(
    compose: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head of the file followed to the letter: the shipped channels switched on, a source with credentials, their
    secrets in secrets.env. Without them the sentence names what is missing."""
    for file in (ROOT / "configs").glob("*.toml"):
        shutil.copyfile(file, tmp_path / file.name)
    rules = (tmp_path / "rules.toml").read_text(encoding="utf-8")
    switched_on = re.sub(r"^# (?=\[\[channel|name =|url =|secret =)", "", rules, flags=re.MULTILINE)
    (tmp_path / "rules.toml").write_text(switched_on, encoding="utf-8")
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nname = "open"\nspider = "weibo_open"\naccess = "official_api"\naccess_token_env = "WEIBO_TOKEN"\n'
        'purpose = "a"\nassessment = "b"\n',
        encoding="utf-8",
    )
    service = compose["services"][name]
    (given,) = service["env_file"]
    assert given == {"path": "secrets.env", "required": False}
    for key, value in service["environment"].items():
        monkeypatch.setenv(key, value)
    with pytest.raises(Misconfigured, match="_SECRET"):
        load(tmp_path / "cluster.toml")
    for key in (*re.findall(r"env:(\w+_SECRET)", switched_on), "WEIBO_TOKEN"):
        monkeypatch.setenv(key, "whsec_" + "YQ" * 16)
    config = load(tmp_path / "cluster.toml")
    with httpx.Client() as client:
        assert len(wiring.open_channels(config, client)) == 3
    wiring.check_source(config.sources[0])


def test_as_many_judges_as_partitions_at_most(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One more would sit idle."""
    monkeypatch.setenv("BOOK_URL", compose["services"]["judge"]["environment"]["BOOK_URL"])
    kafka = load(ROOT / "configs" / "cluster.toml").settings.log.kafka
    assert kafka is not None
    assert compose["services"]["judge"]["deploy"]["replicas"] <= kafka.partitions


def test_the_image_is_built_from_what_is_here() -> None:
    """Every path it copies exists and passes .dockerignore; it runs as a user without rights and says whether it is
    well, at an address that the API has."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    passes = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert list(ROOT.glob(source)), source
                assert source.split("/")[0] in passes, source
    assert "USER 10001" in lines
    assert lines.index("USER 10001") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))
    (health,) = re.findall(r"http://127\.0\.0\.1:8000(\S+?)'", " ".join(lines))
    assert health == "/api/health"
    (command,) = [line.removeprefix("CMD ") for line in lines if line.startswith("CMD")]
    assert CliRunner().invoke(app, [*yaml.safe_load(command)[1:], "--help"]).exit_code == 0


def test_what_is_no_python_is_installed_too() -> None:
    """Weights, word lists, templates, corpus and tables: the package takes every file of the rooms but the units."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    (patterns,) = project["package-data"].values()
    rooms = [room.removesuffix("*") for room in project["packages"]["find"]["include"]]
    files = [path for room in rooms for path in (ROOT / room).rglob("*") if path.is_file()]
    left = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix not in {".py", ".pyc"} and not any(path.match(pattern) for pattern in patterns)
    ]
    assert {Path(name).parent.as_posix() for name in left} == {"configs/systemd"}, left


def test_the_units_run_commands_that_exist() -> None:
    """Each ExecStart of ours is a command, with a configuration named."""
    commands = []
    for unit in (ROOT / "configs" / "systemd").glob("*.service"):
        for line in unit.read_text(encoding="utf-8").splitlines():
            if line.startswith("ExecStart="):
                inner = re.search(r"/opt/guanlan/bin/guanlan ([^']*)", line)
                assert inner is not None, unit
                commands.append(shlex.split(inner[1]))
    assert sorted(words[0] for words in commands) == ["backup", "run"]
    for words in commands:
        assert "--config" in words
        assert CliRunner().invoke(app, [words[0], "--help"]).exit_code == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here to check the units")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """Nothing in them is misspelt."""
    for unit in (ROOT / "configs" / "systemd").iterdir():
        # the program is not installed here, so another stands for it
        text = unit.read_text(encoding="utf-8").replace("/opt/guanlan/bin/guanlan", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (0, "")
