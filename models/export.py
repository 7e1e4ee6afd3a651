"""A trained network as the folder that is served: int8 ONNX, tokenizer, calibration, checksums.

Owns the graph that is shipped and how its logits are read for calibration. Does not own what calibration does with
them (`calibrate`).
"""

import hashlib
import tempfile
from collections.abc import Sequence
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

from models.batches import encode, labels
from models.calibrate import Calibration, fit_choice, fit_risks, thresholds
from models.classifier import CALIBRATION, MODEL, SUMS, TOKENIZER
from models.data import Row
from models.encoder import PostEncoder
from models.network import HEADS


class _Served(nn.Module):
    """The network as served: one text a run, so there is no padding and no mask."""

    def __init__(self, model: PostEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        logits = self.model(ids, torch.ones_like(ids))
        return tuple(logits[head] for head in HEADS)


def export(model: PostEncoder, tokenizer: Tokenizer, calibration: Sequence[Row], folder: Path) -> None:
    """Write a weights folder that `OnnxClassifier` loads, calibrated on these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    to_int8(model, folder / MODEL)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    ids = encode(tokenizer, [row.text for row in calibration])
    fitted(logits(folder / MODEL, ids), calibration).write(folder / CALIBRATION)
    write_sums(folder)


def write_sums(folder: Path) -> None:
    """Write the checksums of a weights folder's files."""
    sums = [f"{_sha256(folder / name)}  {name}\n" for name in (CALIBRATION, MODEL, TOKENIZER)]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def to_int8(model: PostEncoder, path: Path) -> None:
    """Write the int8 graph: input `ids` (batch, tokens) int64 without padding, one output of logits a head.

    Attention, GELU and layer norms are fused; weights are int8 by channel, activations are quantised as they come.
    Two parts stay float32. The heads: a thousandth of the work, and they decide thresholds. The second matrix of the
    first and of the last two feed-forward blocks: a few of its inputs are so large that all others round to nothing.
    With all of them in int8 the logits' error is 10 % of their variance, with the last two kept 0.2 %, with the
    first as well 0.12 %.
    """
    sample = torch.randint(4, 1000, (2, 24))
    with tempfile.TemporaryDirectory() as scratch:
        plain, fused = Path(scratch, "plain.onnx"), Path(scratch, "fused.onnx")
        torch.onnx.export(
            _Served(model.eval()),
            (sample,),
            str(plain),
            input_names=["ids"],
            output_names=list(HEADS),
            dynamic_axes={"ids": {0: "batch", 1: "tokens"}, **{head: {0: "batch"} for head in HEADS}},
            opset_version=17,
            dynamo=False,
        )
        config = model.bert.config
        whole = optimize_model(
            str(plain),
            model_type="bert",
            num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size,
            opt_level=0,
        )
        whole.save_model_to_file(str(fused))
        last = config.num_hidden_layers - 1
        kept = ("/heads", f"layer.{last}/output/dense", f"layer.{last - 1}/output/dense", "layer.0/output/dense")
        nodes = [node.name for node in onnx.load(fused).graph.node]
        quantize_dynamic(
            fused,
            path,
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[name for name in nodes if any(part in name for part in kept)],
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


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
        slope[head], bias[head] = fit_choice(scores[head], among.argmax(1).tolist())
    slope["risks"], bias["risks"] = fit_risks(scores["risks"], told.risks.astype(float))
    return Calibration(slope, bias, thresholds())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
