"""One photo of a batch, in a worker process: open, find what to remove, fill, judge, save.

The worker touches no database. It stores artifacts, writes the accepted result under the name
reserved for it (whole or not at all) and hands back what the library is to keep; the program
then writes that in one transaction. A crash between the two repeats the photo, and the same
recipe writes the same bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.photo import Photo, SaveOptions, open_photo, read_mask, save_photo
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, RunResult, run
from inpaint_studio.pipeline.request import Fatal
from inpaint_studio.pipeline.worker import readers
from inpaint_studio.proposals.base import things_of
from inpaint_studio.proposals.table import propose
from inpaint_studio.records import Kind, ProposalRecord, RunOptions, RunRecord
from inpaint_studio.review.batch_plan import BatchOptions, mask_for
from inpaint_studio.review.intake import Intake, Shares, doubted, take_in
from inpaint_studio.review.marks import Mark, OnPhoto, on_photo
from inpaint_studio.review.places import with_places
from inpaint_studio.store.objects import ObjectStore

Ending: TypeAlias = Literal["done", "clean", "flagged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One photo to do. `engine` overrides the batch's (a retry with another one); `mark` is the
    watermark measured on all photos of its size, as `marks` stores it, `places` the sensor spots
    it shares with others, as `places` does ("" = none)."""

    batch_id: str
    path: str
    output: str
    options: BatchOptions
    engine: str = ""
    mark: str = ""
    places: str = ""
    max_megapixels: float = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What to fill in a photo. mask: (H, W) bool; doubt: why a person must look at it, "" where
    it may pass unseen; things: what the detector called what lies under it, and where."""

    kind: Kind
    mask: MaskBool
    doubt: str = ""
    things: tuple[tuple[Box, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One run of a photo and what the library keeps of it."""

    record: RunRecord
    intake: Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a photo. `output_sha256` is "" where nothing was written.

    done: every edit accepted, the result written. clean: nothing to remove, the photo copied.
    flagged: a person must look first.
    """

    ending: Ending
    sha256: str
    shape: tuple[int, int]
    parts: tuple[Part, ...] = ()
    output_sha256: str = ""
    message: str = ""
    seconds: float = 0.0
    data: dict[str, float] = field(default_factory=dict)


def process(order: Order, objects: str, token: RunToken, *, fatal: Fatal | None = None) -> Outcome:
    """Do one photo. Raises: UserError (its sentence becomes the photo's row), Cancelled.

    fatal: what killed the worker when this photo was tried before (`pipeline.run`).
    """
    started = time.perf_counter()
    path = Path(order.path)
    token.step(0.0, "opening")
    photo = open_photo(path, max_megapixels=order.max_megapixels)
    store = ObjectStore(Path(objects))
    pixels: Pixels = photo.pixels
    parts: list[Part] = []
    known = _known_mark(photo, order, store)
    work = _work(photo, order.options, token.within(0.0, 0.25), known, order.places)
    for number, asked in enumerate(work):
        share = token.within(0.25 + 0.7 * number / len(work), 0.25 + 0.7 * (number + 1) / len(work))
        veil = known.veil if known is not None and asked.kind == "watermark" else None
        result = _fill(
            photo, pixels, asked, order=order, veil=veil, store=store, token=share, fatal=fatal
        )
        if asked.doubt:
            result = replace(result, record=doubted(result.record, asked.doubt))
        pixels = _applied(pixels, result)
        options = order.options
        intake = take_in(
            result.record, result.deltas, store,
            shares=Shares(
                audit=options.audit_share, double=options.double_share, blind=options.blind_share
            ),
            folder=str(path.parent), batch_id=order.batch_id, around=pixels,
        )  # fmt: skip
        parts.append(Part(record=result.record, intake=intake))
    token.step(0.95, "saving")
    ending: Ending = "clean" if not parts else "done"
    if any(edit.state == "queued" for part in parts for edit in part.record.edits):
        ending = "flagged"
    sha256 = ""
    if ending != "flagged":
        target = Path(order.output)
        target.parent.mkdir(parents=True, exist_ok=True)
        report = save_photo(replace(photo, pixels=pixels), target, SaveOptions(overwrite=True))
        sha256 = report.sha256
    token.step(1.0, "done")
    return Outcome(
        ending=ending, sha256=photo.sha256, shape=photo.shape, parts=tuple(parts),
        output_sha256=sha256, seconds=time.perf_counter() - started,
        message="" if parts else "nothing to remove was found",
    )  # fmt: skip


def _known_mark(photo: Photo, order: Order, store: ObjectStore) -> OnPhoto | None:
    if not order.mark:
        return None
    return on_photo(photo, Mark.loads(order.mark), store, sure=order.options.sure)


def _work(
    photo: Photo, options: BatchOptions, token: RunToken, known: OnPhoto | None = None,
    places: str = "",
) -> list[Work]:  # fmt: skip
    """Return what to fill in a photo, one piece of work for each kind and how sure it is."""
    if not options.propose:
        path = mask_for(photo.path or Path(), options)
        if path is None:
            return []
        return [Work(options.run.kind, read_mask(path, photo.shape))]
    srgb = space_of(photo.icc).to_srgb8(photo.pixels)
    single = tuple(kind for kind in options.propose if kind != "watermark")
    found = propose(srgb, single, readers(), token) if single else []
    found = with_places(photo, places, found)
    work: list[Work] = []
    taken = np.zeros(photo.shape, dtype=np.bool_)
    if known is not None:
        doubt = "" if known.is_sure else _doubt((), options.sure)
        work.append(Work("watermark", known.mask, doubt))
        taken |= known.mask
        # A mark is often text too: what is measured need not be guessed once more.
        found = [
            item for item in found
            if (item.mask & known.mask[item.record.box.slices]).sum() < 0.3 * item.mask.sum()
        ]  # fmt: skip
    for kind in single:
        for is_sure in (True, False):
            chosen = [item for item in found if _is(item.record, kind, is_sure, options.sure)]
            mask = np.zeros(photo.shape, dtype=np.bool_)
            for item in chosen:
                mask[item.record.box.slices] |= item.mask
            mask &= ~taken
            if mask.any():
                taken |= mask
                reasons = [item.record.reason for item in chosen]
                doubt = "" if is_sure else _doubt(reasons, options.sure)
                work.append(Work(kind, mask, doubt, things_of(chosen)))
    return work


def _is(record: ProposalRecord, kind: Kind, is_sure: bool, least: float) -> bool:
    """Whether a proposal is of this kind, and one that may (or may not) pass unseen."""
    return record.kind == kind and (record.automatic and record.confidence >= least) == is_sure


def _doubt(reasons: Sequence[str], least: float) -> str:
    """Return why a person must look: what the proposals themselves say of it, each once."""
    said = "; ".join(list(dict.fromkeys(reasons))[:3])
    why = f"the proposal is less sure than {least:g}: a person must look"
    return f"{why} ({said})" if said else why


def _fill(
    photo: Photo,
    pixels: Pixels,
    work: Work,
    *,
    order: Order,
    veil: Veil | None,
    store: ObjectStore,
    token: RunToken,
    fatal: Fatal | None,
) -> RunResult:
    options: RunOptions = replace(order.options.run, kind=work.kind)
    if order.engine:
        options = replace(options, engine=order.engine)
    request = RunRequest(
        pixels=pixels, mask=work.mask, options=options, icc=photo.icc,
        photo_name=str(photo.path or ""), photo_sha256=photo.sha256, threads=1,
        veil=veil, things=work.things,
    )  # fmt: skip
    return run(request, token, store, semantic=readers(), fatal=fatal)


def _applied(pixels: Pixels, result: RunResult) -> Pixels:
    after = pixels.copy()
    for delta in result.deltas:
        if delta is not None:
            delta.apply(after)
    after.flags.writeable = False
    return after


def data_of(outcome: Outcome, before: str) -> str:
    """Return a row's data column: what it was, with the runs made of it now."""
    data = json.loads(before)
    data["runs"] = [part.record.run_id for part in outcome.parts]
    data.pop("engine", None)
    data.pop("replaces", None)
    return json.dumps(data)
