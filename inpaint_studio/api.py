"""Numpy in, numpy out: the program without window and without library.

from inpaint_studio import api
result = api.fill(photo, mask)                 # result.pixels, .plan, .verdict, .recipe
verdict = api.judge(before, after, mask)       # verdict.accepted, .risk, .readings, .reasons
pins = api.propose(photo, kinds=("text",))     # proposals with mask, kind, confidence
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import as_pixels
from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.mask import as_mask
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, judge_pair, run
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.table import propose as _propose
from inpaint_studio.records import (
    FillRecipe,
    Intent,
    Kind,
    Plan,
    RunOptions,
    RunRecord,
    Scalar,
    Verdict,
)
from inpaint_studio.vision.readers import Readers

Picture = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class FillResult:
    """`pixels` has the photo's own shape and depth; plan, verdict and recipe are those of the
    riskiest region; `record` holds every region."""

    pixels: Picture
    record: RunRecord

    @property
    def plan(self) -> Plan:
        return self.record.worst.plan

    @property
    def verdict(self) -> Verdict:
        return self.record.worst.verdict

    @property
    def recipe(self) -> FillRecipe:
        return self.plan.recipe

    @property
    def accepted(self) -> bool:
        return self.record.accepted


def fill(
    photo: Picture,
    mask: NDArray[Any],
    *,
    engine: str = "auto",
    seed: int = 0,
    intent: Intent = "remove",
    prompt: str = "",
    parameters: Mapping[str, Scalar] | None = None,
    kind: Kind = "painted",
    grow_px: int | None = None,
    feather_px: int | None = None,
    budget: Literal["cheap", "auto", "full"] = "auto",
    tries: int = 1,
    icc: bytes | None = None,
    source: NDArray[Any] | None = None,
    semantics: bool = True,
    token: RunToken | None = None,
) -> FillResult:
    """Replace what the mask covers.

    photo: (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16, sRGB unless `icc` is given; alpha is
        kept as it is. mask: (H, W), over half = replace; source: (H, W), over half = may be
        copied from (everything known by default). tries: how many fills a flagged region may have.
    intent: "remove" shows what may lie behind; "replace" and "generate" make what `prompt` says,
        and for these the mask may cover the whole photo; "upscale" adds detail to what is there.
    parameters: the engine's own knobs by name, such as {"model": "sd15", "steps": 30}, as
        `inpaint-studio fill --set` takes them; the recipe of the result holds them all.
    Returns new pixels; every byte outside mask + ring is the photo's own.
    Raises: BadPhoto, BadMask, BadSetting, Missing, Cancelled.
    """
    rgb = _rgb(photo)
    options = RunOptions(
        engine=engine,
        kind=kind,
        intent=intent,
        prompt=prompt,
        parameters={name: _plain(value) for name, value in (parameters or {}).items()},
        seed=_whole(seed),
        grow_px=_whole(grow_px),
        feather_px=_whole(feather_px),
        budget=budget,
        tries=_whole(tries),
    )
    known = None if source is None else as_mask(source)
    request = RunRequest(pixels=rgb, mask=mask, options=options, icc=icc, source=known)
    result = run(request, token, semantic=_readers() if semantics else None)
    after = rgb.copy()
    for delta in result.deltas:
        if delta is not None:
            delta.apply(after)
    return FillResult(_like(photo, after), result.record)


def judge(
    before: Picture,
    after: Picture,
    mask: NDArray[Any],
    *,
    kind: Kind = "painted",
    budget: Literal["cheap", "auto", "full"] = "auto",
    icc: bytes | None = None,
    semantics: bool = True,
    token: RunToken | None = None,
) -> Verdict:
    """Judge an edit, whoever made it. `risk` is 0..1, higher is worse.

    Raises: BadPhoto, ShapeMismatch, BadMask, Cancelled.
    """
    return judge_pair(
        _rgb(before),
        _rgb(after),
        mask,
        icc=icc,
        kind=kind,
        budget=budget,
        semantic=_readers() if semantics else None,
        token=token,
    ).verdict


def propose(
    photo: Picture, kinds: Kind | Sequence[Kind] = ("text",), *, token: RunToken | None = None
) -> list[Proposal]:
    """Return masks the program suggests, surest first. Raises: BadPhoto, Cancelled."""
    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    return _propose(_rgb(photo), wanted, _readers(), token or RunToken())


def _whole(number: Any) -> Any:
    """A numpy whole number as Python's own; anything else as it is, for the road to refuse."""
    return int(number) if isinstance(number, np.integer) else number


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's own, so that a recipe can be written down."""
    return value.item() if isinstance(value, np.generic) else value


@cache
def _readers() -> Readers:
    return Readers()


def _rgb(photo: Picture) -> Picture:
    """Return (H, W, 3) of a grey, RGB or RGBA photo. Raises: BadPhoto."""
    if not isinstance(photo, np.ndarray):
        raise BadPhoto(
            f"A photo must be a numpy array, not {type(photo).__name__}; open the file first."
        )
    if photo.dtype not in (np.uint8, np.uint16):
        raise BadPhoto(
            f"A photo must be uint8 or uint16, not {photo.dtype}; "
            "0..1 values become one by (photo * 255).round().astype(numpy.uint8)."
        )
    if photo.ndim == 2:
        return as_pixels(np.repeat(photo[..., None], 3, axis=2))
    if photo.ndim == 3 and photo.shape[2] in (3, 4):
        return as_pixels(np.ascontiguousarray(photo[..., :3]))
    raise BadPhoto(f"A photo must be (H, W), (H, W, 3) or (H, W, 4), not {photo.shape}.")


def _like(photo: Picture, rgb: Picture) -> Picture:
    """Return `rgb` in the shape `photo` came in; an alpha channel is the photo's own."""
    if photo.ndim == 2:
        return rgb[..., 1].copy()
    if photo.shape[2] == 4:
        return as_pixels(np.dstack([rgb, photo[..., 3]]))
    return rgb
