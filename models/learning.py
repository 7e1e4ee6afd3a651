"""Learning from partial labels: the loss, the optimiser's schedule, and a loop that can be resumed.

Owns how weights move. Does not own data (`data`, `batches`) or the recipe (`train`), which gives `run` a function from
step to loss.
"""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

from models.batches import CHOICES, Labels
from models.encoder import PostEncoder

log = logging.getLogger(__name__)

WARM_UP = 0.06
"""Share of the steps in which the rate climbs; it then falls along a cosine to a twentieth."""
HEADS_FASTER = 5.0
CHECKPOINT_STEPS = 50
WEIGHT = {"sentiment": 1.0, "stage": 0.7, "self_harm": 1.0, "risks": 6.0}
"""What each head counts for in the sum; the risk loss is a mean over ten kinds, most of them absent."""


def rare(counts: NDArray[np.float64], most: float) -> Tensor:
    """Weights that rise with the root of a class's rarity, 1 for the commonest, at most `most`."""
    weights = np.sqrt(counts.max() / np.maximum(counts, 1)).clip(1, most)
    return torch.tensor(weights, dtype=torch.float32)


class LabelLoss:
    """The masked sum over heads for rows with partial labels."""

    def __init__(self, labels: Labels) -> None:
        self._among = {head: torch.from_numpy(mask) for head, mask in labels.among.items()}
        self._between = {head: torch.from_numpy(mask) for head, mask in labels.between.items()}
        self._risks = torch.from_numpy(labels.risks)
        self._weights = {}
        for head, among in self._among.items():
            certain = among[among.sum(1) == 1]
            self._weights[head] = rare(certain.sum(0).numpy().astype(np.float64), 1.0 if head == "sentiment" else 2.0)
        known = ~self._risks.isnan()
        positives = torch.nan_to_num(self._risks).sum(0)
        absent = known.sum(0) - positives
        self._positive_weight = (absent / positives.clamp(min=1)).pow(0.35).clamp(1, 4)

    def __call__(self, logits: dict[str, Tensor], rows: NDArray[np.int64]) -> Tensor:
        """Loss of these rows' logits."""
        total = torch.zeros(())
        at = torch.from_numpy(rows)
        for head in CHOICES:
            total = total + WEIGHT[head] * self._choice(logits[head].float(), head, at)
        targets = self._risks[at]
        known = ~targets.isnan()
        if known.any():
            each = nn.functional.binary_cross_entropy_with_logits(
                logits["risks"].float(), targets.nan_to_num(), pos_weight=self._positive_weight, reduction="none"
            )
            # divided by all rows, not by the known ones: a rare labelled row must not shout in its batch
            total = total + WEIGHT["risks"] * (each * known).mean()
        return total

    def _choice(self, logits: Tensor, head: str, at: Tensor) -> Tensor:
        among, between = self._among[head][at], self._between[head][at]
        said = among.any(1)
        if not said.any():
            return torch.zeros(())
        logits, among, between = logits[said], among[said], between[said]
        low = torch.finfo(logits.dtype).min
        inside = logits.masked_fill(~among, low).logsumexp(1)
        whole = logits.masked_fill(~between, low).logsumexp(1)
        weights = (among * self._weights[head]).sum(1) / among.sum(1)
        return ((whole - inside) * weights).sum() / len(at)


def optimiser(model: PostEncoder, rate: float) -> torch.optim.AdamW:
    """AdamW with a faster rate for heads and no decay on biases and norms."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, value in model.named_parameters():
        speed = rate * (HEADS_FASTER if name.startswith("heads.") else 1.0)
        groups.setdefault((speed, 0.01 if value.ndim > 1 else 0.0), []).append(value)
    return torch.optim.AdamW(
        [{"params": values, "lr": lr, "weight_decay": decay, "rate": lr} for (lr, decay), values in groups.items()],
        fused=True,
    )


def factor(step: int, steps: int) -> float:
    """What the rate is multiplied by at this step."""
    warm = max(1, int(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def first_worker() -> bool:
    """Whether this process is the one that writes files and logs; true when it is the only one."""
    return not dist.is_initialized() or dist.get_rank() == 0


def share(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """This worker's part of a batch; all of it when it is the only one."""
    return rows[dist.get_rank() :: dist.get_world_size()] if dist.is_initialized() else rows


def _average(model: nn.Module) -> None:
    """Make every worker's gradients the mean of all of them."""
    if not dist.is_initialized():
        return
    for value in model.parameters():
        if value.grad is None:  # this worker's part said nothing on that head
            value.grad = torch.zeros_like(value)
    gradients = [value.grad for value in model.parameters() if value.grad is not None]
    flat = torch.cat([gradient.view(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):  # type: ignore[no-untyped-call]
        gradient.copy_(part.view_as(gradient))


def run(
    model: PostEncoder,
    loss_at: Callable[[int], Tensor],
    steps: int,
    rate: float,
    checkpoint: Path,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Take `steps` steps; with a checkpoint there, only those that it has not taken. `loss_at` runs under bfloat16."""
    moves = optimiser(model, rate)
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        moves.load_state_dict(state["optimiser"])
        first = state["step"]
        log.info("resumed at step %d of %d", first, steps)
    model.train()
    began, recent = clock(), []
    for step in range(first, steps):
        torch.manual_seed(step)  # dropout of a resumed run is that of an unbroken one
        for group in moves.param_groups:
            group["lr"] = group["rate"] * factor(step, steps)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_at(step)
        moves.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        _average(model)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        moves.step()
        recent.append(loss.item())
        if (step + 1) % 20 == 0:
            pace = (clock() - began) / (step + 1 - first)
            left = pace * (steps - step - 1) / 60
            log.info("step %d of %d, loss %.4f, %.0f min left", step + 1, steps, sum(recent) / len(recent), left)
            recent.clear()
        if first_worker() and ((step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps):
            state = {"model": model.state_dict(), "optimiser": moves.state_dict(), "step": step + 1}
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    model.eval()
