"""Outlines repeat, stay near what was asked for, and say how far they can be trusted."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inpaint_studio.errors import BadMask, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.vision.segment import PromptNet, from_box, from_points, from_strokes


def _scene() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    photo = np.clip(rng.normal((90, 120, 80), 12, (360, 480, 3)), 0, 255)
    truth = np.zeros((360, 480), dtype=np.uint8)
    cv2.ellipse(truth, (240, 180), (90, 60), 20, 0, 360, 1, -1)
    thing = np.clip(rng.normal((190, 70, 60), 14, photo.shape), 0, 255)
    return np.where(truth[..., None] > 0, thing, photo).astype(np.uint8), truth > 0


def _iou(one: np.ndarray, two: np.ndarray) -> float:
    return float((one & two).sum() / (one | two).sum())


def test_a_box_gives_the_thing_and_the_same_one_again() -> None:
    photo, truth = _scene()
    box = Box.of_mask(truth).pad(10)
    one = from_box(photo, box)
    cv2.setRNGSeed(99)
    np.testing.assert_array_equal(one.mask, from_box(photo, box).mask)
    assert _iou(one.mask, truth) > 0.9


def test_strokes_give_the_thing_and_obey_the_minus() -> None:
    photo, truth = _scene()
    inside, outside = np.zeros_like(truth), np.zeros_like(truth)
    inside[175:185, 190:290] = True
    outside[60:70, 100:380] = True
    found = from_strokes(photo, inside, outside)
    assert _iou(found.mask, truth) > 0.85
    assert found.mask[inside].all()
    assert not found.mask[outside].any()


def test_a_click_without_a_network_admits_little_trust() -> None:
    photo, _ = _scene()
    found = from_points(photo, [(240, 180)])
    assert found.trust < 0.5
    assert found.mask[180, 240]
    assert "guess" in found.how


def test_a_clicked_thing_at_the_frame_is_taken_up_to_the_frame_and_without_a_rim() -> None:
    rng = np.random.default_rng(3)
    photo = np.clip(rng.normal((90, 120, 80), 8, (720, 960, 3)), 0, 255).astype(np.uint8)
    truth = np.zeros((720, 960), dtype=np.uint8)
    cv2.circle(truth, (900, 380), 150, 1, -1)
    photo[truth > 0] = np.clip(rng.normal((190, 70, 60), 8, photo[truth > 0].shape), 0, 255)
    found = from_points(photo, [(860, 380)])
    assert _iou(found.mask, truth > 0) > 0.97
    assert found.mask[300:460, -1].all()
    minus = from_points(photo, [(860, 380)], [(150, 650)])
    assert not minus.mask[650, 150]


def test_a_thing_cut_off_by_the_frame_keeps_its_corners() -> None:
    rng = np.random.default_rng(4)
    photo = np.clip(rng.normal((90, 120, 80), 12, (300, 400, 3)), 0, 255).astype(np.uint8)
    photo[120:, 150:] = np.clip(rng.normal((190, 70, 60), 14, (180, 250, 3)), 0, 255)
    found = from_box(photo, Box(145, 115, 400, 300))
    truth = np.zeros((300, 400), dtype=bool)
    truth[120:, 150:] = True
    assert _iou(found.mask, truth) > 0.95


def test_bad_prompts_are_refused_with_what_to_do() -> None:
    photo, truth = _scene()
    with pytest.raises(BadMask, match="Click"):
        from_points(photo, [])
    with pytest.raises(BadMask, match="stroke"):
        from_strokes(photo, np.zeros_like(truth))
    with pytest.raises(BadMask, match="box"):
        from_box(photo, Box(700, 700, 800, 800))


def _net(path: Path, names: tuple[str, str, str]) -> None:
    """A network of the contract that answers with what is brighter than half, three times."""
    inputs = [
        helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [1, 3, "H", "W"]),
        helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [1, 1, "N", 2]),
        helper.make_tensor_value_info(names[2], TensorProto.FLOAT, [1, 1, "N"]),
    ]
    outputs = [
        helper.make_tensor_value_info("output_masks", TensorProto.FLOAT, [1, 1, 3, "H", "W"]),
        helper.make_tensor_value_info("iou_predictions", TensorProto.FLOAT, [1, 1, 3]),
    ]
    half = helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    odds = helper.make_tensor("odds", TensorProto.FLOAT, [1, 1, 3], [0.2, 0.9, 0.4])
    nodes = [
        helper.make_node("Sub", [names[0], "half"], ["gap"]),
        helper.make_node("Unsqueeze", ["gap", "axes"], ["output_masks"]),
        helper.make_node("Identity", ["odds"], ["iou_predictions"]),
    ]
    graph = helper.make_graph(nodes, "net", inputs, outputs, [half, axes, odds])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)


def test_a_network_of_the_contract_is_asked(tmp_path: Path) -> None:
    photo = np.zeros((80, 120, 3), dtype=np.uint8)
    photo[20:60, 30:90, 1] = 255
    _net(tmp_path / "efficientsam.onnx", PromptNet.NEEDS)
    net = PromptNet(folder=tmp_path)
    assert net.why_not() == ""
    found = from_points(photo, [(60, 40)], net=net)
    assert found.trust == pytest.approx(0.9)
    assert _iou(found.mask, photo[..., 1] > 0) > 0.95


def test_another_contract_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    assert "No segmentation network" in PromptNet(folder=tmp_path).why_not()
    _net(tmp_path / "other.onnx", ("image", "points", "labels"))
    net = PromptNet(folder=tmp_path)
    assert "contract" in net.why_not()
    with pytest.raises(Missing):
        net.ask(np.zeros((8, 8, 3), dtype=np.uint8), [(1, 1)])
