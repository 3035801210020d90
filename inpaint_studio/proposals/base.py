"""What a proposer is and what it hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Kind, ProposalRecord
from inpaint_studio.vision.readers import Readers


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A mask the program suggests: `mask` (H, W) bool covers `record.box`."""

    record: ProposalRecord
    mask: MaskBool

    def full_mask(self, shape: tuple[int, ...]) -> MaskBool:
        """Return the mask over a whole photo of `shape`."""
        full = np.zeros(shape[:2], dtype=np.bool_)
        full[self.record.box.slices] = self.mask
        return full


Proposer: TypeAlias = Callable[[Pixels, Readers, RunToken], list[Proposal]]


def proposal(
    mask: MaskBool, *, kind: Kind, confidence: float, reason: str, text: str = "",
    automatic: bool = False, offset: tuple[int, int] = (0, 0),
) -> Proposal | None:  # fmt: skip
    """Return a proposal of a mask over the whole photo, None when the mask is empty.

    offset: (left, top) of `mask` in the photo, for a mask over a part of it.
    """
    inner = Box.of_mask(mask)
    if inner.is_empty:
        return None
    part = mask[inner.slices].copy()
    box = inner.shift(*offset)
    record = ProposalRecord(
        kind=kind,
        box=box,
        confidence=round(float(min(max(confidence, 0.0), 1.0)), 4),
        pin=_pin(part, box),
        reason=reason,
        text=text,
        automatic=automatic,
    )
    return Proposal(record, part)


def things_of(proposals: Iterable[Proposal]) -> tuple[tuple[Box, str], ...]:
    """Return where objects lie among these proposals and what the detector called them."""
    records = (item.record for item in proposals)
    return tuple((r.box, r.text) for r in records if r.kind == "object" and r.text)


def _pin(mask: MaskBool, box: Box) -> tuple[int, int]:
    """A pixel of the mask near its middle."""
    rows, columns = np.nonzero(mask)
    distance = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
    nearest = int(np.argmin(distance))
    return box.left + int(columns[nearest]), box.top + int(rows[nearest])
