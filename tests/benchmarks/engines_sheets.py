"""Contact sheets at 100 %: truth, hole, then every fill; blind ones with letters and a key."""

from __future__ import annotations

import json
import string
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpaint_studio.geometry import Box
from tests.benchmarks.engines_cases import Case

MARGIN_PX = 24
COLUMNS = 4
WIDEST_PX = 480


def sheet(case: Case, pictures: dict[str, np.ndarray], path: Path) -> None:
    """Write every fill under its name."""
    marked = case.truth.copy()
    marked[case.mask] = (255, 0, 255)
    _write(case, {"truth": case.truth, "hole": marked, **pictures}, path)


def blind_sheet(case: Case, pictures: dict[str, np.ndarray], folder: Path) -> None:
    """Write the fills under letters drawn for the case, and add them to `key.json` beside it."""
    rng = np.random.default_rng(zlib.crc32(f"blind {case.name}".encode()))
    names = [list(pictures)[k] for k in rng.permutation(len(pictures))]
    key = dict(zip(string.ascii_uppercase, names, strict=False))
    marked = case.truth.copy()
    marked[case.mask] = (255, 0, 255)
    shown = {letter: pictures[name] for letter, name in key.items()}
    _write(case, {"hole": marked, **shown}, folder / f"{case.name}.png")
    file = folder / "key.json"
    keys = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**keys, case.name: key}, indent=1, sort_keys=True))


def _write(case: Case, shown: dict[str, np.ndarray], path: Path) -> None:
    box = Box.of_mask(case.mask).pad(MARGIN_PX).clamp(Box.of_shape(case.mask.shape))
    tiles = []
    for label, image in shown.items():
        tile = np.ascontiguousarray(np.pad(image[box.slices], ((16, 4), (0, 4), (0, 0))))
        cv2.putText(tile, label, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1)
        tiles.append(tile)
    columns = max(1, min(COLUMNS, COLUMNS * WIDEST_PX // max(1, box.width)))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(rows)).save(path)


def votes(key_file: Path, marks_file: Path) -> str:
    """Say how often ours was preferred: marks are lines "CASE LETTERS", best first."""
    keys = json.loads(key_file.read_text())
    better: dict[str, list[float]] = {}
    for row in marks_file.read_text().split("\n"):
        if not row.strip() or row.startswith("#"):
            continue
        name, order = row.split()[:2]
        places = {keys[name][letter]: place for place, letter in enumerate(order)}
        for peer, place in places.items():
            if peer != "patch" and "patch" in places:
                better.setdefault(peer, []).append(float(places["patch"] < place))
    rows = [f"{peer:14}{np.mean(won):6.2f} of {len(won)}" for peer, won in better.items()]
    return "patch preferred by the blind eye over\n" + "\n".join(rows)
