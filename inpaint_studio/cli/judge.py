"""`judge`: any edit, whoever made it; a pair of files, or two folders and a folder of masks."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.cli.describe import reading_json, show_verdict, verdict_json
from inpaint_studio.cli.fill import check_writable
from inpaint_studio.cli.output import DONE, FLAGGED, Output, Subparsers
from inpaint_studio.errors import BadPhoto, BadSetting, ShapeMismatch
from inpaint_studio.gating.report import ReportRow, make_row, ordered, page, summary
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.photo import open_photo, read_mask
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.pair import judge_pair
from inpaint_studio.records import KINDS, Verdict
from inpaint_studio.store.files import write_durably
from inpaint_studio.vision.readers import Readers

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif", ".jxl")


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "judge", parents=[common], help="judge an edit, whoever made it (files or folders)"
    )
    parser.add_argument("before", type=Path, metavar="BEFORE", help="photo, or folder of them")
    parser.add_argument("after", type=Path, metavar="AFTER", help="the edit, or folder of them")
    parser.add_argument("--mask", type=Path, required=True, help="file, or folder of masks")
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
    parser.add_argument("--report", type=Path, default=None, help="write an HTML page (folders)")


def run(args: argparse.Namespace) -> int:
    """Returns: 0 every edit passes, 3 at least one is flagged."""
    output = Output(as_json=args.json)
    if args.report is not None:
        if args.report.suffix.lower() not in (".html", ".htm"):
            raise BadSetting(f"The report is an HTML page; name it .html, not {args.report.name}.")
        check_writable(args.report, overwrite=True)
    readers = None if args.no_semantics else Readers()
    if args.before.is_dir():
        return _folders(args, output, readers)
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


def _open(before: Path, after: Path, mask: Path) -> _Pair:
    photo, edit = open_photo(before), open_photo(after)
    if photo.shape != edit.shape:
        raise ShapeMismatch(
            f"{before.name} is {photo.shape[1]} × {photo.shape[0]} px and {after.name} is "
            f"{edit.shape[1]} × {edit.shape[0]} px; an edit is judged at one size."
        )
    core = read_mask(mask, photo.shape)
    # A JPEG changes whole blocks (16 px with subsampled colour), whoever saves it.
    ring_px = 16 if edit.format.lower() in ("jpeg", "jpg") else 2
    if edit.pixels.dtype == photo.pixels.dtype and edit.icc == photo.icc:
        return _Pair(photo.pixels, edit.pixels, core, photo.icc, ring_px)
    before_srgb = space_of(photo.icc).to_srgb8(photo.pixels)
    after_srgb = space_of(edit.icc).to_srgb8(edit.pixels)
    return _Pair(before_srgb, after_srgb, core, None, ring_px)


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


def _json(verdict: Verdict) -> dict[str, Any]:
    return {
        "accepted": verdict.accepted,
        "risk": verdict.risk,
        "verdict": verdict_json(verdict),
        "readings": [reading_json(reading) for reading in verdict.readings],
    }


def _folders(args: argparse.Namespace, output: Output, readers: Readers | None) -> int:
    """Judge every photo of BEFORE that has a namesake in AFTER and a mask."""
    pairs, left_out = _pairs(args.before, args.after, args.mask)
    if not pairs:
        raise BadPhoto(
            f"No photo of {args.before} has both a namesake in {args.after} and a mask of the "
            "same name; nothing was judged."
        )
    rows: list[ReportRow] = []
    with output.progress("judging") as token:
        for index, (before, after, mask) in enumerate(pairs):
            token.step(index / len(pairs), before.name)
            pair = _open(before, after, mask)
            verdict = _judge(args, pair, readers, RunToken(is_cancelled=lambda: token.is_cancelled))
            if args.report is None:
                rows.append(ReportRow(name=before.name, verdict=verdict))
            else:
                shown = [space_of(pair.icc).to_srgb8(side) for side in (pair.before, pair.after)]
                rows.append(make_row(before.name, shown[0], shown[1], pair.mask, verdict))
    flagged = sum(not row.verdict.accepted for row in rows)
    if args.report is not None:
        write_durably(args.report, page(rows).encode())
    output.document(
        {
            "edits": [{"name": row.name, **_json(row.verdict)} for row in rows],
            "flagged": flagged,
            "left_out": left_out,
            "report": str(args.report) if args.report else None,
        }
    )
    output.say(summary(rows))
    output.table(
        "",
        ("photo", "verdict", "risk", "why"),
        [
            (
                row.name,
                "accepted" if row.verdict.accepted else "flagged",
                f"{row.verdict.risk:.2f}",
                row.verdict.summary,
            )
            for row in ordered(rows)
        ],
    )
    for name in left_out:
        output.say(f"left out (no edit or no mask of that name): {name}")
    return FLAGGED if flagged else DONE


Pair: TypeAlias = tuple[Path, Path, Path]


def _pairs(before: Path, after: Path, mask: Path) -> tuple[list[Pair], list[str]]:
    """Return (before, after, mask) by name, and the names that lack an edit or a mask."""
    after_by = _by_stem(after)
    masks = _by_stem(mask) if mask.is_dir() else {}
    pairs: list[Pair] = []
    left_out: list[str] = []
    for path in sorted(before.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        own = masks.get(path.stem) or masks.get(f"{path.stem}_mask")
        chosen = own or (mask if mask.is_file() else None)
        if path.stem in after_by and chosen is not None:
            pairs.append((path, after_by[path.stem], chosen))
        else:
            left_out.append(path.name)
    return pairs, left_out


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise BadPhoto(f"{folder} must be a folder when BEFORE is one.")
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES}
