"""Write the lowest layers of multilingual-e5-small as an ONNX model with weights of 8 bits.

The layers are those of BERT (Devlin et al., 2019): attention and two dense layers, each added to what it reads and
normalised. Each row of a weight matrix is in steps of 1/127 of its largest component. The states are rounded to 8 bits
too, by the range of the run that they belong to (DynamicQuantizeLinear).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]

#: Of twelve. docs/experiments/entities.md has the speed.
LAYERS = 4
_HEADS = 12
_EPSILON = 1e-12
_OPSET, _IR_VERSION = 20, 10


def read_pieces(path: Path) -> dict[str, float]:
    """Read the pieces and their log probabilities, in the order of their ids.

    Raises:
        ValueError: a line has not an id, a piece and a score; the message names file and line.
    """
    found: dict[str, float] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
        columns = line.split("\t")
        if len(columns) != 3:
            raise ValueError(f"{path}:{number}: not an id, a piece and a score")
        found[columns[1]] = float(columns[2])
    return found


def encoder_graph(weights: Mapping[str, NDArray[np.float16]], layers: int = LAYERS) -> bytes:
    """Serialise the model: `ids`, [pieces], to the states of the last of its layers, [pieces, states].

    Args:
        weights: by the names of ../shared/corpus/e5 (its README lists them).
        layers: how many, the first ones.
    """
    return _Builder(weights).model(layers)


class _Builder:
    """Collect the nodes and constants of a model."""

    def __init__(self, weights: Mapping[str, NDArray[np.float16]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def model(self, layers: int) -> bytes:
        width = self._weights["emb.word"].shape[1]
        self._constant("heads", np.array([0, _HEADS, width // _HEADS]))
        self._constant("joined", np.array([0, width]))
        self._constant("scale", np.float32((width // _HEADS) ** -0.5))
        states = self._embedded()
        for number in range(layers):
            states = self._layer(states, f"l{number}")
        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["pieces"])],
            [helper.make_tensor_value_info(states, TensorProto.FLOAT, ["pieces", width])],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="rasd")
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _embedded(self) -> str:
        rows, steps = _rounded(self._float("emb.word"))
        self._constant("emb.rows", rows)
        self._constant("emb.steps", steps[:, None])
        # All pieces are of the first of two types of segment.
        places = self._float("emb.pos")
        self._constant("emb.places", places + self._float("emb.type")[: places.shape[1]])
        self._constant("zero", np.array([0]))
        self._node("Gather", ["emb.rows", "ids"], "emb.row")
        self._node("Cast", ["emb.row"], "emb.row.float", to=TensorProto.FLOAT)
        self._node("Gather", ["emb.steps", "ids"], "emb.step")
        self._node("Mul", ["emb.row.float", "emb.step"], "emb.piece")
        self._node("Shape", ["ids"], "count")
        self._node("Slice", ["emb.places", "zero", "count", "zero"], "emb.place")
        self._node("Add", ["emb.piece", "emb.place"], "emb.sum")
        return self._normalised("emb.sum", "emb.ln")

    def _layer(self, states: str, name: str) -> str:
        for part, order in (("q", [1, 0, 2]), ("k", [1, 2, 0]), ("v", [1, 0, 2])):
            self._node("Reshape", [self._dense(states, f"{name}.{part}"), "heads"], f"{name}.{part}.heads")
            self._node("Transpose", [f"{name}.{part}.heads"], f"{name}.{part}.turned", perm=order)
        self._node("MatMul", [f"{name}.q.turned", f"{name}.k.turned"], f"{name}.products")
        self._node("Mul", [f"{name}.products", "scale"], f"{name}.scaled")
        self._node("Softmax", [f"{name}.scaled"], f"{name}.attention", axis=-1)
        self._node("MatMul", [f"{name}.attention", f"{name}.v.turned"], f"{name}.read")
        self._node("Transpose", [f"{name}.read"], f"{name}.read.turned", perm=[1, 0, 2])
        self._node("Reshape", [f"{name}.read.turned", "joined"], f"{name}.read.joined")
        self._node("Add", [states, self._dense(f"{name}.read.joined", f"{name}.ao")], f"{name}.with.read")
        middle = self._normalised(f"{name}.with.read", f"{name}.aln")
        self._node("Gelu", [self._dense(middle, f"{name}.fi")], f"{name}.wide")
        self._node("Add", [middle, self._dense(f"{name}.wide", f"{name}.fo")], f"{name}.sum")
        return self._normalised(f"{name}.sum", f"{name}.oln")

    def _dense(self, states: str, name: str) -> str:
        bias = self._float(f"{name}.b")
        rows, steps = _rounded(self._float(f"{name}.w").reshape(len(bias), -1))
        self._constant(f"{name}.rows", rows.T)
        self._constant(f"{name}.steps", steps)
        self._constant(f"{name}.bias", bias)
        rounded = [f"{name}.states", f"{name}.step", f"{name}.zero"]
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [states], rounded))
        self._node("MatMulInteger", [rounded[0], f"{name}.rows", rounded[2]], f"{name}.whole")
        self._node("Cast", [f"{name}.whole"], f"{name}.float", to=TensorProto.FLOAT)
        self._node("Mul", [rounded[1], f"{name}.steps"], f"{name}.both.steps")
        self._node("Mul", [f"{name}.float", f"{name}.both.steps"], f"{name}.product")
        return self._node("Add", [f"{name}.product", f"{name}.bias"], f"{name}.out")

    def _normalised(self, states: str, name: str) -> str:
        for part in ("w", "b"):
            self._constant(f"{name}.{part}", self._float(f"{name}.{part}"))
        inputs = [states, f"{name}.w", f"{name}.b"]
        return self._node("LayerNormalization", inputs, f"{name}.out", epsilon=_EPSILON)

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, value: NDArray[np.generic] | np.float32) -> None:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)

    def _float(self, name: str) -> Floats:
        return self._weights[name].astype(np.float32)


def _rounded(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return the rows in steps of 1/127 of each one's largest component, and the steps."""
    steps: Floats = np.maximum(np.abs(matrix).max(axis=1), 1e-9) / 127
    return np.rint(matrix / steps[:, None]).astype(np.int8), steps
