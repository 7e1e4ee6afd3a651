"""Training from a data folder to the shipped weights, one command.

    python -m models.train --data DIR --out DIR [--base NAME]

Owns the order of the steps and the recipe's numbers. `start`: the pretrained encoder, cut to the pieces Chinese needs.
`teacher`: all twelve layers fine-tuned on all labelled sets at once. `tuned`, `polished`: the lower six layers by
themselves (before any fine-tuning, a ridge probe read the sentiment of annotated posts off them with accuracy 0.74, off
every second layer with 0.69). `student`: those six, taught by the teacher on labelled and unlabelled
posts. `weights`: both, exported and calibrated, as `models/weights` holds them. Each step leaves a folder under
`--out`: what is complete is not repeated, what broke off resumes from its last checkpoint.
"""

import argparse
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from tokenizers import Tokenizer
from torch import Tensor, multiprocessing

from models import data, distil, encoder, learning, pretrained
from models.batches import batches, collate, draw, encode, labels
from models.encoder import PostEncoder
from models.export import export
from models.specials import specials

log = logging.getLogger(__name__)

SEED = 20261121
PIECES = 20_000
VOCABULARY_POSTS = 120_000
"""Posts whose pieces are counted when the vocabulary is cut."""
BATCH = 48
FORGET = 0.08
"""Share of the pieces hidden from the network in training."""
TEACHER = {
    "risk_train": 10_000,
    "ChnSentiCorp_htl_all": 1_600,
    "online_shopping_10_cats": 2_500,
    "waimai_10k": 1_500,
    "nlpcc2014_polarity_train": 300,
    "smp2020_virus_train": 1_300,
    "smp2020_usual_train": 300,
    "weibo2018_train": 300,
    "bdci2021_bank": 300,
    "sos_hl_1k_train": 700,
    "psysuicide_valid": 600,
    "ckend_suicide_train": 250,
    "cold_train": 300,
}
"""Rows of a set that an epoch of the teacher draws; a set with fewer gives all of them."""
TEACHER_EPOCHS = 4
TEACHER_RATE = 1.2e-4
EPOCHS = 6
RATE = 2e-4
POLISH = {
    **data.PER_EPOCH,
    "risk_train": 5_000,
    "ChnSentiCorp_htl_all": 2_000,
    "online_shopping_10_cats": 6_000,
    "waimai_10k": 3_000,
    "smp2020_virus_train": 2_500,
}
"""Rows of the six layers' last pass: reviews and Weibo come up for what the annotated rows were given before."""
POLISH_RATE = 1e-4
TAUGHT = {
    **TEACHER,
    "ChnSentiCorp_htl_all": 2_500,
    "online_shopping_10_cats": 4_000,
    "waimai_10k": 2_500,
    "smp2020_virus_train": 2_500,
    data.UNLABELLED: 5_000,
}
TAUGHT_EPOCHS = 2
TAUGHT_RATE = 1e-4
LABELS_COUNT = 0.4
"""What the labels count beside the teacher."""


def start(split: data.Split, folder: Path, out: Path, base: str) -> None:
    """Write a pretrained encoder with fresh heads to `out`: `base`, or ours with the pieces these posts need."""
    torch.manual_seed(SEED)
    if base:
        encoder.save(*encoder.pretrained(base), out)
        return
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
    teacher: PostEncoder | None = None,
) -> None:
    """Fine-tune a network on rows, of each set so many an epoch, and write it to `out`.

    With a teacher, its answers count beside the labels, and rows without any label teach as well.
    """
    out.mkdir(parents=True, exist_ok=True)
    drawn = [draw([row.group for row in rows], shares, SEED, epoch) for epoch in epochs]
    seen = np.unique(np.concatenate(drawn))
    rows = [rows[i] for i in seen]
    ids = encode(tokenizer, [row.text for row in rows])
    loss_of = learning.LabelLoss(labels(rows))
    special = specials(tokenizer)
    lesson = distil.lesson(teacher, ids, special, out / "lesson") if teacher else None
    plan = []
    for epoch, chosen in zip(epochs, drawn, strict=True):
        plan += batches(ids, np.searchsorted(seen, chosen), BATCH, np.random.default_rng([SEED, epoch]))

    def loss_at(step: int) -> Tensor:
        rng = np.random.default_rng([SEED, 1, step])
        batch = collate(ids, learning.share(plan[step]), special, forget=FORGET, rng=rng)
        logits, mean = model.read(batch.ids, batch.mask)
        told = loss_of(logits, batch.rows)
        return lesson.loss(logits, mean, batch.rows) + LABELS_COUNT * told if lesson else told

    learning.run(model, loss_at, len(plan), rate, out / "checkpoint.pt")
    if learning.first_worker():
        encoder.save(model, tokenizer, out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the steps that are not done yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", default="", help="hub name or folder of another pretrained BERT to start from")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    given = parser.parse_args(arguments)
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
    begin, teacher, tuned, polished, student = (
        given.out / name for name in ("start", "teacher", "tuned", "polished", "student")
    )
    if learning.first_worker() and not (begin / "model.pt").exists():
        start(split, given.data, begin, given.base)
    dist.barrier()
    if not (teacher / "model.pt").exists():
        model, tokenizer = encoder.load(begin)
        fit(split.train, model, tokenizer, teacher, shares=TEACHER, epochs=range(TEACHER_EPOCHS), rate=TEACHER_RATE)
    dist.barrier()
    if not (tuned / "model.pt").exists():
        whole, tokenizer = encoder.load(begin)
        model = whole.every(range(whole.bert.config.num_hidden_layers // 2))
        fit(split.train, model, tokenizer, tuned, shares=data.PER_EPOCH, epochs=range(EPOCHS), rate=RATE)
    dist.barrier()
    if not (polished / "model.pt").exists():
        model, tokenizer = encoder.load(tuned)
        fit(split.train, model, tokenizer, polished, shares=POLISH, epochs=range(2, 3), rate=POLISH_RATE)
    dist.barrier()
    if not (student / "model.pt").exists():
        model, tokenizer = encoder.load(polished)
        rows = split.train + [data.Row(data.UNLABELLED, data.UNLABELLED, text) for text in data.unlabelled(given.data)]
        fit(
            rows,
            model,
            tokenizer,
            student,
            shares=TAUGHT,
            epochs=range(TAUGHT_EPOCHS),
            rate=TAUGHT_RATE,
            teacher=encoder.load(teacher)[0],
        )
    if learning.first_worker():
        for trained in (student, teacher):
            model, tokenizer = encoder.load(trained)
            export(model, tokenizer, split.calibration, given.out / "weights" / trained.name)


if __name__ == "__main__":
    main()
