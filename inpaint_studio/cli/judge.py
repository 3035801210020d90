"""`judge`: any edit, whoever made it; a pair of files, or two folders (with a folder of masks)."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.cli import judge_folders
from inpaint_studio.cli.describe import reading_json, show_verdict, verdict_json
from inpaint_studio.cli.fill import check_writable
from inpaint_studio.cli.output import DONE, FLAGGED, Output, Subparsers
from inpaint_studio.errors import BadSetting, ShapeMismatch
from inpaint_studio.gating.changed import changed_mask
from inpaint_studio.gating.report import ReportRow, make_row
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.photo import open_photo, read_mask
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.pair import judge_pair
from inpaint_studio.records import KINDS, Verdict
from inpaint_studio.vision.readers import Readers

REPORTS = (".html", ".htm", ".csv")


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "judge", parents=[common], help="judge an edit, whoever made it (files or folders)"
    )
    parser.add_argument("before", type=Path, metavar="BEFORE", help="photo, or folder of them")
    parser.add_argument("after", type=Path, metavar="AFTER", help="the edit, or folder of them")
    parser.add_argument(
        "--mask",
        type=Path,
        default=None,
        help="file, or folder of masks; without it the edit is where the two differ",
    )
    parser.add_argument("--kind", default="painted", choices=KINDS, help="what was removed")
    parser.add_argument(
        "--budget",
        default="auto",
        choices=("cheap", "auto", "full"),
        help="how much time judging may take",
    )
    parser.add_argument(
        "--ring",
        type=int,
        default=None,
        metavar="PX",
        help="how far outside the mask pixels may have changed (2; 16 for JPEG)",
    )
    parser.add_argument("--no-semantics", action="store_true", help="do not look for text, objects")
    parser.add_argument(
        "--report", type=Path, default=None, help="write an HTML page or a CSV table (folders)"
    )


def run(args: argparse.Namespace) -> int:
    """Returns: 0 every edit passes, 3 at least one is flagged, 2 some could not be judged."""
    output = Output(as_json=args.json)
    if args.report is not None:
        if args.report.suffix.lower() not in REPORTS:
            raise BadSetting(
                f"The report is an HTML page or a CSV table; name it .html or .csv, not "
                f"{args.report.name}."
            )
        check_writable(args.report, overwrite=True)
    readers = None if args.no_semantics else Readers()
    if args.before.is_dir():

        def one(before: Path, after: Path, mask: Path | None, token: RunToken) -> ReportRow:
            pair = _open(before, after, mask)
            verdict = _judge(args, pair, readers, token)
            return _row(before.name, pair, verdict, pictures=args.report is not None)

        return judge_folders.run(args, output, one, _json)
    with output.progress("judging") as token:
        verdict = _judge(args, _open(args.before, args.after, args.mask), readers, token)
    output.document(_json(verdict))
    show_verdict(output, verdict)
    return DONE if verdict.accepted else FLAGGED


@dataclass(frozen=True, slots=True)
class _Pair:
    """One edit as opened: both pictures in one colour space and depth."""

    before: Pixels
    after: Pixels
    mask: MaskBool
    icc: bytes | None
    ring_px: int


def _open(before: Path, after: Path, mask: Path | None) -> _Pair:
    photo, edit = open_photo(before), open_photo(after)
    if photo.shape != edit.shape:
        raise ShapeMismatch(
            f"{before.name} is {photo.shape[1]} × {photo.shape[0]} px and {after.name} is "
            f"{edit.shape[1]} × {edit.shape[0]} px; an edit is judged at one size."
        )
    # A JPEG changes whole blocks (16 px with subsampled colour), whoever saves it.
    ring_px = 16 if edit.format.lower() in ("jpeg", "jpg") else 2
    one, two, icc = photo.pixels, edit.pixels, photo.icc
    if two.dtype != one.dtype or edit.icc != photo.icc:
        one, two = (space_of(p.icc).to_srgb8(p.pixels) for p in (photo, edit))
        icc = None
    if mask is not None:
        return _Pair(one, two, read_mask(mask, photo.shape), icc, ring_px)
    core = changed_mask(one, two)
    # What was changed elsewhere (specks, the noise of a save) was not found to be the edit.
    two = np.where(grow(core, ring_px)[..., None], two, one)
    return _Pair(one, two, core, icc, ring_px)


def _judge(
    args: argparse.Namespace, pair: _Pair, readers: Readers | None, token: RunToken
) -> Verdict:
    return judge_pair(
        pair.before,
        pair.after,
        pair.mask,
        icc=pair.icc,
        kind=args.kind,
        ring_px=pair.ring_px if args.ring is None else args.ring,
        budget=args.budget,
        semantic=readers,
        token=token,
    ).verdict


def _row(name: str, pair: _Pair, verdict: Verdict, *, pictures: bool) -> ReportRow:
    if not pictures:
        return ReportRow(name=name, verdict=verdict)
    shown = [space_of(pair.icc).to_srgb8(side) for side in (pair.before, pair.after)]
    return make_row(name, shown[0], shown[1], pair.mask, verdict)


def _json(verdict: Verdict) -> dict[str, Any]:
    return {
        "accepted": verdict.accepted,
        "risk": verdict.risk,
        "verdict": verdict_json(verdict),
        "readings": [reading_json(reading) for reading in verdict.readings],
    }
