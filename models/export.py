"""A trained network as the folder that is served: int8 ONNX, tokenizer, calibration, checksums.

Owns the graph that is shipped and how its logits are read for calibration. Does not own what calibration does with
them (`calibrate`).
"""

import hashlib
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from tokenizers import Tokenizer
from torch import Tensor, nn

from models import outliers
from models.batches import encode, labels
from models.calibrate import Calibration, fit_choice, fit_risks, thresholds
from models.classifier import CALIBRATION, MODEL, SUMS, TOKENIZER
from models.data import Row
from models.encoder import PostEncoder
from models.network import HEADS


class _Words(nn.Module):
    """An embedding in int8 with a range a word: over the whole table rare words set the range of all."""

    table: Tensor
    scale: Tensor

    def __init__(self, words: nn.Embedding) -> None:
        super().__init__()
        whole = words.weight.detach()
        scale = whole.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
        self.register_buffer("table", (whole / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        return self.table[ids].float() * self.scale[ids]


class _Served(nn.Module):
    """The network as served: one text a run, so there is no padding and no mask."""

    def __init__(self, model: PostEncoder) -> None:
        super().__init__()
        self.model = deepcopy(model).eval()
        embeddings = self.model.bert.embeddings
        embeddings.word_embeddings = _Words(embeddings.word_embeddings)

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        logits = self.model(ids, torch.ones_like(ids))
        return tuple(logits[head] for head in HEADS)


def export(model: PostEncoder, tokenizer: Tokenizer, calibration: Sequence[Row], folder: Path) -> None:
    """Write a weights folder that `OnnxClassifier` loads, calibrated on these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = encode(tokenizer, [row.text for row in calibration])
    to_int8(model, folder / MODEL, ids)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    fitted(logits(folder / MODEL, ids), calibration).write(folder / CALIBRATION)
    write_sums(folder)


def write_sums(folder: Path) -> None:
    """Write the checksums of a weights folder's files."""
    sums = [f"{_sha256(folder / name)}  {name}\n" for name in (CALIBRATION, MODEL, TOKENIZER)]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def to_int8(model: PostEncoder, path: Path, posts: Sequence[Sequence[int]] = ()) -> None:
    """Write the int8 graph: input `ids` (batch, tokens) int64 without padding, one output of logits a head.

    Weights are int8 by column and activations are quantised as they come, after their outliers were put out of the way
    as `posts` (ids of some hundred, or random ones) show them. Positions, layer norms and heads stay float32: they are
    a thousandth of the work, and the heads decide thresholds.
    """
    shown = posts or torch.randint(model.bert.config.vocab_size, (2, 24)).tolist()
    graph, matrices = outliers.tamed(fused(model), shown)
    quantize_dynamic(
        graph,
        path,
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_quantize=matrices,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def fused(model: PostEncoder) -> onnx.ModelProto:
    """The float32 graph with words in int8, whose attention, GELU and layer norms are one node each."""
    config = model.bert.config
    with tempfile.TemporaryDirectory() as scratch:
        plain, whole = Path(scratch, "plain.onnx"), Path(scratch, "whole.onnx")
        torch.onnx.export(
            _Served(model),
            (torch.randint(config.vocab_size, (2, 24)),),
            str(plain),
            input_names=["ids"],
            output_names=list(HEADS),
            dynamic_axes={"ids": {0: "batch", 1: "tokens"}, **{head: {0: "batch"} for head in HEADS}},
            opset_version=17,
            dynamo=False,
        )
        optimize_model(
            str(plain),
            model_type="bert",
            num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size,
            opt_level=0,
        ).save_model_to_file(str(whole))
        return onnx.load(whole)


def logits(model: Path, ids: Sequence[Sequence[int]]) -> dict[str, NDArray[np.float64]]:
    """(n, classes) by head, as the served graph gives them, one text a run."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    runs = [session.run(list(HEADS), {"ids": np.array([each], np.int64)}) for each in ids]
    return {head: np.concatenate([run[at] for run in runs]).astype(float) for at, head in enumerate(HEADS)}


def fitted(scores: dict[str, NDArray[np.float64]], rows: Sequence[Row]) -> Calibration:
    """The calibration under which these logits fit these rows' labels, all of which are complete."""
    told = labels(rows)
    slope, bias = {}, {}
    for head, among in told.among.items():
        # posts that calibrate were drawn by words of complaint: a fifth of them praises, of hotel reviews two thirds
        biased = head != "sentiment"
        slope[head], bias[head] = fit_choice(scores[head], among.argmax(1).tolist(), biased=biased)
    slope["risks"], bias["risks"] = fit_risks(scores["risks"], told.risks.astype(float))
    return Calibration(slope, bias, thresholds())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
