"""Training from a data folder to the shipped weights, one command.

    python -m models.train --data DIR --out DIR [--base NAME]

Owns how the steps of `recipe` are run. `start`: the pretrained encoder, cut to the pieces Chinese needs; then the
steps in their order; then `weights`: student and teacher, exported and calibrated, as `models/weights` holds them.
Each leaves a folder under `--out`: what is complete is not repeated, what broke off resumes from its last
checkpoint if posts and plan are the same.
"""

import argparse
import hashlib
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, multiprocessing

from models import data, distil, encoder, learning, ngrams, pretrained
from models.batches import batches, collate, draw, encode, labels
from models.encoder import PostEncoder
from models.export import export
from models.recipe import PIECES, SEED, STEPS, WEIGHTS, Beside, Mean, Pass
from models.specials import specials

log = logging.getLogger(__name__)

START = "start"
VOCABULARY_POSTS = 120_000
"""Posts whose pieces are counted when the vocabulary is cut."""
BATCH = 48
FORGET = 0.08
"""Share of the pieces hidden from the network in training."""
LABELS_COUNT = 0.4
"""What the labels count beside a teacher."""


def start(folder: Path, out: Path, base: str) -> None:
    """Write a pretrained encoder with fresh heads to `out`: `base`, or ours with the pieces the folder's posts need."""
    torch.manual_seed(SEED)
    if base:
        encoder.save(*encoder.pretrained(base), out)
        return
    split = data.load(folder)
    packed = pretrained.read(pretrained.packed_path())
    texts = sorted({row.text[:200] for row in split.train} | {text[:200] for text in data.unlabelled(folder)})
    sample = np.random.default_rng(SEED).choice(len(texts), min(len(texts), VOCABULARY_POSTS), replace=False)
    model, tokenizer = pretrained.unpack(packed, pretrained.needed(packed, [texts[i] for i in sample], PIECES))
    encoder.save(model, tokenizer, out)


def fit(
    rows: Sequence[data.Row],
    model: PostEncoder,
    tokenizer: Tokenizer,
    out: Path,
    *,
    shares: Mapping[str, int],
    epochs: range,
    rate: float,
    teachers: Sequence[PostEncoder] = (),
) -> None:
    """Fine-tune a network on rows, of each set so many an epoch, and write it to `out`.

    With teachers, their answers count beside the labels, and rows without any label teach as well.
    """
    out.mkdir(parents=True, exist_ok=True)
    drawn = [draw([row.group for row in rows], shares, SEED, epoch) for epoch in epochs]
    seen = np.unique(np.concatenate(drawn))
    rows = [rows[i] for i in seen]
    ids = encode(tokenizer, [row.text for row in rows])
    loss_of = learning.LabelLoss(labels(rows))
    special = specials(tokenizer)
    plan = []
    for epoch, chosen in zip(epochs, drawn, strict=True):
        plan += batches(ids, np.searchsorted(seen, chosen), BATCH, np.random.default_rng([SEED, epoch]))
    same = _digest(ids, plan, rate)
    lesson = distil.lesson(teachers, ids, special, out / f"lesson-{same}") if teachers else None

    def loss_at(step: int) -> Tensor:
        rng = np.random.default_rng([SEED, 1, step])
        batch = collate(ids, learning.share(plan[step]), special, forget=FORGET, rng=rng)
        logits, mean = model.read(batch.ids, batch.mask)
        told = loss_of(logits, batch.rows)
        return lesson.loss(logits, mean, batch.rows) + LABELS_COUNT * told if lesson else told

    learning.run(model, loss_at, len(plan), rate, out / f"checkpoint-{same}.pt")
    if learning.first_worker():
        encoder.save(model, tokenizer, out)


def _digest(ids: Sequence[Sequence[int]], plan: Sequence[NDArray[np.int64]], rate: float) -> str:
    """Names what is kept of a pass that broke off, so that no other posts or plan resume from it."""
    made = hashlib.blake2b(f"{rate}".encode(), digest_size=4)
    for each in (*ids, *plan):
        made.update(np.asarray(each, np.int64).tobytes() + b"|")
    return made.hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the steps that are not done yet.

    Raises:
        OSError: a set of the data is missing, or the base cannot be had.
        ValueError: the base is no BERT.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", default="", help="hub name or folder of another pretrained BERT to start from")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    given = parser.parse_args(arguments)
    data.check(given.data)
    if not (given.out / START / "model.pt").exists():
        start(given.data, given.out / START, given.base)
    with tempfile.TemporaryDirectory() as meeting:
        multiprocessing.spawn(_work, (given, meeting), nprocs=given.workers)  # type: ignore[no-untyped-call,attr-defined]


def _work(rank: int, given: argparse.Namespace, meeting: str) -> None:
    """One of the processes: they share each batch and keep equal weights."""
    logging.basicConfig(level=logging.WARNING if rank else logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # several one-threaded processes: threads of one process wait for one another in every operation of every layer
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}/meet", rank=rank, world_size=given.workers)
    split = data.load(given.data)
    log.info("rows: %d to train on, %d to calibrate on", len(split.train), len(split.calibration))
    for each in STEPS:
        if not (given.out / each.name / "model.pt").exists():
            match each:
                case Pass():
                    _take(each, split, given)
                case Mean() if learning.first_worker():
                    _mean(each, given.out)
                case Beside() if learning.first_worker():
                    _beside(each, split, given.out)
        dist.barrier()
    if learning.first_worker():
        for served, name in WEIGHTS.items():
            export(*encoder.load(given.out / name), split.calibration, given.out / "weights" / served)


def _mean(each: Mean, out: Path) -> None:
    encoder.save(*encoder.mean([out / name for name in each.of]), out / each.name)


def _beside(each: Beside, split: data.Split, out: Path) -> None:
    model, tokenizer = encoder.load(out / each.of)
    loss_of = learning.LabelLoss(labels(split.train))
    ids = encode(tokenizer, [row.text for row in split.train])
    classes = sum(encoder.HEADS.values())
    model.ngrams = ngrams.fit(ids, classes, lambda said, rows: loss_of(encoder.by_head(said), rows))
    encoder.save(model, tokenizer, out / each.name)


def _take(each: Pass, split: data.Split, given: argparse.Namespace) -> None:
    model, tokenizer = encoder.load(given.out / each.begins)
    if each.lower_half:
        model = model.every(range(model.bert.config.num_hidden_layers // 2))
    rows = split.train
    if data.UNLABELLED in each.shares:
        rows = rows + [data.Row(data.UNLABELLED, data.UNLABELLED, text) for text in data.unlabelled(given.data)]
    teachers = [encoder.load(given.out / name)[0] for name in each.taught_by]
    out = given.out / each.name
    fit(rows, model, tokenizer, out, shares=each.shares, epochs=each.epochs, rate=each.rate, teachers=teachers)


if __name__ == "__main__":
    main()
