"""What is read beside the encoder: the n-grams of a text's pieces, each with a weight for every class.

Owns the grams, how their weights are learned and how they are kept. Does not own what they are added to (`encoder`).

A linear reader has every review it was shown by heart, "不值这个价" and all, and errs elsewhere than a network that
reads a sentence as a whole: a quarter of its say beside the network's made all four heads surer of the posts that
calibrate. The grams are hashed, and a bucket remembers which gram it holds, so one that was never learned says nothing.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

log = logging.getLogger(__name__)

BUCKETS = 160_000
"""Grams that can be kept: 26 bytes each."""
LONGEST = 3
"""Pieces a gram; a piece is one to four characters."""
SAY = 0.25
"""What the reader's log-odds count beside the network's."""
SELDOM = 5
"""A gram that fewer rows have teaches nothing that holds elsewhere."""
_PRIME, _FACTOR = 2_147_483_647, 1_000_003
_NO_GRAM = -1
_EPOCHS = 3
_BATCH = 512
_RATE = 0.1
_SEED = 1

Loss = Callable[[Tensor, NDArray[np.int64]], Tensor]
"""(batch, classes) log-odds of these rows → their loss."""


def grams(ids: Tensor) -> list[Tensor]:
    """(batch, tokens) ids → for each length, shortest first, (batch, tokens - length + 1) numbers below 2³¹.

    A number depends on the gram alone. Two different grams of the millions there are share one by chance, at times.
    """
    made = [(ids + 1) * _FACTOR % _PRIME]
    for length in range(1, LONGEST):
        made.append((made[-1][:, :-1] * _FACTOR + ids[:, length:] + 1) % _PRIME)
    return made


class Ngrams(nn.Module):
    """Token ids to log-odds; nothing in it is a parameter, so no pass moves it."""

    held: Tensor
    table: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("held", torch.full((BUCKETS,), _NO_GRAM, dtype=torch.int32))
        self.register_buffer("table", torch.zeros(BUCKETS, classes, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(classes))
        self.register_buffer("bias", torch.zeros(classes))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens) ids and mask of 1 and 0 → (batch, classes)."""
        each = grams(ids)
        found = torch.cat(each, dim=1)
        real = torch.cat([mask[:, at:] for at in range(len(each))], dim=1)  # its last piece is none of the padding
        bucket = found % BUCKETS
        known = ((self.held[bucket] == found) & (real > 0)).to(self.scale.dtype)
        said = torch.einsum("bn,bnc->bc", known, self.table[bucket].to(self.scale.dtype))
        length = known.sum(1, keepdim=True).clamp(min=1.0).sqrt()
        return said * self.scale / length + self.bias


def fit(ids: Sequence[Sequence[int]], classes: int, loss_of: Loss) -> Ngrams:
    """The reader of these rows' ids, as `loss_of` wants it; what it says is already weighed by SAY."""
    per_row = [np.unique(np.concatenate([g[0].numpy() for g in grams(torch.tensor([each]))])) for each in ids]
    starts = np.cumsum([0, *map(len, per_row)])
    found, places, counts = np.unique(np.concatenate(per_row), return_inverse=True, return_counts=True)
    often = counts >= SELDOM
    weights, _ = _learn(np.where(often, np.cumsum(often) - 1, -1)[places], starts, counts[often], classes, loss_of)
    kept = np.flatnonzero(often)[_best(found[often], np.linalg.norm(weights, axis=1) * np.sqrt(counts[often]))]
    number = np.full(len(found), -1)
    number[kept] = np.arange(len(kept))
    weights, bias = _learn(number[places], starts, counts[kept], classes, loss_of)
    log.info("%d grams, %d of them in %d rows or more, %d kept", len(found), often.sum(), SELDOM, len(kept))
    return _packed(found[kept], weights * SAY, bias * SAY)


def _best(found: NDArray[np.int64], worth: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of the grams that share a bucket, the one that is worth most; their places, in ascending order."""
    order = np.argsort(-worth, kind="stable")
    _, first = np.unique(found[order] % BUCKETS, return_index=True)
    return np.sort(order[first])


def _learn(
    numbers: NDArray[np.int64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    classes: int,
    loss_of: Loss,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (grams, classes) and bias (classes,): `numbers` of the grams, -1 for none, row after row by `starts`."""
    rows = len(starts) - 1
    known = numbers >= 0
    starts = np.concatenate([[0], np.cumsum(known)])[starts]
    numbers = numbers[known]
    lengths = np.sqrt(np.maximum(np.diff(starts), 1)).astype(np.float32)
    rarity = torch.from_numpy((np.log(rows / counts) / np.log(rows / SELDOM)).astype(np.float32))
    weights = nn.Parameter(torch.zeros(len(counts), classes))
    bias = nn.Parameter(torch.zeros(classes))
    moves = torch.optim.SparseAdam([weights], lr=_RATE), torch.optim.Adam([bias], lr=_RATE / 10)
    rng = np.random.default_rng(_SEED)
    steps, step = _EPOCHS * -(-rows // _BATCH), 0
    for _ in range(_EPOCHS):
        order = rng.permutation(rows)
        for at in range(0, rows, _BATCH):
            chosen = order[at : at + _BATCH]
            spans = [numbers[starts[row] : starts[row + 1]] for row in chosen]
            flat = torch.from_numpy(np.concatenate(spans))
            offsets = torch.from_numpy(np.cumsum([0, *map(len, spans[:-1])]))
            shares = rarity[flat] / torch.from_numpy(np.repeat(lengths[chosen], list(map(len, spans))))
            said = nn.functional.embedding_bag(
                flat, weights, offsets, mode="sum", per_sample_weights=shares, sparse=True
            )
            loss = loss_of(said + bias, chosen)
            for move in moves:
                move.zero_grad()
                move.param_groups[0]["lr"] = move.defaults["lr"] * (1 - step / steps)
            loss.backward()  # type: ignore[no-untyped-call]
            for move in moves:
                move.step()  # type: ignore[no-untyped-call]
            step += 1
    return (weights.detach() * rarity[:, None]).numpy(), bias.detach().numpy()


def _packed(found: NDArray[np.int64], weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Ngrams:
    """The weights in int8, a range a class; a few in a thousand are clipped, or most would be a handful of steps."""
    made = Ngrams(len(bias))
    scale = np.quantile(np.abs(weights), 0.999, axis=0) / 127
    at = torch.from_numpy(found % BUCKETS)
    made.held[at] = torch.from_numpy(found.astype(np.int32))
    made.table[at] = torch.from_numpy((weights / scale).round().clip(-127, 127).astype(np.int8))
    made.scale.copy_(torch.from_numpy(scale.astype(np.float32)))
    made.bias.copy_(torch.from_numpy(bias))
    return made
