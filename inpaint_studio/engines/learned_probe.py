"""Finds out how a fill network wants its pixels, by trying; in a process of its own.

A network is a fill network under a contract when (1) what is known comes back, (2) what lies
under the hole changes nothing, (3) what lies beside the hole changes the fill. A damaged file
may crash its runtime, so nothing is tried in the caller's process.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.learned_net import Net, answer_of, load
from inpaint_studio.errors import BadModel, EngineFailed
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import Contract, ModelEntry

Floats = NDArray[np.float32]
TIMEOUT_S = 240.0
RETURNS = 0.9  # least correlation of what is known before and after
CHANGES = 2e-3  # mean change of the fill that counts as one, 0..1


def probed(entry: ModelEntry, token: RunToken) -> ModelEntry:
    """Return the entry with its contract, remembered in the manifest.

    Raises: BadModel: it is no fill network, or trying it crashed or took too long. Cancelled.
    """
    contract = probe_apart(entry.path, entry.name, token)
    found = replace(entry, contract=contract)
    if entry.path.parent.name == entry.kind and entry.files:
        manifest.put(entry.path.parent.parent, found)
    return found


def probe_apart(path: Path, name: str, token: RunToken) -> Contract:
    """Try a network in a process of its own, which is killed on cancel or after a while."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONFAULTHANDLER": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "inpaint_studio.engines.learned_probe", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment,
    ) as child:
        started = time.monotonic()
        try:
            while True:
                try:
                    out, _ = child.communicate(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    token.step(min(0.95, seconds / 30), "trying the model")
                    if seconds > TIMEOUT_S:
                        raise BadModel(
                            f"{name} is refused: it gave no answer in {TIMEOUT_S:.0f} s."
                        ) from None
        finally:
            if child.poll() is None:
                child.kill()
    try:
        answer = json.loads(out.decode().splitlines()[-1])
    except (ValueError, IndexError):
        raise BadModel(f"{name} is damaged: its runtime crashed when it was tried.") from None
    if "error" in answer:
        raise BadModel(str(answer["error"]))
    return Contract(**answer["contract"])


def find_contract(path: Path) -> Contract:
    """Return the contract a network keeps. Raises: BadModel: none that is known."""
    net = load(path, (str(path),), 1)
    picture, hole, side = None, None, 0
    for contract in _candidates(net):
        if contract.fixed_px != side or picture is None or hole is None:
            side = contract.fixed_px
            picture, hole = _scene(side or 128)
        settled = _try(net, contract, picture, hole)
        if settled is not None:
            return replace(settled, multiple=side or _multiple(net, settled))
    raise BadModel(
        f"{path.name} is refused: it does not behave like a network that fills holes. "
        "Use a LaMa or MI-GAN export, or move the file to where it belongs."
    )


def _candidates(net: Net) -> Iterator[Contract]:
    inputs = net.signature.inputs
    if not inputs:  # TorchScript does not tell
        yield from _ranges(Contract())
        yield from _ranges(Contract(layout="mask-first", fixed_px=512))
        yield from _ranges(Contract(layout="concat"))
        return
    fixed = next((s[-1] for _, s, _ in inputs if len(s) == 4 and s[-1] and s[-1] == s[-2]), 0)
    if len(inputs) == 1:
        if inputs[0][1][1:2] in ((4,), (0,)):
            yield from _ranges(Contract(layout="concat", fixed_px=fixed))
            yield from _ranges(Contract(layout="mask-first", fixed_px=fixed))
        return
    if len(inputs) != 2:
        return
    first = inputs[0]
    image, mask = (
        (inputs[1], inputs[0])
        if first[1][1:2] == (1,) or "mask" in first[0].lower()
        else (inputs[0], inputs[1])
    )
    named = Contract(image=image[0], mask=mask[0], fixed_px=fixed)
    if "uint8" in image[2]:
        for hole in (0.0, 1.0):
            yield replace(named, dtype="uint8", hole=hole, low=0.0, high=255.0, blank=False)
        return
    yield from _ranges(named)


def _ranges(contract: Contract) -> Iterator[Contract]:
    # Without blanking first: only then does what lies under the hole tell the polarity.
    for blank, (low, high), hole in itertools.product(
        (False, True), ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)), (1.0, 0.0)
    ):
        if blank and contract.layout == "image+mask" and hole == 0.0:
            continue
        yield replace(contract, blank=blank, low=low, high=high, hole=hole)


def _scene(side: int) -> tuple[Floats, MaskBool]:
    """A smooth coloured picture with a hole, the same every time."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    waves = [
        0.5 + 0.3 * np.sin(6.0 * rows + phase) * np.cos(9.0 * columns - phase)
        for phase in (0.0, 1.0, 2.0)
    ]
    hole = np.zeros((side, side), dtype=bool)
    hole[side * 3 // 8 : side * 5 // 8, side * 3 // 8 : side * 5 // 8] = True
    return np.stack(waves, axis=-1).astype(np.float32), hole


def _try(net: Net, contract: Contract, picture: Floats, hole: MaskBool) -> Contract | None:
    """Return the contract with the output's range, when the network keeps it."""
    plain = replace(contract, out_low=0.0, out_high=1.0)
    try:
        first = answer_of(net, plain, picture, hole)
        settled = _output_range(first, picture, ~hole, contract)
        if settled is None:
            return None
        other_hole = np.where(hole[..., None], 1.0 - picture, picture).astype(np.float32)
        beside = picture.copy()
        side = hole.shape[0]
        rim = slice(side * 3 // 8 - side // 16, side * 3 // 8)
        # Not its negative: an averaging network would see the same mean.
        beside[:, rim] = 1.0
        base = answer_of(net, settled, picture, hole)[hole]
        under = answer_of(net, settled, other_hole, hole)[hole]
        next_to = answer_of(net, settled, beside, hole)[hole]
    except EngineFailed:
        return None
    if float(np.abs(under - base).mean()) > CHANGES:
        return None
    if float(np.abs(next_to - base).mean()) <= CHANGES or not np.isfinite(base).all():
        return None
    return settled


def _output_range(
    raw: Floats, picture: Floats, known: MaskBool, contract: Contract
) -> Contract | None:
    """Fit raw = a * picture + b on known pixels; the nearest usual range wins."""
    x, y = picture[known].ravel().astype(np.float64), raw[known].ravel().astype(np.float64)
    if not np.isfinite(y).all() or y.std() < 1e-6:
        return None
    if float(np.corrcoef(x, y)[0, 1]) < RETURNS:
        return None
    slope, offset = np.polyfit(x, y, 1)
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        span = high - low
        if abs(slope - span) < 0.2 * span and abs(offset - low) < 0.15 * span:
            return replace(contract, out_low=low, out_high=high)
    return None


def _multiple(net: Net, contract: Contract) -> int:
    """Return the smallest usual multiple of the sides that works."""
    for multiple in (8, 16, 32, 64):
        side = 128 + multiple
        picture, hole = _scene(side)
        try:
            answer_of(net, contract, picture, hole)
        except EngineFailed:
            continue
        return multiple
    return 128


def main(argv: list[str]) -> int:
    """Print {"contract": …} or {"error": sentence} as the last line."""
    path = Path(argv[0])
    try:
        answer: dict[str, object] = {"contract": asdict(find_contract(path))}
    except BadModel as error:
        answer = {"error": str(error)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
