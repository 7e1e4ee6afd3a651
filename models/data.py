"""Labelled posts: which sets exist, what their labels mean in our taxonomy, and which rows are never trained on.

Owns the mapping from each set's label space to ours (all of it in `_MAPPINGS`), the split, and how often a set is seen
in an epoch. Does not own batches (`train`) or scores (`evaluate`). The folder holds `labelled/*.jsonl.gz` and
`streams/*.jsonl.gz`; nothing of it is kept in this repository.

A label here is partial: a set of classes the truth is `among`, out of the classes `between` which this set decides.
Star ratings say which of positive and negative, not whether it is neutral; "1" in weibo2018 means not negative.
Both masks empty means that the set says nothing on that head.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from models import annotations
from models.text import normalise
from stream.labels import Risk, SelfHarm, Sentiment, Stage

NEG, NEU, POS = Sentiment
Raw = Mapping[str, Any]

HELD_OF_256 = 20
"""Rows whose text hashes below this (7.8 %) are held out of training, the same text in every set alike."""
_HELD_MARK = "0a"
"""Annotated posts whose mark sorts before this (3.9 %) are held out too; texts held above have no annotation."""
_KEY_CHARS = 160
"""The annotated rows are cut at 220 characters: two rows are the same post when this many agree."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The truth is `among` these classes, out of those `between` which the label decides."""

    among: tuple[str, ...] = ()
    between: tuple[str, ...] = ()


UNSAID = Partial()


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


Labels = dict[str, Any]
"""Fields of Row that a mapping fills."""


def _sentiment(*among: Sentiment, between: Sequence[Sentiment] = tuple(Sentiment)) -> Partial:
    return Partial(tuple(among), tuple(between))


def _self_harm(*among: SelfHarm) -> Partial:
    return Partial(tuple(among), tuple(SelfHarm))


_NO_HARM = _self_harm(SelfHarm.NONE)


def _judged(raw: Raw) -> Labels:
    return {
        "sentiment": _sentiment(Sentiment(raw["sentiment"])),
        "risks": {risk: float(risk in raw["risks"]) for risk in Risk},
        "stage": Partial((raw["stage"],), tuple(Stage)),
        "self_harm": _self_harm(SelfHarm(raw["self_harm"])),
    }


def _stars(raw: Raw) -> Labels:
    # of rows annotated twice, a quarter of the hotel set's "1" is mixed or worse: stars cannot teach neutral
    return {"sentiment": _sentiment(POS if int(raw["label"]) else NEG, between=(NEG, POS)), "self_harm": _NO_HARM}


def _not_negative(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(NEU, POS) if int(raw["label"]) else _sentiment(NEG)}


def _three(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(Sentiment(raw["label"])), "self_harm": _NO_HARM}


_EMOTION = {"happy": POS, "angry": NEG, "sad": NEG, "fear": NEG, "neutral": NEU, "surprise": NEU}
"""SMP2020's six. Surprise: two thirds of the rows annotated twice are neutral, a quarter negative."""


def _emotion(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(_EMOTION[raw["label"]])}


def _emotion_usual(raw: Raw) -> Labels | None:
    # its neutral rows are book prose that ends in a full stop: a model would learn the full stop
    return None if raw["label"] in {"neutral", "surprise"} else _emotion(raw)


def _sos(raw: Raw) -> Labels:
    # both classes are talk of suicide; of the low ones annotated twice, half are concern, a third crisis
    high = int(raw["label"]) == 1
    return {"self_harm": _self_harm(SelfHarm.CRISIS) if high else _self_harm(SelfHarm.NONE, SelfHarm.CONCERN)}


_PSY_CRISIS = {"主动自杀意图", "自杀计划", "自杀准备行为"}
_PSY_CONCERN = {"被动自杀意图", "自杀未遂", "自伤行为", "自伤意图", "关于自杀的探索"}


def _psysuicide(raw: Raw) -> Labels | None:
    if raw["data_source"] == "synthetic":  # being synthetic gives the risk away
        return None
    labels = set(raw["label"])
    if labels & _PSY_CRISIS:
        return {"self_harm": _self_harm(SelfHarm.CRISIS)}
    return {"self_harm": _self_harm(SelfHarm.CONCERN) if labels & _PSY_CONCERN else _NO_HARM}


def _ckend(raw: Raw) -> Labels:
    return {"self_harm": _self_harm(SelfHarm.CONCERN, SelfHarm.CRISIS) if int(raw["label"]) else _NO_HARM}


def _cold(raw: Raw) -> Labels:
    # offensive is far wider than our abuse: of rows annotated twice 25 % against 4 % are abuse
    return {"risks": {Risk.ABUSE: 0.25 if int(raw["label"]) else 0.04}, "self_harm": _NO_HARM}


@dataclass(frozen=True, slots=True)
class _Mapping:
    labels: Callable[[Raw], Labels | None]
    per_epoch: int
    """Rows drawn in an epoch; a set with fewer gives all of them."""


_MAPPINGS: Mapping[str, _Mapping] = {
    "risk_train": _Mapping(_judged, 10_000),
    "ChnSentiCorp_htl_all": _Mapping(_stars, 1_200),
    "online_shopping_10_cats": _Mapping(_stars, 1_500),
    "waimai_10k": _Mapping(_stars, 800),
    "nlpcc2014_polarity_train": _Mapping(_stars, 250),
    "smp2020_virus_train": _Mapping(_emotion, 900),
    "smp2020_usual_train": _Mapping(_emotion_usual, 400),
    "weibo2018_train": _Mapping(_not_negative, 300),
    "bdci2021_bank": _Mapping(_three, 300),
    "sos_hl_1k_train": _Mapping(_sos, 450),
    "psysuicide_valid": _Mapping(_psysuicide, 350),
    "ckend_suicide_train": _Mapping(_ckend, 350),
    "cold_train": _Mapping(_cold, 400),
}
PER_EPOCH: Mapping[str, int] = {name: mapping.per_epoch for name, mapping in _MAPPINGS.items()}
ANNOTATED = "annotated"
"""The group of posts that `annotations` has read, in whichever file they stand; their own set's label stays beside."""
_EVALUATION: Mapping[str, Callable[[Raw], Labels | None]] = {"risk_dev": _judged, "smp2020_virus_eval": _emotion}
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
    """Rows by what they may be used for; no post is in two of the three."""

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
    for name in (*_EVALUATION, *_MAPPINGS, *_UNLABELLED_SETS):
        _file(folder, name).open("rb").close()


def load(folder: Path) -> Split:
    """Every labelled set of the folder, mapped, without repeats, and split; and the posts that `annotations` has read.

    A post of an evaluation file is dropped from every other set; a post annotated in risk_train keeps that label only.

    Raises:
        FileNotFoundError: a set is missing.
    """
    train, calibration, test = _sets(folder)
    for mark, row in _annotated(folder, {row.key for rows in test.values() for row in rows}):
        (calibration if mark < _HELD_MARK else train).append(row)
    held_keys = {row.key for row in calibration}
    return Split([row for row in train if row.key not in held_keys], calibration, test)


def tests(folder: Path) -> dict[str, list[Row]]:
    """The `test` of `load`, without looking for annotated posts in every file.

    Raises:
        FileNotFoundError: a set is missing.
    """
    return _sets(folder)[2]


def _sets(folder: Path) -> tuple[list[Row], list[Row], dict[str, list[Row]]]:
    """The labelled sets, by what their rows may be used for; the annotations are not among them."""
    test = {name: list(_rows(folder, name, labels)) for name, labels in _EVALUATION.items()}
    taken = {row.key for rows in test.values() for row in rows}
    train: list[Row] = []
    calibration: list[Row] = []
    for name, mapping in _MAPPINGS.items():
        fresh: dict[str, Row] = {}
        for row in _rows(folder, name, mapping.labels):
            if row.text and row.key not in taken:
                fresh.setdefault(row.key, row)
        taken.update(fresh)
        held = [row for key, row in fresh.items() if held_out(key)]
        train.extend(row for key, row in fresh.items() if not held_out(key))
        if name == "risk_train":
            calibration = held
        else:
            test[name] = held
    return train, calibration, test


def _annotated(folder: Path, test: set[str]) -> Iterator[tuple[str, Row]]:
    """The posts of the folder that `annotations` has read, each once, as much of it as was read, with their marks."""
    paths = sorted(folder.glob("*/*.jsonl.gz"))
    posts = ((path.name.removesuffix(".jsonl.gz"), raw["text"]) for path in paths for raw in _lines(path))
    for mark, source, text, said in annotations.find(posts):
        row = Row(ANNOTATED, source, text, **_judged(said))
        if row.key not in test and not held_out(row.key):
            yield mark, row


UNLABELLED = "unlabelled"


def unlabelled(folder: Path) -> Iterator[str]:
    """Normalised texts for vocabulary and distillation: streams, and sets used without labels; held rows left out."""
    test = {row.key for name, labels in _EVALUATION.items() for row in _rows(folder, name, labels)}
    files = [_file(folder, name) for name in _UNLABELLED_SETS]
    for path in [*files, *sorted((folder / "streams").glob("*.jsonl.gz"))]:
        for raw in _lines(path):
            text = normalise(raw["text"])
            key = text[:_KEY_CHARS]
            if text and key not in test and not held_out(key):
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
