"""A network cut off half-way gives what it gives inside, the same bits each time."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from inpaint_studio.vision import backbone
from inpaint_studio.vision.cut import cut_at


def small_model() -> bytes:
    """Return a model that doubles, adds one, and takes the root of that."""
    two, one = (
        helper.make_tensor(name, TensorProto.FLOAT, [1], [value])
        for name, value in (("two", 2.0), ("one", 1.0))
    )
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["doubled"]),
        helper.make_node("Add", ["doubled", "one"], ["more"]),
        helper.make_node("Sqrt", ["more"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    got = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph(nodes, "small", [given], [got], [two, one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def test_what_comes_after_the_tensor_is_cut_off() -> None:
    cut = cut_at(small_model(), ("more", "doubled"))
    kept = onnx.load_from_string(cut)
    assert [node.op_type for node in kept.graph.node] == ["Mul", "Add"]
    session = onnxruntime.InferenceSession(cut, providers=["CPUExecutionProvider"])
    more, doubled = session.run(None, {"x": np.array([1, 2], np.float32)})
    assert more.tolist() == [3, 5] and doubled.tolist() == [2, 4]


def test_what_is_no_model_or_has_no_such_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match="no tensor other"):
        cut_at(small_model(), ("other",))
    for broken in (b"", b"\xff" * 40, small_model()[:-7], b"not a model at all"):
        with pytest.raises(ValueError):
            cut_at(broken, ("more",))


@pytest.mark.parametrize("shape", [(64, 96), (33, 41), (5, 7), (130, 60)])
def test_a_cell_for_every_eight_pixels_and_every_bit_repeated(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (*shape, 3), dtype=np.uint8)
    cells, stride = backbone.features(rgb)
    again, _ = backbone.features(rgb)
    assert cells.shape[:2] == (-(-shape[0] // stride), -(-shape[1] // stride))
    assert cells.dtype == np.float32 and np.isfinite(cells).all()
    assert cells.tobytes() == again.tobytes()
