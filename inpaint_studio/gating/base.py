"""What a judge is given and what it returns beside the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.records import Kind, Verdict

Refill: TypeAlias = Callable[[Pixels, MaskBool], Pixels]
"""Fill another hole of the same crop with the very same recipe; (pixels, mask) -> pixels."""


class SemanticJudge(Protocol):
    """Text and object detectors the caller lends (they may be missing)."""

    def letters(self, pixels: Pixels) -> list[tuple[Box, str, float]]: ...

    def objects(self, pixels: Pixels) -> list[tuple[Box, str, float]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest:
    """One edit to judge, as a crop of the photo (mask box + at least 64 px where there is photo).

    before, after: (H, W, 3) in the photo's own depth, sRGB-encoded; mask: (H, W) bool core.
    ring_px: how far outside the core pixels may have changed. refill: the same recipe on another
    hole, or None when the maker of the edit is not known (a peer's edit).
    asks_for_new: something new was asked for, so that a new object is no fault.
    others: known fills of the same hole by other engines, by name.
    taken_off: (H, W) which share (0..1) of a pixel of the mask a see-through overlay had that was
    taken off: there the photo's own pixels were brought back; 0 where pixels were made up.
    """

    before: Pixels
    after: Pixels
    mask: MaskBool
    ring_px: int = 2
    kind: Kind = "painted"
    engine: str = ""
    asks_for_new: bool = False
    refill: Refill | None = None
    others: dict[str, Pixels] = field(default_factory=dict)
    budget: Literal["cheap", "auto", "full"] = "auto"
    removed_text: str = ""
    taken_off: Plane | None = None

    @property
    def made_up(self) -> MaskBool:
        """The pixels of the mask that were made up, and not brought back from under an overlay."""
        return self.mask if self.taken_off is None else self.mask & (self.taken_off <= 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict (boxes in crop pixels) and its evidence: (H, W) float32 maps by reading name."""

    verdict: Verdict
    maps: dict[str, Plane] = field(default_factory=dict)
