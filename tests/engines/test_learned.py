"""Feed-forward networks from disk: described by a contract that is found by trying."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines import learned_probe, learned_run
from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.learned import LearnedEngine
from inpaint_studio.engines.learned_probe import find_contract, probe_apart, probed
from inpaint_studio.errors import BadModel, Cancelled, EngineFailed, Missing
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar
from inpaint_studio.weights.entries import Contract
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.transfer import import_models
from tests.engines.conftest import scene
from tests.models_factory import onnx_net, torchscript_lama

STYLES = {"lama": 0, "lama-255": 64, "concat": 0, "migan": 0}


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    root = tmp_path_factory.mktemp("nets")
    for style, size in STYLES.items():
        onnx_net(root / "stick" / f"my-{style}.onnx", style=style, size=size)
    torchscript_lama(root / "stick" / "my-script.pt")
    folder = ModelFolder(root / "models")
    import_models(root / "stick", folder, RunToken(), kind="erase", trust=True, probe=_near)
    return folder


def _near(entry: learned_probe.ModelEntry, token: RunToken) -> learned_probe.ModelEntry:
    """Probe in this process (a process for each network would cost the suite too much)."""
    from dataclasses import replace

    return replace(entry, contract=find_contract(entry.path))


def _request(
    engine: LearnedEngine, model: str, pixels: np.ndarray, mask: np.ndarray, **parameters: Scalar
) -> FillRequest:
    recipe = engine.recipe(
        RunOptions(parameters={"model": model, "threads": 1, **parameters}), mask
    )
    return FillRequest(
        linear=to_linear(pixels), mask=mask, ring=ring(mask, 2), recipe=recipe, threads=1
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my-lama", Contract(image="image", mask="mask", multiple=8, blank=False)),
        ("my-lama-255", Contract(image="image", mask="mask", out_high=255.0, fixed_px=64,
                                 multiple=64, blank=False)),
        ("my-concat", Contract(layout="concat", blank=False)),
        ("my-migan", Contract(image="image", mask="mask", hole=0.0, high=255.0, out_high=255.0,
                              dtype="uint8", blank=False)),
        ("my-script", Contract(blank=False)),
    ],
)  # fmt: skip
def test_the_contract_is_found_by_trying(name: str, expected: Contract, nets: ModelFolder) -> None:
    entry = nets.find(name)
    assert entry is not None and entry.state == "ready"
    assert entry.contract == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", [*(f"my-{style}" for style in STYLES), "my-script"])
def test_a_network_fills_repeats_and_leaves_the_rest_alone(
    name: str, dtype: type[np.unsignedinteger], nets: ModelFolder, no_sockets: None
) -> None:
    photo, mask = scene()
    pixels = photo.astype(dtype) * (257 if dtype is np.uint16 else 1)
    engine = LearnedEngine(nets)
    request = _request(engine, name, pixels, mask)
    fill = engine.fill(request, RunToken())
    check_fill(fill, request)
    again = engine.fill(request, RunToken())
    assert _sum(fill.linear) == _sum(again.linear)
    after = composite(pixels, from_linear(fill.linear, pixels.dtype), mask, request.ring)
    outside = ~(mask | request.ring)
    assert np.array_equal(after[outside], pixels[outside])


def test_a_flat_photo_comes_back_flat(nets: ModelFolder) -> None:
    photo = np.full((96, 96, 3), [180, 90, 40], np.uint8)
    mask = np.zeros((96, 96), dtype=bool)
    mask[40:60, 40:60] = True
    engine = LearnedEngine(nets)
    for name in ("my-lama", "my-lama-255", "my-concat", "my-migan", "my-script"):
        fill = engine.fill(_request(engine, name, photo, mask), RunToken())
        error = from_linear(fill.linear, photo.dtype).astype(int) - photo
        assert np.abs(error).max() <= 1, name


def test_what_lies_under_the_hole_does_not_matter(nets: ModelFolder) -> None:
    photo, mask = scene()
    other = photo.copy()
    other[mask | ring(mask, 2)] = 255 - other[mask | ring(mask, 2)]
    engine = LearnedEngine(nets)
    for name in ("my-lama", "my-concat", "my-migan"):
        first = engine.fill(_request(engine, name, photo, mask), RunToken())
        second = engine.fill(_request(engine, name, other, mask), RunToken())
        assert np.array_equal(first.linear[mask], second.linear[mask]), name


def test_a_big_hole_is_filled_small_and_sharpened_and_it_is_said(nets: ModelFolder) -> None:
    photo, mask = scene(256, 140)
    engine = LearnedEngine(nets)
    fill = engine.fill(_request(engine, "my-lama", photo, mask, size=128), RunToken())
    assert "sharpened in" in fill.changes[0]
    plain = engine.fill(_request(engine, "my-lama", photo, mask, size=128, refine=False),
                        RunToken())  # fmt: skip
    assert "enlarged" in plain.changes[0]
    assert not np.array_equal(fill.linear, plain.linear)


def test_too_little_memory_makes_the_crop_smaller(
    nets: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = learned_run.answer_of, 0

    def fails_once(*given: object) -> object:
        nonlocal count
        count += 1
        if count == 1:
            raise MemoryError
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(learned_run, "answer_of", fails_once)
    photo, mask = scene()
    engine = LearnedEngine(nets)
    fill = engine.fill(_request(engine, "my-lama", photo, mask), RunToken())
    assert "smaller (1024 -> 768 px)" in fill.changes[0]


def test_torchscript_of_an_unknown_source_is_not_opened(tmp_path: Path) -> None:
    torchscript_lama(tmp_path / "stick" / "lama.pt")
    folder = ModelFolder(tmp_path / "models")
    (result,) = import_models(tmp_path / "stick", folder, RunToken(), probe=_never)
    assert "--trust" in result.sentence
    engine = LearnedEngine(folder)
    state = engine.availability()
    assert not state.ready and "program code" in state.why
    _, mask = scene()
    with pytest.raises(Missing):
        engine.recipe(RunOptions(), mask)


def _never(*_: object) -> learned_probe.ModelEntry:
    raise AssertionError("it was opened")


def test_without_a_network_the_sentence_says_what_to_put_where(tmp_path: Path) -> None:
    state = LearnedEngine(ModelFolder(tmp_path)).availability()
    assert not state.ready
    assert "big-lama.pt" in state.how and str(tmp_path / "erase") in state.how


def test_a_network_that_fills_nothing_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    path = tmp_path / "same.onnx"
    shape = [1, 3, "h", "w"]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "mask"], ["output"])], "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape),
         helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    assert onnx.load(path).graph.node
    with pytest.raises(BadModel, match="does not behave"):
        find_contract(path)


def test_a_network_whose_runtime_refuses_it_is_damaged(tmp_path: Path) -> None:
    path = onnx_net(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes().replace(b"AveragePool", b"AveragePoool"))
    with pytest.raises(BadModel, match="damaged"):
        find_contract(path)


def test_the_probe_runs_apart_and_survives_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = onnx_net(tmp_path / "net.onnx")
    assert probe_apart(path, "net", RunToken()).image == "image"
    monkeypatch.setattr(learned_probe.sys, "executable", "/bin/false")
    with pytest.raises(BadModel, match="crashed when it was tried"):
        probe_apart(path, "net", RunToken())


def test_the_probe_is_killed_on_cancel(tmp_path: Path) -> None:
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        probe_apart(onnx_net(tmp_path / "net.onnx"), "net", token)


def test_a_network_dropped_into_the_folder_is_probed_on_first_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx_net(tmp_path / "erase" / "dropped.onnx")
    monkeypatch.setattr(learned_probe, "probe_apart", lambda path, name, token: find_contract(path))
    folder = ModelFolder(tmp_path)
    engine = LearnedEngine(folder)
    photo, mask = scene()
    engine.fill(_request(engine, "dropped", photo, mask), RunToken())
    (entry,) = folder.entries()
    assert entry.state == "ready" and entry.contract is not None
    assert probed(entry, RunToken()).contract == entry.contract


def test_an_answer_that_is_not_finite_or_of_another_shape_is_refused(
    nets: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, mask = scene()
    engine = LearnedEngine(nets)
    request = _request(engine, "my-lama", photo, mask)

    def nan(_: object, __: object, picture: np.ndarray, ___: object) -> np.ndarray:
        return np.full_like(picture, np.nan)

    monkeypatch.setattr(learned_run, "answer_of", nan)
    with pytest.raises(EngineFailed, match="not finite"):
        engine.fill(request, RunToken())


def _sum(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()
