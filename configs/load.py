"""Reading the configuration: `guanlan.toml` and the four tables that lie beside it.

Owns where files are looked for and the sentence said when one is wrong. The keys themselves belong to `settings`
and to the rooms whose nouns they fill.
"""

import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_settings import SettingsError

from alerts.digest import DigestSpec
from alerts.rules import Rule
from configs.settings import ChannelTable, Settings
from crawlers.layouts import problem as wrong_layout
from crawlers.numbering import clash
from crawlers.platforms import DEMANDS
from crawlers.sources import Source
from stream.labels import Role
from stream.ports import Misconfigured
from stream.records import Subject

BUNDLED = Path(__file__).parent / "guanlan.toml"
# what the program itself reads from the environment besides settings
_OTHER_VARIABLES = {"GUANLAN_CONFIG", "GUANLAN_AUTHOR_KEY"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a user has said, checked: the settings and the tables beside them."""

    path: Path
    settings: Settings
    subjects: tuple[Subject, ...]
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    channels: tuple[ChannelTable, ...]
    digests: tuple[DigestSpec, ...]


def find() -> Path:
    """The settings file when none is named: `$GUANLAN_CONFIG`, else `./guanlan.toml`, else the bundled one."""
    if named := os.environ.get("GUANLAN_CONFIG"):
        return Path(named)
    here = Path("guanlan.toml")
    return here if here.exists() else BUNDLED


def load(path: Path | None = None) -> Config:
    """Read and check everything.

    Raises:
        Misconfigured: naming the file and the key.
    """
    path = path or find()
    folder = path.parent
    try:
        settings = Settings(**_toml(path))
    except ValidationError as error:
        raise Misconfigured(_explain(path, error)) from None
    except SettingsError as error:  # names the table, never what was given for it
        raise Misconfigured(f"environment: {error}") from None
    subjects = folder / "subjects.toml"
    sources = folder / "sources.toml"
    rules = folder / "rules.toml"
    digests = folder / "digests.toml"
    config = Config(
        path=path,
        settings=settings,
        subjects=_rows(subjects, _tables(subjects, {"subject"}), "subject", Subject),
        sources=_rows(sources, _tables(sources, {"source"}), "source", Source),
        rules=_rows(rules, _tables(rules, {"rule", "channel"}), "rule", Rule),
        channels=_rows(rules, _tables(rules, {"rule", "channel"}), "channel", ChannelTable),
        digests=_rows(digests, _tables(digests, {"digest"}), "digest", DigestSpec),
    )
    _check_names(config)
    _check_environment(config)
    return config


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(f"{path} is missing; `guanlan.toml` and its tables must lie in one folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read: {error.__class__.__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not TOML: {error}") from None


def _tables(path: Path, allowed: set[str]) -> dict[str, Any]:
    tables = _toml(path)
    for key in tables.keys() - allowed:
        raise Misconfigured(f"{path}: unknown key {key!r}; known are {', '.join(sorted(allowed))}")
    return tables


def _rows(path: Path, tables: Mapping[str, Any], key: str, kind: type[T]) -> tuple[T, ...]:
    try:
        return tuple(TypeAdapter(list[kind]).validate_python(tables.get(key, [])))  # type: ignore[valid-type]
    except ValidationError as error:
        raise Misconfigured(_explain(path, error, key)) from None


def _explain(path: Path, error: ValidationError, table: str = "") -> str:
    """One sentence a mistake; values are left out, since one of them may be a secret."""
    sentences = []
    for mistake in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in ((table,) if table else ()) + mistake["loc"])
        sentences.append(f"{path}: {key}: {mistake['msg']}")
    return "\n".join(sentences)


def _check_names(config: Config) -> None:
    """Names that point at one another must meet, and be said once."""
    folder = config.path.parent
    _unique(folder / "subjects.toml", "subject.name", (s.name for s in config.subjects))
    _unique(folder / "sources.toml", "source.name", (s.name for s in config.sources))
    _unique(folder / "rules.toml", "rule.name", (r.name for r in config.rules))
    _unique(folder / "rules.toml", "channel.name", (c.name for c in config.channels))
    _unique(folder / "digests.toml", "digest.name", (d.name for d in config.digests))
    told = [one.name for one in config.subjects if one.role is not Role.WATCHED]  # no section tells of the others
    for digest in config.digests:
        known(folder / "digests.toml", f"digest {digest.name}: subjects", digest.subjects, told)
    for source in config.sources:
        # one that is switched off is listed and labelled too, by what is known of its spider
        known(folder / "sources.toml", f"source {source.name}: spider", [source.spider], list(DEMANDS))
        trouble = wrong_layout(source.layout) if source.crawled and source.layout else None
        if trouble:
            raise Misconfigured(f"{folder / 'sources.toml'}: source {source.name}: {trouble}")
    if trouble := clash(config.sources):
        raise Misconfigured(f"{folder / 'sources.toml'}: {trouble}")
    serve = config.settings.serve
    # a sender with a person's key would see what the person may see
    keys = [person.key for person in serve.people] + [sender.key for sender in serve.senders]
    if len({key.get_secret_value() for key in keys}) < len(keys):
        raise Misconfigured(f"{config.path}: serve.people, serve.senders: two of them have the same key")
    takers = [source.name for source in config.sources if source.imported]
    for sender in serve.senders:
        known(config.path, f"serve.senders {sender.name}: sources", sender.sources, takers)


def _unique(path: Path, key: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise Misconfigured(f"{path}: {key}: {name!r} is given {times} times")


def known(path: Path, key: str, names: Iterable[str], among: Sequence[str]) -> None:
    """Refuse a name that nothing carries.

    Raises:
        Misconfigured: naming the file, the key and what there is.
    """
    for name in names:
        if name not in among:
            raise Misconfigured(f"{path}: {key}: {name!r} is not known; there are {', '.join(among) or 'none'}")


def key_of(variable: str) -> str | None:
    """The first key of `guanlan.toml` that an environment variable would set; None for a variable that is not ours."""
    return variable.removeprefix("GUANLAN_").split("__")[0].lower() if variable.startswith("GUANLAN_") else None


def _check_environment(config: Config) -> None:
    """A misspelt GUANLAN_ variable must not pass unseen."""
    named = {
        value
        for source in config.sources
        for value in (getattr(source, one.name) for one in fields(Source) if one.name.endswith("_env"))
        if value
    }
    for variable in os.environ:
        key = key_of(variable)
        if key is None or variable.startswith("GUANLAN_TEST_"):
            continue
        if key not in Settings.model_fields and variable not in _OTHER_VARIABLES | named:
            raise Misconfigured(f"environment: {variable}: no setting has this name")
