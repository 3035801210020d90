"""A new photo with one edit of it, run and saved: what `generate` and `upscale` have in common."""

from __future__ import annotations

import argparse

from inpaint_studio.app import Studio, edited
from inpaint_studio.arrays import MaskBool
from inpaint_studio.cli.describe import say_expected, show_run
from inpaint_studio.cli.output import Output
from inpaint_studio.imaging.photo import Photo, SaveOptions, save_photo, save_statement
from inpaint_studio.records import Intent, RunOptions, Scalar


def make(
    args: argparse.Namespace,
    output: Output,
    studio: Studio,
    photo: Photo,
    mask: MaskBool,
    *,
    engine: str,
    intent: Intent,
    parameters: dict[str, Scalar],
) -> int:
    """Fill `mask` of a new photo, save it as `args.output` says, return the exit code."""
    saving = SaveOptions(overwrite=args.overwrite, quality=args.quality)
    save_statement(photo, args.output, saving)  # refuses what cannot be written at all
    options = RunOptions(
        engine=engine,
        intent=intent,
        prompt=args.prompt,
        seed=args.seed,
        force=args.force,
        parameters=parameters,
    )
    request = studio.request(photo, mask, options)
    if engine == "generative":
        say_expected(output, request)
    with output.progress(args.output.name) as token:
        kept = studio.run(request, token)
        report = save_photo(edited(photo, kept.result.deltas), args.output, saving)
    return show_run(output, kept, report, force=args.force, waiting=studio.queue.count(),
                    library=studio.library.folder)  # fmt: skip
