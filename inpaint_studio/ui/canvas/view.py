"""Where the photo lies on the screen: zoom and offset, in device pixels. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from inpaint_studio.geometry import Box

ZOOM_MIN = 0.01
ZOOM_MAX = 64.0
STEPS = (
    0.01, 0.02, 0.03, 0.05, 0.0667, 0.1, 0.125, 0.167, 0.25, 0.333, 0.5, 0.667, 1.0, 1.5, 2.0,
    3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """Maps photo pixels to device pixels: `device = photo * zoom + offset`.

    The offset is whole device pixels, so that panning moves finished tiles without resampling.
    """

    zoom: float = 1.0
    left: int = 0
    top: int = 0

    def to_device(self, x: float, y: float) -> tuple[float, float]:
        return x * self.zoom + self.left, y * self.zoom + self.top

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) / self.zoom, (y - self.top) / self.zoom

    def device_box(self, box: Box) -> Box:
        """The device pixels that `box` of the photo touches, relative to the photo's corner."""
        return Box(
            math.floor(box.left * self.zoom),
            math.floor(box.top * self.zoom),
            math.ceil(box.right * self.zoom),
            math.ceil(box.bottom * self.zoom),
        )

    def moved(self, dx: int, dy: int) -> View:
        return replace(self, left=self.left + dx, top=self.top + dy)

    def zoomed(self, zoom: float, x: float, y: float) -> View:
        """This view at another zoom, with the photo's point under device (x, y) held still."""
        zoom = min(max(zoom, ZOOM_MIN), ZOOM_MAX)
        px, py = self.to_photo(x, y)
        return View(zoom, round(x - px * zoom), round(y - py * zoom))

    def clamped(self, photo: tuple[int, int], viewport: tuple[int, int]) -> View:
        """This view moved so that the photo stays in sight.

        A photo smaller than the viewport is centred on that axis; a bigger one may be moved
        until its edge reaches the viewport's middle. photo, viewport: (width, height).
        """
        width, height = photo[0] * self.zoom, photo[1] * self.zoom
        return replace(
            self,
            left=_clamp_axis(self.left, width, viewport[0]),
            top=_clamp_axis(self.top, height, viewport[1]),
        )

    @staticmethod
    def fitted(photo: tuple[int, int], viewport: tuple[int, int], margin: int = 0) -> View:
        """The view that shows the whole photo, never larger than 100 %."""
        wide = max(1, viewport[0] - 2 * margin) / max(1, photo[0])
        high = max(1, viewport[1] - 2 * margin) / max(1, photo[1])
        return View(max(ZOOM_MIN, min(wide, high, 1.0))).clamped(photo, viewport)

    @staticmethod
    def framing(box: Box, viewport: tuple[int, int], *, zoom_max: float = 4.0) -> View:
        """The view that shows `box` with some surroundings."""
        wide = viewport[0] / max(1.0, box.width * 1.6)
        high = viewport[1] / max(1.0, box.height * 1.6)
        zoom = max(ZOOM_MIN, min(wide, high, zoom_max))
        x, y = box.center
        return View(zoom, round(viewport[0] / 2 - x * zoom), round(viewport[1] / 2 - y * zoom))

    def stepped(self, direction: int) -> float:
        """The next round zoom in a direction (+1 in, -1 out)."""
        if direction > 0:
            return next((step for step in STEPS if step > self.zoom * 1.001), ZOOM_MAX)
        return next((step for step in reversed(STEPS) if step < self.zoom * 0.999), ZOOM_MIN)


def _clamp_axis(offset: int, size: float, room: int) -> int:
    if size <= room:
        return round((room - size) / 2)
    half = room / 2
    return round(min(max(offset, half - size), half))
