"""The served int8 graph back as a float32 network, to train on from.

    python -m models.unpack --out DIR [--weights DIR]

Owns the way back from what `export` writes: the shipped weights are the only ones that a repository keeps, and a run's
own float32 weights are gone with its machine. What int8 rounded away stays away: log-odds are those of the served
graph, not those of the network it was made from.
"""

import argparse
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import AttributeProto, NodeProto, numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig

from models import encoder
from models.classifier import MODEL, TOKENIZER, WEIGHTS
from models.encoder import HEADS, PostEncoder
from models.ngrams import Ngrams

log = logging.getLogger(__name__)

Array = NDArray[np.float32]
_LAYER = "bert.encoder.layer."


def unpacked(path: Path) -> PostEncoder:
    """The network of a graph that `export.to_int8` wrote, in evaluation mode.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is another graph.
    """
    graph = onnx.load(path).graph
    weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    try:
        state = _state(weights, graph.node)
        model = PostEncoder(_config(state, graph.node))
        if "ngrams.held" in state:
            model.ngrams = Ngrams(sum(HEADS.values()))
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    except (KeyError, RuntimeError, StopIteration) as why:
        raise ValueError(f"{path} is no graph that export wrote") from why
    return model.eval()


def _state(weights: Mapping[str, Array], nodes: Sequence[NodeProto]) -> dict[str, Array]:
    """Parameters by the name that torch knows them by."""
    # what stayed as it was has kept its name
    state = {name.removeprefix("model."): value for name, value in weights.items() if name.startswith("model.")}
    words = "bert.embeddings.word_embeddings"
    state[f"{words}.weight"] = state.pop(f"{words}.table") * state.pop(f"{words}.scale")
    for head in HEADS:
        out = f"heads.{head}.out.weight"
        state[out] = state.pop(f"{out}_Transposed").T
        query = next(node for node in nodes if f"/{head}/query/MatMul" in node.name)
        state[f"heads.{head}.query.weight"] = weights[query.input[1]].T
    for number in range(_layers(state)):
        state |= {f"{_LAYER}{number}.{name}": value for name, value in _layer(weights, number).items()}
    return state


def _layer(weights: Mapping[str, Array], number: int) -> dict[str, Array]:
    """The matrices of a layer, and the biases that were fused with something."""
    into = f"/model/bert/encoder/layer.{number}"
    attention, dense = f"Attention_{number}_remove_mask", f"{into}/attention/output/dense/MatMul"
    first, second = f"{into}/intermediate/dense/MatMul", f"{into}/output/dense/MatMul"
    made = {}
    matrices = np.split(_whole(weights, f"{attention}/even/weight") * _sizes(weights, attention), 3, axis=1)
    biases = np.split(weights[f"Attention_{number}_qkv_bias"], 3)
    for name, matrix, bias in zip(("query", "key", "value"), matrices, biases, strict=True):
        made[f"attention.self.{name}.weight"] = matrix.T
        made[f"attention.self.{name}.bias"] = bias
    made["attention.output.dense.weight"] = (_whole(weights, f"{dense}/even/weight") * _sizes(weights, dense)).T
    # the units that stayed float32 come last: their order within a block is of no consequence
    units = np.concatenate([_whole(weights, f"{second}/most/into"), weights[f"{second}/few/into"]], axis=1)
    made["intermediate.dense.weight"] = (units * _sizes(weights, first)).T
    made["intermediate.dense.bias"] = np.concatenate([weights[f"{second}/{part}/bias"] for part in ("most", "few")])
    out = np.concatenate([_whole(weights, f"{second}/most/out"), weights[f"{second}/few/out"]])
    made["output.dense.weight"] = out.T
    return made


def _whole(weights: Mapping[str, Array], name: str) -> Array:
    """An int8 matrix as float32."""
    return np.asarray(weights[f"{name}_quantized"] * weights[f"{name}_scale"], np.float32)


def _sizes(weights: Mapping[str, Array], name: str) -> Array:
    """(rows, 1), what the rows of a matrix were divided by the inverse of (`outliers`)."""
    return weights[f"{name}/even/size"][:, None]


def _layers(state: Mapping[str, Array]) -> int:
    found = [re.match(rf"{re.escape(_LAYER)}(\d+)\.", name) for name in state]
    return 1 + max(int(each[1]) for each in found if each)


def _config(state: Mapping[str, Array], nodes: Sequence[NodeProto]) -> BertConfig:
    """The network's shape; dropout inside the encoder is none, as in `pretrained`."""
    words = state["bert.embeddings.word_embeddings.weight"]
    attention = next(node for node in nodes if node.op_type.endswith("Attention"))
    norm = next(node for node in nodes if node.op_type.endswith("LayerNormalization"))
    return BertConfig(
        vocab_size=len(words),
        hidden_size=words.shape[1],
        num_hidden_layers=_layers(state),
        num_attention_heads=_attribute(attention, "num_heads").i,
        intermediate_size=len(state[f"{_LAYER}0.intermediate.dense.bias"]),
        max_position_embeddings=len(state["bert.embeddings.position_embeddings.weight"]),
        type_vocab_size=len(state["bert.embeddings.token_type_embeddings.weight"]),
        layer_norm_eps=_attribute(norm, "epsilon").f,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def _attribute(node: NodeProto, name: str) -> AttributeProto:
    found: AttributeProto = next(each for each in node.attribute if each.name == name)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the network of a weights folder as a folder that training begins with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="a weights folder; by default what is shipped")
    given = parser.parse_args(arguments)
    encoder.save(unpacked(given.weights / MODEL), Tokenizer.from_file(str(given.weights / TOKENIZER)), given.out)


if __name__ == "__main__":
    main()
