"""Damaged and malicious model files: every one is refused with a sentence, none is run."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from inpaint_studio.errors import BadModel
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights.entries import ModelKind
from inpaint_studio.weights.folder import ModelFolder, inspect
from inpaint_studio.weights.guard import check_file
from inpaint_studio.weights.verify import verify

GOOD = save({"conv.weight": np.ones((4, 4), np.float32), "conv.bias": np.zeros(4, np.float16)})


class _Bomb:
    """Pickles to an instruction that writes a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def _header(table: object, data: bytes = b"") -> bytes:
    raw = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def _row(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


SAFETENSORS: dict[str, bytes] = {
    "empty": b"",
    "short": b"\x08\x00",
    "cut in the data": GOOD[:-3],
    "cut in the header": GOOD[:40],
    "bytes behind": GOOD + b"xxxx",
    "LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n",
    "web page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "header length beyond the file": struct.pack("<Q", 1 << 40) + b"{}",
    "header length zero": struct.pack("<Q", 0),
    "header of 200 MB": struct.pack("<Q", 200_000_000) + b"{}",
    "header no JSON": _header(b"{not json!}"),
    "header a list": _header([1, 2]),
    "header no text": _header(b"\xff\xfe\xfd\xfc"),
    "header nested without end": _header(b"[" * 100_000),
    "no tensors": _header({"__metadata__": {"a": "b"}}),
    "negative offsets": _header({"a": _row(offsets=(-4, 0))}, b"\0" * 4),
    "offsets swapped": _header({"a": _row(offsets=(4, 0))}, b"\0" * 4),
    "offsets beyond the file": _header({"a": _row(offsets=(0, 400), shape=(100,))}, b"\0" * 4),
    "shape too big": _header({"a": _row(shape=(1 << 40, 1 << 40))}, b"\0" * 4),
    "shape with text": _header({"a": _row(shape=("x",))}, b"\0" * 4),
    "shape with a fraction": _header({"a": _row(shape=(1.0,))}, b"\0" * 4),
    "unknown number format": _header({"a": _row(dtype="Q7")}, b"\0" * 4),
    "entry without offsets": _header({"a": {"dtype": "F32", "shape": [1]}}, b"\0" * 4),
    "tensors overlap": _header({"a": _row(), "b": _row()}, b"\0" * 4),
    "gap between tensors": _header({"a": _row(), "b": _row(offsets=(8, 12))}, b"\0" * 12),
    "a name twice": _header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b"\0" * 4,
    ),
    "pickle under a false name": pickle.dumps({"a": 1}),
    "no model's tensors": GOOD,
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_bad_safetensors_file_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SAFETENSORS[name])
    with pytest.raises(BadModel) as caught:
        inspect(path, "diffusion")
    _is_a_sentence(str(caught.value))


def _pickle_file(path: Path, marker: Path) -> None:
    path.write_bytes(pickle.dumps(_Bomb(marker)))


def _zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def _stacked(marker: Path) -> bytes:
    return pickle.dumps(_Bomb(marker), protocol=4)


CODE: dict[str, tuple[str, ModelKind, Callable[[Path, Path], None]]] = {
    "pickle as .pt": ("a.pt", "erase", _pickle_file),
    "pickle as .pth": ("a.pth", "text", _pickle_file),
    "pickle, protocol 4": ("a.pth", "text", lambda p, m: p.write_bytes(_stacked(m))),
    "pickle, protocol 0": (
        "a.pth", "text", lambda p, m: p.write_bytes(pickle.dumps(_Bomb(m), protocol=0))),
    "zip with a pickle as .pt": (
        "a.pt", "erase", lambda p, m: _zip(p, {"a/data.pkl": _stacked(m)})),
    "zip with a pickle as .pth": (
        "a.pth", "text", lambda p, m: _zip(p, {"a/data.pkl": _stacked(m)})),
    "zip with a hidden second pickle": (
        "a.pth", "text",
        lambda p, m: _zip(p, {"a/data.pkl": pickle.dumps({}), "a/b.pkl": _stacked(m)})),
    "zip with a program": (
        "a.pth", "text",
        lambda p, m: _zip(p, {"a/data.pkl": pickle.dumps({}), "a/x.py": b"import os"})),
    "zip without a table": ("a.pth", "text", lambda p, m: _zip(p, {"a/x.bin": b"0"})),
    "zip that leaves its folder": (
        "a.pt", "erase", lambda p, m: _zip(p, {"../../evil": b"0", "a/code/x.py": b""})),
    "text as .pth": ("a.pth", "text", lambda p, m: p.write_text("hello")),
    "pickle cut short": ("a.pth", "text", lambda p, m: p.write_bytes(_stacked(m)[:-9])),
    "old file, bomb after plain pickles": (
        "a.pth", "text", lambda p, m: p.write_bytes(pickle.dumps(1) * 3 + _stacked(m))),
    "a program": ("a.py", "erase", lambda p, m: p.write_text(f"open({str(m)!r}, 'w')")),
    "a checkpoint": ("a.ckpt", "diffusion", _pickle_file),
    "a library": ("a.so", "erase", lambda p, m: p.write_bytes(b"\x7fELF")),
    "text as .onnx": ("a.onnx", "erase", lambda p, m: p.write_text("hello world, no model")),
    "pickle as .onnx": ("a.onnx", "erase", _pickle_file),
    "LFS pointer as .onnx": (
        "a.onnx", "erase",
        lambda p, m: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")),
}  # fmt: skip


@pytest.mark.parametrize("name", CODE)
def test_what_could_run_code_is_refused_and_not_run(name: str, tmp_path: Path) -> None:
    file, kind, make = CODE[name]
    marker = tmp_path / "executed"
    path = tmp_path / file
    make(path, marker)
    with pytest.raises(BadModel) as caught:
        check_file(path, kind)
    _is_a_sentence(str(caught.value))
    assert not marker.exists()


def _onnx(tmp_path: Path) -> Path:
    from tests.models_factory import onnx_net

    return onnx_net(tmp_path / "net.onnx")


def test_a_whole_onnx_file_passes_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    path = _onnx(tmp_path)
    check_file(path, "erase")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadModel, match="damaged"):
        check_file(path, "erase")


def test_an_onnx_file_with_operators_of_its_own_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import helper

    path = _onnx(tmp_path)
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("evil.custom", 1))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match="operators of its own"):
        check_file(path, "erase")


def test_an_onnx_file_that_reaches_for_other_files_is_refused(tmp_path: Path) -> None:
    import onnx

    path = _onnx(tmp_path)
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../../etc/passwd"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match="other files"):
        check_file(path, "erase")


def _folder(tmp_path: Path) -> Path:
    """A diffusers folder that passes the cheap checks (its tensors mean nothing)."""
    folder = tmp_path / "models" / "diffusion" / "tiny"
    index = {
        "_class_name": "StableDiffusionInpaintPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
    }
    (folder / "unet").mkdir(parents=True)
    (folder / "scheduler").mkdir()
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet" / "config.json").write_text("{}")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(GOOD)
    (folder / "scheduler" / "scheduler_config.json").write_text("{}")
    return folder


def _index(folder: Path, **more: object) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


WEIGHTS = "unet/diffusion_pytorch_model.safetensors"

FOLDERS: dict[str, Callable[[Path], object]] = {
    "custom pipeline": lambda f: _index(f, _class_name="EvilPipeline"),
    "pipeline of another file": lambda f: _index(f, _class_name=["evil", "Pipeline"]),
    "part from a module of its own": lambda f: _index(f, unet=["evil_module", "Model"]),
    "part that is no text": lambda f: _index(f, unet=["diffusers", {"a": 1}]),
    "part with three words": lambda f: _index(f, unet=["diffusers", "a", "b"]),
    "a program beside": lambda f: (f / "pipeline.py").write_text("import os"),
    "a library beside": lambda f: (f / "unet" / "x.so").write_bytes(b"\x7fELF"),
    "a pickle beside": lambda f: (f / "unet" / "x.pkl").write_bytes(pickle.dumps(1)),
    "settings that ask for code": lambda f: (f / "unet" / "config.json").write_text(
        '{"auto_map": {"AutoModel": "evil.Model"}}'),
    "settings that are no JSON": lambda f: (f / "unet" / "config.json").write_text("{"),
    "settings that are a list": lambda f: (f / "unet" / "config.json").write_text("[]"),
    "settings that are empty": lambda f: (f / "unet" / "config.json").write_text(""),
    "weights only as a pickle": lambda f: (f / WEIGHTS).rename(f / "unet" / "model.bin"),
    "weights missing": lambda f: (f / WEIGHTS).unlink(),
    "weights cut": lambda f: (f / WEIGHTS).write_bytes(GOOD[:-2]),
    "weights an LFS pointer": lambda f: (f / WEIGHTS).write_bytes(
        b"version https://git-lfs.github.com/spec/v1\n"),
    "a link out of the folder": lambda f: (f / "unet" / "extra.safetensors").symlink_to(
        "/etc/hostname"),
    "a shard outside": lambda f: (f / "unet" / "w.safetensors.index.json").write_text(
        '{"weight_map": {"a": "../../other.safetensors"}}'),
    "a shard missing": lambda f: (f / "unet" / "w.safetensors.index.json").write_text(
        '{"weight_map": {"a": "w-00001.safetensors"}}'),
    "a part missing": lambda f: _index(f, vae=["diffusers", "AutoencoderKL"]),
    "index missing": lambda f: (f / "model_index.json").unlink(),
}  # fmt: skip


def test_the_plain_folder_passes(tmp_path: Path) -> None:
    assert inspect(_folder(tmp_path), "diffusion") == "sd"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_bad_folder_is_refused_and_listed_with_its_sentence(name: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    FOLDERS[name](folder)
    with pytest.raises(BadModel) as caught:
        inspect(folder, "diffusion")
    _is_a_sentence(str(caught.value))
    entry = ModelFolder(tmp_path / "models").entries("diffusion")[0]
    assert not entry.is_usable
    assert entry.advice == str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numbers_that_are_not_finite_are_found(
    bad: float, kind: type[np.floating], tmp_path: Path
) -> None:
    folder = _folder(tmp_path)
    values = np.ones((300, 7), kind)
    values[217, 3] = bad
    (folder / WEIGHTS).write_bytes(save({"a": np.ones(3, np.float32), "b": values}))
    entry = ModelFolder(tmp_path / "models").entries()[0]
    checked = verify(entry, RunToken())
    assert checked.state == "damaged"
    assert "the tensor b" in checked.advice


def _is_a_sentence(text: str) -> None:
    assert text[0].isalnum()
    assert text.endswith((".", ")"))
    assert len(text.split()) >= 5
    assert "Traceback" not in text
