"""Judging a before/after pair, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.errors import ShapeMismatch
from inpaint_studio.gating.base import JudgeRequest, SemanticJudge
from inpaint_studio.gating.judge import judge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import REGION_MAX_PX, Region, regions, validate
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import JUDGE_PAD_PX
from inpaint_studio.records import Kind, Verdict


@dataclass(frozen=True, slots=True)
class PairJudgement:
    """The verdict over the whole mask, and evidence maps of the worst part with its box."""

    verdict: Verdict
    box: Box
    maps: dict[str, Plane] = field(default_factory=dict)


def judge_pair(
    before: Pixels,
    after: Pixels,
    mask: NDArray[np.generic],
    *,
    icc: bytes | None = None,
    kind: Kind = "painted",
    ring_px: int = 2,
    budget: Literal["cheap", "auto", "full"] = "auto",
    semantic: SemanticJudge | None = None,
    token: RunToken | None = None,
) -> PairJudgement:
    """Judge an edit from its two pictures and its mask alone.

    before, after: (H, W, 3) of one size and depth; mask: (H, W). A mask that spans more than
    `REGION_MAX_PX` is judged region by region; the verdict is then the worst of them.
    Raises: ShapeMismatch, BadMask, Cancelled.
    """
    token = token or RunToken()
    if before.shape != after.shape:
        raise ShapeMismatch(
            f"Before is {before.shape[1]} × {before.shape[0]} px and after is "
            f"{after.shape[1]} × {after.shape[0]} px; an edit is judged at one size."
        )
    core = validate(mask, before.shape)
    space = space_of(icc)
    judged: list[PairJudgement] = []
    pieces = _pieces(core)
    for index, piece in enumerate(pieces):
        box = piece.box.pad(JUDGE_PAD_PX).clamp(Box.of_shape(before.shape))
        hole = np.zeros(box.shape, dtype=bool)
        hole[piece.box.relative_to(box).slices] = piece.mask
        part = judge(
            JudgeRequest(
                before=space.to_srgb8(before[box.slices]),
                after=space.to_srgb8(after[box.slices]),
                mask=hole | core[box.slices],
                ring_px=ring_px,
                kind=kind,
                budget=budget,
            ),
            semantic,
            token.within(index / len(pieces), (index + 1) / len(pieces), "judging"),
        )
        judged.append(PairJudgement(part.verdict.shifted(box.left, box.top), box, part.maps))
    worst = max(judged, key=lambda j: (not j.verdict.accepted, j.verdict.risk))
    return worst if len(judged) == 1 else _combine(judged, worst)


def _pieces(core: MaskBool) -> list[Region]:
    box = Box.of_mask(core)
    if max(box.width, box.height) <= REGION_MAX_PX:
        return [Region(box, core[box.slices])]
    return regions(core)


def _combine(judged: list[PairJudgement], worst: PairJudgement) -> PairJudgement:
    """All parts must pass; the readings shown are the worst part's."""
    failed = [part for part in judged if not part.verdict.accepted]
    reasons = tuple(dict.fromkeys(r for part in failed for r in part.verdict.reasons))
    verdict = replace(worst.verdict, accepted=not failed, reasons=reasons or worst.verdict.reasons)
    return PairJudgement(verdict, worst.box, worst.maps)
