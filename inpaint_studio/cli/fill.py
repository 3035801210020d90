"""`fill`: one photo, one mask, the whole road, one file."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from inpaint_studio.app import Studio, edited
from inpaint_studio.cli.describe import say_expected, show_run
from inpaint_studio.cli.output import Output, Subparsers, library_path
from inpaint_studio.cli.wishes import add_wishes, parameters_of
from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.imaging.photo import (
    SaveOptions,
    layers_statement,
    read_mask,
    save_layers,
    save_photo,
    save_statement,
)
from inpaint_studio.pipeline.planning import require
from inpaint_studio.records import KINDS, RunOptions
from inpaint_studio.routing.onward import MOST_TRIES
from inpaint_studio.session.note import edit_note

BOUNDS = (
    ("grow", -500, 500),
    ("feather", 0, 200),
    ("quality", 1, 100),
    ("page", 0, 100_000),
    ("seed", 0, 2**63 - 1),
    ("seconds", 1, 36_000),
    ("tries", 1, MOST_TRIES),
)
ENGINES = ("auto", "flat", "patch", "text", "generative", "learned")
INTENTS = ("remove", "fill", "replace", "generate")


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "fill", parents=[common], help="replace what a mask covers and judge the result"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="the photo to edit")
    parser.add_argument("--mask", type=Path, required=True, help="over 50 %% = replace")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--engine", default="auto", metavar="|".join(ENGINES))
    parser.add_argument(
        "--kind",
        default="painted",
        choices=KINDS,
        help="what is removed",
    )
    parser.add_argument(
        "--intent",
        default="remove",
        choices=INTENTS,
        help="remove, or put something new there (generate: a model makes it)",
    )
    parser.add_argument("--prompt", default="", help="one line, for generative engines")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes")
    parser.add_argument(
        "--grow",
        type=int,
        default=None,
        metavar="PX",
        help="grow the mask (negative: shrink)",
    )
    parser.add_argument("--feather", type=int, default=None, metavar="PX", help="ring outside it")
    parser.add_argument(
        "--source",
        type=Path,
        default=None,
        help="mask: white may be copied from",
    )
    parser.add_argument(
        "--budget",
        default=None,
        choices=("cheap", "auto", "full"),
        help="how much time judging may take",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        metavar="S",
        help="CPU seconds the fill of one region is planned for (flat, patch, text)",
    )
    parser.add_argument(
        "--tries",
        type=int,
        default=1,
        metavar="N",
        help=f"fills a flagged region may have, each by the next route (1 to {MOST_TRIES})",
    )
    parser.add_argument(
        "--subject",
        default="",
        metavar="WORD",
        help="what is removed, for the routing: person, car",
    )
    parser.add_argument("--force", action="store_true", help="accept whatever the gates say")
    parser.add_argument("--overwrite", action="store_true", help="let OUT be replaced")
    add_wishes(parser)
    saving = parser.add_argument_group("reading and saving")
    saving.add_argument("--page", type=int, default=0, help="page of a TIFF, from 0")
    saving.add_argument("--max-megapixels", type=float, default=None, help="allow larger photos")
    saving.add_argument(
        "--layers",
        type=Path,
        default=None,
        metavar="FILE",
        help="also write original, fill and mask as layers: .psd, .ora or .tif",
    )
    saving.add_argument("--note", action="store_true", help="note engine, seed and run in XMP")
    saving.add_argument(
        "--jpeg",
        default="auto",
        choices=("auto", "patch", "reencode"),
        help="replace only the touched blocks, or encode the whole photo anew",
    )
    saving.add_argument("--quality", type=int, default=95, metavar="1..100")


def run(args: argparse.Namespace) -> int:
    """Returns: 0 accepted, 3 flagged and queued (OUT holds the proposed fill)."""
    output = Output(as_json=args.json)
    for path in (args.output, args.layers):
        if path is not None:
            check_writable(path, overwrite=args.overwrite)
    check_numbers(args)
    if args.engine != "auto":
        require(args.engine)
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        photo, row = studio.open_file(
            args.photo, page=args.page, max_megapixels=args.max_megapixels
        )
        mask = read_mask(args.mask, photo.shape)
        source = read_mask(args.source, photo.shape) if args.source else None
        saving = SaveOptions(overwrite=args.overwrite, jpeg=args.jpeg, quality=args.quality)
        save_statement(photo, args.output, saving)  # refuses what cannot be written at all
        if args.layers is not None:
            layers_statement(photo, args.layers)
        request = studio.request(photo, mask, _options(args, studio), source=source)
        if args.engine == "generative":
            say_expected(output, request)
        with output.progress(args.photo.name) as token:
            kept = studio.run(request, token, photo=row)
            after = edited(photo, kept.result.deltas)
            if args.note:
                saving = replace(saving, note=edit_note(kept.record))
            report = save_photo(after, args.output, saving)
            waiting = studio.queue.count()
            if args.layers is not None:
                save_layers(photo, after, mask, args.layers, saving)
    return show_run(output, kept, report, force=args.force, waiting=waiting,
                    library=library_path(args))  # fmt: skip


def _options(args: argparse.Namespace, studio: Studio) -> RunOptions:
    return RunOptions(
        engine=args.engine,
        kind=args.kind,
        intent=args.intent,
        prompt=args.prompt,
        parameters=parameters_of(args),
        seed=args.seed,
        grow_px=args.grow,
        feather_px=args.feather,
        force=args.force,
        tries=args.tries,
        subject=args.subject,
        budget=args.budget or str(studio.settings["judge_budget"]),  # type: ignore[arg-type]
        time_budget_s=float(
            studio.settings["fill_budget_s"] if args.seconds is None else args.seconds
        ),
    )


def check_numbers(args: argparse.Namespace) -> None:
    """Raise `BadSetting` for a number out of its bounds, of those a command takes."""
    for name, low, high in BOUNDS:
        value = getattr(args, name, None)
        if value is not None and not low <= value <= high:
            raise BadSetting(f"--{name} must lie between {low} and {high}, not {value}.")


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Say so before the work, not after it, when OUT cannot be written. Raises: StorageError."""
    folder = path.parent
    if path.is_dir():
        raise StorageError(f"{path} is a folder; name the file to write.")
    if path.exists() and not overwrite:
        raise StorageError(f"{path} is there already; choose another name or add --overwrite.")
    if not folder.is_dir():
        raise StorageError(f"The folder {folder} does not exist; make it or choose another one.")
    if not os.access(folder, os.W_OK):
        raise StorageError(f"The folder {folder} cannot be written to; choose another one.")
