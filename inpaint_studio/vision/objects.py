"""Find objects, people and faces: small ONNX detectors from the models folder when they are
there, else what OpenCV carries (HOG people, Haar faces).

A detector is a witness, never truth: its boxes point at something, a person decides.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio import paths
from inpaint_studio.geometry import Box
from inpaint_studio.vision.wheel import open_session

Rgb8 = NDArray[np.uint8]
Found = tuple[Box, str, float]

SIDE = 352
OVERLAP = 0.45
COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic-light", "fire-hydrant", "stop-sign", "parking-meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports-ball", "kite",
    "baseball-bat", "baseball-glove", "skateboard", "surfboard", "tennis-racket", "bottle",
    "wine-glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot-dog", "pizza", "donut", "cake", "chair", "couch",
    "potted-plant", "bed", "dining-table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell-phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy-bear", "hair-drier", "toothbrush",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Detectors:
    """Which files serve; None where the OpenCV stand-in does the work."""

    objects: Path | None
    faces: Path | None


def installed(folder: Path | None = None) -> Detectors:
    """Return the detectors lying in `folder` (default: `models/objects`)."""
    home = folder or paths.models_dir() / "objects"
    names = sorted(home.glob("*.onnx")) if home.is_dir() else []
    faces = next((path for path in names if "yunet" in path.name.lower()), None)
    objects = next((path for path in names if "fastestdet" in path.name.lower()), None)
    return Detectors(objects, faces)


class ObjectReader:
    """Finds objects and faces; loads its models on first use."""

    def __init__(self, *, folder: Path | None = None, threads: int = 0) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._files: Detectors | None = None
        self._session: Any = None
        self._hog: Any = None
        self._haar: Any = None

    def title(self) -> str:
        """Say which detectors serve."""
        files = self._detectors()
        things = files.objects.name if files.objects else "OpenCV HOG (people only)"
        faces = files.faces.name if files.faces else "OpenCV Haar (faces)"
        return f"{things}, {faces}"

    def _detectors(self) -> Detectors:
        if self._files is None:
            self._files = installed(self._folder)
        return self._files

    def find(self, rgb: Rgb8, *, least: float = 0.35) -> list[Found]:
        """Return (box, label, score) of everything found in an 8-bit sRGB picture, best first."""
        with self._lock:
            things = self._things(rgb) + self._faces(rgb)
        kept = [item for item in things if item[2] >= least and not item[0].is_empty]
        return sorted(kept, key=lambda item: (-item[2], item[0]))

    def _things(self, rgb: Rgb8) -> list[Found]:
        path = self._detectors().objects
        if path is None:
            return self._people(rgb)
        if self._session is None:
            self._session = open_session(path, threads=self._threads)
        found: list[Found] = []
        for box in _views(rgb.shape):
            part = rgb[box.slices]
            sized = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            blob = (sized[..., ::-1].astype(np.float32) / 255).transpose(2, 0, 1)[None]
            name = self._session.get_inputs()[0].name
            raw = self._session.run(None, {name: np.ascontiguousarray(blob)})[0]
            found += _decoded(np.asarray(raw[0]), box)
        return _best(found)

    def _people(self, rgb: Rgb8) -> list[Found]:
        if self._hog is None:
            self._hog = cv2.HOGDescriptor()
            self._hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
        scale = min(1.0, 800 / max(rgb.shape[:2]))
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if grey.shape[0] < 128 or grey.shape[1] < 64:
            return []
        boxes, weights = self._hog.detectMultiScale(grey, winStride=(8, 8), scale=1.05)
        frame = Box.of_shape(rgb.shape)
        found = [
            (_rect(box, 1 / scale).clamp(frame), "person", min(0.99, 0.1 + 0.4 * float(weight)))
            for box, weight in zip(boxes, np.ravel(weights))
        ]
        return _best(found)

    def _faces(self, rgb: Rgb8) -> list[Found]:
        path = self._detectors().faces
        scale = min(1.0, 1280 / max(rgb.shape[:2]))
        sized = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        frame = Box.of_shape(rgb.shape)
        if path is not None:
            size = (sized.shape[1], sized.shape[0])
            detector = cv2.FaceDetectorYN.create(str(path), "", size, 0.6)
            _, rows = detector.detect(np.ascontiguousarray(sized[..., ::-1]))
            rows = [] if rows is None else rows
            return [
                (_rect(row[:4], 1 / scale).clamp(frame), "face", float(row[14])) for row in rows
            ]
        if self._haar is None:
            folder = Path(cv2.__file__).parent / "data"
            self._haar = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))
        grey = cv2.equalizeHist(cv2.cvtColor(sized, cv2.COLOR_RGB2GRAY))
        boxes, _, weights = self._haar.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=5, minSize=(24, 24), outputRejectLevels=True
        )
        return [
            (_rect(box, 1 / scale).clamp(frame), "face", float(min(0.9, 0.45 + weight / 20)))
            for box, weight in zip(boxes, np.ravel(weights))
        ]


def _rect(row: NDArray[np.generic], factor: float) -> Box:
    left, top, width, height = (float(value) * factor for value in row)
    return Box(round(left), round(top), round(left + width), round(top + height))


def _views(shape: tuple[int, ...]) -> list[Box]:
    """The whole photo, and halves of long ones (the detector sees 352 x 352)."""
    height, width = shape[:2]
    views = [Box(0, 0, width, height)]
    if width > 1.25 * height:
        views += [Box(0, 0, height, height), Box(width - height, 0, width, height)]
    elif height > 1.25 * width:
        views += [Box(0, 0, width, width), Box(0, height - width, width, height)]
    return views


def _decoded(raw: NDArray[np.float32], view: Box) -> list[Found]:
    """Boxes of FastestDet's (85, h, w) map: objectness, centre, size, 80 classes."""
    rows, columns = raw.shape[1:]
    best = raw[5:].argmax(axis=0)
    score = raw[0] ** 0.6 * raw[5:].max(axis=0) ** 0.4
    found = []
    for row, column in np.argwhere(score > 0.3):
        cell = raw[:, row, column].astype(np.float64)
        x, y = (np.tanh(cell[1]) + column) / columns, (np.tanh(cell[2]) + row) / rows
        w, h = 1 / (1 + np.exp(-cell[3])), 1 / (1 + np.exp(-cell[4]))
        box = Box(
            round(view.left + (x - w / 2) * view.width),
            round(view.top + (y - h / 2) * view.height),
            round(view.left + (x + w / 2) * view.width),
            round(view.top + (y + h / 2) * view.height),
        ).clamp(view)
        found.append((box, COCO[int(best[row, column])], float(score[row, column])))
    return found


def _best(found: list[Found]) -> list[Found]:
    """Non-maximum suppression within each label."""
    kept: list[Found] = []
    for item in sorted(found, key=lambda item: (-item[2], item[0])):
        if all(item[1] != other[1] or _overlap(item[0], other[0]) < OVERLAP for other in kept):
            kept.append(item)
    return kept


def _overlap(one: Box, two: Box) -> float:
    if not one.overlaps(two):
        return 0.0
    shared = one.intersect(two).area
    return shared / max(1, min(one.area, two.area) if shared else 1)
