"""`run`: the whole road, region by region.

`planning` says what a region gets, `tries` makes its fills, `attempt` is one fill: blended, judged.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from inpaint_studio import __version__
from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.errors import BadMask, ShapeMismatch
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import Region, grow, regions, validate
from inpaint_studio.imaging.mask import pieces as cut
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import Attempt, input_stages
from inpaint_studio.pipeline.checks import check_options
from inpaint_studio.pipeline.planning import (
    engines_ready,
    expected,
    offers,
    planned,
    require,
)
from inpaint_studio.pipeline.repeated import measuring_mb, with_repeated
from inpaint_studio.pipeline.request import Delta, Fatal, HashOnly, RunRequest, RunResult, Sink
from inpaint_studio.pipeline.tries import Tries
from inpaint_studio.records import (
    EditRecord,
    Plan,
    RunRecord,
    Stage,
    Verdict,
    to_json,
)
from inpaint_studio.routing.route import MADE_ANEW

UPSCALE_PX = 2048

__all__ = ["engines_ready", "new_id", "offers", "peak_mb", "plans", "require", "run"]


def run(
    request: RunRequest,
    token: RunToken | None = None,
    sink: Sink | None = None,
    *,
    semantic: SemanticJudge | None = None,
    fatal: Fatal | None = None,
) -> RunResult:
    """Walk one photo and one mask down the whole road.

    fatal: fills that took the process down when this run was tried before: the plan's next
        engine does them, and the plan says so.
    Returns: the record with one edit per region, and their deltas (None where an edit left the
        pixels alone). Every pixel outside mask + ring is the photo's own, byte for byte.
    Raises: BadMask, BadSetting, Missing (the engine asked for is not there), Cancelled.
    """
    token = token or RunToken()
    sink = sink or HashOnly()
    started = time.perf_counter()
    mask, origin = _checked(request)
    pieces = _pieces(request, mask)
    looking_mb = measuring_mb(request, len(pieces))
    request = with_repeated(request, mask, len(pieces), token)
    working = request.pixels.copy()
    shares = np.cumsum([0.0, *(float(piece.mask.sum()) for piece in pieces)])
    shares /= shares[-1]

    walked: list[_Walked] = []
    for index, piece in enumerate(pieces):
        part = token.within(float(shares[index]), float(shares[index + 1]))
        done = _walk(
            request, working, mask, piece, sink=sink, semantic=semantic, token=part,
            fatal=fatal or {}, looking_mb=looking_mb,
        )  # fmt: skip
        if done.delta is not None:
            done.delta.apply(working)
        walked.append(done)
    token.step(1.0, "done")

    record = RunRecord(
        run_id=new_id(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        options=request.options,
        photo_name=request.photo_name,
        photo_sha256=request.photo_sha256,
        edits=tuple(_shift_edit(done.edit, origin) for done in walked),
        seconds=time.perf_counter() - started,
        peak_mb=peak_mb(),
        program_version=__version__,
    )
    deltas = tuple(_shift_delta(done.delta, origin) for done in walked)
    cores = tuple((done.box.shift(origin.left, origin.top), done.core) for done in walked)
    maps = {done.edit.edit_id: done.maps for done in walked}
    return RunResult(record, deltas, cores, maps)


def plans(
    request: RunRequest, token: RunToken | None = None, *, semantic: SemanticJudge | None = None
) -> list[tuple[Box, Plan]]:
    """Say what `run` would do, region by region, without filling anything.

    Returns: (box of the region in photo pixels, its plan). Raises: as `run`.
    """
    token = token or RunToken()
    mask, origin = _checked(request)
    found = []
    pieces = _pieces(request, mask)
    looking_mb = measuring_mb(request, len(pieces))
    for piece in pieces:
        token.check()
        region, plan = planned(
            request, request.pixels, mask, piece, semantic, looking_mb=looking_mb
        )
        found.append((piece.box.shift(origin.left, origin.top), expected(plan, region)))
    return found


def _checked(request: RunRequest) -> tuple[MaskBool, Box]:
    """Return the mask's core and where the pixels lie in the photo.

    Raises: BadMask (also when growing takes all and shrinking leaves nothing), BadSetting, Missing.
    """
    check_options(request.options)
    if request.source is not None and request.source.shape != request.pixels.shape[:2]:
        height, width = request.source.shape[:2]
        raise ShapeMismatch(
            f"The mask of sources is {width} × {height} px but the photo is "
            f"{request.pixels.shape[1]} × {request.pixels.shape[0]} px; both must be of one size."
        )
    may_be_full = request.options.intent in MADE_ANEW
    mask = validate(request.mask, request.pixels.shape, may_be_full=may_be_full)
    px = request.options.grow_px or 0
    grown = grow(mask, px) if px else mask
    if not grown.any():
        raise BadMask(f"Shrunk by {-px} px nothing is left of the mask; shrink it less.")
    if grown.all() and not may_be_full:
        raise BadMask(f"Grown by {px} px the mask covers the whole photo; grow it less.")
    if request.options.engine != "auto":
        require(request.options.engine)
    return mask, request.origin or Box.of_shape(request.pixels.shape)


def _pieces(request: RunRequest, mask: MaskBool) -> list[Region]:
    """Return the mask's regions.

    What is enlarged hangs together nowhere: a whole photo goes in pieces that fit the memory.
    """
    return cut(mask, UPSCALE_PX) if request.options.intent == "upscale" else regions(mask)


def new_id() -> str:
    """A short sortable id: time first, then chance. It decides no pixels."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def peak_mb() -> float:
    """The most memory this process has held, MB."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


@dataclass(frozen=True, slots=True)
class _Walked:
    edit: EditRecord
    delta: Delta | None
    box: Box
    core: MaskBool
    maps: dict[str, Plane]


def _walk(
    request: RunRequest,
    working: Pixels,
    mask: MaskBool,
    piece: Region,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
    fatal: Fatal,
    looking_mb: float,
) -> _Walked:
    """One region: plan, fills, verdict, delta. Boxes are in `request.pixels`."""
    started = time.perf_counter()
    token.step(0.0, "planning")
    region, plan = planned(request, working, mask, piece, semantic, looking_mb=looking_mb)
    key = sink.put_bytes(json.dumps(to_json(plan), sort_keys=True).encode())
    planning = Stage(name="plan", sha256=key, seconds=time.perf_counter() - started)
    # An engine the user chose is not replaced behind his back, however many tries he allows.
    able = offers() if request.options.engine == "auto" else {}
    tries = Tries(region, plan, able, sink=sink, semantic=semantic, token=token, fatal=fatal)
    best = tries.run()
    edit = EditRecord(
        edit_id=new_id(),
        box=region.box,
        kind=region.kind,
        plan=tries.plan,
        verdict=_left_alone(tries.plan),
        stages=(planning, *tries.stages),
    )
    if best is None:
        # Its input is kept: a person may send it another way.
        stages = (*edit.stages, *input_stages(region, sink))
        edit = replace(edit, stages=stages, seconds=time.perf_counter() - started)
        return _Walked(edit, None, region.box, region.mask, {})

    box = region.box
    changed = Box.of_mask(best.core | best.ring)
    delta = Delta(
        changed.shift(box.left, box.top),
        region.pixels[changed.slices].copy(),
        best.after[changed.slices].copy(),
    )
    verdict, map_stages = _store_maps(best, sink)
    edit = replace(
        edit,
        verdict=verdict,
        stages=(*edit.stages, *best.stages, *map_stages),
        state="accepted" if verdict.accepted or request.options.force else "queued",
        delta_box=delta.box,
        attempts=tries.lost(best),
        seconds=time.perf_counter() - started,
    )
    return _Walked(_in_photo(edit, box), delta, box, best.core, best.maps)


def _left_alone(plan: Plan) -> Verdict:
    """The verdict over a region that no engine could fill: it waits for a person."""
    return Verdict(
        accepted=False,
        risk=1.0,
        summary="No engine could fill this region; the photo was left as it was.",
        reasons=plan.changes,
        version="none",
    )


def _store_maps(best: Attempt, sink: Sink) -> tuple[Verdict, tuple[Stage, ...]]:
    """Keep the evidence maps as artifacts and name them in their readings."""
    keys = {name: sink.put_array(_packed(plane)) for name, plane in best.maps.items()}
    readings = tuple(
        replace(reading, map_sha256=keys.get(reading.name, "")) for reading in best.verdict.readings
    )
    stages = tuple(Stage(name=f"map:{name}", sha256=key) for name, key in keys.items())
    return replace(best.verdict, readings=readings), stages


def _packed(plane: Plane) -> np.ndarray:
    """Evidence is looked at, not computed with: half precision is plenty."""
    return plane.astype(np.float16)


def _in_photo(edit: EditRecord, box: Box) -> EditRecord:
    """Shift the verdict's boxes from the crop to `request.pixels`."""
    return replace(edit, verdict=edit.verdict.shifted(box.left, box.top))


def _shift_edit(edit: EditRecord, origin: Box) -> EditRecord:
    if not (origin.left or origin.top):
        return edit
    shifted = _in_photo(edit, origin)
    return replace(
        shifted,
        box=edit.box.shift(origin.left, origin.top),
        delta_box=edit.delta_box.shift(origin.left, origin.top) if edit.delta_box else None,
    )


def _shift_delta(delta: Delta | None, origin: Box) -> Delta | None:
    if delta is None or not (origin.left or origin.top):
        return delta
    return replace(delta, box=delta.box.shift(origin.left, origin.top))
