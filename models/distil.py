"""Distillation: what teachers say of posts, kept, and how far a student is from it.

Owns the teachers' answers on disk and the loss against them (Hinton et al. 2015: softened answers carry more than
labels do, and need no labels). Of several teachers the mean counts. Does not own the recipe or how weights move
(`learning`).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

from models.batches import CHOICES, collate
from models.encoder import HEADS, PostEncoder
from models.learning import WEIGHT
from models.specials import Specials

SOFTNESS = 2.0
"""Logits of both are divided by this; the loss is multiplied by its square, so that gradients keep their size."""
STATES = 2.0
"""What the distance of the last layers' means counts beside the heads."""
_CHUNK = 1_024
_BATCH = 64


class Lesson:
    """Teachers' logits, and the mean of their last layers, for n posts."""

    def __init__(self, answers: dict[str, NDArray[np.float32]]) -> None:
        """Arrays (n, classes) by head, and (n, hidden) as `mean`."""
        self._answers = {name: torch.from_numpy(values) for name, values in answers.items()}

    def loss(self, logits: dict[str, Tensor], mean: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """How far the student is from the teachers on these rows."""
        at = torch.from_numpy(rows)
        total = torch.zeros(())
        for head in CHOICES:
            taught = (self._answers[head][at] / SOFTNESS).log_softmax(1)
            said = (logits[head].float() / SOFTNESS).log_softmax(1)
            apart = nn.functional.kl_div(said, taught, reduction="batchmean", log_target=True)
            total = total + WEIGHT[head] * SOFTNESS**2 * apart
        taught = self._answers["risks"][at].sigmoid()
        # less the teachers' own entropy, so that agreement is 0
        apart = nn.functional.binary_cross_entropy_with_logits(logits["risks"].float(), taught)
        own = nn.functional.binary_cross_entropy(taught, taught)
        total = total + WEIGHT["risks"] * (apart - own)
        near = nn.functional.cosine_similarity(mean.float(), self._answers["mean"][at])
        return total + STATES * (1 - near).mean()


def lesson(teachers: Sequence[PostEncoder], ids: Sequence[Sequence[int]], special: Specials, folder: Path) -> Lesson:
    """Ask the teachers about each post, cut to what they read in one go; what `folder` has of an earlier run is kept.

    Every worker asks about its own share and gets the whole lesson.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks = range(0, len(ids), _CHUNK)
    rank, workers = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    for number, start in list(enumerate(chunks))[rank::workers]:
        path = folder / f"{number:04}.npz"
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, **_mean(teachers, ids[start : start + _CHUNK], special))  # type: ignore[arg-type]
            part.replace(path)
    if dist.is_initialized():
        dist.barrier()
    read = [np.load(folder / f"{number:04}.npz") for number in range(len(chunks))]
    return Lesson({name: np.concatenate([each[name] for each in read]) for name in (*HEADS, "mean")})


def _mean(
    teachers: Sequence[PostEncoder], ids: Sequence[Sequence[int]], special: Specials
) -> dict[str, NDArray[np.float32]]:
    """The mean of the teachers' arrays for some posts."""
    said = [_answers(teacher, ids, special) for teacher in teachers]
    return {name: np.mean([each[name] for each in said], axis=0) for name in said[0]}


def _answers(teacher: PostEncoder, ids: Sequence[Sequence[int]], special: Specials) -> dict[str, NDArray[np.float32]]:
    """One teacher's arrays for some posts, in their order."""
    order = np.argsort([len(each) for each in ids], kind="stable")
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in (*HEADS, "mean")}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), _BATCH):
            batch = collate(ids, order[start : start + _BATCH], special)
            logits, mean = teacher.read(batch.ids, batch.mask)
            for name, values in {**logits, "mean": mean}.items():
                parts[name].append(values.float().numpy())
    back = np.argsort(order)
    return {name: np.concatenate(values)[back] for name, values in parts.items()}
