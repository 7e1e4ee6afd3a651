"""Rows to padded tensors: which rows an epoch sees, in which batches, and what each batch is told.

Owns drawing, bucketing by length and the label masks. Does not own what labels mean (`data`) or losses (`learning`).
Everything is drawn from (seed, epoch), so a resumed run sees what the first would have seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from models.data import Row
from models.encoder import MAX_TOKENS
from models.mapping import Partial
from models.specials import Specials
from stream.labels import Risk, SelfHarm, Sentiment, Stage

_POOL_BATCHES = 40
"""Batches are cut from rows sorted by length within pools of this many, which keeps padding near 5 %."""
CHOICES: Mapping[str, type[StrEnum]] = {"sentiment": Sentiment, "stage": Stage, "self_harm": SelfHarm}
"""Heads of which exactly one class is true; the risks are independent."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of n rows as arrays; a row that a head says nothing of has an all-false mask."""

    among: dict[str, NDArray[np.bool_]]
    """Head of CHOICES → (n, classes): the truth is one of these."""
    between: dict[str, NDArray[np.bool_]]
    """Head of CHOICES → (n, classes): the classes that the label decides between."""
    risks: NDArray[np.float32]
    """(n, 10) probabilities; NaN where unlabelled."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids and mask, (batch, tokens) int64, and which rows they are."""

    rows: NDArray[np.int64]
    ids: Tensor
    mask: Tensor


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each normalised text, cut to MAX_TOKENS with `</s>` kept."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]


def labels(rows: Sequence[Row]) -> Labels:
    """The rows' labels as arrays."""
    risks = [[row.risks.get(risk, np.nan) for risk in Risk] for row in rows]
    return Labels(
        among={head: _mask([getattr(row, head) for row in rows], head, "among") for head in CHOICES},
        between={head: _mask([getattr(row, head) for row in rows], head, "between") for head in CHOICES},
        risks=np.array(risks, np.float32).reshape(-1, len(Risk)),
    )


def _mask(partials: Sequence[Partial], head: str, side: str) -> NDArray[np.bool_]:
    classes = list(CHOICES[head])
    return np.array([[c in getattr(p, side) for c in classes] for p in partials], bool).reshape(-1, len(classes))


def draw(groups: Sequence[str], per_epoch: Mapping[str, int], seed: int, epoch: int) -> NDArray[np.int64]:
    """Indices of the rows of an epoch, at most `per_epoch` of each group; successive epochs walk through a group.

    Raises:
        ValueError: a group has no rows.
    """
    chosen = []
    names = np.array(groups)
    for group, wanted in per_epoch.items():
        members = np.flatnonzero(names == group)
        if not len(members):
            raise ValueError(f"no row of {group} to draw from")
        if len(members) <= wanted:
            chosen.append(members)
            continue
        order = np.random.default_rng([seed, len(members)]).permutation(members)
        chosen.append(np.take(order, np.arange(epoch * wanted, (epoch + 1) * wanted), mode="wrap"))
    return np.concatenate(chosen)


def batches(
    ids: Sequence[Sequence[int]], rows: NDArray[np.int64], size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """The rows in shuffled full batches of about equal length; up to `size` - 1 rows are left for another epoch."""
    shuffled = rng.permutation(rows)
    made: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), size * _POOL_BATCHES):
        pool = shuffled[start : start + size * _POOL_BATCHES]
        pool = pool[np.argsort([len(ids[row]) for row in pool], kind="stable")]
        made.extend(pool[at : at + size] for at in range(0, len(pool) - size + 1, size))
    return [made[i] for i in rng.permutation(len(made))]


def collate(
    ids: Sequence[Sequence[int]],
    rows: NDArray[np.int64],
    special: Specials,
    *,
    forget: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Batch:
    """These rows, padded to the longest of them; a share `forget` of the pieces, drawn from `rng`, become unknown."""
    width = max(len(ids[row]) for row in rows)
    padded = np.full((len(rows), width), special.pad, np.int64)
    for at, row in enumerate(rows):
        padded[at, : len(ids[row])] = ids[row]
    mask = torch.from_numpy((padded != special.pad).astype(np.int64))
    if rng is not None:
        keep = np.isin(padded, (special.begin, special.end, special.pad, special.unknown))
        padded[(rng.random(padded.shape) < forget) & ~keep] = special.unknown
    return Batch(rows, torch.from_numpy(padded), mask)
