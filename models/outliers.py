"""A float graph made ready for int8: what is so large that all beside it would round to nothing is put out of the way.

Owns the rewriting of the fused float32 graph, which stays the same function. Does not own quantisation (`export`).

Int8 measures one range for everything that enters a matrix, and in a BERT a few channels are ten times as large as the
rest. What to do about them is learned from posts, without labels:

- A channel is divided by its size, and the matrix's row multiplied by it (SmoothQuant, Xiao et al. 2023): what enters
  is even, and the weights, which have a range a column, take a part of the unevenness.
- Behind the GELU one unit a block reaches 50 where the others reach 5, which is too much for any row. The largest units
  of each feed-forward block become a small block of their own beside it, and its matrices stay float32.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

Array = NDArray[np.float32]

SHARE = 0.6
"""How much of a channel's size its row takes on: the power of the size of what enters, the rest that of the row's."""
BESIDE = 16
"""Units a feed-forward block that stay float32: 50 kB of weights with hidden 384."""


def tamed(model: ModelProto, posts: Sequence[Sequence[int]]) -> tuple[ModelProto, list[str]]:
    """The same function with its outliers put out of the way, and the names of the nodes that are fit for int8.

    Args:
        model: a BERT whose attention and GELU are fused, with input `ids` (batch, tokens).
        posts: ids of some hundred posts.
    """
    graph = _Graph(ModelProto.FromString(model.SerializeToString()))
    matrices = [node for node in graph.nodes if graph.is_matrix(node)]
    peaks = _peaks(model, sorted({node.input[0] for node in matrices}), posts)
    for node in matrices:
        source = graph.maker(node.input[0])
        if source is not None and source.op_type == "BiasGelu":
            _put_beside(graph, source, node, peaks[node.input[0]])
        else:
            _even(graph, node, peaks[node.input[0]])
    return graph.done(), [node.name for node in matrices]


class _Graph:
    """A model's nodes and weights by name."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self.nodes = model.graph.node
        self._weights = {each.name: each for each in model.graph.initializer}

    def weight(self, name: str) -> Array:
        return numpy_helper.to_array(self._weights[name])

    def put(self, name: str, value: Array) -> str:
        """A new weight; never in place of one, which another node may share."""
        self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name)
        return name

    def done(self) -> ModelProto:
        """The model with the weights that are still used."""
        used = {name for node in self.nodes for name in node.input}
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend(each for name, each in self._weights.items() if name in used)
        return self.model

    def insert(self, beside: NodeProto, op: str, inputs: Sequence[str], output: str, *, after: bool = False) -> str:
        """A new node right before another, or after it; its output's name."""
        node = helper.make_node(op, inputs, [output], output, domain="com.microsoft" if op == "BiasGelu" else "")
        self.nodes.insert(list(self.nodes).index(beside) + after, node)
        return output

    def maker(self, output: str) -> NodeProto | None:
        """The node that an output comes from."""
        return next((node for node in self.nodes if output in node.output), None)

    def is_matrix(self, node: NodeProto) -> bool:
        """Whether a node is one of the encoder's: the heads' queries have a single column, the rest of them is Gemm."""
        known = node.op_type in ("Attention", "MatMul") and node.input[1] in self._weights
        return known and self._weights[node.input[1]].dims[1] > 1


def _peaks(model: ModelProto, names: Sequence[str], posts: Sequence[Sequence[int]]) -> dict[str, Array]:
    """What enters a matrix, by name → its channels' largest size within a post, the mean over posts."""
    watched = ModelProto.FromString(model.SerializeToString())
    watched.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    sums = {name: np.zeros(1, np.float32) for name in names}
    for post in posts:
        entered = session.run(list(names), {"ids": np.array([post], np.int64)})
        sums = {name: sums[name] + np.abs(each[0]).max(0) for name, each in zip(names, entered, strict=True)}
    return {name: (total / len(posts)).astype(np.float32) for name, total in sums.items()}


def _put_beside(graph: _Graph, gelu: NodeProto, second: NodeProto, peaks: Array) -> None:
    """Make the largest units between a GELU and the `second` matrix a block of their own."""
    first = graph.maker(gelu.input[0])
    assert first is not None
    order = np.argsort(peaks)
    most, few = np.sort(order[:-BESIDE]), np.sort(order[-BESIDE:])
    into, bias, out = (graph.weight(name) for name in (first.input[1], gelu.input[1], second.input[1]))
    name, whole = second.name, second.output[0]
    second.output[0] = f"{name}/most"
    x = graph.insert(second, "MatMul", [first.input[0], graph.put(f"{name}/few/into", into[:, few])], f"{name}/few/in")
    x = graph.insert(second, "BiasGelu", [x, graph.put(f"{name}/few/bias", bias[few])], f"{name}/few/gelu")
    x = graph.insert(second, "MatMul", [x, graph.put(f"{name}/few/out", out[few])], f"{name}/few")
    graph.insert(second, "Add", [second.output[0], x], whole, after=True)
    first.input[1] = graph.put(f"{name}/most/into", into[:, most])
    gelu.input[1] = graph.put(f"{name}/most/bias", bias[most])
    second.input[1] = graph.put(f"{name}/most/out", out[most])


def _even(graph: _Graph, node: NodeProto, peaks: Array) -> None:
    """Divide the channels that enter a matrix by their size and multiply its rows by it."""
    weight = graph.weight(node.input[1])
    size = np.maximum(peaks, 1e-5) ** SHARE / np.maximum(np.abs(weight).max(1), 1e-5) ** (1 - SHARE)
    size /= np.exp(np.log(size).mean())
    node.input[1] = graph.put(f"{node.name}/even/weight", weight * size[:, None])
    divisor = graph.put(f"{node.name}/even/size", 1 / size)
    node.input[0] = graph.insert(node, "Mul", [node.input[0], divisor], f"{node.name}/even")
