"""Hard holes for the gates' benchmark: strokes, blobs and boxes over borders of things.

What a fill does badly is structure, and holes laid anywhere seldom meet any. Here a hole's middle
is drawn with a chance in proportion to the strength of the edges around it, by the case's number
alone; nothing is chosen by hand.
"""

from __future__ import annotations

import cv2
import numpy as np

KINDS = ("stroke", "blob", "box", "limb")
SIDE_PX = 400.0
MARGIN_PX = 24


def draw(number: int, truth: np.ndarray) -> tuple[str, np.ndarray]:
    """Return (kind, mask) of a case; sizes grow with the photo, half as fast."""
    rng = np.random.default_rng([41, number])
    kind = KINDS[number % len(KINDS)]
    height, width = truth.shape[:2]
    by = float(np.sqrt(np.sqrt(height * width) / SIDE_PX))
    x, y = _middle(truth, rng)
    plane = np.zeros((height, width), np.uint8)
    if kind == "stroke":
        turn, points = rng.uniform(0, 2 * np.pi), [np.zeros(2)]
        for _ in range(int(rng.integers(3, 7))):
            turn += rng.normal(0, 0.5)
            points.append(points[-1] + 26 * by * np.array([np.cos(turn), np.sin(turn)]))
        path = np.array(points) - np.mean(points, axis=0) + (x, y)
        cv2.polylines(plane, [path.astype(np.int32)], False, 1, int(by * rng.integers(12, 34)))
    elif kind == "blob":
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        bent = 1 + sum(
            rng.uniform(0, 0.18) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3)
        )
        radius = by * rng.uniform(20, 48) * bent
        outline = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)
        cv2.fillPoly(plane, [outline.astype(np.int32)], 1)
    elif kind == "box":
        half = by * rng.uniform(16, 46, 2)
        corners = (int(x - half[0]), int(y - half[1])), (int(x + half[0]), int(y + half[1]))
        cv2.rectangle(plane, *corners, 1, -1)
    else:
        axes = (int(by * rng.uniform(40, 80)), int(by * rng.uniform(12, 26)))
        cv2.ellipse(plane, (x, y), axes, float(rng.integers(180)), 0, 360, 1, -1)
    plane[:3] = plane[-3:] = 0
    plane[:, :3] = plane[:, -3:] = 0
    return kind, plane.astype(bool)


def _middle(truth: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Return (x, y) drawn by the strength of borders: what is left of edges in a blurred photo."""
    soft = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 4.0)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *step) for step in ((1, 0), (0, 1)))
    size = np.sqrt((across**2 + down**2).sum(axis=2))
    chance = np.zeros_like(size, dtype=np.float64)
    inner = (slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
    chance[inner] = cv2.GaussianBlur(size, (0, 0), 3.0)[inner] + 1.0
    place = int(rng.choice(chance.size, p=(chance / chance.sum()).ravel()))
    return place % chance.shape[1], place // chance.shape[1]
