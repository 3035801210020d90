"""`demo`: the whole job on real photos that come with a dependency."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.app import Kept, Studio, edited
from inpaint_studio.arrays import MaskBool
from inpaint_studio.cli.contact_sheet import Tile, write_sheet
from inpaint_studio.cli.demo_photos import DemoJob, jobs
from inpaint_studio.cli.describe import run_json
from inpaint_studio.cli.output import DONE, Output, Subparsers, review_command
from inpaint_studio.imaging.photo import Photo, SaveOptions, open_photo, save_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.paths import ensure
from inpaint_studio.records import RunOptions


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "demo", parents=[common], help="the whole job on real photos; a table and a contact sheet"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("inpaint-demo"), metavar="DIR",
        help="where pictures and the library go (default: inpaint-demo here)",
    )  # fmt: skip
    parser.add_argument("--window", action="store_true", help="open the window on the result")


@dataclass(frozen=True, slots=True)
class Done:
    """One finished job: what came of it and what the truth says."""

    job: DemoJob
    photo: Photo
    after: Photo
    mask: MaskBool
    kept: Kept | None
    error_rms: float
    seconds: float
    replayed: str


def run(args: argparse.Namespace) -> int:
    output = Output(as_json=args.json)
    folder = ensure(args.output)
    library = args.library or folder / "library"
    done: list[Done] = []
    with Studio.open(library, wait_s=5.0) as studio, output.progress("demo") as token:
        todo = jobs()
        for index, job in enumerate(todo):
            part = token.within(index / len(todo), (index + 1) / len(todo), job.name)
            done.append(_one(studio, job, folder, part))
    sheet = folder / "contact-sheet.png"
    write_sheet(sheet, [_tile(one) for one in done])
    output.document(
        {
            "jobs": [_json(one) for one in done],
            "contact_sheet": str(sheet),
            "library": str(library),
        }
    )
    _show(output, done)
    output.say(f"contact sheet: {sheet}")
    output.say(f"library: {library} ({review_command(library)})")
    if args.window:
        from inpaint_studio.cli.window import NO_DISPLAY, has_display

        output.say(
            f"Open it: inpaint-studio {folder / 'coffee.png'} --library {library}"
            if has_display()
            else NO_DISPLAY
        )
    return DONE


def _one(studio: Studio, job: DemoJob, folder: Path, token: RunToken) -> Done:
    started = time.perf_counter()
    stem = job.name.replace(", the ", "-").replace(" ", "-")
    path = folder / f"{stem}.png"
    overwrite = SaveOptions(overwrite=True)
    save_photo(Photo(pixels=job.photo), path, overwrite)
    photo, row = studio.open_file(path)
    mask = job.mask if job.mask is not None else _proposed(studio, photo, job, token)
    if not mask.any():
        return Done(job, photo, photo, mask, None, 0.0, time.perf_counter() - started, "")
    options = RunOptions(kind=job.kind, seed=42)
    kept = studio.run(studio.request(photo, mask, options), token.within(0.1, 0.9), photo=row)
    after = edited(photo, kept.result.deltas)
    save_photo(after, folder / f"{stem}-after.png", overwrite)
    seconds = time.perf_counter() - started
    answer = studio.replay(kept.record.run_id, RunToken(is_cancelled=lambda: token.is_cancelled))
    touched = (after.pixels != photo.pixels).any(axis=2) | mask
    return Done(
        job, open_photo(path), after, mask, kept, _rms(after, job, touched), seconds,
        answer.sentence,
    )  # fmt: skip


def _proposed(studio: Studio, photo: Photo, job: DemoJob, token: RunToken) -> MaskBool:
    found = studio.propose(photo, (job.kind,), token.within(0.0, 0.1))
    mask = np.zeros(photo.shape, dtype=bool)
    for proposal in found:
        mask |= proposal.full_mask(photo.shape)
    return mask


def _rms(after: Photo, job: DemoJob, where: NDArray[np.bool_]) -> float:
    """The true error: root mean square difference to the clean photo, code values 0..255."""
    wrong = after.pixels[where].astype(np.float64) - job.clean[where]
    return float(np.sqrt(np.mean(wrong**2)))


def _verdict(one: Done) -> str:
    if one.kept is None:
        return "nothing found"
    return "accepted" if one.kept.record.accepted else "queued"


def _json(one: Done) -> dict[str, Any]:
    found = run_json(one.kept.record, one.kept.items) if one.kept else {}
    return found | {
        "name": one.job.name,
        "what": one.job.what,
        "outcome": _verdict(one),
        "true_error_rms": round(one.error_rms, 2),
        "seconds_with_proposal": round(one.seconds, 2),
        "replay": one.replayed,
    }


def _show(output: Output, done: list[Done]) -> None:
    columns = ("photo", "removed", "engine", "verdict", "risk", "true error", "s", "replay")
    rows = []
    for one in done:
        edit = one.kept.record.worst if one.kept else None
        rows.append(
            (
                one.job.name,
                one.job.what,
                edit.plan.engine if edit else "",
                _verdict(one),
                f"{edit.verdict.risk:.2f}" if edit else "",
                f"{one.error_rms:.1f}",
                f"{one.seconds:.1f}",
                one.replayed,
            )
        )
    output.table("", columns, rows)
    for one in done:
        if one.kept is not None:
            edit = one.kept.record.worst
            because = edit.plan.reasons[0].text if edit.plan.reasons else ""
            output.say(f"{one.job.name}: {because} {edit.verdict.summary}")
    accepted = sum(_verdict(one) == "accepted" for one in done)
    output.say(
        f"{accepted} accepted, {len(done) - accepted} queued for a person. The true error is the "
        "RMS difference to the clean photo in code values; only a demo can know it."
    )


def _tile(one: Done) -> Tile:
    return Tile(
        title=f"{one.job.name}: {one.job.what}",
        subtitle=(
            f"{one.kept.record.worst.plan.engine} · {_verdict(one)} · "
            f"risk {one.kept.record.worst.verdict.risk:.2f}"
            if one.kept
            else "nothing found"
        ),
        before=np.asarray(one.photo.pixels),
        after=np.asarray(one.after.pixels),
        mask=one.mask,
        accepted=one.kept is not None and one.kept.record.accepted,
    )
