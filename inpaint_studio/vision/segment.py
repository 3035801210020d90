"""From a box, strokes or points to the outline of a thing.

GrabCut (Rother et al. 2004, doi:10.1145/1015706.1015720) with its random seed locked right
before each call, in the same thread: otherwise it does not repeat. A promptable network from
`models/segment` is used for points and boxes when one of a known contract lies there; a single
click without one deserves no trust and says so.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio import paths
from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadMask, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.vision.refine import refined
from inpaint_studio.vision.wheel import open_session

Rgb8 = NDArray[np.uint8]
Point = tuple[int, int]

WORK_PX = 300
VOTE_PX = 130
"""Longer side of the copies that the first, coarse cuts are made on."""
CLICK_PX, FRAME_PX = 240, 2
"""Longer side of the copy that clicks are answered on, and the seeds of ground along its frame."""
SURE, LIKELY, AMENDED = 0.012, 0.22, 0.08
"""Around a click: what surely lies on the thing (of the longer side); what may, around the first
and around later ones (of the width)."""
SEED = 0
_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """mask: (H, W) bool over the whole photo; trust: 0..1; how: which way it was found."""

    mask: MaskBool
    trust: float
    how: str


def from_box(rgb: Rgb8, box: Box) -> Outline:
    """Return the thing in `box` (drawn around it, a little loose).

    Raises: BadMask: the box lies outside the photo or is a few pixels large.
    """
    inner = box.clamp(Box.of_shape(rgb.shape))
    if inner.width < 4 or inner.height < 4:
        raise BadMask("The box is too small to hold a thing; draw it around the thing.")
    prior = np.full(rgb.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    prior[inner.slices] = cv2.GC_PR_FGD
    # People draw boxes a little loose: the corners of a box are hardly ever the thing.
    rows = (np.arange(inner.height) + 0.5) / inner.height * 2 - 1
    columns = (np.arange(inner.width) + 0.5) / inner.width * 2 - 1
    far = np.abs(rows)[:, None] ** 2.5 + np.abs(columns)[None, :] ** 2.5 > 1.25
    # What the frame cuts off reaches into the corners there.
    far[rows < 0] &= inner.top > 0
    far[rows > 0] &= inner.bottom < rgb.shape[0]
    far[:, columns < 0] &= inner.left > 0
    far[:, columns > 0] &= inner.right < rgb.shape[1]
    prior[inner.slices][far] = cv2.GC_PR_BGD
    return Outline(_cut(rgb, prior, inner), 0.6, "outlined in its box")


def from_strokes(
    rgb: Rgb8, inside: MaskBool, outside: MaskBool | None = None, box: Box | None = None
) -> Outline:
    """Return the thing under the strokes `inside`, kept off the strokes `outside`.

    Raises: BadMask: there is no stroke inside.
    """
    if not inside.any():
        raise BadMask("Paint a stroke on the thing first.")
    frame = Box.of_shape(rgb.shape)
    stroke = Box.of_mask(inside)
    reach = box or stroke.pad(max(24, round(0.6 * max(stroke.width, stroke.height))))
    reach = reach.clamp(frame)
    prior = np.full(rgb.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    prior[reach.slices] = cv2.GC_PR_BGD
    near = stroke.pad(max(8, round(0.2 * max(stroke.width, stroke.height)))).clamp(reach)
    prior[near.slices] = cv2.GC_PR_FGD
    if box is not None:
        prior[reach.slices] = cv2.GC_PR_FGD
    prior[inside] = cv2.GC_FGD
    if outside is not None:
        prior[outside] = cv2.GC_BGD
    mask = _cut(rgb, prior, reach)
    mask = _touching(mask | inside, inside)
    if outside is not None:
        mask &= ~outside
    return Outline(mask, 0.7, "outlined from strokes")


def from_points(
    rgb: Rgb8, plus: Sequence[Point], minus: Sequence[Point] = (), *, net: PromptNet | None = None
) -> Outline:
    """Return the thing under the points `plus` (x, y), without what lies under `minus`.

    With a network its answer; without, GrabCut from small discs, of little trust.
    Raises: BadMask: no point on the thing.
    """
    if not plus:
        raise BadMask("Click on the thing first.")
    if net is not None and not net.why_not():
        return net.ask(rgb, plus, minus)
    mask = _clicked(rgb, plus, minus)
    trust = min(0.6, 0.25 + 0.08 * (len(plus) + len(minus)))
    return Outline(mask, trust, "guessed from clicks; strokes or a box do better")


def _clicked(rgb: Rgb8, plus: Sequence[Point], minus: Sequence[Point]) -> MaskBool:
    """GrabCut of all that is seen, on a small copy, its border then followed at full size."""
    longest = max(rgb.shape[:2])
    scale = min(1.0, CLICK_PX / longest)
    size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    near, off = ([(round(x * scale), round(y * scale)) for x, y in p] for p in (plus, minus))
    radius = max(2, round(SURE * longest * scale))
    inside = _discs(small.shape, near, radius)
    outside = _discs(small.shape, off, radius) & ~inside
    marks = np.full(small.shape[:2], cv2.GC_PR_BGD, dtype=np.uint8)
    # Something must be ground for certain: most things do not reach the frame.
    cv2.rectangle(marks, (0, 0), (size[0] - 1, size[1] - 1), int(cv2.GC_BGD), FRAME_PX)
    # The first click says about how large the thing is, the later ones amend the answer.
    marks[_discs(small.shape, near[:1], max(12, round(LIKELY * size[0])))] = cv2.GC_PR_FGD
    amend = max(8, round(AMENDED * size[0]))
    marks[_discs(small.shape, near[1:], amend)] = cv2.GC_PR_FGD
    marks[_discs(small.shape, off, amend)] = cv2.GC_PR_BGD
    marks[inside], marks[outside] = cv2.GC_FGD, cv2.GC_BGD
    found = _touching(_grabcut(small, marks) | inside, inside)
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    found = _to_the_frame(closed.astype(np.bool_), outside)
    if scale < 1:
        found = _sharpened(rgb, found, max(1, round(1 / scale)))
        found |= _discs(rgb.shape, plus, max(2, round(SURE * longest)))
        found &= ~_discs(rgb.shape, minus, max(2, round(SURE * longest)))
    return found


def _to_the_frame(found: MaskBool, outside: MaskBool) -> MaskBool:
    """What reaches the seeds along the frame goes on through them."""
    edge = FRAME_PX
    if min(found.shape) <= 2 * edge + 1:
        return found
    whole = np.pad(found[edge:-edge, edge:-edge], edge, mode="edge")
    return np.asarray((whole | found) & ~outside, dtype=np.bool_)


def _discs(shape: tuple[int, ...], points: Sequence[Point], radius: int) -> MaskBool:
    canvas = np.zeros(shape[:2], dtype=np.uint8)
    for x, y in points:
        cv2.circle(canvas, (int(x), int(y)), radius, 1, -1)
    return canvas.astype(np.bool_)


def _cut(rgb: Rgb8, prior: NDArray[np.uint8], reach: Box) -> MaskBool:
    """GrabCut on a small copy of the surroundings, its border then followed at full size."""
    margin = max(16, round(0.35 * max(reach.width, reach.height)))
    crop = reach.pad(margin).clamp(Box.of_shape(rgb.shape))
    part, guess = rgb[crop.slices], prior[crop.slices]
    scale = min(1.0, WORK_PX / max(crop.width, crop.height))
    small, marks = part, guess.copy()
    if scale < 1:
        size = (max(8, round(crop.width * scale)), max(8, round(crop.height * scale)))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        marks = _sized_marks(guess, size)
    found = _grabcut(small, marks)
    if not _holds(found, marks):
        marks = _voted(small, marks)
        found = _grabcut(small, marks)
        if not _holds(found, marks):
            found = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    solid = _solid(refined(small, marks, _solid(found)))
    if scale < 1:
        solid = _sharpened(part, solid, round(1 / scale))
        solid = (solid | (guess == cv2.GC_FGD)) & (guess != cv2.GC_BGD)
    mask = np.zeros(rgb.shape[:2], dtype=np.bool_)
    mask[crop.slices] = solid
    return mask


def _voted(small: Rgb8, marks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the marks with what is only probable set by a vote of several coarse cuts.

    GrabCut follows its first guess: where it starts too wide it keeps ground of the thing's
    colour, where too narrow it loses parts. Cuts from a wide and a narrow guess, in two colour
    spaces, go wrong in different places.
    """
    scale = min(1.0, VOTE_PX / max(small.shape[:2]))
    size = (max(8, round(small.shape[1] * scale)), max(8, round(small.shape[0] * scale)))
    tiny = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    wide = _sized_marks(marks, size)
    hoped = np.asarray(wide == cv2.GC_PR_FGD, dtype=np.uint8)
    depth = cv2.distanceTransform(np.pad(hoped, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    narrow = wide.copy()
    narrow[(hoped > 0) & (depth < 0.35 * depth.max())] = cv2.GC_PR_BGD
    lab = np.asarray(cv2.cvtColor(tiny, cv2.COLOR_RGB2LAB), dtype=np.uint8)
    votes = np.zeros(wide.shape, dtype=np.float32)
    cast = 0
    room = max(1, int((wide != cv2.GC_BGD).sum()))
    for picture in (tiny, lab):
        for guess in (wide, narrow):
            cut = _grabcut(picture, guess)
            if 0.06 * room <= cut.sum() <= 0.97 * room:
                votes += cut
                cast += 1
    if not cast:
        # Nothing held together: the middle of what was hoped for is the thing, then.
        votes, cast = (depth >= 0.5 * max(1e-6, float(depth.max()))).astype(np.float32), 1
    guess = np.where(votes >= 0.5 * cast, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    full = (marks.shape[1], marks.shape[0])
    result = np.asarray(cv2.resize(guess, full, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    said = (marks == cv2.GC_FGD) | (marks == cv2.GC_BGD)
    result[said] = marks[said]
    return result


def _holds(found: MaskBool, marks: NDArray[np.uint8]) -> bool:
    """Whether a cut is neither all that was open to it nor next to nothing of it."""
    room = max(1, int((marks != cv2.GC_BGD).sum()))
    hoped = int(np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).sum())
    return 0.2 * min(hoped, 0.6 * room) <= int(found.sum()) <= 0.98 * room


def _sized_marks(marks: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Shrink marks; a thin stroke must not get lost."""
    sized = cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST)
    for value in (cv2.GC_FGD, cv2.GC_BGD):
        share = cv2.resize((marks == value).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        sized[share > (0.15 if value == cv2.GC_FGD else 0.5)] = value
    return np.asarray(sized, dtype=np.uint8)


def _grabcut(rgb: Rgb8, marks: NDArray[np.uint8]) -> MaskBool:
    is_ground: MaskBool = (marks == cv2.GC_BGD) | (marks == cv2.GC_PR_BGD)
    if is_ground.all() or not is_ground.any():
        return ~is_ground
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    back, front = np.zeros((1, 65)), np.zeros((1, 65))
    result = marks.copy()
    cv2.setRNGSeed(SEED)
    cv2.grabCut(bgr, result, None, back, front, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((result == cv2.GC_FGD) | (result == cv2.GC_PR_FGD), dtype=np.bool_)


def _solid(mask: MaskBool) -> MaskBool:
    """Keep the largest piece and those nearly as large; close small holes."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    if count <= 1:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    area[0] = 0
    kept = np.isin(labels, np.flatnonzero(area >= 0.15 * area.max()))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~kept).astype(np.uint8), connectivity=4
    )
    small = stats[:, cv2.CC_STAT_AREA] < 0.01 * area.max() + 4
    small[0] = False
    return np.asarray(kept | small[labels], dtype=np.bool_)


def _touching(mask: MaskBool, seeds: MaskBool) -> MaskBool:
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    hit = np.bincount(labels.ravel(), weights=seeds.ravel(), minlength=count) > 0
    hit[0] = False
    return np.asarray(hit[labels], dtype=np.bool_)


def _sharpened(rgb: Rgb8, small: MaskBool, factor: int) -> MaskBool:
    """Bring a small mask to full size along the photo's own edges (guided filter)."""
    size = (rgb.shape[1], rgb.shape[0])
    soft = cv2.resize(small.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    window = (4 * factor + 1, 4 * factor + 1)
    mean_g, mean_s = cv2.blur(guide, window), cv2.blur(soft, window)
    gain = (cv2.blur(guide * soft, window) - mean_g * mean_s) / (
        cv2.blur(guide * guide, window) - mean_g**2 + 1e-4
    )
    shift = mean_s - gain * mean_g
    return np.asarray(cv2.blur(gain, window) * guide + cv2.blur(shift, window) > 0.5)


class PromptNet:
    """A promptable segmentation network of EfficientSAM's contract, in `models/segment`.

    One ONNX file: batched_images (1, 3, H, W) float 0..1, batched_point_coords (1, 1, N, 2),
    batched_point_labels (1, 1, N) with 1 on the thing, 0 off it, 2 and 3 the corners of a box;
    output_masks (1, 1, K, H, W) logits, iou_predictions (1, 1, K). Other contracts are refused.
    """

    NEEDS = ("batched_images", "batched_point_coords", "batched_point_labels")

    def __init__(self, *, folder: Path | None = None, threads: int = 0) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._session: Any = None
        self._reason: str | None = None

    def why_not(self) -> str:
        """Return "" when a usable network is there, else why not."""
        with self._lock:
            if self._reason is None:
                self._reason = self._open()
            return self._reason

    def _open(self) -> str:
        home = self._folder or paths.models_dir() / "segment"
        files = sorted(home.glob("*.onnx")) if home.is_dir() else []
        if not files:
            return f"No segmentation network lies in {home}."
        for path in files:
            try:
                session = open_session(path, threads=self._threads)
            except Exception as error:  # onnxruntime raises its own untyped errors
                return f"{path.name} cannot be loaded as an ONNX model ({type(error).__name__})."
            names = [item.name for item in session.get_inputs()]
            if all(need in names for need in self.NEEDS):
                self._session = session
                return ""
        return (
            f"{files[0].name} is not of EfficientSAM's contract (inputs {', '.join(self.NEEDS)})."
        )

    def ask(self, rgb: Rgb8, plus: Sequence[Point], minus: Sequence[Point] = ()) -> Outline:
        """Return the network's best mask. Raises: Missing: there is no usable network."""
        labels = [1.0] * len(plus) + [0.0] * len(minus)
        return self._run(rgb, [*plus, *minus], labels)

    def ask_box(self, rgb: Rgb8, box: Box) -> Outline:
        """Return the network's best mask of the thing in a box. Raises: Missing."""
        return self._run(rgb, [(box.left, box.top), (box.right, box.bottom)], [2.0, 3.0])

    def _run(self, rgb: Rgb8, points: Sequence[Point], labels: Sequence[float]) -> Outline:
        reason = self.why_not()
        if reason:
            raise Missing(f"{reason} Put an EfficientSAM .onnx into the models folder.")
        scale = min(1.0, 1024 / max(rgb.shape[:2]))
        size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        feed = {
            "batched_images": (small.astype(np.float32) / 255).transpose(2, 0, 1)[None],
            "batched_point_coords": (np.array(points, np.float32) * scale)[None, None],
            "batched_point_labels": np.array(labels, np.float32)[None, None],
        }
        masks, odds = self._session.run(None, feed)[:2]
        best = int(np.argmax(odds[0, 0]))
        logits = np.asarray(masks[0, 0, best], dtype=np.float32)
        full = cv2.resize(logits, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
        trust = float(np.clip(odds[0, 0, best], 0, 1))
        return Outline(np.asarray(full > 0, dtype=np.bool_), trust, "outlined by the network")
