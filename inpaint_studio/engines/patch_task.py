"""What a fill of the patch engine is asked for, and the levels it is worked on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_ground import ground
from inpaint_studio.engines.patch_guide import Drawing, guide
from inpaint_studio.engines.patch_levels import FloatImage, Level, make_level
from inpaint_studio.engines.patch_lines import Line
from inpaint_studio.engines.patch_manner import Manner
from inpaint_studio.engines.patch_scales import bordered
from inpaint_studio.engines.patch_turned import Canvas
from inpaint_studio.jobs.token import RunToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a fill is asked for, the same at every scale and start."""

    pictures: list[tuple[FloatImage, MaskBool, MaskBool]]
    crossing: list[Line]
    drawings: list[Drawing]
    manner: Manner
    seed: int
    rest: int
    far_cost: float
    canvas: Canvas | None
    coarse_rounds: int
    fine_rounds: int
    token: RunToken

    @property
    def coarsest(self) -> int:
        return len(self.pictures) - 1

    @property
    def fine_most(self) -> int:
        """Most rounds of the finest scale; where a layout is there, half of what was
        asked for (48 holes: look index 0.715, with all 0.714)."""
        return -(-self.fine_rounds // 2) if self.manner.layouts > 1 else self.fine_rounds

    @property
    def starts(self) -> int:
        return len(self.manner.smooth) + self.manner.lettered

    def level(self, number: int) -> Level:
        """Make the level of a scale; the coarser ones leave the task's pictures as they are."""
        picture, gap, allowed = self.pictures[number]
        scale, margin = 2**number, self.margin(number)
        if number:  # Copies: levels are written to.
            picture, allowed = bordered(picture, margin), bordered(allowed, margin)
            gap = np.pad(gap, margin)
        made = make_level(
            picture,
            gap,
            allowed,
            scale=scale,
            far_cost=self.far_cost,
            beside=None if self.canvas is None else self.canvas.beside(scale, gap.shape),
            decay=self.manner.decay if number else self.manner.fine_decay,
            chroma=self.manner.chroma,
            apart=self.manner.apart,
            margin=margin,
            margin_cost=self.manner.margin_cost,
            often=self.manner.often,
            partly=self.manner.partly,
        )
        drawing = self.drawing(number)
        self.token.check()
        if self.manner.partly:
            made.ground = ground(made, scale=scale)
        if drawing is not None:
            made.guide = guide(made, drawing, self.crossing, scale=scale)
        return made

    def margin(self, number: int) -> int:
        """Return how far the border of a scale's picture is repeated outwards, px."""
        return self.manner.margin if number and self.canvas is None else 0

    def drawing(self, number: int) -> Drawing | None:
        """Return what lines draw at a scale, as large as its level."""
        if not self.drawings:
            return None
        drawn, on = self.drawings[number]
        margin = self.margin(number)
        return bordered(drawn, margin), np.pad(on, margin)
