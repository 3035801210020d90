"""Runs one feed-forward network by its contract: floats in, floats out.

TorchScript goes through torch, ONNX through onnxruntime, both on the CPU with a fixed number of
threads. One network is kept warm per process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadModel, EngineFailed
from inpaint_studio.weights.entries import Contract
from inpaint_studio.weights.offline import set_offline

Floats: TypeAlias = NDArray[np.float32]
Arrays: TypeAlias = list[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs of a network: (name, shape with 0 for "any", dtype) each; [] for TorchScript."""

    inputs: tuple[tuple[str, tuple[int, ...], str], ...] = ()
    outputs: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Net:
    """A network in memory. `call` takes arrays by position and returns the first output."""

    key: tuple[str, ...]
    signature: Signature
    call: Callable[[dict[str, NDArray[Any]]], NDArray[Any]]


_warm: Net | None = None


def warm(path: Path, sha256: str, threads: int) -> Net:
    """Return the network, loaded once per process; another one frees the one before.

    Raises: BadModel: the runtime refuses the file.
    """
    global _warm
    key = (str(path), sha256, str(threads))
    if _warm is None or _warm.key != key:
        _warm = None
        _warm = load(path, key, threads)
    return _warm


def forget() -> None:
    """Free the warm network."""
    global _warm
    _warm = None


def load(path: Path, key: tuple[str, ...], threads: int) -> Net:
    """Open a network. TorchScript must be trusted before. Raises: BadModel."""
    set_offline()
    if path.suffix.lower() == ".onnx":
        return _load_onnx(path, key, threads)
    return _load_torchscript(path, key, threads)


def _load_onnx(path: Path, key: tuple[str, ...], threads: int) -> Net:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime has no common root of its errors
        raise BadModel(
            f"{path.name} is damaged: the ONNX runtime refuses it ({_first_line(error)})."
        ) from error
    signature = Signature(
        tuple((i.name, _shape(i.shape), i.type) for i in session.get_inputs()),
        tuple((o.name, _shape(o.shape)) for o in session.get_outputs()),
    )

    def call(inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        output: NDArray[Any] = session.run([signature.outputs[0][0]], inputs)[0]
        return output

    return Net(key, signature, call)


def _load_torchscript(path: Path, key: tuple[str, ...], threads: int) -> Net:
    import torch

    from inpaint_studio.engines.generative_device import settle

    settle(threads)
    try:
        module = torch.jit.load(str(path), map_location="cpu").eval()
    except Exception as error:  # whatever torch makes of a file that is not right
        raise BadModel(
            f"{path.name} is damaged: torch refuses it ({_first_line(error)})."
        ) from error

    def call(inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        with torch.inference_mode():
            output = module(*(torch.from_numpy(array) for array in inputs.values()))
        if isinstance(output, (tuple, list)):
            output = output[0]
        result: NDArray[Any] = output.float().numpy()
        return result

    return Net(key, Signature(), call)


def _shape(sides: list[Any]) -> tuple[int, ...]:
    return tuple(side if isinstance(side, int) and side > 0 else 0 for side in sides)


def answer_of(net: Net, contract: Contract, picture: Floats, hole: MaskBool) -> Floats:
    """Return the network's picture, (H, W, 3) encoded 0..1.

    picture: (H, W, 3) encoded 0..1; both sides must suit the contract.
    Raises: EngineFailed: the answer has another shape, or the runtime failed.
    """
    try:
        raw = net.call(_inputs(net, contract, picture, hole))
    except Exception as error:
        if isinstance(error, MemoryError) or "allocat" in str(error).lower():
            raise MemoryError(str(error)) from error
        raise EngineFailed(f"The network failed: {_first_line(error)}.") from error
    array = np.asarray(raw, dtype=np.float32)
    array = array[0] if array.ndim == 4 else array
    if array.ndim != 3 or array.shape[0] != 3 or array.shape[1:] != hole.shape:
        raise EngineFailed(f"The network answered with shape {array.shape}, not 3 x H x W.")
    unit = (array - contract.out_low) / (contract.out_high - contract.out_low)
    if contract.order == "bgr":
        unit = unit[::-1]
    answer: Floats = np.ascontiguousarray(unit.transpose(1, 2, 0), dtype=np.float32)
    return answer


def _inputs(
    net: Net, contract: Contract, picture: Floats, hole: MaskBool
) -> dict[str, NDArray[Any]]:
    scaled = picture * np.float32(contract.high - contract.low) + np.float32(contract.low)
    image = scaled.transpose(2, 0, 1)[None]
    if contract.order == "bgr":
        image = image[:, ::-1]
    known = ~hole[None, None]
    if contract.blank:
        image = image * known
    if contract.dtype == "uint8":
        image = np.rint(image).clip(0, 255)
        mask = np.where(hole, contract.hole, 1.0 - contract.hole)[None, None] * 255
        arrays: Arrays = [image.astype(np.uint8), mask.astype(np.uint8)]
    else:
        values = np.where(hole, contract.hole, 1.0 - contract.hole)[None, None]
        if contract.layout == "concat":
            arrays = [np.concatenate([image, values], axis=1)]
        elif contract.layout == "mask-first":
            arrays = [np.concatenate([0.5 - values, image], axis=1)]
        else:
            arrays = [image, values]
        arrays = [array.astype(np.float32) for array in arrays]
    arrays = [np.ascontiguousarray(array) for array in arrays]
    if not net.signature.inputs:
        return {str(index): array for index, array in enumerate(arrays)}
    names = [name for name, _, _ in net.signature.inputs]
    if len(names) != len(arrays):
        raise EngineFailed(f"The network takes {len(names)} inputs, not {len(arrays)}.")
    if contract.image and contract.mask and len(arrays) == 2:
        return {contract.image: arrays[0], contract.mask: arrays[1]}
    return dict(zip(names, arrays, strict=True))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(".")
