"""Labelled posts: which sets are read, and which of their rows are never trained on.

Owns the row and the split. Does not own what the sets' labels mean (`mapping`), batches (`train`) or scores
(`evaluate`). The folder holds `labelled/*.jsonl.gz` and `streams/*.jsonl.gz`; nothing of it is kept in this repository.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from models import annotations
from models.mapping import EVALUATION, OUTRANKS, SETS, UNSAID, Labels, Partial, Raw, judged
from models.text import normalise

HELD_OF_256 = 20
"""Rows whose text hashes below this (7.8 %) are held out of training, the same text in every set alike."""
_HELD_MARK = "0a"
"""Annotated posts whose mark sorts before this (3.9 %) are held out too; texts held above have no annotation."""
_FEW = {"sos_hl_1k_train"}
"""Of these too few are held to test on, so those of their posts that stand in an evaluation file are tested too."""
_KEY_CHARS = 160
"""The annotated rows are cut at 220 characters: two rows are the same post when this many agree."""


@dataclass(frozen=True, slots=True)
class Row:
    """One post with what its set says of it."""

    group: str
    """The set it was read from."""
    source: str
    """Where the set says the post came from; the set itself where it says nothing."""
    text: str = field(repr=False)
    """Normalised."""
    sentiment: Partial = UNSAID
    risks: Mapping[str, float] = field(default_factory=dict)
    """Risk kind → probability; a kind that is absent is unlabelled."""
    stage: Partial = UNSAID
    self_harm: Partial = UNSAID

    @property
    def key(self) -> str:
        """Equal for rows that are the same post, in whichever set."""
        return self.text[:_KEY_CHARS]


ANNOTATED = "annotated"
"""The group of posts that `annotations` has read, in whichever file they stand; their own set's label stays beside."""
_UNLABELLED_SETS = (
    "bdci2018_car",
    "cstance_A_train_rebuilt",
    "covid_weibo_7emotion",
    "tipdm_citizen_topic",
    "finfe_train",
)


def held_out(key: str) -> bool:
    """Whether rows with this key are kept from training, in every set alike."""
    return blake2b(key.encode(), digest_size=1).digest()[0] < HELD_OF_256


@dataclass(frozen=True, slots=True)
class Split:
    """Rows by what they may be used for; no post that is trained on is in the other two."""

    train: list[Row]
    calibration: list[Row]
    """The held part of risk_train and of the annotations: temperatures and thresholds are chosen on it."""
    test: dict[str, list[Row]]
    """By name of the set: official evaluation files and the held part of the others."""


def check(folder: Path) -> None:
    """Look whether every set that training reads is there, before hours are spent.

    Raises:
        FileNotFoundError: a set is missing; names it.
    """
    for name in (*EVALUATION, *SETS, *_UNLABELLED_SETS):
        _file(folder, name).open("rb").close()


def load(folder: Path) -> Split:
    """Every labelled set of the folder, mapped, without repeats, and split; and the posts that `annotations` has read.

    A post of an evaluation file is dropped from every other set; a post annotated in risk_train keeps that label only.

    Raises:
        FileNotFoundError: a set is missing.
    """
    train, calibration, test = _sets(folder)
    outranking = {row.key: row for row in train if row.group in OUTRANKS}
    for mark, row in _annotated(folder, {row.key for rows in test.values() for row in rows}):
        said = _reconciled(row, outranking[row.key]) if row.key in outranking else row
        (calibration if mark < _HELD_MARK else train).append(said)
    held_keys = {row.key for row in calibration}
    return Split([row for row in train if row.key not in held_keys], calibration, test)


def _reconciled(row: Row, own: Row) -> Row:
    """The annotated post; what its set says, on the head where that outranks, if it is contrary to what was read.

    Of several classes it may say the last stands: read as crisis and known as low risk, a post is of concern.
    """
    head = OUTRANKS[own.group]
    read, said = set(getattr(row, head).among), getattr(own, head)
    contrary = read <= set(said.between) and not read & set(said.among)
    if not contrary:
        return row
    outranking: Labels = {head: Partial(said.among[-1:], said.between)}
    return replace(row, **outranking)


def tests(folder: Path) -> dict[str, list[Row]]:
    """The `test` of `load`, without looking for annotated posts in every file.

    Raises:
        FileNotFoundError: a set is missing.
    """
    return _sets(folder)[2]


def _sets(folder: Path) -> tuple[list[Row], list[Row], dict[str, list[Row]]]:
    """The labelled sets, by what their rows may be used for; the annotations are not among them."""
    test = {name: list(_rows(folder, name, labels)) for name, labels in EVALUATION.items()}
    evaluated = frozenset(row.key for rows in test.values() for row in rows)
    taken = set(evaluated)
    train: list[Row] = []
    calibration: list[Row] = []
    for name, mapping in SETS.items():
        every: dict[str, Row] = {}
        for row in _rows(folder, name, mapping.labels):
            if row.text:
                every.setdefault(row.key, row)
        fresh = {key: row for key, row in every.items() if key not in taken}
        taken.update(fresh)
        held = [row for key, row in fresh.items() if held_out(key)]
        train.extend(row for key, row in fresh.items() if not held_out(key))
        if name == "risk_train":
            calibration = held
        else:
            test[name] = held
        if name in _FEW:
            test[name] += [row for key, row in every.items() if key in evaluated]
    return train, calibration, test


def _annotated(folder: Path, test: set[str]) -> Iterator[tuple[str, Row]]:
    """The posts of the folder that `annotations` has read, each once, as much of it as was read, with their marks."""
    paths = sorted(folder.glob("*/*.jsonl.gz"))
    posts = ((path.name.removesuffix(".jsonl.gz"), raw["text"]) for path in paths for raw in _lines(path))
    for mark, source, text, said in annotations.find(posts):
        row = Row(ANNOTATED, source, text, **judged(said))
        if row.key not in test and not held_out(row.key):
            yield mark, row


UNLABELLED = "unlabelled"


def unlabelled(folder: Path) -> Iterator[str]:
    """Normalised texts for vocabulary and distillation: streams, and sets used without labels; held rows left out."""
    test = {row.key for name, labels in EVALUATION.items() for row in _rows(folder, name, labels)}
    calibrating = {mark for mark in annotations.read() if mark < _HELD_MARK}
    files = [_file(folder, name) for name in _UNLABELLED_SETS]
    for path in [*files, *sorted((folder / "streams").glob("*.jsonl.gz"))]:
        for raw in _lines(path):
            text = normalise(raw["text"])
            key = text[:_KEY_CHARS]
            if text and key not in test and not held_out(key) and annotations.mark(raw["text"]) not in calibrating:
                yield text


def streams(folder: Path) -> Iterator[str]:
    """Texts of the streams as they were posted."""
    for path in sorted((folder / "streams").glob("*.jsonl.gz")):
        yield from (raw["text"] for raw in _lines(path))


def _file(folder: Path, name: str) -> Path:
    return folder / "labelled" / f"{name}.jsonl.gz"


def _rows(folder: Path, name: str, labels: Callable[[Raw], Labels | None]) -> Iterator[Row]:
    for raw in _lines(_file(folder, name)):
        fields = labels(raw)
        if fields is not None:
            yield Row(group=name, source=raw.get("src", name), text=normalise(raw["text"]), **fields)


def _lines(path: Path) -> Iterator[Raw]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
