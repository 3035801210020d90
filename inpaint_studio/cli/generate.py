"""`generate`: a new picture from words, made by a local model on an empty canvas."""

from __future__ import annotations

import argparse

import numpy as np

from inpaint_studio.app import Studio
from inpaint_studio.cli.fill import check_numbers, check_writable
from inpaint_studio.cli.making import make
from inpaint_studio.cli.output import Output, Subparsers, library_path
from inpaint_studio.cli.wishes import add_output, add_wishes, parameters_of
from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.photo import canvas
from inpaint_studio.pipeline.road import require


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "generate",
        parents=[common],
        help="a new picture from words (into a hole: fill --intent generate)",
    )
    parser.add_argument("--size", required=True, metavar="WxH", help="in px, such as 768x512")
    parser.add_argument("--prompt", required=True, help="one line: what shall be seen")
    add_output(parser)
    add_wishes(parser)


def run(args: argparse.Namespace) -> int:
    """Returns: 3, for no gate can tell whether it shows what was asked (0 with --force)."""
    output = Output(as_json=args.json)
    check_writable(args.output, overwrite=args.overwrite)
    check_numbers(args)
    photo = canvas(*_size(args.size), path=args.output)
    require("generative")
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        return make(
            args, output, studio, photo, np.ones(photo.shape, dtype=bool),
            engine="generative", intent="generate", parameters=parameters_of(args),
        )  # fmt: skip


def _size(text: str) -> tuple[int, int]:
    """Return (width, height). Raises: BadSetting."""
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise BadSetting(f"--size takes WIDTHxHEIGHT in px, such as 768x512, not {text!r}.")
    return int(width), int(height)
