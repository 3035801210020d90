"""Other programs' fills of the same holes, each in a process of its own.

Run as a file by any Python that has the peer's library: PHOTO.npy MASK.npy OUT.npy NAME.
OpenCV's contrib peers clash with the program's own OpenCV, so they need another environment
(`--peer-python`); G'MIC is looked for on the path.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

GMIC = {
    "gmic_patch": "inpaint[0] [1],7,112,0.1,1,8.4,0,0.05,10,1",
    "gmic_multi": "inpaint_matchpatch[0] [1]",
}
PYTHON = (
    "cv_telea", "biharmonic", "fsr_fast", "shiftmap", "resynth", "resynth_whole", "pypatchmatch"
)  # fmt: skip
PEERS = (*GMIC, *PYTHON)


def fill(
    name: str, photo: np.ndarray, mask: np.ndarray, python: str
) -> tuple[np.ndarray, float, float] | str:
    """Return (fill, CPU seconds, peak MB), or a sentence why this peer cannot run."""
    if name not in PEERS:
        return f"No peer is called {name}; there are {', '.join(PEERS)}."
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        if name in GMIC:
            return _gmic(name, photo, mask, folder)
        np.save(folder / "photo.npy", photo)
        np.save(folder / "mask.npy", mask)
        paths = [str(folder / f"{part}.npy") for part in ("photo", "mask", "out")]
        done = subprocess.run(
            [python, __file__, *paths, name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"{name} cannot run with {python}: {done.stderr.strip().splitlines()[-1]}"
        cpu, peak = json.loads(done.stdout)
        return np.load(paths[2]), cpu, peak


def _gmic(
    name: str, photo: np.ndarray, mask: np.ndarray, folder: Path
) -> tuple[np.ndarray, float, float] | str:
    from PIL import Image

    gmic = shutil.which("gmic")
    if gmic is None:
        return f"{name} needs G'MIC (Debian package gmic)."
    Image.fromarray(photo).save(folder / "i.png", compress_level=1)
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "m.png")
    words = f"srand 0 {GMIC[name]} c[0] 0,255 round[0]".split()
    command = [gmic, "v", "-", "i.png", "m.png", "channels[1]", "0", "gt[1]", "0", *words]
    _, idle, _ = _timed([*command[:5], "o[0]", "o.png"], folder)
    done, cpu, peak = _timed([*command, "o[0]", "o.png"], folder)
    if done.returncode or not (folder / "o.png").exists():
        return f"{name} failed: {(done.stderr or done.stdout).strip()[-200:]}"
    filled = np.asarray(Image.open(folder / "o.png").convert("RGB")).copy()
    return filled, max(0.0, cpu - idle), peak


_MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, (done.stderr or done.stdout)[-200:],
                  used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def _timed(
    command: list[str], folder: Path
) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """Run a program from a process of its own: the high-water mark of children never falls."""
    outer = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command], cwd=folder, capture_output=True, text=True,
        check=True, env={"OMP_NUM_THREADS": "1", "HOME": str(folder)},
    )  # fmt: skip
    code, said, cpu, peak = json.loads(outer.stdout)
    return subprocess.CompletedProcess(command, code, said, said), cpu, peak


def _here(name: str, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    import cv2

    cv2.setNumThreads(1)
    if name == "cv_telea":
        return cv2.inpaint(photo, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    if name == "biharmonic":
        from skimage.restoration import inpaint_biharmonic

        found = inpaint_biharmonic(photo, mask, split_into_regions=True, channel_axis=-1)
        return np.clip(np.rint(found * 255), 0, 255).astype(np.uint8)
    if name.startswith("resynth"):
        return _resynthesized(photo, mask, photo.shape[0] if name == "resynth_whole" else 50)
    if name == "pypatchmatch":
        from patchmatch import patch_match

        bgr = np.ascontiguousarray(photo[..., ::-1])
        found = patch_match.inpaint(bgr, mask.astype(np.uint8)[..., None] * 255, patch_size=3)
        return np.ascontiguousarray(found[..., ::-1])
    valid = np.where(mask, 0, 255).astype(np.uint8)
    work = np.ascontiguousarray(photo[..., ::-1])
    out = np.zeros_like(work)
    if name == "shiftmap":
        work = cv2.cvtColor(work, cv2.COLOR_BGR2Lab)
        cv2.xphoto.inpaint(work, valid, out, cv2.xphoto.INPAINT_SHIFTMAP)
        out = cv2.cvtColor(out, cv2.COLOR_Lab2BGR)
    else:
        cv2.xphoto.inpaint(work, valid, out, cv2.xphoto.INPAINT_FSR_FAST)
    return np.ascontiguousarray(out[..., ::-1])


def _resynthesized(photo: np.ndarray, mask: np.ndarray, context_px: int) -> np.ndarray:
    """Fill from the mask's box grown by `context_px`, with the values of GIMP's Heal Selection."""
    import resynthesizer
    from PIL import Image

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inside = (
        slice(max(0, int(rows[0]) - context_px), int(rows[-1]) + context_px + 1),
        slice(max(0, int(columns[0]) - context_px), int(columns[-1]) + context_px + 1),
    )
    values = resynthesizer.getDefaultParams()
    values.isMakeSeamlesslyTileableHorizontally = values.isMakeSeamlesslyTileableVertically = 0
    values.patchSize, values.maxProbeCount = 16, 500
    filled = resynthesizer.resynthesize(
        Image.fromarray(photo[inside]),
        Image.fromarray(mask[inside].astype(np.uint8) * 255),
        values,
    )
    out = photo.copy()
    out[inside] = np.asarray(filled)
    return out


def main() -> None:
    photo, mask = np.load(sys.argv[1]), np.load(sys.argv[2])
    tiny = np.zeros((24, 24), bool)
    tiny[8:14, 8:14] = True
    _here(sys.argv[4], np.full((24, 24, 3), 128, np.uint8), tiny)  # imports are not timed
    before = resource.getrusage(resource.RUSAGE_SELF)
    filled = _here(sys.argv[4], photo, mask)
    after = resource.getrusage(resource.RUSAGE_SELF)
    filled[~mask] = photo[~mask]
    np.save(sys.argv[3], filled)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([cpu, (after.ru_maxrss - before.ru_maxrss) / 1024]))


if __name__ == "__main__":
    main()
