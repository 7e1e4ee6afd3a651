"""The served graph says what the network says, whatever its channels' sizes."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from models import export, outliers
from models.encoder import PostEncoder
from models.network import HEADS
from tests.models import small

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporters of torch and onnxruntime warn of themselves

IDS = torch.randint(4, 29, (12, 20), generator=torch.Generator().manual_seed(5)).tolist()


def outlying() -> PostEncoder:
    """A network with a channel before each feed-forward block and a unit in it that are far larger than the rest."""
    made = small.network(3)
    with torch.no_grad():
        for head in made.heads.values():
            head.query.weight.normal_()
        for layer in made.bert.encoder.layer:
            layer.attention.output.LayerNorm.weight[3] = 60.0
            layer.intermediate.dense.weight.mul_(10.0)[:, 3] *= 0.01
            layer.intermediate.dense.bias[5] = 200.0
            layer.output.dense.weight.mul_(5.0)[:, 5] *= 0.01
    return made.eval()


def said(model: PostEncoder) -> np.ndarray:
    """(posts, classes of all heads) logits by torch."""
    with torch.no_grad():
        ids = torch.tensor(IDS)
        logits = model(ids, torch.ones_like(ids))
    return np.concatenate([logits[head].numpy() for head in HEADS], 1)


def served(graph: onnx.ModelProto, posts: list[list[int]] = IDS) -> np.ndarray:
    """The same by onnxruntime, one post a run."""
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([np.concatenate(session.run(list(HEADS), {"ids": [post]}), 1) for post in posts])


def off(got: np.ndarray, true: np.ndarray) -> float:
    """The mean distance of logits, in their deviation over posts."""
    return float((np.abs(got - true).mean(0) / true.std(0)).mean())


def test_outliers_do_not_cost_the_others_their_precision(tmp_path: Path) -> None:
    """The int8 logits of a network with outliers are within a twentieth of a deviation of its float32 logits."""
    model = outlying()
    export.to_int8(model, tmp_path / "int8.onnx", IDS)
    assert off(served(onnx.load(tmp_path / "int8.onnx")), said(model)) < 0.05


def test_outliers_out_of_the_way_leave_the_function_as_it_was() -> None:
    """Float32 logits before and after are equal."""
    graph = export.fused(outlying())
    after, matrices = outliers.tamed(graph, IDS)
    assert len(matrices) == 3 * 4
    assert len(after.graph.node) > len(graph.graph.node)
    np.testing.assert_allclose(served(after), served(graph), atol=1e-4)


def test_what_decides_stays_in_float32(tmp_path: Path) -> None:
    """Only the encoder's matrices are int8, no head is."""
    export.to_int8(small.network(), tmp_path / "int8.onnx")
    integers = [n for n in onnx.load(tmp_path / "int8.onnx").graph.node if n.op_type in ("MatMulInteger", "QAttention")]
    assert len(integers) == 2 * 4
    assert not [node.name for node in integers if any(head in node.name for head in HEADS)]
