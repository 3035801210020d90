"""`upscale`: a photo two, three or four times as big, with detail where a model is there.

The photo is enlarged plainly first; the detail is an edit of the enlarged photo, down the same
road as any other.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inpaint_studio.app import Studio
from inpaint_studio.cli.fill import check_numbers, check_writable
from inpaint_studio.cli.making import make
from inpaint_studio.cli.output import Output, Subparsers, library_path
from inpaint_studio.cli.wishes import add_output, add_wishes, parameters_of
from inpaint_studio.engines.upscale import LANCZOS, UpscaleEngine
from inpaint_studio.imaging.enlarge import FACTORS, enlarged
from inpaint_studio.imaging.photo import bigger, read_mask
from inpaint_studio.records import Scalar


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "upscale", parents=[common], help="enlarge a photo; an upscaler model adds the detail"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--scale", type=int, default=2, choices=FACTORS, help="times each side")
    parser.add_argument(
        "--mask",
        type=Path,
        default=None,
        help="detail only where this mask of the photo is over 50 %%; the rest is Lanczos",
    )
    parser.add_argument("--prompt", default="", help="one line about what is shown")
    add_output(parser)
    add_wishes(parser)


def run(args: argparse.Namespace) -> int:
    """Returns: 0 accepted, 3 flagged and queued (OUT holds the enlarged photo all the same)."""
    output = Output(as_json=args.json)
    check_writable(args.output, overwrite=args.overwrite)
    check_numbers(args)
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        photo, _ = studio.open_file(args.photo)
        mask = (
            enlarged(read_mask(args.mask, photo.shape).astype(np.uint8) * 255, args.scale) > 127
            if args.mask
            else np.ones([side * args.scale for side in photo.shape], dtype=bool)
        )
        big = bigger(photo, args.scale, path=args.output)
        return make(
            args, output, studio, big, mask,
            engine="upscale", intent="upscale", parameters=_parameters(args),
        )  # fmt: skip


def _parameters(args: argparse.Namespace) -> dict[str, Scalar]:
    """Return the engine's parameters; without any upscaler model Lanczos is what there is."""
    found: dict[str, Scalar] = {"factor": args.scale, **parameters_of(args)}
    if not found.get("model") and not UpscaleEngine().models():
        found["model"] = LANCZOS
    return found
