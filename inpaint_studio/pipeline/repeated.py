"""What all regions of a run tell together: a see-through mark that lies over the photo again.

No region sees the others, so it is measured before they are walked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.engines.text import GROW_PX
from inpaint_studio.imaging.color import encode, space_of
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.tiled import PLACES, measure_repeated
from inpaint_studio.imaging.tiled import measuring_mb as measuring
from inpaint_studio.imaging.veil import Veil, never
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.request import RunRequest
from inpaint_studio.records import LETTER_KINDS


def is_looked_for(request: RunRequest, regions: int) -> bool:
    """Say whether a run over so many regions looks for a mark that repeats."""
    options = request.options
    if request.veil is not None or options.kind not in LETTER_KINDS or regions < PLACES:
        return False
    return options.engine in ("auto", "text") and options.intent in ("remove", "fill")


def measuring_mb(request: RunRequest, regions: int) -> float:
    """Return how much memory the look for a mark that repeats may need, MB; 0: there is none."""
    return measuring(request.mask.shape) if is_looked_for(request, regions) else 0.0


def with_repeated(
    request: RunRequest, mask: MaskBool, regions: int, token: RunToken
) -> RunRequest:  # fmt: skip
    """Return the request with the mark that its letters show again and again, where they do.

    Raises: Cancelled.
    """
    if not is_looked_for(request, regions):
        return request
    grow_px = request.options.grow_px
    wide = grow(mask, GROW_PX if grow_px is None else grow_px)
    token.step(0.0, "looking for a mark that repeats")
    veil = repeated_veil(request.pixels, wide, icc=request.icc, check=token.check)
    return request if veil is None else replace(request, veil=veil)


def repeated_veil(
    pixels: Pixels,
    mask: MaskBool,
    *,
    icc: bytes | None = None,
    check: Callable[[], None] = never,
) -> Veil | None:
    """Return what can be taken off a photo of the mark that `mask` (H, W) shows several times."""
    space = space_of(icc)
    mark = measure_repeated(
        lambda box: encode(space.to_linear(pixels[box.slices])), mask, check
    )  # fmt: skip
    return mark.veil() if mark is not None else None
