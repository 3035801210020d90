"""A level of the patch engine as tensors on a device: its patches, costs, neighbours and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.engines.patch_levels import REACH, SIDE, Level

if TYPE_CHECKING:
    import torch

LINE_WEIGHT, LINE_TRIES = 2, 4
"""As in `patch_kernels`, which only a process that compiles may import."""
_TOP = 2**31 - 1
_LOW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Asked:
    """What sources are compared with. shown: (n, 196) uint8; lined: which of the n lie on a line,
    drawn, cover: (lined, 196) uint8, what is drawn there and what of it counts."""

    shown: torch.Tensor
    lined: torch.Tensor
    on: torch.Tensor
    drawn: torch.Tensor
    cover: torch.Tensor


class Held:
    """A level's tensors on a device. flat holds four compared bytes a pixel as one number."""

    def __init__(self, level: Level, device: str) -> None:
        import torch

        self.level = level
        self.device = device
        self.height, self.width = level.hole.shape
        size = level.hole.size * 4
        self.flat = self.up(level.flat[:size].view(np.int32))
        self.image = self.up(level.image.reshape(-1, 4))
        self._spent = level.spent
        self.far = self.up(level.spent.ravel())
        self.index = self.up(level.index.ravel())
        self.targets = self.up(level.targets)
        holes = level.holes[:, 0].astype(np.int64) * self.width + level.holes[:, 1]
        self._holes = self.up(holes)
        span = torch.arange(-REACH, REACH + 1, device=device)
        guide = level.guide
        self._on = guide.on if len(guide.on) else np.full(len(level.targets), -1, np.int32)
        self._lines = self.up(guide.lines)
        drawn = (guide.flat[:size], guide.cover[:size]) if len(guide.on) else (level.flat[:4],) * 2
        self._drawn, self._cover = (self.up(plane.view(np.int32)) for plane in drawn)
        self._patch = (span[:, None] * self.width + span[None, :]).reshape(1, SIDE * SIDE)

    def up(self, array: NDArray[np.generic]) -> torch.Tensor:
        """A copy on the device: on the CPU, too, the level's own array is never written to."""
        import torch

        return torch.tensor(np.ascontiguousarray(array), device=self.device)

    def refresh(self) -> None:
        """Bring the hole's pixels and what sources cost up to date."""
        if self._spent is not self.level.spent:
            self._spent = self.level.spent
            self.far = self.up(self._spent.ravel())
        rows, columns = self.level.holes[:, 0], self.level.holes[:, 1]
        self.image[self._holes] = self.up(self.level.image[rows, columns])
        size = self.level.hole.size * 4
        packed = self.level.flat[:size].view(np.int32).reshape(self.height, self.width)
        self.flat[self._holes] = self.up(packed[rows, columns])

    def is_inside(self, points: torch.Tensor) -> torch.Tensor:
        y, x = points[:, 0], points[:, 1]
        return (y >= 0) & (x >= 0) & (y < self.height) & (x < self.width)

    def _at(self, points: torch.Tensor) -> torch.Tensor:
        y, x = points[:, 0].long(), points[:, 1].long()
        return y.clamp(0, self.height - 1) * self.width + x.clamp(0, self.width - 1)

    def index_at(self, points: torch.Tensor) -> torch.Tensor:
        return self.index[self._at(points)]

    def pixels(self, points: torch.Tensor) -> torch.Tensor:
        return self.image[self._at(points)]

    def patches(self, centres: torch.Tensor, plane: torch.Tensor | None = None) -> torch.Tensor:
        """Return the compared bytes of whole patches (of the drawing's `plane`), (n, 196) uint8."""
        import torch

        values = self.flat if plane is None else plane
        return values[self._at(centres)[:, None] + self._patch].view(torch.uint8)

    def ask(self, part: slice) -> Asked:
        """Return what the targets of a part are compared by."""
        targets = self.targets[part]
        lined = np.flatnonzero(self._on[part] >= 0)
        rows = self.up(lined)
        there = targets[rows]
        return Asked(
            shown=self.patches(targets),
            lined=rows,
            on=self.up(self._on[part][lined].astype(np.int64)),
            drawn=self.patches(there, self._drawn) if len(lined) else rows,
            cover=self.patches(there, self._cover) if len(lined) else rows,
        )

    def along(
        self, asked: Asked, targets: torch.Tensor, chance: torch.Tensor, best: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return for targets on a line a place as far beside it, at a random one of its known
        ends, and which targets these are."""
        import torch

        row = self._lines[asked.on]
        ox, oy, ex, ey, a, b, c, gap, first, last = row.T
        y, x = (targets[asked.lined, n].double() for n in (0, 1))
        u = (x - ox) * ex + (y - oy) * ey
        beside = (y - oy) * ex - (x - ox) * ey - a - b * u - c * u * u
        place = chance[asked.lined].double() / 2**32 * (first + last)
        u = torch.where(place < first, -place, gap + place - first)
        v = a + b * u + c * u * u + beside
        wanted, usable = best.clone(), torch.zeros_like(best[:, 0], dtype=torch.bool)
        spot = torch.stack([oy + u * ey + v * ex, ox + u * ex - v * ey], dim=1)
        wanted[asked.lined] = spot.round().clamp(-1, 2**30).int()
        usable[asked.lined] = True
        return wanted, usable

    def costs(
        self, asked: Asked, wanted: torch.Tensor, usable: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return what each wanted source costs the patch shown, the top number where it is none."""
        import torch

        far = self.far[self._at(wanted)]
        able = self.is_inside(wanted) & (far >= 0)
        if usable is not None:
            able = able & usable
        safe = torch.where(able[:, None], wanted, REACH)
        apart = self.patches(safe).float() - asked.shown.float()
        cost = far + (apart * apart).sum(dim=1).int()
        if len(asked.lined):
            there = self.patches(safe[asked.lined], self._drawn)
            apart = (there & asked.cover).float() - (asked.drawn & asked.cover).float()
            extra = LINE_WEIGHT * (apart * apart).sum(dim=1).int()
            cost[asked.lined] = cost[asked.lined] + extra
        return torch.where(able, cost, _TOP)

    def covering(self, points: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return for every place of a patch around `points`: which target it is (-1: none), and
        the way there from the point."""
        import torch

        found = []
        for down in range(-REACH, REACH + 1):
            for across in range(-REACH, REACH + 1):
                step = torch.tensor((down, across), dtype=torch.int32, device=points.device)
                there = points + step
                place = torch.where(self.is_inside(there), self.index_at(there), -1)
                found.append((place, step))
        return found


def mix(points: torch.Tensor, c: int, d: int) -> torch.Tensor:
    """Return a 32-bit hash of each point (n, 2) with c and d, the same on every device."""
    a, b = points.long().T
    h = (a & _LOW) * 0x9E3779B1 & _LOW
    h = h ^ ((b & _LOW) * 0x85EBCA77 & _LOW)
    h = ((h << 13) | (h >> 19)) & _LOW
    h = h ^ ((c & _LOW) * 0xC2B2AE3D & _LOW)
    h = h * 0x27D4EB2F & _LOW
    h = h ^ ((d & _LOW) * 0x165667B1 & _LOW)
    h = h ^ (h >> 15)
    h = h * 0x2C1B3C6D & _LOW
    h = h ^ (h >> 12)
    return h * 0x297A2D39 & _LOW
