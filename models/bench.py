"""Judging speed, each figure beside its yardstick from the same run: `guanlan bench classify`.

Owns what is compared with what. The yardstick for the whole is what most people run: a transformers pipeline over a
network of bert-base-chinese's shape, float32, batches of 32 in the order of arrival, on the first of the posts. Its
weights are random, which costs the same as learned ones. The same shape through our own serving tells what the network
gives and what the serving gives; the bare runtime on the same pieces tells what the serving costs. Needs the `train`
extra.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline

from models import data
from models.checkpoint import PLAIN
from models.classifier import CALIBRATION, MODEL, TOKENIZER, WEIGHTS, OnnxClassifier
from models.encoder import PostEncoder
from models.export import to_int8, write_sums
from models.network import HEADS, runs_of, sentence_ends
from models.specials import specials
from models.text import normalise

_ROUNDS = 3
_PLAIN_BATCH = 32
_PLAIN_POSTS = 8 * _PLAIN_BATCH
"""Of the posts, the plain pipeline judges the first whole batches only: two posts a second are soon known."""
_ALONE = """
import json, sys, time
began = time.perf_counter()
from models.classifier import OnnxClassifier
classifier = OnnxClassifier(threads=2)
classifier.classify(["快递等了八天还没到"])
first = time.perf_counter() - began
classifier.classify(json.load(sys.stdin))
# not ru_maxrss, which begins with what the parent held
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(first, int(peak.split()[1]) / 1024)
"""


def classify(folder: Path, number: int, threads: int) -> dict[str, Any]:
    """Judge `number` real posts in each way.

    Returns:
        Posts per second of each way; the student's ratio to the plain pipeline, and its time to the bare runtime's
        (median of three rounds each); seconds to the first judgement and peak MiB of a process that only judges.
    """
    texts = posts(folder, number)
    torch.set_num_threads(threads)
    words = _characters(texts)
    plain, few = _plain(words), texts[:_PLAIN_POSTS]
    usual = _timed(lambda: plain(few)) / len(few)
    with tempfile.TemporaryDirectory(prefix="guanlan-bench-") as scratch:
        base = Path(scratch, "bert-base")
        _base(words, base)
        shaped = OnnxClassifier(base, threads=threads)
        served = _timed(lambda: shaped.classify(texts))
    cold = [OnnxClassifier(threads=threads) for _ in range(_ROUNDS)]  # each with an empty cache
    bare = _bare(texts, threads)
    pairs = [(_timed(partial(one.classify, texts)), _timed(bare)) for one in cold]
    ours = median(mine for mine, _ in pairs)
    first, peak = _alone(texts)
    return {
        "posts": number,
        "plain_pipeline_posts": len(few),
        "plain_pipeline_per_second": round(1 / usual, 1),
        "bert_base_served_per_second": round(number / served, 1),
        "student_per_second": round(number / ours, 1),
        "bare_onnxruntime_per_second": round(number / median(other for _, other in pairs), 1),
        "student_to_plain": round(usual * number / ours, 1),
        "student_time_to_bare": round(median(mine / other for mine, other in pairs), 2),
        "first_judgement_seconds": first,
        "peak_mib": peak,
    }


def posts(folder: Path, number: int) -> list[str]:
    """So many texts drawn from the streams, the same ones each time, in no order."""
    texts = sorted(set(data.streams(folder)))
    return [texts[i] for i in np.random.default_rng(7).choice(len(texts), number, replace=False)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _characters(texts: Sequence[str]) -> Tokenizer:
    """A tokenizer as bert-base-chinese has it: one piece a Han character, of a vocabulary as large."""
    seen = sorted({character for text in texts for character in text if not character.isspace()})
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *seen[:21_124]]
    made = Tokenizer(models.WordPiece({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))  # noqa: S106
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def _shape() -> BertConfig:
    return BertConfig(vocab_size=21_128)  # its other defaults are bert-base


def _plain(words: Tokenizer) -> Callable[[Sequence[str]], object]:
    torch.manual_seed(7)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words,
        unk_token="[UNK]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
    )
    model = BertForSequenceClassification(_shape()).eval()  # type: ignore[no-untyped-call]
    judge = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    return lambda texts: judge(list(texts), batch_size=_PLAIN_BATCH, truncation=True, max_length=512)


def _base(words: Tokenizer, folder: Path) -> None:
    """A weights folder of bert-base's shape with random weights."""
    torch.manual_seed(7)
    folder.mkdir()
    to_int8(PostEncoder(_shape()), folder / MODEL)
    words.save(str(folder / TOKENIZER))
    PLAIN.write(folder / CALIBRATION)
    write_sums(folder)


def _bare(texts: Sequence[str], threads: int) -> Callable[[], object]:
    """The student's network alone, on the pieces that serving would give it."""
    tokenizer = Tokenizer.from_file(str(WEIGHTS / TOKENIZER))
    special = specials(tokenizer)
    distinct = list(dict.fromkeys(map(normalise, texts)))
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(distinct, add_special_tokens=False)]
    ends = sentence_ends(tokenizer)
    runs = [run for each in ids if each for some in runs_of(each, ends) for run in some]
    pieces = [np.array([special.wrapped(run)]) for run in runs]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(WEIGHTS / MODEL), options, providers=["CPUExecutionProvider"])

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda piece: session.run(list(HEADS), {"ids": piece}), pieces))

    return work


def _alone(texts: Sequence[str]) -> tuple[float, int]:
    """Seconds from start to first judgement, and the most memory in MiB, of a process that only judges."""
    ran = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", _ALONE], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=600
    )
    first, peak = map(float, ran.stdout.split())
    return round(first, 2), round(peak)
